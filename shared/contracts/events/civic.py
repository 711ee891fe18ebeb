"""Events of the canonical record: what changed in it, in commit order."""

from __future__ import annotations

from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.contracts.envelope import Event


class RecordChange(BaseModel):
    """One row that changed; ``fields`` maps a field to its values before and after."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: UUID
    key: str
    change: Literal["insert", "update", "tombstone", "revive", "merge"]
    jurisdiction: str
    title_en: str = ""
    title_fr: str = ""
    fields: dict[str, tuple[Any, Any]] = {}


class RecordsChanged(Event):
    """Base: rows of one kind changed in one transaction (at most 500 a message)."""

    kind: ClassVar[str] = ""
    run_id: UUID | None = None
    source_id: str = ""
    changes: tuple[RecordChange, ...]


def _define(kind: str, name: str) -> type[RecordsChanged]:
    return type(
        name,
        (RecordsChanged,),
        {
            "__module__": __name__,
            "__doc__": f"Rows of kind {kind} changed.",
            "__annotations__": {"topic": ClassVar[str], "kind": ClassVar[str]},
            "topic": f"civic.{kind}.changed.v1",
            "kind": kind,
        },
    )


CHANGED_CLASSES: dict[str, type[RecordsChanged]] = {
    kind: _define(kind, f"{''.join(p.title() for p in kind.split('_'))}ChangedV1")
    for kind in (
        "jurisdiction",
        "division",
        "session",
        "organization",
        "post",
        "person",
        "membership",
        "election",
        "candidacy",
        "bill",
        "bill_text",
        "event",
        "vote_event",
        "debate",
        "speech",
        "document",
    )
}
