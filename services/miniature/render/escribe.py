"""eSCRIBE: the calendar as JSON by POST, and agendas and minutes in the two page templates of one tenant.

Format: pub-ottawa.escribemeetings.com/MeetingsCalendarView.aspx/GetCalendarMeetings and
/Meeting.aspx?Id=&Agenda=&lang=. Tags in capitals with single quotes, as eSCRIBE writes them. No recorded
page shows a recorded vote: the tables of voters follow the class names that other readers of the platform
rely on.
"""

import json
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import quote

from services.miniature.facts.model import Language, pick
from services.miniature.facts.tables import table
from services.miniature.render.document import HTML, JSON, Document
from services.miniature.render.legisinfo_list import compact_json, day_in_words

_LANGUAGES = {"en": ("English", 9), "fr": ("French", 12)}


def _facts() -> dict[str, Any]:
    return dict(table("cities")["escribe"])


def tenant() -> str:
    """The host of the tenant."""
    return str(_facts()["tenant"])


def _at(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp)


def calendar(body: bytes) -> Document:
    """The meetings between the posted calendarStartDate and calendarEndDate; an error without them."""
    try:
        asked = json.loads(body)
        first, last = str(asked["calendarStartDate"])[:10], str(asked["calendarEndDate"])[:10]
    except (ValueError, KeyError, TypeError):
        message = {"Message": "Invalid web service call, missing value for parameter: 'calendarStartDate'."}
        return Document(compact_json(message), JSON, 500)
    known = [meeting for meeting in _facts()["meeting"] if first <= meeting["start"][:10] <= last]
    return Document(compact_json({"d": [_meeting(meeting) for meeting in known]}), JSON)


def _meeting(meeting: dict[str, Any]) -> dict[str, Any]:
    start, number = _at(meeting["start"]), meeting["id"]
    page = f"https://{tenant()}/MeetingsCalendarView.aspx/Meeting?Id={number}"
    clock = f"{(start.hour + 11) % 12 + 1}:{start.minute:02d} {'AM' if start.hour < 12 else 'PM'}"
    stream = (
        f"<a class='link' aria-label='View Live Stream For {meeting['name']} {start:%d %B %Y}'"
        f" href='VideoStream.aspx?MeetingId={number}' target='_blank'>"
    )
    return {
        "ID": number,
        "MeetingName": meeting["name"],
        "StartDate": meeting["start"].replace("-", "/"),
        "FormattedStart": f"{start:%A, %B %d, %Y} @ {clock}",
        "EndDate": meeting["end"].replace("-", "/"),
        "Description": f"{meeting['location']}<br/>",
        "Url": page if meeting["template"] else "",
        "Location": meeting["location"],
        "ShareUrl": f"Sharing.aspx?u={quote(page, safe='')}",
        "MeetingType": meeting["name"],
        "ClassName": "mt-9-129",
        "LanguageName": "English",
        "HasAgenda": bool(meeting["template"]),
        "Sharing": False,
        "MeetingDocumentLink": _links(meeting, start) if meeting["template"] else [],
        "PortalId": _facts()["portal"],
        "DelegationRequestLink": "",
        "HasLiveVideo": False,
        "HasVideo": False,
        "HasVideoLivePassed": False,
        "LiveVideoStandAloneLink": stream,
        "MeetingPassed": bool(meeting.get("has_minutes")),
        "AllowPublicComments": False,
        "TimeOverride": "",
        "TimeOverrideFR": "",
        "IsMP3": False,
    }


def _links(meeting: dict[str, Any], start: datetime) -> list[dict[str, Any]]:
    kinds = [("Agenda", ("Agenda (HTML)", "Ordre du jour (HTML)"))]
    if meeting.get("has_minutes"):
        kinds.append(("PostMinutes", ("Minutes (HTML)", "Procès-verbal (HTML)")))
    told = []
    us_stamp = f"{start.month}/{start.day}/{start.year} {(start.hour + 11) % 12 + 1}:{start:%M:%S %p}"
    languages: tuple[Language, ...] = ("en", "fr")
    for kind, titles in kinds:
        for language in languages:
            title, (word, number) = pick(titles, language), _LANGUAGES[language]
            preposition = pick(("for", "pour"), language)
            told.append(
                {
                    "CssClass": "",
                    "Format": "HTML",
                    "Image": "<i class='las la-file-code fa-lg'></i>",
                    "Title": title,
                    "Type": kind,
                    "Url": f"Meeting.aspx?Id={meeting['id']}&Agenda={kind}&lang={word}",
                    "LanguageId": number,
                    "MeetingName": f"{meeting['name']} {us_stamp}",
                    "AriaLabel": f"{title} {preposition} {meeting['name']} {start:%d %B %Y}",
                    "HasVideo": False,
                    "HasLiveVideo": False,
                    "HasLiveVideoPassed": False,
                    "Sequence": None,
                    "HiddenText": f" {preposition} {meeting['name']} {us_stamp}",
                    "LanguageCode": f"lang='{language}'",
                }
            )
    return told


def meeting_page(query: dict[str, str]) -> Document | None:
    """The agenda or the minutes of one meeting in one language, in the template of the meeting."""
    meeting = next(
        (entry for entry in _facts()["meeting"] if entry["id"] == query.get("id", "").lower()), None
    )
    if meeting is None or not meeting["template"]:
        return None
    language: Language = "fr" if query.get("lang", "English").lower() == "french" else "en"
    is_minutes = query.get("agenda", "Agenda") == "PostMinutes"
    if is_minutes and not meeting.get("has_minutes"):
        return None
    body = (
        _items_of_the_new_template(meeting, language, is_minutes)
        if meeting["template"] == "AgendaItemTitle"
        else _items_of_the_old_template(meeting, language)
    )
    title = f"{meeting['name']} - {_at(meeting['start']):%B %d, %Y}"
    lines = [
        "<!DOCTYPE html>",
        "",
        f'<html lang="{language}">',
        f'<head><meta charset="utf-8" /><title>\r\n\t{escape(title)}\r\n</title></head>',
        '<body style="background-color: #e5e5e5">',
        '    <main class="container body-content" style="background-color: #ffffff">',
        body,
        "    </main>",
        "</body>",
        "</html>",
    ]
    return Document("\r\n".join(lines).encode(), HTML)


def _header(meeting: dict[str, Any], language: Language, is_minutes: bool) -> str:
    start = _at(meeting["start"])
    kind = pick(("Minutes", "Procès-verbal") if is_minutes else ("Agenda", "Ordre du jour"), language)
    name = meeting["name"] if language == "en" else meeting["french"]
    return (
        "<HEADER class='AgendaHeader' style=\"padding:0px 4px\" >"
        f"<H1 Id='AgendaHeaderTitle' class='AgendaHeaderTitle' >{escape(name)}<br/><br/>{kind} <br/></H1>"
        "<DIV class='AgendaHeaderDetails' ><DIV class='AgendaHeaderDetailsTable' >"
        "<DIV class='AgendaMeetingNumber' >"
        "<DIV class='AgendaHeaderDetails Label' ><TH scope='Row' >Meeting #:</TH></DIV>"
        f"<DIV class='Value AgendaMeetingNumberText' >{meeting['number']}</DIV></DIV>"
        "<DIV class='AgendaTimeContainer' ><DIV class='AgendaMeetingTime Value' >"
        f"<TIME datetime='{start:%Y-%m-%d}' >"
        f"<SPAN class='Date' >{day_in_words(meeting['start'], language)}</SPAN>"
        "</TIME></DIV></DIV><DIV class='AgendaTimeContainer' ><DIV class='AgendaMeetingTime Value' >"
        f"<SPAN class='AgendaMeetingTimeStart' ><TIME datetime='{start:%H:%M}' ></TIME></SPAN></DIV></DIV>"
        "<DIV class='AgendaMeetingLocation' ><DIV class='Value LocationValue' >"
        f"<DIV class='Location' >{escape(meeting['location'])}</DIV></DIV></DIV></DIV></DIV>"
        "<DIV class='AgendaHeaderSpecialComments' >"
        f"<p>{escape(pick(tuple(_facts()['notice']), language))}</p></DIV>"
        "<DIV style=\"float:none;clear:both\" ></DIV><HR class='AgendaHeaderSeparator' /></HEADER>"
    )


def _items_of_the_new_template(meeting: dict[str, Any], language: Language, is_minutes: bool) -> str:
    by_id = {item["id"]: item for item in meeting["items"]}
    nested = {child for item in meeting["items"] for child in item.get("children", [])}

    def one(item: dict[str, Any], level: int) -> str:
        number, heading = item["id"], f"H{level}"
        title = item["title"] if language == "en" else item["french"]
        children = "".join(one(by_id[child], level + 1) for child in item.get("children", []))
        inner = f"<DIV >{children}</DIV>" if children else ""
        return (
            "<DIV class='AgendaItemContainer indent' style=\"width:auto\" >"
            f"<DIV class='AgendaItem AgendaItem{number}' style=\"width:100%\" >"
            "<DIV class='AgendaItemTitleRow' >"
            f"<{heading} Id='AgendaItemAgendaItem{number}TitleHeader' style=\"display: inline-block;\" >"
            f"<DIV class='AgendaItemCounter' style=\"display:inline-block;\" >{item.get('counter', '')}</DIV>"
            "<DIV class='AgendaItemNavigate indent' >"
            "<DIV class='AgendaItemTitle' style=\"width:auto;display:inline-block;\" >"
            f"<a tabindex='0' href=\"javascript:SelectItem({number});\" >{escape(title)}</a></DIV></DIV>"
            f"</{heading}>"
            f"{_attachments(item)}</DIV>{_content(item, language, is_minutes)}</DIV>{inner}</DIV>"
        )

    items = "".join(one(item, 2) for item in meeting["items"] if item["id"] not in nested)
    return (
        "<ARTICLE class='Meeting row' ><SECTION class='Agenda col-xs-12 col-sm-12 col-md-8 col-lg-8' >"
        f'<DIV style="padding:1em; width:auto;" >{_header(meeting, language, is_minutes)}'
        f"<DIV class='AgendaItems' >{items}</DIV></DIV></SECTION></ARTICLE>"
    )


def _attachments(item: dict[str, Any]) -> str:
    rows = "".join(
        f"<DIV class='AgendaItemAttachment AgendaItemAttachment{item['id']}' >"
        f"<SPAN class='Sequence' >{order}.</SPAN>"
        f"<a class='Link' tabindex='0' href=\"filestream.ashx?DocumentId={number}\""
        f" data-original-title='{escape(name)}' target='_blank' >"
        f"<SPAN class='Link' >{escape(name)}</SPAN></a></DIV>"
        for order, (number, name) in enumerate(item.get("attachments", []), 1)
    )
    return f"<DIV class='AgendaItemAttachmentsList indent' >{rows}</DIV>" if rows else ""


def _content(item: dict[str, Any], language: Language, is_minutes: bool) -> str:
    told = ""
    if "description" in item:
        told += (
            "<DIV class='AgendaItemContentRow indent' ><DIV class='AgendaItemDescription RichText' >"
            f"<DIV ><DIV ><p>{escape(item['description'])}</p></DIV></DIV></DIV></DIV>"
        )
    motion = item.get("motion")
    if motion is None:
        return told
    said = motion["text"] if language == "en" else motion["french"]
    parts = [
        f"<DIV class='Number' >{'Motion No. ' + motion['number'] if is_minutes else ''}</DIV>",
    ]
    if is_minutes:
        moved, seconded = (
            pick(("Moved by", "Proposée par"), language),
            pick(("Seconded by", "Appuyée par"), language),
        )
        parts += [
            (
                f"<DIV class='MovedBy' ><SPAN class='Label' >{moved}</SPAN>"
                f"<SPAN class='Value' >{escape(motion['mover'])}</SPAN></DIV>"
            ),
            (
                f"<DIV class='SecondedBy' ><SPAN class='Label' >{seconded}</SPAN>"
                f"<SPAN class='Value' >{escape(motion['seconder'])}</SPAN></DIV>"
            ),
        ]
    parts.append(f"<DIV class='MotionText RichText' ><p><strong>{escape(said)}</strong></p></DIV>")
    if is_minutes:
        parts += [_voters(motion, language), f"<DIV class='MotionResult' >{motion['result']}</DIV>"]
    return (
        f"{told}<DIV class='AgendaItemContentRow indent' ><UL class='AgendaItemMotions' >"
        f"<LI class='AgendaItemMotion' >{''.join(parts)}</LI></UL></DIV>"
    )


def _voters(motion: dict[str, Any], language: Language) -> str:
    rows = ""
    for key, label in (("for", ("For", "Pour")), ("against", ("Against", "Contre"))):
        names = motion.get(key)
        if names:
            rows += (
                f"<TR ><TD class='VoterVote' >{pick(label, language)} ({len(names)})</TD>"
                f"<TD ><DIV class='VotesUsers' >{escape(', '.join(names))}</DIV></TD></TR>"
            )
    return f"<TABLE class='MotionVoters' >{rows}</TABLE>" if rows else ""


def _items_of_the_old_template(meeting: dict[str, Any], language: Language) -> str:
    rows, files = [], []
    for item in meeting["items"]:
        title = item["title"] if language == "en" else item["french"]
        rows.append(
            '<table class="MsoNormalTable" border="0" cellspacing="0" cellpadding="0"><tbody>'
            '<tr><td valign="top">'
            f'<p class="MsoNormal"><a name="Item{item["id"]}"></a>'
            f'<a href="#" target="pubright" class="SelectableItem" itemid="{item["id"]}">'
            f'<span lang="EN-US">{escape(title)}</span></a></p></td></tr></tbody></table>'
        )
        files.append(_attachments(item))
    name = meeting["name"] if language == "en" else meeting["french"]
    notice = escape(pick(tuple(_facts()["notice"]), language))
    return (
        "<ARTICLE class='Meeting row'><SECTION class='Agenda col-xs-12 col-sm-12 col-md-8 col-lg-8'>"
        '<div class="WordSection1">'
        f'<h1><span lang="EN-US">{escape(name)}</span></h1>'
        f'<p class="MsoNormal"><span lang="EN-US">{day_in_words(meeting["start"], language)}</span></p>'
        f'<p class="MsoNormal"><span lang="EN-US">{notice}</span></p>'
        f"{''.join(rows)}</div></SECTION>"
        f"<SECTION class='Details'><DIV class='AgendaItemAttachmentsArea'>{''.join(files)}</DIV></SECTION>"
        "</ARTICLE>"
    )
