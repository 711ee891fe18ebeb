"""The page of a sitting of the Senate in one language, as turns of speech; the format: ``senate_debates``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import time

from lxml import html

from services.scraper.parsers.base import Document
from services.scraper.parsers.page import parse_page
from services.scraper.parsers.text import clean

_OPENING = re.compile(r"^(?:the senate|le sénat)$", re.I)
_CLOCK = re.compile(r"^\(\s*(\d{1,2})(\d{2})\s*\)$")
_MET = re.compile(r"(?:met at|séance est ouverte à) (\d{1,2})(?:[:. h]+(\d{2}))?\s*(a\.m\.|p\.m\.)?", re.I)
_LANGUAGES = {"translation": "fr", "english": "en", "traduction": "en", "français": "fr", "french": "fr"}
_MARK = re.compile(r"^\[\s*(\w+)\s*\]$")
_BILL = re.compile(r"\b(?:Bill|projet de loi)\s+([CS])[-‐‑–](\d{1,4}[A-Z]?)\b", re.I)
_ORDER = re.compile(r"^(?:on the order\b|(?:l['’])?ordre du jour\b|\(.*\)$)", re.I)
_NAMES_BILL = re.compile(
    r"^(?:on the order|(?:l['’])?ordre du jour|moved|introduced|presented|propose|dépose)\b", re.I
)
_TITLE = re.compile(
    r"^(?:the hon(?:ourable|\.)|hon(?:ourable|\.)|l['’]honorable|senator|la sénatrice|le sénateur)\s+", re.I
)
_NOBODY = re.compile(
    r"^(?:some|an|hon(?:ourable|\.) senators|des voix|une voix|des sénateurs|senators|sénateurs)\b"
    r"|^(?:the |le |la |his honour |her honour |son honneur ).*(?:speaker|président)",
    re.I,
)


@dataclass(slots=True)
class Turn:
    """One speech, or what stands between headings without a speaker."""

    label: str
    headings: tuple[str, str, str]
    clock: time | None
    floor: str
    paragraphs: list[tuple[str, bool]] = field(default_factory=list)
    """Text, and whether it is a line of procedure."""
    bills: dict[str, None] = field(default_factory=dict)
    """Numbers of the bills under debate, in order."""


def turns_of(document: Document) -> list[Turn]:
    """Return the turns of a sitting in order.

    Raises: ParseFailed (``wrong-shape`` for a page that is no sitting, ``empty``, or as ``parse_page``).
    """
    root = parse_page(document)
    elements = [each for each in root.iter("h1", "h2", "h3", "h4", "p") if not _is_furniture(each)]
    opening = next(
        (place for place, each in enumerate(elements) if _OPENING.match(clean(each.text_content()))), None
    )
    if opening is None:
        # A wrong address answers 200 with an empty page.
        raise document.failed("wrong-shape", "no heading THE SENATE / LE SÉNAT: the page is no sitting")
    reader = _Reader()
    for element in elements[opening + 1 :]:
        reader.take(element)
    if not any(turn.label for turn in reader.turns):
        raise document.failed("empty", "nobody speaks on the page")
    return reader.turns


def _is_furniture(element: html.HtmlElement) -> bool:
    return any(
        each.tag in {"nav", "footer", "header", "aside"}
        or "footer" in f"{each.get('id')} {each.get('class')}"
        for each in element.iterancestors()
    )


class _Reader:
    """Takes the elements of a sitting in order and keeps heading, clock, language and bill."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self._headings = ("", "", "")
        self._clock: time | None = None
        self._floor = ""
        self._bills: dict[str, None] = {}
        self._is_open = False

    def take(self, element: html.HtmlElement) -> None:
        """Take one heading or paragraph in."""
        words = clean(element.text_content())
        if not words:
            return
        if element.tag != "p":
            self._heading(str(element.tag), words)
            return
        clock, mark = _CLOCK.match(words), _MARK.match(words)
        if clock and int(clock[1]) < 24 and int(clock[2]) < 60:
            self._clock = time(int(clock[1]), int(clock[2]))
        elif mark and mark[1].lower() in _LANGUAGES:
            self._floor = _LANGUAGES[mark[1].lower()]
        else:
            self._paragraph(element, words)

    def _heading(self, tag: str, words: str) -> None:
        level = min(int(tag[1]), 3) - 1
        self._headings = (*self._headings[:level], words[:2_000], "", "")[:3]  # type: ignore[assignment]
        if level < 2:
            self._bills = {}
        self._is_open = False

    def _paragraph(self, element: html.HtmlElement, words: str) -> None:
        label = _label(element)
        said = clean(words[len(label) :]).lstrip(" :,") if label else words
        if label:
            self._begin(label.rstrip(" :,"))
        elif not self._is_open:
            self._begin("")
        self._opening_clock(words)
        if _NAMES_BILL.match(said):
            self._bills |= {f"{found[1]}-{found[2]}".upper(): None for found in _BILL.finditer(said)}
        turn = self.turns[-1]
        turn.bills.update(self._bills)
        if said:
            turn.paragraphs.append((said, not turn.label or _ORDER.match(said) is not None))

    def _begin(self, label: str) -> None:
        self.turns.append(Turn(label[:2_000], self._headings, self._clock, self._floor))
        self._is_open = True

    def _opening_clock(self, words: str) -> None:
        met = _MET.search(words) if self._clock is None else None
        if met:
            hour = int(met[1]) % 12 + 12 if (met[3] or "").lower() == "p.m." else int(met[1])
            minute = int(met[2] or 0)
            if hour < 24 and minute < 60:
                self._clock = time(hour, minute)


def _label(element: html.HtmlElement) -> str:
    """Return the words in bold that open a paragraph when they name a speaker, as the text has them.

    A label may be split: ``<b>The Hon. the Speaker</b><i> pro tempore</i><b>:</b>``.
    """
    parts: list[str] = []
    _collect(element, parts)
    label = clean("".join(parts))
    bare = label.rstrip(" :,")
    is_named = bool(bare) and (_TITLE.match(bare) or _NOBODY.match(bare) or label.endswith(":"))
    return label if is_named and len(label) < 300 else ""


def _collect(element: html.HtmlElement, parts: list[str]) -> bool:
    """Gather the bold start of a paragraph; return False once something else begins."""
    if clean(element.text):
        return False
    for child in element:
        if not isinstance(child.tag, str):
            continue
        if child.tag in {"b", "strong"} or (child.tag in {"i", "em"} and parts):
            parts.append(child.text_content())
            if "".join(parts).rstrip().endswith(":"):
                return False
        elif child.tag in {"span", "a", "font"}:
            if not _collect(child, parts):
                return False
        else:
            return False
        if clean(child.tail).startswith(":"):
            parts.append(":")
            return False
        if clean(child.tail):
            return False
    return True


def person_in(label: str) -> str:
    """Return the name in a label (``K. Wells`` of ``Senator K. Wells``), ``""`` for the chair and voices."""
    if _NOBODY.match(label):
        return ""
    return clean(_TITLE.sub("", label).partition("(")[0].strip(" ,:")) if _TITLE.match(label) else ""
