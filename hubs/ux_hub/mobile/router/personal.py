"""One's own: what is tracked, notifications, preferences, devices and saved searches."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from hubs.ux_hub.mobile.dependencies import InboxDep, MobileServiceDep, SavedSearchesDep, TrackingDep
from hubs.ux_hub.mobile.router.record import Item
from hubs.ux_hub.mobile.schemas import Endpoint, SavedSearch, UnreadCount
from hubs.ux_hub.notification.dependencies import HookServiceDep, SubscriptionServiceDep
from hubs.ux_hub.notification.schemas import (
    InboxItem,
    InboxList,
    PreferencesRead,
    PreferencesUpdate,
    PushBrowserCreate,
    SubscriptionCreate,
    SubscriptionList,
    SubscriptionRead,
)
from shared.auth import CanReadSubscriptions, CanWriteSubscriptions, SignedIn

router = APIRouter(prefix="/api/mobile/v1", tags=["mobile"])


@router.get("/tracked", summary="What I track")
def list_tracked(caller: CanReadSubscriptions, subscriptions: SubscriptionServiceDep) -> SubscriptionList:
    rows = subscriptions.list(caller.subject)
    return SubscriptionList(data=[SubscriptionRead.model_validate(row) for row in rows])


@router.post("/tracked", status_code=201, summary="Track a bill, a member or anything else")
def track(
    form: SubscriptionCreate, caller: CanWriteSubscriptions, subscriptions: SubscriptionServiceDep
) -> SubscriptionRead:
    return SubscriptionRead.model_validate(subscriptions.create(caller.subject, form))


@router.delete("/tracked/{subscription_id}", status_code=204, summary="Track it no more")
def untrack(
    subscription_id: UUID, caller: CanWriteSubscriptions, subscriptions: SubscriptionServiceDep
) -> None:
    subscriptions.delete(caller.subject, subscription_id)


@router.post("/bills/{item}/track", status_code=201, summary="Track a bill")
def track_bill(
    item: Item, caller: CanWriteSubscriptions, service: MobileServiceDep, tracking: TrackingDep
) -> SubscriptionRead:
    bill = service.get("bills", item, "")
    return tracking.track(caller.subject, "bill", bill["key"], bill["number"])


@router.delete("/bills/{item}/track", status_code=204, summary="Track a bill no more")
def untrack_bill(
    item: Item, caller: CanWriteSubscriptions, service: MobileServiceDep, tracking: TrackingDep
) -> None:
    tracking.untrack(caller.subject, "bill", service.get("bills", item, "")["key"])


@router.post("/members/{item}/track", status_code=201, summary="Track a member")
def track_member(
    item: Item, caller: CanWriteSubscriptions, service: MobileServiceDep, tracking: TrackingDep
) -> SubscriptionRead:
    person = service.get("people", item, "")
    return tracking.track(caller.subject, "member", person["key"], person["name"])


@router.delete("/members/{item}/track", status_code=204, summary="Track a member no more")
def untrack_member(
    item: Item, caller: CanWriteSubscriptions, service: MobileServiceDep, tracking: TrackingDep
) -> None:
    tracking.untrack(caller.subject, "member", service.get("people", item, "")["key"])


@router.get("/notifications", summary="What there is to read, the newest first")
def list_notifications(
    caller: CanReadSubscriptions,
    inbox: InboxDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    unread: bool = False,
) -> InboxList:
    return inbox.list(caller.subject, limit, unread=unread)


@router.get("/notifications/unread-count", summary="How much there is to read")
def count_unread(caller: CanReadSubscriptions, inbox: InboxDep) -> UnreadCount:
    return UnreadCount(unread=inbox.list(caller.subject, 1, unread=True).unread)


@router.get("/notifications/preferences", summary="How I am told")
@router.get("/preferences", summary="How I am told")
def read_preferences(caller: CanReadSubscriptions, subscriptions: SubscriptionServiceDep) -> PreferencesRead:
    return PreferencesRead.model_validate(subscriptions.subscriber_of(caller.subject))


@router.put("/notifications/preferences", summary="Change how I am told")
@router.patch("/preferences", summary="Change how I am told")
def update_preferences(
    form: PreferencesUpdate, caller: CanWriteSubscriptions, subscriptions: SubscriptionServiceDep
) -> PreferencesRead:
    return PreferencesRead.model_validate(subscriptions.update_preferences(caller.subject, form))


@router.post("/notifications/device-token", status_code=204, summary="Let this device take push messages")
@router.post("/device-token", status_code=204, summary="Let this device take push messages")
def add_device(form: PushBrowserCreate, caller: CanWriteSubscriptions, hooks: HookServiceDep) -> None:
    hooks.add_browser(caller.subject, form)


@router.delete("/notifications/device-token", status_code=204, summary="Send this device nothing more")
@router.delete("/device-token", status_code=204, summary="Send this device nothing more")
def forget_device(form: Endpoint, caller: CanWriteSubscriptions, inbox: InboxDep) -> None:
    inbox.forget_device(caller.subject, form.endpoint)


@router.patch("/notifications/read-all", summary="Mark everything as read")
def read_all(caller: CanWriteSubscriptions, inbox: InboxDep) -> UnreadCount:
    return UnreadCount(unread=inbox.mark(caller.subject, None, is_read=True))


@router.delete("/notifications/clear-all", status_code=204, summary="Remove everything there is to read")
def clear(caller: CanWriteSubscriptions, inbox: InboxDep) -> None:
    inbox.clear(caller.subject)


@router.get("/notifications/{notification_id}", summary="One notification")
def get_notification(notification_id: UUID, caller: CanReadSubscriptions, inbox: InboxDep) -> InboxItem:
    return inbox.get(caller.subject, notification_id)


@router.delete("/notifications/{notification_id}", status_code=204, summary="Remove a notification")
def delete_notification(notification_id: UUID, caller: CanWriteSubscriptions, inbox: InboxDep) -> None:
    inbox.delete(caller.subject, notification_id)


@router.patch("/notifications/{notification_id}/read", summary="Mark a notification as read")
def mark_read(notification_id: UUID, caller: CanWriteSubscriptions, inbox: InboxDep) -> UnreadCount:
    return UnreadCount(unread=inbox.mark(caller.subject, notification_id, is_read=True))


@router.patch("/notifications/{notification_id}/unread", summary="Mark a notification as unread")
def mark_unread(notification_id: UUID, caller: CanWriteSubscriptions, inbox: InboxDep) -> UnreadCount:
    return UnreadCount(unread=inbox.mark(caller.subject, notification_id, is_read=False))


@router.get("/search/saved", summary="My saved searches")
def list_saved(saved: SavedSearchesDep, _: SignedIn) -> dict[str, Any]:
    return saved.list()


@router.post("/search/save", status_code=201, summary="Save a search")
def save_search(form: SavedSearch, saved: SavedSearchesDep, _: SignedIn) -> dict[str, Any]:
    return saved.save(form)
