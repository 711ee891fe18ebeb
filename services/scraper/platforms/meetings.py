"""What every meeting platform shares: keys, days and clocks, bodies, documents, results of motions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from urllib.parse import urljoin
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.scraper.parsers.base import Document, ParseResult
from services.scraper.parsers.text import clean, plain, slug
from shared.contracts.civic import Ballot, Identifier, Link, VoteCount, VoteOption
from shared.contracts.people import OrganizationRecord
from shared.contracts.proceedings import AgendaItem, DocumentRecord, EventRecord

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("jan", "january", "janvier", "janv"), ("feb", "february", "février", "fevrier", "févr", "fév"),
            ("mar", "march", "mars"), ("apr", "april", "avril", "avr"), ("may", "mai"), ("jun", "june",
            "juin"),
            ("jul", "july", "juillet", "juil"), ("aug", "august", "août", "aout"),
            ("sep", "sept", "september", "septembre"), ("oct", "october", "octobre"),
            ("nov", "november", "novembre"), ("dec", "december", "décembre", "decembre", "déc"),
        ),
        1,
    )
    for name in names
}  # fmt: skip
_ISO = re.compile(r"\b(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
_US = re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b")
_WORDS = re.compile(r"\b([A-Za-zéûôÉ]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})\b")
_DAY_FIRST = re.compile(r"\b(\d{1,2})(?:er|st|nd|rd|th)?\s+([A-Za-zéûôÉ]{3,9})\.?,?\s+(\d{4})\b")
_CLOCK = re.compile(r"\b(\d{1,2})(?:[:.h]\s?(\d{2}))?(?::(\d{2}))?\s*([ap])\.?\s?m\b\.?", re.I)
_CLOCK_24 = re.compile(r"\b(\d{1,2})(?::|\s?h\s?)(\d{2})(?::(\d{2}))?\b")
_ZONES = {
    "10": "America/St_Johns", "11": "America/Halifax", "12": "America/Halifax", "13": "America/Moncton",
    "24": "America/Toronto", "35": "America/Toronto", "46": "America/Winnipeg", "47": "America/Regina",
    "48": "America/Edmonton", "59": "America/Vancouver", "60": "America/Whitehorse",
    "61": "America/Yellowknife", "62": "America/Iqaluit", "nl": "America/St_Johns", "pe": "America/Halifax",
    "ns": "America/Halifax", "nb": "America/Moncton", "qc": "America/Toronto", "on": "America/Toronto",
    "mb": "America/Winnipeg", "sk": "America/Regina", "ab": "America/Edmonton", "bc": "America/Vancouver",
    "yt": "America/Whitehorse", "nt": "America/Yellowknife", "nu": "America/Iqaluit",
}  # fmt: skip
_CANCELLED = re.compile(r"\b(?:cancel+ed|cancel+ation|annulée?|postponed|reportée?|rescheduled)\b", re.I)
_OPTIONS: dict[str, VoteOption] = {
    "yes": "yes", "aye": "yes", "yea": "yes", "for": "yes", "in favour": "yes", "in favor": "yes",
    "pour": "yes",
    "affirmative": "yes", "oui": "yes", "yeas": "yes", "ayes": "yes", "carried": "yes",
    "no": "no", "nay": "no", "against": "no", "opposed": "no", "contre": "no", "negative": "no", "non": "no",
    "nays": "no", "noes": "no",
    "abstain": "abstain", "abstained": "abstain", "abstention": "abstain", "abstentions": "abstain",
    "absent": "absent", "absents": "absent", "excused": "absent", "away": "absent", "absent(e)": "absent",
    "paired": "paired", "present": "not voting", "recused": "not voting", "recuse": "not voting",
    "conflict": "not voting", "not voting": "not voting", "did not vote": "not voting",
    "declared interest": "not voting", "conflict of interest": "not voting", "non-voting": "not voting",
}  # fmt: skip
_PASSED = re.compile(r"\b(?:carried|pass(?:ed)?|adopt(?:ed|ée?)|approved|received|agreed)\b", re.I)
_FAILED = re.compile(r"\b(?:lost|fail(?:ed)?|defeated|rejected|rejetée?|not carried|negatived)\b", re.I)
_TALLY = re.compile(r"\b(\d{1,4})\s*(?:-|–|to|à|/)\s*(\d{1,4})\b")
_YEAS_AND_NAYS = re.compile(
    r"\b(\d{1,4})\s*(?:yeas?|yes|ayes?|for|in favour|pour)\b\D{1,20}?"
    r"(\d{1,4})\s*(?:nays?|no(?:es)?|against|opposed|contre)\b",
    re.I,
)
_NO_IDENTITY = {"", "None", "0"}
_TIED = re.compile(r"\b(?:tie|tied|égalité)\b", re.I)
_MEDIA_TYPES = {
    "pdf": "application/pdf", "html": "text/html", "htm": "text/html", "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "doc": "application/msword", "csv": "text/csv",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}  # fmt: skip


def zone_of(document: Document) -> str:
    """Return the time zone of a council: the registry's, or that of its province."""
    named = document.source.parameter("time_zone")
    if named:
        return named
    division = document.source.jurisdiction.division_id
    match = re.search(r"/(?:csd|cd):(\d\d)|/(?:province|territory):([a-z]{2})", division)
    return _ZONES.get((match[1] or match[2]) if match else "", "America/Toronto")


def day_in(text: str) -> date | None:
    """Return the first calendar day that ``text`` names, in any of the upstreams' forms; None without one."""
    for pattern, order in ((_ISO, (1, 2, 3)), (_US, (3, 1, 2))):
        if match := pattern.search(text):
            return _day(*(int(match[each]) for each in order))
    for pattern, month, day in ((_WORDS, 1, 2), (_DAY_FIRST, 2, 1)):
        for match in pattern.finditer(text):
            number = _MONTHS.get(match[month].lower())
            if number:
                return _day(int(match[3]), number, int(match[day]))
    return None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def clock_in(text: str) -> time | None:
    """Return the first time of day in ``text``; ``15:17 PM`` is 15:17, ``13 h 45`` is 13:45."""
    match = _CLOCK.search(text)
    if match:
        hour = int(match[1])
        is_afternoon = match[4].lower() == "p"
        if hour <= 12:
            hour = hour % 12 + (12 if is_afternoon else 0)
    else:
        match = _CLOCK_24.search(text)
        if match is None:
            return None
        hour = int(match[1])
    try:
        return time(hour, int(match[2] or 0), int(match[3] or 0))
    except ValueError:
        return None


def moment(document: Document, day: date | None, clock: time | None) -> datetime | None:
    """Return a local day and time of day as UTC, or None when either is missing."""
    if day is None or clock is None:
        return None
    try:
        zone = ZoneInfo(zone_of(document))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        detail = f"the registry's time zone {zone_of(document)!r} is unknown"
        raise document.failed("wrong-shape", detail) from None
    try:
        return datetime.combine(day, clock, zone).astimezone(UTC)
    except OverflowError:
        return None


def key(document: Document, kind: str, *parts: str) -> str:
    """Return the natural key of something of this jurisdiction, e.g. ``ca-on-ottawa/event/{id}``."""
    told = "/".join(slug(part) or "x" for part in parts)
    return f"{document.source.jurisdiction.id}/{kind}/{told}"[:300]


def body(document: Document, name: str) -> OrganizationRecord:
    """Return the council or committee that a meeting is of, by the name the platform gives."""
    told = clean(name)
    is_council = re.fullmatch(
        r"(?:(?:the )?(?:regular |special )?(?:(?:[\w.'’-]+ ){0,3})(?:city|town|municipal|county"
        r"|regional|township|common|metropolitan)?"
        r" ?council|council|board of commissioners|city council stated meeting"
        r"|conseil(?: municipal)?)(?: meeting)?",
        told,
        re.I,
    )
    return OrganizationRecord(
        key=key(document, "body", told),
        jurisdiction=document.source.jurisdiction.ocd_id,
        name_en=told[:2_000],
        classification="council" if is_council and "committee" not in told.lower() else "committee",
        parent_key=None,
    )


def paper(
    document: Document,
    event_key: str,
    identity: str,
    title: str,
    url: str,
    classification: str = "",
    language: str = "",
    title_fr: str = "",
    day: date | None = None,
    organization_key: str | None = None,
) -> DocumentRecord:
    """Return a document of a meeting: agenda, minutes, packet, video."""
    address = absolute(document, url)
    ending = re.search(r"\.([a-z0-9]{2,4})(?:$|[?#])", address.lower())
    return DocumentRecord(
        key=key(document, "document", event_key.rpartition("/")[2], identity),
        jurisdiction=document.source.jurisdiction.ocd_id,
        title_en=clean(title)[:2_000] or classification or "Document",
        title_fr=clean(title_fr)[:2_000],
        url=address[:2_000],
        media_type=_MEDIA_TYPES.get(ending[1], "") if ending else "",
        language=language,
        classification=classification,
        date=day,
        organization_key=organization_key,
        event_key=event_key or None,
    )


def absolute(document: Document, url: str) -> str:
    """Return an address of a document on its own site, even when it was read from a file."""
    told = clean(url)
    if document.url.startswith("http"):
        return urljoin(document.url, told)
    # A file's links were made absolute against the file: what is left without its folder is the site's.
    folder = document.url.rpartition("/")[0] + "/"
    if told.startswith(folder):
        told = told[len(folder) :]
    elif told.startswith("file://"):
        told = told.removeprefix("file://")
    site = document.source.parameter("site")
    return urljoin(site, told) if site else told


def status_of(document: Document, *texts: str, day: date | None = None) -> str:
    """Return ``cancelled`` when a text says so, ``passed`` for a day before the document was read."""
    if any(_CANCELLED.search(text or "") for text in texts):
        return "cancelled"
    return "passed" if day is not None and day < document.retrieved_at.date() else "confirmed"


def event(
    document: Document,
    result: ParseResult,
    identity: str,
    name: str,
    day: date,
    clock: time | None = None,
    *,
    identity_scheme: str,
    end: datetime | None = None,
    location: str = "",
    body_name: str = "",
    name_fr: str = "",
    number: str = "",
    status: str = "",
    notes: Iterable[str] = (),
    links: Iterable[Link] = (),
    agenda: Iterable[AgendaItem] = (),
) -> EventRecord:
    """Return a meeting; its body is added to ``result``, the meeting itself is not."""
    told = clean(plain(name)) or clean(body_name) or "Meeting"
    if identity in _NO_IDENTITY:
        # Nothing else tells such meetings apart: without this all of them would be one.
        identity = " ".join(filter(None, (day.isoformat(), clock.strftime("%H%M") if clock else "", told)))
    of = body(document, body_name or told)
    result.add(of)
    starts_at = moment(document, day, clock)
    return EventRecord(
        key=key(document, "event", identity),
        jurisdiction=document.source.jurisdiction.ocd_id,
        name_en=told[:2_000],
        name_fr=clean(name_fr)[:2_000],
        organization_key=of.key,
        body_name=clean(body_name or told)[:2_000],
        start_date=day,
        starts_at=starts_at,
        ends_at=end if end is None or starts_at is None or end > starts_at else None,
        time_zone=zone_of(document),
        location=clean(plain(location))[:2_000],
        status=status or status_of(document, told, location, *notes, day=day),
        number=clean(number)[:100],
        agenda=tuple(agenda),
        links=tuple(dict.fromkeys(links)),
        identifiers=(Identifier(scheme=identity_scheme, value=identity[:2_000]),),
    )


def option(text: str) -> VoteOption:
    """Return how someone voted, in Popolo's words, from a platform's word."""
    word = clean(re.sub(r"\(\d+\)", "", text)).rstrip(": ").lower()
    return _OPTIONS.get(word, "other")


def outcome(text: str) -> str:
    """Return ``pass``, ``fail``, ``tie`` or ``unknown`` for the words of a result."""
    if _FAILED.search(text):
        return "fail"
    if _TIED.search(text) and not _PASSED.search(text):
        return "fail"
    return "pass" if _PASSED.search(text) else "unknown"


def counts_of(ballots: Iterable[Ballot]) -> tuple[VoteCount, ...]:
    """Return the totals of ballots, in Popolo's order."""
    totals: dict[VoteOption, int] = {}
    for ballot in ballots:
        totals[ballot.option] = totals.get(ballot.option, 0) + 1
    order: tuple[VoteOption, ...] = ("yes", "no", "abstain", "absent", "paired", "not voting", "other")
    return tuple(VoteCount(option=each, value=totals[each]) for each in order if each in totals)


def tally(text: str) -> tuple[VoteCount, ...]:
    """Return the totals that a result states as ``25-1`` or ``25 to 1``."""
    match = _YEAS_AND_NAYS.search(text) or _TALLY.search(text)
    if match is None:
        return ()
    return (VoteCount(option="yes", value=int(match[1])), VoteCount(option="no", value=int(match[2])))


def person_key(document: Document, name: str) -> str | None:
    """Return the key of a member by name, without titles; None for a name without letters."""
    from services.scraper.parsers.council import bare_name

    told = slug(bare_name(name)[0])
    return f"{document.source.jurisdiction.id}/person/{told}"[:300] if told else None
