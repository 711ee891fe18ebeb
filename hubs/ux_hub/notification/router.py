"""Subscriptions, preferences, the inbox, webhooks, feeds, and what became of deliveries."""

from __future__ import annotations

from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request
from starlette.responses import Response

from hubs.ux_hub.notification import feeds
from hubs.ux_hub.notification.dependencies import (
    DeliveryServiceDep,
    HookServiceDep,
    RepositoryDep,
    SubscriptionServiceDep,
)
from hubs.ux_hub.notification.models import Subscription
from hubs.ux_hub.notification.schemas import (
    Accepted,
    AttemptList,
    AttemptRead,
    BackTest,
    DeliveryList,
    DeliveryRead,
    InboxItem,
    InboxList,
    MailSubscriptionCreate,
    PreferencesRead,
    PreferencesUpdate,
    PushBrowserCreate,
    SubscriptionCreate,
    SubscriptionList,
    SubscriptionRead,
    SubscriptionUpdate,
    WebhookCreate,
    WebhookList,
    WebhookRead,
    WebhookSecretRead,
)
from hubs.ux_hub.settings import UxSettings
from shared.app import ResourcesDep
from shared.auth import (
    CanReadNotices,
    CanReadSubscriptions,
    CanWriteNotices,
    CanWriteSubscriptions,
    Public,
)
from shared.clients.data_hub import DataHubClient
from shared.core.clock import utc_now
from shared.core.errors import Invalid
from shared.http.conditional import conditional

router = APIRouter(prefix="/api/v1", tags=["notifications"])
Limit = Annotated[int, Query(ge=1, le=200)]
Lang = Annotated[Literal["en", "fr"], Query()]
_FEED_CACHE = "private, max-age=300"


def _read(row: Subscription, base: str) -> SubscriptionRead:
    read = SubscriptionRead.model_validate(row)
    read.feeds = {kind: f"{base}/api/v1/feeds/{row.feed_token}.{kind}" for kind in ("atom", "json", "ics")}
    return read


def _base(resources: ResourcesDep) -> str:
    return UxSettings.of(resources.settings).public_base


@router.get("/subscriptions", summary="What I follow")
def list_subscriptions(
    caller: CanReadSubscriptions, service: SubscriptionServiceDep, resources: ResourcesDep
) -> SubscriptionList:
    return SubscriptionList(data=[_read(row, _base(resources)) for row in service.list(caller.subject)])


@router.post("/subscriptions", status_code=201, summary="Follow something")
def create_subscription(
    form: SubscriptionCreate,
    caller: CanWriteSubscriptions,
    service: SubscriptionServiceDep,
    resources: ResourcesDep,
) -> SubscriptionRead:
    return _read(service.create(caller.subject, form), _base(resources))


@router.post("/subscriptions/by-mail", status_code=202, summary="Follow something without an account")
def subscribe_by_mail(form: MailSubscriptionCreate, service: SubscriptionServiceDep, _: Public) -> Accepted:
    service.create_by_mail(form)
    return Accepted()


@router.post("/subscriptions/back-test", summary="How often would this have fired?")
def back_test(
    form: SubscriptionCreate,
    service: SubscriptionServiceDep,
    _: CanReadSubscriptions,
    days: Annotated[int, Query(ge=1, le=90)] = 30,
) -> BackTest:
    return service.back_test(form, days)


@router.get("/subscriptions/{subscription_id}", summary="One of my subscriptions")
def get_subscription(
    subscription_id: UUID,
    caller: CanReadSubscriptions,
    service: SubscriptionServiceDep,
    resources: ResourcesDep,
) -> SubscriptionRead:
    return _read(service.get(caller.subject, subscription_id), _base(resources))


@router.patch("/subscriptions/{subscription_id}", summary="Change a subscription")
def update_subscription(
    subscription_id: UUID,
    form: SubscriptionUpdate,
    caller: CanWriteSubscriptions,
    service: SubscriptionServiceDep,
    resources: ResourcesDep,
) -> SubscriptionRead:
    return _read(service.update(caller.subject, subscription_id, form), _base(resources))


@router.delete("/subscriptions/{subscription_id}", status_code=204, summary="Follow it no more")
def delete_subscription(
    subscription_id: UUID, caller: CanWriteSubscriptions, service: SubscriptionServiceDep
) -> None:
    service.delete(caller.subject, subscription_id)


@router.get("/notification-preferences", summary="How I am told")
def get_preferences(caller: CanReadSubscriptions, service: SubscriptionServiceDep) -> PreferencesRead:
    return PreferencesRead.model_validate(service.subscriber_of(caller.subject))


@router.patch("/notification-preferences", summary="Change how I am told")
def update_preferences(
    form: PreferencesUpdate, caller: CanWriteSubscriptions, service: SubscriptionServiceDep
) -> PreferencesRead:
    return PreferencesRead.model_validate(service.update_preferences(caller.subject, form))


@router.get("/notifications", summary="What there is to read in the application")
def list_inbox(
    caller: CanReadSubscriptions,
    service: SubscriptionServiceDep,
    repository: RepositoryDep,
    limit: Limit = 50,
    unread: bool = False,
) -> InboxList:
    subscriber = service.subscriber_of(caller.subject)
    rows = repository.inbox(subscriber.id, limit, unread=unread)
    items = [
        InboxItem(
            id=m.id, kind=m.kind, title_en=m.title_en, title_fr=m.title_fr, detail_en=m.detail_en,
            detail_fr=m.detail_fr, url=m.url, occurred_at=m.occurred_at, read_at=e.read_at,
        )
        for e, m in rows
    ]  # fmt: skip
    return InboxList(data=items, unread=repository.count_unread(subscriber.id))


@router.post("/notifications/read", summary="Mark as read: those named, or all")
def mark_read(
    caller: CanWriteSubscriptions,
    service: SubscriptionServiceDep,
    repository: RepositoryDep,
    ids: Annotated[list[UUID] | None, Body(embed=True, max_length=500)] = None,
    is_read: Annotated[bool, Body(embed=True)] = True,
) -> dict[str, int]:
    at = utc_now() if is_read else None
    return {"changed": repository.mark_read(service.subscriber_of(caller.subject).id, ids, at)}


_CONFIRMED = {
    "en": "<p>Confirmed. You may close this page.</p><p lang=fr>Confirmé. Vous pouvez fermer cette page.</p>",
    "ask": "<form method=post><p>Confirm? <span lang=fr>Confirmer&nbsp;?</span></p>"
    "<button>OK</button></form>",
    "gone": "<p>You will get no more of this.</p><p lang=fr>Vous ne recevrez plus ceci.</p>",
    "leave": "<form method=post><p>Unsubscribe? <span lang=fr>Se désabonner&nbsp;?</span></p>"
    "<button>OK</button></form>",
}


def _page(name: str) -> Response:
    body = (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>OpenPolicy</title>{_CONFIRMED[name]}</html>"
    )
    policy = "default-src 'none'; form-action 'self'; frame-ancestors 'none'"
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    return Response(body, media_type="text/html", headers=headers)


@router.get("/notifications/confirm/{token}", summary="Ask before confirming: mail scanners follow links")
def ask_to_confirm(token: str, _: Public) -> Response:
    del token
    return _page("ask")


@router.post("/notifications/confirm/{token}", summary="Confirm an address")
def confirm(token: str, service: SubscriptionServiceDep, _: Public) -> Response:
    service.confirm(token)
    return _page("en")


@router.get("/notifications/unsubscribe/{token}", summary="Ask before unsubscribing")
def ask_to_unsubscribe(token: str, _: Public) -> Response:
    del token
    return _page("leave")


@router.post("/notifications/unsubscribe/{token}", summary="Unsubscribe by one POST (RFC 8058)")
def unsubscribe(token: str, service: SubscriptionServiceDep, _: Public) -> Response:
    service.unsubscribe(token)
    return _page("gone")


@router.get("/feeds/{name}", summary="A subscription as Atom, JSON Feed or iCalendar")
def read_feed(
    name: Annotated[str, "<token>.atom, .json or .ics"],
    request: Request,
    service: SubscriptionServiceDep,
    resources: ResourcesDep,
    _: Public,
    lang: Lang = "en",
) -> Response:
    token, _dot, form = name.rpartition(".")
    row, matches = service.feed(token)
    base = _base(resources)
    own = f"{base}/api/v1/feeds/{name}?lang={lang}"
    match form:
        case "atom":
            body, kind = feeds.atom(row, matches, lang, base, own), "application/atom+xml; charset=utf-8"
        case "json":
            body, kind = feeds.json_feed(row, matches, lang, base, own), "application/feed+json"
        case "ics":
            data = DataHubClient(resources.settings.hubs.data, resources.http, None)
            body = feeds.calendar(row, _meetings(data, row), lang, base)
            kind = "text/calendar; charset=utf-8"
        case _:
            raise Invalid("a feed ends in .atom, .json or .ics")
    return conditional(request, body, kind, cache_control=_FEED_CACHE)


def _meetings(data: DataHubClient, row: Subscription) -> list[dict[str, Any]]:
    asked: dict[str, Any] = {"limit": 200, "sort": "-start_date"}
    if row.kind == "committee":
        asked["organization"] = row.target
    elif row.kind == "jurisdiction":
        asked["jurisdiction"] = row.target
    elif row.kind == "saved-search":
        asked["body_name__icontains"] = row.target
    found: list[dict[str, Any]] = data.list("events", **asked)["data"]
    return found


@router.get("/webhooks", summary="My webhooks")
def list_webhooks(caller: CanReadSubscriptions, service: HookServiceDep) -> WebhookList:
    return WebhookList(data=[WebhookRead.model_validate(row) for row in service.list(caller.subject)])


@router.post("/webhooks", status_code=201, summary="Have an address called; the secret is shown this once")
def create_webhook(
    form: WebhookCreate, caller: CanWriteSubscriptions, service: HookServiceDep
) -> WebhookSecretRead:
    return WebhookSecretRead.model_validate(service.create(caller.subject, form))


@router.post("/webhooks/{webhook_id}/rotate", summary="A new secret; the old one signs along for a day")
def rotate_webhook(
    webhook_id: UUID, caller: CanWriteSubscriptions, service: HookServiceDep
) -> WebhookSecretRead:
    return WebhookSecretRead.model_validate(service.rotate(caller.subject, webhook_id))


@router.post("/webhooks/{webhook_id}/enable", summary="Switch on again")
def enable_webhook(webhook_id: UUID, caller: CanWriteSubscriptions, service: HookServiceDep) -> WebhookRead:
    return WebhookRead.model_validate(service.enable(caller.subject, webhook_id))


@router.post("/webhooks/{webhook_id}/test", status_code=202, summary="Send a sample")
def test_webhook(webhook_id: UUID, caller: CanWriteSubscriptions, service: HookServiceDep) -> DeliveryRead:
    return DeliveryRead.model_validate(service.try_out(caller.subject, webhook_id))


@router.get("/webhooks/{webhook_id}/attempts", summary="The delivery log")
def list_attempts(
    webhook_id: UUID, caller: CanReadSubscriptions, service: HookServiceDep, limit: Limit = 50
) -> AttemptList:
    rows = service.attempts(caller.subject, webhook_id, limit)
    return AttemptList(data=[AttemptRead.model_validate(row) for row in rows])


@router.delete("/webhooks/{webhook_id}", status_code=204, summary="Forget a webhook")
def delete_webhook(webhook_id: UUID, caller: CanWriteSubscriptions, service: HookServiceDep) -> None:
    service.delete(caller.subject, webhook_id)


@router.get("/push/key", summary="The key that a page subscribes to Web Push with")
def read_push_key(resources: ResourcesDep, _: Public) -> dict[str, str]:
    from hubs.ux_hub.notification.push import public_key

    return {"public_key": public_key(UxSettings.of(resources.settings))}


@router.post("/push/browsers", status_code=204, summary="Let this browser take Web Push")
def add_browser(form: PushBrowserCreate, caller: CanWriteSubscriptions, service: HookServiceDep) -> None:
    service.add_browser(caller.subject, form)


@router.get("/deliveries", summary="Messages and what became of them; dead ones can be replayed")
def list_deliveries(
    repository: RepositoryDep,
    _: CanReadNotices,
    state: Annotated[Literal["", "pending", "handed", "sent", "dead", "suppressed"], Query()] = "",
    limit: Limit = 50,
) -> DeliveryList:
    rows = repository.deliveries(limit, state=state)
    return DeliveryList(data=[DeliveryRead.model_validate(row) for row in rows])


@router.post("/deliveries/{delivery_id}/replay", status_code=202, summary="Send once more")
def replay_delivery(delivery_id: UUID, service: DeliveryServiceDep, _: CanWriteNotices) -> DeliveryRead:
    return DeliveryRead.model_validate(service.replay(delivery_id))


@router.post("/bounces", summary="A delivery status notification (RFC 3464) as it came")
def report_bounce(
    message: Annotated[bytes, Body(media_type="message/rfc822", max_length=1_000_000)],
    service: DeliveryServiceDep,
    _: CanWriteNotices,
) -> dict[str, list[str]]:
    return {"suppressed": [a for a, why in failed_recipients(message) if service.bounced(a, why)]}


def failed_recipients(message: bytes) -> list[tuple[str, str]]:
    """Return the recipients that a delivery status notification says failed for good, and why."""
    found = []
    for part in message_from_bytes(message, policy=default).walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        blocks = part.get_payload()
        for fields in blocks if isinstance(blocks, list) else ():
            if not isinstance(fields, Message):
                continue
            status = str(fields.get("Status", ""))
            recipient = str(fields.get("Final-Recipient", "")).partition(";")[2].strip()
            is_failed = str(fields.get("Action", "")).lower() == "failed"
            if recipient and is_failed and status.startswith("5"):
                found.append((recipient, f"{status} {fields.get('Diagnostic-Code', '')}"[:200]))
    return found
