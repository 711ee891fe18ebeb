"""Quebec's Journal des débats: one sitting as a page of HTML that closes what it never opened.

Documents: ``quebec_assnat/journal_debats_2012``. Speakers stand in bold before a colon, headings are centred
anchors ``_Toc…``, clocks stand in parentheses, pages are anchors ``Page…``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time

from lxml import html

from services.scraper.parsers.base import Document, ParseResult
from services.scraper.parsers.page import parse_page
from services.scraper.parsers.text import clean, slug
from services.scraper.platforms import meetings
from shared.contracts.people import OrganizationRecord
from shared.contracts.proceedings import DebateRecord, Paragraph, SpeechRecord

_SESSION = re.compile(r"(\d{1,2})\s*e\s+législature,\s*(\d{1,2})\s*(?:re|e|ère)?\s+session", re.I)
_VOLUME = re.compile(r"Vol\.?\s*(\d+)\s*N[°o]\.?\s*(\d+)", re.I)
_CLOCK = re.compile(r"^\W*\(\s*(\d{1,2})\s*(?:h(?:eures?)?)\s*(\d{2})?\s*\)\W*$", re.I)
_SPEAKER = re.compile(r"^(?P<name>[^:]{2,160}?)\s*:\s*$")
_PERSON = re.compile(r"^(?:M\.|Mme|MM\.|Mmes)\s+(?P<name>[^()]+?)\s*(?:\((?P<riding>[^)]*)\))?$")
_IN_CHAIR = re.compile(r"\((?P<person>(?:M\.|Mme)\s+[^)]*)\)")
_TITLE = re.compile(r"^(?:M\.|Mme|MM\.|Mmes)\s+\S")


@dataclass(slots=True)
class _Speech:
    attribution: str
    headings: tuple[str, str, str]
    clock: time | None
    anchor: str
    paragraphs: list[Paragraph] = field(default_factory=list)


def read_debate(document: Document) -> ParseResult:
    """Read one sitting.

    Raises: ParseFailed (``wrong-shape``, ``truncated``, or as ``parse_page``).
    """
    root = parse_page(document)
    start = root.xpath("//a[@name='debut_journal']")
    text = clean(" ".join(root.itertext()))
    session, volume = _SESSION.search(text), _VOLUME.search(text)
    heading = next(
        (clean(" ".join(h.itertext())) for h in root.iter("h2") if _VOLUME.search(" ".join(h.itertext()))), ""
    )
    day = meetings.day_in(heading)
    if not start or day is None:
        raise document.failed("wrong-shape", "not a sitting: no body of the Journal, or no day")
    speeches = list(
        _speeches(start[-1], {slug(clean(" ".join(each.itertext()))) for each in root.iter("h4")})
    )
    if not speeches:
        raise document.failed("truncated", "the sitting holds no words")
    prefix, ocd_id = document.source.jurisdiction.id, document.source.jurisdiction.ocd_id
    named = f"{session[1]}-{session[2]}" if session else ""
    number = volume[2] if volume else ""
    chamber = OrganizationRecord(
        key=f"{prefix}/legislature",
        jurisdiction=ocd_id,
        name_en=document.source.jurisdiction.name_en,
        name_fr=document.source.jurisdiction.name_fr,
        classification="legislature",
    )
    debate = DebateRecord(
        key=f"{prefix}/debate/{named or 'x'}/{day.isoformat()}" + (f"-{number}" if number else ""),
        jurisdiction=ocd_id,
        organization_key=chamber.key,
        date=day,
        session=named,
        number=number,
        title_fr=clean(heading),
        url_fr=document.url if document.url.startswith("http") else "",
    )
    result = ParseResult()
    result.add(chamber, debate)
    slugs: dict[str, int] = {}
    for sequence, speech in enumerate(speeches, 1):
        result.add(_record(document, debate, speech, sequence, slugs))
    return result


def _record(
    document: Document, debate: DebateRecord, speech: _Speech, sequence: int, slugs: dict[str, int]
) -> SpeechRecord:
    name = _name(speech.attribution)
    base = slug(name) or "procedure"
    slugs[base] = slugs.get(base, 0) + 1
    moment = None
    if speech.clock is not None:
        moment = meetings.moment(document, debate.date, speech.clock)
    return SpeechRecord(
        key=f"{debate.key}/speech/{sequence}",
        jurisdiction=document.source.jurisdiction.ocd_id,
        debate_key=debate.key,
        sequence=sequence,
        source_id=speech.anchor,
        slug=f"{base}-{slugs[base]}",
        type="speech" if speech.attribution else "procedural",
        time=moment if isinstance(moment, datetime) else None,
        speaker_name=name,
        attribution_fr=speech.attribution,
        h1_fr=speech.headings[0],
        h2_fr=speech.headings[1],
        h3_fr=speech.headings[2],
        floor_language="fr",
        is_procedural=not speech.attribution,
        paragraphs=tuple(speech.paragraphs),
    )


def _name(attribution: str) -> str:
    """Return the person behind an attribution: ``La Vice-Présidente (Mme Houda-Pepin)`` is Houda-Pepin."""
    inner = _IN_CHAIR.search(attribution)
    told = inner["person"] if inner else attribution
    match = _PERSON.match(told)
    return clean(match["name"]) if match else told


def _speeches(start: html.HtmlElement, contents: set[str]) -> Iterator[_Speech]:
    """Yield the speeches: a paragraph that begins in bold with a colon opens one."""
    headings = ["", "", ""]
    clock: time | None = None
    current: _Speech | None = None
    anchor = ""
    for element in start.xpath("following::*[self::p or self::i or self::a]"):
        if element.tag == "a":
            name = element.get("name") or ""
            anchor = name if name.startswith("Page") else anchor
            continue
        words = clean(" ".join(element.itertext()))
        told = _CLOCK.match(words)
        if told:
            clock = _time(int(told[1]), int(told[2] or 0)) or clock
            continue
        if element.tag == "i" or not words:
            continue
        toc = element.xpath(".//a[starts-with(@name, '_Toc')]")
        if toc and (element.get("align") or "").upper() == "CENTER":
            _enter(headings, words, contents)
            continue
        attribution, rest = _opening(element, words)
        if attribution or current is None or tuple(headings) != current.headings:
            if current is not None and current.paragraphs:
                yield current
            # A heading does not end a speech's speaker: who spoke on goes on under it.
            kept = attribution or (current.attribution if current is not None else "")
            current = _Speech(kept, (headings[0], headings[1], headings[2]), clock, anchor)
        if rest:
            current.paragraphs.append(Paragraph(text_fr=rest, is_procedural=not current.attribution))
    if current is not None and current.paragraphs:
        yield current


def _enter(headings: list[str], words: str, contents: set[str]) -> None:
    """Take a heading in: the contents' own chapters first, then a subject; a name under it is its speaker."""
    if _TITLE.match(words):
        return
    if slug(words) in contents:
        if not headings[0] or headings[1] or headings[2]:
            headings[:] = [words, "", ""]
        else:
            headings[1] = words
        return
    if not headings[1]:
        headings[1] = words
    else:
        headings[2] = words


def _opening(element: html.HtmlElement, words: str) -> tuple[str, str]:
    """Return who a paragraph gives the floor to, and the words after that."""
    bold = element.find("./b")
    if bold is None or clean(element.text):
        return "", words
    label = clean(" ".join(bold.itertext()))
    match = _SPEAKER.match(label)
    if match is None:
        return "", words
    return clean(match["name"]), clean(words[len(label) :])


def _time(hour: int, minute: int) -> time | None:
    try:
        return time(hour, minute)
    except ValueError:
        return None
