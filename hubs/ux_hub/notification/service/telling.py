"""From something that happened to who is told, each once per channel: the ledger decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from hubs.ux_hub.notification.matching import Happening, says
from hubs.ux_hub.notification.models import Delivery, Subscriber, Subscription
from hubs.ux_hub.notification.repository import NotificationRepository
from hubs.ux_hub.notification.timing import due_at
from shared.contracts.events.civic import RecordsChanged
from shared.contracts.events.importing import ImportFinishedV1
from shared.contracts.events.notices import NoticeRequestedV1
from shared.core.clock import utc_now

Load = Callable[[str, str], dict[str, Any]]
"""Reads a record by kind and id; empty when it is gone."""


class TellingService:
    """Turns events into matches, ledger entries and notices, in the transaction that notes the event."""

    def __init__(self, repository: NotificationRepository, load: Load) -> None:
        self._repository = repository
        self._load = load

    def tell(self, happenings: Iterable[Happening]) -> int:
        """Write down who is to be told of these; return how many ledger entries that made."""
        active = self._repository.active()
        made = 0
        if not active:
            return 0
        for happening in happenings:
            rows: dict[tuple[Any, str], dict[str, Any]] = {}
            for subscription, subscriber in active:
                for row in self._rows(happening, subscription, subscriber):
                    # Two subscriptions of one person to the same thing tell it once.
                    rows.setdefault((row["subscriber_id"], row["channel"]), row)
            made += self._repository.add_to_ledger(rows.values())
        return made

    def _rows(
        self, happening: Happening, subscription: Subscription, subscriber: Subscriber
    ) -> list[dict[str, Any]]:
        said = says(subscription.kind, subscription.target, happening)
        if said is None:
            return []
        match_id = self._repository.add_match(
            {
                "subscription_id": subscription.id,
                "item_key": happening.item_key,
                "kind": happening.kind,
                "title_en": said.title_en,
                "title_fr": said.title_fr,
                "detail_en": said.detail_en,
                "detail_fr": said.detail_fr,
                "url": happening.url,
                "occurred_at": happening.occurred_at,
            }
        )
        now = utc_now()
        due = due_at(now, subscription.frequency, subscriber)
        return [
            {
                "subscriber_id": subscriber.id,
                "channel": channel,
                "item_key": happening.item_key,
                "match_id": match_id,
                "subscription_id": subscription.id,
                "due_at": now if channel == "app" else due,
            }
            for channel in self._channels(subscription, subscriber)
        ]

    def _channels(self, subscription: Subscription, subscriber: Subscriber) -> Sequence[str]:
        found = []
        for channel in subscription.channels:
            if channel == "email":
                if subscriber.email_confirmed_at and not subscriber.email_suppressed_at:
                    found.append("email")
            elif channel == "webhook":
                hooks = self._repository.webhooks(subscriber.id)
                found += [f"webhook:{hook.id}" for hook in hooks if hook.disabled_at is None]
            elif channel == "push":
                found += [f"push:{browser.id}" for browser in self._repository.browsers(subscriber.id)]
            else:
                found.append(channel)
        return found

    def notice(self, event: NoticeRequestedV1) -> None:
        """Have one mail sent that another hub asked for."""
        now = utc_now()
        self._repository.add(
            Delivery(
                id=event.id, channel="email", target=event.recipient, template=event.template,
                language=event.language, values=event.values, next_at=now, created_at=now, state="pending",
            )
        )  # fmt: skip

    def happenings(self, event: RecordsChanged, message_id: str) -> list[Happening]:
        """Return what an event about the record says happened."""
        found = []
        for change in event.changes:
            record_id = str(change.id)
            found.append(
                Happening(
                    kind=event.kind,
                    key=change.key,
                    record_id=record_id,
                    change=change.change,
                    jurisdiction=change.jurisdiction,
                    title_en=change.title_en,
                    title_fr=change.title_fr,
                    occurred_at=event.occurred_at,
                    message_id=message_id,
                    fields=change.fields,
                    source_id=event.source_id,
                    load=_loader(self._load, event.kind, record_id),
                )
            )
        return found


def _loader(load: Load, kind: str, record_id: str) -> Callable[[], dict[str, Any]]:
    return lambda: load(kind, record_id)


def run_happening(event: ImportFinishedV1) -> Happening:
    """Return the end of a source's run as something to be told of."""
    fine = event.outcome == "succeeded"
    words = {
        "failed": ("failed", "a échoué"),
        "quarantined": ("is held for review", "est retenue pour examen"),
        "cancelled": ("was cancelled", "a été annulée"),
        "timed_out": ("took too long", "a duré trop longtemps"),
    }
    english, french = words.get(event.outcome, ("succeeded", "a réussi"))
    return Happening(
        kind="source",
        key=event.source_id,
        record_id=event.source_id,
        change="update" if fine else "tombstone",
        jurisdiction="",
        title_en=f"Reading {event.source_id} {english}",
        title_fr=f"La lecture de {event.source_id} {french}",
        occurred_at=event.occurred_at,
        message_id=str(event.id),
        detail_en=event.reason or event.summary_en,
        detail_fr=event.reason or event.summary_fr or event.summary_en,
        source_id=event.source_id,
    )
