"""data_hub as other hubs see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

from orjson import Fragment

from shared.clients.base import HubClient
from shared.contracts.http.ingest import (
    CloseRun,
    CloseRunReport,
    CompareBatch,
    CompareReport,
    RevertReport,
    RevertRun,
    SourceCounts,
    SourceKeys,
    UpsertBatch,
    UpsertReport,
)
from shared.core.errors import NotFound
from shared.core.ids import new_id

_LOAD_TIMEOUT_S = 60.0


class DataHubClient(HubClient):
    """The canonical record: batches in, records out."""

    def upsert(self, batch: UpsertBatch, idempotency_key: str) -> UpsertReport:
        """Load one batch; the same key twice changes nothing and answers the same."""
        return self._upsert(batch, idempotency_key)

    def upsert_encoded(
        self, head: Mapping[str, Any], bodies: Sequence[bytes], idempotency_key: str
    ) -> UpsertReport:
        """Load one batch whose records are JSON bytes; ``head`` holds its other fields."""
        return self._upsert({**head, "records": [Fragment(body) for body in bodies]}, idempotency_key)

    def compare(self, batch: CompareBatch) -> CompareReport:
        """Tell what records would be inserted and changed; doing it twice is doing it once."""
        # A key of its own each time, only so that the call is known to be safe to repeat.
        answer = self.request(
            "POST",
            "/api/v1/batches/compare",
            json=batch,
            idempotency_key=new_id(),
            timeout_s=_LOAD_TIMEOUT_S,
        )
        return CompareReport.model_validate(answer)

    def _upsert(self, batch: object, idempotency_key: str) -> UpsertReport:
        answer = self.request(
            "POST", "/api/v1/batches", json=batch, idempotency_key=idempotency_key, timeout_s=_LOAD_TIMEOUT_S
        )
        return UpsertReport.model_validate(answer)

    def close_run(self, close: CloseRun) -> CloseRunReport:
        """Mark as gone what a complete run no longer saw."""
        answer = self.request(
            "POST",
            "/api/v1/runs/close",
            json=close,
            idempotency_key=f"close:{close.run_id}",
            timeout_s=_LOAD_TIMEOUT_S,
        )
        return CloseRunReport.model_validate(answer)

    def revert_run(self, run_id: UUID, source_id: str, earlier: Sequence[UUID] = ()) -> RevertReport:
        """Take back what a run and earlier ones changed; doing it twice is doing it once."""
        answer = self.request(
            "POST",
            "/api/v1/runs/revert",
            json=RevertRun(run_id=run_id, source_id=source_id, earlier=tuple(earlier)),
            idempotency_key=f"revert:{run_id}",
            timeout_s=_LOAD_TIMEOUT_S,
        )
        return RevertReport.model_validate(answer)

    def source_counts(self, source_id: str) -> SourceCounts:
        """Return how many live rows of each kind came from a source."""
        return SourceCounts.model_validate(
            self.request("GET", "/api/v1/source-counts", params={"source_id": source_id})
        )

    def source_keys(self, source_id: str, kind: str, prefix: str = "") -> Iterator[str]:
        """Yield the keys under a prefix that only this source names."""
        after = ""
        while True:
            page = SourceKeys.model_validate(
                self.request(
                    "GET",
                    "/api/v1/source-keys",
                    params={"source_id": source_id, "kind": kind, "prefix": prefix, "after": after},
                )
            )
            yield from page.keys
            if not page.after:
                return
            after = page.after

    def list(self, collection: str, **params: Any) -> dict[str, Any]:
        """Return one page of a collection such as ``bills``."""
        answer: dict[str, Any] = self.request("GET", f"/api/v1/{collection}", params=params)
        return answer

    def get(self, collection: str, item: UUID | str, **params: Any) -> dict[str, Any]:
        """Return one item.

        Raises: NotFound.
        """
        # Whatever a caller was given as a name stays one segment: it never climbs into another collection.
        name = quote(str(item), safe="")
        if not name.strip("."):
            raise NotFound(f"no record answers to {str(item)!r}")
        answer: dict[str, Any] = self.request("GET", f"/api/v1/{collection}/{name}", params=params)
        return answer

    def search(self, **params: Any) -> dict[str, Any]:
        """Run a search."""
        answer: dict[str, Any] = self.request("GET", "/api/v1/search", params=params)
        return answer

    def changes(self, after: str | int, limit: int = 500, **params: Any) -> dict[str, Any]:
        """Return what changed after a position of the change feed."""
        answer: dict[str, Any] = self.request(
            "GET", "/api/v1/changes", params={"after": after, "limit": limit, **params}
        )
        return answer
