"""One Hansard document in one language, as turns of speech: House debates and committee evidence.

Documents: ``ourcommons/hansard`` (three dialects: a long comment header before 2014, tabs in 2014-15, a
byte order mark since) and ``ourcommons/committee_evidence``. What stands between two interventions (a
procedural line, a division) belongs to the one before it; what opens a subject, to the one after it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lxml import etree

from services.scraper.parsers.base import Document
from services.scraper.parsers.text import clean
from services.scraper.parsers.xml import parse_xml, whole_text

OTTAWA = ZoneInfo("America/Toronto")
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_BLOCKS = {"QuotePara", "Line", "Verse", "Poetry", "Quote", "LegislationQuote", "CommitteeQuote", "br"}
_SKIPPED = {"MemberLists"}


@dataclass(slots=True)
class Passage:
    """A paragraph, with the bills and members that the editors linked in it as (id, text)."""

    id: str
    text: str
    is_procedural: bool = False
    bills: list[tuple[str, str]] = field(default_factory=list)
    members: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Turn:
    """One intervention, written question or standalone procedural text."""

    id: str
    type: str = ""
    speaker: str = ""
    speaker_id: str = ""
    time: datetime | None = None
    floor: str = ""
    h1: str = ""
    h2: str = ""
    h3: str = ""
    written_question: str = ""
    passages: list[Passage] = field(default_factory=list)
    divisions: list[int] = field(default_factory=list)

    @property
    def is_procedural(self) -> bool:
        """Tell whether nobody speaks here."""
        return not self.speaker and all(passage.is_procedural for passage in self.passages)


@dataclass(slots=True)
class Sitting:
    """A document: what it is, and its turns in order."""

    id: str
    language: str
    session: str
    number: str
    date: date
    acronym: str
    institution_en: str
    institution_fr: str
    turns: list[Turn]

    @property
    def is_evidence(self) -> bool:
        """Tell a committee's evidence from a debate of the House."""
        return bool(self.acronym)

    @property
    def identity(self) -> str:
        """Return what English and French of one sitting have in common."""
        return f"{self.session} {self.acronym or 'house'} {self.number}"


def read_sitting(document: Document) -> Sitting:
    """Read a Hansard or evidence document.

    Raises: ParseFailed (``wrong-shape``, ``empty``, or as ``parse_xml``).
    """
    root = parse_xml(document)
    body = root.find("HansardBody")
    if root.tag != "Hansard" or body is None:
        raise document.failed("wrong-shape", f"root element {root.tag!r}, not a Hansard with a body")
    items = {item.get("Name") or "": whole_text(item) for item in root.iter("ExtractedItem")}
    session = f"{items.get('ParliamentNumber', '')}-{items.get('SessionNumber', '')}"
    number = (items.get("MetaNumberNumber") or items.get("Number", "").rpartition(" ")[2]).lstrip("0")
    try:
        day = date(*(int(items[f"MetaDateNum{part}"]) for part in ("Year", "Month", "Day")))
        is_numbered = all(int(part) > 0 for part in session.split("-")) and bool(number)
    except (KeyError, ValueError, OverflowError):
        raise document.failed("wrong-shape", "the document states no date, Parliament or session") from None
    if not is_numbered:
        raise document.failed("wrong-shape", f"not a sitting: session {session!r}, number {number!r}")
    reader = _Reader(day)
    reader.walk(body)
    if not any(turn.speaker for turn in reader.turns):
        raise document.failed("empty", "nobody speaks in the document")
    return Sitting(
        id=root.get("id") or "",
        language="fr" if (root.get(_LANGUAGE) or "").lower().startswith("fr") else "en",
        session=session,
        number=number,
        date=day,
        acronym=items.get("Acronyme", ""),
        institution_en=items.get("InstitutionDebateEn", ""),
        institution_fr=items.get("InstitutionDebateFr", ""),
        turns=reader.turns,
    )


class _Reader:
    """Walks the body in document order, keeping heading, clock and language."""

    def __init__(self, day: date) -> None:
        self.turns: list[Turn] = []
        self._day = day
        self._hour = -1
        self._time: datetime | None = None
        self._floor = ""
        self._headings = ("", "", "")
        self._loose: list[Passage] = []
        self._subject_turns = 0
        self._ids: Counter[str] = Counter()

    def walk(self, element: etree._Element) -> None:
        """Read an element and what is below it."""
        for child in element:
            if not isinstance(child.tag, str) or child.tag in _SKIPPED:
                continue
            handler = getattr(self, f"_on_{child.tag}", None)
            if handler is None:
                self.walk(child)
            else:
                handler(child)

    def _on_OrderOfBusiness(self, element: etree._Element) -> None:  # noqa: N802 - named for its element
        title = whole_text(element.find("OrderOfBusinessTitle"))
        self._headings = (title or whole_text(element.find("CatchLine")), "", "")
        self.walk(element)

    def _on_SubjectOfBusiness(self, element: etree._Element) -> None:  # noqa: N802
        h1, h2, h3 = self._headings
        title = whole_text(element.find("SubjectOfBusinessTitle"))
        qualifier = whole_text(element.find("SubjectOfBusinessQualifier"))
        if title:
            h2, h3 = title, ""
        self._headings = (h1, h2, qualifier or h3)
        self._subject_turns = len(self.turns)
        self.walk(element)
        if self._loose and len(self.turns) == self._subject_turns:
            # Nobody speaks under this heading: its text stands for itself.
            first = self._loose[0]
            self.turns.append(self._turn(f"p{first.id or len(self.turns) + 1}"))
            self._attach_loose()

    def _heading(self, element: etree._Element) -> None:
        """Titles are read where their parent begins."""

    _on_OrderOfBusinessTitle = _on_SubjectOfBusinessTitle = _heading  # noqa: N815
    _on_SubjectOfBusinessQualifier = _on_CatchLine = _heading  # noqa: N815

    def _on_Timestamp(self, element: etree._Element) -> None:  # noqa: N802
        try:
            hour, minute = int(element.get("Hr") or ""), int(element.get("Mn") or "")
            moment = datetime.combine(self._day, time(hour % 24, minute), tzinfo=OTTAWA)
        except ValueError:
            return
        if hour + 12 < self._hour:
            # The sitting runs past midnight.
            self._day += timedelta(days=1)
            moment += timedelta(days=1)
        self._hour = hour
        self._time = (moment + timedelta(days=hour // 24)).astimezone(ZoneInfo("UTC"))

    def _on_FloorLanguage(self, element: etree._Element) -> None:  # noqa: N802
        language = (element.get("language") or "").lower()
        if language in {"en", "fr"}:
            self._floor = language

    def _on_Intervention(self, element: etree._Element) -> None:  # noqa: N802
        speaking = element.find("PersonSpeaking")
        turn = self._turn(element.get("id") or f"n{len(self.turns) + 1}")
        turn.type = element.get("Type") or ""
        turn.speaker = whole_text(speaking).rstrip(" :")
        affiliation = None if speaking is None else speaking.find("Affiliation")
        turn.speaker_id = "" if affiliation is None else affiliation.get("DbId") or ""
        self.turns.append(turn)
        self._attach_loose()
        content = element.find("Content")
        if content is not None:
            self._content(content, turn)

    def _content(self, content: etree._Element, turn: Turn) -> None:
        for child in content:
            if child.tag == "ParaText":
                self._passage(child, turn)
            elif child.tag == "ProceduralText":
                self._passage(child, turn, is_procedural=True)
            elif child.tag == "Division":
                self._on_Division(child)
            elif isinstance(child.tag, str):
                self.walk_state(child)

    def walk_state(self, element: etree._Element) -> None:
        """Follow clock and language through an element inside a speech (a pause, say)."""
        for each in element.iter("Timestamp", "FloorLanguage"):
            getattr(self, f"_on_{each.tag}")(each)

    def _on_ParaText(self, element: etree._Element) -> None:  # noqa: N802
        passage = _passage_of(element, is_procedural=True)
        if passage.text:
            self._loose.append(passage)
            if len(self.turns) > self._subject_turns:
                self._attach_loose()

    _on_ProceduralText = _on_Prayer = _on_ParaText  # noqa: N815

    def _on_Division(self, element: etree._Element) -> None:  # noqa: N802
        number = (element.get("DivisionNumber") or "").strip()
        label = whole_text(element.find("DivisionNumber"))
        if not self.turns:
            return
        if number.isdigit():
            self.turns[-1].divisions.append(int(number))
        if label:
            self.turns[-1].passages.append(Passage(element.get("id") or "", label, is_procedural=True))

    def _on_WrittenQuestionResponse(self, element: etree._Element) -> None:  # noqa: N802
        label = whole_text(element.find("QuestionID")).rstrip(" -–—:")
        number = "".join(character for character in label if character.isdigit())
        turn = self._turn(f"wq{number or len(self.turns) + 1}")
        questioner = element.find("Questioner")
        affiliation = None if questioner is None else questioner.find("Affiliation")
        turn.type = "WrittenQuestion"
        turn.written_question = label
        turn.speaker = whole_text(affiliation).rstrip(" :")
        turn.speaker_id = "" if affiliation is None else affiliation.get("DbId") or ""
        self.turns.append(turn)
        for name in ("QuestionContent", "Responder", "ResponseContent"):
            part = element.find(name)
            if name == "Responder" and part is not None:
                turn.passages.append(Passage("", whole_text(part).rstrip(" :"), is_procedural=True))
            elif part is not None:
                self._content(part, turn)

    def _turn(self, identity: str) -> Turn:
        h1, h2, h3 = self._headings
        # An id that a document gives twice would make one speech of two.
        self._ids[identity] += 1
        if self._ids[identity] > 1:
            identity = f"{identity}-{self._ids[identity]}"
        return Turn(id=identity, time=self._time, floor=self._floor, h1=h1, h2=h2, h3=h3)

    def _attach_loose(self) -> None:
        self.turns[-1].passages += self._loose
        self._loose = []

    def _passage(self, element: etree._Element, turn: Turn, *, is_procedural: bool = False) -> None:
        passage = _passage_of(element, is_procedural=is_procedural)
        if passage.text:
            turn.passages.append(passage)


def _passage_of(element: etree._Element, *, is_procedural: bool) -> Passage:
    return Passage(
        id=(element.get("id") or "") if element.tag == "ParaText" else "",
        text=_lines(element),
        is_procedural=is_procedural,
        bills=[(found.get("DbId") or "", whole_text(found)) for found in element.iter("Document")],
        members=[(found.get("DbId") or "", whole_text(found)) for found in element.iter("Affiliation")],
    )


def _lines(element: etree._Element) -> str:
    """Return the text of a paragraph; quotations and verse keep their lines."""
    parts: list[str] = []

    def collect(node: etree._Element) -> None:
        is_block = node.tag in _BLOCKS
        parts.append("\n" if is_block else "")
        parts.append(_flat(node.text))
        for child in node:
            if isinstance(child.tag, str):
                collect(child)
            parts.append(_flat(child.tail))
        parts.append("\n" if is_block else "")

    collect(element)
    return "\n".join(line for line in map(clean, "".join(parts).split("\n")) if line)


def _flat(text: str | None) -> str:
    return " ".join(text.splitlines()) if text else ""
