"""Passing alerts on: one webhook in Alertmanager's format, grouped, without what is silenced or explained."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import httpx
from prometheus_client import CollectorRegistry, Counter

from hubs.ops_hub.monitoring.alerts import AlertBook
from hubs.ops_hub.monitoring.schemas import AlertRead
from shared.core.clock import utc_now
from shared.logging import get_logger

log = get_logger(__name__)
GROUP_WAIT_S = 2.0
_RETRY_FIRST_S, _RETRY_CAP_S = 1.0, 60.0
_TIMEOUT_S = 10.0


class Notifier:
    """Tells the operator's webhook what fires and what is over, again until it is taken."""

    def __init__(self, book: AlertBook, http: httpx.Client, url: str, registry: CollectorRegistry) -> None:
        self._book = book
        self._http = http
        self._url = url
        self._told: dict[str, AlertRead] = {}
        self._outcomes = Counter(
            "alert_notifications", "Groups of alerts by what became of them.", ("outcome",), registry=registry
        )

    def run(self, stop: threading.Event) -> None:
        """Pass on until told to stop; the thread's body."""
        wait_s = _RETRY_FIRST_S
        while not stop.wait(GROUP_WAIT_S):
            if not self._news():
                continue
            # What happens together is told together.
            stop.wait(GROUP_WAIT_S)
            if self.tell():
                wait_s = _RETRY_FIRST_S
            else:
                stop.wait(wait_s)
                wait_s = min(2 * wait_s, _RETRY_CAP_S)

    def tell(self) -> bool:
        """Tell what is new, group by group; False when the webhook did not take all of it."""
        for group_key, rows in itertools.groupby(
            sorted(self._news(), key=lambda row: row.group_key), key=lambda row: row.group_key
        ):
            if not self._send(group_key, list(rows)):
                return False
        return True

    def _news(self) -> list[AlertRead]:
        firing = {row.fingerprint: row for row in self._book.firing()}
        for fingerprint, row in firing.items():
            if row.notified_at is not None:
                self._told.setdefault(fingerprint, row)
        # Looked at anew each time: a silence that ends while its alert fires wakes somebody.
        begun = [
            row
            for fingerprint, row in firing.items()
            if fingerprint not in self._told and not (row.silenced_by or row.inhibited_by)
        ]
        now = utc_now()
        ended = [
            row.model_copy(update={"status": "resolved", "ends_at": now})
            for fingerprint, row in self._told.items()
            if fingerprint not in firing
        ]
        return begun + ended

    def _send(self, group_key: str, rows: list[AlertRead]) -> bool:
        try:
            answer = self._http.post(self._url, json=_body(group_key, rows), timeout=_TIMEOUT_S)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            log.warning("the alert webhook does not take it", error=type(error).__name__)
            self._outcomes.labels("failed").inc()
            return False
        self._outcomes.labels("sent").inc()
        for row in rows:
            if row.status == "firing":
                self._told[row.fingerprint] = row
            else:
                self._told.pop(row.fingerprint, None)
        self._book.mark_notified({row.fingerprint for row in rows if row.status == "firing"})
        return True


def _body(group_key: str, alerts: list[AlertRead]) -> dict[str, Any]:
    is_firing = any(row.status == "firing" for row in alerts)
    return {
        "version": "4",
        "receiver": "ops_hub",
        "groupKey": group_key,
        "status": "firing" if is_firing else "resolved",
        "truncatedAlerts": 0,
        "groupLabels": {"alertname": alerts[0].name},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "",
        "alerts": [
            {
                "status": row.status,
                "labels": row.labels,
                "annotations": row.annotations,
                "startsAt": row.starts_at.isoformat(),
                "endsAt": row.ends_at.isoformat() if row.ends_at else "0001-01-01T00:00:00Z",
                "fingerprint": row.fingerprint,
            }
            for row in alerts
        ],
    }
