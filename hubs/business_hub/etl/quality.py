"""Quality: what share of a run's records is complete, valid, consistent, unique, and how timely the run is.

Each share is a pair of counts, good of all, so that chunks add up. What is wrong is kept with its record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Protocol

from hubs.business_hub.etl.normalise import normalise
from shared.contracts.records import RECORD_KINDS
from shared.http.json import dumps

LARGEST_FOR_UNIQUENESS = 50_000
"""Records of a kind in a run up to which they are compared with one another."""
METRICS = ("completeness", "validity", "consistency", "uniqueness", "timeliness")
MOST_DISCREPANCIES = 200

# The fields that a record of a kind is expected to say something in.
EXPECTED: Mapping[str, tuple[str, ...]] = {
    "person": ("name", "given_name", "family_name", "identifiers"),
    "membership": ("person_key", "organization_key", "role_en", "start_date"),
    "organization": ("name_en", "name_fr", "classification"),
    "post": ("label_en", "label_fr", "organization_key"),
    "bill": ("title_en", "title_fr", "number", "session", "introduced_on", "status_en", "sponsors"),
    "vote_event": ("subject_en", "subject_fr", "date", "result", "counts", "ballots"),
    "session": ("identifier", "name_en", "start_date"),
    "division": ("ocd_id", "name_en", "name_fr", "type"),
    "event": ("name_en", "start_date", "organization_key", "location"),
    "debate": ("organization_key", "date", "session", "number"),
    "speech": ("debate_key", "speaker_name", "time", "paragraphs"),
    "document": ("title_en", "url", "date"),
    "candidacy": ("name", "party_en", "division_name_en", "votes"),
    "election": ("name_en", "name_fr", "date"),
    "bill_text": ("bill_key", "language", "text"),
    "jurisdiction": ("ocd_id", "name_en", "name_fr", "level"),
}
# What tells two records of a kind apart, besides their keys; one that does not say the first is not compared.
IDENTITY: Mapping[str, tuple[str, ...]] = {
    "bill": ("number", "session"),
    "vote_event": ("number", "session", "organization_key"),
    "person": ("name", "birth_date", "identifiers"),
    "membership": ("person_key", "organization_key", "post_key", "start_date"),
    "session": ("identifier", "jurisdiction"),
}
_PAST = ("introduced_on", "royal_assent_on", "latest_activity_on", "date", "birth_date")
_PERIODS = (("start_date", "end_date"), ("valid_from", "valid_through"))
_LONG = 25


class Measured(Protocol):
    """A value that was measured, as it is kept."""

    run_id: Any
    source_id: Any
    kind: Any
    metric: Any
    value: Any
    sample_size: Any
    measured_at: Any


@dataclass(frozen=True)
class Discrepancy:
    """Something about one record that does not fit, in both languages."""

    kind: str
    key: str
    field: str
    code: str
    detail_en: str
    detail_fr: str


@dataclass(frozen=True)
class Reading:
    """A measured value with what it is compared to; ``trend`` is up, down, steady or new."""

    metric: Measured
    warning: float
    critical: float
    trend: str

    @property
    def status(self) -> str:
        """Return ok, warning or critical."""
        if self.metric.value < self.critical:
            return "critical"
        return "warning" if self.metric.value < self.warning else "ok"


@dataclass
class Meter:
    """Measures records one by one."""

    today: date
    counts: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    found: list[Discrepancy] = field(default_factory=list)

    def measure(self, kind: str, record: Mapping[str, Any]) -> None:
        """Take a record into account; a mapping of its fields, whatever their values are."""
        expected = EXPECTED.get(kind, ())
        said = sum(record.get(name) not in _NOTHING for name in expected)
        self._add(kind, "completeness", said, len(expected))
        invalid = list(self._invalid(kind, record))
        self._add(kind, "validity", not invalid, 1)
        odd = list(self._inconsistent(kind, record))
        self._add(kind, "consistency", not odd, 1)
        for one in (*invalid, *odd):
            if len(self.found) < MOST_DISCREPANCIES:
                self.found.append(one)

    def _add(self, kind: str, metric: str, good: int, total: int) -> None:
        pair = self.counts.setdefault(kind, {}).setdefault(metric, [0, 0])
        pair[0] += good
        pair[1] += total

    def _invalid(self, kind: str, record: Mapping[str, Any]) -> Iterable[Discrepancy]:
        key = str(record.get("key"))
        for name in _PAST:
            day = _day(record.get(name))
            if day is not None and day > self.today and kind in {"bill", "vote_event", "person", "debate"}:
                yield Discrepancy(
                    kind, key, name, "in-the-future", f"{name} is {day}", f"{name} est le {day}"
                )
        for first, last in _PERIODS:
            start, end = _day(record.get(first)), _day(record.get(last))
            if start is not None and end is not None and end < start:
                yield Discrepancy(
                    kind,
                    key,
                    last,
                    "ends-before-it-begins",
                    f"{last} {end} is before {first} {start}",
                    f"{last} {end} précède {first} {start}",
                )

    def _inconsistent(self, kind: str, record: Mapping[str, Any]) -> Iterable[Discrepancy]:
        key = str(record.get("key"))
        for name, in_french in _PAIRS.get(kind, ()):
            english = record.get(name)
            if not isinstance(english, str):
                continue
            french = record.get(in_french)
            if not isinstance(french, str) or bool(english) == bool(french):
                # A long text that is the same in both languages was not translated.
                if english and english == french and len(english) > _LONG and kind in {"bill", "vote_event"}:
                    yield Discrepancy(
                        kind,
                        key,
                        name[:-3],
                        "same-in-both",
                        "the same text in both languages",
                        "même texte dans les deux langues",
                    )
                continue
            code = "no-french" if english else "no-english"
            yield Discrepancy(
                kind,
                key,
                name[:-3],
                code,
                "said in English only" if english else "said in French only",
                "en anglais seulement" if english else "en français seulement",
            )
        if kind == "vote_event":
            yield from self._totals(key, record)

    def _totals(self, key: str, record: Mapping[str, Any]) -> Iterable[Discrepancy]:
        ballots = record.get("ballots") or ()
        if not ballots:
            return
        if isinstance(ballots[0], Mapping):
            cast = Counter(ballot["option"] for ballot in ballots)
        else:
            cast = Counter(map(_OPTION, ballots))
        for count in record.get("counts") or ():
            option, stated = _of(count, "option"), _of(count, "value")
            if option in {"yes", "no"} and cast[option] != stated:
                yield Discrepancy(
                    "vote_event",
                    key,
                    "counts",
                    "totals-differ",
                    f"{stated} stated as {option}, {cast[option]} ballots",
                    f"{stated} annoncés ({option}), {cast[option]} bulletins",
                )


class Repeats:
    """Finds records of an upload that say the same under several keys, while they are read.

    Of a key that comes again the last record counts, but no partial one after a whole one: what is staged.
    """

    def __init__(self, most: int = LARGEST_FOR_UNIQUENESS) -> None:
        self._most = most
        self._marks: dict[str, dict[str, tuple[bytes, bool]]] = {}

    def note(self, kind: str, key: str, record: Mapping[str, Any], *, is_partial: bool) -> None:
        """Take a record into account; a mapping of its fields."""
        fields = IDENTITY.get(kind)
        if fields is None:
            return
        marks = self._marks.setdefault(kind, {})
        # One more than are compared: that many are not looked at any further.
        if len(marks) <= self._most and not (is_partial and key in marks and not marks[key][1]):
            said = record.get(fields[0]) not in _NOTHING
            mark = normalise(dumps({name: record.get(name) for name in fields})) if said else b""
            marks[key] = (mark, is_partial)

    def counts(self) -> dict[str, list[int]]:
        """Return per kind how many records nobody repeats, and how many there are that say who they are."""
        found = {}
        for kind, marks in self._marks.items():
            if len(marks) <= self._most:
                times = Counter(mark for mark, _ in marks.values() if mark)
                found[kind] = [sum(count == 1 for count in times.values()), times.total()]
        return found


def merged(
    counts: Mapping[str, Mapping[str, list[int]]], more: Mapping[str, Mapping[str, list[int]]]
) -> dict[str, dict[str, list[int]]]:
    """Return counts with those of another chunk added."""
    total = {kind: {metric: list(pair) for metric, pair in of.items()} for kind, of in counts.items()}
    for kind, of in more.items():
        for metric, (good, all_) in of.items():
            pair = total.setdefault(kind, {}).setdefault(metric, [0, 0])
            pair[0] += good
            pair[1] += all_
    return total


def timeliness(observed_at: datetime, previous_at: datetime | None, interval_s: float | None) -> float | None:
    """Return 1 when a source was read as often as scheduled, less the later it was; None when unknown."""
    if previous_at is None or not interval_s:
        return None
    late_s = (observed_at - previous_at).total_seconds()
    return 1.0 if late_s <= interval_s else interval_s / late_s


_NOTHING: tuple[Any, ...] = (None, "", (), [], {})
_OPTION = attrgetter("option")
# The fields of a kind that say something in English, each with its French twin.
_PAIRS: Mapping[str, tuple[tuple[str, str], ...]] = {
    kind: tuple((name, f"{name[:-3]}_fr") for name in cls.model_fields if name.endswith("_en"))
    for kind, cls in RECORD_KINDS.items()
}


def _of(value: Any, name: str) -> Any:
    return value[name] if isinstance(value, Mapping) else getattr(value, name)


def _day(value: Any) -> date | None:
    if isinstance(value, date):
        return value
    if isinstance(value, str) and len(value) >= 10:
        try:
            return date.fromisoformat(value[:10])
        except ValueError:
            return None
    return None
