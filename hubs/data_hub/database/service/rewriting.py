"""Rewriting one record by a human's decision: with history, change feed and event, as a load would."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hubs.data_hub.database.repository.curation import CurationRepository
from hubs.data_hub.database.repository.ledger import LedgerRepository
from hubs.data_hub.database.repository.loading import LoadingRepository
from hubs.data_hub.database.service.announcing import Announcer
from hubs.data_hub.database.service.differing import field_changes
from hubs.data_hub.database.service.projection import project

Row = dict[str, Any]
SOURCE = "curation"


class Rewriter:
    """Writes decisions into rows."""

    def __init__(
        self,
        curation: CurationRepository,
        loading: LoadingRepository,
        ledger: LedgerRepository,
        announcer: Announcer,
    ) -> None:
        self._curation = curation
        self._loading = loading
        self._ledger = ledger
        self._announcer = announcer

    def rewrite(self, kind: str, row: Mapping[str, Any], facts: Row, at: datetime) -> bool:
        """Give a row other facts; tell whether anything changed."""
        changes = field_changes(row["facts"], facts)
        if not changes:
            return False
        columns = {name: value for name, value in project(kind, facts).items() if name in row}
        if kind == "vote_event":
            # Worked out from the ballots, which this does not touch.
            for name in (
                "yes_count",
                "no_count",
                "paired_count",
                "ballot_count",
                "party_lines",
                "is_consistent",
            ):
                columns.pop(name, None)
            columns.pop("ballots_hash", None)
        self._curation.set_columns(kind, row["id"], {**columns, "facts": facts, "updated_at": at})
        self.keep(kind, row, at)
        self.tell(kind, {**row, **columns}, "update", changes, at)
        return True

    def keep(self, kind: str, row: Mapping[str, Any], at: datetime) -> None:
        """Keep the state that a row leaves."""
        self._loading.insert_revisions(
            [
                {
                    "kind": kind,
                    "record_id": row["id"],
                    "key": row["key"],
                    "recorded_from": row["updated_at"],
                    "recorded_to": at,
                    "was_deleted": row["deleted_at"] is not None,
                    "facts": row["facts"],
                    "ballots": None,
                    "documents": self._ledger.documents_of([row["id"]]).get(row["id"], []),
                }
            ]
        )

    def tell(
        self, kind: str, row: Mapping[str, Any], change: str, fields: dict[str, list[Any]], at: datetime
    ) -> None:
        """Put a change into the feed and the outbox."""
        entry = {
            "kind": kind,
            "record_id": row["id"],
            "key": row["key"],
            "change": change,
            "jurisdiction": row["jurisdiction"],
            "title_en": row["title_en"],
            "title_fr": row["title_fr"],
            "fields": fields,
        }
        self._announcer.announce(kind, [entry], None, SOURCE, at)
