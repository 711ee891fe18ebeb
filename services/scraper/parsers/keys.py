"""Natural keys of federal records, as every part of the platform names them."""

from __future__ import annotations

from shared.contracts.keys import (
    HOUSE,
    PARLIAMENT,
    SENATE,
    bill,
    bill_number,
    committee,
    debate,
    party,
    person,
    seat,
    senator,
    session,
    vote,
)

__all__ = [
    "HOUSE",
    "PARLIAMENT",
    "SENATE",
    "bill",
    "bill_number",
    "committee",
    "debate",
    "party",
    "person",
    "seat",
    "senator",
    "session",
    "vote",
]
