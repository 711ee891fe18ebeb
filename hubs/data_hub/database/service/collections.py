"""The collections of the civic record: what each can be filtered and sorted by, and what it can carry."""

from __future__ import annotations

from hubs.data_hub.database.schemas import Collection, Filter

_SORTS = {"name": "sort_name", "date": "sort_date", "updated_at": "updated_at", "created_at": "id"}


def _text(*names: str) -> dict[str, Filter]:
    return {name: Filter(name) for name in names}


def _codes(*names: str) -> dict[str, Filter]:
    return {name: Filter(name, "code") for name in names}


def _dates(*names: str) -> dict[str, Filter]:
    return {name: Filter(name, "date") for name in names}


def _flags(*names: str) -> dict[str, Filter]:
    return {name: Filter(name, "bool") for name in names}


def _relation(name: str, kind: str, column: str = "") -> dict[str, Filter]:
    return {name: Filter(column or f"{name}_key", "relation", kind)}


def _many(name: str, kind: str, column: str) -> dict[str, Filter]:
    return {name: Filter(column, "array", kind)}


_ORGANIZATION = (
    _text("classification", "abbreviation", "session")
    | {"name": Filter("title_en")}
    | _relation("parent", "organization")
    | _dates("start_date", "end_date")
)

COLLECTIONS: tuple[Collection, ...] = (
    Collection(
        "people",
        "person",
        "person",
        _text("name", "family_name", "given_name", "gender"),
        _SORTS,
        "name",
        includes=("memberships", "merged"),
        item_includes=("recent",),
        default_includes=("memberships",),
    ),
    Collection(
        "memberships",
        "membership",
        "membership",
        _text("party", "area", "province", "role_en")
        | _relation("person", "person")
        | _relation("organization", "organization")
        | _relation("post", "post")
        | _dates("start_date", "end_date"),
        {**_SORTS, "start_date": "sort_date"},
        "-start_date",
        includes=("person", "organization", "post"),
    ),
    Collection(
        "organizations",
        "organization",
        "organization",
        _ORGANIZATION,
        _SORTS,
        "name",
        includes=("memberships", "posts"),
    ),
    Collection(
        "committees",
        "organization",
        "committee",
        _ORGANIZATION,
        _SORTS,
        "name",
        includes=("memberships", "posts"),
        where={"classification": ("committee", "subcommittee")},
    ),
    Collection(
        "posts",
        "post",
        "post",
        _text("division_id", "division_name", "role_en")
        | {"label": Filter("title_en")}
        | _flags("is_vacant")
        | _relation("organization", "organization"),
        _SORTS,
        "name",
        includes=("memberships", "organization"),
        default_includes=("memberships",),
    ),
    Collection(
        "bills",
        "bill",
        "bill",
        _text("session", "chamber", "status_code")
        | _codes("number")
        | {"title_en": Filter("title_en"), "title_fr": Filter("title_fr")}
        | _flags("is_government", "is_private_member", "is_law")
        | _dates("introduced_on", "latest_activity_on", "royal_assent_on")
        | _many("sponsor", "person", "sponsor_keys")
        | _many("related", "bill", "related_keys"),
        {
            **_SORTS,
            "number": "sort_name",
            "latest_activity_on": "sort_date",
            "introduced_on": "introduced_on",
            "royal_assent_on": "royal_assent_on",
        },
        "-latest_activity_on",
        extras=("is_law",),
        includes=("votes", "texts"),
        default_includes=("votes",),
    ),
    Collection(
        "bill-texts",
        "bill_text",
        "bill text",
        _text("version", "language") | _relation("bill", "bill"),
        _SORTS,
        "name",
        includes=("bill",),
    ),
    Collection(
        "votes",
        "vote_event",
        "vote",
        _text("session", "result")
        | {"number": Filter("number", "int")}
        | {name: Filter(name, "int") for name in ("yes_count", "no_count", "paired_count", "ballot_count")}
        | _flags("is_consistent")
        | _dates("date")
        | _relation("bill", "bill")
        | _relation("organization", "organization")
        | _relation("event", "event"),
        {**_SORTS, "number": "sort_name"},
        "-date",
        extras=("yes_count", "no_count", "paired_count", "ballot_count", "is_consistent", "party_lines"),
        includes=("ballots", "bill"),
        default_includes=("ballots",),
    ),
    Collection(
        "sessions",
        "session",
        "session",
        _text("identifier") | _dates("start_date", "end_date"),
        _SORTS,
        "-date",
    ),
    Collection(
        "jurisdictions",
        "jurisdiction",
        "jurisdiction",
        _text("ocd_id", "level", "division_id") | {"name": Filter("title_en")},
        _SORTS,
        "name",
    ),
    Collection(
        "divisions",
        "division",
        "division",
        _text("ocd_id", "type", "parent_ocd_id")
        | {"name": Filter("title_en")}
        | _dates("valid_from", "valid_through"),
        _SORTS,
        "name",
        includes=("posts",),
    ),
    Collection(
        "elections",
        "election",
        "election",
        _flags("is_byelection") | _dates("date"),
        _SORTS,
        "-date",
        includes=("candidacies",),
    ),
    Collection(
        "candidacies",
        "candidacy",
        "candidacy",
        _text("division_id", "division_name_en", "party_en")
        | {"name": Filter("title_en"), "votes": Filter("votes", "int")}
        | _flags("is_elected", "is_incumbent")
        | _relation("election", "election")
        | _relation("person", "person"),
        {**_SORTS, "votes": "votes"},
        "name",
        includes=("election", "person"),
    ),
    Collection(
        "events",
        "event",
        "event",
        _text("status", "classification", "session", "body_name")
        | _codes("number")
        | _dates("start_date")
        | {"starts_at": Filter("starts_at", "time")}
        | _relation("organization", "organization"),
        {**_SORTS, "start_date": "sort_date"},
        "-start_date",
        includes=("documents", "votes", "organization"),
        default_includes=("documents",),
    ),
    Collection(
        "debates",
        "debate",
        "debate",
        _text("session", "document_type")
        | _codes("number")
        | _dates("date")
        | _relation("organization", "organization"),
        _SORTS,
        "-date",
        includes=("speeches", "organization"),
    ),
    Collection(
        "speeches",
        "speech",
        "speech",
        _text("type", "speaker_name", "h1_en", "h2_en")
        | {"time": Filter("time", "time"), "sequence": Filter("sequence", "int")}
        | {"date": Filter("sort_date", "date")}
        | _flags("is_procedural")
        | _relation("debate", "debate")
        | _relation("person", "person")
        | _many("bill", "bill", "bill_keys")
        | {"mentioned": Filter("mentioned", "array")},
        {**_SORTS, "sequence": "sort_name"},
        "-date",
        includes=("debate", "person"),
    ),
    Collection(
        "documents",
        "document",
        "document",
        _text("classification", "media_type", "language", "url")
        | {"title_en": Filter("title_en")}
        | _dates("date")
        | _relation("organization", "organization")
        | _relation("event", "event"),
        _SORTS,
        "-date",
        includes=("event", "organization"),
    ),
)  # fmt: skip

BY_PATH: dict[str, Collection] = {collection.path: collection for collection in COLLECTIONS}
PATH_OF: dict[str, str] = {}
for _collection in COLLECTIONS:
    PATH_OF.setdefault(_collection.kind, _collection.path)


def url_of(kind: str, record_id: object) -> str:
    """Return the path under which a record is read."""
    return f"/api/v1/{PATH_OF[kind]}/{record_id}"
