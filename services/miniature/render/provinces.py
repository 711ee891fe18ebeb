"""Ontario's pages and their Drupal JSON, and Quebec's table of bills.

Formats: www.ola.org/en/members/all/doug-ford?_format=json and
/en/legislative-business/bills/parliament-44/session-1/ bill-86?_format=json (the envelope is Drupal's; our
names of the fields were not checked against a recorded document); www.donneesquebec.ca, the CSV of projets
de loi.
"""

import csv
import io
from datetime import UTC, datetime
from html import escape
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from services.miniature.facts.model import Language, pick
from services.miniature.facts.tables import table
from services.miniature.render.document import CSV, HTML, JSON, Document
from services.miniature.render.house_html import slug_of
from services.miniature.render.legisinfo_list import compact_json

_BILLS = "/legislative-business/bills/parliament-44/session-1"
_CHANGED = datetime(2026, 2, 3, 15, 4, 5, tzinfo=UTC)


def _members() -> list[dict[str, Any]]:
    return list(table("provinces")["ontario"]["members"])


def _bills() -> list[dict[str, Any]]:
    return list(table("provinces")["ontario"]["bill"])


def _alias(member: dict[str, Any]) -> str:
    return "/members/all/" + slug_of(f"{member['first']} {member['last']}")


def _uuid(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"https://www.ola.org/{name}"))


def _node(
    kind: str, nid: int, title: str, alias: str, language: Language, fields: dict[str, Any]
) -> Document:
    stamp = {"value": _CHANGED.isoformat(), "format": "Y-m-d\\TH:i:sP"}
    node = {
        "nid": [{"value": nid}],
        "uuid": [{"value": _uuid(f"node/{nid}")}],
        "vid": [{"value": nid + 100_000}],
        "langcode": [{"value": language}],
        "type": [{"target_id": kind, "target_type": "node_type", "target_uuid": _uuid(kind)}],
        "status": [{"value": True}],
        "title": [{"value": title}],
        "created": [stamp],
        "changed": [stamp],
        "default_langcode": [{"value": language == "en"}],
        "path": [{"alias": alias, "pid": nid + 5000, "langcode": language}],
        **{name: value if isinstance(value, list) else [{"value": value}] for name, value in fields.items()},
    }
    return Document(compact_json(node), JSON)


def _reference(nid: int) -> dict[str, Any]:
    url = next(_alias(member) for member in _members() if member["nid"] == nid)
    return {"target_id": nid, "target_type": "node", "target_uuid": _uuid(f"node/{nid}"), "url": f"/en{url}"}


def ontario_member(language: Language, name: str) -> Document | None:
    """One member's node, or None for an unknown slug."""
    alias = f"/members/all/{name.lower()}"
    member = next((entry for entry in _members() if _alias(entry) == alias), None)
    if member is None:
        return None
    role = tuple(member.get("role", ("", "")))
    initial, surname = member["first"][0].lower(), slug_of(member["last"]).replace("-", "")
    return _node(
        "member",
        member["nid"],
        f"{member['first']} {member['last']}",
        alias,
        language,
        {
            "field_first_name": member["first"],
            "field_last_name": member["last"],
            "field_full_name_by_last_name": f"{member['last']}, {member['first']}",
            "field_riding": pick(tuple(member["riding"]), language),
            "field_party": pick(tuple(member["party"]), language),
            "field_current_role": pick(role, language) if role[0] else [],
            "field_email_address": f"{initial}{surname}@ola.example",
            "field_is_current_member": True,
        },
    )


def ontario_bill(language: Language, number: int) -> Document | None:
    """One bill's node, or None for an unknown number."""
    bill = next((entry for entry in _bills() if entry["number"] == number), None)
    if bill is None:
        return None
    return _node(
        "bill",
        bill["nid"],
        f"{pick(('Bill', 'Projet de loi'), language)} {number}",
        f"{_BILLS}/bill-{number}",
        language,
        {
            "field_bill_number": number,
            "field_short_title": pick(tuple(bill["title"]), language),
            "field_parliament": 44,
            "field_session": 1,
            "field_current_status": bill["status"],
            "field_sponsor": [_reference(nid) for nid in bill["sponsors"]],
            "field_stages": [
                {"date": day, "stage": stage, "outcome": outcome} for day, stage, outcome in bill["stages"]
            ],
        },
    )


def _list(title: str, language: Language, rows: list[str]) -> Document:
    body = [
        "<!DOCTYPE html>",
        f'<html lang="{language}" dir="ltr">',
        f'<head><meta charset="utf-8" /><title>{escape(title)} | OLA</title></head>',
        '<body><div class="view-content"><table class="cols-2"><tbody>',
        *rows,
        "</tbody></table></div></body></html>",
        "",
    ]
    return Document("\n".join(body).encode(), HTML)


def ontario_members(language: Language) -> Document:
    """The page of current members, which links to every node."""
    cell = "views-field views-field-field-full-name-by-last-name is-active"
    rows = [
        f'<tr><td class="{cell}"><a href="/{language}{_alias(member)}">'
        f"{escape(member['last'])}, {escape(member['first'])}</a></td>"
        f'<td class="views-field views-field-field-riding">'
        f"{escape(pick(tuple(member['riding']), language))}</td></tr>"
        for member in sorted(_members(), key=lambda entry: slug_of(entry["last"]))
    ]
    return _list(pick(("Current MPPs", "Députés actuels"), language), language, rows)


def ontario_bills(language: Language) -> Document:
    """The page of current bills, which links to every node."""
    rows = [
        f'<tr><td class="views-field views-field-field-bill-number">'
        f'<a href="/{language}{_BILLS}/bill-{bill["number"]}">Bill {bill["number"]}</a></td>'
        f'<td class="views-field views-field-field-short-title">'
        f"{escape(pick(tuple(bill['title']), language))}</td></tr>"
        for bill in _bills()
    ]
    return _list(pick(("Current bills", "Projets de loi actuels"), language), language, rows)


def quebec_bills() -> Document:
    """The table of bills of the National Assembly."""
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\r\n")
    writer.writerow(
        (
            "Numero_projet_loi",
            "Titre_projet_loi",
            "Type_projet_loi",
            "Derniere_etape_franchie",
            "Date_derniere_etape",
            "No_legislature",
            "No_session",
        )
    )
    writer.writerows(table("provinces")["quebec"]["bills"])
    return Document(rows.getvalue().encode(), CSV)
