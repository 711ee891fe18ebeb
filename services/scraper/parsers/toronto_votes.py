"""Toronto's open voting record: one line for each member and motion.

Document: ``municipal/toronto/member-voting-record-2022-2026_EXCERPT.csv`` (CKAN dataset
``members-of-toronto-city-council-voting-record``). The clock has 24 hours and says AM or PM all the same; the
result ends in its tally, e.g. ``Carried, 25-1``. Meetings come from the days on which a body voted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time
from urllib.parse import urljoin

from services.scraper.parsers.base import Document, Fetch, Parser, ParseResult
from services.scraper.parsers.json import parse_json
from services.scraper.parsers.tabular import read_table
from services.scraper.parsers.text import clean, head, slug
from services.scraper.platforms import meetings
from shared.contracts.civic import Ballot, Identifier
from shared.contracts.legislation import VoteEventRecord

_COLUMNS = (
    "Term", "First Name", "Last Name", "Committee", "Date/Time", "Agenda Item #", "Agenda Item Title",
    "Motion Type", "Vote", "Result", "Vote Description",
)  # fmt: skip
_SCHEME = "secure.toronto.ca/council/meeting"


@dataclass(slots=True)
class _Vote:
    row: dict[str, str]
    day: date
    clock: time | None
    ballots: dict[str, Ballot] = field(default_factory=dict)


def read_record(document: Document) -> ParseResult:
    """Read the voting record of one term.

    Raises: ParseFailed (``wrong-shape``, ``empty``, or as ``read_table``).
    """
    result = ParseResult()
    votes: dict[str, _Vote] = {}
    for row in read_table(document, _COLUMNS):
        day = meetings.day_in(row["Date/Time"])
        name = clean(f"{row['First Name']} {row['Last Name']}")
        if day is None or not name:
            raise document.failed("wrong-shape", f"a line without a name or a day: {row}"[:300])
        clock = meetings.clock_in(row["Date/Time"].partition(" ")[2])
        vote = votes.setdefault(_identity(row, day, clock), _Vote(row, day, clock))
        if name in vote.ballots:
            result.skip("repeated ballot")
        vote.ballots[name] = Ballot(
            person_key=meetings.person_key(document, name), name=name, option=meetings.option(row["Vote"])
        )
    if not votes:
        raise document.failed("empty", "the record holds no vote")
    for identity, vote in votes.items():
        result.add(_record(document, result, identity, vote))
    return result


def read_package(document: Document) -> ParseResult:
    """Read the catalogue's entry of the dataset: it names the file of each term.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_json``).
    """
    value = parse_json(document, dict)
    package = value.get("result")
    resources = package.get("resources") if isinstance(package, dict) else None
    if value.get("success") is not True or not isinstance(resources, list):
        raise document.failed("wrong-shape", "the catalogue does not know the dataset")
    result = ParseResult()
    for resource in resources:
        is_csv = isinstance(resource, dict) and str(resource.get("format") or "").upper() == "CSV"
        url = clean(str(resource.get("url") or "")) if is_csv else ""
        if url:
            result.next(Fetch(url=urljoin(document.url, url), step="record"))
    if not result.follow:
        raise document.failed("empty", "the dataset has no CSV file")
    return result


def _identity(row: dict[str, str], day: date, clock: time | None) -> str:
    # One item may see several votes within a minute: the words of the motion tell them apart.
    minute = clock.strftime("%H%M") if clock else ""
    words = slug(f"{row['Motion Type']} {row['Vote Description']}")[:90]
    parts = (slug(row["Committee"])[:60], f"{day:%Y%m%d}{minute}", slug(row["Agenda Item #"]), words)
    return "/".join(part for part in parts if part)


def _record(document: Document, result: ParseResult, identity: str, vote: _Vote) -> VoteEventRecord:
    row = vote.row
    committee = row["Committee"]
    meeting = meetings.event(
        document,
        result,
        f"{committee} {vote.day.isoformat()}",
        committee,
        vote.day,
        identity_scheme=_SCHEME,
    )
    result.add(meeting)
    ballots = tuple(vote.ballots.values())
    # The result's own tally counts; how many were absent only the ballots tell.
    stated = meetings.tally(row["Result"])
    known = {count.option for count in stated}
    counts = (*stated, *(count for count in meetings.counts_of(ballots) if count.option not in known))
    return VoteEventRecord(
        key=f"{document.source.jurisdiction.id}/vote/{identity}"[:300].rstrip("/"),
        jurisdiction=document.source.jurisdiction.ocd_id,
        organization_key=meeting.organization_key or "",
        session=row["Term"],
        date=vote.day,
        occurred_at=meetings.moment(document, vote.day, vote.clock),
        subject_en=row["Agenda Item Title"],
        motion_en=clean(f"{row['Motion Type']}: {row['Vote Description']}".strip(": ")),
        result=meetings.outcome(row["Result"]),
        result_text_en=row["Result"][:2_000],
        counts=counts,
        event_key=meeting.key,
        agenda_item=row["Agenda Item #"],
        document_type=row["Motion Type"],
        ballots=ballots,
        identifiers=(Identifier(scheme="secure.toronto.ca/council/agenda-item", value=row["Agenda Item #"]),)
        if row["Agenda Item #"]
        else (),
    )


def recognise(document: Document) -> str:
    """Tell the catalogue's entry from the record by the first character."""
    return "package" if head(document.body, 2_048).startswith("{") else "record"


PARSER = Parser(
    name="toronto-votes",
    version=2,
    steps={"record": read_record, "package": read_package},
    recognise=recognise,
)
