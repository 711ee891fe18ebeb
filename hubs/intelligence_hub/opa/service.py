"""Decisions: asked of the engine, timed, logged with masked inputs, replayed against candidates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from hubs.intelligence_hub.opa.checking import try_policies
from hubs.intelligence_hub.opa.engine import MISSING, Answer, PolicyEngine
from hubs.intelligence_hub.opa.errors import BadQuery, EngineAway, EngineTimeout, EvaluationFailed
from hubs.intelligence_hub.opa.logbook import Logbook, Made
from hubs.intelligence_hub.opa.masking import masked
from hubs.intelligence_hub.opa.repository import DecisionRepository
from hubs.intelligence_hub.opa.schemas import ReplayCreate, ReplayDifference, ReplayReport
from shared.core.clock import utc_now
from shared.core.ids import new_text_id
from shared.logging import trace_id_var

BUNDLE = "platform"
"""The bundle of security_hub that holds every policy in force."""


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer with its id."""

    decision_id: str
    path: tuple[str, ...]
    answer: Answer

    def shown(self) -> dict[str, Any]:
        """Return it in OPA's shape: what is undefined has no result."""
        if self.answer.is_defined:
            return {"decision_id": self.decision_id, "result": self.answer.value}
        return {"decision_id": self.decision_id}


class DecisionService:
    """Asks the engine and keeps what it said."""

    def __init__(self, engine: PolicyEngine, logbook: Logbook) -> None:
        self.engine = engine
        self._logbook = logbook

    async def ask(self, path: str, question: Any, requested_by: str) -> Decision:
        """Return the document at a path for an input.

        Raises: BadQuery, EvaluationFailed, EngineAway, EngineTimeout. Whoever asks must take each as no.
        """
        parts = parts_of(path)
        try:
            answer = await self.engine.ask(parts, question)
        except (BadQuery, EvaluationFailed, EngineAway, EngineTimeout):
            self._logbook.failed()
            raise
        return self._kept(parts, answer, question, requested_by)

    async def query(self, text: str, question: Any) -> dict[str, Any]:
        """Return the bindings of an ad-hoc query, in OPA's shape.

        Raises: NotOffered for what the embedded engine does not compile from a stranger's text,
        EngineTimeout.
        """
        return await self.engine.query(text, question)

    def _kept(self, parts: tuple[str, ...], answer: Answer, question: Any, requested_by: str) -> Decision:
        decision = Decision(new_text_id(), parts, answer)
        has_input = question is not MISSING
        made = Made(
            decision.decision_id, parts, answer, question if has_input else None, has_input, requested_by,
            utc_now(), trace_id_var.get(),
        )  # fmt: skip
        self._logbook.note(made)
        return decision


def parts_of(path: str) -> tuple[str, ...]:
    """Return the names in a document's path."""
    return tuple(part for part in path.split("/") if part)


def take_opa_log(session: Session, entries: list[Any]) -> int:
    """Keep what an OPA reports of its own decisions; return how many were new.

    Raises: BadQuery when an entry is not one of OPA's.
    """
    return DecisionRepository(session).add([_row(entry) for entry in entries])


def _row(entry: Any) -> dict[str, Any]:
    try:
        kept, erased = masked(entry["input"]) if "input" in entry else (None, [])
        bundles = entry.get("bundles") or {}
        return {
            "source": str(entry["labels"]["id"])[:200],
            "decision_id": str(entry["decision_id"])[:200],
            "path": str(entry.get("path") or entry.get("query") or "").strip("/")[:500],
            "made_at": _moment(str(entry["timestamp"])),
            "input": kept,
            "result": entry.get("result"),
            "is_defined": "result" in entry,
            "erased": [*entry.get("erased", []), *erased],
            "requested_by": str(entry.get("requested_by", ""))[:200],
            "revision": ",".join(str(b.get("revision", "")) for b in bundles.values())[:200],
            "duration_ms": float(entry.get("metrics", {}).get("timer_server_handler_ns", 0)) / 1e6,
            "trace_id": str(entry.get("trace_id", ""))[:64],
        }
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadQuery(f"not an entry of OPA's decision log: {error}") from error


def _moment(text: str) -> datetime:
    # Nanoseconds are more than a datetime holds.
    head, dot, rest = text.rstrip("Z").partition(".")
    fraction = rest[:6] if dot else ""
    return datetime.fromisoformat(f"{head}{dot}{fraction}").replace(tzinfo=UTC)


def replay(session: Session, create: ReplayCreate, data: dict[str, Any]) -> ReplayReport:
    """Ask a candidate what was asked before and report where it would have said something else.

    Raises: BadPolicy when the candidate does not compile, crashes or runs away.
    """
    rows = DecisionRepository(session).latest(create.limit)
    questions = [
        {"path": row.path.split("/"), **({"input": row.input} if row.input is not None else {})}
        for row in rows
    ]
    answers = try_policies(create.modules, data, questions)
    differences = []
    for row, answer in zip(rows, answers, strict=True):
        before = row.result if row.is_defined else None
        after = answer.get("value") if answer.get("is_defined") else None
        if before != after:
            differences.append(
                ReplayDifference(decision_id=row.decision_id, path=row.path, before=before, after=after)
            )
    return ReplayReport(replayed=len(rows), changed=len(differences), differences=differences[:200])
