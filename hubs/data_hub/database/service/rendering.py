"""From a row to what the API shows: facts, links to what they refer to, sources, one language or both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from hubs.data_hub.database.schemas import Collection
from hubs.data_hub.database.service.collections import url_of

Record = dict[str, Any]
Keys = dict[str, set[str]]

_NAMES = ("key", "slug", "jurisdiction")

KIND_OF_REFERENCE: dict[str, str] = {
    "person_key": "person",
    "organization_key": "organization",
    "parent_key": "organization",
    "on_behalf_of_key": "organization",
    "post_key": "post",
    "bill_key": "bill",
    "bill_keys": "bill",
    "vote_keys": "vote_event",
    "event_key": "event",
    "debate_key": "debate",
    "election_key": "election",
}

_LINKS = {
    name: tuple(
        f"{name.removesuffix('s').removesuffix('_key')}_{end}" for end in ("id", "url", "ids", "urls")
    )
    for name in KIND_OF_REFERENCE
}


def render(collection: Collection, row: Mapping[str, Any]) -> Record:
    """Return a record in its fixed order: names, facts, what was worked out, times."""
    facts = row["facts"]
    record: Record = {
        "id": row["id"],
        "type": collection.singular,
        "key": row["key"],
        "slug": row["slug"],
        "url": url_of(collection.kind, row["id"]),
        "jurisdiction": row["jurisdiction"],
    }
    record.update((name, value) for name, value in facts.items() if name not in _NAMES)
    if "slug" in facts:
        # The name of a speech within its debate; its slug is unique among all speeches.
        record["anchor"] = facts["slug"]
    record.update((name, row[name]) for name in collection.extras)
    record["created_at"] = row["created_at"]
    record["updated_at"] = row["updated_at"]
    if row["deleted_at"] is not None:
        record["deleted_at"] = row["deleted_at"]
    return record


class Reference(NamedTuple):
    """A place in a document where a key names another record (or several)."""

    node: Record
    name: str
    kind: str


# Lists of plain values, in which no record is named: most of what a record weighs.
_PLAIN_LISTS = frozenset(
    [
        "stages",
        "actions",
        "versions",
        "identifiers",
        "contacts",
        "links",
        "sources",
        "counts",
        "party_lines",
        "paragraphs",
        "other_names",
        "speaker_identifiers",
        "mentioned_identifiers",
    ]
)


def references(values: Iterable[Any]) -> list[Reference]:
    """Return every place in these documents where a key names another record."""
    found: list[Reference] = []
    stack: list[Any] = list(values)
    while stack:
        node = stack.pop()
        for name, value in node.items():
            kind = KIND_OF_REFERENCE.get(name)
            if kind is not None:
                found.append(Reference(node, name, kind))
            elif type(value) is list:
                if name not in _PLAIN_LISTS:
                    stack += [item for item in value if type(item) is dict]
            elif type(value) is dict:
                stack.append(value)
    return found


def keys_by_kind(places: Iterable[Reference]) -> Keys:
    """Return the keys that are named, by kind."""
    keys: Keys = {}
    for place in places:
        value = place.node[place.name]
        if type(value) is str:
            keys.setdefault(place.kind, set()).add(value)
        elif value:
            keys.setdefault(place.kind, set()).update(value)
    return keys


def link(places: Iterable[Reference], ids: Mapping[tuple[str, str], UUID]) -> None:
    """Put beside each key the id and the URL of what it leads to (null when that is not on record)."""
    # Thousands of places a page name a few hundred records: each address is written once.
    urls = {named: url_of(named[0], record_id) for named, record_id in ids.items()}
    for node, name, kind in places:
        value = node[name]
        one, its_url, many, their_urls = _LINKS[name]
        if value is None or type(value) is str:
            named = (kind, value or "")
            node[one] = ids.get(named)
            node[its_url] = urls.get(named)
        else:
            node[many] = [ids.get((kind, key)) for key in value]
            node[their_urls] = [urls.get((kind, key)) for key in value]


SOURCE_FIELDS = frozenset(("last_seen_at", "licence", "sources"))
_ENDS = {end: name for name, ends in _LINKS.items() for end in ends}


def pruned(records: Sequence[Record], fields: Sequence[str]) -> Sequence[Record]:
    """Return records with what the named top-level fields are made of: nothing else need be worked out.

    A name that none of them has leaves all as it is, for the one who says so.
    """
    made_of = {_ENDS.get(field, field) for field in fields} - SOURCE_FIELDS
    if not all(any(name in record for record in records) for name in made_of):
        return records
    kept = {"id", *fields, *made_of}
    return [{name: value for name, value in record.items() if name in kept} for record in records]


def attach_sources(record: Record, sources: Sequence[Mapping[str, Any]]) -> None:
    """Add where the record was read, under which licence, and when it was last seen."""
    record["last_seen_at"] = max((source["last_seen_at"] for source in sources), default=None)
    record["licence"] = next((source["licence"] for source in sources if source["licence"]), "")
    record["sources"] = [dict(source) for source in sources]


def in_language(value: Any, lang: str) -> Any:
    """Return the document with one value in place of each pair, the other language's where it is empty."""
    if isinstance(value, list):
        return [in_language(item, lang) for item in value]
    if not isinstance(value, dict):
        return value
    other = "fr" if lang == "en" else "en"
    shown: Record = {}
    for name, item in value.items():
        stem, _, suffix = name.rpartition("_")
        if suffix in ("en", "fr") and stem and f"{stem}_{'fr' if suffix == 'en' else 'en'}" in value:
            if stem not in shown:
                shown[stem] = value[f"{stem}_{lang}"] or value[f"{stem}_{other}"]
        else:
            shown[name] = in_language(item, lang)
    return shown


def only_fields(record: Record, names: Sequence[str]) -> Record:
    """Return the named top-level fields and the id."""
    return {name: value for name, value in record.items() if name in names or name == "id"}
