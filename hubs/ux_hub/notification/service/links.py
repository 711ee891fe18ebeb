"""Links that need no sign-in: to confirm, to unsubscribe by one click. They carry their own proof."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from uuid import UUID

from hubs.ux_hub.notification.errors import BadLink
from hubs.ux_hub.settings import UxSettings
from shared.settings import derive_secret

CONFIRM, UNSUBSCRIBE = "confirm", "unsubscribe"


class Links:
    """Makes and reads links; a link is for one purpose, one subscriber and one subscription (or all)."""

    def __init__(self, settings: UxSettings) -> None:
        self._key = derive_secret(settings, "notification links").encode()
        self._base = settings.public_base

    def url(self, purpose: str, subscriber_id: UUID, subscription_id: UUID | None, about: str = "") -> str:
        """Return the address of a link; ``about`` is what it holds for besides, such as one address."""
        token = self.token(purpose, subscriber_id, subscription_id, about)
        return f"{self._base}/api/v1/notifications/{purpose}/{token}"

    def token(self, purpose: str, subscriber_id: UUID, subscription_id: UUID | None, about: str = "") -> str:
        """Return what stands in a link."""
        body = subscriber_id.bytes + (subscription_id.bytes if subscription_id else b"")
        return base64.urlsafe_b64encode(body + self._seal(purpose, body, about)).decode().rstrip("=")

    def read(
        self, purpose: str, token: str, about: Callable[[UUID], str] = lambda _: ""
    ) -> tuple[UUID, UUID | None]:
        """Return subscriber and subscription of a link; ``about`` tells what it must hold for besides.

        Raises: BadLink.
        """
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except ValueError:
            raise BadLink("this link is damaged") from None
        body, seal = raw[:-16], raw[-16:]
        if len(body) not in (16, 32):
            raise BadLink("this link is damaged")
        if not hmac.compare_digest(seal, self._seal(purpose, body, about(UUID(bytes=body[:16])))):
            raise BadLink("this link is damaged, not one of ours, or for another address")
        return UUID(bytes=body[:16]), UUID(bytes=body[16:]) if len(body) == 32 else None

    def _seal(self, purpose: str, body: bytes, about: str) -> bytes:
        sealed = purpose.encode() + b":" + body + about.encode()
        return hmac.new(self._key, sealed, hashlib.sha256).digest()[:16]
