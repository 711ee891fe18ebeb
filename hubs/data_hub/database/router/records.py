"""Reading the civic record: ``/api/v1/<collection>`` and ``/api/v1/<collection>/<id, slug or key>``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from hubs.data_hub.database.dependencies import ReadingDep, TransactionsDep, WholeDep
from hubs.data_hub.database.router.whole import answer_whole
from hubs.data_hub.database.router.writing import answer_page
from hubs.data_hub.database.schemas import OPERATORS, Collection, ItemQuery
from hubs.data_hub.database.service.asking import filters_of, read_includes, read_query, sound_moment
from hubs.data_hub.database.service.collections import COLLECTIONS, url_of
from hubs.data_hub.database.service.formats import negotiate
from hubs.data_hub.database.service.popolo import as_popolo
from hubs.data_hub.database.service.reading import Moved, RecordPage
from shared.auth import Public
from shared.core.errors import Invalid
from shared.http.conditional import conditional
from shared.http.json import dumps


def _list_endpoint(collection: Collection) -> Callable[..., Response]:
    def list_records(
        request: Request, _: Public, service: ReadingDep, transactions: TransactionsDep, whole: WholeDep
    ) -> Response:
        query = read_query(collection, request.query_params.multi_items())
        chosen = negotiate(query.format, request.headers.get("accept", ""))
        _refuse_of_popolo(chosen, query.lang, query.fields)
        page = service.list(collection, query)
        if query.is_whole:

            def read_page(cursor: str) -> RecordPage:
                with transactions.reading() as reading:
                    return reading.list(collection, replace(query, cursor=cursor, wants_total=False))

            return answer_whole(whole, page, read_page, chosen, collection.path, query.lang)
        return answer_page(request, page, chosen, collection.path, collection.kind)

    return list_records


def _refuse_of_popolo(chosen: str, lang: str, fields: Sequence[str]) -> None:
    if chosen == "popolo" and (lang or fields):
        raise Invalid("format=popolo has fields of its own; leave out lang and fields")


def _detail_endpoint(collection: Collection) -> Callable[..., Response]:
    def get_record(
        request: Request,
        item: str,
        _: Public,
        service: ReadingDep,
        include: Annotated[str | None, Query(max_length=500)] = None,
        fields: Annotated[str, Query(max_length=2_000)] = "",
        lang: Annotated[str, Query(pattern="^(en|fr)?$")] = "",
        as_of: Annotated[date | None, Query(description="a day: as things stood then")] = None,
        recorded_at: Annotated[
            datetime | None, Query(description="a moment: as this record said then")
        ] = None,
        format: Annotated[str, Query(pattern="^(json|popolo)?$")] = "",
    ) -> Response:
        if "\x00" in item:
            raise Invalid("a name contains no NUL character")
        _refuse_of_popolo(format, lang, [fields] if fields else [])
        chosen = None if include is None else read_includes(collection, include, is_item=True)
        asked = ItemQuery(
            includes=chosen,
            lang=lang,
            fields=tuple(f for f in fields.split(",") if f),
            on=as_of,
            recorded_at=sound_moment("recorded_at", recorded_at),
        )
        found = service.get(collection, item, asked)
        if isinstance(found, Moved):
            query = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(url_of(collection.kind, found.record_id) + query, status_code=308)
        status = 410 if "deleted_at" in found else 200
        shown = as_popolo(collection.kind, found) if format == "popolo" else found
        response = conditional(request, dumps(shown))
        if status == 410 and response.status_code == 200:
            response.status_code = 410
        return response

    return get_record


def _list_parameters(collection: Collection) -> list[dict[str, Any]]:
    described = {
        "limit": "rows a page, 1 to 500; all: everything in one answer, as csv or ndjson",
        "cursor": "where the last page stopped; from its `next`",
        "sort": f"one of {', '.join(sorted(collection.sorts))}; - for descending",
        "include": f"related records: {', '.join(collection.includes) or 'none here'}",
        "fields": "top-level fields to show, separated by commas",
        "lang": "en or fr: one value in place of each pair",
        "total": "true: count all rows exactly",
        "deleted": "no, only or all: tombstones",
        "as_of": "a date: what was in force then",
        "current": "true: what is in force today",
        "recorded_at": "a moment: what this record said then",
        "updated_since": "a moment: rows changed since",
        "identifier": "scheme:value of another system",
        "format": "json, csv, ndjson or popolo",
    }
    parameters = [
        {"name": name, "in": "query", "required": False, "description": text, "schema": {"type": "string"}}
        for name, text in described.items()
    ]
    for name, declared in filters_of(collection).items():
        operators = ", ".join(f"{name}__{op}" for op in OPERATORS[declared.type] if op != "exact")
        parameters.append(
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": f"{declared.type}; also {operators}" if operators else declared.type,
                "schema": {"type": "string"},
            }
        )
    return parameters


def build_router() -> APIRouter:
    """Return the routes of every collection."""
    router = APIRouter(prefix="/api/v1", tags=["record"])
    for collection in COLLECTIONS:
        extra = {"x-open-query": True, "parameters": _list_parameters(collection)}
        router.add_api_route(
            f"/{collection.path}",
            _list_endpoint(collection),
            methods=["GET"],
            name=f"list_{collection.path}",
            summary=f"List {collection.path}",
            openapi_extra=extra,
            response_class=Response,
        )
        router.add_api_route(
            f"/{collection.path}/{{item:path}}",
            _detail_endpoint(collection),
            methods=["GET"],
            name=f"get_{collection.path}",
            summary=f"Read one {collection.singular} by id, slug or key",
            response_class=Response,
        )
    return router


__all__ = ["build_router"]
