"""Web Push (RFC 8291, VAPID RFC 8292): a message that only the browser can read. Imported at first use."""

from __future__ import annotations

import base64
import time
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02
from pywebpush import WebPusher

from hubs.ux_hub.notification.models import Delivery, PushBrowser
from hubs.ux_hub.settings import UxSettings
from shared.http.json import dumps
from shared.settings import derive_secret

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_TTL_S = 86_400
_TEXT_CHARS = 600


def _key(settings: UxSettings) -> ec.EllipticCurvePrivateKey:
    given = settings.push.private_key.get_secret_value()
    if given:
        scalar = int.from_bytes(base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)), "big")
    else:
        scalar = int(derive_secret(settings, "web push key"), 16) % (_ORDER - 1) + 1
    return ec.derive_private_key(scalar, ec.SECP256R1())


def public_key(settings: UxSettings) -> str:
    """Return the application server key that a page subscribes with."""
    raw = _key(settings).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def encrypted(settings: UxSettings, browser: PushBrowser, delivery: Delivery) -> tuple[bytes, dict[str, str]]:
    """Return body and headers of a push message."""
    language = delivery.language
    items = delivery.values.get("items") or [{}]
    text = str(items[0].get(f"detail_{language}", ""))[:_TEXT_CHARS]
    shown = {
        "title": str(delivery.values.get("title", ""))[:_TEXT_CHARS],
        "body": text,
        "url": items[0].get("url", "/"),
        "count": len(items),
    }
    keys = {"p256dh": browser.p256dh, "auth": browser.auth}
    pusher = WebPusher({"endpoint": browser.endpoint, "keys": keys})
    sealed = pusher.encode(dumps(shown), content_encoding="aes128gcm")
    assert sealed is not None
    parts = urlsplit(browser.endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int(time.time()) + 12 * 3_600,
        "sub": settings.push.contact,
    }
    signed = Vapid02(private_key=_key(settings)).sign(claims)
    headers = {
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(_TTL_S),
        "Urgency": "normal",
        **signed,
    }
    return bytes(sealed["body"]), headers
