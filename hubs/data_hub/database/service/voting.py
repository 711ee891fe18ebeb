"""What the ballots of a recorded vote say: totals, party lines, free votes, dissent.

A party's line is what the majority of its yes and no ballots says; where the minority is 15 per cent or
more of them the vote was free for that party. Dissent is a yes or no against the line; whoever sits alone
or without a party has none to break.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

FREE_VOTE_SHARE = 0.15
UNAFFILIATED = frozenset(
    ("", "independent", "indépendant", "indépendante", "non-affiliated", "non affilié", "non affiliée")
)

_PARTY_AND_OPTION = itemgetter("party", "option")
_NONE: frozenset[int] = frozenset()
Line = str
"""``yes``, ``no``, ``free`` or ``none``."""


@dataclass(frozen=True)
class Tally:
    """What was worked out from the ballots of one vote."""

    yes: int
    no: int
    paired: int
    is_consistent: bool | None
    party_lines: list[dict[str, Any]]
    dissents: frozenset[int]
    """Positions of the ballots that broke their party's line."""


def party_line(yes: int, no: int) -> Line:
    """Return the line of a party by its yes and no ballots."""
    cast = yes + no
    if cast == 0 or yes == no:
        return "none" if cast == 0 else "free"
    if min(yes, no) / cast >= FREE_VOTE_SHARE:
        return "free"
    return "yes" if yes > no else "no"


def tally(ballots: Sequence[Mapping[str, Any]], counts: Sequence[Mapping[str, Any]]) -> Tally:
    """Work out a vote from its ballots and the totals that its source states."""
    by_party: dict[str, dict[str, int]] = {}
    total: Counter[str] = Counter()
    # As pairs first: those loops run in C, and there are few distinct pairs.
    pairs = list(map(_PARTY_AND_OPTION, ballots))
    for (party, option), number in Counter(pairs).items():
        by_party.setdefault(party, {})[option] = number
        total[option] += number
    against: set[tuple[str, str]] = set()
    party_lines = []
    for party in sorted(by_party):
        options = by_party[party]
        yes, no = options.get("yes", 0), options.get("no", 0)
        line = "none" if party.casefold() in UNAFFILIATED else party_line(yes, no)
        other = {"yes": "no", "no": "yes"}.get(line, "")
        if other:
            against.add((party, other))
        counted = dict(sorted(options.items()))
        dissents = options.get(other, 0)
        party_lines.append({"party": party, "line": line, "dissents": dissents, "counts": counted})
    broke = (
        frozenset(position for position, pair in enumerate(pairs) if pair in against) if against else _NONE
    )
    stated = {count["option"]: count["value"] for count in counts}
    is_consistent: bool | None = None
    if stated and ballots:
        is_consistent = all(total[option] == value for option, value in stated.items())
    return Tally(
        yes=stated.get("yes", total["yes"]),
        no=stated.get("no", total["no"]),
        paired=stated.get("paired", total["paired"]),
        is_consistent=is_consistent,
        party_lines=party_lines,
        dissents=broke,
    )
