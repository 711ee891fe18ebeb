"""The founding targets as service level objectives, and how fast their budgets burn.

Windows and factors: Google, "The Site Reliability Workbook", chapter 5: a long window says that it matters, a
short one that it still goes on. The ring holds a day, so the slowest window is a day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hubs.ops_hub.monitoring.repository import RING, MonitoringRepository
from hubs.ops_hub.monitoring.schemas import Burn, Objective
from shared.settings import HubUrls

AVAILABILITY_TARGET = 0.999
MEAN_TARGET_MS = 100.0
HUBS = tuple(HubUrls.model_fields)
GATEWAY = "ux"
_FEWEST_SAMPLES = 6
_FEWEST_REQUESTS = 50.0
_SAMPLE_S = 30.0


@dataclass(frozen=True)
class _Window:
    name: str
    long: timedelta
    short: timedelta
    factor: float


WINDOWS = (
    _Window("1 h", timedelta(hours=1), timedelta(minutes=5), 14.4),
    _Window("6 h", timedelta(hours=6), timedelta(minutes=30), 6.0),
    _Window("24 h", timedelta(hours=24), timedelta(hours=2), 3.0),
)


_Bad = Callable[[timedelta], tuple[float | None, int]]
"""Returns the bad share of a span, None where too little is known, and of how many samples."""


class Objectives:
    """Reads the ring."""

    def __init__(self, repository: MonitoringRepository, now: datetime) -> None:
        self._repository = repository
        self._now = now

    def all(self) -> list[Objective]:
        """Return every objective beside what was measured over the last day at most."""
        return [self._availability(), self._success(), self._latency(), self._messages()]

    def _availability(self) -> Objective:
        downtime, samples = self._downtime(RING)
        return Objective(
            key="availability",
            name_en="Availability of the hubs",
            name_fr="Disponibilité des pôles",
            target=AVAILABILITY_TARGET,
            unit="share of samples",
            measured=None if downtime is None else 1 - downtime,
            is_met=None if downtime is None else 1 - downtime >= AVAILABILITY_TARGET,
            burn_rate=_rate(downtime),
            burns=[self._burn(window, self._spent_downtime) for window in WINDOWS],
            samples=samples,
            caveat_en="measured on a single node over at most 24 hours, excluding the loss of the node",
            caveat_fr="mesuré sur un seul nœud sur 24 heures au plus, hors perte du nœud",
        )

    def _success(self) -> Objective:
        failures, samples = self._failures(RING)
        return Objective(
            key="success",
            name_en="Requests answered at the gateway without a server error",
            name_fr="Requêtes servies à la passerelle sans erreur du serveur",
            target=AVAILABILITY_TARGET,
            unit="share of requests",
            measured=None if failures is None else 1 - failures,
            is_met=None if failures is None else 1 - failures >= AVAILABILITY_TARGET,
            burn_rate=_rate(failures),
            burns=[self._burn(window, self._failures) for window in WINDOWS],
            samples=samples,
            caveat_en="fires only where a window holds at least 50 requests",
            caveat_fr="n’alerte que si une période compte au moins 50 requêtes",
        )

    def _latency(self) -> Objective:
        mean, samples = self._mean(RING)
        return Objective(
            key="latency",
            name_en="Mean response time at the gateway",
            name_fr="Temps de réponse moyen à la passerelle",
            target=MEAN_TARGET_MS,
            unit="milliseconds",
            measured=mean,
            is_met=None if mean is None else mean <= MEAN_TARGET_MS,
            burns=[self._slowness(WINDOWS[0])],
            samples=samples,
            caveat_en="mean over all requests; it fires when the last hour and five minutes exceed it",
            caveat_fr="moyenne de toutes les requêtes ; alerte si l’heure et les cinq minutes dépassent",
        )

    def _messages(self) -> Objective:
        totals = self._repository.totals([f"{hub}:buried" for hub in HUBS], self._now - RING)
        samples = sum(count for _, count in totals.values())
        buried = sum(total for total, _ in totals.values())
        return Objective(
            key="messages",
            name_en="Messages that nobody could take",
            name_fr="Messages que personne n’a pu traiter",
            target=0.0,
            unit="messages",
            measured=buried if samples else None,
            is_met=buried == 0 if samples else None,
            samples=samples,
            caveat_en="they are kept as dead letters and can be replayed: none is lost, short of the disk",
            caveat_fr="ils restent en file morte et peuvent être rejoués : aucun n’est perdu, sauf le disque",
        )

    def _burn(self, window: _Window, bad: _Bad) -> Burn:
        long, samples = bad(window.long)
        short, _ = bad(window.short)
        long_rate, short_rate = _rate(long), _rate(short)
        is_firing = (
            long_rate is not None
            and short_rate is not None
            and samples >= _FEWEST_SAMPLES
            and min(long_rate, short_rate) > window.factor
        )
        return Burn(
            window=window.name,
            short_s=window.short.total_seconds(),
            factor=window.factor,
            rate=long_rate,
            is_firing=is_firing,
        )

    def _slowness(self, window: _Window) -> Burn:
        long, samples = self._mean(window.long)
        short, _ = self._mean(window.short)
        is_firing = (
            long is not None
            and short is not None
            and samples >= _FEWEST_SAMPLES
            and min(long, short) > MEAN_TARGET_MS
        )
        rate = None if long is None else long / MEAN_TARGET_MS
        short_s = window.short.total_seconds()
        return Burn(window=window.name, short_s=short_s, factor=1.0, rate=rate, is_firing=is_firing)

    def _downtime(self, span: timedelta) -> tuple[float | None, int]:
        totals = self._repository.totals([f"{hub}:up" for hub in HUBS], self._now - span)
        samples = sum(count for _, count in totals.values())
        up = sum(total for total, _ in totals.values())
        return (1 - up / samples if samples else None), samples

    def _spent_downtime(self, span: timedelta) -> tuple[float | None, int]:
        """The same as a share of the whole span: what was not measured has spent nothing."""
        downtime, samples = self._downtime(span)
        expected = len(HUBS) * span.total_seconds() / _SAMPLE_S
        return (None if downtime is None else downtime * min(1.0, samples / expected)), samples

    def _failures(self, span: timedelta) -> tuple[float | None, int]:
        names = [f"{GATEWAY}:requests_per_s", f"{GATEWAY}:errors_per_s"]
        totals = self._repository.totals(names, self._now - span)
        requests, samples = totals.get(names[0], (0.0, 0))
        errors, _ = totals.get(names[1], (0.0, 0))
        if requests * _SAMPLE_S < _FEWEST_REQUESTS:
            return None, samples
        return errors / requests, samples

    def _mean(self, span: timedelta) -> tuple[float | None, int]:
        return self._repository.weighted_mean(
            f"{GATEWAY}:mean_ms", f"{GATEWAY}:requests_per_s", self._now - span
        )


def _rate(bad_share: float | None) -> float | None:
    return None if bad_share is None else bad_share / (1 - AVAILABILITY_TARGET)
