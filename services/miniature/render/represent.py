"""The Represent API, councillor lists in its CSV schema, boundaries as GeoJSON, postal codes.

Formats: represent.opennorth.ca/representatives/house-of-commons/, /boundaries/, /postcodes/; the Represent
CSV template in English (app2.kitchener.ca) and in French (donneesquebec.ca).
"""

import csv
import io
from typing import Any

from services.miniature.facts.model import CAUCUSES, Language, Member
from services.miniature.facts.offices import email, phone
from services.miniature.facts.tables import table
from services.miniature.render.document import CSV, JSON, Document
from services.miniature.render.house_html import slug, slug_of
from services.miniature.render.legisinfo_list import compact_json
from services.miniature.world import World

FEDERAL_SET = "federal-electoral-districts-2023-representation-order"
WARD_SET = "kitchener-wards"
GEOJSON = "application/geo+json"
_SETS = {FEDERAL_SET: "Federal electoral district", WARD_SET: "Kitchener ward"}


def councillors(city: str) -> Document:
    """A city's list in the Represent schema: quoted line breaks, an empty row and a vacant post included."""
    facts = table("places")[city]
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\r\n")
    writer.writerow(facts["header"])
    writer.writerows(facts["rows"])
    return Document(rows.getvalue().encode(), CSV)


def representative(member: Member) -> dict[str, Any]:
    """A member as the API tells people; every third member has no fax at all, every tenth no e-mail."""
    legislature: dict[str, Any] = {}
    if member.person_id % 3:
        legislature["fax"] = f"1 {phone(member, 2).replace('-', ' ', 1)}"
    legislature |= {
        "postal": "House of Commons\nOttawa ON  K1A 0A6",
        "tel": f"1 {phone(member, 0).replace('-', ' ', 1)}",
        "type": "legislature",
    }
    constituency = {
        "postal": f"1 Main Street (Main Office)\n\n{member.riding_en} {member.province}  K0K 0K0",
        "tel": f"1 {phone(member, 1).replace('-', ' ', 1)}",
        "type": "constituency",
    }
    return {
        "gender": "",
        "party_name": CAUCUSES[member.caucus][0],
        "first_name": member.first_name,
        "offices": [legislature, constituency],
        "representative_set_name": "House of Commons",
        "extra": {},
        "related": {
            "representative_set_url": "/representative-sets/house-of-commons/",
            "boundary_url": f"/boundaries/{FEDERAL_SET}/{member.riding_code}/",
        },
        "source_url": "https://www.ourcommons.ca/Members/en/search",
        "photo_url": "",
        "url": f"https://www.ourcommons.ca/Members/en/{slug(member)}",
        "personal_url": "",
        "elected_office": "MP",
        "district_name": member.riding_en,
        "name": member.name,
        "last_name": member.last_name,
        "email": "" if member.person_id % 10 == 0 else email(member),
    }


def _page(
    path: str, rows: list[dict[str, Any]], query: dict[str, str], meta: dict[str, Any] | None = None
) -> Document:
    limit, offset = int(query.get("limit", "20") or 20), int(query.get("offset", "0") or 0)
    limit = min(limit or 1000, 1000)
    kept = {key: value for key, value in query.items() if key not in ("limit", "offset")}

    def link(start: int) -> str:
        given = "".join(f"{key}={value}&" for key, value in kept.items())
        return f"{path}?{given}limit={limit}&offset={start}"

    told = {
        "objects": rows[offset : offset + limit],
        "meta": {
            "limit": limit,
            "previous": link(max(0, offset - limit)) if offset else None,
            "total_count": len(rows),
            "next": link(offset + limit) if offset + limit < len(rows) else None,
            "offset": offset,
            **(meta or {}),
        },
    }
    return Document(compact_json(told), JSON)


def representatives(world: World, representative_set: str, query: dict[str, str]) -> Document | None:
    """One set of representatives, paged; only the House of Commons is known."""
    if representative_set != "house-of-commons":
        return None
    rows = [representative(member) for member in world.members]
    return _page("/representatives/house-of-commons/", rows, query)


# ------------------------------------------------------------------------------------------------ boundaries
def _boundaries(world: World) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Set, slug, name and shape of every boundary."""
    names = {member.riding_code: member.riding_en for member in world.members}
    known = [
        (
            FEDERAL_SET,
            str(row["code"]),
            names.get(row["code"], str(row["code"])),
            _square(row["centre"], row["half"]),
        )
        for row in table("places")["ridings"]
    ]
    known += [
        (WARD_SET, slug_of_ward(row["name"]), row["name"], _square(row["centre"], 0.015))
        for row in table("places")["wards"]
    ]
    return known


def slug_of_ward(name: str) -> str:
    """The slug of a ward, with its number."""
    return f"{slug_of(name)}-{name.rpartition(' ')[2]}"


def _square(centre: list[float], half: float) -> dict[str, Any]:
    x, y = centre
    ring = [
        [x - half, y - half],
        [x + half, y - half],
        [x + half, y + half],
        [x - half, y + half],
        [x - half, y - half],
    ]
    points = [[round(lon, 4), round(lat, 4)] for lon, lat in ring]
    return {"type": "MultiPolygon", "coordinates": [[points]]}


def _summary(boundary: tuple[str, str, str, dict[str, Any]]) -> dict[str, Any]:
    name = boundary[2]
    code = boundary[1] if boundary[0] == FEDERAL_SET else name.rpartition(" ")[2]
    return {
        "name": name,
        "external_id": code,
        "url": f"/boundaries/{boundary[0]}/{boundary[1]}/",
        "boundary_set_name": _SETS[boundary[0]],
        "related": {"boundary_set_url": f"/boundary-sets/{boundary[0]}/"},
    }


def boundaries(world: World, query: dict[str, str], only: str = "") -> Document:
    """The boundaries of the sets asked for with ?sets=, paged."""
    wanted = [only] if only else [name for name in query.get("sets", "").split(",") if name]
    rows = [_summary(entry) for entry in _boundaries(world) if not wanted or entry[0] in wanted]
    suffix = f"?sets={','.join(wanted)}" if wanted else ""
    related = {
        f"{name}s_url": f"/boundaries/{name}{suffix}" for name in ("centroid", "simple_shape", "shape")
    }
    path = f"/boundaries/{only}/" if only else "/boundaries/"
    return _page(path, rows, query, {"related": related})


def boundary(world: World, boundary_set: str, name: str, part: str) -> Document | None:
    """One boundary: its summary with metadata, or its shape or centroid as GeoJSON."""
    found = next((entry for entry in _boundaries(world) if entry[:2] == (boundary_set, name)), None)
    if found is None:
        return None
    ring = found[3]["coordinates"][0][0]
    centroid = [round((ring[0][axis] + ring[2][axis]) / 2, 4) for axis in (0, 1)]
    if part in ("simple_shape", "shape"):
        return Document(compact_json(found[3]), JSON)
    if part == "centroid":
        return Document(compact_json({"type": "Point", "coordinates": centroid}), JSON)
    told = _summary(found) | {
        "metadata": {},
        "centroid": {"type": "Point", "coordinates": centroid},
        "extent": [*ring[0], *ring[2]],
    }
    return Document(compact_json(told), JSON)


def feature_collection(world: World, boundary_set: str, language: Language = "en") -> Document:
    """A set of boundaries as one GeoJSON file."""
    french = {member.riding_code: member.riding_fr for member in world.members}
    features = []
    for entry in _boundaries(world):
        if entry[0] != boundary_set:
            continue
        properties: dict[str, Any] = {"WARDID": entry[2].rpartition(" ")[2], "WARD": entry[2]}
        if boundary_set == FEDERAL_SET:
            code = int(entry[1])
            properties = {"FED_NUM": code, "ED_NAMEE": entry[2], "ED_NAMEF": french.get(code, entry[2])}
        features.append({"type": "Feature", "properties": properties, "geometry": entry[3]})
    told = {
        "type": "FeatureCollection",
        "name": boundary_set,
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}},
        "features": features,
    }
    return Document(compact_json(told), GEOJSON)


# ---------------------------------------------------------------------------------------------- postal codes
def riding_of(postal: str) -> int | None:
    """The code of the riding that holds a postal code such as K2J0A1."""
    return next((row["code"] for row in table("places")["ridings"] if postal.upper() in row["postal"]), None)


def postcode(world: World, postal: str) -> Document | None:
    """A postal code with its boundary and its representatives."""
    code = riding_of(postal)
    if code is None:
        return None
    known = [entry for entry in _boundaries(world) if entry[1] == str(code)]
    ring = known[0][3]["coordinates"][0][0]
    told = {
        "code": postal.upper(),
        "city": "",
        "province": next((member.province for member in world.members if member.riding_code == code), ""),
        "centroid": {
            "type": "Point",
            "coordinates": [round((ring[0][axis] + ring[2][axis]) / 2, 4) for axis in (0, 1)],
        },
        "boundaries_centroid": [_summary(entry) for entry in known],
        "boundaries_concordance": [_summary(entry) for entry in known],
        "representatives_centroid": [representative(m) for m in world.members if m.riding_code == code],
        "representatives_concordance": [],
    }
    return Document(compact_json(told), JSON)


def concordance() -> Document:
    """Every known postal code with its federal riding, as CSV."""
    rows = ["PostalCode,FED_NUM"]
    for row in table("places")["ridings"]:
        rows += [f"{postal},{row['code']}" for postal in row["postal"]]
    return Document(("\r\n".join(rows) + "\r\n").encode(), CSV)
