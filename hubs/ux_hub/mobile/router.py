"""``/api/mobile/v1``: bills, members, search, synchronisation, tracking and preferences."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query

from hubs.ux_hub.mobile.dependencies import MobileServiceDep
from hubs.ux_hub.mobile.schemas import Cards, Delta
from hubs.ux_hub.mobile.service import MAX_BATCH
from hubs.ux_hub.notification.dependencies import HookServiceDep, SubscriptionServiceDep
from hubs.ux_hub.notification.schemas import (
    PreferencesRead,
    PreferencesUpdate,
    PushBrowserCreate,
    SubscriptionCreate,
    SubscriptionList,
    SubscriptionRead,
)
from hubs.ux_hub.web.dependencies import ReaderDep
from shared.auth import CanReadSubscriptions, CanWriteSubscriptions, Public

router = APIRouter(prefix="/api/mobile/v1", tags=["mobile"])
Limit = Annotated[int, Query(ge=1, le=100)]
Cursor = Annotated[str, Query(max_length=2_000)]
Item = Annotated[str, Path(max_length=300)]


@router.get("/bills", summary="Bills, the latest activity first")
def list_bills(
    service: MobileServiceDep,
    _: Public,
    session: Annotated[str, Query(max_length=20)] = "",
    limit: Limit = 20,
    cursor: Cursor = "",
) -> Cards:
    return service.list("bills", session=session, limit=limit, cursor=cursor)


@router.get("/bills/{item}", summary="A bill with its votes")
def get_bill(service: MobileServiceDep, _: Public, item: Item) -> dict[str, Any]:
    return dict(service.get("bills", item, "votes"))


@router.get("/members", summary="Members, by name")
def list_members(
    service: MobileServiceDep,
    _: Public,
    party: Annotated[str, Query(max_length=100)] = "",
    province: Annotated[str, Query(max_length=100)] = "",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Cards:
    return service.list(
        "people", include="memberships", current="true", party=party, province=province, limit=limit,
        cursor=cursor,
    )  # fmt: skip


@router.get("/members/{item}", summary="A member")
def get_member(service: MobileServiceDep, _: Public, item: Item) -> dict[str, Any]:
    return dict(service.get("people", item, "memberships"))


@router.get("/members/{item}/voting-record", summary="How a member voted, the newest first")
def list_ballots(
    record: ReaderDep, _: Public, item: Item, limit: Limit = 50, cursor: Cursor = ""
) -> dict[str, Any]:
    found = record.list("ballots", person=item, limit=limit, cursor=cursor)
    return {"data": found.rows, "cursor": found.cursor}


@router.get("/search", summary="Search")
def search(
    record: ReaderDep,
    _: Public,
    q: Annotated[str, Query(min_length=1, max_length=300)],
    lang: Annotated[str, Query(pattern="^(en|fr)$")] = "en",
    limit: Limit = 20,
    offset: Annotated[int, Query(ge=0, le=10_000)] = 0,
) -> dict[str, Any]:
    return dict(record.search(q=q, lang=lang, limit=limit, offset=offset or None))


@router.get("/sync", summary="What changed since a token, with withdrawals; ask again while has_more")
def sync(
    service: MobileServiceDep,
    _: Public,
    token: Annotated[str, Query(max_length=40)] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_BATCH)] = MAX_BATCH,
) -> Delta:
    return service.sync(token, limit)


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


@router.get("/preferences", summary="How I am told")
def read_preferences(caller: CanReadSubscriptions, subscriptions: SubscriptionServiceDep) -> PreferencesRead:
    return PreferencesRead.model_validate(subscriptions.subscriber_of(caller.subject))


@router.patch("/preferences", summary="Change how I am told")
def update_preferences(
    form: PreferencesUpdate, caller: CanWriteSubscriptions, subscriptions: SubscriptionServiceDep
) -> PreferencesRead:
    return PreferencesRead.model_validate(subscriptions.update_preferences(caller.subject, form))


@router.post("/device-token", status_code=204, summary="Let this device take push messages")
def add_device(form: PushBrowserCreate, caller: CanWriteSubscriptions, hooks: HookServiceDep) -> None:
    hooks.add_browser(caller.subject, form)
