"""The state of the miniature country: an immutable snapshot of the facts, replaced whole on every change."""

from dataclasses import dataclass, field, replace
from typing import Any

from services.miniature.facts.bills import bills
from services.miniature.facts.divisions import ballots, divisions
from services.miniature.facts.legisinfo import EVENTS, STATUSES
from services.miniature.facts.members import MEMBERS
from services.miniature.facts.model import Ballot, Bill, Division, Member

READINGS = ("H1", "H2", "HC", "HR", "H3", "S1", "S2", "SC", "SR", "S3", "RA")
LAYOUTS: dict[str, tuple[str, ...]] = {
    "members": ("with_person_id", "without_person_id"),
    "votes": ("array_of_vote", "list"),
}


@dataclass(frozen=True)
class World:
    """Everything that is true in the miniature at one moment; `revision` grows with every change."""

    revision: int = 0
    members: tuple[Member, ...] = MEMBERS
    bills: tuple[Bill, ...] = field(default_factory=bills)
    divisions: tuple[Division, ...] = field(default_factory=divisions)
    layouts: dict[str, str] = field(
        default_factory=lambda: {name: known[0] for name, known in LAYOUTS.items()}
    )

    def find_member(self, person_id: int) -> Member | None:
        """The member with this person id, if the House still lists one."""
        return next((member for member in self.members if member.person_id == person_id), None)

    def find_bill(self, number: str, parliament: int = 45, session: int = 1) -> Bill | None:
        """The bill with this number in a session, in any letter case."""
        wanted = (number.upper(), parliament, session)
        return next(
            (bill for bill in self.bills if (bill.number, bill.parliament, bill.session) == wanted), None
        )

    def find_division(self, number: int) -> Division | None:
        """The recorded division with this number."""
        return next((division for division in self.divisions if division.number == number), None)

    def ballots(self, division: Division) -> tuple[Ballot, ...]:
        """The ballots of a division over everyone who ever sat; a member who left keeps the ballots cast."""
        return ballots(division, tuple({m.person_id: m for m in (*MEMBERS, *self.members)}.values()))

    # every change answers a new world with the next revision

    def with_member(self, person_id: int, **changes: Any) -> "World":
        """A member's facts change. Raises KeyError for a person the House does not list."""
        if self.find_member(person_id) is None:
            raise KeyError(f"no member {person_id}")
        members = tuple(replace(m, **changes) if m.person_id == person_id else m for m in self.members)
        return replace(self, members=members, revision=self.revision + 1)

    def with_new_member(self, member: Member) -> "World":
        """A member is added, in alphabetical order. Raises ValueError for a person id that is taken."""
        if self.find_member(member.person_id) is not None:
            raise ValueError(f"member {member.person_id} is already listed")
        members = tuple(sorted((*self.members, member), key=lambda m: (m.last_name.lower(), m.first_name)))
        return replace(self, members=members, revision=self.revision + 1)

    def without_member(self, person_id: int) -> "World":
        """A member vanishes from the list. Raises KeyError for a person the House does not list."""
        if self.find_member(person_id) is None:
            raise KeyError(f"no member {person_id}")
        members = tuple(m for m in self.members if m.person_id != person_id)
        return replace(self, members=members, revision=self.revision + 1)

    def with_bill(self, number: str, **changes: object) -> "World":
        """A bill's facts change. Raises KeyError for an unknown bill, ValueError for an unknown status."""
        if self.find_bill(number) is None:
            raise KeyError(f"no bill {number}")
        if "status" in changes and changes["status"] not in STATUSES:
            raise ValueError(f"unknown status {changes['status']!r}; known: {', '.join(sorted(STATUSES))}")
        # what arrives as JSON has lists where the facts have tuples
        given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in changes.items()}
        told = tuple(replace(b, **given) if b.number == number else b for b in self.bills)
        return replace(self, bills=told, revision=self.revision + 1)

    def with_reading(self, number: str, code: str, at: str, status: str, event: str) -> "World":
        """A bill moves: a reading (H1 … S3, RA) happens at a local clock time and leads to a status.

        Raises KeyError for an unknown bill or event, ValueError for an unknown reading or status.
        """
        bill = self.find_bill(number)
        if bill is None:
            raise KeyError(f"no bill {number}")
        if code not in READINGS or event not in EVENTS:
            raise ValueError(f"unknown reading {code!r} or event {event!r}")
        chamber = "S" if code == "RA" else code[0]
        readings = {**bill.readings, code: at}
        return self.with_bill(
            number, readings=readings, status=status, latest=(event, at, chamber), latest_event_at=""
        )

    def without_bill(self, number: str) -> "World":
        """A bill vanishes. Raises KeyError for an unknown bill."""
        if self.find_bill(number) is None:
            raise KeyError(f"no bill {number}")
        return replace(
            self, bills=tuple(b for b in self.bills if b.number != number), revision=self.revision + 1
        )

    def without_division(self, number: int) -> "World":
        """A recorded division vanishes. Raises KeyError for an unknown number."""
        if self.find_division(number) is None:
            raise KeyError(f"no division {number}")
        kept = tuple(d for d in self.divisions if d.number != number)
        return replace(self, divisions=kept, revision=self.revision + 1)

    def with_extra_divisions(self, count: int) -> "World":
        """Further divisions numbered on from 1001, with the ballots of the known ones: load for benches."""
        known = divisions()
        extra = tuple(replace(known[i % len(known)], number=1001 + i) for i in range(count))
        return replace(self, divisions=(*self.divisions, *extra), revision=self.revision + 1)

    def with_layout(self, document: str, variant: str) -> "World":
        """A document family switches to another upstream layout. Raises ValueError for an unknown one."""
        if variant not in LAYOUTS.get(document, ()):
            raise ValueError(f"unknown layout {document}={variant}; known: {LAYOUTS}")
        return replace(self, layouts={**self.layouts, document: variant}, revision=self.revision + 1)
