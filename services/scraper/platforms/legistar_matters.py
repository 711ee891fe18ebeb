"""Legistar's Web API: matters with what happened to them, bodies, people and office holders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.scraper.parsers import contacts
from services.scraper.parsers.base import Document, Fetch, ParseFailed, ParseResult
from services.scraper.parsers.council import bare_name, is_vacant
from services.scraper.parsers.json import parse_any_json
from services.scraper.parsers.text import clean, slug
from services.scraper.platforms import meetings
from services.scraper.platforms.legistar_rows import Row, base_of, follow_page, identifiers, rows_of, text
from shared.contracts.civic import ContactDetail, Link
from shared.contracts.legislation import BillAction, BillRecord, Sponsor
from shared.contracts.people import MembershipRecord, OrganizationRecord, PersonRecord

_FAR_FUTURE = 2090
_MATTER_FIELDS = (
    "MatterId", "MatterGuid", "MatterFile", "MatterName", "MatterTitle", "MatterTypeName", "MatterStatusName",
    "MatterBodyName", "MatterIntroDate", "MatterAgendaDate", "MatterPassedDate", "MatterEnactmentDate",
    "MatterEnactmentNumber", "MatterRequester",
)  # fmt: skip


def read_matters(document: Document) -> ParseResult:
    """Read a list of matters; with ``parameters.histories`` each asks for what happened to it.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_any_json``).
    """
    result = ParseResult()
    base = base_of(document)
    for row in rows_of(document, "MatterId", "MatterTitle"):
        bill = _bill(document, row, ())
        if document.source.parameters.get("histories"):
            result.next(
                Fetch(
                    url=f"{base}/matters/{row['MatterId']}/histories",
                    step="histories",
                    context={"matter": {name: row.get(name) for name in _MATTER_FIELDS}},
                    companions={"sponsors": f"{base}/matters/{row['MatterId']}/sponsors"},
                    is_companion_required=False,
                    is_required=False,
                    otherwise=(bill,),
                )
            )
        else:
            result.add(bill)
    follow_page(document, result)
    return result


def read_histories(document: Document) -> ParseResult:
    """Read what happened to a matter, whose own facts come in the context; the same entry may come twice.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_any_json``).
    """
    result = ParseResult()
    rows = rows_of(document, "MatterHistoryId", "MatterHistoryActionName")
    matter = document.context.get("matter")
    if not isinstance(matter, Mapping):
        result.skip("history without its matter", len(rows))
        return result
    result.add(_bill(document, matter, rows))
    return result


def read_bodies(document: Document) -> ParseResult:
    """Read the councils, boards and committees.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_any_json``).
    """
    result = ParseResult()
    for row in rows_of(document, "BodyId", "BodyName"):
        kind = clean(str(row.get("BodyTypeName") or "")).lower()
        is_council = "legislative body" in kind or "council" in kind
        result.add(
            OrganizationRecord(
                key=meetings.key(document, "body", clean(str(row.get("BodyName") or row["BodyId"]))),
                jurisdiction=document.source.jurisdiction.ocd_id,
                name_en=clean(str(row.get("BodyName") or f"Body {row['BodyId']}"))[:2_000],
                classification="council" if is_council else "committee" if "committee" in kind else "other",
                identifiers=identifiers(document, "body", row["BodyId"]),
            )
        )
    follow_page(document, result)
    return result


def read_persons(document: Document) -> ParseResult:
    """Read a list of people, or one person.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_any_json``).
    """
    result = ParseResult()
    for row in rows_of(document, "PersonId", "PersonFullName"):
        person = _person(document, row, "Person")
        if person is None:
            result.skip("vacant")
            continue
        result.add(person)
    follow_page(document, result)
    return result


def read_office_records(document: Document) -> ParseResult:
    """Read who sits, or sat, on which body.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_any_json``).
    """
    result = ParseResult()
    for row in rows_of(document, "OfficeRecordId", "OfficeRecordBodyName"):
        person = _person(document, row, "OfficeRecord")
        if person is None:
            result.skip("vacant")
            continue
        of = meetings.body(document, str(row.get("OfficeRecordBodyName") or "Council"))
        end = meetings.day_in(str(row.get("OfficeRecordEndDate") or ""))
        result.add(person, of)
        result.add(
            MembershipRecord(
                key=meetings.key(document, "membership", f"legistar-{row['OfficeRecordId']}"),
                jurisdiction=document.source.jurisdiction.ocd_id,
                person_key=person.key,
                organization_key=of.key,
                role_en=clean(str(row.get("OfficeRecordTitle") or row.get("OfficeRecordMemberType") or ""))[
                    :500
                ],
                start_date=meetings.day_in(str(row.get("OfficeRecordStartDate") or "")),
                # An open end is written as a day in the far future.
                end_date=end if end and end.year < _FAR_FUTURE else None,
            )
        )
    follow_page(document, result)
    return result


def read_reference(document: Document) -> ParseResult:
    """Read a table of words (types, indexes): it names nothing that has a record of its own.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_any_json``).
    """
    value = parse_any_json(document)
    rows = [value] if isinstance(value, Mapping) else value
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise document.failed("wrong-shape", "not a list of objects")
    if any(not any(str(name).endswith("RowVersion") for name in row) for row in rows):
        raise document.failed("wrong-shape", f"rows of no table of the API: {str(rows[0])[:200]}")
    result = ParseResult()
    result.skip("reference row", len(rows))
    return result


def _bill(document: Document, row: Row, histories: Sequence[Row]) -> BillRecord:
    file = text(row, "MatterFile") or str(row["MatterId"])
    introduced = meetings.day_in(str(row.get("MatterIntroDate") or ""))
    actions = _actions(histories)
    latest = max(
        (action.date for action in actions), default=meetings.day_in(str(row.get("MatterAgendaDate") or ""))
    )
    return BillRecord(
        key=meetings.key(document, "bill", file),
        jurisdiction=document.source.jurisdiction.ocd_id,
        session=str(introduced.year) if introduced else "",
        number=file[:500],
        title_en=text(row, "MatterTitle") or text(row, "MatterName") or file,
        short_title_en=text(row, "MatterName")[:2_000],
        type_en=text(row, "MatterTypeName")[:500],
        chamber="council",
        status_en=text(row, "MatterStatusName")[:500],
        introduced_on=introduced,
        latest_activity_on=latest,
        latest_activity_en=actions[-1].description_en if actions else "",
        sponsors=_sponsors(document),
        actions=actions,
        identifiers=identifiers(document, "matter", row.get("MatterId")),
        detail_level="detail" if histories else "list",
    )


def _actions(histories: Sequence[Row]) -> tuple[BillAction, ...]:
    """Return the dated entries in order; an entry that comes twice counts once."""
    told: dict[BillAction, None] = {}
    for entry in histories:
        day = meetings.day_in(str(entry.get("MatterHistoryActionDate") or ""))
        name = text(entry, "MatterHistoryActionName")
        if day is None or not name:
            continue
        place = text(entry, "MatterHistoryActionBodyName")
        description = f"{name} ({place})" if place else name
        told[BillAction(date=day, chamber="council", description_en=description[:2_000])] = None
    return tuple(sorted(told, key=lambda action: action.date))


def _sponsors(document: Document) -> tuple[Sponsor, ...]:
    companion = document.companions.get("sponsors")
    if companion is None:
        return ()
    try:
        rows = rows_of(companion, "MatterSponsorName")
    except ParseFailed:
        # Who sponsors a matter is beside the point when that page is broken.
        return ()
    told: dict[str, Sponsor] = {}
    for row in rows:
        name = text(row, "MatterSponsorName")
        if name:
            told.setdefault(name, Sponsor(name=name[:500], person_key=meetings.person_key(document, name)))
    return tuple(told.values())


def _person(document: Document, row: Row, stem: str) -> PersonRecord | None:
    """Return a person of the API, or None for a seat that nobody holds."""
    given, family = text(row, f"{stem}FirstName"), text(row, f"{stem}LastName")
    name = clean(f"{given} {family}") or bare_name(text(row, f"{stem}FullName"))[0]
    if is_vacant(name) or is_vacant(family or name) or not slug(name):
        return None
    number = row.get("PersonId" if stem == "Person" else "OfficeRecordPersonId")
    found: list[ContactDetail] = []
    for suffix in ("", "2"):
        if address := contacts.email(str(row.get(f"{stem}Email{suffix}") or "")):
            found.append(ContactDetail(type="email", value=address))
        for field, kind in (("Phone", "voice"), ("Fax", "fax")):
            if told := contacts.phone(str(row.get(f"{stem}{field}{suffix}") or "")):
                found.append(ContactDetail(type=kind, value=told[:500], note="legislature"))
    lines = [clean(line) for line in str(row.get(f"{stem}Address1") or "").splitlines() if clean(line)]
    if lines:
        found.append(ContactDetail(type="address", value=", ".join(lines)[:2_000], note="legislature"))
    page = contacts.web(str(row.get(f"{stem}WWW") or ""))
    return PersonRecord(
        key=meetings.person_key(document, name)
        or f"{document.source.jurisdiction.id}/person/legistar-{number}",
        jurisdiction=document.source.jurisdiction.ocd_id,
        name=name[:500],
        given_name=given[:500],
        family_name=family[:500],
        identifiers=identifiers(document, "person", number),
        contacts=tuple(dict.fromkeys(found)),
        links=(Link(url=page[:2_000]),) if page else (),
    )
