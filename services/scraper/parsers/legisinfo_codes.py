"""LEGISinfo's vocabulary: statuses, publication kinds, what an event's name says about its kind."""

from __future__ import annotations

import re

from services.scraper.parsers.text import slug

STATUSES = {
    slug(name): name
    for name in (
        "At consideration in committee in the House of Commons",
        "At consideration in committee in the Senate",
        "At consideration in the House of Commons of amendments made by the Senate",
        "At consideration in the Senate of amendments made by the House of Commons",
        "At report stage and second reading in the House of Commons",
        "At report stage in the House of Commons",
        "At report stage in the Senate",
        "At second reading in the House of Commons",
        "At second reading in the Senate",
        "At third reading in the House of Commons",
        "At third reading in the Senate",
        "Awaiting first reading in the House of Commons",
        "Awaiting first reading in the Senate",
        "Awaiting royal assent",
        "Bill defeated",
        "Bill not proceeded with",
        "Bill withdrawn",
        "House of Commons bill awaiting first reading in the Senate",
        "Introduced as pro forma bill",
        "Outside the Order of Precedence",
        "Placed on the Order of Precedence",
        "Referred to committee before second reading in the House of Commons",
        "Royal assent received",
        "Senate bill awaiting first reading in the House of Commons",
    )
}
"""Known statuses; any other one raises the alarm ``unknown-status``."""

PUBLICATION_PAGES = {
    80701: "first-reading",
    80702: "second-reading",
    80703: "third-reading",
    80704: "royal-assent",
}
"""Last segment of a publication's page, by PublicationTypeId."""

_CLASSIFICATIONS = (
    ("royal assent", "executive-signature"),
    ("defeated", "failure"),
    ("negatived", "failure"),
    ("withdrawn", "withdrawal"),
    ("introduction", "introduction"),
    ("referral to committee", "referral-committee"),
    ("committee report", "committee-passage"),
    ("debate", "debate"),
    ("first reading", "reading-1"),
    ("second reading", "reading-2"),
    ("third reading", "reading-3"),
    ("report stage", "report-stage"),
    ("message", "message"),
    ("amendments", "amendment"),
)

_DATED = re.compile(
    r"\s+(?:on [A-Z][a-z]+ \d{1,2}, \d{4}|le \d{1,2}(?:er)? \w+ \d{4})(?:\s+\((?P<chamber>[^()]*)\))?$"
)
_HONORIFICS = re.compile(
    r"^(?:(?:The )?(?:Right )?Hon\.|L['’]hon\.|L[ea] très hon\.|Sen\.|Sén\.|Senator|Mr\.|Ms\.|Mrs\.|Dr\.)\s+",
    re.IGNORECASE,
)


def classify(description: str) -> str:
    """Return the Open Civic Data classification of an event by its English name."""
    lowered = description.lower()
    return next((code for words, code in _CLASSIFICATIONS if words in lowered), "")


def undated(activity: str) -> str:
    """Return an activity without its date and chamber: ``Royal assent on June 26, 2025 (Senate)``."""
    return _DATED.sub("", activity)


def without_honorific(name: str) -> str:
    """Return a sponsor's name without ``Hon.``, ``Sen.`` and their like."""
    shorter = _HONORIFICS.sub("", name)
    return shorter if shorter == name else without_honorific(shorter)


_FIRST_IDS = (
    (2_172_019, "39-1"),
    (3_076_458, "39-2"),
    (3_610_513, "40-1"),
    (3_686_569, "40-2"),
    (4_343_885, "40-3"),
    (5_000_000, "41-1"),
    (6_251_803, "41-2"),
    (8_060_271, "42-1"),
    (10_600_395, "43-1"),
    (10_866_014, "43-2"),
    (11_471_425, "44-1"),
    (13_538_627, "45-1"),
)
"""Lowest LEGISinfo id of each session: ids grow with time."""


def session_of_bill(identity: str, spoken_in: str) -> str:
    """Return the session of a bill by its LEGISinfo id, or ``""`` where that cannot be told.

    ``spoken_in`` is the session of the document: beyond the last one known here nothing is certain.
    """
    known = [session for _, session in _FIRST_IDS]
    if not identity.isdigit() or spoken_in not in known:
        return ""
    before = [session for first, session in _FIRST_IDS if int(identity) >= first]
    # An id of the session after the one in which it is mentioned would be a mistake of this table.
    return before[-1] if before and known.index(before[-1]) <= known.index(spoken_in) else ""
