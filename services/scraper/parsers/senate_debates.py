"""Debates of the Senate from ``sencanada.ca``: one page a sitting, English and French side by side.

Pages: ``/en/in-the-chamber/debates/45-1`` (some links are written with backslashes) and
``/en/content/sen/chamber/451/debates/001db_2025-05-26-e``, its French twin ending in ``-f``. Headings
are ``h1`` (rubric), ``h2`` (subject), ``h3`` (stage); a paragraph that opens in bold opens a speech;
``(1450)`` is a clock, ``[Translation]`` a change of language. The pages carry no ids: speeches pair by
who speaks in which order. Read after descriptions of the site and fragments of its English pages.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime
from difflib import SequenceMatcher
from zoneinfo import ZoneInfo

from services.scraper.parsers import keys
from services.scraper.parsers.base import Document, Fetch, Parser, ParseResult
from services.scraper.parsers.house_bodies import PARLIAMENT, SENATE
from services.scraper.parsers.page import parse_page
from services.scraper.parsers.senate_reading import Turn, person_in, turns_of
from services.scraper.parsers.text import head, slug
from shared.contracts.proceedings import DebateRecord, Paragraph, SpeechRecord

OTTAWA = ZoneInfo("America/Toronto")
_FILE = r"(\d{2})(\d)%s(\d{3}[a-z]?)db_(\d{4}-\d\d-\d\d)-([ef])\b"
_SITTING = re.compile("/content/sen/chamber/" + _FILE % "/debates/", re.I)
_LOOSE = re.compile(_FILE % "[-_/]", re.I)
_PAGE = "https://sencanada.ca/{language}/content/sen/chamber/{place}/debates/{number}db_{day}-{letter}"


def read_list(document: Document) -> ParseResult:
    """Read the sittings of a session; each is followed in both languages, the newest first.

    Raises: ParseFailed (``empty``, or as ``parse_page``).
    """
    text = parse_page(document)
    wanted = document.source.parameter("session")
    found: dict[tuple[str, str, str], None] = {}
    for link in text.iter("a"):
        place = _SITTING.search((link.get("href") or "").replace("\\", "/").replace("%5C", "/"))
        if place and (not wanted or f"{place[1]}-{place[2]}" == wanted):
            found[f"{place[1]}{place[2]}", place[3], place[4]] = None
    if not found:
        raise document.failed("empty", f"the page links no sitting of {wanted or 'any session'}")
    result = ParseResult()
    for session, number, day in sorted(found, reverse=True):
        pages = {
            language: _PAGE.format(language=language, place=session, number=number, day=day, letter=letter)
            for language, letter in (("en", "e"), ("fr", "f"))
        }
        result.next(
            Fetch(
                url=pages["en"],
                step="sitting",
                companions={"fr": pages["fr"]},
                is_companion_required=False,
                is_required=False,
            )
        )
    return result


def read_sitting(document: Document) -> ParseResult:
    """Read one sitting, with its companion in French.

    Raises: ParseFailed (``wrong-shape`` for a page that is no sitting, ``empty``, or as ``parse_page``).
    """
    result = ParseResult()
    if document.is_settled:
        result.skip("settled")
        return result
    session, number, day, letter = _place(document)
    turns = turns_of(document)
    companion = document.companions.get("fr")
    if companion is not None and _place(companion) != (session, number, day, "f"):
        raise companion.failed("wrong-shape", f"this is not sitting {session} {number} in French")
    others = turns_of(companion) if companion is not None else []
    pairs = _paired(turns, others)
    if letter == "f":
        pairs = [(None, turn) for turn in turns]
    lonely = sum(english is None for english, _ in pairs) if others else 0
    if lonely:
        result.alarm(document.url, "unpaired", f"{lonely} speeches are only in French")
    debate = DebateRecord(
        key=f"{keys.SENATE}/debate/{session}/{slug(number.lstrip('0'))}",
        organization_key=keys.SENATE,
        date=day,
        session=session,
        number=number.lstrip("0"),
        title_en=f"Debates of the Senate, Issue {number.lstrip('0')}",
        title_fr=f"Débats du Sénat, fascicule {number.lstrip('0')}",
        **_urls(document, companion, letter),
    )
    result.add(PARLIAMENT, SENATE, debate)
    names_en, names_fr = _names(turns), _names(others or turns)
    seen: Counter[str] = Counter()
    for sequence, (english, french) in enumerate(pairs, 1):
        names = names_en if english else names_fr
        result.add(_speech(debate, sequence, english, french, names, seen))
    result.completes("speech", f"{debate.key}/")
    return result


def _place(document: Document) -> tuple[str, str, date, str]:
    """Return session, number, day and language's letter of a sitting, as its address or file name tells."""
    text = document.url.replace("\\", "/")
    found = _SITTING.search(text) or _LOOSE.search(text)
    try:
        if found:
            return f"{found[1]}-{found[2]}", found[3], date.fromisoformat(found[4]), found[5].lower()
    except ValueError:
        pass
    raise document.failed("wrong-shape", "the address names no sitting, as 451/debates/001db_2025-05-26-e")


def _urls(document: Document, companion: Document | None, letter: str) -> dict[str, str]:
    urls = {"url_fr" if letter == "f" else "url_en": document.url}
    if companion is not None:
        urls["url_fr"] = companion.url
    return {name: url[:2_000] for name, url in urls.items() if url.startswith("http")}


def _names(turns: list[Turn]) -> dict[str, str]:
    """Return the full name behind each label: ``Senator Plett`` is whom another label names in full."""
    full = {person_in(turn.label) for turn in turns if re.match(r"(?i)(?:the )?hon|l['’]hon", turn.label)}
    names = {}
    for label in {turn.label for turn in turns}:
        told = person_in(label)
        initial, _, family = told.rpartition(" ")
        fitting = [
            name
            for name in full
            if f" {name}".endswith(f" {family}") and name.startswith(initial.rstrip("."))
        ]
        names[label] = fitting[0] if told and len(fitting) == 1 else told or label
    return names


def _is_full(name: str) -> bool:
    return " " in name and not re.match(r"\w\. ", name)


def _paired(english: list[Turn], french: list[Turn]) -> list[tuple[Turn | None, Turn | None]]:
    """Pair the turns of both languages by who speaks, in order; what has no twin stands alone."""
    if not french:
        return [(turn, None) for turn in english]
    pairs: list[tuple[Turn | None, Turn | None]] = []
    at = other = 0
    for block in SequenceMatcher(
        None, list(map(_token, english)), list(map(_token, french)), autojunk=False
    ).get_matching_blocks():
        pairs += [(turn, None) for turn in english[at : block.a]]
        pairs += [(None, turn) for turn in french[other : block.b]]
        at, other = block.a + block.size, block.b + block.size
        pairs += list(zip(english[block.a : at], french[block.b : other], strict=True))
    return pairs


def _token(turn: Turn) -> str:
    return slug(person_in(turn.label).rpartition(" ")[2]) or ("chair" if turn.label else "procedure")


def _speech(
    debate: DebateRecord,
    sequence: int,
    english: Turn | None,
    french: Turn | None,
    names: dict[str, str],
    seen: Counter[str],
) -> SpeechRecord:
    turn = english or french
    assert turn is not None
    name = names.get(turn.label, turn.label)
    base = slug(name)[:80] or "procedure"
    seen[base] += 1
    blank = Turn("", ("", "", ""), None, "")
    en, fr = english or blank, french or blank
    clock = turn.clock and datetime.combine(debate.date, turn.clock, OTTAWA).astimezone(ZoneInfo("UTC"))
    return SpeechRecord(
        key=f"{debate.key}/{base}-{seen[base]}",
        debate_key=debate.key,
        sequence=sequence,
        slug=f"{base}-{seen[base]}",
        type="speech" if turn.label else "procedural",
        time=clock,
        speaker_name=name[:2_000],
        attribution_en=en.label,
        attribution_fr=fr.label,
        person_key=keys.senator(name) if person_in(turn.label) and _is_full(name) else None,
        h1_en=en.headings[0],
        h1_fr=fr.headings[0],
        h2_en=en.headings[1],
        h2_fr=fr.headings[1],
        h3_en=en.headings[2],
        h3_fr=fr.headings[2],
        floor_language=turn.floor,
        is_procedural=not turn.label,
        paragraphs=_paragraphs(en.paragraphs, fr.paragraphs),
        bill_keys=tuple(keys.bill(debate.session, number) for number in turn.bills),
    )


def _paragraphs(english: list[tuple[str, bool]], french: list[tuple[str, bool]]) -> tuple[Paragraph, ...]:
    """Pair paragraphs by their place when there are as many in both; else one language after the other."""
    if len(english) == len(french):
        return tuple(
            Paragraph(text_en=en, text_fr=fr, is_procedural=is_procedural)
            for (en, is_procedural), (fr, _) in zip(english, french, strict=True)
        )
    return (
        *(Paragraph(text_en=text, is_procedural=is_procedural) for text, is_procedural in english),
        *(Paragraph(text_fr=text, is_procedural=is_procedural) for text, is_procedural in french),
    )


def pair(document: Document) -> tuple[str, str] | None:
    """Pair loose pages of one sitting by their file names."""
    found = re.search(r"(\d{3}[a-z]?db_\d{4}-\d\d-\d\d)-([ef])\b", document.url, re.I)
    return (found[1], "fr" if found[2].lower() == "f" else "en") if found else None


def recognise(document: Document) -> str:
    """Tell a sitting from the list of sittings by the heading that opens every sitting."""
    page = head(document.body, 4_000_000)
    is_sitting = re.search(r"<h\d[^>]*>(?:\s|<[^>]*>)*(?:THE SENATE|LE SÉNAT)\s*<", page, re.I)
    return "sitting" if is_sitting else "list"


PARSER = Parser(
    name="senate-debates",
    version=1,
    steps={"list": read_list, "sitting": read_sitting},
    recognise=recognise,
    pair=pair,
)
