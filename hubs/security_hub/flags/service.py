"""Flags: written, versioned, killed, evaluated from memory, and reported when they have outlived their
purpose.
"""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy.orm import Session, sessionmaker

from hubs.security_hub.feed.service import Feed, announce
from hubs.security_hub.flags.errors import FlagChangedMeanwhile, FlagNotFound
from hubs.security_hub.flags.evaluation import Answer, CompiledFlag, evaluate
from hubs.security_hub.flags.models import Flag, FlagVersion
from hubs.security_hub.flags.repository import FlagRepository
from hubs.security_hub.flags.schemas import (
    FlagDefinition,
    FlagRead,
    FlagVersionRead,
    FlagWrite,
    StaleFlag,
    StaleReport,
)
from hubs.security_hub.trail.service import Trail
from hubs.security_hub.trail.service import build as build_trail
from shared.app import Resources
from shared.auth import Principal
from shared.core.clock import utc_now
from shared.db.session import transaction

TOPIC = "flags"
Reason = Literal["expired", "unused", "one-answer", "killed"]


class FlagService:
    """Flags as their owners handle them."""

    def __init__(
        self,
        repository: FlagRepository,
        trail: Trail,
        tell: Callable[[], None],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._repository = repository
        self._trail = trail
        self._tell = tell
        self._now = now

    def list(self) -> Sequence[FlagRead]:
        """Return all flags."""
        return [FlagRead.model_validate(flag) for flag in self._repository.list()]

    def get(self, key: str) -> FlagRead:
        """Return one flag.

        Raises: FlagNotFound.
        """
        return FlagRead.model_validate(self._get(key))

    def put(self, key: str, form: FlagWrite, caller: Principal) -> FlagRead:
        """Write a flag.

        Raises: FlagChangedMeanwhile.
        """
        flag = self._repository.find(key, is_locked=True)
        present = flag.version if flag else 0
        if form.expected_version is not None and form.expected_version != present:
            raise FlagChangedMeanwhile("somebody changed the flag first", version=present)
        before = flag.definition if flag else None
        if flag is None:
            newest = self._repository.versions(key)
            # Its salt decides who is in which share; a flag of the same name divides people anew.
            flag = Flag(
                key=key,
                is_killed=False,
                salt=secrets.token_hex(8),
                version=newest[0].version if newest else 0,
            )
        flag.title_en, flag.title_fr = form.title_en, form.title_fr
        flag.definition = form.definition.model_dump(mode="json", by_alias=True, exclude_none=True)
        flag.is_public, flag.expires_on = form.is_public, form.expires_on
        return self._changed(flag, caller, form.reason, "flag.set", {"definition": before})

    def kill(self, key: str, is_killed: bool, reason: str, caller: Principal) -> FlagRead:
        """Turn the kill switch on or off.

        Raises: FlagNotFound.
        """
        flag = self._get(key, is_locked=True)
        before = flag.is_killed
        flag.is_killed = is_killed
        action = "flag.killed" if is_killed else "flag.revived"
        return self._changed(flag, caller, reason, action, {"is_killed": before})

    def rollback(self, key: str, version: int, reason: str, caller: Principal) -> FlagRead:
        """Bring a former state back, as a new version.

        Raises: FlagNotFound.
        """
        flag = self._get(key, is_locked=True)
        old = self._repository.find_version(key, version)
        if old is None:
            raise FlagNotFound(f"{key} has no version {version}")
        before = flag.definition
        flag.definition, flag.is_killed = old.definition, old.is_killed
        said = reason or f"back to version {version}"
        return self._changed(flag, caller, said, "flag.rolled-back", {"definition": before})

    def delete(self, key: str, caller: Principal) -> None:
        """Delete a flag; its former states stay.

        Raises: FlagNotFound.
        """
        flag = self._get(key, is_locked=True)
        self._repository.delete(flag)
        self._trail.record(
            "flag.deleted", caller, target=key, target_type="flag", before={"definition": flag.definition}
        )
        self._tell()

    def versions(self, key: str) -> Sequence[FlagVersionRead]:
        """Return former states, the newest first."""
        return [FlagVersionRead.model_validate(row) for row in self._repository.versions(key)]

    def stale(self, days: int) -> StaleReport:
        """Return flags past their date, unasked for, with one answer for everybody, or killed, for some
        days.
        """
        today = self._now().date()
        since = today - timedelta(days=days)
        answers: dict[str, Counter[str]] = {}
        for use in self._repository.uses_since(since):
            answers.setdefault(use.key, Counter())[use.variant] += use.count
        last = self._repository.last_uses()
        found = []
        for flag in self._repository.list():
            given = answers.get(flag.key, Counter())
            is_old = flag.updated_at.date() <= since
            reasons: list[Reason] = []
            if flag.expires_on is not None and flag.expires_on < today:
                reasons.append("expired")
            if is_old and not given:
                reasons.append("unused")
            if is_old and len(given) == 1 and len(flag.definition["variants"]) > 1:
                reasons.append("one-answer")
            if is_old and flag.is_killed:
                reasons.append("killed")
            if reasons:
                used_on = last.get(flag.key)
                found.append(
                    StaleFlag(key=flag.key, reasons=reasons, last_used_on=used_on, answers=dict(given))
                )
        return StaleReport(days=days, data=found)

    def _get(self, key: str, *, is_locked: bool = False) -> Flag:
        flag = self._repository.find(key, is_locked=is_locked)
        if flag is None:
            raise FlagNotFound(f"no flag {key!r}")
        return flag

    def _changed(
        self, flag: Flag, caller: Principal, reason: str, action: str, before: dict[str, Any]
    ) -> FlagRead:
        flag.version += 1
        flag.changed_by, flag.updated_at = caller.subject, self._now()
        self._repository.add(flag)
        self._repository.add(
            FlagVersion(
                key=flag.key,
                version=flag.version,
                definition=flag.definition,
                is_killed=flag.is_killed,
                reason=reason,
                changed_by=flag.changed_by,
                changed_at=flag.updated_at,
            )
        )
        self._trail.record(
            action,
            caller,
            target=flag.key,
            target_type="flag",
            before=before,
            after={"definition": flag.definition, "is_killed": flag.is_killed},
            reason=reason,
        )
        self._tell()
        return FlagRead.model_validate(flag)


class FlagBoard:
    """Every flag in memory, read anew when one changes; thread-safe; counts what it answers."""

    def __init__(self, sessions: sessionmaker[Session], feed: Feed, environment: str) -> None:
        self._sessions = sessions
        self._feed = feed
        self._environment = environment
        self._lock = threading.Lock()
        self._seen = -1
        self._flags: dict[str, CompiledFlag] = {}
        self._uses: Counter[tuple[str, date, str]] = Counter()

    def flags(self) -> Mapping[str, CompiledFlag]:
        """Return the flags as they are now, by key."""
        count = self._feed.count(TOPIC)
        with self._lock:
            if self._seen == count:
                return self._flags
        with transaction(self._sessions) as session:
            rows = FlagRepository(session).list()
        flags = {row.key: _compiled(row) for row in rows}
        with self._lock:
            self._flags, self._seen = flags, count
        return flags

    def evaluate(self, key: str, context: Mapping[str, Any], *, may_see_all: bool) -> Answer:
        """Return what one flag answers.

        Raises: FlagNotFound, also for a flag that this caller may not see; TargetingKeyMissing.
        """
        flag = self.flags().get(key)
        if flag is None or not (may_see_all or flag.is_public):
            raise FlagNotFound(f"no flag {key!r}")
        answer = evaluate(flag, context, self._environment)
        self._count(answer)
        return answer

    def visible(self, *, may_see_all: bool) -> list[CompiledFlag]:
        """Return the flags that a caller may see, by key."""
        return [flag for flag in self.flags().values() if may_see_all or flag.is_public]

    def answer(self, flag: CompiledFlag, context: Mapping[str, Any]) -> Answer:
        """Return what a flag answers, counting it.

        Raises: TargetingKeyMissing.
        """
        answer = evaluate(flag, context, self._environment)
        self._count(answer)
        return answer

    def write_uses(self) -> int:
        """Write down how often each variant was answered since the last time and return how many kinds."""
        with self._lock:
            uses, self._uses = self._uses, Counter()
        if uses:
            with transaction(self._sessions) as session:
                FlagRepository(session).count_uses((*use, count) for use, count in uses.items())
        return len(uses)

    def _count(self, answer: Answer) -> None:
        with self._lock:
            self._uses[answer.key, utc_now().date(), answer.variant] += 1


def _compiled(row: Flag) -> CompiledFlag:
    definition = FlagDefinition.model_validate(row.definition)
    return CompiledFlag(row.key, definition, row.is_killed, row.is_public, row.salt, row.version)


def build(session: Session, resources: Resources) -> FlagService:
    """Return the service for one transaction."""
    trail = build_trail(session, resources)
    return FlagService(FlagRepository(session), trail, lambda: announce(session, TOPIC))


def open_flag_board(resources: Resources) -> None:
    """Make the process's board of flags."""
    feed = resources.get(Feed)
    resources.put(FlagBoard(resources.sessionmaker, feed, resources.settings.environment))
