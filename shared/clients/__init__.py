"""One typed client per hub, over an injected ``httpx.Client``; each lists who may import it."""
