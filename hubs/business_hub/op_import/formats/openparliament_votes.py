"""openparliament.ca: votes and ballots, which its API gives in documents of their own, put together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from hubs.business_hub.op_import.formats.base import Item, Problem, ReadContext, day_of, make, text_of
from hubs.business_hub.op_import.reading.documents import Document
from shared.contracts import keys
from shared.contracts.legislation import VoteEventRecord

BILL_URL = re.compile(r"^/bills/(\d+-\d+)/([A-Z]-\d+[A-Z]?)/?$", re.I)
VOTE_URL = re.compile(r"^/votes/(\d+-\d+)/(\d+)/?$")
SLUG_URL = re.compile(r"^/politicians/([^/]+)/?$")
_OPTIONS = {"yes": "yes", "y": "yes", "no": "no", "n": "no", "paired": "paired", "didn't vote": "not voting"}
_RESULTS = {"passed": "pass", "failed": "fail", "negatived": "fail", "tie": "tie"}

Entry = Mapping[str, Any]


class Votes:
    """Votes and ballots, which come in documents of their own, put together."""

    def __init__(self, parser: str) -> None:
        self._parser = parser
        self._votes: dict[str, tuple[Document, int, dict[str, Any]]] = {}
        self._ballots: dict[str, tuple[Document, int, list[dict[str, Any]]]] = {}

    def add(self, document: Document, row: int, entry: Entry) -> Iterator[Item]:
        """Take a vote."""
        match = VOTE_URL.match(text_of(entry.get("url")))
        assert match is not None
        bill = BILL_URL.match(text_of(entry.get("bill_url")))
        totals = (("yes", "yea_total"), ("no", "nay_total"), ("paired", "paired_total"))
        subject = entry.get("description")
        try:
            day = day_of(entry.get("date"))
        except ValueError as error:
            yield Problem(document.name, row, "date", "not-a-date", str(error))
            return
        key = keys.vote(match[1], int(match[2]))
        self._votes[key] = (
            document,
            row,
            {
                "key": key,
                "organization_key": keys.HOUSE,
                "session": match[1],
                "number": int(match[2]),
                "date": day,
                "subject_en": said(subject, "en"),
                "subject_fr": said(subject, "fr"),
                "result": _RESULTS.get(text_of(entry.get("result")).lower(), "unknown"),
                "result_text_en": text_of(entry.get("result")),
                "counts": [
                    {"option": option, "value": entry[field]}
                    for option, field in totals
                    if entry.get(field) is not None
                ],
                "bill_key": keys.bill(bill[1], bill[2]) if bill else None,
            },
        )

    def add_ballot(self, document: Document, row: int, entry: Entry) -> Iterator[Item]:
        """Take a ballot."""
        key, politician = vote_key(text_of(entry.get("vote_url"))), text_of(entry.get("politician_url"))
        if key is None:
            yield Problem(document.name, row, "vote_url", "wrong-shape", "not the URL of a vote")
            return
        ballot = {
            "name": named(politician) or "?",
            "person_key": politician_key(politician),
            "option": _OPTIONS.get(text_of(entry.get("ballot")).lower(), "other"),
        }
        self._ballots.setdefault(key, (document, row, []))[2].append(ballot)

    def read(self, context: ReadContext) -> Iterator[Item]:
        """Yield each vote with the ballots that came; ballots alone go to the vote that is on record."""
        for key, (document, row, fields) in self._votes.items():
            cast = self._ballots.pop(key, (document, row, []))[2]
            yield from self._made(document, row, {**fields, "ballots": cast}, context)
        known = context.lookup("vote_event", list(self._ballots)) if self._ballots else {}
        for key, (document, row, cast) in self._ballots.items():
            standing = known.get(key)
            if standing is None:
                detail = f"these are ballots of {key}, which is neither in this upload nor on record"
                yield Problem(document.name, row, "vote_url", "vote-unknown", detail)
                continue
            here = {(ballot["person_key"], ballot["name"]) for ballot in cast}
            kept = [
                b for b in standing.get("ballots") or [] if (b.get("person_key"), b.get("name")) not in here
            ]
            yield from self._made(document, row, {**standing, "ballots": [*kept, *cast]}, context)

    def _made(self, document: Document, row: int, fields: Entry, context: ReadContext) -> Iterator[Item]:
        fields = {**fields, "sources": [context.source(document, self._parser)]}
        return make(VoteEventRecord, document, row, is_partial=True, **fields)


def politician_key(url: str) -> str | None:
    """Return the key of a politician from the URL of their page, None without one."""
    match = SLUG_URL.match(url)
    return f"{keys.HOUSE}/person/name:{keys.slug(match[1])}" if match else None


def said(value: Any, language: str) -> str:
    """Return a text of one language; the API gives a pair, a text in English, or nothing."""
    if isinstance(value, Mapping):
        return text_of(value.get(language))
    return text_of(value) if language == "en" else ""


def named(url: str) -> str:
    """Return a politician's name as far as the URL of their page tells it."""
    match = SLUG_URL.match(url)
    return match[1].replace("-", " ").title() if match else ""


def vote_key(url: str) -> str | None:
    """Return the key of a vote from its URL, None when it is no such URL."""
    match = VOTE_URL.match(url)
    return keys.vote(match[1], int(match[2])) if match else None
