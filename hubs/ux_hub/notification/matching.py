"""Does this change concern that subscription, and what is there to say about it?"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_PHRASE = re.compile(r'(-?)"([^"]+)"|(-?)(\S+)')
_WORDS: dict[str, tuple[str, str]] = {
    "insert": ("new", "nouveau"),
    "update": ("updated", "mis à jour"),
    "tombstone": ("withdrawn", "retiré"),
    "revive": ("back", "rétabli"),
    "merge": ("merged", "fusionné"),
}
_PATHS = {
    "bill": "bills", "bill_text": "bill-texts", "vote_event": "votes", "person": "people", "event": "events",
    "membership": "memberships", "organization": "organizations", "debate": "debates", "speech": "speeches",
    "document": "documents", "election": "elections", "candidacy": "candidacies",
}  # fmt: skip
_FIELDS: dict[str, tuple[str, str]] = {
    "status_en": ("status", "état"),
    "latest_activity_en": ("latest activity", "dernière activité"),
    "result": ("result", "résultat"),
    "start_date": ("date", "date"),
    "starts_at": ("time", "heure"),
    "royal_assent_on": ("royal assent", "sanction royale"),
    "party": ("party", "parti"),
    "area": ("riding", "circonscription"),
}


@dataclass(slots=True)
class Happening:
    """One change of one record, or one run of a source."""

    kind: str
    key: str
    record_id: str
    change: str
    jurisdiction: str
    title_en: str
    title_fr: str
    occurred_at: datetime
    message_id: str
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    detail_en: str = ""
    detail_fr: str = ""
    source_id: str = ""
    load: Callable[[], dict[str, Any]] | None = None
    _facts: dict[str, Any] | None = None

    @property
    def item_key(self) -> str:
        """Return what makes this one thing to be told of, however often the message comes."""
        return f"{self.kind}:{self.key}:{self.message_id}"

    @property
    def url(self) -> str:
        """Return the path of the record."""
        if self.kind == "source":
            return f"/api/v1/sources/{self.source_id}"
        return f"/api/v1/{_PATHS.get(self.kind, self.kind + 's')}/{self.record_id}"

    @property
    def facts(self) -> dict[str, Any]:
        """Return the record itself, read once when first needed; what the change says when it is gone."""
        if self._facts is None:
            self._facts = (self.load() if self.load else {}) or {}
        return self._facts

    def value(self, name: str) -> Any:
        """Return a field after the change, from the message if it is there, else from the record."""
        if name in self.fields:
            return self.fields[name][1]
        return self.facts.get(name)


@dataclass(frozen=True, slots=True)
class Said:
    """What a subscriber is told."""

    title_en: str
    title_fr: str
    detail_en: str = ""
    detail_fr: str = ""


def folded(text: str) -> str:
    """Return text without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def search_matches(query: str, text: str) -> bool:
    """Tell whether all words and phrases of a query occur in a text, and none of those with a minus."""
    haystack = folded(text)
    wanted = 0
    for minus_phrase, phrase, minus_word, word in _PHRASE.findall(query):
        needle = folded(phrase or word)
        is_excluded = bool(minus_phrase or minus_word[:1] == "-")
        if not needle:
            continue
        found = re.search(rf"(?<!\w){re.escape(needle)}(?!\w)", haystack) is not None
        if found == is_excluded:
            return False
        wanted += not is_excluded
    return wanted > 0


def says(kind: str, target: str, happening: Happening) -> Said | None:
    """Return what a subscription of this kind and target is told of a happening, None when nothing."""
    if (kind == "source-health") != (happening.kind == "source"):
        return None
    match kind:
        case "source-health":
            return _plain(happening) if target in (happening.source_id, "*") else None
        case "saved-search":
            return _plain(happening) if search_matches(target, _text(happening)) else None
        case "jurisdiction":
            inside = happening.jurisdiction == target or happening.jurisdiction.startswith(f"{target}/")
            return _plain(happening) if inside else None
        case "bill":
            return (
                _plain(happening)
                if _is_about(happening, "bill", target, ("bill_key",), "bill_keys")
                else None
            )
        case "vote":
            return _plain(happening) if _is_about(happening, "vote_event", target, (), "vote_keys") else None
        case "member":
            fields = ("person_key",)
            return (
                _plain(happening) if _is_about(happening, "person", target, fields, "sponsor_keys") else None
            )
        case "committee":
            fields = ("organization_key",)
            return _plain(happening) if _is_about(happening, "organization", target, fields, "") else None
        case "representative-votes":
            return _ballot(happening, target)
    return None


def _is_about(happening: Happening, own_kind: str, target: str, fields: Iterable[str], many: str) -> bool:
    if happening.kind == own_kind:
        return target in (happening.key, happening.record_id)
    if happening.kind in ("jurisdiction", "division", "session"):
        return False
    if any(happening.value(name) == target for name in fields):
        return True
    return bool(many) and target in (happening.value(many) or ())


def _ballot(happening: Happening, target: str) -> Said | None:
    if happening.kind != "vote_event" or happening.change not in ("insert", "revive"):
        return None
    for ballot in happening.facts.get("ballots") or ():
        if target in (ballot.get("person_key"), ballot.get("person_id")):
            options = {"yes": ("yea", "pour"), "no": ("nay", "contre"), "paired": ("paired", "pairé")}
            english, french = options.get(ballot["option"], (ballot["option"], ballot["option"]))
            name = ballot["name"]
            return Said(
                f"{name} voted {english}: {happening.title_en}",
                f"{name} a voté {french} : {happening.title_fr or happening.title_en}",
            )
    return None


def _text(happening: Happening) -> str:
    parts = [happening.title_en, happening.title_fr]
    parts += [str(after) for _, after in happening.fields.values() if isinstance(after, str)]
    if happening.change == "insert":
        wanted = ("short_title", "title", "summary", "subject", "motion", "name", "status", "body")
        facts = happening.facts
        parts += [str(facts.get(f"{name}_{language}") or "") for name in wanted for language in ("en", "fr")]
        parts += [
            str(p.get(f"text_{language}") or "")
            for p in facts.get("paragraphs") or ()
            for language in ("en", "fr")
        ]
    return "\n".join(parts)


def _plain(happening: Happening) -> Said:
    english, french = _WORDS.get(happening.change, (happening.change, happening.change))
    detail_en, detail_fr = happening.detail_en or english, happening.detail_fr or french
    if happening.change == "update":
        changes_en, changes_fr = [], []
        for name, (label_en, label_fr) in _FIELDS.items():
            if name in happening.fields and label_en:
                before, after = happening.fields[name]
                french_name = name.replace("_en", "_fr")
                fr_before, fr_after = happening.fields.get(french_name, (before, after))
                changes_en.append(f"{label_en}: {before or '—'} → {after or '—'}")
                changes_fr.append(f"{label_fr} : {fr_before or '—'} → {fr_after or '—'}")
        if changes_en:
            detail_en, detail_fr = "; ".join(changes_en), "; ".join(changes_fr)
    title_en = happening.title_en or happening.title_fr or happening.key
    return Said(title_en, happening.title_fr or title_en, detail_en, detail_fr)
