"""LEGISinfo's list of bills as JSON and as XML, with its traps.

The list reads local clock times as UTC and writes them with the Toronto offset, so an event known only by
its day appears four or five hours early, on the evening before. BillNumber is 0; BillNumberFormatted holds
the number. Format: www.parl.ca/legisinfo/en/bills/json?parlsession=45-1 and /xml.
"""

import json
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.miniature.facts.bills import sponsors
from services.miniature.facts.legisinfo import CHAMBERS, EVENTS, KINDS, MAJOR_STAGES, STATUSES
from services.miniature.facts.model import HONORIFICS, Bill, Language, pick
from services.miniature.render.document import JSON, XML, Document
from services.miniature.render.legisinfo_xml import as_xml
from services.miniature.world import World

_TORONTO = ZoneInfo("America/Toronto")
# fmt: off
_MONTHS_EN = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)
_MONTHS_FR = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)
# fmt: on
READING_KEYS = {
    "PassedHouseFirstReadingDateTime": "H1",
    "PassedHouseSecondReadingDateTime": "H2",
    "PassedHouseThirdReadingDateTime": "H3",
    "PassedSenateFirstReadingDateTime": "S1",
    "PassedSenateSecondReadingDateTime": "S2",
    "PassedSenateThirdReadingDateTime": "S3",
    "ReceivedRoyalAssentDateTime": "RA",
}


def day_in_words(iso: str, language: Language) -> str:
    """The day of a timestamp as LEGISinfo writes it: May 27, 2025 or 27 mai 2025 (1er for the first)."""
    day = date.fromisoformat(iso[:10])
    if language == "en":
        return f"{_MONTHS_EN[day.month - 1]} {day.day}, {day.year}"
    return f"{'1er' if day.day == 1 else day.day} {_MONTHS_FR[day.month - 1]} {day.year}"


def shifted(local: str | None) -> str | None:
    """A local clock time as the list prints it: taken for UTC and moved to Toronto's offset."""
    if local is None:
        return None
    whole, _, fraction = local.partition(".")
    moved = datetime.fromisoformat(whole).replace(tzinfo=UTC).astimezone(_TORONTO).isoformat()
    return f"{moved[:19]}{'.' + fraction if fraction else ''}{moved[19:]}"


def sponsor_name(bill: Bill, language: Language) -> str:
    """The sponsor with `Sen.` or the honorific in front."""
    sponsor = sponsors()[bill.sponsor]
    title = pick(HONORIFICS[sponsor.honorific], language)
    if sponsor.affiliation_id is not None:
        title = pick(("Sen.", "Sén."), language)
    return f"{title} {sponsor.name}".strip()


def sort_key(bill: Bill) -> tuple[int, int]:
    """Senate bills first, then by number: the order of the list."""
    return (0 if bill.prefix == "S" else 1, int(bill.number.split("-")[1]))


def latest_chamber(bill: Bill) -> int:
    """The organization id of the chamber of the latest activity."""
    return 1 if bill.latest[2] == "H" else 2


def _row(bill: Bill) -> dict[str, Any]:
    status = STATUSES[bill.status]
    major = MAJOR_STAGES[status.major]
    kind = KINDS[bill.kind]
    event = EVENTS[bill.latest[0]]
    chamber = CHAMBERS[latest_chamber(bill)]
    day = bill.latest[1]
    return {
        "SearchScore": 1.0,
        "BillId": bill.bill_id,
        "BillNumberPrefix": None,
        "BillNumber": 0,
        "BillNumberSuffix": None,
        "BillNumberFormatted": bill.number,
        "LongTitleEn": bill.long_title[0],
        "LongTitleFr": bill.long_title[1],
        "ShortTitleEn": bill.short_title[0],
        "ShortTitleFr": bill.short_title[1],
        "LatestBillMilestoneId": status.major,
        "LatestCompletedMajorStageEn": major[0],
        "LatestCompletedMajorStageFr": major[1],
        "LatestCompletedMajorStageChamberId": status.chamber or bill.chamber,
        "DidReinstateFromPreviousSession": False,
        **{key: shifted(bill.readings.get(stage)) for key, stage in READING_KEYS.items()},
        "ParlSessionCode": f"{bill.parliament}-{bill.session}",
        "ParlSessionEn": "45th Parliament, 1st session~May 26, 2025 to present",
        "ParlSessionFr": "45<sup>e</sup> législature, 1<sup>re</sup> session~26 mai 2025 à aujourd'hui",
        "ParliamentNumber": bill.parliament,
        "SessionNumber": bill.session,
        "OriginatingChamberId": bill.chamber,
        "BillTypeId": 0,
        "BillTypeEn": kind[1],
        "BillTypeFr": kind[2],
        "CurrentStatusId": 0,
        "CurrentStatusEn": status.en,
        "CurrentStatusFr": status.fr,
        "MinistryId": 0,
        "SponsorId": 0,
        "SponsorEn": sponsor_name(bill, "en"),
        "SponsorFr": sponsor_name(bill, "fr"),
        "PoliticalAffiliationId": 0,
        "IsFromCurrentSession": True,
        "Highlight": None,
        "LatestBillTextTypeId": bill.publications[-1][1] if bill.publications else 0,
        "LatestActivityEn": f"{event[1]} on {day_in_words(day, 'en')} ({chamber[0]})",
        "LatestActivityFr": f"{event[2]} le {day_in_words(day, 'fr')} ({chamber[1]})",
        "LatestActivityDateTime": shifted(day),
    }


def _rows(world: World, session: str) -> list[dict[str, Any]]:
    known = [bill for bill in world.bills if f"{bill.parliament}-{bill.session}" == session]
    return [_row(bill) for bill in sorted(known, key=sort_key)]


def compact_json(value: object) -> bytes:
    """JSON on one line without spaces and with its accents as they are, as .NET writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def bills_json(world: World, session: str) -> Document:
    """All bills of a session such as 45-1; an unknown session has an empty list."""
    return Document(compact_json(_rows(world, session)), JSON)


def bills_xml(world: World, session: str) -> Document:
    """The same list as XML, with CRLF line ends."""
    return Document(as_xml("Bills", "Bill", _rows(world, session), "\r\n"), XML)
