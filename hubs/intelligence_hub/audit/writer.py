"""One writer per process: what many callers append at once goes into one transaction (group commit)."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future

from sqlalchemy.orm import Session, sessionmaker

from hubs.intelligence_hub.audit.note import NoteSigner
from hubs.intelligence_hub.audit.repository import AuditRepository
from hubs.intelligence_hub.audit.schemas import Appended, EntryCreate
from hubs.intelligence_hub.audit.service import AuditService
from shared.core.errors import Unavailable
from shared.db.session import transaction

_MOST = 500
_WAITING = 5_000
_ANSWER_TIMEOUT_S = 20.0

_Job = tuple[list[EntryCreate], "Future[list[Appended]]"]


class AuditWriter:
    """Takes entries from any thread and answers when they are durable."""

    def __init__(self, sessions: sessionmaker[Session], signer: NoteSigner) -> None:
        self._sessions = sessions
        self._signer = signer
        self._jobs: queue.Queue[_Job | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._run, name="audit-writer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def close(self) -> None:
        """Write what waits, then end."""
        self._jobs.put(None)
        self._thread.join(10)

    def append(self, entries: Sequence[EntryCreate]) -> list[Appended]:
        """Append entries and return once they are committed.

        Raises: Unavailable when the database or the queue cannot take them; nothing is written then.
        """
        answer: Future[list[Appended]] = Future()
        try:
            self._jobs.put((list(entries), answer), timeout=1)
        except queue.Full:
            raise Unavailable("too many audit entries wait", headers={"Retry-After": "1"}) from None
        return answer.result(_ANSWER_TIMEOUT_S)

    def _run(self) -> None:
        ending = False
        while not ending:
            first = self._jobs.get()
            jobs: list[_Job] = []
            waiting: _Job | None = first
            while True:
                if waiting is None:
                    ending = True
                else:
                    jobs.append(waiting)
                if ending or sum(len(entries) for entries, _ in jobs) >= _MOST:
                    break
                try:
                    waiting = self._jobs.get_nowait()
                except queue.Empty:
                    break
            if jobs:
                self._write(jobs)

    def _write(self, jobs: list[_Job]) -> None:
        entries = [entry for group, _ in jobs for entry in group]
        try:
            with transaction(self._sessions) as session:
                places = AuditService(AuditRepository(session), self._signer).append(entries)
        # Whatever the failure, each caller must hear of it: none of them wrote anything.
        except Exception as error:  # noqa: BLE001
            if len(jobs) > 1 and not isinstance(error, Unavailable):
                # A value that cannot be kept is the business of whoever brought it, not of its neighbours.
                for job in jobs:
                    self._write([job])
                return
            for _, answer in jobs:
                answer.set_exception(error)
            return
        at = 0
        for group, answer in jobs:
            answer.set_result(places[at : at + len(group)])
            at += len(group)
