"""Bills before Parliament from LEGISinfo: the list of a session and the detail of each bill.

Documents: ``legisinfo/bills_list`` (JSON and XML, keys ``BillId``, ``BillNumberFormatted``,
``CurrentStatusEn``) and ``legisinfo/bill_detail_json``, ``bill_detail_xml`` (keys ``Id``,
``NumberCode``, ``StatusNameEn``). The list's ``BillNumber`` is 0 and its date-times are shifted.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from services.scraper.parsers import keys
from services.scraper.parsers.base import Document, Fetch, Parser, ParseResult
from services.scraper.parsers.legisinfo_codes import STATUSES, undated, without_honorific
from services.scraper.parsers.legisinfo_detail import detail_fields
from services.scraper.parsers.legisinfo_old import is_old_list
from services.scraper.parsers.legisinfo_old import read_bills as read_old_bills
from services.scraper.parsers.legisinfo_tree import Tree, day, flag, number, prose, read_bills, text
from services.scraper.parsers.text import head, slug
from shared.contracts.civic import Identifier, Link
from shared.contracts.legislation import BillRecord, BillStage, Chamber, SessionRecord, Sponsor

_PAGE = "https://www.parl.ca/legisinfo/{language}/bill/{session}/{number}"
_PLACE = re.compile(r"/bill/(\d{1,2}-\d)/([a-z]-\d+[a-z]?)(?:/|$)", re.I)
_CHAMBERS: dict[int, Chamber] = {1: "house", 2: "senate"}
_READINGS = (
    ("First", "first-reading", "First reading", "Première lecture"),
    ("Second", "second-reading", "Second reading", "Deuxième lecture"),
    ("Third", "third-reading", "Third reading", "Troisième lecture"),
)
_SESSION_DATES = re.compile(r"(\w+ \d{1,2}, \d{4}) to (\w+ \d{1,2}, \d{4}|present)")


def read_list(document: Document) -> ParseResult:
    """Read the list of a session's bills; each bill's detail is followed.

    Raises: ParseFailed (``empty``, ``unknown-session``, ``wrong-shape``, or as ``read_bills``).
    """
    result = ParseResult()
    bills = read_bills(document)
    if not bills:
        raise document.failed("empty", "the list holds no bill")
    wanted = document.source.parameter("session")
    sessions: dict[str, Tree] = {}
    for tree in bills:
        record = _record(document, result, tree)
        if wanted and record.session != wanted:
            raise document.failed("unknown-session", f"asked for {wanted}, found {record.session}")
        sessions.setdefault(record.session, tree)
        page = _PAGE.format(language="en", session=record.session, number=record.number.lower())
        result.next(Fetch(url=f"{page}/json", step="detail", otherwise=(record,)))
    for session, tree in sessions.items():
        result.add(_session_record(session, tree))
        result.completes("bill", f"ca/bill/{session}/")
    return result


def read_detail(document: Document) -> ParseResult:
    """Read one bill in full.

    Raises: ParseFailed (``empty``, ``wrong-shape``, or as ``read_bills``).
    """
    result = ParseResult()
    bills = read_bills(document)
    if len(bills) != 1:
        code = "wrong-shape" if bills else "empty"
        raise document.failed(code, f"one bill was expected, {len(bills)} came")
    record = _record(document, result, bills[0])
    place = _PLACE.search(document.url)
    if place and record.key != keys.bill(place[1], place[2]):
        raise document.failed("wrong-shape", f"asked for {place[1]} {place[2]}, found {record.key}")
    result.add(record.model_copy(update=detail_fields(document, bills[0], record)))
    return result


def _record(document: Document, result: ParseResult, tree: Tree) -> BillRecord:
    """Return what list and detail both say about a bill."""
    formatted = text(tree, "NumberCode", "BillNumberFormatted")
    bill_number = keys.bill_number(formatted)
    if not bill_number:
        named = text(tree, "Id", "BillId") or "without an id"
        raise document.failed("wrong-shape", f"bill {named}: not a bill number: {formatted[:50]!r}")
    session = f"{number(tree, 'ParliamentNumber')}-{number(tree, 'SessionNumber')}"
    stated = number(tree, "OriginatingChamberOrganizationId", "OriginatingChamberId")
    # A bill's letter says the same as the chamber that is not stated.
    chamber = _CHAMBERS.get(stated or (2 if bill_number.startswith("S") else 1))
    if session.startswith("0") or chamber is None or not text(tree, "LongTitleEn", "LongTitleFr"):
        raise document.failed("wrong-shape", f"bill {bill_number} lacks session, chamber or title")
    status = text(tree, "StatusNameEn", "CurrentStatusEn")
    if slug(status) not in STATUSES:
        code = text(tree, "StatusId", "CurrentStatusId")
        result.alarm(document.url, "unknown-status", f"bill {session} {bill_number}: {status!r} ({code})")
    kind = text(tree, "BillDocumentTypeNameEn", "BillTypeEn")
    readings = _readings(document, tree)
    firsts = [stage.date for stage in readings if stage.code == "first-reading" and stage.date]
    assent = day(document, tree, "ReceivedRoyalAssentDateTime")
    latest = (
        day(document, tree, "LatestBillEventDateTime")
        or day(document, tree, "LatestActivityDateTime")
        or max([stage.date for stage in readings if stage.date] + ([assent] if assent else []), default=None)
    )
    return BillRecord(
        key=keys.bill(session, bill_number),
        session=session,
        number=bill_number,
        title_en=text(tree, "LongTitleEn", "LongTitleFr"),
        title_fr=text(tree, "LongTitleFr"),
        short_title_en=text(tree, "ShortTitleEn"),
        short_title_fr=text(tree, "ShortTitleFr"),
        type_en=kind,
        type_fr=text(tree, "BillDocumentTypeNameFr", "BillTypeFr"),
        is_government="Government" in kind,
        is_private_member="Private Member" in kind,
        is_pro_forma=flag(tree, "IsProForma") or slug(status) == "introduced-as-pro-forma-bill",
        chamber=chamber,
        status_code=slug(status),
        status_en=status,
        status_fr=text(tree, "StatusNameFr", "CurrentStatusFr"),
        introduced_on=min(firsts, default=None),
        latest_activity_on=latest,
        latest_activity_en=undated(text(tree, "LatestBillEventTypeNameEn", "LatestActivityEn")),
        latest_activity_fr=undated(text(tree, "LatestBillEventTypeNameFr", "LatestActivityFr")),
        royal_assent_on=assent,
        sponsors=_sponsors(tree),
        stages=readings,
        identifiers=(Identifier(scheme="parl.ca/legisinfo", value=text(tree, "Id", "BillId")),),
        links=tuple(
            Link(
                url=_PAGE.format(language=language, session=session, number=bill_number.lower()),
                note=f"LEGISinfo ({language})",
            )
            for language in ("en", "fr")
        ),
        summary_en=prose(tree, "ShortLegislativeSummaryEn"),
        summary_fr=prose(tree, "ShortLegislativeSummaryFr"),
        detail_level="list",
    )


def _readings(document: Document, tree: Tree) -> tuple[BillStage, ...]:
    """Return the readings that the bill has passed, with the Parliament's dates."""
    stages = []
    for chamber, label in (("house", "House"), ("senate", "Senate")):
        for name, code, name_en, name_fr in _READINGS:
            passed = day(document, tree, f"Passed{label}{name}ReadingDateTime")
            if passed:
                stages.append(_passed(chamber, code, name_en, name_fr, passed))
    return tuple(stages)


def _passed(chamber: Any, code: str, name_en: str, name_fr: str, on: date) -> BillStage:
    return BillStage(chamber=chamber, code=code, name_en=name_en, name_fr=name_fr, state="Completed", date=on)


def _sponsors(tree: Tree) -> tuple[Sponsor, ...]:
    name = text(tree, "SponsorPersonName") or without_honorific(text(tree, "SponsorEn"))
    if not name:
        return ()
    person_id = number(tree, "SponsorPersonId")
    is_senator = slug(text(tree, "SponsorAffiliationRoleNameEn")) == "senator"
    person_key = keys.senator(name) if is_senator else keys.person(str(person_id))
    return (
        Sponsor(
            person_key=person_key if person_id else None,
            name=name,
            title_en=text(tree, "SponsorAffiliationTitleEn"),
            title_fr=text(tree, "SponsorAffiliationTitleFr"),
            constituency=text(tree, "SponsorConstituencyNameEn"),
            identifiers=(Identifier(scheme="ourcommons.ca/person", value=str(person_id)),)
            if person_id
            else (),
        ),
    )


def _session_record(session: str, tree: Tree) -> SessionRecord:
    name_en, _, period = prose(tree, "ParlSessionEn").partition("~")
    name_fr = re.sub(r"(?<=\d) (?=(?:e|er|re)\b)", "", prose(tree, "ParlSessionFr").partition("~")[0])
    dates = _SESSION_DATES.search(period)
    return SessionRecord(
        key=keys.session(session),
        identifier=session,
        name_en=name_en or session,
        name_fr=name_fr,
        start_date=_english_day(dates[1]) if dates else None,
        end_date=_english_day(dates[2]) if dates and dates[2] != "present" else None,
    )


def _english_day(text_en: str) -> date | None:
    try:
        return datetime.strptime(text_en, "%B %d, %Y").date()  # noqa: DTZ007 - a calendar day
    except ValueError:
        return None


def recognise(document: Document) -> str:
    """Tell list and detail apart by the name of the first key that only one of them has."""
    start = head(document.body)
    if is_old_list(start):
        return "old-list"
    is_list = "BillNumberFormatted" in start or start.strip() in {"[]", "<Bills />"}
    return "list" if is_list else "detail"


PARSER = Parser(
    name="legisinfo",
    version=2,
    steps={"list": read_list, "detail": read_detail, "old-list": read_old_bills},
    recognise=recognise,
)
