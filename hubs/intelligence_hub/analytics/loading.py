"""Facts from the change feed: what changed is read again from data_hub and replaces what was there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from hubs.intelligence_hub.analytics import facts
from hubs.intelligence_hub.analytics.repository import AnalyticsRepository
from hubs.intelligence_hub.analytics.schemas import RebuildReport
from shared.clients.data_hub import DataHubClient
from shared.core.errors import AppError, Invalid
from shared.db.session import transaction
from shared.logging import get_logger

log = get_logger(__name__)
Item = dict[str, Any]
_PAGE = 200
_EVERY_S = 5.0
_COVERAGE_EVERY_S = 300.0
_IDS_A_REQUEST = 50
"""Ids that fit one request's line."""
# kind: collection, rows a page when everything is read, and how a row of facts is made.
_KINDS: dict[str, tuple[str, int, Callable[[Item], Item]]] = {
    "organization": ("organizations", 500, facts.organization_row),
    "bill": ("bills", 250, facts.bill_row),
    "vote_event": ("votes", 25, facts.vote_row),
    "event": ("events", 100, facts.event_row),
    "debate": ("debates", 500, facts.debate_row),
    "speech": ("speeches", 250, facts.speech_row),
}


class FactKeeper:
    """Follows the feed from the position kept beside the facts; one writer at a time, whoever it is."""

    def __init__(self, sessions: sessionmaker[Session], client: DataHubClient) -> None:
        self._sessions = sessions
        self._client = client
        self._lock = threading.Lock()
        self._coverage_at = float("-inf")
        self.wake = threading.Event()

    def catch_up(self) -> int:
        """Read the feed to its end; return the position reached.

        A feed that has not reached our position is of another record (data_hub was set up anew, or went back
        to a copy): then everything is read anew. Raises: AppError of data_hub; what was read before stays.
        """
        with self._lock:
            while True:
                with transaction(self._sessions) as session:
                    position = AnalyticsRepository(session).position()
                try:
                    changes = self._client.changes(position, _PAGE)["data"]
                except Invalid as error:
                    if "position" not in error.extensions:
                        raise
                    log.warning("the record is another one: all facts are read anew", position=position)
                    self._read_everything()
                    continue
                if not changes:
                    return position
                self._keep(position, changes)

    def rebuild(self) -> RebuildReport:
        """Read the whole record anew; readers see the facts of before until all is there.

        Raises: AppError of data_hub; the facts of before stay then.
        """
        start = time.perf_counter()
        with self._lock:
            counts = self._read_everything()
        position = self.catch_up()
        self.read_coverage()
        seconds = round(time.perf_counter() - start, 3)
        return RebuildReport(kept=counts, as_of_seq=position, seconds=seconds)

    def _read_everything(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        # What changes while the record is read is read again from this position.
        position = int(self._client.changes("now", 1)["meta"]["position"])
        with transaction(self._sessions) as session:
            repository = AnalyticsRepository(session)
            repository.lock()
            repository.clear()
            for kind in _KINDS:
                for items in _ahead(self._everything(kind)):
                    rows, ballots = _made(kind, items)
                    repository.add(kind, rows, ballots)
                    counts[kind] = counts.get(kind, 0) + len(rows)
                    counts["ballot"] = counts.get("ballot", 0) + len(ballots)
            repository.recount_words()
            repository.move_to(position)
        return counts

    def read_coverage(self) -> None:
        """Keep what data_hub says it holds, and how fresh it is."""
        entries = self._client.request("GET", "/api/v1/coverage")["data"]
        with transaction(self._sessions) as session:
            AnalyticsRepository(session).put_coverage([facts.coverage_row(entry) for entry in entries])

    def run(self, stop: threading.Event) -> None:
        """Catch up whenever woken, or now and then; the thread's body."""
        while not stop.is_set():
            try:
                self.catch_up()
                if time.monotonic() - self._coverage_at > _COVERAGE_EVERY_S:
                    self.read_coverage()
                    self._coverage_at = time.monotonic()
            except AppError as error:
                log.info("facts wait for the record", error=error.detail)
            except RuntimeError:
                # The client is closed under a call when the process ends.
                if not stop.is_set():
                    raise
            self.wake.wait(_EVERY_S)
            self.wake.clear()

    def _keep(self, position: int, changes: list[Item]) -> None:
        # Only the last change of a row in this page matters: the row is read as it is now.
        latest = {(change["type"], change["key"]): change for change in changes}
        found: dict[str, tuple[list[str], list[Item]]] = {}
        for kind in _KINDS:
            mine = [change for (of, _), change in latest.items() if of == kind]
            items = list(self._standing(kind, mine))
            standing = {item["key"] for item in items}
            gone = [change["key"] for change in mine if change["key"] not in standing]
            found[kind] = (gone, items)
        with transaction(self._sessions) as session:
            repository = AnalyticsRepository(session)
            repository.lock()
            if repository.position() != position:
                # Another process has kept this page already.
                return
            gone, items = found["speech"]
            keys = [*gone, *(item["key"] for item in items)]
            debates = repository.debates_of(keys) if keys else set()
            for kind, (gone, items) in found.items():
                if gone:
                    repository.drop(kind, gone)
                rows, ballots = _made(kind, items)
                repository.put(kind, rows, ballots)
            debates |= {item["debate_key"] for item in found["speech"][1]}
            if debates:
                repository.recount_words(debates)
            repository.move_to(int(changes[-1]["seq"]))

    def _standing(self, kind: str, changes: list[Item]) -> Iterator[Item]:
        ids = [str(change["id"]) for change in changes if change["change"] != "tombstone"]
        collection, _, _ = _KINDS[kind]
        for start in range(0, len(ids), _IDS_A_REQUEST):
            some = ",".join(ids[start : start + _IDS_A_REQUEST])
            yield from self._client.list(collection, id__in=some, limit=500, **_included(kind))["data"]

    def _everything(self, kind: str) -> Iterator[list[Item]]:
        collection, size, _ = _KINDS[kind]
        page = self._client.list(collection, sort="created_at", limit=size, **_included(kind))
        while True:
            if page["data"]:
                yield page["data"]
            if not page["next"]:
                return
            page = self._client.request("GET", page["next"])


def _ahead(pages: Iterator[list[Item]]) -> Iterator[list[Item]]:
    """Yield the same pages; data_hub makes the next one while this one is kept."""
    context = copy_context()

    def fetch() -> list[Item] | None:
        return context.run(lambda: next(pages, None))

    with ThreadPoolExecutor(1, "facts") as pool:
        coming = pool.submit(fetch)
        while (items := coming.result()) is not None:
            coming = pool.submit(fetch)
            yield items


def _included(kind: str) -> dict[str, str]:
    return {"include": "ballots"} if kind == "vote_event" else {}


def _made(kind: str, items: list[Item]) -> tuple[list[Item], list[Item]]:
    make = _KINDS[kind][2]
    ballots = [row for item in items for row in facts.ballot_rows(item)] if kind == "vote_event" else []
    return [make(item) for item in items], ballots
