"""People in plain JSON and GeoJSON, by a field map in the registry (``parameters.fields``).

A field map names a path for each of ``name, first_name, last_name, role, area, district_id, email, phone,
fax, cell, party, photo, url, website, address, gender, start_date, end_date``: ``properties.Ward``,
``offices.0.tel``, or ``=Councillor`` for a fixed value. Without a map, the usual names of such fields are
tried. ``items`` is the path of the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from services.scraper.parsers import contacts
from services.scraper.parsers.base import Document, Fetch, ParseResult
from services.scraper.parsers.council import Council, Seat, first_role, is_vacant, named
from services.scraper.parsers.json import parse_any_json
from services.scraper.parsers.text import clean
from shared.contracts.civic import ContactDetail, Link

USUAL: dict[str, tuple[str, ...]] = {
    "name": ("name", "full_name", "fullname", "councillor", "councillor_name", "councillorname", "member",
    "member_name",
             "representative", "elected_official", "nom_complet", "council_member", "rep_name",
             "councilname"),
    "first_name": ("first_name", "firstname", "given_name", "prenom", "prénom", "memberfirstname"),
    "last_name": ("last_name", "lastname", "surname", "family_name", "nom", "memberlastname"),
    "role": ("primary_role", "role", "title", "position", "office", "elected_office", "titre", "poste",
    "fonction"),
    "area": ("district_name", "ward_name", "ward", "district", "area", "division", "wardname", "constituency",
             "nom_district", "arrondissement", "ward_num", "constituencyname"),
    "district_id": ("district_id", "ward_id", "wardid", "ward_number", "external_id"),
    "email": ("email", "e_mail", "email_address", "courriel", "contact_email"),
    "phone": ("phone", "telephone", "tel", "phone_number", "business_phone", "office_phone", "téléphone"),
    "fax": ("fax", "telecopieur", "télécopieur"),
    "cell": ("cell", "mobile", "cellular", "cellulaire"),
    "party": ("party_name", "party", "parti", "caucus"),
    "photo": ("photo_url", "photo", "image", "image_url", "picture"),
    "url": ("source_url", "url", "profile_url", "link", "page", "web_page"),
    "website": ("website", "web_site", "personal_url", "site_web"),
    "address": ("address", "address_line_1", "adresse", "office_address"),
    "gender": ("gender", "genre", "sexe"),
}  # fmt: skip
_LISTS = ("features", "objects", "results", "records", "data", "value", "items", "members", "elus")
_MAX_ITEMS = 20_000


def read_features(document: Document) -> ParseResult:
    """Read people from a GeoJSON or ArcGIS answer: each feature's properties (attributes) are a person.

    Raises: ParseFailed (``wrong-shape``, ``empty``, or as ``parse_any_json``).
    """
    value = parse_any_json(document)
    if isinstance(value, Mapping) and isinstance(value.get("error"), Mapping):
        # ArcGIS answers errors with status 200.
        raise document.failed("wrong-shape", f"the service answers {value['error'].get('message')!r}"[:300])
    features = value.get("features") if isinstance(value, Mapping) else None
    if not isinstance(features, list):
        raise document.failed("wrong-shape", "no list of features")
    rows = [_properties(feature) for feature in features[:_MAX_ITEMS]]
    result = _people(document, [row for row in rows if row])
    if isinstance(value, Mapping) and value.get("exceededTransferLimit"):
        result.alarm(document.url, "wrong-shape", "the service left features out (exceededTransferLimit)")
        result.complete.clear()
    return result


def read_items(document: Document) -> ParseResult:
    """Read people from a JSON list, or from the list that ``parameters.items`` or a usual name points to.

    Raises: ParseFailed (``wrong-shape``, ``empty``, or as ``parse_any_json``).
    """
    value = parse_any_json(document)
    path = document.source.parameter("items")
    found = at(value, path) if path else _list_in(value)
    if not isinstance(found, list) or not all(isinstance(row, Mapping) for row in found):
        raise document.failed("wrong-shape", f"no list of objects at {path or 'the usual places'}")
    result = _people(document, found[:_MAX_ITEMS])
    following = at(value, document.source.parameter("next")) if document.source.parameter("next") else None
    if isinstance(following, str) and following.startswith("http"):
        result.next(Fetch(url=following, step=document.step))
        result.complete.clear()
    return result


def at(value: Any, path: str) -> Any:
    """Return what stands at a dotted path, or None; names match without regard to case."""
    for part in path.split("."):
        if isinstance(value, list) and part.isdigit():
            value = value[int(part)] if int(part) < len(value) else None
        elif isinstance(value, Mapping):
            if part in value:
                value = value[part]
            else:
                folded = {str(key).lower(): key for key in value}
                value = value.get(folded.get(part.lower()))
        else:
            return None
    return value


def _list_in(value: Any) -> Any:
    if isinstance(value, Mapping):
        for name in _LISTS:
            if isinstance(value.get(name), list):
                return value[name]
        inner = value.get("result")
        return _list_in(inner) if isinstance(inner, Mapping) else None
    return value


def _properties(feature: Any) -> Mapping[str, Any]:
    if not isinstance(feature, Mapping):
        return {}
    for name in ("properties", "attributes"):
        if isinstance(feature.get(name), Mapping):
            told: Mapping[str, Any] = feature[name]
            return told
    return {}


def _people(document: Document, rows: list[Mapping[str, Any]]) -> ParseResult:
    council = Council(document)
    fields = document.source.parameters.get("fields", {})
    for row in rows:
        seat = _seat(document, row, fields if isinstance(fields, Mapping) else {})
        if seat is None:
            council.skipped["without a name"] += 1
            continue
        council.add(seat)
    return council.result()


def _seat(document: Document, row: Mapping[str, Any], fields: Mapping[str, Any]) -> Seat | None:
    folded = {re.sub(r"[\s\-]+", "_", str(key)).lower(): value for key, value in row.items()}

    def told(field: str) -> str:
        path = fields.get(field)
        if isinstance(path, str) and path.startswith("="):
            return path[1:]
        if path:
            value = at(row, str(path))
        else:
            value = next((folded[name] for name in USUAL.get(field, ()) if _is_plain(folded.get(name))), None)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return str(value) if _is_plain(value) else ""

    name, given, family = clean(told("name")), clean(told("first_name")), clean(told("last_name"))
    role = first_role(told("role")) or document.source.parameter("role")
    area = clean(told("area")) or clean(told("district_id"))
    template = document.source.parameter("district_format")
    if template and area:
        area = clean(template.replace("{area}", area))
    if not (name or given or family):
        return None
    found = [ContactDetail(type="email", value=address)] if (address := contacts.email(told("email"))) else []
    for field, kind in (("phone", "voice"), ("fax", "fax"), ("cell", "cell")):
        if number := contacts.phone(told(field)):
            found.append(ContactDetail(type=kind, value=number[:2_000], note="legislature"))
    if place := clean(told("address")):
        found.append(ContactDetail(type="address", value=place[:2_000], note="legislature"))
    seat = Seat(
        name=name,
        given_name=given,
        family_name=family,
        role=role,
        area=area.replace("–", "—"),
        gender=clean(told("gender")),
        party=clean(told("party")),
        image=contacts.photo(told("photo")),
        contacts=tuple(found),
        links=tuple(_links(told("url"), told("website"))),
        start_date=_day(told("start_date")),
        end_date=_day(told("end_date")),
    )
    is_empty = is_vacant(name or f"{given} {family}")
    return Seat(name="", role=role, area=seat.area) if is_empty else named(seat)


def _is_plain(value: object) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool) and clean(str(value)) != ""


def _links(url: str, website: str) -> Iterator[Link]:
    for address, note in ((contacts.web(url), "profile"), (contacts.web(website), "")):
        if address:
            yield Link(url=address[:2_000], note=note)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
