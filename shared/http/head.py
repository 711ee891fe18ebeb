"""HEAD wherever there is GET: the same answer without its content (RFC 9110, section 9.3.2)."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class _Enough(OSError):
    """What a stream is told that nobody will read on: a lost connection, as it knows it."""


class HeadAsGet:
    """Answer HEAD with what GET would say, up to its content; a stream is not begun."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application on the same request by GET."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        # Range is for GET alone (RFC 9110, section 14.2). A copy: the server counts bytes by its own method.
        headers = [(name, value) for name, value in scope["headers"] if name != b"range"]
        asked = {**scope, "method": "GET", "headers": headers}
        is_over = False

        async def send_head(message: Message) -> None:
            nonlocal is_over
            is_start = message["type"] == "http.response.start"
            if is_start:
                await send(message)
            if is_start and not _is_stream(message):
                return
            if not is_over:
                is_over = True
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            if is_start or message.get("more_body"):
                raise _Enough

        try:
            await self.app(asked, receive, send_head)
        except Exception:
            if not is_over:
                raise
        finally:
            if "route" in asked:
                scope["route"] = asked["route"]


def _is_stream(start: Message) -> bool:
    """Tell whether there is no saying how much would come: what makes it then is not even begun."""
    has_length = any(name.lower() == b"content-length" for name, _ in start["headers"])
    return not has_length and start["status"] not in (204, 304)
