"""Lists of elected people in the Represent CSV schema, with English or French headers.

Format: the official template ``represent/csv_schema/template.csv`` and the lists that municipalities publish
after it; every rule of reading is a parameter of the source (docs/scraper.md).
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from typing import Any

from services.scraper.parsers import contacts
from services.scraper.parsers.base import Document, ParseResult
from services.scraper.parsers.council import VACANT, Council, Seat, first_role, named
from services.scraper.parsers.sheets import read_cells
from services.scraper.parsers.text import clean, slug
from services.scraper.terms import csv_stale
from shared.contracts.civic import ContactDetail, Link

LEGISLATURE = "legislature"
ENGLISH = {
    "nom du district": "district name", "identifiant du district": "district id", "rôle": "primary role",
    "prénom": "first name", "nom": "last name", "nom complet": "name", "genre": "gender",
    "nom du parti": "party name", "courriel": "email", "url d'une photo": "photo url",
    "url source": "source url",
    "site web": "website", "adresse ligne 1": "address line 1", "adresse ligne 2": "address line 2",
    "localité": "locality", "province": "province", "code postal": "postal code", "téléphone": "phone",
    "télécopieur": "fax", "cellulaire": "cell", "facebook": "facebook", "twitter": "twitter",
    "date de naissance": "birth date",
}  # fmt: skip
_ALSO = {
    "elected office": "primary role", "role": "primary role", "titre": "primary role",
    "fonction": "primary role",
    "position": "primary role", "surname": "last name", "e-mail": "email", "email address": "email",
    "url photo": "photo url", "photo": "photo url", "image": "photo url", "url": "source url",
    "district": "district name",
    "ward": "district name", "ward name": "district name", "constituency": "district name",
    "riding": "district name", "electoral district": "district name", "circonscription": "district name",
    "district électoral": "district name", "quartier": "district name",
    "telephone": "phone", "phone number": "phone", "mobile": "cell",
    "party": "party name",
    "full name": "name", "site internet": "website", "web site": "website", "arrondissement": "district name",
    "nom du parti politique": "party name", "parti": "party name", "sexe": "gender",
    "url d’une photo": "photo url",
    "address line1": "address line 1", "address line2": "address line 2", "fax number": "fax",
    "address": "address line 1", "adresse": "address line 1", "city": "locality", "ville": "locality",
    "ligne d'adresse 1": "address line 1", "ligne d'adresse 2": "address line 2", "phone": "phone",
}  # fmt: skip
KNOWN = set(ENGLISH.values()) | {"name", "incumbent"}
_NAMED = ENGLISH.keys() | KNOWN | _ALSO.keys()
_NAMES = {"name", "first name", "last name"}
_ADDRESS = {"address line 1", "address line 2", "locality", "province", "postal code"}
_MAX_PREFACE = 15
"""Rows among which the header is looked for."""
_MAX_HEADING = 200
"""Characters of a column's name; what is longer is text, not a heading."""
_REPEAT = re.compile(r"^(?P<stem>.+?)\s*(?:\((?P<note>[^)]*)\)|(?P<number>[2-9]))$")


def read_table(document: Document) -> ParseResult:
    """Read a list in the Represent schema.

    Raises: ParseFailed (``wrong-shape``, ``empty``, or as ``read_cells``).
    """
    council = Council(document)
    for row in _rows(document, council):
        seat = _seat(document, row)
        if seat is None:
            council.skipped["empty row"] += 1
            continue
        council.add(seat)
    if not council.seats and not council.skipped:
        # The official template: a header, and nobody under it yet.
        return ParseResult()
    result = council.result()
    doubt = csv_stale(document.source.jurisdiction, document.retrieved_at.date(), url=document.url)
    if doubt:
        result.alarm(document.url, "csv-stale", doubt)
    return result


def header_of(cells: list[str]) -> list[tuple[str, str]]:
    """Return each column's English name and the note that tells repeated columns apart (``Phone (home)``)."""
    told = []
    for cell in cells:
        plain = clean(cell[:_MAX_HEADING]).lower().replace("_", " ").replace("’", "'")
        note = ""
        if plain not in _NAMED and (match := _REPEAT.match(plain)):
            plain, note = match["stem"].strip(), clean(match["note"] or "")
        told.append((ENGLISH.get(plain) or (plain if plain in KNOWN else _ALSO.get(plain, plain)), note))
    return told


def looks_like(cells: list[str]) -> bool:
    """Tell whether a row of cells is a header of this schema."""
    names = {name for name, _ in header_of(cells)}
    return bool(names & _NAMES) and len(names & KNOWN) >= 3


def _rows(document: Document, council: Council) -> Iterator[list[tuple[str, str, str]]]:
    """Yield each row as (column, note, cell), after the header."""
    parameters = document.source.parameters
    skip = int(parameters.get("skip_rows", 0))
    rows = read_cells(
        document,
        str(parameters.get("delimiter", "")),
        str(parameters.get("encoding", "")),
        str(parameters.get("filename", "")),
    )[skip:]
    first = next((row for row in rows if any(map(clean, row))), None)
    if first is None:
        raise document.failed("empty", "the table holds nothing")
    renamed = parameters.get("columns", {})
    start, header = next(_headers(rows, renamed), (0, []))
    if not header:
        raise document.failed("wrong-shape", f"no column for names; the header is {first[:20]}"[:500])
    body = rows[start + 1 :]
    if body and len(body[-1]) < len(header) and _is_cut_off(document, body[-1]):
        raise document.failed(
            "truncated", f"the last row ends after {len(body[-1])} of {len(header)} columns"
        )
    for row in body:
        if not any(map(clean, row)):
            council.skipped["empty row"] += 1
            continue
        yield [(name, note, cell) for (name, note), cell in zip(header, row, strict=False)]


def _headers(
    rows: list[list[str]], renamed: Mapping[str, Any]
) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """Yield the rows that may be the header: titles and dates may stand above it."""
    for number, row in enumerate(rows[:_MAX_PREFACE]):
        header = header_of([str(renamed.get(clean(cell), cell)) for cell in row])
        if {name for name, _ in header} & _NAMES and sum(bool(name) for name, _ in header) > 1:
            yield number, header


def _is_cut_off(document: Document, row: list[str]) -> bool:
    return (
        any(map(clean, row))
        and not document.body.startswith(b"PK")
        and not document.body.rstrip(b"\x00").endswith((b"\n", b"\r"))
    )


def _seat(document: Document, cells: list[tuple[str, str, str]]) -> Seat | None:
    parameters = document.source.parameters
    row: dict[str, str] = {}
    for column, note, cell in cells:
        if not note and clean(cell):
            row.setdefault(column, cell.strip())
    _correct(row, parameters)
    given, family, name = (clean(row.get(key, "")) for key in ("first name", "last name", "name"))
    if given and family:
        # "Ganley, KC": letters after a name are no part of it.
        family = family.partition(",")[0].strip()
    if family and not given and not name and all(column != "first name" for column, _, _ in cells):
        # A list with one column for names calls it as it likes.
        name, family = family, ""
    if not name and VACANT.fullmatch(clean(f"{given} {family}") or "vacant"):
        given = family = ""
    elif not given and not family and "," in name:
        # "DIAMOND, Jean-Paul"
        family, _, given = (clean(part) for part in name.partition(","))
        name = ""
    role = first_role(row.get("primary role", "")) or str(parameters.get("role", ""))
    district_id = clean(row.get("district id", ""))
    area = _area(row, district_id, parameters)
    if not (given or family or name or role or area):
        return None
    boundary, division = _boundary(document, area, district_id)
    links = _links(row, boundary)
    seat = Seat(
        name=name,
        given_name=given,
        family_name=family,
        role=role,
        area=area,
        gender=clean(row.get("gender", "")),
        party=clean(row.get("party name", "")),
        birth_date=clean(row.get("birth date", "")),
        image=contacts.photo(row.get("photo url", "")),
        boundary=boundary,
        division_id=division,
        contacts=_contacts(cells, row),
        links=links,
        is_incumbent=_truth(row.get("incumbent", "")),
    )
    return seat if VACANT.fullmatch(clean(name)) or not (name or given or family) else named(seat)


def _correct(row: dict[str, str], parameters: Mapping[str, Any]) -> None:
    """Apply the source's corrections and fallback columns in place."""
    for column, other in parameters.get("fallbacks", {}).items():
        if not row.get(column) and row.get(str(other).lower()):
            row[column] = row[str(other).lower()]
    for column, changes in parameters.get("corrections", {}).items():
        value = clean(row.get(column, ""))
        if isinstance(changes, Mapping) and value in changes:
            row[column] = str(changes[value])


def _area(row: dict[str, str], district_id: str, parameters: Mapping[str, Any]) -> str:
    area = clean(row.get("district name", ""))
    template = str(parameters.get("district_format", ""))
    if template:
        try:
            area = clean(template.format_map({**dict.fromkeys(KNOWN, ""), **row, "district id": district_id}))
        except (KeyError, IndexError, ValueError, AttributeError):
            area = clean(f"{area} {district_id}")
    # Represent writes the names of boundaries with em dashes.
    return area.replace("–", "—")


def _boundary(document: Document, area: str, district_id: str) -> tuple[str, str]:
    """Return the Represent boundary and the division of a seat, as far as its ids tell."""
    template = document.source.parameter("boundary")
    if template:
        told = string.Template(template).safe_substitute(slug=slug(area), id=district_id)
        return told, ""
    if re.fullmatch(r"\d{7}", district_id):
        return f"/boundaries/census-subdivisions/{district_id}/", f"ocd-division/country:ca/csd:{district_id}"
    if re.fullmatch(r"\d{4}", district_id):
        return f"/boundaries/census-divisions/{district_id}/", f"ocd-division/country:ca/cd:{district_id}"
    return "", ""


def _contacts(cells: list[tuple[str, str, str]], row: dict[str, str]) -> tuple[ContactDetail, ...]:
    told: list[ContactDetail] = []
    address = contacts.email(row.get("email", ""))
    if address:
        told.append(ContactDetail(type="email", value=address))
    kinds = {"phone": "voice", "fax": "fax", "cell": "cell"}
    for office, columns in _offices(cells):
        parts: dict[str, str] = {}
        numbers: list[ContactDetail] = []
        for column, note, cell in columns:
            if column in kinds and (number := contacts.phone(cell)):
                numbers.append(ContactDetail(type=kinds[column], value=number[:2_000], note=note or office))
            elif column in _ADDRESS and not note and clean(cell):
                parts.setdefault(column, clean(cell))
        place = ", ".join(
            part
            for part in (
                parts.get("address line 1", ""),
                parts.get("address line 2", ""),
                clean(f"{parts.get('locality', '')} {parts.get('province', '')}"),
                parts.get("postal code", ""),
            )
            if part
        )
        if parts.keys() & {"address line 1", "address line 2", "postal code"}:
            told.append(ContactDetail(type="address", value=place[:2_000], note=office))
        told += numbers
    return tuple(dict.fromkeys(told))


def _offices(cells: list[tuple[str, str, str]]) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Yield each office's columns: where ``Address Type`` is repeated, it opens an office and names it."""
    office = LEGISLATURE
    columns: list[tuple[str, str, str]] = []
    for column, note, cell in cells:
        if column == "address type":
            yield office, columns
            office, columns = clean(cell).lower().removesuffix(" office") or LEGISLATURE, []
        else:
            columns.append((column, note, cell))
    yield office, columns


def _links(row: dict[str, str], boundary: str) -> tuple[Link, ...]:
    found = (
        (contacts.web(row.get("source url", "")), "source"),
        (contacts.web(row.get("website", "")), ""),
        (contacts.social(row.get("facebook", ""), "www.facebook.com"), "facebook"),
        (contacts.social(row.get("twitter", ""), "twitter.com"), "twitter"),
        (boundary_url(boundary), "boundary"),
    )
    return tuple(Link(url=url[:2_000], note=note) for url, note in found if url)


def boundary_url(path: str) -> str:
    """Return the address of a Represent boundary such as ``/boundaries/census-subdivisions/3530013/``."""
    return f"https://represent.opennorth.ca{path}" if path.startswith("/boundaries/") else ""


def _truth(text: str) -> bool | None:
    word = clean(text).lower()
    if word in {"true", "t", "1", "yes", "y", "oui"}:
        return True
    return False if word in {"false", "f", "0", "no", "n", "non"} else None
