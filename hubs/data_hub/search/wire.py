"""What the hub and its search process say to each other, and how it is written."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, NamedTuple

import orjson

from hubs.data_hub.search.errors import QueryRefused
from hubs.data_hub.search.querying import Filters

Sort = Literal["relevance", "date", "-date"]
FRAME = struct.Struct("!I")
"""Every question and every answer follows its length in bytes."""
_FOUND = struct.Struct("!QI")
MAX_FRAME = 2**28


@dataclass(frozen=True)
class IndexState:
    """Which index is asked, and which of its commits must be seen at least."""

    generation: str
    """Name of its folder."""
    position: int
    is_rebuilding: bool


@dataclass(frozen=True)
class SearchRequest:
    """One search as asked for."""

    text: str
    filters: Filters
    lang: str = ""
    sort: Sort = "relevance"
    limit: int = 20
    offset: int = 0
    wants_facets: bool = True
    wants_snippets: bool = True


@dataclass(frozen=True)
class SuggestRequest:
    """What was typed so far, and how many completions are wanted."""

    text: str
    limit: int


@dataclass(frozen=True)
class Found:
    """One page of hits as JSON, and what is known about all of them together.

    ``meta`` holds total, facets, did_you_mean, shortcut, position (of the change feed that the index has
    reached), is_rebuilding and took_ms.
    """

    total: int
    data: bytes
    """An array."""
    meta: bytes
    """An object."""


class NoIndex(Exception):
    """The search process cannot open the index that it is asked about."""


class SearchFailed(Exception):
    """The search process met something unforeseen; the message is its traceback."""


def question(state: IndexState, request: SearchRequest | SuggestRequest, *, is_alone: bool = False) -> bytes:
    """Write a question; ``is_alone`` when none but this one is being answered."""
    kind = "search" if isinstance(request, SearchRequest) else "suggest"
    return orjson.dumps({"state": state, "is_alone": is_alone, kind: request})


class Asked(NamedTuple):
    """A question as it was read."""

    state: IndexState
    is_alone: bool
    request: SearchRequest | SuggestRequest


def read_question(body: bytes) -> Asked:
    """Read a question."""
    said = orjson.loads(body)
    state, is_alone = IndexState(**said["state"]), said["is_alone"]
    if "suggest" in said:
        return Asked(state, is_alone, SuggestRequest(**said["suggest"]))
    asked = said["search"]
    filters = _filters(asked["filters"])
    return Asked(state, is_alone, SearchRequest(**{**asked, "filters": filters}))


def _filters(said: dict[str, Any]) -> Filters:
    read: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in said.items()
    }
    for name in ("date_from", "date_to"):
        read[name] = date.fromisoformat(read[name]) if read[name] else None
    return Filters(**read)


def answer(found: Found) -> bytes:
    """Write what was found."""
    return b"".join((b"+", _FOUND.pack(found.total, len(found.data)), found.data, found.meta))


def refusal(error: QueryRefused | NoIndex | SearchFailed) -> bytes:
    """Write why nothing was found."""
    more = error.extensions if isinstance(error, QueryRefused) else {}
    return b"-" + orjson.dumps([type(error).__name__, str(error), more])


def read_answer(body: bytes) -> Found:
    """Read an answer.

    Raises: QueryRefused, NoIndex, SearchFailed.
    """
    if body[:1] == b"+":
        total, length = _FOUND.unpack_from(body, 1)
        start = 1 + _FOUND.size
        return Found(total, body[start : start + length], body[start + length :])
    kind, detail, more = orjson.loads(body[1:])
    if kind == "QueryRefused":
        raise QueryRefused(detail, **more)
    raise NoIndex(detail) if kind == "NoIndex" else SearchFailed(detail)
