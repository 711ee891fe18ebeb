"""Writing an answer down: a page of records in the format that was asked for, conditional on what is held."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi import Query, Request
from starlette.responses import Response

from hubs.data_hub.database.service.formats import MEDIA_TYPES, RecordWriter, popolo
from hubs.data_hub.database.service.reading import RecordPage
from shared.http.conditional import conditional
from shared.http.json import dumps

FORMAT = Query(
    pattern="^(json|csv|ndjson|popolo)?$", description="json, csv, ndjson or popolo; else by Accept"
)


def next_url(request: Request, cursor: str | None) -> str | None:
    """Return the URL of the page after this one."""
    if cursor is None:
        return None
    pairs = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f"{request.url.path}?{urlencode([*pairs, ('cursor', cursor)])}"


def following_url(request: Request, offset: int) -> str:
    """Return the URL of the same listing from an offset on."""
    pairs = [(name, value) for name, value in request.query_params.multi_items() if name != "offset"]
    return f"{request.url.path}?{urlencode([*pairs, ('offset', offset)])}"


def file_headers(page: RecordPage, chosen: str, name: str) -> dict[str, str]:
    """Return the headers of a listing that is kept as a file: its name, and how fresh it is."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.{chosen}"'}
    if page.freshness.as_of:
        headers["X-As-Of"] = page.freshness.as_of.isoformat()
        headers["X-Stale"] = "true" if page.freshness.stale else "false"
    return headers


def answer_page(request: Request, page: RecordPage, chosen: str, name: str, kind: str = "") -> Response:
    """Answer a page in a format, with its Link header, ETag and, for a table, a file name."""
    following = next_url(request, page.next_cursor)
    headers = {"Link": f'<{following}>; rel="next"'} if following else {}
    if chosen in ("csv", "ndjson"):
        lang = request.query_params.get("lang", "")
        headers |= file_headers(page, chosen, name)
        body = RecordWriter(chosen, lang).write(page.records)
        return conditional(request, body, MEDIA_TYPES[chosen], headers=headers)
    records: Any = popolo(list(page.records), kind) if chosen == "popolo" else page.records
    # Not through the page's model: that would copy every record, field by field.
    answer = {
        "data": records,
        "next": following,
        "previous": None,
        "meta": {"freshness": page.freshness.model_dump(), "total": page.total},
    }
    return conditional(request, dumps(answer), headers=headers)
