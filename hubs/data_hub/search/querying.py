"""From a parsed query to a query of the engine: which fields a word is looked for in, and how they weigh."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from tantivy import FieldType, Occur, Query

from hubs.data_hub.search.engine import IndexReader, View
from hubs.data_hub.search.errors import QueryRefused
from hubs.data_hub.search.syntax import Clause, ParsedQuery, Term
from hubs.data_hub.text import fold

_BILL = re.compile(r"^([cs])-?(\d{1,4})$", re.IGNORECASE)
_TIE = 0.3
MAX_ENDINGS = 50
"""Words marked of those that begin as asked, the most frequent."""
# Field, analyser, boost.
_EVERYWHERE = (
    ("title_en", "en", 2.5),
    ("title_fr", "fr", 2.5),
    ("names", "plain", 3.0),
    ("body_en", "en", 1.0),
    ("body_fr", "fr", 1.0),
    ("more_en", "en", 0.8),
    ("more_fr", "fr", 0.8),
)
_IN_FIELD = {
    "person": (("names", "plain", 1.0),),
    "committee": (("committee", "plain", 1.0),),
    "party": (("party_words", "plain", 1.0),),
    "title": (("title_en", "en", 1.0), ("title_fr", "fr", 1.0)),
}
_PROVINCES = {
    "ab": "alberta", "bc": "british columbia", "cb": "british columbia", "mb": "manitoba",
    "nb": "new brunswick", "nl": "newfoundland and labrador", "tnl": "newfoundland and labrador",
    "ns": "nova scotia", "ne": "nova scotia", "nt": "northwest territories", "tno": "northwest territories",
    "nu": "nunavut", "on": "ontario", "pe": "prince edward island", "ipe": "prince edward island",
    "qc": "quebec", "sk": "saskatchewan", "yt": "yukon", "yn": "yukon",
}  # fmt: skip
PROVINCE_NAMES = (
    "Alberta", "British Columbia", "Manitoba", "New Brunswick", "Newfoundland and Labrador", "Nova Scotia",
    "Northwest Territories", "Nunavut", "Ontario", "Prince Edward Island", "Quebec", "Québec", "Saskatchewan",
    "Yukon",
)  # fmt: skip


@dataclass(frozen=True)
class Filters:
    """What the parameters beside the query narrow a search to."""

    types: tuple[str, ...] = ()
    parties: tuple[str, ...] = ()
    jurisdictions: tuple[str, ...] = ()
    provinces: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    person_id: str = ""
    date_from: date | None = None
    date_to: date | None = None


class QueryCompiler:
    """Compiles queries for one generation's schema and analysers, and what its view shows."""

    def __init__(self, reader: IndexReader, view: View) -> None:
        self._view = view
        self._schema = reader.schema
        self._analysers = reader.analysers
        self._analysed: dict[tuple[str, str], list[str]] = {}
        self.postings = 0
        """Entries of the words looked for, over all fields: how much there is to read, at most."""

    def compile(self, parsed: ParsedQuery, filters: Filters) -> Query:
        """Return the engine's query: all clauses and all filters must hold.

        Raises: QueryRefused for a date that is none.
        """
        parts: list[tuple[Occur, Query]] = [
            (Occur.MustNot if clause.is_excluded else Occur.Must, self._clause(clause))
            for clause in parsed.clauses
        ]
        parts += [(Occur.Must, Query.const_score_query(query, 0.0)) for query in self._filters(filters)]
        if not any(occur is Occur.Must for occur, _ in parts):
            parts.append((Occur.Must, Query.all_query()))
            self.postings += self._view.searcher.num_docs
        return parts[0][1] if len(parts) == 1 else Query.boolean_query(parts)

    def for_highlight(self, parsed: ParsedQuery, lang: str) -> tuple[Query, list[str]] | None:
        """Return a query of what to mark in bodies of a language, and its stems; None when none has any."""
        field = f"body_{lang}"
        wanted = [
            stem
            for clause in parsed.clauses
            if not clause.is_excluded
            for term in clause.terms
            if term.field is None
            for stem in self._stems(field, lang, term)
        ]
        stems = [stem for stem in dict.fromkeys(wanted) if self._view.count(field, stem)]
        if not stems:
            return None
        queries = [Query.term_query(self._schema, field, stem, "freq") for stem in stems]
        return Query.boolean_query([(Occur.Should, query) for query in queries]), stems

    def _stems(self, field: str, analyser: str, term: Term) -> list[str]:
        if not term.is_prefix:
            return self._words(analyser, term.text)
        *words, last = self._words("plain", term.text) or [""]
        endings = self._view.searcher.terms_with_prefix(field, last, limit=MAX_ENDINGS) if last else []
        return [*words, *(stem for stem, _ in endings)]

    def _clause(self, clause: Clause) -> Query:
        queries = [self._term(term) for term in clause.terms]
        return queries[0] if len(queries) == 1 else Query.boolean_query([(Occur.Should, q) for q in queries])

    def _term(self, term: Term) -> Query:
        match term.field:
            case None:
                return self._everywhere(term)
            case "bill":
                return self._bill(term.text)
            case "date":
                return self._date(term.text)
            case "province":
                return self._province(term.text)
            case "type" | "session" | "jurisdiction":
                return self._const(self._raw(term.field, term.text))
            case "lang":
                return self._const(self._raw("lang", term.text.casefold()[:2]))
        found = [
            q for f, a, boost in _IN_FIELD[term.field] if (q := self._boosted(f, a, boost, term)) is not None
        ]
        return _any(found)

    def _everywhere(self, term: Term) -> Query:
        found = [q for f, a, boost in _EVERYWHERE if (q := self._boosted(f, a, boost, term)) is not None]
        if (match := _BILL.match(term.text)) and not term.is_phrase:
            code = f"{match[1].lower()}-{match[2]}"
            found.append(Query.boost_query(self._raw("codes", code), 4.0))
        elif "/" in term.text or "-" in term.text:
            found.append(Query.boost_query(self._raw("codes", term.text.lower()), 4.0))
        return _any(found)

    def _boosted(self, field: str, analyser: str, boost: float, term: Term) -> Query | None:
        query = self._in(field, analyser, term)
        return query if query is None or boost == 1.0 else Query.boost_query(query, boost)

    def _in(self, field: str, analyser: str, term: Term) -> Query | None:
        words = self._words("plain" if term.is_prefix else analyser, term.text)
        if not words:
            return None
        if term.is_prefix:
            if len(words) > 1:
                return Query.phrase_prefix_query(self._schema, field, list(words))
            return Query.regex_query(self._schema, field, f"{re.escape(words[0])}.*")
        if len(words) == 1:
            # Most words stand in one field or two: what need not be looked at costs nothing.
            found = self._view.count(field, words[0])
            if not found:
                return None
            self.postings += found
            # Without positions: a phrase alone needs them.
            return Query.term_query(self._schema, field, words[0], "freq")
        return Query.phrase_query(self._schema, field, list(words))

    def _words(self, analyser: str, text: str) -> list[str]:
        # A word is looked for in several fields of one analyser, and marked in bodies afterwards.
        if (known := self._analysed.get((analyser, text))) is None:
            known = self._analysed[analyser, text] = self._analysers[analyser].analyze(text)
        return known

    def _bill(self, text: str) -> Query:
        match = _BILL.match(text)
        return self._const(self._raw("codes", f"{match[1].lower()}-{match[2]}" if match else text.lower()))

    def _province(self, text: str) -> Query:
        wanted = _PROVINCES.get(fold(text), fold(text))
        names = [name for name in PROVINCE_NAMES if fold(name) == wanted] or [text]
        return self._const(_any([self._raw("province", name) for name in names]))

    def _date(self, text: str) -> Query:
        low, high = read_span(text)
        return self._const(self._days(low, high))

    def _days(self, low: int | None, high: int | None) -> Query:
        return Query.range_query(self._schema, "day", FieldType.Integer, low, high)

    def _raw(self, field: str, value: str) -> Query:
        return Query.term_query(self._schema, field, value, "basic")

    def _const(self, query: Query) -> Query:
        return Query.const_score_query(query, 0.0)

    def _filters(self, filters: Filters) -> list[Query]:
        found: list[Query] = []
        named: tuple[tuple[str, tuple[str, ...]], ...] = (
            ("type", filters.types),
            ("party", filters.parties),
            ("jurisdiction", filters.jurisdictions),
            ("province", filters.provinces),
            ("session", filters.sessions),
            ("person_id", (filters.person_id,) if filters.person_id else ()),
        )
        for field, values in named:
            if values:
                found.append(_any([self._raw(field, value) for value in values]))
        if filters.date_from or filters.date_to:
            found.append(
                self._days(
                    as_number(filters.date_from) if filters.date_from else None,
                    as_number(filters.date_to) if filters.date_to else None,
                )
            )
        return found


def _any(queries: list[Any]) -> Query:
    if not queries:
        return Query.empty_query()
    return queries[0] if len(queries) == 1 else Query.disjunction_max_query(queries, _TIE)


def as_number(day: date) -> int:
    """Return a day as the index keeps it: 20260131."""
    return day.year * 10_000 + day.month * 100 + day.day


_SPAN = re.compile(
    r"^(?P<op>[<>]=?)?\s*(?P<low>[\d-]*)\s*(?:(?P<to>\.\.| to | au | à )\s*(?P<high>[\d-]*))?$"
)


def read_span(text: str) -> tuple[int | None, int | None]:
    """Return the first and last day of ``2024``, ``2024-01``, ``2024-01..2024-06`` or ``>=2024``.

    Raises: QueryRefused when it is no such span.
    """
    match = _SPAN.match(text.strip().casefold())
    if match is None or not (match["low"] or match["high"]):
        raise QueryRefused(f"not a date or span of dates: {text[:40]!r}; write 2024-01..2024-06")
    low = _edge(match["low"], is_end=False)
    if match["op"]:
        end = _edge(match["low"], is_end=True)
        span = {
            ">=": (low, None),
            ">": (end and end + 1, None),
            "<": (None, low and low - 1),
            "<=": (None, end),
        }
        return span[match["op"]]
    high = _edge((match["high"] or "") if match["to"] else match["low"], is_end=True)
    if low and high and low > high:
        raise QueryRefused(f"the span {text[:40]!r} ends before it begins")
    return low, high


def _edge(text: str, *, is_end: bool) -> int | None:
    if not text:
        return None
    parts = text.split("-")
    if not (re.fullmatch(r"\d{4}(-\d{1,2}){0,2}", text)):
        raise QueryRefused(f"not a date: {text[:40]!r}; write 2024, 2024-01 or 2024-01-31")
    numbers = [int(part) for part in parts]
    year = numbers[0]
    month = numbers[1] if len(numbers) > 1 else (12 if is_end else 1)
    day = numbers[2] if len(numbers) > 2 else (31 if is_end else 1)
    if not (1 <= month <= 12 and 1 <= day <= 31):
        raise QueryRefused(f"not a date: {text[:40]!r}")
    return year * 10_000 + month * 100 + day


def check_query(parsed: ParsedQuery) -> None:
    """Refuse what can be read and not be run.

    Raises: QueryRefused for a date that is none.
    """
    for clause in parsed.clauses:
        for term in clause.terms:
            if term.field == "date":
                read_span(term.text)
