"""The Represent API's lists of representatives and boundaries, and the JSON that feeds it.

Documents: ``represent/api/representatives_house-of-commons_page1.json``,
``boundaries_ottawa-wards_page1.json``
and ``represent/import_json_2013/*.json`` (what a scraper hands to Represent: a list without an envelope).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from services.scraper.parsers import contacts
from services.scraper.parsers.base import Document, Fetch, ParseResult
from services.scraper.parsers.council import Council, Seat, first_role, is_vacant, named
from services.scraper.parsers.json import parse_any_json
from services.scraper.parsers.represent_csv import boundary_url
from services.scraper.parsers.text import clean, slug
from shared.contracts.civic import ContactDetail, Identifier, Link
from shared.contracts.people import DivisionRecord

HOST = "https://represent.opennorth.ca"
_ED_2023 = re.compile(r"^/boundaries/federal-electoral-districts-2023-representation-order/(\d{5})/$")
_ED_2013 = re.compile(r"^/boundaries/federal-electoral-districts/(\d{5})/$")
_CSD = re.compile(r"^/boundaries/census-subdivisions/(\d{7})/$")
_TYPES = {"legislature", "constituency", "residence", "office", "unoffical", "city hall"}


def read_list(document: Document) -> ParseResult:
    """Read a page of representatives or boundaries, or an import file.

    Raises: ParseFailed (``wrong-shape``, ``empty``, or as ``parse_any_json``).
    """
    value = parse_any_json(document)
    rows, following = _rows(document, value)
    if rows and "boundary_set_name" in rows[0] and "elected_office" not in rows[0]:
        result = _boundaries(document, rows)
    else:
        result = _people(document, rows)
    if following:
        result.next(
            Fetch(url=urljoin(_base(document), following), step=document.step, context=document.context)
        )
        # Only a list that came whole in one page proves that others are gone.
        result.complete.clear()
    elif document.context.get("is_later_page") or _offset(value):
        result.complete.clear()
    return result


def looks_like(value: object) -> bool:
    """Tell whether a JSON value is one of this family."""
    rows = value.get("objects") if isinstance(value, Mapping) else value
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], Mapping):
        return False
    return "elected_office" in rows[0] or "boundary_set_name" in rows[0]


def _rows(document: Document, value: Any) -> tuple[list[Mapping[str, Any]], str]:
    following = ""
    if isinstance(value, Mapping):
        meta = value.get("meta")
        following = clean(str(meta.get("next") or "")) if isinstance(meta, Mapping) else ""
        value = value.get("objects")
    if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
        raise document.failed("wrong-shape", "neither a list nor an object with `objects`")
    if not value:
        raise document.failed("empty", "the list is empty")
    return value, following


def _offset(value: Any) -> bool:
    meta = value.get("meta") if isinstance(value, Mapping) else None
    return bool(isinstance(meta, Mapping) and meta.get("offset"))


def _base(document: Document) -> str:
    return document.url if document.url.startswith("http") else HOST + "/"


def _people(document: Document, rows: list[Mapping[str, Any]]) -> ParseResult:
    council = Council(document)
    for row in rows:
        if "name" not in row and "last_name" not in row:
            raise document.failed(
                "wrong-shape", f"a representative without a name: {sorted(map(str, row))[:10]}"
            )
        council.add(_seat(document, row))
    return council.result()


def _seat(document: Document, row: Mapping[str, Any]) -> Seat:
    def told(key: str) -> str:
        value = row.get(key)
        return clean(value) if isinstance(value, str) else ""

    related = row.get("related")
    boundary = (
        clean(str(related.get("boundary_url") or ""))
        if isinstance(related, Mapping)
        else told("boundary_url")
    )
    role = first_role(told("elected_office"))
    area = told("district_name")
    district = told("district_id")
    if district and not told("first_name") and area.endswith(district) and area != district:
        # The import format puts the name of the place before the district.
        area = district
    seat = Seat(
        name=told("name") or clean(f"{told('first_name')} {told('last_name')}"),
        given_name=told("first_name"),
        family_name=told("last_name"),
        role=role if role.lower() != "member" else document.source.parameter("role", "Member"),
        area=area.replace("–", "—"),
        gender=told("gender"),
        party=told("party_name"),
        image=contacts.photo(told("photo_url")),
        boundary=boundary,
        division_id=_division(boundary),
        contacts=_contacts(row),
        links=_links(row, boundary),
        identifiers=_identifiers(told("url")),
    )
    return seat if is_vacant(seat.name) else named(seat)


def _division(boundary: str) -> str:
    for pattern, form in (
        (_ED_2023, "ocd-division/country:ca/ed:{}-2023"),
        (_ED_2013, "ocd-division/country:ca/ed:{}-2013"),
        (_CSD, "ocd-division/country:ca/csd:{}"),
    ):
        match = pattern.match(boundary)
        if match:
            return form.format(match[1])
    return ""


def _identifiers(url: str) -> tuple[Identifier, ...]:
    """Return the member's number where the page is one of the House of Commons."""
    match = re.search(r"(?:parl\.gc\.ca|ourcommons\.ca)/.*\((\d{1,9})\)", url)
    return (Identifier(scheme="ourcommons.ca/person", value=match[1]),) if match else ()


def _contacts(row: Mapping[str, Any]) -> tuple[ContactDetail, ...]:
    found: list[ContactDetail] = []
    address = contacts.email(row["email"]) if isinstance(row.get("email"), str) else ""
    if address:
        found.append(ContactDetail(type="email", value=address))
    offices = row.get("offices")
    for office in offices if isinstance(offices, list) else []:
        if not isinstance(office, Mapping):
            continue
        note = clean(str(office.get("type") or ""))
        for key, kind in (("postal", "address"), ("tel", "voice"), ("fax", "fax"), ("cell", "cell")):
            value = office.get(key)
            if not isinstance(value, str) or not clean(value):
                continue
            plain = _postal(value) if kind == "address" else contacts.phone(value)
            found.append(ContactDetail(type=kind, value=plain[:2_000], note=note))
    return tuple(dict.fromkeys(found))


def _postal(text: str) -> str:
    lines = (clean(line) for line in text.splitlines())
    return ", ".join(line.strip(" ,") for line in lines if line.strip(" ,"))


def _links(row: Mapping[str, Any], boundary: str) -> tuple[Link, ...]:
    extra = row.get("extra")
    found = [(row.get("url"), "profile"), (row.get("personal_url"), ""), (row.get("source_url"), "source")]
    if isinstance(extra, Mapping):
        found += [(value, clean(str(name)).lower()) for name, value in extra.items()]
    told = [
        Link(url=web[:2_000], note=note)
        for url, note in found
        if isinstance(url, str) and (web := contacts.web(url))
    ]
    if address := boundary_url(boundary):
        told.append(Link(url=address, note="boundary"))
    return tuple(dict.fromkeys(told))


def _boundaries(document: Document, rows: list[Mapping[str, Any]]) -> ParseResult:
    result = ParseResult()
    entry = document.source.jurisdiction
    for row in rows:
        url, name = clean(str(row.get("url") or "")), clean(str(row.get("name") or ""))
        match = re.fullmatch(r"/boundaries/([\w-]+)/([\w-]+)/", url)
        if match is None or not name:
            raise document.failed("wrong-shape", f"not a boundary: {dict(row)}"[:300])
        number = clean(str(row.get("external_id") or ""))
        # A city's wards have OCD ids by number; a boundary of another kind is named by Represent alone.
        is_ward = "ward" in match[1] and number.isdigit() and "/csd:" in entry.division_id
        result.add(
            DivisionRecord(
                key=f"{entry.id}/division/{slug(match[1])}/{slug(match[2])}"[:300],
                jurisdiction=entry.ocd_id,
                ocd_id=f"{entry.division_id}/ward:{number}" if is_ward else _division(url),
                name_en=name,
                type=clean(str(row.get("boundary_set_name") or "")),
                parent_ocd_id=entry.division_id,
                identifiers=(Identifier(scheme="represent.opennorth.ca/boundary", value=url),)
                + ((Identifier(scheme=f"{match[1]}", value=number),) if number else ()),
            )
        )
    return result
