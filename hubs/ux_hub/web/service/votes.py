"""What a recorded vote says when its ballots are laid out: parties, dissenters, every name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from markupsafe import Markup

OPTIONS = ("yes", "no", "paired", "abstain", "absent", "not voting", "other")


@dataclass(frozen=True)
class PartyRow:
    """How one party voted; ``line`` is yes, no, free or none."""

    party: str
    counts: Mapping[str, int]
    total: int
    line: str
    dissents: int

    def share(self, option: str) -> float:
        """Return the share of the party's ballots for an option, from 0 to 1."""
        return self.counts.get(option, 0) / self.total if self.total else 0.0


@dataclass(frozen=True)
class Breakdown:
    """A vote's ballots laid out."""

    parties: Sequence[PartyRow]
    dissenters: Sequence[Mapping[str, Any]]
    ballots: Sequence[Mapping[str, Any]]
    options: Sequence[str]


def break_down(vote: Mapping[str, Any], party: str = "") -> Breakdown:
    """Lay out a vote's ballots by party (largest first); ``party`` narrows the list of names alone."""
    ballots: Sequence[Mapping[str, Any]] = vote.get("ballots") or ()
    lines = {row["party"]: row for row in vote.get("party_lines") or ()}
    counted: dict[str, Counter[str]] = {}
    for ballot in ballots:
        counted.setdefault(ballot["party"], Counter())[ballot["option"]] += 1
    for name, row in lines.items():
        counted.setdefault(name, Counter(row["counts"]))
    rows = [
        PartyRow(
            party=name,
            counts=counts,
            total=sum(counts.values()),
            line=lines.get(name, {}).get("line", "none"),
            dissents=lines.get(name, {}).get("dissents", 0),
        )
        for name, counts in counted.items()
    ]
    rows.sort(key=lambda row: (-row.total, row.party))
    shown = [ballot for ballot in ballots if not party or ballot["party"] == party]
    present = {ballot["option"] for ballot in ballots} | {o for row in rows for o in row.counts}
    return Breakdown(
        parties=rows,
        dissenters=[ballot for ballot in ballots if ballot.get("is_dissent")],
        ballots=sorted(shown, key=lambda b: b["position"]),
        options=[option for option in OPTIONS if option in present],
    )


def ballot_rows(
    ballots: Iterable[Mapping[str, Any]],
    lang: str,
    parties: Mapping[str, Markup],
    options: Mapping[str, Markup],
    broke: str,
) -> Markup:
    """Return the rows of the table of ballots; ``parties`` and ``options`` are what stands for each.

    Written here and not in the template: a vote has 340 of them, and this takes a third of the time.
    """
    dissent = f' <small class="broke">{escape(broke)}</small>'
    rows = []
    for ballot in ballots:
        name, person = escape(ballot["name"] or ""), ballot.get("person_id")
        shown = f'<a href="/{lang}/members/{escape(person)}">{name}</a>' if person else name
        rows.append(
            f'<tr><th scope="row">{shown}</th><td>{parties[ballot["party"]]}</td>'
            f"<td>{escape(ballot['constituency'] or '')}</td>"
            f"<td>{options[ballot['option']]}{dissent if ballot.get('is_dissent') else ''}</td></tr>"
        )
    # Each part was escaped on its way in.
    return Markup("\n".join(rows))  # noqa: S704
