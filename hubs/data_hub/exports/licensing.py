"""What the policies in force say of licences: what an export leaves out, and which fields it empties.

Asked once per licence when a build begins; a licence that nobody was asked about is withheld.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

Record = dict[str, Any]
Terms = dict[str, dict[str, Any]]
"""By licence: ``{"reason": why it is withheld, or empty, "hidden": names of fields}``."""
Decide = Callable[[str, Sequence[Any]], list[Any]]
"""Return what a document of the policies says of each input; raises AppError."""
_ANYBODY = {"id": "", "kind": "anonymous", "client_id": "", "roles": [], "scopes": []}


def ask_terms(decide: Decide, document: str, licences: Sequence[str]) -> Terms:
    """Return the terms of each licence, and of records without one, for whoever fetches an export.

    Raises: AppError of intelligence_hub; nothing may be exported then.
    """
    asked = sorted({"", *licences})
    inputs = [{"subject": _ANYBODY, "record": {"licence": licence}, "purpose": "export"} for licence in asked]
    return {licence: _terms(said) for licence, said in zip(asked, decide(document, inputs), strict=True)}


def _terms(said: Any) -> dict[str, Any]:
    said = said if isinstance(said, dict) else {}
    hidden = said.get("hidden_fields")
    reason = "" if said.get("may_export") is True else str(said.get("export_reason") or "no policy allows it")
    return {"reason": reason, "hidden": hidden if isinstance(hidden, list) else []}


class Admission:
    """Applies terms to records and keeps account of what was left out; no terms: everything passes."""

    def __init__(self, terms: Terms | None) -> None:
        self._terms = terms
        self._left_out: Counter[tuple[str, str]] = Counter()
        self._hidden: set[str] = set()
        self.keys: set[str] = set()
        """Keys of the records that were left out."""

    def admit(self, records: Sequence[Record]) -> list[Record]:
        """Return the records that may be exported, without the fields that are hidden."""
        if self._terms is None:
            return list(records)
        found = []
        for record in records:
            licence, reason = self._obstacle(record)
            if reason:
                self._left_out[licence, reason] += 1
                self.keys.add(record["key"])
            else:
                found.append(self._shown(record))
        return found

    def admit_change(self, change: Record) -> Record:
        """Return an entry of the feed; without the record when that may not be exported."""
        record = change["record"]
        if self._terms is None or record is None:
            return change
        if self._obstacle(record)[1]:
            # A vote that may not be exported takes its ballots with it.
            return {**change, "record": None, **({"ballots": []} if "ballots" in change else {})}
        return {**change, "record": self._shown(record)}

    def account(self) -> Record:
        """Return what a manifest says of it."""
        return {
            "withheld": [
                {"licence": licence, "reason": reason, "records": count}
                for (licence, reason), count in sorted(self._left_out.items())
            ],
            "hidden_fields": sorted(self._hidden),
        }

    def _obstacle(self, record: Record) -> tuple[str, str]:
        """Return the first licence of a record's sources that forbids it, and why."""
        assert self._terms is not None
        for licence in _licences(record):
            terms = self._terms.get(licence)
            reason = "its licence was not asked about" if terms is None else terms["reason"]
            if reason:
                return licence, reason
        return "", ""

    def _shown(self, record: Record) -> Record:
        assert self._terms is not None
        hidden = {name for licence in _licences(record) for name in self._terms[licence]["hidden"]}
        hidden &= record.keys() - {"id", "key", "sources"}
        if not hidden:
            return record
        self._hidden |= hidden
        return {name: None if name in hidden else value for name, value in record.items()}


def _licences(record: Record) -> list[str]:
    """Return the licences that its sources state; one that is empty when none does."""
    stated = dict.fromkeys(source["licence"] for source in record["sources"] if source["licence"])
    return list(stated) or [""]
