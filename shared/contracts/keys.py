"""Natural keys: one place that decides how a thing is named, whoever reads it and wherever it was read."""

from __future__ import annotations

import re
import unicodedata

HOUSE = "ca/house"
SENATE = "ca/senate"
PARLIAMENT = "ca/parliament"

_BILL = re.compile(r"^([A-Za-z])-?(\d{1,4})([A-Za-z]?)$")
_LIGATURES = str.maketrans({"œ": "oe", "Œ": "Oe", "æ": "ae", "Æ": "Ae", "ß": "ss", "ø": "o", "ł": "l"})


def slug(text: str) -> str:
    """Return ``text`` as a key segment: ASCII, lower case, words joined by hyphens."""
    folded = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    plain = folded.encode("ascii", "ignore").decode().lower().replace("'", "")
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def person(person_id: str, name: str = "") -> str:
    """Return the key of a member: by the House's PersonId, else by name."""
    return f"{HOUSE}/person/{person_id}" if person_id else f"{HOUSE}/person/name:{slug(name)}"


def senator(name: str) -> str:
    """Return the key of a senator, whom the Senate knows by name."""
    return f"{SENATE}/person/name:{slug(name)}"


def party(name: str) -> str:
    """Return the key of a party by its English short name."""
    return f"ca/party/{slug(name)}"


def seat(riding: str) -> str:
    """Return the key of the House seat of a riding."""
    return f"{HOUSE}/post/{slug(riding)}"


def bill(session: str, number: str) -> str:
    """Return the key of a bill, e.g. ``ca/bill/45-1/c-2``."""
    return f"ca/bill/{session}/{bill_number(number).lower()}"


def bill_number(text: str) -> str:
    """Return a bill number in its usual form: ``c2`` and ``C-2`` both become ``C-2``; else ``""``."""
    match = _BILL.match(text.strip())
    return f"{match[1].upper()}-{int(match[2])}{match[3].upper()}" if match else ""


def vote(session: str, number: int) -> str:
    """Return the key of a recorded division of the House."""
    return f"{HOUSE}/vote/{session}/{number}"


def session(identifier: str) -> str:
    """Return the key of a parliamentary session such as 45-1."""
    return f"ca/session/{identifier}"


def committee(acronym: str, session: str) -> str:
    """Return the key of a House committee in one session."""
    return f"{HOUSE}/committee/{session}/{slug(acronym)}"


def debate(session: str, number: str) -> str:
    """Return the key of a sitting of the House."""
    return f"{HOUSE}/debate/{session}/{slug(number)}"
