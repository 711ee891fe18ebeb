"""Recorded divisions from `divisions.toml`, and the ballots of the miniature's members in them.

Each caucus votes as it did, with the known exceptions, so a document's totals are the totals of these
members, not of all 343; every result is the real one.
"""

from functools import cache

from services.miniature.facts.members import B, C, G, L, N
from services.miniature.facts.model import Ballot, Division, Member
from services.miniature.facts.tables import table

# document type name (English, French) and id as the votes export gives them
KINDS: dict[str, tuple[str, str, int]] = {
    "bill": ("Legislative Process", "Processus législatif", 98),
    "report": ("Report Stage", "Étape du rapport", 9),
    "other": ("Other", "Autre", 99),
}
_CAUCUSES = {"L": L, "C": C, "B": B, "N": N, "G": G}


@cache
def divisions() -> tuple[Division, ...]:
    """Every recorded division, in ascending order."""
    return tuple(
        Division(
            **row
            | {
                "lines": {_CAUCUSES[letter]: value for letter, value in row["lines"].items()},
                "exceptions": {int(person): value for person, value in row.get("exceptions", {}).items()},
            }
        )
        for row in table("divisions")["division"]
    )


def ballots(division: Division, members: tuple[Member, ...]) -> tuple[Ballot, ...]:
    """Every recorded position in a division, in the order of the members; the absent leave no ballot."""
    cast: list[Ballot] = []
    for member in members:
        if not member.votes_in_divisions or member.from_date > division.when:
            continue
        caucus = member.caucus_on(division.when)
        value = division.exceptions.get(member.person_id, division.lines.get(caucus, "Absent"))
        if value != "Absent":
            cast.append(Ballot(member, caucus, value))
    return tuple(cast)


def totals(cast: tuple[Ballot, ...]) -> tuple[int, int, int]:
    """Yeas, nays and paired members of a division."""
    values = [ballot.value for ballot in cast]
    return values.count("Yea"), values.count("Nay"), values.count("Paired")


def is_agreed(cast: tuple[Ballot, ...]) -> bool:
    """Whether the yeas carried it."""
    yeas, nays, _ = totals(cast)
    return yeas > nays
