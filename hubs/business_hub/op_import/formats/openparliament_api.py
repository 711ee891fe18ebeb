"""openparliament.ca: pages and objects of its API (https://api.openparliament.ca/) and its activity feeds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hubs.business_hub.op_import.formats.base import Item, Problem, ReadContext, day_of, make, text_of
from hubs.business_hub.op_import.formats.openparliament_votes import (
    BILL_URL,
    SLUG_URL,
    VOTE_URL,
    Entry,
    Votes,
    named,
    politician_key,
    said,
    vote_key,
)
from hubs.business_hub.op_import.reading.documents import Document
from shared.contracts import keys
from shared.contracts.legislation import BillRecord
from shared.contracts.people import MembershipRecord, OrganizationRecord, PersonRecord
from shared.contracts.proceedings import DebateRecord, SpeechRecord

SCHEME = "openparliament.ca/politician"
_JSON = re.compile(rb"^(?:\xef\xbb\xbf)?\s*\{")
_MARKS = (
    rb'"legisinfo_id"', rb'"politician_membership_url"', rb'"yea_total"', rb'"ballots_url"',
)  # fmt: skip
_TAGS = re.compile(r"<[^>]*>")
_PARAGRAPH = re.compile(r"<p\b([^>]*)>(.*?)</p>", re.S | re.I)
_HOC_ID = re.compile(r"data-HoCid=[\"']?(\w+)", re.I)
_OTTAWA = ZoneInfo("America/Toronto")


class OpenParliamentApi:
    """Lists and single objects of the API: bills, politicians, votes, ballots, speeches."""

    name = "openparliament-api"
    title_en = "openparliament.ca: API answers (JSON)"
    title_fr = "openparliament.ca : réponses de l'API (JSON)"
    version = "openparliament-api/1"

    def recognises(self, document: Document) -> bool:
        """Tell an answer of the API by the fields that only it has."""
        head = document.head
        return bool(_JSON.match(head)) and any(mark in head for mark in _MARKS)

    def read(self, documents: Sequence[Document], context: ReadContext) -> Iterator[Item]:
        """Yield what each answer holds; ballots of one vote are gathered over all documents."""
        votes = Votes(self.version)
        debates: set[str] = set()
        for document in documents:
            content = document.json()
            listed = content.get("objects")
            for row, entry in enumerate(listed if isinstance(listed, list) else [content], start=1):
                if not isinstance(entry, dict):
                    yield Problem(document.name, row, "", "wrong-shape", "not an object")
                elif "ballot" in entry:
                    yield from votes.add_ballot(document, row, entry)
                elif VOTE_URL.match(text_of(entry.get("url"))):
                    yield from votes.add(document, row, entry)
                elif "politician_membership_url" in entry or "document_url" in entry:
                    yield from self._speech(document, row, entry, context, debates)
                else:
                    yield from self._dispatch(document, row, entry, context)
        yield from votes.read(context)

    def _dispatch(self, document: Document, row: int, entry: Entry, context: ReadContext) -> Iterator[Item]:
        url = text_of(entry.get("url"))
        reader: Callable[[Document, int, Entry, ReadContext], Iterator[Item]] | None = None
        if BILL_URL.match(url):
            reader = self._bill
        elif SLUG_URL.match(url):
            reader = self._politician
        if reader is None:
            yield Problem(document.name, row, "url", "wrong-shape", "neither bill, vote nor politician", url)
            return
        try:
            yield from reader(document, row, entry, context)
        except ValueError as error:
            yield Problem(document.name, row, "", "wrong-value", str(error))

    def _bill(self, document: Document, row: int, entry: Entry, context: ReadContext) -> Iterator[Item]:
        match = BILL_URL.match(text_of(entry.get("url")))
        assert match is not None
        session, number = match[1], keys.bill_number(match[2])
        status = entry.get("status")
        sponsor = text_of(entry.get("sponsor_politician_url"))
        legisinfo = text_of(entry.get("legisinfo_id"))
        yield from make(
            BillRecord,
            document,
            row,
            is_partial=True,
            key=keys.bill(session, number),
            session=session,
            number=number,
            title_en=said(entry.get("name"), "en"),
            title_fr=said(entry.get("name"), "fr"),
            short_title_en=said(entry.get("short_title"), "en"),
            short_title_fr=said(entry.get("short_title"), "fr"),
            is_private_member=entry.get("private_member_bill"),
            chamber="senate" if number.startswith("S") else "house",
            status_code=text_of(entry.get("status_code")),
            status_en=said(status, "en"),
            status_fr=said(status, "fr"),
            introduced_on=day_of(entry.get("introduced")),
            sponsors=[{"name": named(sponsor), "person_key": politician_key(sponsor)}] if sponsor else [],
            vote_keys=[key for url in entry.get("vote_urls") or [] if (key := vote_key(text_of(url)))],
            identifiers=[{"scheme": "parl.ca/legisinfo", "value": legisinfo}] if legisinfo else [],
            detail_level="list",
            sources=[context.source(document, self.version)],
        )

    def _politician(self, document: Document, row: int, entry: Entry, context: ReadContext) -> Iterator[Item]:
        key = politician_key(text_of(entry.get("url")))
        assert key is not None
        source = context.source(document, self.version)
        info = entry.get("other_info") if isinstance(entry.get("other_info"), dict) else {}
        assert isinstance(info, dict)
        contacts = [
            {"type": kind, "value": text_of(entry[field]), "note": "Parliament Hill"}
            for field, kind in (("email", "email"), ("voice", "voice"), ("fax", "fax"))
            if text_of(entry.get(field))
        ]
        contacts += [
            {"type": "address", "value": text_of(office), "note": "constituency"}
            for office in info.get("constituency_offices") or []
        ]
        yield from make(
            PersonRecord,
            document,
            row,
            is_partial=True,
            key=key,
            name=text_of(entry.get("name")),
            given_name=text_of(entry.get("given_name")),
            family_name=text_of(entry.get("family_name")),
            gender=text_of(entry.get("gender")),
            image=_absolute(text_of(entry.get("image"))),
            identifiers=_identifiers(entry, info),
            contacts=contacts,
            links=[
                {"url": text_of(link.get("url")), "note": text_of(link.get("note"))}
                for link in entry.get("links") or []
            ],
            sources=[source],
        )
        memberships = entry.get("memberships") or []
        if not memberships and isinstance(entry.get("current_party"), dict):
            memberships = [{"party": entry["current_party"], "riding": entry.get("current_riding")}]
        for number, membership in enumerate(memberships, start=1):
            yield from self._membership(document, row, key, number, membership, source)

    def _membership(
        self, document: Document, row: int, person_key: str, number: int, entry: Entry, source: Any
    ) -> Iterator[Item]:
        party, riding = entry.get("party") or {}, entry.get("riding") or {}
        short = said(party.get("short_name"), "en")
        party_key = keys.party(short) if short and short.lower() != "independent" else None
        if party_key:
            yield from make(
                OrganizationRecord,
                document,
                row,
                is_partial=True,
                key=party_key,
                name_en=short,
                classification="party",
                sources=[source],
            )
        identity = text_of(entry.get("url")).strip("/").rpartition("/")[2] or f"current-{number}"
        label = entry.get("label")
        yield from make(
            MembershipRecord,
            document,
            row,
            key=f"openparliament/membership/{person_key.rpartition(':')[2]}/{identity}",
            person_key=person_key,
            organization_key=keys.HOUSE,
            on_behalf_of_key=party_key,
            role_en=said(label, "en") or "Member of Parliament",
            role_fr=said(label, "fr") or "Député(e)",
            party=short,
            area=said(riding.get("name"), "en"),
            province=text_of(riding.get("province")),
            start_date=day_of(entry.get("start_date")),
            end_date=day_of(entry.get("end_date")),
            sources=[source],
        )

    def _speech(
        self, document: Document, row: int, entry: Entry, context: ReadContext, debates: set[str]
    ) -> Iterator[Item]:
        where = text_of(entry.get("document_url")).strip("/")
        url = text_of(entry.get("url"))
        source = context.source(document, self.version)
        debate_key = f"openparliament/{where or 'debate'}"
        try:
            moment = (
                datetime.fromisoformat(text_of(entry.get("time"))).replace(tzinfo=_OTTAWA).astimezone(UTC)
            )
        except ValueError:
            yield Problem(
                document.name, row, "time", "not-a-time", "not a date and time", text_of(entry.get("time"))
            )
            return
        if debate_key not in debates:
            debates.add(debate_key)
            yield from make(
                DebateRecord,
                document,
                row,
                key=debate_key,
                organization_key=keys.HOUSE,
                date=moment.astimezone(_OTTAWA).date(),
                url_en=f"https://openparliament.ca/{where}/",
                sources=[source],
            )
        speaker = text_of(entry.get("politician_url"))
        attribution = entry.get("attribution")
        headings: dict[str, Any] = {
            f"{level}_{language}": said(entry.get(level), language)
            for level in ("h1", "h2", "h3")
            for language in ("en", "fr")
        }
        yield from make(
            SpeechRecord,
            document,
            row,
            key=f"openparliament/{url.strip('/')}",
            debate_key=debate_key,
            sequence=_sequence(entry, row),
            source_id=text_of(entry.get("source_id")),
            slug=url.strip("/").rpartition("/")[2],
            time=moment,
            speaker_name=said(attribution, "en"),
            attribution_en=said(attribution, "en"),
            attribution_fr=said(attribution, "fr"),
            person_key=politician_key(speaker),
            is_procedural=bool(entry.get("procedural")),
            paragraphs=_paragraphs(entry.get("content")),
            sources=[source],
            **headings,
        )


def _absolute(path: str) -> str:
    return f"https://openparliament.ca{path}" if path.startswith("/") else path


def _identifiers(entry: Entry, info: Mapping[str, Any]) -> list[dict[str, str]]:
    match = SLUG_URL.match(text_of(entry.get("url")))
    found = [{"scheme": SCHEME, "value": match[1]}] if match else []
    for field, scheme in (
        ("parl_mp_id", "ourcommons.ca/person"),
        ("parlinfo_id", "lop.parl.ca/parlinfo"),
        ("wikipedia_id", "wikipedia"),
        ("freebase_id", "freebase"),
    ):
        found += [{"scheme": scheme, "value": text_of(value)} for value in info.get(field) or []]
    return found


def _sequence(entry: Entry, row: int) -> int:
    digits = re.sub(r"\D", "", text_of(entry.get("source_id")))
    return int(digits[-9:]) if digits else row


def _paragraphs(content: Any) -> list[dict[str, Any]]:
    """Return paragraphs in both languages, paired by the House's own ids where they have them."""
    both: dict[str, dict[str, Any]] = {}
    for language in ("en", "fr"):
        markup = (
            content.get(language) if isinstance(content, Mapping) else content if language == "en" else ""
        )
        text = markup if isinstance(markup, str) else ""
        pieces = _PARAGRAPH.findall(text) or ([("", text)] if text.strip() else [])
        for position, (attributes, inner) in enumerate(pieces):
            found = _HOC_ID.search(attributes)
            identity = found[1] if found else ""
            paragraph = both.setdefault(identity or f"#{position}", {"id": identity})
            paragraph[f"text_{language}"] = text_of(_TAGS.sub("", inner))
    return list(both.values())
