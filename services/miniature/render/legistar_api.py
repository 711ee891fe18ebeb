"""The Legistar Web API: JSON lists with a small part of OData ($filter, $top, $skip, $orderby).

Format: webapi.legistar.com/v1/{client}/events, /events/{id}/eventitems, /eventitems/{id}/votes, /matters,
/matters/{id}/ histories, sponsors and attachments, /bodies, /bodies/{id}/OfficeRecords, /persons,
/officerecords.
"""

import base64
import re
from collections.abc import Callable
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from services.miniature.facts.tables import table
from services.miniature.render.document import JSON, Document
from services.miniature.render.legisinfo_list import compact_json

MODIFIED = "2026-03-11T14:05:06.707"
_CONDITION = re.compile(r"(\w+)\s+(eq|ne|gt|ge|lt|le)\s+(?:datetime'([^']*)'|'([^']*)'|(\d+))\s*$")
_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: bool(a == b),
    "ne": lambda a, b: bool(a != b),
    "gt": lambda a, b: bool(a > b),
    "ge": lambda a, b: bool(a >= b),
    "lt": lambda a, b: bool(a < b),
    "le": lambda a, b: bool(a <= b),
}


def _facts() -> dict[str, Any]:
    return dict(table("cities")["legistar"])


def _head(stem: str, number: int, modified: str = MODIFIED) -> dict[str, Any]:
    return {
        f"{stem}Id": number,
        f"{stem}Guid": str(uuid5(NAMESPACE_URL, f"legistar/{stem}/{number}")).upper(),
        f"{stem}LastModifiedUtc": modified,
        f"{stem}RowVersion": base64.b64encode((number * 1009).to_bytes(8, "big")).decode(),
    }


def _day(iso: str | None) -> str | None:
    return None if iso is None else f"{iso}T00:00:00"


def _person(number: int | None) -> dict[str, Any] | None:
    return next((person for person in _facts()["people"] if person["id"] == number), None)


def _name(number: int | None) -> str | None:
    person = _person(number)
    return None if person is None else f"{person['first']} {person['last']}"


def _body(number: int) -> dict[str, Any]:
    return next(dict(body) for body in _facts()["bodies"] if body["id"] == number)


def bodies() -> list[dict[str, Any]]:
    """Every council and committee."""
    return [
        {
            **_head("Body", body["id"]),
            "BodyName": body["name"],
            "BodyTypeId": body["type"][0],
            "BodyTypeName": body["type"][1],
            "BodyMeetFlag": 1,
            "BodyActiveFlag": 1,
            "BodySort": 999,
            "BodyDescription": "",
            "BodyContactNameId": None,
            "BodyContactFullName": None,
            "BodyContactPhone": None,
            "BodyContactEmail": None,
            "BodyUsedControlFlag": 0,
            "BodyNumberOfMembers": len(body["members"]),
            "BodyUsedActingFlag": 0,
            "BodyUsedTargetFlag": 0,
            "BodyUsedSponsorFlag": 0,
        }
        for body in _facts()["bodies"]
    ]


def persons() -> list[dict[str, Any]]:
    """Every person, with the fields of two addresses."""
    told = []
    for person in _facts()["people"]:
        row = {
            **_head("Person", person["id"]),
            "PersonFirstName": person["first"],
            "PersonLastName": person["last"],
            "PersonFullName": f"{person['first']} {person['last']}",
            "PersonActiveFlag": 1,
            "PersonUsedSponsorFlag": 1,
            "PersonAddress1": "12 Harbour Street\rPort Ashby ON\r",
        }
        row |= {f"Person{name}": None for name in ("City1", "State1", "Zip1")}
        row |= {
            "PersonPhone": f"555-555-0{person['id']}",
            "PersonFax": None,
            "PersonEmail": f"{person['first'][0].lower()}.{person['id']}@portashby.example",
            "PersonWWW": "",
        }
        row |= {
            f"Person{name}2": None
            for name in ("Address", "City", "State", "Zip", "Phone", "Fax", "Email", "WWW")
        }
        told.append(row)
    return told


def office_records() -> list[dict[str, Any]]:
    """Who sits on which body since when."""
    told = []
    for body in _facts()["bodies"]:
        for number, title in body["members"]:
            person = _person(number) or {}
            told.append(
                {
                    **_head("OfficeRecord", body["id"] * 1000 + number),
                    "OfficeRecordFirstName": person["first"],
                    "OfficeRecordLastName": person["last"],
                    "OfficeRecordEmail": f"{person['first'][0].lower()}.{number}@portashby.example",
                    "OfficeRecordFullName": _name(number),
                    "OfficeRecordStartDate": "2022-11-15T00:00:00",
                    "OfficeRecordEndDate": "2026-11-14T00:00:00",
                    "OfficeRecordSort": 99,
                    "OfficeRecordPersonId": number,
                    "OfficeRecordBodyId": body["id"],
                    "OfficeRecordBodyName": body["name"],
                    "OfficeRecordTitle": title,
                    "OfficeRecordVoteDivider": 1.0,
                    "OfficeRecordExtendFlag": 0,
                    "OfficeRecordMemberTypeId": 3,
                    "OfficeRecordMemberType": "Member",
                    "OfficeRecordSupportNameId": None,
                    "OfficeRecordSupportFullName": None,
                }
            )
    return told


def events() -> list[dict[str, Any]]:
    """Every meeting; a future one has no minutes."""
    told = []
    client = _facts()["client"]
    for event in _facts()["event"]:
        number, has_items = event["id"], bool(event["items"])
        files = f"https://{client}.legistar1.com/{client}/meetings/{number}"
        guid = str(uuid5(NAMESPACE_URL, f"legistar/site/{number}")).upper()
        told.append(
            {
                **_head("Event", number),
                "EventBodyId": event["body"],
                "EventBodyName": _body(event["body"])["name"],
                "EventDate": _day(event["date"]),
                "EventTime": event["time"],
                "EventVideoStatus": "Public",
                "EventAgendaStatusId": 10,
                "EventAgendaStatusName": "Final",
                "EventMinutesStatusId": 10 if has_items else 9,
                "EventMinutesStatusName": "Final" if has_items else "Draft",
                "EventLocation": event["location"],
                "EventAgendaFile": f"{files}_A.pdf",
                "EventMinutesFile": f"{files}_M.pdf" if has_items else None,
                "EventAgendaLastPublishedUTC": MODIFIED,
                "EventMinutesLastPublishedUTC": MODIFIED if has_items else None,
                "EventComment": None,
                "EventVideoPath": None,
                "EventMedia": None,
                "EventInSiteURL": f"https://{client}.legistar.com/MeetingDetail.aspx?LEGID={number}&GID=1&G={guid}",
                "EventItems": [],
            }
        )
    return told


def event_items(event_id: int) -> list[dict[str, Any]]:
    """The agenda items of one meeting; the same matter may come twice."""
    event = next((entry for entry in _facts()["event"] if entry["id"] == event_id), None)
    return (
        [_event_item(event_id, order, item) for order, item in enumerate(event["items"], 1)] if event else []
    )


def _event_item(event_id: int, order: int, item: dict[str, Any]) -> dict[str, Any]:
    matter = _matter(item.get("matter"))
    passed = item.get("passed")
    row = {
        **_head("EventItem", item["id"]),
        "EventItemEventId": event_id,
        "EventItemAgendaSequence": order,
        "EventItemMinutesSequence": order,
        "EventItemAgendaNumber": item["number"],
    }
    row |= {
        f"EventItem{name}": None for name in ("Video", "VideoIndex", "Version", "AgendaNote", "MinutesNote")
    }
    row |= {
        "EventItemActionId": 362 if "action" in item else None,
        "EventItemActionName": item.get("action"),
        "EventItemActionText": None,
        "EventItemPassedFlag": None if passed is None else int(passed),
        "EventItemPassedFlagName": None if passed is None else "Pass" if passed else "Fail",
        "EventItemRollCallFlag": int(item.get("roll_call", False)),
        "EventItemFlagExtra": 0,
        "EventItemTitle": item["title"],
        "EventItemTally": item.get("tally"),
        "EventItemAccelaRecordId": None,
        "EventItemConsent": 0,
        "EventItemMoverId": item.get("mover"),
        "EventItemMover": _name(item.get("mover")),
        "EventItemSeconderId": item.get("seconder"),
        "EventItemSeconder": _name(item.get("seconder")),
        "EventItemMatterId": matter["MatterId"] if matter else None,
        "EventItemMatterGuid": matter["MatterGuid"] if matter else None,
        "EventItemMatterFile": matter["MatterFile"] if matter else None,
        "EventItemMatterName": None,
        "EventItemMatterType": matter["MatterTypeName"] if matter else None,
        "EventItemMatterStatus": matter["MatterStatusName"] if matter else None,
        "EventItemMatterAttachments": [],
    }
    return row


def votes(event_item_id: int) -> list[dict[str, Any]]:
    """The recorded positions on one agenda item."""
    items = (item for event in _facts()["event"] for item in event["items"])
    item: dict[str, Any] = next((entry for entry in items if entry["id"] == event_item_id), {})
    values = {"Yes": (1, 1), "No": (2, 2), "Absent": (3, 0)}
    return [
        {
            **_head("Vote", event_item_id * 10 + order),
            "VotePersonId": person,
            "VotePersonName": _name(person),
            "VoteValueId": values[value][0],
            "VoteValueName": value,
            "VoteSort": order,
            "VoteResult": values[value][1],
            "VoteEventItemId": event_item_id,
        }
        for order, (person, value) in enumerate(item.get("votes", []), 1)
    ]


def _matter(number: int | None) -> dict[str, Any] | None:
    return next((matter for matter in matters() if matter["MatterId"] == number), None)


def matters() -> list[dict[str, Any]]:
    """Every matter, with its many empty free fields."""
    told = []
    for matter in _facts()["matter"]:
        row: dict[str, Any] = {
            **_head("Matter", matter["id"]),
            "MatterFile": matter["file"],
            "MatterName": None,
            "MatterTitle": matter["title"],
            "MatterTypeId": matter["type"][0],
            "MatterTypeName": matter["type"][1],
            "MatterStatusId": matter["status"][0],
            "MatterStatusName": matter["status"][1],
            "MatterBodyId": matter["body"],
            "MatterBodyName": _body(matter["body"])["name"],
            "MatterIntroDate": _day(matter["introduced"]),
            "MatterAgendaDate": _day(matter["agenda"]),
            "MatterPassedDate": _day(matter.get("passed")),
            "MatterEnactmentDate": None,
            "MatterEnactmentNumber": None,
            "MatterRequester": None,
            "MatterNotes": None,
            "MatterVersion": "1",
            "MatterCost": None,
        }
        row |= {f"MatterText{n}": None for n in range(1, 6)}
        row |= {f"MatterDate{n}": None for n in range(1, 3)}
        row |= {f"MatterEXText{n}": None for n in range(1, 12)}
        row |= {f"MatterEXDate{n}": None for n in range(1, 11)}
        row |= {
            "MatterAgiloftId": 0,
            "MatterReference": None,
            "MatterRestrictViewViaWeb": False,
            "MatterReports": [],
        }
        told.append(row)
    return told


def matter_parts(number: int, part: str) -> list[dict[str, Any]]:
    """The histories, sponsors or attachments of one matter."""
    matter = next((entry for entry in _facts()["matter"] if entry["id"] == number), None)
    if matter is None:
        return []
    return {"histories": _histories, "sponsors": _sponsors, "attachments": _attachments}[part](matter)


def _histories(matter: dict[str, Any]) -> list[dict[str, Any]]:
    told = []
    for order, (day, action, body, event) in enumerate(matter["history"]):
        row: dict[str, Any] = {
            **_head("MatterHistory", matter["id"] * 10 + order),
            "MatterHistoryEventId": event,
        }
        for name in ("AgendaSequence", "MinutesSequence", "AgendaNumber", "Video", "VideoIndex"):
            row[f"MatterHistory{name}"] = None
        row |= {
            "MatterHistoryVersion": "1",
            "MatterHistoryAgendaNote": None,
            "MatterHistoryMinutesNote": None,
        }
        row |= {
            "MatterHistoryActionDate": _day(day),
            "MatterHistoryActionId": 362,
            "MatterHistoryActionName": action,
            "MatterHistoryActionText": None,
            "MatterHistoryActionBodyId": body,
            "MatterHistoryActionBodyName": _body(body)["name"],
        }
        for name in ("PassedFlag", "PassedFlagName", "RollCallFlag", "FlagExtra", "Tally", "AccelaRecordId"):
            row[f"MatterHistory{name}"] = None
        row["MatterHistoryConsent"] = 0
        for name in ("MoverId", "MoverName", "SeconderId", "SeconderName", "MatterStatusId"):
            row[f"MatterHistory{name}"] = None
        told.append(row)
    return told


def _sponsors(matter: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            **_head("MatterSponsor", matter["id"] * 10 + order),
            "MatterSponsorMatterId": matter["id"],
            "MatterSponsorMatterVersion": "1",
            "MatterSponsorNameId": person,
            "MatterSponsorBodyId": None,
            "MatterSponsorName": _name(person),
            "MatterSponsorSequence": order,
            "MatterSponsorLinkFlag": 0,
        }
        for order, person in enumerate(matter["sponsors"])
    ]


def _attachments(matter: dict[str, Any]) -> list[dict[str, Any]]:
    host = f"https://{_facts()['client']}.legistar1.com"
    return [
        {
            **_head("MatterAttachment", matter["id"] * 10 + order),
            "MatterAttachmentName": name,
            "MatterAttachmentHyperlink": f"{host}/attachments/{matter['id']}-{order}.pdf",
            "MatterAttachmentFileName": f"{matter['id']}-{order}.pdf",
            "MatterAttachmentMatterVersion": "1",
            "MatterAttachmentIsHyperlink": False,
            "MatterAttachmentBinary": None,
            "MatterAttachmentIsSupportingDocument": False,
            "MatterAttachmentShowOnInternetPage": True,
        }
        for order, name in enumerate(matter["attachments"])
    ]


def answer(rows: list[dict[str, Any]], query: dict[str, str]) -> Document:
    """Filter, order and cut a list as the API does; a filter it does not understand is a 400."""
    for condition in filter(None, re.split(r"\s+and\s+", query.get("$filter", ""))):
        match = _CONDITION.match(condition.strip())
        if match is None or (rows and match.group(1) not in rows[0]):
            return Document(
                compact_json({"Message": "The query specified in the URI is not valid."}), JSON, 400
            )
        name, test, moment, words, number = match.groups()
        wanted: Any = int(number) if number is not None else words if words is not None else moment
        rows = [row for row in rows if row[name] is not None and _TESTS[test](row[name], wanted)]
    order, _, direction = query.get("$orderby", "").partition(" ")
    if order and rows and order in rows[0]:
        rows = sorted(rows, key=lambda row: str(row[order]), reverse=direction.lower() == "desc")
    skip, top = int(query.get("$skip", "0") or 0), min(int(query.get("$top", "1000") or 1000), 1000)
    return Document(compact_json(rows[skip : skip + top]), JSON)
