"""The query language: words, "phrases", -exclusions, OR, prefix*, and fields such as party: or date:."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from hubs.data_hub.search.errors import QueryRefused

MAX_CHARS = 1_000
MAX_TERMS = 64
MAX_PHRASE_WORDS = 20

Field = Literal[
    "party",
    "person",
    "bill",
    "committee",
    "province",
    "date",
    "type",
    "lang",
    "session",
    "jurisdiction",
    "title",
]
_FIELDS: dict[str, Field] = {
    "party": "party", "parti": "party",
    "mp": "person", "person": "person", "member": "person", "depute": "person", "speaker": "person",
    "bill": "bill", "projet": "bill", "loi": "bill",
    "committee": "committee", "comite": "committee",
    "province": "province",
    "date": "date", "year": "date", "annee": "date",
    "type": "type", "lang": "lang", "langue": "lang",
    "session": "session", "jurisdiction": "jurisdiction", "title": "title", "titre": "title",
}  # fmt: skip


@dataclass(frozen=True)
class Term:
    """A word, a phrase or a prefix to look for, perhaps in one field only."""

    text: str
    is_phrase: bool = False
    is_prefix: bool = False
    field: Field | None = None


@dataclass(frozen=True)
class Clause:
    """Alternatives (joined by OR) of which one must match, or none when excluded."""

    terms: tuple[Term, ...]
    is_excluded: bool = False


@dataclass(frozen=True)
class ParsedQuery:
    """What was asked for: every clause must hold."""

    clauses: tuple[Clause, ...] = ()
    text: str = field(default="", compare=False)

    @property
    def words(self) -> list[str]:
        """Return the free words and phrases that are wanted, without fields."""
        return [
            term.text
            for clause in self.clauses
            if not clause.is_excluded
            for term in clause.terms
            if term.field is None
        ]


_TOKEN = re.compile(
    r"""\s*(?P<minus>-)?(?:(?P<field>[A-Za-zé]{2,12}):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))""",
    re.VERBOSE,
)


def parse(text: str) -> ParsedQuery:
    """Read a query; whatever is typed means something, but not without limits.

    Raises: QueryRefused for more than 1,000 characters, 64 terms, NUL or broken Unicode.
    """
    if len(text) > MAX_CHARS:
        raise QueryRefused(f"a query has at most {MAX_CHARS} characters", max_chars=MAX_CHARS)
    if "\x00" in text:
        raise QueryRefused("a query contains no NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise QueryRefused("the query is not valid Unicode") from None
    clauses: list[Clause] = []
    joins_next = False
    terms = 0
    for match in _TOKEN.finditer(text):
        if match["word"] in ("OR", "OU") and not match["minus"] and not match["field"]:
            joins_next = bool(clauses) and not clauses[-1].is_excluded
            continue
        if match["word"] in ("AND", "ET") and not match["field"]:
            joins_next = False
            continue
        term = _term(match)
        if term is None:
            continue
        terms += 1
        if terms > MAX_TERMS:
            raise QueryRefused(f"a query has at most {MAX_TERMS} terms", max_terms=MAX_TERMS)
        if joins_next and not match["minus"]:
            clauses[-1] = Clause((*clauses[-1].terms, term))
        else:
            clauses.append(Clause((term,), is_excluded=bool(match["minus"])))
        joins_next = False
    return ParsedQuery(tuple(clauses), text)


def _term(match: re.Match[str]) -> Term | None:
    named = match["field"]
    known = _FIELDS.get(named.casefold().replace("é", "e")) if named else None
    if match["phrase"] is not None:
        phrase = match["phrase"].strip()
        if not phrase:
            return None
        if len(phrase.split()) > MAX_PHRASE_WORDS:
            raise QueryRefused(f"a phrase has at most {MAX_PHRASE_WORDS} words")
        return Term(phrase, is_phrase=True, field=known)
    word = match["word"]
    if named and known is None:
        # Not a field of ours: a word with a colon in it, such as a time.
        return Term(f"{named} {word}", is_phrase=True)
    if word.endswith("*") and len(word.rstrip("*")) >= 2:
        return Term(word.rstrip("*"), is_prefix=True, field=known)
    return Term(word, field=known) if word.strip("*:-") else None
