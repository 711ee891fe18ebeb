"""Facts from the change feed: what changed is read again from data_hub and replaces what was there."""

from __future__ import annotations

import threading
import time
from datetime import date
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from hubs.intelligence_hub.analytics.repository import AnalyticsRepository
from hubs.intelligence_hub.analytics.schemas import RebuildReport
from shared.clients.data_hub import DataHubClient
from shared.core.errors import AppError, Gone, NotFound
from shared.db.session import transaction
from shared.logging import get_logger

log = get_logger(__name__)
_PAGE = 200
_EVERY_S = 5.0
_VOTE, _BILL = "vote_event", "bill"


class FactKeeper:
    """Follows the feed from the position kept beside the facts; one at a time per process."""

    def __init__(self, sessions: sessionmaker[Session], client: DataHubClient) -> None:
        self._sessions = sessions
        self._client = client
        self._lock = threading.Lock()
        self.wake = threading.Event()
        self.votes = self.bills = 0

    def catch_up(self) -> int:
        """Read the feed to its end; return the position reached.

        Raises: AppError of data_hub; what was read before stays.
        """
        with self._lock:
            while True:
                with transaction(self._sessions) as session:
                    position = AnalyticsRepository(session).position()
                page = self._client.changes(position, _PAGE)
                changes = page["data"]
                if not changes:
                    return position
                self._keep(changes)

    def rebuild(self) -> RebuildReport:
        """Forget everything and read the feed from its beginning."""
        start = time.perf_counter()
        with self._lock, transaction(self._sessions) as session:
            AnalyticsRepository(session).clear()
        self.votes = self.bills = 0
        position = self.catch_up()
        seconds = round(time.perf_counter() - start, 3)
        return RebuildReport(votes=self.votes, bills=self.bills, as_of_seq=position, seconds=seconds)

    def run(self, stop: threading.Event) -> None:
        """Catch up whenever woken, or now and then; the thread's body."""
        while not stop.is_set():
            try:
                self.catch_up()
            except AppError as error:
                log.info("facts wait for the record", error=error.detail)
            self.wake.wait(_EVERY_S)
            self.wake.clear()

    def _keep(self, changes: list[dict[str, Any]]) -> None:
        # Only the last change of a row in this page matters: the row is read as it is now.
        latest = {(change["type"], change["key"]): change for change in changes}
        items = [
            (kind, key, self._read(change))
            for (kind, key), change in latest.items()
            if kind in (_VOTE, _BILL)
        ]
        with transaction(self._sessions) as session:
            repository = AnalyticsRepository(session)
            for kind, key, item in items:
                _put(repository, kind, key, item)
            repository.move_to(int(changes[-1]["seq"]))
        self.votes += sum(kind == _VOTE and item is not None for kind, _, item in items)
        self.bills += sum(kind == _BILL and item is not None for kind, _, item in items)

    def _read(self, change: dict[str, Any]) -> dict[str, Any] | None:
        if change["change"] == "tombstone":
            return None
        try:
            found: dict[str, Any] = self._client.request("GET", change["url"])
            return found
        except (NotFound, Gone):
            return None


def _put(repository: AnalyticsRepository, kind: str, key: str, item: dict[str, Any] | None) -> None:
    if kind == _VOTE:
        if item is None:
            repository.drop_vote(key)
        else:
            repository.put_vote(vote_row(item), ballot_rows(item))
    elif item is None:
        repository.drop_bill(key)
    else:
        repository.put_bill(bill_row(item))


def vote_row(vote: dict[str, Any]) -> dict[str, Any]:
    """Return the fact of a vote as data_hub shows it."""
    return {
        "vote_key": vote["key"],
        "slug": vote["slug"],
        "date": date.fromisoformat(vote["date"]),
        "session": vote["session"],
        "organization_key": vote["organization_key"],
        "result": vote["result"],
        "subject_en": vote["subject_en"],
        "subject_fr": vote["subject_fr"],
        "bill_key": vote["bill_key"],
    }


def ballot_rows(vote: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the facts of a vote's ballots."""
    return [
        {
            "vote_key": vote["key"],
            "position": position,
            "member_key": ballot["person_key"] or f"name:{ballot['name']}",
            "name": ballot["name"],
            "party": ballot["party"],
            "option": ballot["option"],
        }
        for position, ballot in enumerate(vote["ballots"])
    ]


def bill_row(bill: dict[str, Any]) -> dict[str, Any]:
    """Return the fact of a bill as data_hub shows it."""
    sponsors = bill.get("sponsors") or [{}]
    days = {name: bill.get(name) for name in ("introduced_on", "royal_assent_on")}
    return {
        "bill_key": bill["key"],
        "number": bill["number"],
        "session": bill["session"],
        "chamber": bill["chamber"],
        "is_government": bill["is_government"],
        "title_en": bill["title_en"],
        "title_fr": bill["title_fr"],
        "status_code": bill["status_code"],
        "status_en": bill["status_en"],
        "status_fr": bill["status_fr"],
        **{name: date.fromisoformat(day) if day else None for name, day in days.items()},
        "sponsor_key": sponsors[0].get("person_key") or "",
        "sponsor_name": sponsors[0].get("name") or "",
        "stages": bill.get("stages") or [],
    }
