"""Which page shows which record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_AREAS = {
    "bill": "bills", "vote": "votes", "vote_event": "votes", "person": "members", "committee": "committees",
    "debate": "debates", "event": "meetings",
}  # fmt: skip
COLLECTIONS: tuple[tuple[str, str], ...] = (
    ("people", "kinds.person"), ("memberships", "kinds.membership"), ("organizations", "kinds.organization"),
    ("committees", "nav.committees"), ("posts", "kinds.post"), ("bills", "kinds.bill"),
    ("bill-texts", "kinds.bill_text"), ("votes", "kinds.vote_event"), ("sessions", "kinds.session"),
    ("jurisdictions", "kinds.jurisdiction"), ("divisions", "kinds.division"), ("elections", "kinds.election"),
    ("candidacies", "kinds.candidacy"), ("events", "kinds.event"), ("debates", "kinds.debate"),
    ("speeches", "kinds.speech"), ("documents", "kinds.document"), ("search", "nav.search"),
    ("changes", "nav.changes"), ("coverage", "nav.coverage"),
)  # fmt: skip


def page_of(kind: str, item: object, lang: str) -> str:
    """Return the address of the page of a record (by slug or id), empty when it has none of its own."""
    area = _AREAS.get(kind)
    return f"/{lang}/{area}/{item}" if area and item else ""


def page_of_hit(hit: Mapping[str, Any], lang: str) -> str:
    """Return the address of the page that shows a search hit."""
    kind = str(hit.get("type") or "")
    if kind == "speech" and hit.get("debate"):
        number = str(hit.get("anchor") or "").rpartition("/")[2].rpartition("-")[2]
        place = f"/{lang}/debates/{hit['debate']['id']}"
        return f"{place}?speech={number}#s{number}" if number.isdigit() else place
    return page_of(kind, hit.get("slug") or hit.get("id"), lang)
