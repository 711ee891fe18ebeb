"""The shapes of openparliament's answers: pure functions from our records to theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from hubs.data_hub.compat.schemas import Window

Shape = dict[str, Any]
OTTAWA = ZoneInfo("America/Toronto")
_RESULTS = {"pass": "Passed", "fail": "Failed", "tie": "Tie", "unknown": ""}
BALLOTS = {"yes": "Yes", "no": "No", "paired": "Paired"}
_PROVINCES = {
    "alberta": "AB", "british columbia": "BC", "manitoba": "MB", "new brunswick": "NB",
    "newfoundland and labrador": "NL", "nova scotia": "NS", "northwest territories": "NT", "nunavut": "NU",
    "ontario": "ON", "prince edward island": "PE", "quebec": "QC", "québec": "QC", "saskatchewan": "SK",
    "yukon": "YT",
}  # fmt: skip


def politician_url(slug: str) -> str:
    """Return the path of a member."""
    return f"/politicians/{slug}/"


def bill_url(session: str, number: str) -> str:
    """Return the path of a bill."""
    return f"/bills/{session}/{number}/"


def bill_url_of(key: str | None) -> str | None:
    """Return the path of the bill with a natural key such as ``ca/bill/45-1/c-2``."""
    parts = (key or "").split("/")
    return bill_url(parts[-2], parts[-1].upper()) if len(parts) >= 3 and parts[0] == "ca" else None


def _party(name: str) -> Shape:
    return {"name": {"en": name}, "short_name": {"en": name}}


def _riding(row: Mapping[str, Any]) -> Shape:
    province = _PROVINCES.get(row["province"].casefold(), row["province"])
    return {"province": province, "name": {"en": row["area"]}}


def politician(row: Mapping[str, Any]) -> Shape:
    """Return a member in brief; the riding and party of today, or of the last seat."""
    shape: Shape = {"name": row["name"], "url": politician_url(row["slug"])}
    seats = [m for m in row["memberships"] if m["area"]]
    if seats:
        shape["current_party"] = {"short_name": {"en": seats[0]["party"]}}
        shape["current_riding"] = _riding(seats[0])
    shape["image"] = row["image"]
    return shape


def politician_detail(row: Mapping[str, Any]) -> Shape:
    """Return a member with seats, contacts and what else is known."""
    contacts = {c["type"]: c["value"] for c in reversed(row["contacts"])}
    other: dict[str, list[str]] = {}
    for item in row["identifiers"]:
        other.setdefault(item["scheme"], []).append(item["value"])
    if row["other_names"]:
        other["alternate_name"] = list(row["other_names"])
    offices = [
        c["value"] for c in row["contacts"] if c["type"] == "address" and "constit" in c["note"].lower()
    ]
    if offices:
        other["constituency_offices"] = offices
    slug = row["slug"]
    return {
        "fax": contacts.get("fax", ""),
        "links": [{"url": link["url"], "note": link["note"]} for link in row["links"]],
        "image": row["image"],
        "other_info": other,
        "related": {
            "speeches_url": f"/speeches/?politician={slug}",
            "ballots_url": f"/votes/ballots/?politician={slug}",
            "sponsored_bills_url": f"/bills/?sponsor_politician={slug}",
        },
        "family_name": row["family_name"],
        "name": row["name"],
        "url": politician_url(slug),
        "gender": row["gender"],
        "memberships": [membership(m) for m in row["memberships"] if m["area"]],
        "given_name": row["given_name"],
        "voice": contacts.get("voice", ""),
        "email": contacts.get("email", ""),
    }


def membership(row: Mapping[str, Any]) -> Shape:
    """Return a seat of a member."""
    return {
        "end_date": row["end_date"],
        "riding": _riding(row) | {"id": row.get("post_id")},
        "url": f"/politicians/memberships/{row['id']}/",
        "party": _party(row["party"]),
        "start_date": row["start_date"],
        "label": {"en": f"{row['party']} MP for {row['area']}"},
    }


def bill(row: Mapping[str, Any]) -> Shape:
    """Return a bill in brief."""
    return {
        "name": {"fr": row["title_fr"], "en": row["title_en"]},
        "url": bill_url(row["session"], row["number"]),
        "number": row["number"],
        "session": row["session"],
        "introduced": row["introduced_on"],
        "legisinfo_id": _legisinfo_id(row),
    }


def _legisinfo_id(row: Mapping[str, Any]) -> int | None:
    for item in row["identifiers"]:
        if "legisinfo" in item["scheme"] and item["value"].isdigit():
            return int(item["value"])
    return None


def bill_detail(row: Mapping[str, Any], sponsor_slug: str | None, seat_url: str | None) -> Shape:
    """Return a bill with its status, sponsor (with the seat held at introduction) and votes."""
    texts = [v["url_en"] for v in row["versions"] if v["url_en"]]
    return {
        **bill(row),
        "short_title": {"en": row["short_title_en"], "fr": row["short_title_fr"]},
        "home_chamber": row["chamber"].title(),
        "law": row["is_law"],
        "sponsor_politician_url": politician_url(sponsor_slug) if sponsor_slug else None,
        "sponsor_politician_membership_url": seat_url,
        "text_url": texts[-1] if texts else None,
        "other_session_urls": [
            bill_url_of(r["bill_key"]) for r in row["related"] if "reinstated" in r["relation"]
        ],
        "vote_urls": [f"/votes/{v['session']}/{v['number']}/" for v in row["votes"]],
        "private_member_bill": bool(row["is_private_member"]),
        "status_code": row["status_code"],
        "status": {"en": row["status_en"], "fr": row["status_fr"]},
        "related": {"bills_url": "/bills/"},
    }


def vote(row: Mapping[str, Any]) -> Shape:
    """Return a recorded vote in brief."""
    return {
        "result": _RESULTS[row["result"]],
        "url": f"/votes/{row['session']}/{row['number']}/",
        "session": row["session"],
        "bill_url": bill_url_of(row["bill_key"]),
        "nay_total": row["no_count"],
        "date": row["date"],
        "yea_total": row["yes_count"],
        "paired_total": row["paired_count"],
        "number": row["number"],
        "description": {
            "fr": row["subject_fr"] or row["motion_fr"],
            "en": row["subject_en"] or row["motion_en"],
        },
    }


def vote_detail(row: Mapping[str, Any]) -> Shape:
    """Return a vote with how the parties voted."""
    shape = vote(row)
    return {
        **shape,
        "context_statement": None,
        "party_votes": [
            {
                "vote": {"yes": "Yes", "no": "No", "free": "Free Vote"}.get(line["line"], "No"),
                "disagreement": _disagreement(line["counts"]),
                "party": _party(line["party"]),
            }
            for line in row["party_lines"]
            if line["line"] != "none"
        ],
        "related": {"ballots_url": f"/votes/ballots/?vote={quote(shape['url'], safe='')}"},
    }


def _disagreement(counts: Mapping[str, int]) -> float:
    yes, no = counts.get("yes", 0), counts.get("no", 0)
    return round(min(yes, no) / (yes + no), 4) if yes + no else 0.0


def ballot(row: Mapping[str, Any], slug: str | None, seat_url: str | None) -> Shape:
    """Return how one member voted."""
    cast = row["vote"]
    return {
        "politician_membership_url": seat_url,
        "ballot": BALLOTS.get(row["option"], "Didn't vote"),
        "politician_url": politician_url(slug) if slug else None,
        "vote_url": f"/votes/{cast['session']}/{cast['number']}/",
    }


def debate_url(day: str) -> str:
    """Return the path of a sitting by its day."""
    year, month, number = day.split("-")
    return f"/debates/{year}/{int(month)}/{int(number)}/"


def document_url(row: Mapping[str, Any], bodies: Mapping[Any, str]) -> str | None:
    """Return the path of a sitting, or of a committee's meeting by the slugs of bodies by id."""
    if row["document_type"] == "debate":
        return debate_url(row["date"]) if row["organization_key"] == "ca/house" else None
    slug = bodies.get(row.get("organization_id"))
    return meeting_url(slug, row["session"], row["number"]) if slug and row["number"] else None


def meeting_url(slug: str, session: str, number: object) -> str:
    """Return the path of a meeting of a committee."""
    return f"/committees/{slug}/{session}/{number}/"


def debate(row: Mapping[str, Any]) -> Shape:
    """Return a sitting in brief."""
    return {
        "date": row["date"],
        "number": row["number"],
        "most_frequent_word": {},
        "url": debate_url(row["date"]),
    }


def debate_detail(row: Mapping[str, Any]) -> Shape:
    """Return a sitting with its source."""
    shape = debate(row)
    return {
        **shape,
        "document_type": "Debate" if row["document_type"] == "debate" else "Evidence",
        "session": row["session"],
        "source_url": row["url_en"],
        "source_id": next((item["value"] for item in row["identifiers"]), None),
        "related": {"speeches_url": f"/speeches/?document={quote(shape['url'], safe='')}"},
    }


def speech(row: Mapping[str, Any], slug: str | None, document: str | None, seat_url: str | None) -> Shape:
    """Return a speech with its text as paragraphs of HTML, in the document of that path."""
    return {
        "attribution": {"fr": row["attribution_fr"], "en": row["attribution_en"] or row["speaker_name"]},
        "politician_url": politician_url(slug) if slug else None,
        "url": f"{document}{row['anchor']}/" if document else None,
        "h1": {"fr": row["h1_fr"], "en": row["h1_en"]},
        "related": {
            "document_speeches_url": f"/speeches/?document={quote(document, safe='')}" if document else None
        },
        "content": {lang: _html(row["paragraphs"], lang, row["floor_language"]) for lang in ("fr", "en")},
        "h2": {"fr": row["h2_fr"], "en": row["h2_en"]},
        "document_url": document,
        "time": _local(row["time"]),
        "source_id": row["source_id"],
        "politician_membership_url": seat_url,
        "procedural": row["is_procedural"],
    }


def _html(paragraphs: Sequence[Mapping[str, Any]], lang: str, spoken: str) -> str:
    original = f' data-originallang="{escape(spoken)}"' if spoken else ""
    return "\n".join(
        f'<p data-HoCid="{escape(p["id"])}"{original}>{escape(p[f"text_{lang}"], quote=False)}</p>'
        for p in paragraphs
        if p[f"text_{lang}"]
    )


def _local(moment: str | None) -> str | None:
    if moment is None:
        return None
    return datetime.fromisoformat(moment).astimezone(OTTAWA).strftime("%Y-%m-%d %H:%M:%S")


def is_committee(key: str | None) -> bool:
    """Tell whether a natural key names a committee; those of the House have the House for parent."""
    return "/committee/" in (key or "")


def committee(row: Mapping[str, Any]) -> Shape:
    """Return a committee in brief."""
    return {
        "name": {"fr": row["name_fr"], "en": row["name_en"]},
        "short_name": {"fr": row["name_fr"], "en": row["abbreviation"] or row["name_en"]},
        "slug": row["slug"],
        "parent_url": f"/committees/{row['parent_id']}/" if is_committee(row.get("parent_key")) else None,
        "url": f"/committees/{row['slug']}/",
    }


def committee_detail(row: Mapping[str, Any]) -> Shape:
    """Return a committee with its session."""
    return {
        **committee(row),
        "sessions": [{"session": row["session"], "acronym": row["abbreviation"]}] if row["session"] else [],
        "subcommittees": [],
        "related": {
            "meetings_url": f"/committees/meetings/?committee={row['slug']}",
            "committees_url": "/committees/",
        },
    }


def meeting(row: Mapping[str, Any], slug: str | None) -> Shape:
    """Return a meeting of a committee."""
    return {
        "date": row["start_date"],
        "number": int(row["number"]) if row["number"].isdigit() else row["number"],
        "session": row["session"],
        "committee_url": f"/committees/{slug}/" if slug else None,
        "start_time": _local(row["starts_at"]),
        "end_time": _local(row["ends_at"]),
        "in_camera": None,
        "has_evidence": None,
        "url": meeting_url(slug, row["session"], row["number"]) if slug else None,
    }


def meeting_detail(row: Mapping[str, Any], slug: str, *, has_evidence: bool) -> Shape:
    """Return a meeting with its notice, minutes and what was said."""
    shape = meeting(row, slug)
    links = [*row["links"], *({"url": d["url"], "note": d["title_en"]} for d in row.get("documents", ()))]

    def link(word: str) -> str | None:
        return next((one["url"] for one in links if word in one["note"].lower()), None)

    return {
        **shape,
        "has_evidence": has_evidence,
        "minutes_url": link("minutes"),
        "notice_url": link("notice"),
        "webcast_url": link("webcast"),
        "related": {"speeches_url": f"/speeches/?document={quote(shape['url'], safe='')}"}
        if has_evidence
        else {},
    }


def page(
    path: str, params: Sequence[tuple[str, str]], window: Window, objects: Sequence[Shape], *, more: bool
) -> Shape:
    """Return a list as openparliament writes it."""
    rest = [(name, value) for name, value in params if name not in ("limit", "offset")]

    def at(offset: int) -> str:
        return f"{path}?{urlencode([*rest, ('limit', window.limit), ('offset', offset)])}"

    return {
        "objects": list(objects),
        "pagination": {
            "offset": window.offset,
            "limit": window.limit,
            "next_url": at(window.offset + window.limit) if more else None,
            "previous_url": at(max(window.offset - window.limit, 0)) if window.offset else None,
        },
    }
