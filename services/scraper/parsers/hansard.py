"""House debates and committee evidence: English and French of one sitting side by side.

A sitting is read from its English document with the French one as companion; interventions pair by
their id, paragraphs by theirs (by position where an early release has none). Slugs carry the
intervention's id, so that a link survives later editing of the document.
"""

from __future__ import annotations

import re

from services.scraper.parsers import keys
from services.scraper.parsers.base import Document, Fetch, Parser, ParseResult
from services.scraper.parsers.hansard_reading import Passage, Sitting, Turn, read_sitting
from services.scraper.parsers.house_bodies import HOUSE, PARLIAMENT
from services.scraper.parsers.legisinfo_codes import session_of_bill
from services.scraper.parsers.speakers import personal_name, speaker_names
from services.scraper.parsers.text import clean, head, slug
from services.scraper.sources import Source
from shared.contracts.civic import Identifier
from shared.contracts.people import OrganizationRecord
from shared.contracts.proceedings import DebateRecord, Paragraph, SpeechRecord
from shared.core.errors import Invalid

AFFILIATION_SCHEME = "ourcommons.ca/affiliation"
BILL_SCHEME = "parl.ca/legisinfo"
_DEBATE_XML = (
    "https://www.ourcommons.ca/Content/House/{code}/Debates/{number:03d}/HAN{number:03d}-{letter}.XML"
)
_DEBATE_PLACE = re.compile(r"/House/(\d{1,2})(\d)/Debates/(\d{1,4})/", re.IGNORECASE)
_LATEST = "https://www.ourcommons.ca/DocumentViewer/en/house/latest/hansard"
_GAP = 3
"""Sittings that may be missing in a row (not published yet) before the search ends."""
_DEBATE_PAGE = "https://www.ourcommons.ca/DocumentViewer/{language}/{session}/house/sitting-{number}/hansard"
_EVIDENCE_PAGE = (
    "https://www.ourcommons.ca/DocumentViewer/{language}/{session}/{acronym}/meeting-{number}/evidence"
)
_BILL = re.compile(r"^\W*([CS])[-‐‑–](\d{1,4}[A-Z]?)\b")


def start(source: Source) -> list[Fetch]:
    """Return the page of the newest sitting of the current session, or the first sitting of another.

    Raises: Invalid for a session that is not written as 45-1.
    """
    session = source.parameter("session")
    if session and session == source.parameter("current"):
        return [Fetch(url=_LATEST, step="latest")]
    return [debate_fetch(session, 1, "debate")]


def debate_fetch(session: str, number: int, step: str) -> Fetch:
    """Return the request for one sitting of the House in both languages.

    The first sitting of a session is there when the session is; any later one may be missing.

    Raises: Invalid for a session that is not written as 45-1.
    """
    if not re.fullmatch(r"\d{1,2}-\d", session):
        raise Invalid(f"not a session: {session!r}")
    code = session.replace("-", "")
    return Fetch(
        url=_DEBATE_XML.format(code=code, number=number, letter="E"),
        step=step,
        companions={"fr": _DEBATE_XML.format(code=code, number=number, letter="F")},
        is_companion_required=False,
        may_be_missing=number > 1 or step == "listed-debate",
    )


def read_latest(document: Document) -> ParseResult:
    """Read which sitting is the newest, from the address that the page was redirected to or its XML link.

    Raises: ParseFailed (``wrong-shape``).
    """
    result = ParseResult()
    page = f"{document.url}\n{head(document.body, 400_000)}"
    viewer = re.search(r"/(\d{1,2}-\d)/(?:house|chambre)/(?:sitting|seance)-(\d{1,4})/", page, re.IGNORECASE)
    file = _DEBATE_PLACE.search(page)
    if viewer is not None:
        session, newest = viewer[1], int(viewer[2])
    elif file is not None:
        session, newest = f"{file[1]}-{file[2]}", int(file[3])
    else:
        raise document.failed("wrong-shape", "the page names no sitting")
    for number in range(newest, 0, -1):
        result.next(debate_fetch(session, number, "listed-debate"))
    return result


def read_listed_debate(document: Document) -> ParseResult:
    """Read one sitting, unless an earlier run has and it is not due again.

    Raises: ParseFailed as ``read_document``.
    """
    if not document.is_settled:
        return read_document(document)
    result = ParseResult()
    result.skip("settled")
    return result


def read_debate(document: Document) -> ParseResult:
    """Read one sitting and go on to those after it.

    Raises: ParseFailed as ``read_document``.
    """
    result = read_listed_debate(document)
    found = _DEBATE_PLACE.search(document.url)
    for number in range(int(found[3]) + 1, int(found[3]) + 1 + _GAP) if found else ():
        result.next(debate_fetch(f"{found[1]}-{found[2]}", number, "debate"))  # type: ignore[index]
    return result


def read_document(document: Document) -> ParseResult:
    """Read one debate or evidence document, with its companion in the other language.

    Raises: ParseFailed (``wrong-shape`` when the companion is of another sitting, and as ``read_sitting``).
    """
    result = ParseResult()
    sitting = read_sitting(document)
    companion = document.companions.get("fr")
    other = read_sitting(companion) if companion else None
    if companion and other and (other.identity, other.language) != (sitting.identity, "fr"):
        raise companion.failed(
            "wrong-shape", f"this is {other.identity} ({other.language}), not {sitting.identity}"
        )
    english, french = (None, sitting) if sitting.language == "fr" else (sitting, other)
    body, debate = _debate(sitting, english, french)
    result.add(PARLIAMENT, HOUSE, *([body] if body else []), debate)
    result.add(*_speeches(document, result, debate, sitting, english, french))
    result.completes("speech", f"{debate.key}/")
    return result


def _debate(
    sitting: Sitting, english: Sitting | None, french: Sitting | None
) -> tuple[OrganizationRecord | None, DebateRecord]:
    body = None
    if sitting.is_evidence:
        key = keys.committee(sitting.acronym, sitting.session)
        body = OrganizationRecord(
            key=key,
            name_en=sitting.institution_en or sitting.acronym,
            name_fr=sitting.institution_fr,
            classification="committee",
            abbreviation=sitting.acronym,
            parent_key=keys.HOUSE,
            session=sitting.session,
        )
        debate_key = f"{key}/evidence/{slug(sitting.number)}"
        titles = (f"Evidence, meeting {sitting.number}", f"Témoignages, réunion {sitting.number}")
    else:
        debate_key = keys.debate(sitting.session, sitting.number)
        titles = (
            f"House of Commons Debates, No. {sitting.number}",
            f"Débats de la Chambre des communes, no {sitting.number}",
        )
    page = _EVIDENCE_PAGE if sitting.is_evidence else _DEBATE_PAGE
    urls = {
        language: page.format(
            language=language, session=sitting.session, number=sitting.number, acronym=sitting.acronym
        )
        for language in ("en", "fr")
    }
    return body, DebateRecord(
        key=debate_key,
        organization_key=body.key if body else keys.HOUSE,
        date=sitting.date,
        session=sitting.session,
        number=sitting.number,
        document_type="evidence" if sitting.is_evidence else "debate",
        title_en=titles[0],
        title_fr=titles[1],
        url_en=urls["en"] if english else "",
        url_fr=urls["fr"] if french else "",
        identifiers=(Identifier(scheme="ourcommons.ca/hansard", value=sitting.id),) if sitting.id else (),
    )


def _speeches(
    document: Document,
    result: ParseResult,
    debate: DebateRecord,
    sitting: Sitting,
    english: Sitting | None,
    french: Sitting | None,
) -> list[SpeechRecord]:
    others = {turn.id: turn for turn in french.turns} if english and french else {}
    names = speaker_names(sitting.turns)
    speeches: list[SpeechRecord] = []
    for turn in sitting.turns:
        other = others.pop(turn.id, None)
        en, fr = (turn, other) if english else (None, turn)
        speeches.append(_speech(debate, len(speeches) + 1, en, fr, names))
    if others:
        unpaired = ", ".join(list(others)[:5])
        result.alarm(document.url, "unpaired", f"{len(others)} interventions are only in French: {unpaired}")
    for turn in others.values():
        speeches.append(_speech(debate, len(speeches) + 1, None, turn, names))
    return speeches


def _speech(
    debate: DebateRecord, sequence: int, en: Turn | None, fr: Turn | None, names: dict[str, str]
) -> SpeechRecord:
    turn = en or fr
    assert turn is not None
    name = names.get(turn.speaker_id) or personal_name(turn.speaker)
    paragraphs = _paragraphs(en.passages if en else [], fr.passages if fr else [])
    passages = [passage for side in (en, fr) if side for passage in side.passages]
    blank = Turn(id="")
    return SpeechRecord(
        key=f"{debate.key}/{slug(turn.id)}",
        debate_key=debate.key,
        sequence=sequence,
        source_id=turn.id,
        slug=f"{slug(name)[:80] or 'procedure'}-{slug(turn.id)}",
        type=turn.type,
        time=turn.time,
        speaker_name=name[:2_000],
        attribution_en=(en or blank).speaker[:2_000],
        attribution_fr=(fr or blank).speaker[:2_000],
        speaker_identifiers=_identifiers(AFFILIATION_SCHEME, [turn.speaker_id]),
        h1_en=(en or blank).h1[:2_000],
        h1_fr=(fr or blank).h1[:2_000],
        h2_en=(en or blank).h2[:2_000],
        h2_fr=(fr or blank).h2[:2_000],
        h3_en=(en or blank).h3[:2_000],
        h3_fr=(fr or blank).h3[:2_000],
        floor_language=turn.floor,
        is_procedural=turn.is_procedural,
        written_question=turn.written_question[:2_000],
        paragraphs=paragraphs,
        bill_keys=_bill_keys(debate.session, passages),
        mentioned_identifiers=_mentions(passages),
        vote_keys=tuple(dict.fromkeys(keys.vote(debate.session, number) for number in turn.divisions)),
    )


def _paragraphs(english: list[Passage], french: list[Passage]) -> tuple[Paragraph, ...]:
    """Pair paragraphs by id; those without one by position, when there are as many in both."""
    by_id = {passage.id: passage for passage in french if passage.id}
    bare_en = [passage for passage in english if not passage.id]
    bare_fr = [passage for passage in french if not passage.id]
    by_place = dict(zip(map(id, bare_en), bare_fr, strict=True)) if len(bare_en) == len(bare_fr) else {}
    paired: list[Paragraph] = []
    used: set[int] = set()
    for passage in english:
        other = by_id.get(passage.id) if passage.id else by_place.get(id(passage))
        if other is not None:
            used.add(id(other))
        paired.append(
            Paragraph(
                id=passage.id,
                text_en=passage.text,
                text_fr=other.text if other else "",
                is_procedural=passage.is_procedural,
            )
        )
    paired += [
        Paragraph(id=passage.id, text_fr=passage.text, is_procedural=passage.is_procedural)
        for passage in french
        if id(passage) not in used
    ]
    return tuple(paired)


def _bill_keys(session: str, passages: list[Passage]) -> tuple[str, ...]:
    """Return the bills that are linked by their LEGISinfo id, which tells their session."""
    found: dict[str, None] = {}
    for identity, text in (link for passage in passages for link in passage.bills):
        match = _BILL.match(text)
        of = session_of_bill(identity, session)
        if match and of:
            found[keys.bill(of, f"{match[1]}-{match[2]}")] = None
    return tuple(found)


def _mentions(passages: list[Passage]) -> tuple[Identifier, ...]:
    members = [identity for passage in passages for identity, _ in passage.members]
    bills = [identity for passage in passages for identity, _ in passage.bills]
    return _identifiers(AFFILIATION_SCHEME, members) + _identifiers(BILL_SCHEME, bills)


def _identifiers(scheme: str, values: list[str]) -> tuple[Identifier, ...]:
    return tuple(Identifier(scheme=scheme, value=value) for value in dict.fromkeys(values) if value)


def pair(document: Document) -> tuple[str, str] | None:
    """Pair loose documents by session, body and number."""
    start_of = head(document.body, 12_000)
    language = re.search(r'xml:lang="(\w\w)', start_of)
    items = {
        name: re.search(rf'Name="{name}">([^<]*)<', start_of)
        for name in ("ParliamentNumber", "SessionNumber", "MetaNumberNumber", "Acronyme")
    }
    if language is None or items["ParliamentNumber"] is None:
        return None
    identity = " ".join(clean(found[1]).lstrip("0") if found else "" for found in items.values())
    return identity, "fr" if language[1].lower() == "fr" else "en"


def recognise(document: Document) -> str:
    """Every Hansard document is read alike, whatever its body."""
    return "document" if "<Hansard" in head(document.body, 12_000) else ""


PARSER = Parser(
    name="hansard",
    version=2,
    steps={
        "latest": read_latest,
        "listed-debate": read_listed_debate,
        "debate": read_debate,
        "document": read_document,
    },
    recognise=recognise,
    pair=pair,
    start=start,
)
