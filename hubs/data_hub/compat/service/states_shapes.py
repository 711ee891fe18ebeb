"""The shapes of Open States' answers: pure functions from our records to theirs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Shape = dict[str, Any]
Row = Mapping[str, Any]
_LEVELS = {"federal": "country", "provincial": "state", "municipal": "municipality"}
_BODIES = {"house": "lower", "senate": "upper", "legislature": "legislature", "council": "legislature"}
_OPTIONS = {"not voting": "not voting", "paired": "paired"}


def bare_id(text: str) -> str:
    """Return an id without its prefix: ``ocd-person/<uuid>`` is ``<uuid>``."""
    return re.sub(r"^ocd-[a-z]+/(?=[0-9a-f-]{36}$)", "", text.strip())


def number(text: str) -> str:
    """Return a bill number as the record has it: ``c 2`` is ``C-2``."""
    match = re.match(r"^([A-Za-z]+)[\s-]*(\d+)$", text.strip())
    return f"{match[1].upper()}-{int(match[2])}" if match else text.strip()


def bare_jurisdiction(ocd_id: str) -> Shape:
    """Return what an OCD id alone says of a jurisdiction that has no record of its own."""
    last = ocd_id.removesuffix("/legislature").removesuffix("/government").rpartition("/")[2]
    is_federal = last == "country:ca"
    return {
        "ocd_id": ocd_id,
        "name_en": "Canada" if is_federal else last.partition(":")[2].replace("_", " ").title(),
        "level": "federal"
        if is_federal
        else "provincial"
        if last.startswith(("province", "territory"))
        else "other",
        "division_id": ocd_id.replace("ocd-jurisdiction", "ocd-division").rpartition("/")[0],
        "url": "",
    }


def jurisdiction(row: Row, include: Sequence[str], within: Mapping[str, Sequence[Row]]) -> Shape:
    """Return a jurisdiction; organizations and sessions on request."""
    shape: Shape = {
        "id": row["ocd_id"],
        "name": row["name_en"],
        "classification": level(row),
        "division_id": row["division_id"],
        "url": row["url"],
        "latest_bill_update": _newest(within["bills"]),
        "latest_people_update": _newest(within["people"]),
    }
    if "organizations" in include:
        shape["organizations"] = [_organization(body) for body in within["organizations"]]
    if "legislative_sessions" in include:
        shape["legislative_sessions"] = [
            {
                "identifier": one["identifier"],
                "name": one["name_en"],
                "classification": "primary",
                "start_date": one["start_date"] or "",
                "end_date": one["end_date"] or "",
                "downloads": [],
            }
            for one in within["sessions"]
        ]
    return shape


def _newest(rows: Sequence[Row]) -> Any:
    # Their clients parse this as a time and know no null.
    return rows[0]["updated_at"] if rows else datetime(1970, 1, 1, tzinfo=UTC)


def _organization(row: Row) -> Shape:
    return {
        "id": f"ocd-organization/{row['id']}",
        "name": row["name_en"],
        "classification": body(row["key"], row["classification"]),
        "districts": [
            {
                "label": post["division_name"] or post["label_en"],
                "role": post["role_en"],
                "division_id": post["division_id"],
                "maximum_memberships": 1,
            }
            for post in row.get("posts", ())
        ],
    }


def level(row: Row) -> str:
    """Return what they call a jurisdiction of this level."""
    return _LEVELS.get(row["level"], "government")


def body(key: str, classification: str = "") -> str:
    """Return what they call a body: lower, upper or legislature."""
    tail = key.rpartition("/")[2]
    return _BODIES.get(tail, _BODIES.get(classification, "legislature"))


def compact_jurisdiction(ocd_id: str) -> Shape:
    """Return a jurisdiction as records carry it."""
    bare = bare_jurisdiction(ocd_id)
    return {"id": ocd_id, "name": bare["name_en"], "classification": level(bare)}


def person(row: Row, include: Sequence[str], divisions: Mapping[str, str]) -> Shape:
    """Return a person with the role of today; ``divisions`` are OCD ids by the keys of posts."""
    # Who sits for a district may hold an office too; the seat is the role.
    seats = sorted(
        (seat for seat in row["memberships"] if seat["area"] or seat["party"]),
        key=lambda seat: (not seat["area"], seat["end_date"] is not None),
    )
    seat = seats[0] if seats else None
    contacts = {c["type"]: c["value"] for c in reversed(row["contacts"])}
    role = None
    if seat and seat["area"] and seat["end_date"] is None:
        role = {
            "title": seat["role_en"],
            "org_classification": body(seat["organization_key"]),
            "district": seat["area"],
            "division_id": divisions.get(seat["post_key"] or "", ""),
        }
    shape: Shape = {
        "id": f"ocd-person/{row['id']}",
        "name": row["name"],
        "party": seat["party"] if seat else "",
        "current_role": role,
        "jurisdiction": compact_jurisdiction(row["jurisdiction"]),
        "given_name": row["given_name"],
        "family_name": row["family_name"],
        "image": row["image"],
        "email": contacts.get("email", ""),
        "gender": row["gender"],
        "birth_date": row["birth_date"],
        "death_date": "",
        "extras": {},
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "openstates_url": row["url"],
    }
    if "other_identifiers" in include:
        shape["other_identifiers"] = [
            {"identifier": item["value"], "scheme": item["scheme"]} for item in row["identifiers"]
        ]
    if "other_names" in include:
        shape["other_names"] = [{"name": name, "note": ""} for name in row["other_names"]]
    if "links" in include:
        shape["links"] = [{"url": link["url"], "note": link["note"]} for link in row["links"]]
    if "sources" in include:
        shape["sources"] = _sources(row)
    if "offices" in include:
        shape["offices"] = _offices(row["contacts"])
    return shape


def _sources(row: Row) -> list[Shape]:
    return [{"url": source["url"], "note": ""} for source in row.get("sources", ())]


def _offices(contacts: Sequence[Row]) -> list[Shape]:
    offices: dict[str, Shape] = {}
    for contact in contacts:
        if contact["type"] in ("address", "voice", "fax"):
            office = offices.setdefault(
                contact["note"],
                {"name": contact["note"] or "Office", "address": None, "voice": None, "fax": None},
            )
            office[contact["type"]] = contact["value"]
    return list(offices.values())


def bill(row: Row, include: Sequence[str]) -> Shape:
    """Return a bill; sponsorships, actions, versions and more on request."""
    actions = sorted(row["actions"], key=lambda action: action["date"])
    latest = row["latest_activity_on"] or (actions[-1]["date"] if actions else None)
    shape: Shape = {
        "id": f"ocd-bill/{row['id']}",
        "session": row["session"],
        "jurisdiction": compact_jurisdiction(row["jurisdiction"]),
        "from_organization": {
            "id": "",
            "name": {"house": "House of Commons", "senate": "Senate"}.get(
                row["chamber"], row["chamber"].title()
            ),
            "classification": _BODIES.get(row["chamber"], "legislature"),
        },
        "identifier": row["number"],
        "title": row["title_en"],
        "classification": ["bill"],
        "subject": [],
        "extras": {"title_fr": row["title_fr"], "status_code": row["status_code"]},
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "openstates_url": row["url"],
        "first_action_date": row["introduced_on"] or (actions[0]["date"] if actions else ""),
        "latest_action_date": latest or "",
        "latest_action_description": row["latest_activity_en"] or row["status_en"],
        "latest_passage_date": row["royal_assent_on"] or "",
    }
    shape |= {name: draw(row) for name, draw in _BILL_INCLUDES.items() if name in include}
    return shape


def _sponsorships(row: Row) -> list[Shape]:
    return [
        {
            "name": sponsor["name"],
            "entity_type": "person",
            "classification": "primary",
            "primary": index == 0,
            "person": {"id": f"ocd-person/{sponsor['person_id']}", "name": sponsor["name"]}
            if sponsor.get("person_id")
            else None,
        }
        for index, sponsor in enumerate(row["sponsors"])
    ]


def _actions(row: Row) -> list[Shape]:
    found = [
        {"description": a["description_en"], "date": a["date"], "chamber": a["chamber"], "classification": []}
        for a in row["actions"]
    ] or [
        {"description": s["name_en"], "date": s["date"], "chamber": s["chamber"], "classification": []}
        for s in row["stages"]
        if s["date"]
    ]
    ordered = sorted(found, key=lambda action: str(action["date"]))
    return [
        {
            "id": f"{row['id']}-{index}",
            "organization": {
                "id": "",
                "name": str(action["chamber"] or "").title(),
                "classification": _BODIES.get(str(action["chamber"]), "legislature"),
            },
            "description": action["description"],
            "date": action["date"],
            "classification": action["classification"],
            "order": index,
            "related_entities": [],
        }
        for index, action in enumerate(ordered)
    ]


def _versions(row: Row) -> list[Shape]:
    return [
        {
            "id": f"{row['id']}-{version['identifier']}",
            "note": version["name_en"],
            "date": "",
            "classification": "",
            "links": [
                {"url": url, "media_type": "text/html"}
                for url in (version["url_en"], version["url_fr"])
                if url
            ],
        }
        for version in row["versions"]
    ]


def _votes(row: Row) -> list[Shape]:
    return [
        {
            "id": f"ocd-vote/{vote['id']}",
            "identifier": vote["slug"],
            "motion_text": vote["motion_en"] or vote["subject_en"],
            "motion_classification": [],
            "start_date": vote["date"],
            "result": vote["result"],
            "extras": {},
            "organization": {"id": "", "name": "", "classification": body(vote["organization_key"])},
            "votes": [],
            "counts": [
                {"option": "yes", "value": vote["yes_count"]},
                {"option": "no", "value": vote["no_count"]},
            ],
            "sources": [],
        }
        for vote in row.get("votes", ())
    ]


_BILL_INCLUDES: dict[str, Callable[[Row], list[Shape]]] = {
    "sponsorships": _sponsorships,
    "abstracts": lambda row: (
        [{"abstract": row["summary_en"], "note": "summary"}] if row["summary_en"] else []
    ),
    "other_titles": lambda row: [{"title": row["title_fr"], "note": "fr"}] if row["title_fr"] else [],
    "other_identifiers": lambda row: [
        {"identifier": item["value"], "scheme": item["scheme"]} for item in row["identifiers"]
    ],
    "actions": _actions,
    "sources": _sources,
    "documents": lambda row: [],
    "versions": _versions,
    "votes": _votes,
    "related_bills": lambda row: [
        {"identifier": r["number"], "legislative_session": row["session"], "relation_type": r["relation"]}
        for r in row["related"]
    ],
}


def committee(row: Row, include: Sequence[str]) -> Shape:
    """Return a committee; its members on request."""
    shape: Shape = {
        "id": f"ocd-organization/{row['id']}",
        "name": row["name_en"],
        "classification": row["classification"],
        "parent_id": f"ocd-organization/{row['parent_id']}" if row.get("parent_id") else "",
        "extras": {"session": row["session"], "name_fr": row["name_fr"]},
    }
    if "memberships" in include:
        shape["memberships"] = [
            {
                "person_name": seat.get("person_name", seat["person_key"].rpartition("/")[2]),
                "role": seat["role_en"] or "member",
                "person": {"id": f"ocd-person/{seat['person_id']}"} if seat.get("person_id") else None,
            }
            for seat in row.get("memberships", ())
        ]
    if "links" in include:
        shape["links"] = [{"url": link["url"], "note": link["note"]} for link in row["links"]]
    if "sources" in include:
        shape["sources"] = _sources(row)
    return shape


def event(row: Row, include: Sequence[str]) -> Shape:
    """Return a meeting; agenda and documents on request."""
    shape: Shape = {
        "id": f"ocd-event/{row['id']}",
        "name": row["name_en"],
        "jurisdiction": compact_jurisdiction(row["jurisdiction"]),
        "description": row["body_name"],
        "classification": row["classification"],
        "start_date": row["starts_at"] or row["start_date"],
        "end_date": row["ends_at"] or "",
        "all_day": row["starts_at"] is None,
        "status": row["status"],
        "upstream_id": next((item["value"] for item in row["identifiers"]), ""),
        "deleted": False,
        "location": {"name": row["location"], "url": ""} if row["location"] else None,
    }
    if "links" in include:
        shape["links"] = [{"url": link["url"], "note": link["note"]} for link in row["links"]]
    if "sources" in include:
        shape["sources"] = _sources(row)
    if "documents" in include:
        shape["documents"] = [
            {
                "note": document["title_en"],
                "date": document["date"] or "",
                "classification": document["classification"],
                "links": [{"url": document["url"], "media_type": document["media_type"]}],
            }
            for document in row.get("documents", ())
        ]
    if "agenda" in include:
        shape["agenda"] = [
            {
                "description": item["title_en"],
                "classification": [],
                "order": item["order"],
                "subjects": [],
                "notes": [item["notes"]] if item["notes"] else [],
                "related_entities": [],
                "extras": {},
            }
            for item in row["agenda"]
        ]
    return shape
