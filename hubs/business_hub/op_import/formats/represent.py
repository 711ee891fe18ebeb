"""Represent (represent.opennorth.ca): its API's pages and the sets that it imports itself.

Formats: https://represent.opennorth.ca/api/ and the represent-reps import format.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from hubs.business_hub.op_import.errors import Unreadable
from hubs.business_hub.op_import.formats.base import Item, Problem, ReadContext, make, text_of
from hubs.business_hub.op_import.reading.documents import Document
from shared.contracts.keys import slug
from shared.contracts.people import (
    DivisionRecord,
    MembershipRecord,
    OrganizationRecord,
    PersonRecord,
    PostRecord,
)

_PAGE = re.compile(rb'^\s*\{\s*"(?:meta|objects)"')
_LIST = re.compile(rb"^(?:\xef\xbb\xbf)?\s*\[\s*\{")
_OFFICE = re.compile(rb'"(?:elected_office|district_name)"')
_BOUNDARY = re.compile(rb'"boundary_set_name"')
_CONTACTS = (("tel", "voice"), ("fax", "fax"), ("postal", "address"))
_FRENCH_ROLES = {
    "mp": "Député(e)",
    "mla": "Député(e)",
    "mpp": "Député(e) provincial(e)",
    "mna": "Député(e)",
    "mayor": "Maire(sse)",
    "councillor": "Conseiller(ère)",
    "member": "Membre",
}


class RepresentBoundaries:
    """Pages of ``/boundaries/``."""

    name = "represent-boundaries"
    title_en = "Represent: boundaries"
    title_fr = "Represent : limites"
    version = "represent-boundaries/1"

    def recognises(self, document: Document) -> bool:
        """Tell a page of boundaries."""
        head = document.head
        return bool(_PAGE.match(head) and _BOUNDARY.search(head) and not _OFFICE.search(head))

    def read(self, documents: Sequence[Document], context: ReadContext) -> Iterator[Item]:
        """Yield a division per boundary."""
        for document in documents:
            source = context.source(document, self.version)
            for row, entry in _objects(document):
                path = text_of(entry.get("url")).strip("/").removeprefix("boundaries/")
                if not path:
                    yield Problem(document.name, row, "url", "missing", "a boundary has a URL")
                    continue
                boundary_set = text_of(entry.get("boundary_set_name"))
                external = text_of(entry.get("external_id"))
                yield from make(
                    DivisionRecord,
                    document,
                    row,
                    key=f"represent/boundary/{path}",
                    jurisdiction=context.jurisdiction or "represent",
                    ocd_id="",
                    name_en=text_of(entry.get("name")),
                    type=boundary_set,
                    identifiers=[{"scheme": f"represent/{path.partition('/')[0]}", "value": external}]
                    if external
                    else [],
                    sources=[source],
                )


class RepresentRepresentatives:
    """Pages of ``/representatives/`` and the JSON sets that Represent imports."""

    name = "represent-representatives"
    title_en = "Represent: representatives"
    title_fr = "Represent : représentants"
    version = "represent-representatives/1"

    def recognises(self, document: Document) -> bool:
        """Tell a page or a set of representatives."""
        head = document.head
        is_set = _LIST.match(head) or _PAGE.match(head)
        return bool(is_set and _OFFICE.search(head)) and b'"model"' not in head[:4096]

    def read(self, documents: Sequence[Document], context: ReadContext) -> Iterator[Item]:
        """Yield organization, post, person and membership of each representative."""
        for document in documents:
            bodies: set[str] = set()
            people: dict[str, int] = {}
            for row, entry in _objects(document):
                yield from self._representative(document, context, row, entry, bodies, people)

    def _representative(
        self,
        document: Document,
        context: ReadContext,
        row: int,
        entry: Mapping[str, Any],
        bodies: set[str],
        people: dict[str, int],
    ) -> Iterator[Item]:
        name = text_of(entry.get("name"))
        if not name:
            yield Problem(document.name, row, "name", "missing", "a representative has a name")
            return
        district = text_of(entry.get("district_id")) or text_of(entry.get("district_name"))
        body = _body_name(entry)
        prefix = f"represent/{_set_of(document, entry)}"
        jurisdiction = context.jurisdiction or prefix
        common: dict[str, Any] = {
            "jurisdiction": jurisdiction,
            "sources": [context.source(document, self.version, text_of(entry.get("source_url")))],
        }
        organization = f"{prefix}/organization"
        if organization not in bodies:
            bodies.add(organization)
            is_federal = "house-of-commons" in prefix
            yield from make(
                OrganizationRecord,
                document,
                row,
                key=organization,
                name_en=body,
                classification="chamber"
                if is_federal
                else "council"
                if _is_council(entry)
                else "legislature",
                **common,
            )
        party = text_of(entry.get("party_name"))
        party_key = f"{prefix}/party/{slug(party)}" if slug(party) else None
        if party_key and party_key not in bodies:
            bodies.add(party_key)
            yield from make(
                OrganizationRecord,
                document,
                row,
                key=party_key,
                name_en=party,
                classification="party",
                **common,
            )
        person = f"{prefix}/person/{slug(name)}"
        if people.setdefault(person, row) != row:
            # Two of the same name in one set are two people: told apart by their district.
            person = f"{person}~{slug(district)}"
        role = text_of(entry.get("elected_office")) or "member"
        post = f"{prefix}/post/{slug(district) or 'at-large'}/{slug(role)}"
        yield from make(
            PostRecord,
            document,
            row,
            key=post,
            organization_key=organization,
            label_en=text_of(entry.get("district_name")) or district or body,
            role_en=role,
            role_fr=_FRENCH_ROLES.get(role.lower(), ""),
            division_name=district,
            **common,
        )
        yield from make(PersonRecord, document, row, **_person(person, name, entry), **common)
        yield from make(
            MembershipRecord,
            document,
            row,
            key=f"{prefix}/membership/{person.rpartition('/')[2]}/{slug(district) or 'at-large'}",
            person_key=person,
            organization_key=organization,
            post_key=post,
            on_behalf_of_key=party_key,
            role_en=role,
            role_fr=_FRENCH_ROLES.get(role.lower(), ""),
            party=party,
            area=district,
            **common,
        )


def _person(key: str, name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    contacts = (
        [{"type": "email", "value": text_of(entry.get("email"))}] if text_of(entry.get("email")) else []
    )
    for office in entry.get("offices") or []:
        if not isinstance(office, Mapping):
            continue
        for field, kind in _CONTACTS:
            if value := text_of(office.get(field)):
                contacts.append({"type": kind, "value": value, "note": text_of(office.get("type"))})
    links = []
    for field, note in (("url", "profile"), ("personal_url", "personal")):
        if url := text_of(entry.get(field)):
            links.append({"url": url, "note": note})
    extra = entry.get("extra")
    for label, url in sorted(extra.items()) if isinstance(extra, Mapping) else ():
        if text_of(url).startswith(("http://", "https://")):
            links.append({"url": text_of(url), "note": text_of(label).lower()})
    return {
        "key": key,
        "name": name,
        "given_name": text_of(entry.get("first_name")),
        "family_name": text_of(entry.get("last_name")),
        "gender": text_of(entry.get("gender")),
        "image": text_of(entry.get("photo_url")),
        "contacts": contacts,
        "links": links,
    }


def _objects(document: Document) -> Iterator[tuple[int, Mapping[str, Any]]]:
    content = document.json()
    entries = content.get("objects") if isinstance(content, dict) else content
    if not isinstance(entries, list):
        raise Unreadable(f"{document.name} holds no list of objects", document=document.name)
    for row, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict):
            raise Unreadable(f"{document.name}: entry {row} is no object", document=document.name, row=row)
        yield row, entry


def _set_of(document: Document, entry: Mapping[str, Any]) -> str:
    """Return the name of the set: from its URL, its name, or the file's own name."""
    related = entry.get("related")
    url = text_of(related.get("representative_set_url")) if isinstance(related, Mapping) else ""
    if url:
        return slug(url.strip("/").rpartition("/")[2])
    if named := text_of(entry.get("representative_set_name")):
        return slug(named)
    return slug(PurePosixPath(document.name).stem.partition("_page")[0]) or "set"


def _body_name(entry: Mapping[str, Any]) -> str:
    """Return the body: named in pages of the API; in import sets the district's name without its id."""
    if named := text_of(entry.get("representative_set_name")):
        return named
    district, area = text_of(entry.get("district_id")), text_of(entry.get("district_name"))
    return area.removesuffix(district).strip() or area or "Council"


def _is_council(entry: Mapping[str, Any]) -> bool:
    role = text_of(entry.get("elected_office")).lower()
    return role not in {"mp", "mla", "mpp", "mna", "mha"}


__all__ = ["RepresentBoundaries", "RepresentRepresentatives"]
