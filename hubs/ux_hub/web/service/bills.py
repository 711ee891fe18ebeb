"""A bill's way to law, its texts side by side, and what changed between them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

State = Literal["done", "now", "ahead", "stopped"]
_DONE = ("completed", "terminé", "done", "passed", "adopted", "royal assent")
_NOW = ("in progress", "en cours", "current", "started")
_STOPPED = ("defeated", "not proceeded", "withdrawn", "not agreed", "rejet", "dead")
MAX_PARAGRAPHS = 2_000
"""Paragraphs of a text that are compared."""


@dataclass(frozen=True)
class Step:
    """A stage on the track."""

    stage: Mapping[str, Any]
    state: State


@dataclass(frozen=True)
class Passage:
    """A stretch of a comparison: ``same``, ``added``, ``removed`` or ``skipped`` (``count`` paragraphs)."""

    change: Literal["same", "added", "removed", "skipped"]
    text: str = ""
    count: int = 0


def track(bill: Mapping[str, Any]) -> list[Step]:
    """Return the stages in order with how far the bill has come."""
    steps = []
    for stage in bill.get("stages") or ():
        word = str(stage.get("state") or "").casefold()
        state: State = "ahead"
        if any(w in word for w in _STOPPED):
            state = "stopped"
        elif any(w in word for w in _NOW):
            state = "now"
        elif any(w in word for w in _DONE) or (not word and stage.get("date")):
            state = "done"
        steps.append(Step(stage, state))
    return steps


def progress(bill: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many stages are behind the bill, of how many."""
    steps = track(bill)
    return sum(step.state == "done" for step in steps), len(steps)


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a bill's text."""
    return [line.strip() for line in text.split("\n") if line.strip()][:MAX_PARAGRAPHS]


def compare(before: str, after: str, context: int = 2) -> list[Passage]:
    """Return what was added and removed between two texts, with some unchanged paragraphs around."""
    old, new = paragraphs(before), paragraphs(after)
    found: list[Passage] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, low, high, start, end in matcher.get_opcodes():
        if tag == "equal":
            kept = old[low:high]
            head = kept[:context] if found else []
            is_last = high == len(old) and end == len(new)
            tail = [] if is_last or not context else kept[-context:]
            if len(kept) <= len(head) + len(tail):
                found += [Passage("same", text) for text in kept]
                continue
            found += [Passage("same", text) for text in head]
            found.append(Passage("skipped", count=len(kept) - len(head) - len(tail)))
            found += [Passage("same", text) for text in tail]
        else:
            found += [Passage("removed", text) for text in old[low:high]]
            found += [Passage("added", text) for text in new[start:end]]
    return found


def texts_in(bill: Mapping[str, Any], lang: str) -> Sequence[Mapping[str, Any]]:
    """Return the bill's texts in one language, in the order of its versions."""
    order = {version["identifier"]: i for i, version in enumerate(bill.get("versions") or ())}
    found = [text for text in bill.get("texts") or () if text["language"] == lang]
    return sorted(found, key=lambda text: order.get(text["version"], len(order)))
