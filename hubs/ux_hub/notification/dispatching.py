"""The dispatcher: a thread that makes messages of what is due, sends them, and notes what became of them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from hubs.ux_hub.notification.calls import Calls
from hubs.ux_hub.notification.mail import compose
from hubs.ux_hub.notification.models import Delivery
from hubs.ux_hub.notification.service.delivering import DeliveryService, build
from hubs.ux_hub.notification.spool import Spool
from hubs.ux_hub.settings import UxSettings
from shared.app import Resources
from shared.core.clock import utc_now
from shared.core.errors import AppError
from shared.db.session import transaction
from shared.logging import get_logger

log = get_logger(__name__)
_IDLE_S = 2.0
_MAIL_BATCH = 100
_MAILER_PAUSE_S = 1.0


class Dispatcher:
    """Sends what is due, one round after the other, until the process stops."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._settings = UxSettings.of(resources.settings)
        self._spool = Spool(resources.settings.data_dir / "mail")
        self._woken = threading.Event()
        self._calls = Calls(resources, self._settings, self.wake)
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)
        self._mailer: subprocess.Popen[bytes] | None = None
        self._mailer_at = 0.0
        self._mailer_pause_s = _MAILER_PAUSE_S

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once for what is due."""
        self._woken.set()

    def close(self) -> None:
        """Wait for the round in hand."""
        self._woken.set()
        self._thread.join(30)
        self._calls.close()

    def _run(self) -> None:
        while not self._resources.stop.is_set():
            try:
                busy = self.round()
            except (AppError, SQLAlchemyError, OSError) as error:
                log.warning("nothing dispatched, trying again", error=str(error))
                busy = False
            except Exception:
                # Whatever it is, alerts must not end with it: it is logged each time, and tried again.
                log.exception("nothing dispatched, trying again")
                busy = False
            if not busy:
                # While a mailer is at work its results are looked for sooner.
                is_mailing = self._mailer is not None and self._mailer.poll() is None
                self._woken.wait(0.2 if is_mailing else _IDLE_S)
                self._woken.clear()

    def round(self) -> bool:
        """Do what there is to do once; tell whether there was anything."""
        settled = self._settle_mail()
        with transaction(self._resources.sessionmaker) as session:
            service = build(session, self._resources)
            planned = service.plan(utc_now()) + service.recover(utc_now())
        mailed = self._send_mail()
        called = self._calls.begin()
        self._keep_mailer()
        return bool(settled or planned or mailed or called)

    def _settle_mail(self) -> int:
        results = self._spool.results()
        for name, outcome in results:
            with transaction(self._resources.sessionmaker) as session:
                build(session, self._resources).mail_result(UUID(name.partition(".")[0]), outcome)
            # Removed after the commit: seen twice, it changes nothing the second time.
            self._spool.forget(name)
        return len(results)

    def _send_mail(self) -> int:
        with transaction(self._resources.sessionmaker) as session:
            service = build(session, self._resources)
            claimed = service.claim_mail(utc_now(), _MAIL_BATCH)
            for delivery in claimed:
                self._mail(service, delivery)
        return len(claimed)

    def _mail(self, service: DeliveryService, delivery: Delivery) -> None:
        if service.is_suppressed(delivery.target):
            service.dead(delivery, "the address bounced or complained", "suppressed")
            return
        settings = self._settings
        try:
            message = compose(
                delivery.id,
                settings.mail.sender,
                delivery.target,
                delivery.template,
                delivery.language,
                delivery.values,
                settings.public_base,
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            # One message that cannot be written keeps no other waiting: it is dead, to be seen and replayed.
            service.dead(delivery, f"cannot be written: {type(error).__name__}: {error}"[:300])
            return
        sender = settings.mail.sender.rpartition("<")[2].strip("> ")
        # An attempt has a name of its own, so that a replay is not taken for what lies there already.
        self._spool.put(f"{delivery.id}.{delivery.attempts}", sender, delivery.target, message)
        service.handed(delivery, utc_now())

    def _keep_mailer(self) -> None:
        """Have a mailer at work while there is mail."""
        if self._mailer is not None and self._mailer.poll() is None:
            return
        if self._mailer is not None:
            # The mail server was not to be reached: ask less and less often.
            is_away = self._mailer.returncode == 2
            self._mailer_pause_s = min(self._mailer_pause_s * 2, 300.0) if is_away else _MAILER_PAUSE_S
            self._mailer = None
        if not self._spool.waiting() or time.monotonic() - self._mailer_at < self._mailer_pause_s:
            return
        self._mailer_at = time.monotonic()
        mail = self._settings.mail
        if not mail.host:
            self._write_out()
            return
        server: dict[str, Any] = {
            "host": mail.host,
            "port": mail.port,
            "username": mail.username,
            "password": mail.password.get_secret_value(),
            "start_tls": mail.start_tls,
            "timeout_s": mail.timeout_s,
        }
        command = [sys.executable, "-m", "hubs.ux_hub.notification.mailer", str(self._spool.folder)]
        # A session of its own: it finishes its message even when this process is killed.
        self._mailer = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, cwd=_ROOT)
        assert self._mailer.stdin is not None
        self._mailer.stdin.write(json.dumps(server).encode())
        self._mailer.stdin.close()

    def _write_out(self) -> None:
        """Without a mail server, keep messages as files for the operator to read."""
        folder = self._spool.folder / "outgoing"
        folder.mkdir(exist_ok=True, mode=0o700)
        for name in self._spool.waiting():
            _, _, message = self._spool.take(name)
            (folder / f"{name}.eml").write_bytes(message)
            self._spool.settle(name, {"is_sent": True})


_ROOT = Path(__file__).resolve().parents[3]


def start_dispatcher(resources: Resources) -> None:
    """Send in a thread of this process."""
    dispatcher = Dispatcher(resources)
    resources.put(dispatcher)
    dispatcher.start()
    resources.stack.callback(dispatcher.close)
