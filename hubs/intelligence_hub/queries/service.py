"""Saved queries: tried before they are kept, run with checked values, remembered for a while."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from hubs.intelligence_hub.queries.errors import BadStatement, QueryExists, QueryNotFound
from hubs.intelligence_hub.queries.models import SavedQuery
from hubs.intelligence_hub.queries.reader import StatementReader
from hubs.intelligence_hub.queries.repository import QueryRepository
from hubs.intelligence_hub.queries.schemas import (
    Parameter,
    QueryCreate,
    QueryRead,
    QueryResult,
    QueryWrite,
    typed,
)
from shared.app import Resources
from shared.cache import Cache
from shared.core.clock import utc_now
from shared.core.errors import Invalid
from shared.http.json import dumps

_SAMPLES = {"integer": "1", "number": "1", "date": "2020-01-01", "boolean": "true", "text": ""}


class QueryService:
    """Keeps and runs saved queries."""

    def __init__(
        self,
        repository: QueryRepository,
        reader: StatementReader,
        cache: Cache,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._repository = repository
        self._reader = reader
        self._cache = cache
        self._now = now

    def list(self) -> list[QueryRead]:
        """Return the saved queries."""
        return [QueryRead.model_validate(row) for row in self._repository.list()]

    def get(self, name: str) -> QueryRead:
        """Return a saved query.

        Raises: QueryNotFound.
        """
        return QueryRead.model_validate(self._row(name))

    def create(self, form: QueryCreate, author: str) -> QueryRead:
        """Keep a new query once it was seen to run.

        Raises: QueryExists, BadStatement, QueryTimeout.
        """
        if self._repository.find(form.name) is not None:
            raise QueryExists(f"there is a query {form.name!r} already")
        self._try(form)
        row = {**form.model_dump(), "version": 1, "author": author, "updated_at": self._now()}
        return QueryRead.model_validate(self._repository.add(row))

    def update(self, name: str, form: QueryWrite, author: str) -> QueryRead:
        """Keep another text of a query once it was seen to run.

        Raises: QueryNotFound, BadStatement, QueryTimeout.
        """
        row = self._row(name)
        self._try(form)
        for field, value in form.model_dump().items():
            setattr(row, field, value)
        row.version, row.author, row.updated_at = row.version + 1, author, self._now()
        return QueryRead.model_validate(row)

    def delete(self, name: str) -> None:
        """Remove a query.

        Raises: QueryNotFound.
        """
        self._repository.delete(self._row(name).name)

    def run(self, name: str, given: Mapping[str, str], *, is_fresh: bool = False) -> QueryResult:
        """Return the rows for some values, computed now or lately.

        Raises: QueryNotFound; Invalid for a value that does not fit; BadStatement, QueryTimeout.
        """
        query = self.get(name)
        values = _values(query.parameters, given)
        shown = {key: str(value) for key, value in values.items()}
        # With the text: under the same name there may have been another query before.
        digest = hashlib.sha256(
            dumps([name, query.version, query.updated_at, query.statement, sorted(shown.items())])
        ).hexdigest()
        held = None if is_fresh or not query.max_age_s else self._cache.get(digest)
        if held is None:
            columns, rows, taken = self._reader.run(
                query.statement, values, query.row_limit, query.timeout_ms
            )
            held = {
                "name": name,
                "version": query.version,
                "parameters": shown,
                "columns": columns,
                "rows": rows[: query.row_limit],
                "is_cut": len(rows) > query.row_limit,
                "computed_at": self._now().isoformat(),
                "duration_ms": round(taken, 1),
            }
            if query.max_age_s:
                self._cache.set(digest, held, ttl=query.max_age_s)
        age = (self._now() - datetime.fromisoformat(held["computed_at"])).total_seconds()
        return QueryResult.model_validate({**held, "age_s": round(max(0.0, age), 3)})

    def _try(self, form: QueryWrite) -> None:
        named = set(text(form.statement).compile().params)
        declared = {parameter.name for parameter in form.parameters}
        if named - declared:
            raise BadStatement(f"the statement names :{sorted(named - declared)[0]}, which is no parameter")
        if declared - named:
            raise BadStatement(f"the statement does not use :{sorted(declared - named)[0]}")
        if ";" in re.sub(r"'(?:[^']|'')*'", "", form.statement).rstrip().rstrip(";"):
            raise BadStatement("one statement at a time")
        given = {p.name: p.default if p.default is not None else _SAMPLES[p.type] for p in form.parameters}
        self._reader.run(form.statement, _values(form.parameters, given), form.row_limit, form.timeout_ms)

    def _row(self, name: str) -> SavedQuery:
        row = self._repository.find(name)
        if row is None:
            raise QueryNotFound(f"no saved query {name!r}")
        return row


def _values(parameters: list[Parameter], given: Mapping[str, str]) -> dict[str, Any]:
    known = {parameter.name: parameter for parameter in parameters}
    for name in given:
        if name not in known:
            raise Invalid(f"there is no parameter {name[:80]!r}", known=sorted(known))
    values = {}
    for name, parameter in known.items():
        raw = given.get(name, parameter.default)
        if raw is None:
            raise Invalid(f"the parameter {name!r} is needed")
        if len(raw) > 1_000 or "\x00" in raw:
            raise Invalid(f"{name}: too long, or not text")
        try:
            values[name] = typed(parameter, raw)
        except (ValueError, OverflowError) as error:
            raise Invalid(f"{name}: {error}") from error
    return values


def build(session: Session, resources: Resources) -> QueryService:
    """Return the service for one transaction."""
    return QueryService(
        QueryRepository(session), resources.get(StatementReader), resources.cache.namespace("queries")
    )


def open_queries(resources: Resources) -> None:
    """Make the reader; it connects at first use."""
    reader = StatementReader(resources.settings)
    resources.put(reader)
    resources.stack.callback(reader.close)
