"""Who sits where, in the formats that single sites have: a council's page, GeoJSON, three legislatures.

Formats: a page of a town's council; ArcGIS FeatureServer answers as GeoJSON; www.assembly.ab.ca, contacts.csv
(three lines above the header, two offices a row); lims.leg.bc.ca/graphql; and www.assnat.qc.ca,
/fr/deputes/index.html with the page of each member. Names and ridings are real, contacts ours.
"""

import csv
import io
import json
from html import escape
from typing import Any

from services.miniature.facts.tables import table
from services.miniature.render.document import CSV, HTML, JSON, Document
from services.miniature.render.house_html import slug_of
from services.miniature.render.legisinfo_list import compact_json

_OFFICE = (
    "Address Type", "Address Line1", "Address Line2", "City", "Province", "Country", "Postal Code",
    "Phone Number", "Fax Number",
)  # fmt: skip
WARDS = "/arcgis/rest/services/Council/FeatureServer/0/query"


def _people(name: str) -> list[dict[str, Any]]:
    return list(table("legislatures")[name])


def _council() -> list[tuple[str, str]]:
    facts = table("cities")["legistar"]
    names = {person["id"]: f"{person['first']} {person['last']}" for person in facts["people"]}
    return [(names[number], role) for number, role in facts["bodies"][0]["members"]]


def council_page() -> Document:
    """The page of the town's council."""
    lines = []
    for place, (name, role) in enumerate(_council()):
        ward = f" - Ward {place}" if role == "Councillor" else ""
        mail = f"{slug_of(name)}@portashby.example"
        lines += [
            f'<div class="card"><h3>{role} {escape(name)}{ward}</h3>',
            f'<p><a href="mailto:{mail}">{mail}</a></p><p>613-555-01{place + 10}</p></div>',
        ]
    return _page("en", "Town Council", ["<main>", *lines, "</main>"])


def council_geojson() -> Document:
    """The council as an ArcGIS server answers a query for GeoJSON."""
    features = [
        {
            "type": "Feature",
            "id": place,
            "geometry": None,
            "properties": {"OBJECTID": place, "Ward": place, "Name": name, "Title": role,
                           "Email": f"{slug_of(name)}@portashby.example"},
        }
        for place, (name, role) in enumerate(_council())
    ]  # fmt: skip
    return Document(compact_json({"type": "FeatureCollection", "features": features}), JSON)


def alberta() -> Document:
    """The contacts of the members of the Legislative Assembly of Alberta."""
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\r\n")
    names = (
        "MLA Title",
        "MLA First Name",
        "MLA Middle Names",
        "MLA Last Name",
        "Caucus",
        "Constituency Name",
        "Email",
    )
    writer.writerows([["Members of the Legislative Assembly"], ["As of November 1, 2026"], []])
    writer.writerow([*names, *_OFFICE, *_OFFICE])
    for place, member in enumerate(_people("alberta")):
        riding = member["riding"]
        mail = f"{slug_of(riding).replace('-', '.')}@assembly.example"
        house = ["Legislature Office", "10800 - 97 Avenue", "", "Edmonton", "AB", "Canada", "T5K 2B6"]
        own = ["Constituency Office", f"{place + 1} Main Street", "", riding, "AB", "Canada", "T1R 1C1"]
        name = [
            "",
            member["first"],
            "",
            f"{member['last']}, ECA" if member.get("is_minister") else member["last"],
        ]
        contact = [f"(780) 555-01{place:02d}", "Pending", *own, f"403.555.01{place:02d}", ""]
        writer.writerow([*name, member["party"], riding, mail, *house, *contact])
    return Document(rows.getvalue().encode(), CSV)


def british_columbia(body: bytes) -> Document:
    """The answer of the GraphQL service to a query for the members of a parliament."""
    try:
        query = str(json.loads(body or b"{}").get("query", ""))
    except (ValueError, AttributeError):
        query = ""
    if "allMemberParliaments" not in query:
        return Document(compact_json({"errors": [{"message": "Must provide query string."}]}), JSON, 400)
    nodes = [
        {
            "image": {"path": f"/images/members/43rd-Parliament/{member['last']}.jpg"},
            "constituency": {"name": member["riding"]},
            "member": {"firstName": member["first"], "lastName": member["last"]},
            "party": {"name": member["party"], "abbreviation": member["party"][:3].upper()},
        }
        for member in _people("british_columbia")
    ]
    return Document(compact_json({"data": {"allMemberParliaments": {"nodes": nodes}}}), JSON)


def quebec_members() -> Document:
    """The list of members of the National Assembly, and the riding that is vacant."""
    lines = ["<table><tbody>"]
    for member in _people("quebec"):
        lines += [
            f'<tr><td><a href="{_quebec_path(member)}">',
            f"{escape(member['last'])},&nbsp;{escape(member['first'])}</a></td>",
            f"<td>{escape(member['riding'])}</td><td>{escape(member['party'])}</td>",
            f'<td><a href="mailto:{slug_of(member["last"])}@assnat.example">Courriel</a></td></tr>',
        ]
    vacant = ", ".join(table("legislatures")["quebec_vacant"])
    return _page(
        "fr", "Députés", [*lines, "</tbody></table>", f"<p>Circonscription vacante : 1 ({vacant})</p>"]
    )


def quebec_member(number: int) -> Document | None:
    """The page of one member, or None for an unknown number."""
    member = next((each for each in _people("quebec") if each["id"] == number), None)
    if member is None:
        return None
    title = "Députée" if member["is_woman"] else "Député"
    lines = [
        '<div class="enteteFicheDepute">',
        f'<h1>{escape(member["first"])}&nbsp;<span class="nomDepute">{escape(member["last"])}</span></h1>',
        f"<ul><li>{title} de {escape(member['riding'])}</li><li>{escape(member['party'])}</li></ul></div>",
    ]
    return _page("fr", f"{member['first']} {member['last']}", lines)


def _quebec_path(member: dict[str, Any]) -> str:
    return f"/fr/deputes/{slug_of(member['last'])}-{slug_of(member['first'])}-{member['id']}/index.html"


def _page(language: str, title: str, lines: list[str]) -> Document:
    head = (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
    )
    return Document("\n".join([f"{head}</head><body>", *lines, "</body></html>", ""]).encode(), HTML)
