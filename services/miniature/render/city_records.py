"""Toronto's voting record as CSV and its catalogue entry, and PrimeGov's lists of meetings.

Formats: the CKAN resource member-voting-record-2022-2026.csv (CRLF, a clock of 24 hours followed by PM, the
result with its tally), and {client}.primegov.com/api/v2/PublicPortal/ListUpcomingMeetings and
ListArchivedMeetings?year=2026.
"""

import csv
import io
from datetime import datetime
from typing import Any

from services.miniature.facts.tables import table
from services.miniature.render.document import CSV, JSON, Document
from services.miniature.render.legisinfo_list import compact_json

DATASET = "members-of-toronto-city-council-voting-record"
PACKAGE_ID = "7f5232d6-0d2a-4f95-864a-417cbf341cc4"
RESOURCE_ID = "b2a2aaf2-0000-4000-8000-000000002226"
RESOURCE_PATH = f"/dataset/{PACKAGE_ID}/resource/{RESOURCE_ID}/download/member-voting-record-2022-2026.csv"
_TODAY = "2026-05-29"


def toronto_votes() -> Document:
    """Every member's vote on every motion, one line each."""
    facts = table("cities")["toronto"]
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\r\n")
    writer.writerow(
        (
            "_id", "Term", "First Name", "Last Name", "Committee", "Date/Time", "Agenda Item #",
            "Agenda Item Title", "Motion Type", "Vote", "Result", "Vote Description",
        )
    )  # fmt: skip
    line = 0
    for vote in facts["votes"]:
        against, absent = vote.get("no", []), vote.get("absent", [])
        yes = len(facts["council"]) - len(against) - len(absent)
        result = f"{'Carried' if yes > len(against) else 'Lost'}, {yes}-{len(against)}"
        for name in facts["council"]:
            line += 1
            first, _, last = name.partition(" ")
            value = "No" if name in against else "Absent" if name in absent else "Yes"
            writer.writerow(
                (
                    line, facts["term"], first, last, "City Council", vote["at"], vote["item"], vote["title"],
                    vote["motion"], value, result, vote["description"],
                )
            )  # fmt: skip
    return Document(rows.getvalue().encode(), CSV)


def toronto_package(host: str, dataset: str) -> Document:
    """The catalogue's entry of the dataset, as CKAN's package_show answers it."""
    if dataset not in (DATASET, PACKAGE_ID):
        error = {"__type": "Not Found Error", "message": "Not found"}
        return Document(compact_json({"success": False, "error": error}), JSON, 404)
    resource = {
        "id": RESOURCE_ID,
        "package_id": PACKAGE_ID,
        "name": "member-voting-record-2022-2026",
        "format": "CSV",
        "url": f"https://{host}{RESOURCE_PATH}",
        "last_modified": "2026-05-28T08:00:00.000000",
        "datastore_active": True,
    }
    package = {
        "id": PACKAGE_ID,
        "name": DATASET,
        "license_id": "open-government-licence-toronto",
        "resources": [resource],
    }
    return Document(compact_json({"success": True, "result": package}), JSON)


def _primegov_meeting(meeting: dict[str, Any]) -> dict[str, Any]:
    at = datetime.fromisoformat(meeting["at"])
    documents = [
        {
            "id": number,
            "language": "en-US",
            "compileOutputType": kind,
            "publishStatus": 1,
            "templateId": 130_000 + meeting["id"],
            "meetingId": meeting["id"],
            "sortOrder": order,
            "templateSortOrder": 1,
            "link": None,
            "templateName": name,
        }
        for order, (number, kind, name) in enumerate(meeting["documents"], 1)
    ]
    return {
        "id": meeting["id"],
        "meetingTypeId": meeting["type"],
        "committeeId": meeting["committee"],
        "dateTime": meeting["at"],
        "date": f"{at:%b %d, %Y}",
        "time": f"{at:%I:%M %p}",
        "documentList": documents,
        "allowPublicSpeaker": False,
        "allowPublicComment": False,
        "isZoomMeeting": False,
        "videoUrl": meeting["video"] or None,
        "swagitId": None,
        "isShowVideoIcon": False,
        "isMediaManagerVideo": False,
        "externalProviderMeetingId": None,
        "zoomMeetingLink": None,
        "meetingOnline": False,
        "streamCompleted": False,
        "isNewTemplate": False,
        "meetingState": 3,
        "title": meeting["title"],
    }


def primegov_upcoming() -> Document:
    """The meetings after the miniature's today."""
    known = [entry for entry in table("cities")["primegov"]["meetings"] if entry["at"][:10] > _TODAY]
    return Document(compact_json([_primegov_meeting(entry) for entry in known]), JSON)


def primegov_archived(year: str) -> Document:
    """The past meetings of one year."""
    known = [entry for entry in table("cities")["primegov"]["meetings"] if entry["at"][:10] <= _TODAY]
    return Document(
        compact_json([_primegov_meeting(entry) for entry in known if entry["at"][:4] == year]), JSON
    )
