"""An engine follows security_hub's signed bundle; while there is none, nothing is allowed.

What was verified last is kept on disk under a seal of this installation, so that a start while security_hub
is away decides by the policies that held before. A bundle that cannot be trusted or makes the interpreter
fail is not loaded: the one before it stays in force.
"""

from __future__ import annotations

import hashlib
import hmac
import socket
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from hubs.intelligence_hub.opa.bundle import read_bundle
from hubs.intelligence_hub.opa.errors import BadBundle, EngineAway
from hubs.intelligence_hub.opa.service import BUNDLE
from shared.clients.security_hub import SecurityHubClient
from shared.core.clock import utc_now
from shared.core.errors import AppError
from shared.http.json import dumps, loads
from shared.logging import get_logger

log = get_logger(__name__)
Check = Callable[[dict[str, str], dict[str, Any]], object]
_WAIT_S = 30
_PAUSE_S = 2.0


class Loadable(Protocol):
    """An engine that takes policies."""

    name: str
    revision: str

    def load(self, modules: dict[str, str], data: dict[str, Any], revision: str) -> None:
        """Take a set of policies in place of the one before. Raises: BadPolicy, EngineAway."""
        ...


class BundleFollower:
    """Keeps one engine at the newest bundle, by a thread of its own.

    ``check`` tries policies before the engine is given them. Raises: BadPolicy.
    """

    def __init__(
        self,
        engine: Loadable,
        client: SecurityHubClient,
        kept: Path,
        seal: bytes,
        check: Check = lambda _modules, _data: None,
    ) -> None:
        self._engine = engine
        self._check = check
        self._client = client
        self._kept = kept
        self._seal = seal
        self._etag = ""
        self.problem = ""

    def start_from_copy(self) -> bool:
        """Load what was verified last; tell whether there was something to trust."""
        try:
            seal, _, body = self._kept.read_bytes().partition(b"\n")
            if not hmac.compare_digest(seal, self._sealed(body)):
                raise BadBundle("the kept copy was changed")
            held = loads(body)
            self._load(b64decode(held["bundle"]), held["keys"])
        except FileNotFoundError:
            return False
        except (OSError, ValueError, LookupError, TypeError, AppError) as error:
            log.warning("kept policies not loaded", error=str(error))
            return False
        return True

    def pull(self, wait_s: int = 0) -> bool:
        """Ask for a newer bundle and load it; tell whether there was one.

        Raises: BadBundle, BadPolicy, and the errors of security_hub; what was loaded before stays.
        """
        found = self._client.bundle(BUNDLE, self._etag, wait_s)
        if found is None:
            return False
        etag, body = found
        keys = self._client.bundle_keys()
        # Refused or not, the same bytes are not asked for again.
        self._etag = etag
        try:
            self._load(body, keys)
        except EngineAway:
            self._etag = ""
            raise
        self._keep(body, keys)
        return True

    def run(self, stop: threading.Event) -> None:
        """Follow until told to stop; the thread's body."""
        while not stop.is_set():
            try:
                changed = self.pull(_WAIT_S if self._etag else 0)
                if changed:
                    self.problem = ""
                    log.info("policies loaded", revision=self._engine.revision)
                    self._report()
            except AppError as error:
                if self.problem != error.detail:
                    log.warning("policies not renewed", error=error.detail, in_force=self._engine.revision)
                self.problem = error.detail
                if isinstance(error, BadBundle):
                    self._report()
                stop.wait(_PAUSE_S)
            except RuntimeError:
                # The client is closed under a waiting call when the process ends.
                if not stop.is_set():
                    raise

    def _load(self, body: bytes, keys: dict[str, str]) -> None:
        bundle = read_bundle(body, keys)
        modules, data = dict(bundle.modules), dict(bundle.data)
        self._check(modules, data)
        self._engine.load(modules, data, bundle.revision)

    def _keep(self, body: bytes, keys: dict[str, str]) -> None:
        content = dumps({"bundle": b64encode(body).decode(), "keys": keys})
        draft = self._kept.with_suffix(".new")
        try:
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(self._sealed(content) + b"\n" + content)
            draft.replace(self._kept)
        except OSError as error:
            log.warning("policies not kept for a later start", error=str(error))

    def _sealed(self, content: bytes) -> bytes:
        return hmac.new(self._seal, content, hashlib.sha256).hexdigest().encode()

    def _report(self) -> None:
        state: dict[str, Any] = {"name": BUNDLE, "active_revision": self._engine.revision}
        if self.problem:
            state["code"], state["message"] = "bundle_error", self.problem
        else:
            state["last_successful_activation"] = utc_now().isoformat()
        labels = {"id": f"intelligence_hub@{socket.gethostname()}", "engine": self._engine.name}
        try:
            self._client.request("POST", "/status", json={"labels": labels, "bundles": {BUNDLE: state}})
        except AppError as error:
            log.debug("policy status not reported", error=error.detail)
