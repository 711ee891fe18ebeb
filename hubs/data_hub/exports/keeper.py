"""The export keeper: one thread that starts a build when asked or due, and waits for its process."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from hubs.data_hub.database.service.licences import stated_licences
from hubs.data_hub.exports.errors import ExportRunning
from hubs.data_hub.exports.licensing import Terms
from hubs.data_hub.exports.repository import ExportRepository
from hubs.data_hub.exports.service import Begun, ExportFiles, ExportService
from shared.core.clock import utc_now
from shared.core.errors import AppError
from shared.db.session import transaction
from shared.logging import get_logger

log = get_logger(__name__)
LOOK_EVERY_S = 600.0
BUILD_TIMEOUT_S = 3 * 3_600.0


class ExportKeeper:
    """Builds exports in the background, each in a process that gives its memory back."""

    def __init__(
        self,
        engine: Engine,
        sessions: sessionmaker[Session],
        root: Path,
        files: ExportFiles,
        every: timedelta | None,
        stop: threading.Event,
        ask_terms: Callable[[Sequence[str]], Terms | None],
    ) -> None:
        self.root = root
        self.files = files
        self._engine = engine
        self._sessions = sessions
        self._every = every
        self._stop = stop
        self._ask_terms = ask_terms
        self._woken = threading.Event()
        self._asked: list[Begun] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Work in a thread."""
        self._thread = threading.Thread(target=self.run, name="export keeper", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop; a build under way is ended."""
        self._stop.set()
        self._woken.set()
        if self._process is not None:
            self._process.terminate()
        if self._thread is not None:
            self._thread.join(30)

    def ask(self, begun: Begun) -> None:
        """Have an export built that was noted as begun, once its transaction is over."""
        self._asked.append(begun)
        self._woken.set()

    def run(self) -> None:
        """Work until stopped."""
        while not self._stop.wait(0):
            self._woken.wait(LOOK_EVERY_S)
            self._woken.clear()
            if self._stop.is_set():
                return
            try:
                while self._asked:
                    self._build(self._asked.pop(0))
                self._build_if_due()
            except (AppError, SQLAlchemyError, OSError) as error:
                log.warning("export keeper", problem=f"{type(error).__name__}: {error}"[:300])

    def _build_if_due(self) -> None:
        if self._every is None:
            return
        with transaction(self._sessions) as session:
            if not self._service(session).is_due(self._every, utc_now()):
                return
        # Before it begins: while nobody says what may be exported, no failed one takes a good one's place.
        terms = self._terms()
        try:
            with transaction(self._sessions) as session:
                begun = self._service(session).begin("schedule")
        except ExportRunning:
            return
        self._write(begun, terms)

    def _build(self, begun: Begun) -> None:
        try:
            terms = self._terms()
        except AppError as error:
            why = f"the policy that says what may be exported cannot be asked: {error.detail}"
            self._end(begun, None, why)
        else:
            self._write(begun, terms)

    def _terms(self) -> Terms | None:
        with transaction(self._sessions) as session:
            licences = stated_licences(session)
        return self._ask_terms(licences)

    def _write(self, begun: Begun, terms: Terms | None) -> None:
        out = self.root / str(begun.id)
        asked = {
            "url": self._engine.url.render_as_string(hide_password=False),
            "out": str(out),
            "after": begun.after,
            "id": str(begun.id),
            "terms": terms,
        }
        manifest, problem = None, ""
        # The request goes in through a pipe: it holds a password, which arguments would show to everybody.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hubs.data_hub.exports.build"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            said, complaint = self._process.communicate(orjson.dumps(asked), BUILD_TIMEOUT_S)
            if self._process.returncode == 0:
                manifest = orjson.loads(said)
            else:
                lines = complaint.decode("utf-8", "replace").strip().splitlines()
                problem = lines[-1] if lines else f"exit status {self._process.returncode}"
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            problem = f"it took longer than {BUILD_TIMEOUT_S:.0f} seconds"
        finally:
            self._process = None
        if manifest is not None:
            try:
                for file in manifest["files"]:
                    self.files.put(file["sha256"], out / file["name"])
            except AppError as error:
                manifest, problem = None, error.detail
        shutil.rmtree(out, ignore_errors=True)
        self._end(begun, manifest, problem)

    def _end(self, begun: Begun, manifest: dict[str, Any] | None, problem: str) -> None:
        if manifest is None:
            log.warning("export failed", problem=problem)
        with transaction(self._sessions) as session:
            unneeded = self._service(session).finish(begun.id, manifest, problem)
        # Once it is certain that no export names them.
        for sha256 in unneeded:
            self.files.delete(sha256)

    def _service(self, session: Session) -> ExportService:
        return ExportService(ExportRepository(session), self.root, self.files)
