"""Recorded votes of the House of Commons: the list of a session and every ballot of each vote.

Documents: ``ourcommons/votes/votes_list_42-1_2018.xml`` (root ``List/VoteParticipant``; since 2024
``ArrayOfVote/Vote`` with the same leaves), ``vote_43-2-69_participants.xml`` and the CSV of one
vote (``votes/csv``), which holds the same ballots without number, date or result.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from lxml import etree

from services.scraper.parsers import keys
from services.scraper.parsers.base import Document, Fetch, Parser, ParseResult
from services.scraper.parsers.house_members import PERSON_SCHEME
from services.scraper.parsers.tabular import ends_its_last_line, read_table
from services.scraper.parsers.text import clean, head
from services.scraper.parsers.xml import leaf, parse_xml
from shared.contracts.civic import Ballot, Identifier, VoteCount, VoteOption
from shared.contracts.legislation import VoteEventRecord

OTTAWA = ZoneInfo("America/Toronto")
_BALLOTS_URL = "https://www.ourcommons.ca/Members/en/votes/{parliament}/{session}/{number}/xml"
_LIST_WRAPPERS = {"List", "ArrayOfVote"}
_RESULTS: dict[str, Literal["pass", "fail", "tie", "unknown"]] = {
    "agreed to": "pass",
    "negatived": "fail",
    "tie": "tie",
}
_OPTIONS: dict[str, VoteOption] = {
    "yea": "yes",
    "nay": "no",
    "paired": "paired",
    "pour": "yes",
    "contre": "no",
    "pairé": "paired",
    "abstain": "abstain",
}
_BALLOT = (
    *("IsVoteYea", "IsVoteNay", "IsVotePaired", "VoteValueName"),
    *("PersonOfficialFirstName", "PersonOfficialLastName", "ConstituencyName", "CaucusShortName", "PersonId"),
)
_CSV_COLUMNS = ("Person ID", "Member of Parliament", "Political Affiliation", "Member Voted", "Paired")
_CSV_COLUMNS_FR = {
    "id de la personne": "Person ID",
    "identifiant de la personne": "Person ID",
    "député": "Member of Parliament",
    "appartenance politique": "Political Affiliation",
    "affiliation politique": "Political Affiliation",
    "vote du député": "Member Voted",
    "pairé": "Paired",
}
"""How the French export is taken to word its columns; no such file was at hand."""
_MEMBER = re.compile(r"^(?P<name>.+?) \((?P<riding>.+)\)$")
_PLACE = re.compile(r"(?P<parliament>\d{1,2})[-_/](?P<session>\d)[-_/](?P<number>\d{1,4})(?!\d)")


def read_list(document: Document) -> ParseResult:
    """Read the votes of a session; each vote's ballots are followed.

    The French subject and result come from the companion ``fr``, matched by number.

    Raises: ParseFailed (``wrong-shape``, ``empty``, ``unknown-session``, or as ``parse_xml``).
    """
    rows = _rows(document)
    french = document.companions.get("fr")
    rows_fr = {_number(french, row): row for row in _rows(french)} if french else {}
    wanted = document.source.parameter("session")
    result = ParseResult()
    sessions: Counter[str] = Counter()
    for row in rows:
        facts = _facts(document, row, rows_fr.get(_number(document, row)))
        session = facts["session"]
        sessions[session] += 1
        if wanted and session != wanted:
            raise document.failed("unknown-session", f"asked for {wanted}, the list is of {session}")
        if french and not facts["subject_fr"]:
            result.alarm(
                french.url, "no-translation", f"vote {session} no. {facts['number']} has no French subject"
            )
        parliament, _, number_in = session.partition("-")
        result.next(
            Fetch(
                url=_BALLOTS_URL.format(parliament=parliament, session=number_in, number=facts["number"]),
                step="ballots",
                context=facts,
                otherwise=(_event(facts, ()),),
            )
        )
    for session in sessions:
        result.completes("vote_event", f"{keys.HOUSE}/vote/{session}/")
    return result


def read_ballots(document: Document) -> ParseResult:
    """Read every ballot of one vote; the list's facts come in the context.

    Raises: ParseFailed (``wrong-shape``, ``empty``, or as ``parse_xml``).
    """
    root = parse_xml(document)
    rows = [row for row in root if row.tag == "VoteParticipant"]
    if not root.tag.startswith("ArrayOfVoteParticipant") or len(rows) != len(root):
        raise document.failed("wrong-shape", f"root element {root.tag!r}, not ArrayOfVoteParticipant")
    if not rows:
        raise document.failed("empty", "the vote has no ballot")
    facts = dict(document.context) or _facts_of_ballots(document, rows[0])
    stated = (_session(document, rows[0]), _number(document, rows[0]))
    if stated != (facts["session"], facts["number"]):
        raise document.failed(
            "wrong-shape", f"ballots of vote {stated}, expected {facts['session']} {facts['number']}"
        )
    return _with_ballots(document, facts, [_ballot(document, row) for row in rows])


def read_ballots_csv(document: Document) -> ParseResult:
    """Read every ballot of one vote from its CSV.

    Raises: ParseFailed (``wrong-shape``, ``empty``, ``truncated``, or as ``read_table``).
    """
    rows = list(read_table(document, _CSV_COLUMNS, also=_CSV_COLUMNS_FR))
    last = rows[-1] if rows and not ends_its_last_line(document) else {}
    if any(last[name] and last[name].lower() not in _OPTIONS for name in _CSV_COLUMNS[3:] if last):
        raise document.failed("truncated", f"the last line has no end: {list(last.values())}"[:300])
    ballots = [_csv_ballot(document, row) for row in rows]
    if not ballots:
        raise document.failed("empty", "the vote has no ballot")
    return _with_ballots(document, dict(document.context) or _facts_of_place(document), ballots)


def _rows(document: Document) -> list[etree._Element]:
    root = parse_xml(document)
    rows = [row for row in root if row.tag in {"Vote", "VoteParticipant"}]
    if root.tag not in _LIST_WRAPPERS or len(rows) != len(root):
        raise document.failed("wrong-shape", f"root element {root.tag!r}, not a list of votes")
    if not rows:
        raise document.failed("empty", "the list holds no vote")
    return rows


def _number(document: Document, row: etree._Element) -> int:
    return _integer(document, row, "DecisionDivisionNumber")


def _integer(document: Document, row: etree._Element, name: str, otherwise: str = "") -> int:
    text = leaf(row, name) or otherwise
    if not text.isascii() or not text.isdigit():
        raise document.failed("wrong-shape", f"line {row.sourceline}: {name} is {text[:50]!r}, not a number")
    return int(text)


def _session(document: Document, row: etree._Element) -> str:
    return f"{_integer(document, row, 'ParliamentNumber')}-{_integer(document, row, 'SessionNumber')}"


def _facts(document: Document, row: etree._Element, french: etree._Element | None) -> dict[str, Any]:
    return {
        "session": _session(document, row),
        "number": _number(document, row),
        "moment": _moment(document, leaf(row, "DecisionEventDateTime")),
        "subject_en": leaf(row, "DecisionDivisionSubject"),
        "subject_fr": "" if french is None else leaf(french, "DecisionDivisionSubject"),
        "result_en": leaf(row, "DecisionResultName"),
        "result_fr": "" if french is None else leaf(french, "DecisionResultName"),
        "yeas": _integer(document, row, "DecisionDivisionNumberOfYeas"),
        "nays": _integer(document, row, "DecisionDivisionNumberOfNays"),
        "paired": _integer(document, row, "DecisionDivisionNumberOfPaired")
        if leaf(row, "DecisionDivisionNumberOfPaired")
        else 0,
        "bill": keys.bill_number(leaf(row, "BillNumberCode")),
        "type": leaf(row, "DecisionDivisionDocumentTypeName"),
    }


def _facts_of_ballots(document: Document, row: etree._Element) -> dict[str, Any]:
    return {
        "session": _session(document, row),
        "number": _number(document, row),
        "moment": _moment(document, leaf(row, "DecisionEventDateTime")),
        "result_en": leaf(row, "DecisionResultName"),
    }


def _facts_of_place(document: Document) -> dict[str, Any]:
    """Take session and number from the address or file name: the CSV itself states neither."""
    found = _PLACE.search(document.url.rpartition("//")[2])
    if found is None:
        raise document.failed(
            "wrong-shape", "the name of a vote CSV holds its session and number, as 43-2_69"
        )
    return {"session": f"{found['parliament']}-{found['session']}", "number": int(found["number"])}


def _moment(document: Document, text: str) -> str:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None).isoformat()
    except ValueError:
        raise document.failed("wrong-shape", f"DecisionEventDateTime is {text[:50]!r}") from None


def _ballot(document: Document, row: etree._Element) -> Ballot:
    told = {child.tag: child.text or "" for child in row}
    ballot = _told(*(told.get(name, "") for name in _BALLOT))
    if ballot is None:
        raise document.failed("wrong-shape", "a ballot without a name")
    return ballot


@lru_cache(maxsize=8_192)
def _told(
    yea: str, nay: str, paired: str, value: str, given: str, family: str, riding: str, party: str, person: str
) -> Ballot | None:
    """Make a ballot of the columns ``_BALLOT``: the same few hundred members vote in every division."""
    # A member may be listed as paired and have voted all the same: the vote counts.
    flags: tuple[tuple[str, VoteOption], ...] = ((yea, "yes"), (nay, "no"), (paired, "paired"))
    option = next((option for flag, option in flags if clean(flag) == "true"), None)
    if option is None:
        option = _OPTIONS.get(clean(value).lower(), "other")
    return _made(clean(person), clean(f"{given} {family}"), option, clean(riding), clean(party))


def _csv_ballot(document: Document, row: dict[str, str]) -> Ballot:
    who = _MEMBER.match(row["Member of Parliament"])
    if who is None or not row["Person ID"].isdigit():
        raise document.failed("truncated", f"not a ballot: {list(row.values())}"[:300])
    value = row["Member Voted"] or row["Paired"]
    if not value:
        raise document.failed("truncated", f"{who['name']} neither voted nor was paired")
    option = _OPTIONS.get(value.lower(), "other")
    ballot = _made(row["Person ID"], clean(who["name"]), option, who["riding"], row["Political Affiliation"])
    if ballot is None:
        raise document.failed("wrong-shape", "a ballot without a name")
    return ballot


def _made(person_id: str, name: str, option: VoteOption, riding: str, party: str) -> Ballot | None:
    if not name:
        return None
    return Ballot(
        person_key=keys.person(person_id, name),
        name=name,
        option=option,
        constituency=riding,
        party=party,
        identifiers=(Identifier(scheme=PERSON_SCHEME, value=person_id),) if person_id else (),
    )


def _with_ballots(document: Document, facts: dict[str, Any], ballots: list[Ballot]) -> ParseResult:
    result = ParseResult()
    people = Counter(ballot.person_key for ballot in ballots)
    twice = next((key for key, count in people.items() if count > 1), None)
    if twice is not None:
        raise document.failed("wrong-shape", f"{twice} is listed twice")
    if "yeas" in facts:
        cast = Counter(ballot.option for ballot in ballots)
        options: tuple[tuple[str, VoteOption], ...] = (("yeas", "yes"), ("nays", "no"))
        for name, option in options:
            if facts[name] != cast[option]:
                detail = f"the list says {facts[name]} {name}, the ballots are {cast[option]}"
                result.alarm(document.url, "ballots-disagree", detail)
    result.add(_event(facts, tuple(ballots)))
    return result


def _event(facts: dict[str, Any], ballots: tuple[Ballot, ...]) -> VoteEventRecord:
    moment = datetime.fromisoformat(facts["moment"]) if facts.get("moment") else None
    number, session = int(facts["number"]), str(facts["session"])
    return VoteEventRecord(
        key=keys.vote(session, number),
        organization_key=keys.HOUSE,
        session=session,
        number=number,
        date=moment.date() if moment else None,
        occurred_at=_clock_time(moment),
        subject_en=facts.get("subject_en", ""),
        subject_fr=facts.get("subject_fr", ""),
        result=_RESULTS.get(facts.get("result_en", "").lower(), "unknown"),
        result_text_en=facts.get("result_en", ""),
        result_text_fr=facts.get("result_fr", ""),
        counts=_counts(facts, ballots),
        bill_key=keys.bill(session, facts["bill"]) if facts.get("bill") else None,
        document_type=facts.get("type", ""),
        ballots=ballots,
        identifiers=(Identifier(scheme="ourcommons.ca/vote", value=f"{session}/{number}"),),
    )


def _clock_time(moment: datetime | None) -> datetime | None:
    """Return the moment in UTC; midnight means that only the day is known."""
    if moment is None or moment.time() == datetime.min.time():
        return None
    return moment.replace(tzinfo=OTTAWA).astimezone(ZoneInfo("UTC"))


def _counts(facts: dict[str, Any], ballots: tuple[Ballot, ...]) -> tuple[VoteCount, ...]:
    if "yeas" in facts:
        stated: tuple[tuple[VoteOption, int], ...] = (
            ("yes", facts["yeas"]),
            ("no", facts["nays"]),
            ("paired", facts["paired"]),
        )
    else:
        cast = Counter(ballot.option for ballot in ballots)
        stated = (("yes", cast["yes"]), ("no", cast["no"]), ("paired", cast["paired"]))
    return tuple(VoteCount(option=option, value=value) for option, value in stated)


def recognise(document: Document) -> str:
    """Tell the list, the ballots of one vote and the vote CSV apart by their first element."""
    start = head(document.body)
    if not start.startswith("<"):
        return "ballots_csv"
    return "ballots" if "<ArrayOfVoteParticipant" in start else "list"


def pair(document: Document) -> tuple[str, str] | None:
    """Pair loose lists by session; a French list words its results in French."""
    if recognise(document) != "list":
        return None
    start = head(document.body, 200_000)
    found = re.search(r"<ParliamentNumber>(\d+)</ParliamentNumber>\s*<SessionNumber>(\d+)<", start)
    is_french = re.search("<DecisionResultName>(Adopt|Rejet|Égalit)", start) is not None
    return (f"list {found[1]}-{found[2]}", "fr" if is_french else "en") if found else None


PARSER = Parser(
    name="house-votes",
    version=2,
    steps={"list": read_list, "ballots": read_ballots, "ballots_csv": read_ballots_csv},
    recognise=recognise,
    pair=pair,
)
