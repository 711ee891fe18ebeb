"""Suggestions: which field of which target a column seems to mean."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from hubs.business_hub.op_import.formats.targets import TARGETS, Target
from shared.contracts.keys import slug

_LIKE = 0.84


@dataclass(frozen=True)
class Suggestion:
    """A mapping of columns that seems right: each with how sure that is (0 to 1)."""

    target: str
    mapping: dict[str, str]
    confidence: dict[str, float]
    missing: tuple[str, ...]


def suggest(columns: Sequence[str], target: str = "") -> Suggestion:
    """Return the mapping that covers most columns, of one target or of the best one."""
    candidates = [_suggest(columns, TARGETS[name]) for name in ([target] if target else TARGETS)]
    return max(candidates, key=lambda one: (-len(one.missing), sum(one.confidence.values())))


def _suggest(columns: Sequence[str], target: Target) -> Suggestion:
    scored: list[tuple[float, str, str]] = []
    for column in columns:
        bare = _folded(column)
        if not bare:
            continue
        for field in target.fields:
            for position, name in enumerate((field.name, *field.names)):
                known = _folded(name)
                ratio = 1.0 if bare == known else difflib.SequenceMatcher(None, bare, known).ratio()
                if ratio >= _LIKE:
                    # Of two fields that a name fits, the one that has it earlier in its list is meant.
                    scored.append((ratio - position / 1_000, column, field.name))
    mapping: dict[str, str] = {}
    confidence: dict[str, float] = {}
    for score, column, name in sorted(scored, key=lambda one: -one[0]):
        if column not in mapping and name not in mapping.values():
            mapping[column] = name
            confidence[column] = round(max(0.0, score), 2)
    taken = set(mapping.values())
    if target.name == "representative" and {"given_name", "family_name"} <= taken:
        taken.add("name")
    missing = tuple(field.name for field in target.fields if field.is_required and field.name not in taken)
    return Suggestion(target.name, mapping, confidence, missing)


def _folded(name: str) -> str:
    return re.sub(r"-+", " ", slug(name))
