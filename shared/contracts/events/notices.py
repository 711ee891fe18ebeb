"""Events that ask for a person to be told something (mail of other hubs goes through here)."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from shared.contracts.envelope import Event


class NoticeRequestedV1(Event):
    """Send one message by a template to one address; sent exactly once per event id."""

    topic: ClassVar[str] = "notices.notice.requested.v1"
    channel: Literal["email"] = "email"
    recipient: str
    language: Literal["en", "fr"] = "en"
    template: str
    """Name of a template of ux_hub.notification, e.g. ``verify-address``, ``reset-password``."""
    values: dict[str, Any] = {}
