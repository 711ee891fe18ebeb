"""What a run does to the record, as a reader would say it: "3 members left, 1 changed party"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_LISTED = 500
_TITLES = ("name", "title_en", "title_fr", "name_en", "label_en", "subject_en", "motion_en", "number", "key")
_LONGEST = 300
# Singular and plural, English and French.
_PHRASES: Mapping[str, tuple[str, str, str, str]] = {
    "left": ("member left", "members left", "membre parti", "membres partis"),
    "joined": ("member joined", "members joined", "nouveau membre", "nouveaux membres"),
    "changed-party": (
        "member changed party", "members changed party",
        "membre a changé de parti", "membres ont changé de parti",
    ),
    "bill-moved": (
        "bill moved on", "bills moved on", "projet de loi a progressé", "projets de loi ont progressé",
    ),
    "sponsors": (
        "bill has other sponsors", "bills have other sponsors",
        "projet de loi a d'autres parrains", "projets de loi ont d'autres parrains",
    ),
    "contacts": (
        "person has other contacts", "people have other contacts",
        "personne a d'autres coordonnées", "personnes ont d'autres coordonnées",
    ),
    "ballots": (
        "vote has other ballots", "votes have other ballots",
        "vote a d'autres bulletins", "votes ont d'autres bulletins",
    ),
}  # fmt: skip
_FIELDS: Mapping[tuple[str, str], str] = {
    ("bill", "status_en"): "bill-moved",
    ("bill", "status_fr"): "bill-moved",
    ("bill", "actions"): "bill-moved",
    ("bill", "sponsors"): "sponsors",
    ("person", "contacts"): "contacts",
    ("vote_event", "ballots"): "ballots",
}
_CHANGES = ("inserted", "updated", "tombstoned")


@dataclass(frozen=True)
class Difference:
    """One record and what a run does to it; ``fields`` holds before and after of what differs."""

    kind: str
    key: str
    change: str
    title: str
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """Return what a reader would call it."""
        if self.kind == "membership":
            if self.change == "inserted":
                return "joined"
            if self.change == "tombstoned" or ("end_date" in self.fields and self.fields["end_date"][1]):
                return "left"
            if {"party", "on_behalf_of_key"} & set(self.fields):
                return "changed-party"
        for (kind, name), code in _FIELDS.items():
            if kind == self.kind and name in self.fields:
                return code
        return f"{self.kind}:{self.change}"


def difference(
    kind: str, key: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> Difference:
    """Return what leads from one state of a record to another; None is its absence."""
    if before is None or after is None:
        return Difference(
            kind, key, "inserted" if before is None else "tombstoned", _title(key, after or before)
        )
    fields = {
        name: (before.get(name), value)
        for name, value in after.items()
        if name in before and _plain(before[name]) != _plain(value)
    }
    return Difference(kind, key, "updated", _title(key, after), fields)


def narrate(counts: Mapping[str, int]) -> tuple[str, str]:
    """Return what happens that has a name of its own, and how often, in English and French."""
    english, french = [], []
    for code, words in _PHRASES.items():
        if count := counts.get(code, 0):
            is_many = count != 1
            english.append(f"{count} {words[is_many]}")
            french.append(f"{count} {words[2 + is_many]}")
    return ", ".join(english), ", ".join(french)


def tally(kind: str, listed: Sequence[Difference], forecast: Mapping[str, int]) -> dict[str, int]:
    """Return how often what happens: what is listed by its name, the rest by kind and change."""
    counts: Counter[str] = Counter(one.code for one in listed)
    for change in _CHANGES:
        rest = forecast.get(change, 0) - sum(one.change == change for one in listed)
        if rest > 0:
            counts[Difference(kind, "", change, "").code] += rest
    return dict(counts)


def _title(key: str, record: Mapping[str, Any] | None) -> str:
    for name in _TITLES:
        if record and record.get(name):
            return str(record[name])[:_LONGEST]
    return key[:_LONGEST]


def _plain(value: Any) -> Any:
    return None if value in ("", [], {}, ()) else value
