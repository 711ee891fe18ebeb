"""Corrections: a field that a human sets stays so, whatever the sources say, until it is withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from hubs.data_hub.database.errors import CorrectionRefused, RecordNotFound
from hubs.data_hub.database.repository.curation import CurationRepository
from hubs.data_hub.database.service.rewriting import Rewriter
from shared.contracts.records import record_class
from shared.core.clock import utc_now

_NEVER = frozenset({"key", "jurisdiction", "sources", "ballots"})


class CorrectingService:
    """Sets and withdraws corrections."""

    def __init__(self, curation: CurationRepository, rewriter: Rewriter) -> None:
        self._curation = curation
        self._rewriter = rewriter

    def correct(
        self, kind: str, record_id: UUID, field: str, value: Any, *, actor: str, reason: str, source_url: str
    ) -> int:
        """Set a field of a record by hand and return the number of the correction.

        Raises: RecordNotFound; CorrectionRefused when the record has no such field or the value does not fit.
        """
        row = self._curation.lock(kind, record_id)
        if row is None:
            raise RecordNotFound("no such record")
        facts = dict(row["facts"])
        if field in _NEVER or field not in facts:
            known = sorted(set(facts) - _NEVER)
            raise CorrectionRefused(
                f"this record has no field {field[:80]!r} that can be corrected", known=known
            )
        checked = self._checked(kind, facts, field, value)
        before = self._curation.in_force(kind, row["key"], field)
        at = utc_now()
        number = self._curation.set_correction(
            {
                "kind": kind,
                "record_key": row["key"],
                "field": field,
                "value": checked,
                "source_value": before["source_value"] if before else facts[field],
                "reason": reason,
                "source_url": source_url,
                "actor": actor,
                "created_at": at,
            }
        )
        self._rewriter.rewrite(kind, row, facts | {field: checked}, at)
        return number

    def withdraw(self, number: int, actor: str) -> None:
        """Let a field be what the sources say again.

        Raises: RecordNotFound when no correction of that number is in force.
        """
        found = self._curation.find_correction(number)
        if found is None or found["withdrawn_at"] is not None:
            raise RecordNotFound(f"no correction {number} is in force")
        at = utc_now()
        self._curation.withdraw(number, at, actor)
        for row in self._curation.rows_by_key(found["kind"], [found["record_key"]]):
            self._rewriter.rewrite(
                found["kind"], row, dict(row["facts"]) | {found["field"]: found["source_value"]}, at
            )

    def list(
        self, kind: str, key: str, limit: int, offset: int, *, all_of_them: bool
    ) -> list[Mapping[str, Any]]:
        """Return corrections, newest first; withdrawn ones on request."""
        return self._curation.corrections(kind, key, limit, offset, all_of_them=all_of_them)

    def _checked(self, kind: str, facts: dict[str, Any], field: str, value: Any) -> Any:
        try:
            # Ballots are kept apart and are optional in the contract.
            record = record_class(kind).model_validate(facts | {field: value})
        except ValidationError as error:
            raise CorrectionRefused(f"{field}: {error.errors()[0]['msg']}") from error
        return record.facts()[field]
