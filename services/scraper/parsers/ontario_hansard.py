"""Ontario's Hansard of 2014 to 2018: one sitting as HTML, with its recorded divisions.

Documents: ``ontario_ola/hansard_html``. ``p.speakerStart`` opens a speech, ``p.timeStamp`` is a clock (0910),
``p.procedure`` a procedural line, ``h2`` and ``h3`` headings, ``h4.voteDirection`` with ``li.voteText`` a
division. What is said in French stands in the same paragraphs; headings give both languages apart by a slash.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import time
from typing import Any

from lxml import html

from services.scraper.parsers.base import Document, ParseResult
from services.scraper.parsers.page import parse_page
from services.scraper.parsers.text import clean, slug
from services.scraper.platforms import meetings
from shared.contracts.civic import Ballot, VoteCount, VoteOption
from shared.contracts.legislation import VoteEventRecord
from shared.contracts.people import OrganizationRecord
from shared.contracts.proceedings import DebateRecord, Paragraph, SpeechRecord

_SESSION = re.compile(r"P(\d+)-S(\d+)")
_TOTALS = re.compile(r"ayes (?:are|being) (\d+)[;,]? (?:and )?(?:the )?nays (?:are|being) (\d+)", re.I)
_HONORIFIC = re.compile(r"^(?:Hon\.|Mr\.|Mrs\.|Ms\.|Miss|Dr\.|M\.|Mme|M me|The Hon\.)\s+", re.I)
_IN_CHAIR = re.compile(r"^(?:The |Le |La )?[^()]*\((?P<person>[^)]*)\)$")


@dataclass(slots=True)
class _Speech:
    attribution: str
    h1: tuple[str, str]
    h2: tuple[str, str]
    clock: time | None
    anchor: str
    paragraphs: list[Paragraph] = field(default_factory=list)


@dataclass(slots=True)
class _Division:
    heading: tuple[str, str]
    clock: time | None
    motion: str
    ballots: dict[str, VoteOption] = field(default_factory=dict)
    totals: tuple[int, int] | None = None
    outcome: str = ""


def read_debate(document: Document) -> ParseResult:
    """Read one sitting: every speech, and every division with its ballots.

    Raises: ParseFailed (``wrong-shape``, ``truncated``, or as ``parse_page``).
    """
    root = parse_page(document)
    body = next(iter(root.xpath("//*[@id='transcript']")), None)
    meta = {each.get("name") or "": clean(each.get("content")) for each in root.iter("meta")}
    day = meetings.day_in(meta.get("dc.date.created", "")) or meetings.day_in(
        clean(root.findtext(".//title"))
    )
    if body is None or day is None:
        raise document.failed("wrong-shape", "not a sitting: no transcript, or no day")
    session = _SESSION.search(meta.get("dc.coverage.temporal", ""))
    named = f"{session[1]}-{session[2]}" if session else ""
    reading = _Reading()
    for element in body.iter("p", "h1", "h2", "h3", "h4", "li"):
        reading.take(element)
    reading.end()
    if not reading.speeches:
        raise document.failed("truncated", "the sitting holds no words")
    prefix, entry = document.source.jurisdiction.id, document.source.jurisdiction
    chamber = OrganizationRecord(
        key=f"{prefix}/legislature",
        jurisdiction=entry.ocd_id,
        name_en=entry.name_en,
        name_fr=entry.name_fr,
        classification="legislature",
    )
    debate = DebateRecord(
        key=f"{prefix}/debate/{named or 'x'}/{day.isoformat()}",
        jurisdiction=entry.ocd_id,
        organization_key=chamber.key,
        date=day,
        session=named,
        title_en=f"Official Records for {day.isoformat()}",
        url_en=document.url if document.url.startswith("http") else "",
    )
    result = ParseResult()
    result.add(chamber, debate)
    slugs: dict[str, int] = {}
    for sequence, speech in enumerate(reading.speeches, 1):
        result.add(_record(document, debate, speech, sequence, slugs))
    for number, division in enumerate(reading.divisions, 1):
        result.add(_vote(document, debate, division, number))
    return result


class _Reading:
    """Takes the elements of a transcript in order and keeps where it is."""

    def __init__(self) -> None:
        self.speeches: list[_Speech] = []
        self.divisions: list[_Division] = []
        self._h1 = self._h2 = ("", "")
        self._clock: time | None = None
        self._speech: _Speech | None = None
        self._option: VoteOption | None = None
        self._is_after_ballots = False

    def take(self, element: html.HtmlElement) -> None:
        """Take one element in."""
        words = clean(" ".join(element.itertext()))
        name = element.get("class") or ""
        if not words or any((each.get("id") or "") == "toc" for each in element.iterancestors()):
            return
        if element.tag in {"h1", "h2", "h3"}:
            self._heading(element.tag, words)
        elif element.tag == "h4" and "voteDirection" in name:
            self._direction(words)
        elif element.tag == "li":
            if "voteText" in name and self._option is not None and self.divisions:
                self.divisions[-1].ballots[words] = self._option
        elif "timeStamp" in name:
            if re.fullmatch(r"\d{4}", words) and int(words[:2]) < 24 and int(words[2:]) < 60:
                self._clock = time(int(words[:2]), int(words[2:]))
        elif element.tag == "p":
            self._paragraph(element, name, words)

    def end(self) -> None:
        """Close the last speech."""
        self._close()

    def _close(self) -> None:
        if self._speech is not None and self._speech.paragraphs:
            self.speeches.append(self._speech)
        self._speech = None

    def _heading(self, tag: str, words: str) -> None:
        self._close()
        pair = _both(words)
        if tag == "h3":
            self._h2 = pair
        else:
            self._h1, self._h2 = pair, ("", "")

    def _direction(self, words: str) -> None:
        option: VoteOption = "no" if re.match(r"(?i)nay|contre|no", words) else "yes"
        if option == "yes" or not self.divisions or self._is_after_ballots:
            said = self._speech or (self.speeches[-1] if self.speeches else None)
            motion = said.paragraphs[-1].text_en if said and said.paragraphs else ""
            self.divisions.append(_Division(self._h2 if self._h2[0] else self._h1, self._clock, motion))
            self._is_after_ballots = False
        self._option = option

    def _paragraph(self, element: html.HtmlElement, name: str, words: str) -> None:
        self._result_of_division(words)
        anchor = next(iter(element.xpath(".//a[starts-with(@id, 'para')]/@id")), "")
        is_procedural = "procedure" in name
        if "speakerStart" in name:
            self._close()
            label = element.find(".//strong")
            told = clean(" ".join(label.itertext())) if label is not None else words.partition(":")[0]
            attribution = told.rstrip(": ")
            # "M<sup>me</sup>" comes apart.
            attribution = re.sub(r"^M me\b", "Mme", attribution)
            self._speech = _Speech(attribution, self._h1, self._h2, self._clock, anchor)
            words = clean(words[len(told) :]).lstrip(": ")
            if not words:
                # The floor was given, nothing was said: the speech is kept, empty.
                self._speech.paragraphs.append(Paragraph(id=anchor))
                return
        elif self._speech is None:
            if not is_procedural and not re.search(r"\w", words):
                return
            self._speech = _Speech("", self._h1, self._h2, self._clock, anchor)
        self._speech.paragraphs.append(Paragraph(id=anchor, text_en=words, is_procedural=is_procedural))

    def _result_of_division(self, words: str) -> None:
        if not self.divisions or self._option is None:
            return
        division = self.divisions[-1]
        totals = _TOTALS.search(words)
        if totals and division.totals is None:
            division.totals = (int(totals[1]), int(totals[2]))
            self._is_after_ballots = True
        elif (
            division.totals is not None
            and not division.outcome
            and re.search(r"(?i)declare|carried|lost", words)
        ):
            division.outcome = words[:300]
            self._option = None


def _both(words: str) -> tuple[str, str]:
    """Return a heading's English and French halves."""
    english, slash, french = words.partition(" / ")
    return (clean(english)[:2_000], clean(french)[:2_000]) if slash else (words[:2_000], "")


def _name(attribution: str) -> str:
    """Return the person behind an attribution such as ``The Speaker (Hon. Dave Levac)``."""
    inner = _IN_CHAIR.match(attribution)
    told = inner["person"] if inner and _HONORIFIC.match(inner["person"]) else attribution
    return _HONORIFIC.sub("", re.sub(r"\s*\([^)]*\)\s*$", "", told)).strip()


def _record(
    document: Document, debate: DebateRecord, speech: _Speech, sequence: int, slugs: dict[str, int]
) -> SpeechRecord:
    name = _name(speech.attribution)
    base = slug(name) or "procedure"
    slugs[base] = slugs.get(base, 0) + 1
    facts: dict[str, Any] = {
        "h1_en": speech.h1[0], "h1_fr": speech.h1[1], "h2_en": speech.h2[0], "h2_fr": speech.h2[1],
    }  # fmt: skip
    return SpeechRecord(
        key=f"{debate.key}/speech/{sequence}",
        jurisdiction=document.source.jurisdiction.ocd_id,
        debate_key=debate.key,
        sequence=sequence,
        source_id=speech.anchor,
        slug=f"{base}-{slugs[base]}",
        type="speech" if speech.attribution else "procedural",
        time=meetings.moment(document, debate.date, speech.clock),
        speaker_name=name,
        attribution_en=speech.attribution,
        is_procedural=not speech.attribution,
        paragraphs=tuple(speech.paragraphs),
        **facts,
    )


def _vote(document: Document, debate: DebateRecord, division: _Division, number: int) -> VoteEventRecord:
    ballots = tuple(
        Ballot(person_key=meetings.person_key(document, full), name=full, option=option)
        for raw, option in division.ballots.items()
        if (full := _turned(raw))
    )
    counts = (
        (
            VoteCount(option="yes", value=division.totals[0]),
            VoteCount(option="no", value=division.totals[1]),
        )
        if division.totals
        else meetings.counts_of(ballots)
    )
    return VoteEventRecord(
        key=meetings.key(document, "vote", debate.session, f"{debate.date.isoformat()}-{number}"),
        jurisdiction=document.source.jurisdiction.ocd_id,
        organization_key=debate.organization_key,
        session=debate.session,
        number=number,
        date=debate.date,
        occurred_at=meetings.moment(document, debate.date, division.clock),
        subject_en=division.heading[0],
        subject_fr=division.heading[1],
        motion_en=division.motion,
        result=meetings.outcome(division.outcome),
        result_text_en=division.outcome,
        counts=counts,
        ballots=ballots,
    )


def _turned(name: str) -> str:
    """Return ``Armstrong, Teresa J.`` as ``Teresa J. Armstrong``."""
    family, comma, given = name.partition(",")
    return clean(f"{given} {family}") if comma else clean(name)
