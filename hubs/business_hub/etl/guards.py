"""Guards: reasons to hold a run back before anything of it is loaded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hubs.business_hub.etl.reporting import plural_names
from hubs.business_hub.settings import ImportSettings
from shared.contracts.events.scraping import CompleteSet

_SESSION = re.compile(r"^[1-9]\d{0,2}-[1-9]\d?$")
_TERM = re.compile(r"(?:19|20)\d\d-(?:19|20)\d\d\Z")
"""A council's term of office: councils have no sessions, and their votes name the term."""
_NAMED = 5


@dataclass(frozen=True)
class Finding:
    """Something a guard objects to, in both languages; ``is_blocking`` holds the run."""

    code: str
    detail_en: str
    detail_fr: str
    kind: str = ""
    is_blocking: bool = True
    before: int | None = None
    after: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the finding as it is stored."""
        return {name: value for name, value in self.__dict__.items() if value not in ("", None)}


@dataclass
class RunFacts:
    """What the guards look at: counts per kind, per complete set, and the sessions that records name."""

    staged: Mapping[str, int]
    complete: tuple[CompleteSet, ...] = ()
    staged_in_set: Mapping[CompleteSet, int] = field(default_factory=dict)
    known_in_set: Mapping[CompleteSet, int] = field(default_factory=dict)
    sessions: Mapping[str, int] = field(default_factory=dict)
    """How many records name each session."""
    asked_session: str = ""
    known_sessions: frozenset[str] = frozenset()
    expect: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Plausible range per kind; empty when the run was not meant to be full."""
    may_be_empty: bool = False


def examine(facts: RunFacts, settings: ImportSettings) -> list[Finding]:
    """Return everything that speaks against loading a run."""
    return [
        *_empty(facts),
        *_drops(facts, settings),
        *_out_of_range(facts),
        *_strange_sessions(facts),
    ]


def _empty(facts: RunFacts) -> Iterable[Finding]:
    if facts.may_be_empty or any(facts.staged.values()):
        return
    yield Finding(
        "empty-run",
        "the crawl succeeded and brought no records",
        "la collecte a réussi sans rapporter aucun enregistrement",
        after=0,
    )


def _drops(facts: RunFacts, settings: ImportSettings) -> Iterable[Finding]:
    for one in facts.complete:
        known, seen = facts.known_in_set.get(one, 0), facts.staged_in_set.get(one, 0)
        is_gone = known > 0 and seen == 0 and not facts.may_be_empty
        is_drop = known >= settings.min_rows_for_drop and seen < known * (1 - settings.max_drop)
        if is_gone or is_drop:
            english, french = plural_names(one.kind)
            under, sous = (f" under {one.prefix}", f" sous {one.prefix}") if one.prefix else ("", "")
            yield Finding(
                "count-drop",
                f"{english}{under}: {seen} now, {known} before",
                f"{french}{sous} : {seen} maintenant, {known} auparavant",
                kind=one.kind,
                before=known,
                after=seen,
            )


def _out_of_range(facts: RunFacts) -> Iterable[Finding]:
    for kind, (low, high) in facts.expect.items():
        seen = facts.staged.get(kind, 0)
        if not low <= seen <= high:
            yield Finding(
                "unexpected-count",
                f"{seen} records of kind {kind}; expected {low} to {high}",
                f"{seen} enregistrements de type {kind}; de {low} à {high} attendus",
                kind=kind,
                after=seen,
            )


def _strange_sessions(facts: RunFacts) -> Iterable[Finding]:
    strange = {}
    for session, count in facts.sessions.items():
        if _TERM.match(session):
            continue
        is_asked = not facts.asked_session or session == facts.asked_session
        if not _SESSION.match(session) or not is_asked or not _follows(session, facts.known_sessions):
            strange[session] = count
    if strange:
        named = ", ".join(sorted(strange)[:_NAMED])
        yield Finding(
            "unknown-session",
            f"records of unknown sessions: {named}",
            f"enregistrements de sessions inconnues : {named}",
            after=sum(strange.values()),
        )


def _follows(session: str, known: frozenset[str]) -> bool:
    """Tell whether a session is not later than the latest known one, or the next after it."""
    if not known:
        return True
    latest = max(_numbers(one) for one in known)
    number = _numbers(session)
    return number <= latest or number in {(latest[0], latest[1] + 1), (latest[0] + 1, 1)}


def _numbers(session: str) -> tuple[int, int]:
    parliament, _, number = session.partition("-")
    return int(parliament), int(number)
