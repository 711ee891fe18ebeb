"""Popolo (http://www.popoloproject.com/specs/): a JSON document of persons, organizations and the like."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hubs.business_hub.op_import.errors import Unreadable
from hubs.business_hub.op_import.formats.base import (
    Item,
    Problem,
    ReadContext,
    day_of,
    make,
    shaped,
    text_of,
)
from hubs.business_hub.op_import.reading.documents import Document
from shared.contracts.keys import slug
from shared.contracts.people import MembershipRecord, OrganizationRecord, PersonRecord, PostRecord

_LISTS = re.compile(rb'"(?:persons|organizations|memberships|posts)"\s*:\s*\[')
_JSON = re.compile(rb"^(?:\xef\xbb\xbf)?\s*\{")
_CONTACTS = {"address", "email", "voice", "fax", "cell", "url"}
_CLASSIFICATIONS = {
    "legislature", "chamber", "party", "committee", "subcommittee", "council", "ministry",
}  # fmt: skip
_KEY_UNSAFE = re.compile(r"[^a-z0-9._~+\-]+")

Entry = Mapping[str, Any]


class Popolo:
    """A document with lists of Popolo objects that refer to one another by id."""

    name = "popolo"
    title_en = "Popolo (JSON)"
    title_fr = "Popolo (JSON)"
    version = "popolo/1"

    def recognises(self, document: Document) -> bool:
        """Tell an object with at least one of Popolo's lists."""
        return bool(_JSON.match(document.head) and _LISTS.search(document.head))

    def read(self, documents: Sequence[Document], context: ReadContext) -> Iterator[Item]:
        """Yield organizations, posts, persons and memberships."""
        for document in documents:
            content = document.json()
            if not isinstance(content, dict):
                raise Unreadable(f"{document.name} is no object", document=document.name)
            yield from _Reading(document, context, self.version, content).read()


class _Reading:
    def __init__(self, document: Document, context: ReadContext, parser: str, content: Entry) -> None:
        self._document = document
        self._content = content
        self._seen: dict[tuple[str, str], Entry] = {}
        self._prefix = f"popolo/{slug(context.dataset) or 'set'}"
        self._areas = {text_of(area.get("id")): text_of(area.get("name")) for _, area in self._list("areas")}
        self._parties = {
            text_of(one.get("id")): text_of(one.get("name"))
            for _, one in self._list("organizations")
            if text_of(one.get("classification")).lower() == "party"
        }
        self._common: dict[str, Any] = {
            "jurisdiction": context.jurisdiction or self._prefix,
            "sources": [context.source(document, parser)],
        }

    def read(self) -> Iterator[Item]:
        """Yield every object of the document."""
        makers = {
            "organizations": self._organization,
            "posts": self._post,
            "persons": self._person,
            "memberships": self._membership,
        }
        for name, maker in makers.items():
            for row, entry in self._list(name):
                if name in {"organizations", "persons"} and (problem := self._unnamed(name, row, entry)):
                    yield problem
                else:
                    yield from shaped(maker(row, entry), self._document, row)
        # Objects may carry their memberships with them, which then name the other side alone.
        for name, side in (("organizations", "organization_id"), ("persons", "person_id")):
            for row, entry in self._list(name):
                for one in entry.get("memberships") or []:
                    yield from shaped(self._nested(row, side, entry.get("id"), one), self._document, row)

    def _unnamed(self, name: str, row: int, entry: Entry) -> Problem | None:
        """Return what is wrong with an object that cannot be told from others."""
        identity = text_of(entry.get("id"))
        for column, value in (("id", identity), ("name", text_of(entry.get("name")))):
            if not value:
                return Problem(self._document.name, row, column, "missing", f"{column} is no text, or empty")
        place = (name, identity)
        if self._seen.setdefault(place, entry) is not entry and self._seen[place] != entry:
            detail = f"the id {identity[:100]} stands for two objects"
            return Problem(self._document.name, row, "id", "duplicate", detail, identity[:200])
        return None

    def _nested(self, row: int, side: str, identity: Any, entry: Entry) -> Iterator[Item]:
        """Read a membership within its person or organization; the other side may be an object too."""
        sides = {
            f"{name}_id": other["id"]
            for name in ("person", "organization", "post")
            if isinstance(other := entry.get(name), dict) and "id" in other
        }
        yield from self._membership(row, {**sides, side: identity, **entry})

    def _list(self, name: str) -> list[tuple[int, Entry]]:
        found = self._content.get(name) or []
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise Unreadable(
                f"{self._document.name}: {name} is no list of objects", document=self._document.name
            )
        return list(enumerate(found, start=1))

    def _key(self, kind: str, identity: Any) -> str:
        return f"{self._prefix}/{kind}/{_KEY_UNSAFE.sub('-', text_of(identity).lower()).strip('-')}"

    def _organization(self, row: int, entry: Entry) -> Iterator[Item]:
        classification = text_of(entry.get("classification")).lower()
        try:
            dates: dict[str, Any] = {
                "start_date": day_of(entry.get("founding_date")),
                "end_date": day_of(entry.get("dissolution_date")),
            }
        except ValueError as error:
            yield self._problem(row, "founding_date", error)
            return
        yield from make(
            OrganizationRecord,
            self._document,
            row,
            key=self._key("organization", entry.get("id")),
            name_en=text_of(entry.get("name")),
            classification=classification if classification in _CLASSIFICATIONS else "other",
            parent_key=self._key("organization", entry["parent_id"]) if entry.get("parent_id") else None,
            identifiers=_identifiers(entry),
            links=_links(entry),
            **dates,
            **self._common,
        )

    def _post(self, row: int, entry: Entry) -> Iterator[Item]:
        label = text_of(entry.get("label")) or text_of(entry.get("role"))
        yield from make(
            PostRecord,
            self._document,
            row,
            key=self._key("post", entry.get("id") or label),
            organization_key=self._key("organization", entry.get("organization_id")),
            label_en=label,
            role_en=text_of(entry.get("role")),
            division_name=self._areas.get(text_of(entry.get("area_id")), ""),
            **self._common,
        )

    def _person(self, row: int, entry: Entry) -> Iterator[Item]:
        contacts = [
            {
                "type": kind,
                "value": text_of(one.get("value")),
                "note": text_of(one.get("note") or one.get("label")),
            }
            for one in entry.get("contact_details") or []
            if (
                kind := {"phone": "voice", "cell": "cell"}.get(
                    text_of(one.get("type")), text_of(one.get("type"))
                )
            )
            in _CONTACTS
        ]
        if email := text_of(entry.get("email")):
            contacts.insert(0, {"type": "email", "value": email})
        yield from make(
            PersonRecord,
            self._document,
            row,
            key=self._key("person", entry.get("id")),
            name=text_of(entry.get("name")),
            given_name=text_of(entry.get("given_name")),
            family_name=text_of(entry.get("family_name")),
            honorific_prefix=text_of(entry.get("honorific_prefix")),
            gender=text_of(entry.get("gender")),
            birth_date=text_of(entry.get("birth_date")),
            image=text_of(entry.get("image")),
            biography_en=text_of(entry.get("biography") or entry.get("summary")),
            other_names=sorted({text_of(one.get("name")) for one in entry.get("other_names") or []} - {""}),
            identifiers=_identifiers(entry),
            contacts=contacts,
            links=_links(entry),
            **self._common,
        )

    def _membership(self, row: int, entry: Entry) -> Iterator[Item]:
        person, organization = text_of(entry.get("person_id")), text_of(entry.get("organization_id"))
        if not person or not organization:
            missing = "person_id" if not person else "organization_id"
            yield Problem(self._document.name, row, missing, "missing", "a membership names both sides")
            return
        try:
            start, end = day_of(entry.get("start_date")), day_of(entry.get("end_date"))
        except ValueError as error:
            yield self._problem(row, "start_date", error)
            return
        party = text_of(entry.get("on_behalf_of_id"))
        post = entry.get("post_id")
        identity = entry.get("id") or f"{person}-{organization}-{post or ''}-{start or ''}"
        yield from make(
            MembershipRecord,
            self._document,
            row,
            key=self._key("membership", identity),
            person_key=self._key("person", person),
            organization_key=self._key("organization", organization),
            post_key=self._key("post", post) if post else None,
            on_behalf_of_key=self._key("organization", party) if party else None,
            role_en=text_of(entry.get("role") or entry.get("label")),
            party=self._parties.get(party, ""),
            area=self._areas.get(text_of(entry.get("area_id")), ""),
            start_date=start,
            end_date=end,
            **self._common,
        )

    def _problem(self, row: int, column: str, error: ValueError) -> Problem:
        return Problem(self._document.name, row, column, "not-a-date", str(error))


def _identifiers(entry: Entry) -> list[dict[str, str]]:
    return [
        {"scheme": text_of(one.get("scheme")), "value": text_of(one.get("identifier"))}
        for one in entry.get("identifiers") or []
        if text_of(one.get("identifier"))
    ]


def _links(entry: Entry) -> list[dict[str, str]]:
    return [
        {"url": text_of(one.get("url")), "note": text_of(one.get("note"))}
        for one in entry.get("links") or []
        if text_of(one.get("url"))
    ]
