"""sentry-sdk of Debian 12, run by Debian's Python: ``sentry_old.py DSN report|flood``."""

import sys

import sentry_sdk

dsn, what = sys.argv[1:]
sentry_sdk.init(dsn, release="old@1.0", environment="test", default_integrations=False)
print(sentry_sdk.VERSION)

if what == "report":
    sentry_sdk.add_breadcrumb(message="before it broke", category="step")
    with sentry_sdk.configure_scope() as scope:
        scope.set_tag("hub", "old")
        scope.set_user({"id": "7", "email": "someone@example.org"})
    try:
        raise LookupError("no bill of that number")
    except LookupError:
        sentry_sdk.capture_exception()
    sentry_sdk.capture_message("a message of old")
else:
    for name in ("one", "two", "three", "four", "five", "six"):
        sentry_sdk.capture_message(f"message {name}")
        sentry_sdk.flush(5)
sentry_sdk.flush(10)
