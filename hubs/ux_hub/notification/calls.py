"""Calls of webhooks and push services: several at a time, one per target, none of them in a transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from hubs.ux_hub.notification.calling import Called, call, signed_headers
from hubs.ux_hub.notification.models import Delivery
from hubs.ux_hub.notification.repository import NotificationRepository
from hubs.ux_hub.notification.service.delivering import build
from hubs.ux_hub.settings import UxSettings
from shared.app import Resources
from shared.core.clock import utc_now
from shared.db.session import transaction
from shared.http.json import dumps
from shared.logging import get_logger

log = get_logger(__name__)
_AT_ONCE = 8
_LEASE_MARGIN_S = 30.0


class _Call(NamedTuple):
    delivery_id: UUID
    target: str
    url: str
    body: bytes
    headers: dict[str, str]


class Calls:
    """Takes what is due, calls, and notes the answers; a slow target keeps only its own messages waiting."""

    def __init__(self, resources: Resources, settings: UxSettings, when_done: Callable[[], None]) -> None:
        self._resources = resources
        self._settings = settings
        self._when_done = when_done
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="calls")
        self._allow_private = settings.environment != "production" and settings.alerts.allow_private_targets

    def begin(self) -> int:
        """Begin as many calls as are due and may run side by side; return how many."""
        begun = 0
        while not self._resources.stop.is_set():
            with self._lock:
                busy = set(self._busy)
            if len(busy) >= _AT_ONCE:
                break
            made = self._prepare(busy)
            if made is None:
                break
            begun += 1
            if made.url:
                with self._lock:
                    self._busy.add(made.target)
                self._threads.submit(self._run, made)
        return begun

    def close(self) -> None:
        """Wait for the calls in hand."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _prepare(self, busy: set[str]) -> _Call | None:
        """Lease a delivery and return the call to make; one without an address was given up."""
        now, lasting = utc_now(), timedelta(seconds=self._timeout_s + _LEASE_MARGIN_S)
        with transaction(self._resources.sessionmaker) as session:
            service, repository = build(session, self._resources), NotificationRepository(session)
            delivery = service.lease(now, busy, lasting)
            if delivery is None:
                return None
            make = self._webhook if delivery.channel == "webhook" else self._push
            reason = "the target is gone or switched off"
            try:
                if made := make(repository, delivery):
                    return made
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                reason = f"cannot be written: {type(error).__name__}: {error}"[:300]
            service.dead(delivery, reason)
            return _Call(delivery.id, delivery.target, "", b"", {})

    def _webhook(self, repository: NotificationRepository, delivery: Delivery) -> _Call | None:
        hook = repository.find_webhook(UUID(delivery.target))
        if hook is None or hook.disabled_at is not None:
            return None
        now = utc_now()
        secrets = [hook.secret]
        if hook.former_secret and hook.former_until and hook.former_until > now:
            secrets.append(hook.former_secret)
        kind = "openpolicy.alert" if delivery.template == "alert" else f"openpolicy.{delivery.template}"
        body = dumps({"type": kind, "timestamp": now, "data": _without_links(delivery.values)})
        headers = signed_headers(secrets, f"msg_{delivery.id.hex}", body)
        return _Call(delivery.id, delivery.target, hook.url, body, headers)

    def _push(self, repository: NotificationRepository, delivery: Delivery) -> _Call | None:
        browser = repository.find_browser(UUID(delivery.target))
        if browser is None:
            return None
        # 39 MiB, so only where somebody takes Web Push.
        from hubs.ux_hub.notification.push import encrypted

        body, headers = encrypted(self._settings, browser, delivery)
        return _Call(delivery.id, delivery.target, browser.endpoint, body, headers)

    def _run(self, made: _Call) -> None:
        try:
            answer = call(
                made.url, made.body, made.headers, self._timeout_s, allow_private=self._allow_private
            )
            self._note(made, answer)
        except SQLAlchemyError as error:
            # The lease runs out, and it is sent again under the same id.
            log.warning("an answer was not noted", delivery=str(made.delivery_id), error=str(error))
        finally:
            with self._lock:
                self._busy.discard(made.target)
            self._when_done()

    def _note(self, made: _Call, answer: Called) -> None:
        with transaction(self._resources.sessionmaker) as session:
            service = build(session, self._resources)
            delivery = service.get(made.delivery_id)
            if delivery.channel == "webhook":
                service.called(delivery, answer)
            else:
                service.pushed(delivery, answer, made.url)

    @property
    def _timeout_s(self) -> float:
        return self._settings.alerts.webhook_timeout_s


def _without_links(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "unsubscribe_url"}
