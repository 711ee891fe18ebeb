"""The Legislative Assembly of Ontario: members and bills as Drupal JSON, Hansard as HTML.

Documents: ``ontario_ola/hansard_html`` (the site of 2014 to 2018). ``?_format=json`` of ola.org is read after
Drupal's envelope, whose names of fields nobody here could check: fields are found by several likely names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from services.scraper.parsers import contacts
from services.scraper.parsers.base import Document, Fetch, Parser, ParseResult
from services.scraper.parsers.council import Council, Seat, named
from services.scraper.parsers.json import parse_json
from services.scraper.parsers.ontario_hansard import read_debate
from services.scraper.parsers.page import parse_page
from services.scraper.parsers.text import clean, head, plain, slug
from services.scraper.platforms import meetings
from shared.contracts.civic import ContactDetail, Identifier, Link
from shared.contracts.legislation import BillAction, BillRecord, BillStage, Sponsor

SITE = "https://www.ola.org/"
SCHEME = "ola.org/node"
_MEMBER = re.compile(r"/(?:en|fr)/members/all/([\w\-]+)/?$")
_BILL = re.compile(
    r"/(?:en|fr)/legislative-business/bills/parliament-(\d+)/session-(\d+)/bill-(?:pr)?([\w\-]+)/?$"
)


def read_members(document: Document) -> ParseResult:
    """Read the page of current members; each asks for its node in both languages.

    Raises: ParseFailed (``empty``, or as ``parse_page``).
    """
    root = parse_page(document)
    result = ParseResult()
    council = Council(document)
    seen: set[str] = set()
    for link in root.iter("a"):
        match = _MEMBER.search((link.get("href") or "").partition("?")[0])
        if match is None or match[1] in seen:
            continue
        seen.add(match[1])
        family, comma, given = clean(link.text_content()).partition(",")
        row = next((each for each in link.iterancestors("tr")), None)
        riding = (
            clean(" ".join(row.xpath(".//*[contains(@class, 'riding')]//text()"))) if row is not None else ""
        )
        page = urljoin(SITE, f"en/members/all/{match[1]}")
        seat = named(
            Seat(
                name="" if comma else family,
                given_name=clean(given),
                family_name=clean(family) if comma else "",
                role="MPP",
                area=riding,
                links=(Link(url=page, note="profile"),),
            )
        )
        council.seats.append(seat)
    if not council.seats:
        raise document.failed("empty", "the page names no member")
    listed = council.result()
    seats = {seat.name: seat for seat in council.seats}
    for record in listed.records:
        if record.kind == "person" and record.name in seats:  # type: ignore[attr-defined]
            page = seats[record.name].links[0].url  # type: ignore[attr-defined]
            context = {"name": record.name, "riding": seats[record.name].area}  # type: ignore[attr-defined]
            result.next(
                Fetch(
                    url=f"{page}?_format=json",
                    step="member",
                    context=context,
                    companions={"fr": page.replace("/en/", "/fr/") + "?_format=json"},
                    is_companion_required=False,
                    is_required=False,
                    otherwise=(record,),
                )
            )
        else:
            result.add(record)
    result.complete += listed.complete
    return result


def read_member(document: Document) -> ParseResult:
    """Read one member's node.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_json``).
    """
    node = parse_json(document, dict)
    if "title" not in node:
        raise document.failed("wrong-shape", "not a node of a member")
    name = clean(plain(f"{_value(node, 'field_first_name')} {_value(node, 'field_last_name')}")) or _value(
        node, "title"
    )
    found = []
    if address := contacts.email(_value(node, "field_email_address", "field_email")):
        found.append(ContactDetail(type="email", value=address))
    if number := contacts.phone(_value(node, "field_phone", "field_telephone")):
        found.append(ContactDetail(type="voice", value=number[:500], note="legislature"))
    alias = _value(node, "path", name="alias")
    riding = _value(node, "field_riding", "field_riding_name") or str(document.context.get("riding") or "")
    council = Council(document)
    council.add(
        named(
            Seat(
                name=str(document.context.get("name") or name),
                given_name=_value(node, "field_first_name"),
                family_name=_value(node, "field_last_name"),
                role="MPP",
                area=riding,
                party=_value(node, "field_party", "field_party_name"),
                contacts=tuple(found),
                links=(Link(url=urljoin(SITE, f"en{alias}"), note="profile"),) if alias else (),
                identifiers=(Identifier(scheme=SCHEME, value=_value(node, "nid")),)
                if _value(node, "nid")
                else (),
            )
        )
    )
    result = council.result()
    result.complete.clear()
    return result


def read_bills(document: Document) -> ParseResult:
    """Read the page of bills; each asks for its node in both languages.

    Raises: ParseFailed (``empty``, or as ``parse_page``).
    """
    root = parse_page(document)
    result = ParseResult()
    seen: set[str] = set()
    for link in root.iter("a"):
        address = urljoin(document.url, (link.get("href") or "").partition("?")[0])
        row = next((each for each in link.iterancestors("tr")), None)
        match = re.search(r"/bills/.*?bill-(?:pr)?([\w\-]+)/?$", address)
        if match is None or match[1] in seen:
            continue
        seen.add(match[1])
        title = (
            clean(" ".join(row.xpath(".//*[contains(@class, 'title')]//text()"))) if row is not None else ""
        )
        address = urljoin(SITE, re.sub(r"^(?:file|https?)://[^/]*/?", "", address))
        context = {"number": match[1], "title": title or clean(link.text_content())}
        french = re.sub(r"/en/", "/fr/", address, count=1)
        result.next(
            Fetch(
                url=f"{address}?_format=json",
                step="bill",
                context=context,
                companions={"fr": f"{french}?_format=json"} if french != address else {},
                is_companion_required=False,
            )
        )
    if not result.follow:
        raise document.failed("empty", "the page names no bill")
    return result


def read_bill(document: Document) -> ParseResult:
    """Read one bill's node, its French translation as companion ``fr``.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_json``).
    """
    node = parse_json(document, dict)
    number = _value(node, "field_bill_number", "field_number") or str(document.context.get("number") or "")
    if "title" not in node or not number:
        raise document.failed("wrong-shape", "not a node of a bill")
    french = document.companions.get("fr")
    other = parse_json(french, dict) if french is not None else {}
    alias = _value(node, "path", name="alias")
    match = _BILL.search(f"/en{alias}") or _BILL.search(document.url.partition("?")[0])
    parliament = _value(node, "field_parliament") or (match[1] if match else "")
    session = _value(node, "field_session") or (match[2] if match else "")
    title = _value(node, "field_short_title", "field_long_title") or str(document.context.get("title") or "")
    stages, actions = _stages(node)
    status = _value(node, "field_current_status", "field_status")
    result = ParseResult()
    result.add(
        BillRecord(
            key=meetings.key(document, "bill", f"{parliament}-{session}", number),
            jurisdiction=document.source.jurisdiction.ocd_id,
            session=f"{parliament}-{session}",
            number=number,
            title_en=_value(node, "field_long_title") or title or _value(node, "title"),
            title_fr=_value(other, "field_long_title", "field_short_title", "title"),
            short_title_en=title[:2_000],
            short_title_fr=_value(other, "field_short_title")[:2_000],
            chamber="legislature",
            status_en=status,
            status_fr=_value(other, "field_current_status", "field_status"),
            introduced_on=min((action.date for action in actions), default=None),
            latest_activity_on=max((action.date for action in actions), default=None),
            royal_assent_on=next((s.date for s in stages if s.code == "royal-assent"), None),
            stages=stages,
            actions=actions,
            sponsors=tuple(_sponsors(node)),
            identifiers=(Identifier(scheme=SCHEME, value=_value(node, "nid")),)
            if _value(node, "nid")
            else (),
            links=(Link(url=urljoin(SITE, f"en{alias}"), note="page"),) if alias else (),
        )
    )
    return result


def _items(node: Mapping[str, Any], *names: str) -> list[Any]:
    for name in names:
        value = node.get(name)
        if isinstance(value, list) and value:
            return value
        if isinstance(value, (str, int, Mapping)) and value != "":
            return [value]
    return []


def _value(node: Mapping[str, Any], *fields: str, name: str = "value") -> str:
    """Return the first value of the first field that has one, markup taken off."""
    for item in _items(node, *fields):
        value = item.get(name, item.get("value")) if isinstance(item, Mapping) else item
        if isinstance(value, (str, int, float)) and not isinstance(value, bool) and clean(str(value)):
            return clean(plain(str(value)))
    return ""


def _stages(node: Mapping[str, Any]) -> tuple[tuple[BillStage, ...], tuple[BillAction, ...]]:
    stages: list[BillStage] = []
    actions: list[BillAction] = []
    for item in _items(node, "field_stages", "field_status_table"):
        entry = item.get("value", item) if isinstance(item, Mapping) else {}
        if not isinstance(entry, Mapping):
            continue
        day = meetings.day_in(str(entry.get("date") or ""))
        stage, result = clean(str(entry.get("stage") or "")), clean(str(entry.get("outcome") or ""))
        if not stage:
            continue
        stages.append(
            BillStage(chamber="legislature", code=slug(stage), name_en=stage, state=result, date=day)
        )
        if day:
            told = f"{stage}: {result}" if result else stage
            actions.append(BillAction(date=day, chamber="legislature", description_en=told))
    return tuple(stages), tuple(actions)


def _sponsors(node: Mapping[str, Any]) -> list[Sponsor]:
    told = []
    for item in _items(node, "field_sponsor", "field_sponsors"):
        if not isinstance(item, Mapping):
            continue
        name = clean(plain(str(item.get("title") or item.get("value") or "")))
        number = clean(str(item.get("target_id") or ""))
        if name or number:
            ids = (Identifier(scheme=SCHEME, value=number),) if number else ()
            told.append(Sponsor(name=name or f"node {number}", identifiers=ids))
    return told


def recognise(document: Document) -> str:
    """Tell nodes by their type, pages by what they link to."""
    start = head(document.body, 400_000)
    if start.startswith("{"):
        kind = re.search(r'"type"\s*:\s*\[\s*\{\s*"target_id"\s*:\s*"(\w+)"', start)
        return "bill" if kind and "bill" in kind[1] else "member"
    if "speakerStart" in start or 'id="transcript"' in start:
        return "debate"
    return "members" if "/members/all/" in start else "bills"


PARSER = Parser(
    name="ontario",
    version=1,
    steps={
        "members": read_members,
        "member": read_member,
        "bills": read_bills,
        "bill": read_bill,
        "debate": read_debate,
    },
    recognise=recognise,
)
