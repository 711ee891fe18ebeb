"""Shapes of the mobile API: small cards, one language or both, and the delta of a synchronisation."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Kind = Literal["bill", "person", "vote_event"]
COLLECTIONS: dict[str, str] = {"bill": "bills", "person": "people", "vote_event": "votes"}
MAX_BATCH = 200
"""Changes of one answer."""
MAX_HELD = 200
"""Records that are asked for by id at once."""


class Cards(BaseModel):
    """One page of cards; ``cursor`` asks for the next."""

    data: list[dict[str, Any]]
    cursor: str | None = None


class Delta(BaseModel):
    """What changed since a token: records to keep, ids to drop, and the token to ask with next."""

    changed: dict[str, list[dict[str, Any]]] = Field(description="records by kind, each as it stands now")
    removed: list[str] = Field(description="ids of records that were withdrawn")
    token: str
    has_more: bool
    is_reset: bool = Field(
        False, description="the token is of another record: drop what is held; this is the first batch of all"
    )


class SyncForm(BaseModel):
    """A token, and how many changes the phone takes at once."""

    model_config = ConfigDict(extra="forbid")
    token: Annotated[str, StringConstraints(max_length=40)] = ""
    limit: int = Field(MAX_BATCH, ge=1, le=MAX_BATCH)


class HeldForm(BaseModel):
    """Ids of records by kind, at most 200 together."""

    model_config = ConfigDict(extra="forbid")
    ids: dict[Kind, Annotated[list[UUID], Field(max_length=MAX_HELD)]]


class HeldRead(BaseModel):
    """Those that stand, and the ids of those that do not."""

    data: dict[str, list[dict[str, Any]]]
    removed: list[str]


class SyncStatus(BaseModel):
    """How far a token is behind the record, in changes of the kinds that are synchronised."""

    token: str = Field(description="where the record is now")
    is_current: bool
    is_reset: bool = Field(False, description="the token is of another record: everything is to come")
    behind: int = Field(description="changes to come, counted up to 1,000")


class SearchForm(BaseModel):
    """A search with filters; lists of values are separated by commas."""

    model_config = ConfigDict(extra="forbid")
    q: Annotated[str, StringConstraints(max_length=300)] = ""
    type: Annotated[str, StringConstraints(max_length=100)] | None = None
    party: Annotated[str, StringConstraints(max_length=100)] | None = None
    jurisdiction: Annotated[str, StringConstraints(max_length=200)] | None = None
    province: Annotated[str, StringConstraints(max_length=100)] | None = None
    session: Annotated[str, StringConstraints(max_length=20)] | None = None
    date_from: date | None = None
    date_to: date | None = None
    lang: Literal["en", "fr"] = "en"
    sort: Literal["relevance", "date", "-date"] = "relevance"
    limit: int = Field(20, ge=1, le=100)
    offset: int = Field(0, ge=0, le=10_000)


class SavedSearch(BaseModel):
    """A search to keep, as data_hub keeps it: a name and the parameters of a search."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    params: dict[str, Annotated[str, StringConstraints(max_length=500)]] = Field(max_length=20)


class DeviceConfig(BaseModel):
    """What an application needs to know before it asks for anything."""

    languages: list[str]
    kinds: list[str] = Field(description="kinds of records that are synchronised")
    batch: int = Field(description="changes of one synchronisation at most")
    held: int = Field(description="records that are asked for by id at once, at most")
    api: str
    push_key: str = Field(description="address of the key that push messages are signed with")


class Endpoint(BaseModel):
    """The address of a device at its push service."""

    model_config = ConfigDict(extra="forbid")
    endpoint: Annotated[str, StringConstraints(min_length=1, max_length=2_000)]


class UnreadCount(BaseModel):
    """How many notifications are unread."""

    unread: int
