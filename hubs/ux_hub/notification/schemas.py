"""API shapes of subscriptions, preferences, webhooks and deliveries."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

Kind = Literal[
    "saved-search",
    "bill",
    "vote",
    "member",
    "committee",
    "jurisdiction",
    "representative-votes",
    "source-health",
]
Channel = Literal["email", "webhook", "push", "app"]
Frequency = Literal["instant", "hourly", "daily", "weekly"]
Language = Literal["en", "fr"]
Target = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
Clock = Annotated[str, StringConstraints(pattern=r"^(([01]\d|2[0-3]):[0-5]\d)?$")]


def _address(value: str) -> str:
    text = value.strip()
    local, at, domain = text.rpartition("@")
    is_sound = at and local and "." in domain and not domain.startswith(".") and not domain.endswith(".")
    if not is_sound or len(text) > 254 or any(c.isspace() or ord(c) < 33 or c in '<>",;:\\' for c in text):
        raise ValueError("not an e-mail address")
    return text


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("not a time zone such as America/Toronto")
    return value


Email = Annotated[str, AfterValidator(_address)]
TimeZone = Annotated[str, StringConstraints(max_length=60), AfterValidator(_zone)]


class SubscriptionCreate(BaseModel):
    """A new subscription; the target is a key, a search, a jurisdiction or a source."""

    model_config = ConfigDict(extra="forbid")
    kind: Kind
    target: Target
    name: Annotated[str, StringConstraints(max_length=200)] = ""
    channels: list[Channel] = Field(["app"], max_length=4)
    frequency: Frequency = "instant"


class MailSubscriptionCreate(SubscriptionCreate):
    """The same for an address without an account: nothing is sent before the address is confirmed."""

    email: Email
    language: Language = "en"
    channels: list[Channel] = Field(["email"], max_length=1)


class SubscriptionUpdate(BaseModel):
    """What may change of a subscription."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, StringConstraints(max_length=200)] | None = None
    channels: list[Channel] | None = Field(None, max_length=4)
    frequency: Frequency | None = None
    is_active: bool | None = None


class SubscriptionRead(BaseModel):
    """A subscription and the addresses of its feeds."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    kind: str
    target: str
    name: str
    channels: list[str]
    frequency: str
    is_active: bool
    created_at: datetime
    feeds: dict[str, str] = {}


class SubscriptionList(BaseModel):
    """Subscriptions, newest first."""

    data: list[SubscriptionRead]


class PreferencesUpdate(BaseModel):
    """What may change of how a person is told; an address must be confirmed by the mail sent to it."""

    model_config = ConfigDict(extra="forbid")
    email: Email | None = None
    language: Language | None = None
    time_zone: TimeZone | None = None
    quiet_from: Clock | None = None
    quiet_until: Clock | None = None
    is_paused: bool | None = None

    @model_validator(mode="after")
    def _both_ends(self) -> Self:
        if bool(self.quiet_from) != bool(self.quiet_until):
            raise ValueError("quiet hours have a beginning and an end")
        return self


class PreferencesRead(BaseModel):
    """How a person is told."""

    model_config = ConfigDict(from_attributes=True)
    email: str | None
    email_confirmed_at: datetime | None
    email_suppressed_at: datetime | None
    suppressed_reason: str
    language: str
    time_zone: str
    quiet_from: str
    quiet_until: str
    is_paused: bool


class InboxItem(BaseModel):
    """Something to read in the application."""

    id: UUID
    kind: str
    title_en: str
    title_fr: str
    detail_en: str
    detail_fr: str
    url: str
    occurred_at: datetime
    read_at: datetime | None


class InboxList(BaseModel):
    """Items, newest first, and how many are unread."""

    data: list[InboxItem]
    unread: int


class WebhookCreate(BaseModel):
    """A new address to call."""

    model_config = ConfigDict(extra="forbid")
    url: Annotated[str, StringConstraints(max_length=2_000, pattern=r"^https?://[^\s]+$")]
    description: Annotated[str, StringConstraints(max_length=200)] = ""


class WebhookRead(BaseModel):
    """A webhook without its secret."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    url: str
    description: str
    disabled_at: datetime | None
    disabled_reason: str
    failing_since: datetime | None
    created_at: datetime


class WebhookSecretRead(WebhookRead):
    """A webhook with the secret that is shown this once."""

    secret: str


class WebhookList(BaseModel):
    """Webhooks, newest first."""

    data: list[WebhookRead]


class AttemptRead(BaseModel):
    """One call of a webhook."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    delivery_id: UUID
    at: datetime
    status_code: int | None
    error: str
    milliseconds: int


class AttemptList(BaseModel):
    """Calls, newest first."""

    data: list[AttemptRead]


class DeliveryRead(BaseModel):
    """A message and what became of it."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    channel: str
    target: str
    template: str
    state: str
    attempts: int
    created_at: datetime
    next_at: datetime
    sent_at: datetime | None
    status_code: int | None
    last_error: str


class DeliveryList(BaseModel):
    """Deliveries, newest first."""

    data: list[DeliveryRead]


def _bytes_of(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""


class PushBrowserCreate(BaseModel):
    """What ``PushSubscription.toJSON()`` of a browser gives."""

    model_config = ConfigDict(extra="ignore")
    endpoint: Annotated[str, StringConstraints(max_length=2_000, pattern=r"^https?://[^\s]+$")]
    keys: dict[Literal["p256dh", "auth"], Annotated[str, StringConstraints(max_length=200)]]

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        if set(self.keys) != {"p256dh", "auth"}:
            raise ValueError("keys: p256dh and auth")
        point, secret = (_bytes_of(self.keys[name]) for name in ("p256dh", "auth"))
        if len(point) != 65 or point[0] != 4 or len(secret) != 16:
            raise ValueError("keys: p256dh is an uncompressed P-256 point, auth 16 bytes, both base64url")
        return self


class BackTest(BaseModel):
    """How often a subscription would have fired."""

    days: int
    count: int
    examples: list[dict[str, Any]]


class Accepted(BaseModel):
    """The request was taken; the answer tells nothing about who is known."""

    status: Literal["accepted"] = "accepted"
