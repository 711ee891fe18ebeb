"""Legistar's Web API: meetings with agenda items and votes, matters, bodies and office holders as JSON.

Documents: ``municipal/legistar_webapi`` (webapi.legistar.com/v1/{client}/...). Clocks are local, ``*Utc``
fields
are not read. The API answers at most 1000 rows; a full page asks for the next one. Agenda items and
matters may
come twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from urllib.parse import quote

from services.scraper.parsers import contacts
from services.scraper.parsers.base import Document, Fetch, Parser, ParseResult
from services.scraper.parsers.text import clean, decode
from services.scraper.platforms import meetings
from services.scraper.platforms.legistar_matters import (
    read_bodies,
    read_histories,
    read_matters,
    read_office_records,
    read_persons,
    read_reference,
)
from services.scraper.platforms.legistar_rows import Row, base_of, follow_page, identifiers, rows_of, text
from shared.contracts.civic import Ballot, Identifier, Link
from shared.contracts.legislation import VoteEventRecord
from shared.contracts.proceedings import AgendaItem, DocumentRecord, EventRecord, Motion

_EVENT_FIELDS = (
    "EventId", "EventGuid", "EventBodyName", "EventBodyId", "EventDate", "EventTime", "EventLocation",
    "EventAgendaFile", "EventMinutesFile", "EventComment", "EventInSiteURL", "EventAgendaStatusName",
    "EventMedia",
    "EventVideoPath",
)  # fmt: skip


def read_events(document: Document) -> ParseResult:
    """Read a list of meetings, or one meeting; each asks for its agenda items.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_any_json``).
    """
    result = ParseResult()
    base = base_of(document)
    for row in rows_of(document, "EventId", "EventDate"):
        meeting = _meeting(document, result, row, ())
        if meeting is None:
            result.skip("meeting without a day")
            continue
        papers = _papers(document, row, meeting)
        own = row.get("EventItems")
        if isinstance(own, list) and own:
            items = [
                each for each in own if isinstance(each, Mapping) and each.get("EventItemId") is not None
            ]
            result.add(*_with_items(document, result, row, items), *papers)
            continue
        number = str(row["EventId"])
        result.next(
            Fetch(
                url=f"{base}/events/{quote(number)}/eventitems?AgendaNote=1&MinutesNote=1&Attachments=1",
                step="event_items",
                context={"event": {name: row.get(name) for name in _EVENT_FIELDS}},
                is_required=False,
                otherwise=(meeting, *papers),
            )
        )
    follow_page(document, result)
    return result


def read_event_items(document: Document) -> ParseResult:
    """Read the agenda items of one meeting, whose own facts come in the context.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_any_json``).
    """
    result = ParseResult()
    given = document.context.get("event")
    # One single item is what a recorded example of the endpoint may hold; an agenda may be empty.
    items = rows_of(document, "EventItemId", "EventItemTitle")
    if not isinstance(given, Mapping):
        # A loose list belongs to a meeting whose day it does not tell.
        result.skip("agenda item without its meeting", len(_unique(items, result)))
        return result
    result.add(*_with_items(document, result, given, items))
    meeting = _meeting(document, ParseResult(), given, ())
    if meeting is not None:
        result.add(*_papers(document, given, meeting))
    return result


def read_votes(document: Document) -> ParseResult:
    """Read every ballot on one agenda item, whose own facts come in the context.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_any_json``).
    """
    result = ParseResult()
    rows = rows_of(document, "VoteId", "VoteValueName")
    item = document.context.get("item")
    day = meetings.day_in(str(document.context.get("day") or ""))
    if not isinstance(item, Mapping) or day is None:
        result.skip("ballot without its meeting", len(rows))
        return result
    ballots = tuple(
        Ballot(
            person_key=meetings.person_key(document, clean(str(row.get("VotePersonName") or ""))),
            name=clean(str(row.get("VotePersonName") or "")) or "?",
            option=meetings.option(str(row.get("VoteValueName") or "")),
            identifiers=identifiers(document, "person", row.get("VotePersonId")),
        )
        for row in rows
    )
    if ballots:
        result.add(_vote(document, item, day, ballots))
    else:
        result.skip("no ballots published")
    return result


# ---------------------------------------------------------------------------------------------- meetings
def _meeting(
    document: Document, result: ParseResult, row: Row, agenda: tuple[AgendaItem, ...]
) -> EventRecord | None:
    day = meetings.day_in(str(row.get("EventDate") or ""))
    if day is None:
        return None
    links = [
        Link(url=url[:2_000], note=note)
        for name, note in (("EventInSiteURL", "page"), ("EventVideoPath", "video"), ("EventMedia", "video"))
        if (url := contacts.web(str(row.get(name) or "")))
    ]
    return meetings.event(
        document,
        result,
        str(row["EventId"]),
        text(row, "EventBodyName"),
        day,
        meetings.clock_in(str(row.get("EventTime") or "")),
        identity_scheme=identifiers(document, "event", 0)[0].scheme,
        location=text(row, "EventLocation"),
        notes=(
            text(row, "EventAgendaStatusName"),
            str(row.get("EventTime") or ""),
            text(row, "EventComment")[:60],
        ),
        links=links,
        agenda=agenda,
    )


def _papers(document: Document, row: Row, meeting: EventRecord) -> list[DocumentRecord]:
    told = []
    for name, kind in (("EventAgendaFile", "agenda"), ("EventMinutesFile", "minutes")):
        url = contacts.web(str(row.get(name) or ""))
        if url:
            told.append(
                meetings.paper(
                    document,
                    meeting.key,
                    kind,
                    f"{meeting.name_en}, {kind}",
                    url,
                    kind,
                    day=meeting.start_date,
                    organization_key=meeting.organization_key,
                )
            )
    return told


def _unique(items: list[Row], result: ParseResult) -> list[Row]:
    """Return agenda items in order; of a matter that comes twice under one number, what says more."""
    kept: dict[tuple[str, ...], Row] = {}
    numbers: set[str] = set()
    for item in items:
        matter = item.get("EventItemMatterId")
        names = ("AgendaNumber", "MatterId", "Title")
        number = str(item["EventItemId"])
        same = tuple(str(item.get(f"EventItem{name}")) for name in names) if matter is not None else ()
        known = kept.get(same) if same else None
        if number in numbers or (known and not _is_other_decision(known, item)):
            result.skip("repeated agenda item")
            if known and not known.get("EventItemActionName"):
                kept[same] = item
            continue
        numbers.add(number)
        kept[same if same and not known else ("id", number)] = item
    return sorted(kept.values(), key=_sequence)


def _is_other_decision(known: Row, item: Row) -> bool:
    """Tell whether a matter was decided on twice in one meeting."""
    decisions = [(row.get("EventItemActionName"), row.get("EventItemTally")) for row in (known, item)]
    return all(any(decision) for decision in decisions) and decisions[0] != decisions[1]


def _sequence(item: Row) -> int:
    for name in ("EventItemAgendaSequence", "EventItemMinutesSequence"):
        if isinstance(item.get(name), int):
            return int(item[name])
    return 1_000_000


def _with_items(
    document: Document, result: ParseResult, row: Row, items: list[Row]
) -> list[EventRecord | VoteEventRecord]:
    kept = _unique(items, result)
    agenda = tuple(_item(item, order) for order, item in enumerate(kept, 1))
    meeting = _meeting(document, result, row, agenda)
    if meeting is None:
        result.skip("meeting without a day")
        return []
    base = base_of(document)
    for item in kept:
        if item.get("EventItemRollCallFlag") == 1 or item.get("EventItemPassedFlagName"):
            facts = {
                name: item.get(name)
                for name in (
                    "EventItemId", "EventItemEventId", "EventItemTitle", "EventItemAgendaNumber",
                    "EventItemActionName",
                    "EventItemActionText", "EventItemPassedFlagName", "EventItemTally", "EventItemMatterFile",
                )
            }  # fmt: skip
            result.next(
                Fetch(
                    url=f"{base}/eventitems/{item['EventItemId']}/votes",
                    step="votes",
                    context={"item": facts, "day": meeting.start_date.isoformat(), "body": meeting.body_name,
                             "event_key": meeting.key},
                    is_required=False,
                )
            )  # fmt: skip
    return [meeting]


def _item(item: Row, order: int) -> AgendaItem:
    action = text(item, "EventItemActionName")
    motions: tuple[Motion, ...] = ()
    if action or item.get("EventItemPassedFlagName") or item.get("EventItemMover"):
        motions = (
            Motion(
                text_en=text(item, "EventItemActionText") or action,
                mover=text(item, "EventItemMover")[:500],
                seconder=text(item, "EventItemSeconder")[:500],
                result=(text(item, "EventItemPassedFlagName") or action)[:500],
                counts=meetings.tally(text(item, "EventItemTally").replace(":", "-")),
            ),
        )
    attachments = item.get("EventItemMatterAttachments")
    links = [
        Link(url=url[:2_000], note=text(each, "MatterAttachmentName")[:500])
        for each in (attachments if isinstance(attachments, list) else [])
        if isinstance(each, Mapping)
        and (url := contacts.web(str(each.get("MatterAttachmentHyperlink") or "")))
    ]
    numbers = [Identifier(scheme="legistar.com/eventitem", value=str(item["EventItemId"]))]
    if item.get("EventItemMatterFile"):
        numbers.append(
            Identifier(scheme="legistar.com/matter-file", value=text(item, "EventItemMatterFile")[:500])
        )
    notes = " ".join(filter(None, (text(item, "EventItemAgendaNote"), text(item, "EventItemMinutesNote"))))
    return AgendaItem(
        order=order,
        number=text(item, "EventItemAgendaNumber")[:100],
        title_en=text(item, "EventItemTitle") or text(item, "EventItemMatterName") or action,
        notes=notes,
        identifiers=tuple(numbers),
        links=tuple(links),
        motions=motions,
    )


def _vote(document: Document, item: Row, day: date, ballots: tuple[Ballot, ...]) -> VoteEventRecord:
    of = meetings.body(document, str(document.context.get("body") or "Council"))
    words = text(item, "EventItemPassedFlagName") or text(item, "EventItemActionName")
    return VoteEventRecord(
        key=meetings.key(document, "vote", str(item.get("EventItemId"))),
        jurisdiction=document.source.jurisdiction.ocd_id,
        organization_key=of.key,
        date=day,
        subject_en=text(item, "EventItemTitle"),
        motion_en=text(item, "EventItemActionText") or text(item, "EventItemActionName"),
        result=meetings.outcome(words),
        result_text_en=words[:500],
        counts=meetings.tally(text(item, "EventItemTally").replace(":", "-")) or meetings.counts_of(ballots),
        event_key=str(document.context.get("event_key") or "") or None,
        agenda_item=text(item, "EventItemAgendaNumber")[:100],
        ballots=ballots,
        identifiers=identifiers(document, "eventitem", item.get("EventItemId")),
    )


_BY_FIELD = {
    "EventItemId": "event_items",
    "EventId": "events",
    "VoteId": "votes",
    "MatterHistoryId": "histories",
    "MatterId": "matters",
    "BodyId": "bodies",
    "PersonId": "persons",
    "OfficeRecordId": "office_records",
}


def recognise(document: Document) -> str:
    """Tell the endpoints apart by the name of their rows' number."""
    try:
        value = json.loads(decode(document.body, document.charset).lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return "events"
    row = value[0] if isinstance(value, list) and value else value
    if not isinstance(row, dict):
        return "events"
    return next((step for field, step in _BY_FIELD.items() if field in row), "reference")


PARSER = Parser(
    name="legistar",
    version=1,
    steps={
        "events": read_events,
        "event_items": read_event_items,
        "votes": read_votes,
        "matters": read_matters,
        "histories": read_histories,
        "bodies": read_bodies,
        "persons": read_persons,
        "office_records": read_office_records,
        "reference": read_reference,
    },
    recognise=recognise,
)
