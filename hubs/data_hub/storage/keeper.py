"""The storage keeper: one thread that takes out texts as files come in, and scrubs once an hour."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from hubs.data_hub.storage.backends import BlobStore
from hubs.data_hub.storage.errors import FileMissing
from hubs.data_hub.storage.repository import StorageRepository
from hubs.data_hub.storage.service import StorageLimits, StorageService
from shared.core.errors import AppError
from shared.db.session import transaction
from shared.logging import get_logger

log = get_logger(__name__)
WAIT_S = 60.0
SCRUB_EVERY_S = 3_600.0
EXTRACT_TIMEOUT_S = 120.0
MAX_EXTRACT_BYTES = 100 * 2**20
_MAX_OUTPUT_BYTES = 32 * 2**20


class StorageKeeper:
    """Works in the background for as long as the hub runs."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        store: BlobStore,
        limits: StorageLimits,
        stop: threading.Event,
    ) -> None:
        self._sessions = sessions
        self._store = store
        self._limits = limits
        self._stop = stop
        self._woken = threading.Event()
        self._next_scrub = time.monotonic() + WAIT_S
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Work in a thread."""
        self._thread = threading.Thread(target=self.run, name="storage keeper", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop after the file in hand."""
        self._stop.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(30)

    def wake(self) -> None:
        """Say that a file came in."""
        self._woken.set()

    def run(self) -> None:
        """Work until stopped, through every loss of the database or the store."""
        while not self._stop.is_set():
            try:
                while not self._stop.is_set() and self.extract_one():
                    pass
                if time.monotonic() >= self._next_scrub:
                    self._next_scrub = time.monotonic() + SCRUB_EVERY_S
                    self._scrub()
            except (AppError, SQLAlchemyError, OSError) as error:
                log.warning("storage keeper", problem=f"{type(error).__name__}: {error}"[:300])
            self._woken.wait(WAIT_S)
            self._woken.clear()

    def extract_one(self) -> bool:
        """Take out the text of the next file; False when there is none to do."""
        with transaction(self._sessions) as session:
            row = StorageRepository(session).pending_text()
        if row is None:
            return False
        if row["size_bytes"] > MAX_EXTRACT_BYTES:
            state, extracted, problem = "failed", None, "the file is too large"
        else:
            try:
                state, extracted, problem = self._extract(row["sha256"], row["media_type"], row["size_bytes"])
            except FileMissing as error:
                # Noted, or every file after this one would wait for it.
                state, extracted, problem = "failed", None, error.detail
        with transaction(self._sessions) as session:
            StorageRepository(session).set_text(row["sha256"], state, extracted, problem)
        return True

    def _extract(self, sha256: str, media_type: str, size: int) -> tuple[str, str | None, str]:
        with tempfile.TemporaryDirectory(prefix="extract-") as folder:
            source, output = Path(folder) / "source", Path(folder) / "text"
            with source.open("wb") as file:
                for chunk in self._store.read(sha256, 0, size):
                    file.write(chunk)
            command = [sys.executable, "-m", "hubs.data_hub.storage.extract", str(source), media_type]
            try:
                with output.open("wb") as out:
                    done = subprocess.run(
                        command,
                        stdout=out,
                        stderr=subprocess.PIPE,
                        stdin=subprocess.DEVNULL,
                        timeout=EXTRACT_TIMEOUT_S,
                        check=False,
                    )
            except subprocess.TimeoutExpired:
                return "failed", None, f"it took longer than {EXTRACT_TIMEOUT_S:.0f} seconds"
            if done.returncode != 0:
                said = done.stderr.decode("utf-8", "replace").strip().splitlines()
                why = said[-1].replace("\x00", "") if said else f"exit status {done.returncode}"
                return "failed", None, why[:500]
            if output.stat().st_size > _MAX_OUTPUT_BYTES:
                return "failed", None, "its text is too long"
            return "done", output.read_text("utf-8", "replace"), ""

    def _scrub(self) -> None:
        with transaction(self._sessions) as session:
            report = StorageService(StorageRepository(session), self._store, self._limits).scrub()
        if report.damaged:
            log.error("stored files are damaged", hashes=report.damaged[:20])
