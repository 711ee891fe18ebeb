"""Port Ashby's meetings as each meeting platform would show them: one town, the same facts in every format.

Formats: {client}.legistar.com/Calendar.aspx and MeetingDetail.aspx, {client}.civicplus.com/AgendaCenter,
{client}.granicus.com/ViewPublisher.php, {client}.api.civicclerk.com/v1/Events and
{client}.civicweb.net/Services/MeetingsService.svc/meetings with /meetings/{id}/meetingDocuments.
"""

from datetime import datetime
from html import escape
from typing import Any

from services.miniature.facts.tables import table
from services.miniature.render.document import HTML, JSON, Document
from services.miniature.render.legisinfo_list import compact_json

_PLACE = "Council Chambers, 12 Harbour Street"
_GUID = "5E16B4CD-0692-4016-959D-{number:012d}"


def meetings() -> list[dict[str, Any]]:
    """The town's meetings, oldest first: id, title, body, moment, names of the papers, video."""
    told = []
    for entry in table("cities")["primegov"]["meetings"]:
        body, _, mark = str(entry["title"]).partition(" - ")
        told.append(
            {
                "id": entry["id"],
                "title": entry["title"],
                "body": body,
                "at": datetime.fromisoformat(entry["at"]),
                "is_cancelled": bool(mark),
                "papers": sorted(
                    {"minutes" if name == "Minutes" else "agenda" for _, _, name in entry["documents"]}
                ),
                "video": entry["video"],
            }
        )
    return sorted(told, key=lambda meeting: str(meeting["at"]))


def _find(number: int) -> dict[str, Any] | None:
    return next((meeting for meeting in meetings() if meeting["id"] == number), None)


def _page(title: str, lines: list[str]) -> Document:
    body = [
        "<!DOCTYPE html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head><body>',
        *lines,
        "</body></html>",
        "",
    ]
    return Document("\r\n".join(body).encode(), HTML)


def _clock(at: datetime) -> str:
    return f"{at:%I:%M %p}".lstrip("0")


def _day(at: datetime) -> str:
    return f"{at:%B} {at.day}, {at.year}"


# Legistar


def _grid(name: str, headings: tuple[str, ...], rows: list[list[str]]) -> list[str]:
    lines = [f'<table class="rgMasterTable" id="ctl00_ContentPlaceHolder1_{name}_ctl00"><thead><tr>']
    lines += [f'<th scope="col" class="rgHeader">{heading}</th>' for heading in headings]
    lines.append("</tr></thead><tbody>")
    for place, cells in enumerate(rows):
        mark = "rgAltRow" if place % 2 else "rgRow"
        lines += [f'<tr class="{mark}">', *(f"<td>{cell}</td>" for cell in cells), "</tr>"]
    return [*lines, "</tbody></table>"]


def legistar_calendar() -> Document:
    """The calendar, a grid of all meetings."""
    rows = []
    for place, meeting in enumerate(meetings(), 4):
        control = f"ctl00_ContentPlaceHolder1_gridCalendar_ctl00_ctl{place:02d}"
        query = f"ID={meeting['id']}&amp;GUID={_GUID.format(number=meeting['id'])}"
        papers = []
        for kind, mark in (("agenda", "A"), ("minutes", "M")):
            control_id = f"{control}_hyp{kind.capitalize()}"
            has = kind in meeting["papers"]
            link = f'href="View.ashx?M={mark}&amp;{query}"' if has else ""
            papers.append(
                f'<a id="{control_id}" {link}>{kind.capitalize() if has else "Not&nbsp;available"}</a>'
            )
        rows.append(
            [
                f'<a id="{control}_hypBody" href="DepartmentDetail.aspx?ID=1">{escape(meeting["title"])}</a>',
                f"{meeting['at'].month}/{meeting['at'].day}/{meeting['at'].year}",
                f'<a id="{control}_hypiCal" href="View.ashx?M=IC&amp;{query}"></a>',
                f'<span id="{control}_lblTime">{_clock(meeting["at"])}</span>',
                _PLACE,
                f'<a id="{control}_hypMeetingDetail" href="MeetingDetail.aspx?{query}">Details</a>',
                *papers,
            ]
        )
    headings = (
        "Name",
        "Meeting Date",
        "",
        "Meeting Time",
        "Meeting Location",
        "Meeting Details",
        "Agenda",
        "Minutes",
    )
    return _page("Port Ashby - Calendar", _grid("gridCalendar", headings, rows))


def legistar_meeting(number: int) -> Document | None:
    """The page of one meeting with its agenda, or None for an unknown id."""
    meeting = _find(number)
    if meeting is None:
        return None
    events = table("cities")["legistar"]["event"]
    items: list[dict[str, Any]] = next(
        (event["items"] for event in events if event["date"] == f"{meeting['at']:%Y-%m-%d}"), []
    )
    rows = []
    for item in items:
        file = next(
            (m["file"] for m in table("cities")["legistar"]["matter"] if m["id"] == item.get("matter")), ""
        )
        result = ("Pass" if item["passed"] else "Fail") if "passed" in item else ""
        rows.append([file, "1", item["number"], escape(item["title"]), item.get("action", ""), result])
    prefix = "ctl00_ContentPlaceHolder1"
    lines = [
        f'<a id="{prefix}_hypName" href="DepartmentDetail.aspx?ID=1">{escape(meeting["title"])}</a>',
        f'<span id="{prefix}_lblDate">{meeting["at"].month}/{meeting["at"].day}/{meeting["at"].year}</span>',
        f'<span id="{prefix}_lblTime">{_clock(meeting["at"])}</span>',
        f'<span id="{prefix}_lblLocation">{_PLACE}</span>',
        *_grid("gridMain", ("File #", "Ver.", "Agenda #", "Title", "Action", "Result"), rows),
    ]
    return _page("Port Ashby - Meeting Details", lines)


# CivicPlus, Granicus


def civicplus() -> Document:
    """The AgendaCenter: a list for each body."""
    lines = ['<div id="AgendaCenterContent"><h1>Agenda Center</h1>']
    for body in sorted({meeting["body"] for meeting in meetings()}):
        lines += ['<div class="listing listingCollapse">', f"<h2>▼{escape(body)}</h2><table><tbody>"]
        for meeting in meetings():
            if meeting["body"] != body:
                continue
            file = f"_{meeting['at']:%m%d%Y}-{meeting['id']}"
            links = "".join(
                f'<a href="/AgendaCenter/ViewFile/{kind}/{file}" class="pdf">{kind}</a>'
                for kind in map(str.capitalize, meeting["papers"])
            )
            lines += [
                f'<tr id="row{file}" class="catAgendaRow"><td>',
                f'<strong aria-label="Agenda for {_day(meeting["at"])}">{_day(meeting["at"])}</strong>',
                f"<p>{escape(meeting['title'])}</p></td><td>{links}</td></tr>",
            ]
        lines.append("</tbody></table></div>")
    return _page("Agenda Center", [*lines, "</div>"])


def granicus() -> Document:
    """The list of meetings with their viewers."""
    lines = ['<!-- ViewPublisher.php --><table class="listingTable"><tbody>']
    for meeting in meetings():
        cells = [escape(meeting["title"]), f"{_day(meeting['at'])} - {_clock(meeting['at'])}"]
        for kind, viewer in (("agenda", "AgendaViewer"), ("minutes", "MinutesViewer")):
            address = f"//portashby.granicus.com/{viewer}.php?view_id=1&amp;clip_id={meeting['id']}"
            has = kind in meeting["papers"]
            cells.append(f'<a href="{address}">{kind.capitalize()}</a>' if has else "")
        if meeting["video"]:
            player = f"//portashby.granicus.com/MediaPlayer.php?view_id=1&amp;clip_id={meeting['id']}"
            cells.append(f'<a href="{player}">Video</a>')
        lines.append(
            '<tr class="listingRow">' + "".join(f'<td class="listItem">{c}</td>' for c in cells) + "</tr>"
        )
    return _page("Town of Port Ashby", [*lines, "</tbody></table>"])


# CivicClerk, CivicWeb


def civicclerk() -> Document:
    """The OData list of meetings; clocks end in Z and are local all the same."""
    rows = [
        {
            "id": meeting["id"],
            "eventName": meeting["title"],
            "eventDescription": "",
            "startDateTime": f"{meeting['at'].isoformat()}Z",
            "meetingEndTime": "1900-01-01T00:00:00Z",
            "isPublished": "Published",
            "isDeleted": False,
            "categoryName": meeting["body"],
            "hasAgenda": "agenda" in meeting["papers"],
            "publishedFiles": [
                {
                    "fileId": meeting["id"] * 10 + place,
                    "type": kind.capitalize(),
                    "name": f"{meeting['title']} {kind}",
                    "url": f"stream/PORTASHBYON/{meeting['id']}-{kind}.pdf",
                }
                for place, kind in enumerate(meeting["papers"])
            ],
            "eventLocation": {
                "name": "Town Hall",
                "address1": "12 Harbour Street",
                "city": "Port Ashby",
                "state": "ON",
            },
        }
        for meeting in meetings()
    ]
    return Document(compact_json({"value": rows}), JSON)


def civicweb(first: str, last: str) -> Document:
    """The meetings between two days; without both the service answers with none."""
    rows = [
        {
            "Id": meeting["id"],
            "Name": f"{meeting['title']} - {meeting['at']:%b %d %Y}",
            "MeetingDate": f"{meeting['at']:%Y-%m-%d}",
            "MeetingDateTime": f"{meeting['at']:%Y-%m-%d %H:%M}",
            "MeetingTime": f"{meeting['at']:%I:%M %p}",
            "MeetingLocation": _PLACE,
            "MeetingTypeId": 1 + (meeting["body"] != "Town Council"),
            "MeetingTypeName": meeting["body"],
            "TypeId": 1 + (meeting["body"] != "Town Council"),
            "Published": True,
            "VideoIcon": "",
        }
        for meeting in meetings()
        if first and last and first <= f"{meeting['at']:%Y-%m-%d}" <= last
    ]
    return Document(compact_json(rows), JSON)


def civicweb_documents(number: int) -> Document | None:
    """The documents of one meeting, and a draft that is not public; None for an unknown id."""
    meeting = _find(number)
    if meeting is None:
        return None
    kinds = [(1 if kind == "agenda" else 10, True) for kind in meeting["papers"]] + [(4, False)]
    rows = [
        {
            "Id": number * 10 + place,
            "MeetingId": number,
            "Name": f"{meeting['title']} - {meeting['at']:%b %d %Y}",
            "DocumentType": kind,
            "Type": 1,
            "IsPublic": is_public,
            "Html": "",
            "AgendaCover": "",
        }
        for place, (kind, is_public) in enumerate(kinds)
    ]
    return Document(compact_json(rows), JSON)
