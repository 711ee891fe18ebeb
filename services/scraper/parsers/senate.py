"""Senators and the recorded votes of the Senate, from the tables of ``sencanada.ca``.

Pages: the table ``#senator-list-view-table`` (a fragment that the page of senators asks for), the votes of a
session (``#votes-table``, rows with a link to ``/votes/details/{id}/{session}``) and one vote
(``#sc-vote-details-table``, where ``data-order="aaa"`` or a mark shows the column that was chosen).
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime
from typing import Any, Literal

from lxml import html

from services.scraper.parsers import keys
from services.scraper.parsers.base import Document, Fetch, Parser, ParseResult
from services.scraper.parsers.house_bodies import PARLIAMENT, SENATE
from services.scraper.parsers.page import parse_page
from services.scraper.parsers.text import clean, head, slug
from shared.contracts.civic import Ballot, Identifier, Link, VoteCount, VoteOption
from shared.contracts.legislation import VoteEventRecord
from shared.contracts.people import MembershipRecord, OrganizationRecord, PersonRecord

_DETAILS = {
    "en": "https://sencanada.ca/en/in-the-chamber/votes/details/{number}/{session}",
    "fr": "https://sencanada.ca/fr/dans-la-chambre/votes/details/{number}/{session}",
}
_COUNTS = (("yes", r"Yeas|Pour"), ("no", r"Nays|Contre"), ("abstain", r"Abstentions?"))
_OPTIONS: tuple[VoteOption, ...] = ("yes", "no", "abstain")
_ADOPTED = re.compile(r"\b(?:Adopted|Adopté|Carried|Agreed)", re.IGNORECASE)
_DEFEATED = re.compile(r"\b(?:Defeated|Rejet|Negatived)", re.IGNORECASE)
_GROUPS = {
    "C": ("Conservative Party of Canada", "Parti conservateur du Canada"),
    "CPC": ("Conservative Party of Canada", "Parti conservateur du Canada"),
    "CSG": ("Canadian Senators Group", "Groupe des sénateurs canadiens"),
    "GRO": ("Government Representative's Office", "Bureau du représentant du gouvernement"),
    "ISG": ("Independent Senators Group", "Groupe des sénateurs indépendants"),
    "PSG": ("Progressive Senate Group", "Groupe progressiste du Sénat"),
}
_GROUPS_WITHOUT_BODY = {"", "non-affiliated", "non affilié", "non-affilié", "non affilié(e)", "independent"}


def read_senators(document: Document) -> ParseResult:
    """Read the table of senators; French names of groups come from the companion ``fr``.

    Raises: ParseFailed (``empty``, or as ``parse_page``).
    """
    result = ParseResult()
    french = document.companions.get("fr")
    groups_fr = {row["slug"]: row["group"] for row in _senators(french)} if french else {}
    result.add(PARLIAMENT, SENATE)
    bodies: dict[str, OrganizationRecord] = {}
    for row in _senators(document):
        name = row["name"]
        person_key = keys.senator(name)
        group = row["group"]
        body = _group(group, groups_fr.get(row["slug"], ""))
        if body is not None and body.key not in bodies:
            bodies[body.key] = body
            result.add(body)
        result.add(
            PersonRecord(
                key=person_key,
                name=name,
                given_name=row["given"],
                family_name=row["family"],
                honorific_prefix="Hon.",
                identifiers=(Identifier(scheme="sencanada.ca/senator", value=row["slug"]),),
                links=tuple(
                    Link(url=f"https://sencanada.ca/{path}/{row['slug']}/", note=f"profile ({language})")
                    for language, path in (("en", "en/senators"), ("fr", "fr/senateurs"))
                ),
            ),
            MembershipRecord(
                key=f"{keys.SENATE}/membership/{person_key.rpartition('/')[2]}/{row['start'] or 'unknown'}",
                person_key=person_key,
                organization_key=keys.SENATE,
                on_behalf_of_key=body.key if body else None,
                role_en="Senator",
                role_fr="Sénateur ou sénatrice",
                party=group,
                area=row["province"],
                province=row["province"],
                start_date=row["start"],
            ),
        )
    if not bodies and len(result.records) < 3:
        raise document.failed("empty", "the table holds no senator")
    result.completes("membership", f"{keys.SENATE}/membership/")
    return result


def _group(name_en: str, name_fr: str) -> OrganizationRecord | None:
    if name_en.lower() in _GROUPS_WITHOUT_BODY:
        return None
    known = _GROUPS.get(name_en, (name_en, name_fr))
    return OrganizationRecord(
        key=f"{keys.SENATE}/group/{slug(known[0])}",
        name_en=known[0],
        name_fr=known[1],
        abbreviation=name_en if name_en in _GROUPS else "",
        classification="other",
        parent_key=keys.SENATE,
    )


def _senators(document: Document) -> list[dict[str, Any]]:
    rows = []
    for row in parse_page(document).xpath("//table//tr[td]"):
        link = next(
            (
                a
                for a in row.xpath(".//a[@href]")
                if re.search(r"/senat(?:ors|eurs)/[a-z0-9-]+/?$", a.get("href"))
            ),
            None,
        )
        cells = [clean(cell.text_content()) for cell in row.xpath("./td")]
        if link is None or len(cells) < 3:
            continue
        family, given = _listed(clean(link.text_content()))
        dates = [day for day in map(_day, cells[3:]) if day]
        rows.append(
            {
                "slug": link.get("href").rstrip("/").rpartition("/")[2],
                "name": f"{given} {family}".strip(),
                "given": given,
                "family": family,
                "group": cells[1],
                "province": cells[2].partition(" - ")[0].strip(),
                "start": dates[0] if dates else None,
            }
        )
    return rows


def _listed(text: str) -> tuple[str, str]:
    """Return family and given name of ``Carignan, Claude, P.C.`` without what follows them."""
    parts = [part.strip() for part in text.split(",")]
    return parts[0], parts[1] if len(parts) > 1 else ""


def _day(text: str) -> date | None:
    for form in ("%Y-%m-%d", "%B %d, %Y", "%b %d, %Y", "%d/%m/%Y"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a calendar day
        except ValueError:
            continue
    return None


def read_votes(document: Document) -> ParseResult:
    """Read the recorded votes of a session; the ballots of each are followed.

    Raises: ParseFailed (``empty``, ``wrong-shape``, ``unknown-session``, or as ``parse_page``).
    """
    result = ParseResult()
    french = document.companions.get("fr")
    told_fr = {row["number"]: row for row in _votes(french)} if french else {}
    wanted = document.source.parameter("session")
    sessions: set[str] = set()
    for row in _votes(document):
        if wanted and row["session"] != wanted:
            raise document.failed("unknown-session", f"asked for {wanted}, the table is of {row['session']}")
        sessions.add(row["session"])
        other = told_fr.get(row["number"], {})
        if row.pop("language") == "fr":
            # A French list read alone fills the French half.
            other, row = row, {**row, "title": "", "result": ""}
        facts = {**row, "title_fr": other.get("title", ""), "result_fr": other.get("result", "")}
        url, url_fr = (
            _DETAILS[language].format(number=row["number"], session=row["session"])
            for language in ("en", "fr")
        )
        facts["links"] = [url, url_fr]
        result.next(Fetch(url=url, step="ballots", context=facts, otherwise=(_event(facts, ()),)))
    if not sessions:
        raise document.failed("empty", "the table holds no vote")
    for session in sessions:
        result.completes("vote_event", f"{keys.SENATE}/vote/{session}/")
    return result


def _votes(document: Document) -> list[dict[str, Any]]:
    votes = []
    for row in parse_page(document).xpath('//tr[.//a[contains(@href, "/votes/details/")]]'):
        link = row.xpath('.//a[contains(@href, "/votes/details/")]')[0]
        place = re.search(r"/votes/details/(\d{1,9})/(\d{1,2}-\d)", link.get("href"))
        dated = re.search(r"\d{4}-\d{2}-\d{2}", row.text_content())
        day = _day(dated[0]) if dated else None
        if place is None or day is None:
            raise document.failed("wrong-shape", "a vote without number or date")
        text = clean(row.text_content())
        counts = {}
        for option, label in _COUNTS:
            found = re.search(rf"(?:{label})\s*:\s*(\d{{1,4}})", text)
            if found is None:
                raise document.failed("wrong-shape", f"vote {place[1]} does not state its {option} votes")
            counts[option] = int(found[1])
        cells = [clean(cell.text_content()) for cell in row.xpath("./td")]
        title = clean(link.text_content())
        bill = re.search(r"\b([SC]-\d{1,4}[A-Z]?)\b", cells[2] if len(cells) > 2 and cells[2] else title)
        votes.append(
            {
                "number": int(place[1]),
                "session": place[2],
                "language": "fr"
                if link.get("href").startswith(("/fr/", "https://sencanada.ca/fr/"))
                else "en",
                "date": day.isoformat(),
                "title": title,
                "bill": keys.bill_number(bill[1]) if bill else "",
                "result": cells[3] if len(cells) > 3 else "",
                **counts,
            }
        )
    return votes


def read_ballots(document: Document) -> ParseResult:
    """Read every ballot of one vote; the table's facts come in the context.

    Raises: ParseFailed (``empty``, ``wrong-shape``, or as ``parse_page``).
    """
    result = ParseResult()
    root = parse_page(document)
    ballots = [ballot for row in root.xpath("//table//tr[td]") if (ballot := _ballot(row))]
    if not ballots:
        raise document.failed("empty", "the vote has no ballot")
    facts = dict(document.context) or _facts_of_page(document, root, ballots)
    cast = Counter(ballot.option for ballot in ballots)
    for option in _OPTIONS:
        if facts[option] != cast[option]:
            detail = f"the table says {facts[option]} {option}, the ballots are {cast[option]}"
            result.alarm(document.url, "ballots-disagree", detail)
    result.add(_event(facts, tuple(ballots)))
    return result


def _ballot(row: html.HtmlElement) -> Ballot | None:
    cells = row.xpath("./td")
    link = cells[0].xpath(".//a[@href]") if len(cells) >= 6 else []
    if not link:
        return None
    family, given = _listed(clean(cells[0].text_content()))
    chosen = [
        option
        for option, cell in zip(_OPTIONS, cells[3:6], strict=True)
        if cell.get("data-order") == "aaa" or cell.xpath(".//i|.//img|.//svg") or clean(cell.text_content())
    ]
    name = f"{given} {family}".strip()
    if not name or len(chosen) > 1:
        return None
    return Ballot(
        person_key=keys.senator(name),
        name=name,
        option=chosen[0] if chosen else "absent",
        constituency=clean(cells[2].text_content()),
        party=clean(cells[1].text_content()),
    )


def _facts_of_page(document: Document, root: html.HtmlElement, ballots: list[Ballot]) -> dict[str, Any]:
    """Gather what a page read alone says: its date in words, its title; the counts are those cast."""
    place = re.search(r"/votes/details/(\d{1,9})/(\d{1,2}-\d)", document.url)
    words = clean(str(root.xpath('string(//*[contains(@class, "sc-vote-details-box-date")])')))
    dated = re.search(r"([A-Z][a-z]+ \d{1,2}, \d{4})", words)
    day = _day(dated[1]) if dated else None
    if place is None or day is None:
        raise document.failed("wrong-shape", "the page says neither which vote it is nor its date")
    title = clean(str(root.xpath('string(//*[contains(@class, "sc-vote-details-box-title")])')))
    bill = re.search(r"\b([SC]-\d{1,4}[A-Z]?)\b", title)
    cast = Counter(ballot.option for ballot in ballots)
    return {
        "number": int(place[1]),
        "session": place[2],
        "date": day.isoformat(),
        "title": title,
        "bill": keys.bill_number(bill[1]) if bill else "",
        "result": "",
        **{option: cast[option] for option in _OPTIONS},
    }


def _event(facts: dict[str, Any], ballots: tuple[Ballot, ...]) -> VoteEventRecord:
    session, number = str(facts["session"]), int(facts["number"])
    outcome: Literal["pass", "fail", "tie", "unknown"] = "unknown"
    told = facts["result"] or facts.get("result_fr", "")
    if _ADOPTED.search(told):
        outcome = "pass"
    elif _DEFEATED.search(told):
        outcome = "fail"
    elif "tie" in told.lower():
        outcome = "tie"
    return VoteEventRecord(
        key=f"{keys.SENATE}/vote/{session}/{number}",
        organization_key=keys.SENATE,
        session=session,
        number=number,
        date=date.fromisoformat(facts["date"]),
        subject_en=facts["title"],
        subject_fr=facts.get("title_fr", ""),
        result=outcome,
        result_text_en=facts["result"],
        result_text_fr=facts.get("result_fr", ""),
        counts=tuple(VoteCount(option=option, value=facts[option]) for option in _OPTIONS),
        bill_key=keys.bill(session, facts["bill"]) if facts["bill"] else None,
        ballots=ballots,
        identifiers=(Identifier(scheme="sencanada.ca/vote", value=str(number)),),
    )


def recognise(document: Document) -> str:
    """Tell the three tables apart."""
    page = head(document.body, 4_000_000)
    if "sc-vote-details-table" in page:
        return "ballots"
    return "votes" if "/votes/details/" in page else "senators"


PARSER = Parser(
    name="senate",
    version=2,
    steps={"senators": read_senators, "votes": read_votes, "ballots": read_ballots},
    recognise=recognise,
)
