"""What only the detail document of a bill says: stages, actions, publications, votes, related bills."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.scraper.parsers import keys
from services.scraper.parsers.base import Document
from services.scraper.parsers.legisinfo_codes import PUBLICATION_PAGES, classify
from services.scraper.parsers.legisinfo_tree import Tree, branch, branches, day, flag, number, text
from services.scraper.parsers.text import slug
from shared.contracts.civic import Link
from shared.contracts.legislation import (
    BillAction,
    BillRecord,
    BillStage,
    BillVersion,
    Chamber,
    RelatedBill,
)

_VIEWER = "https://www.parl.ca/DocumentViewer/{language}/{session}/bill/{number}/{page}"


def detail_fields(document: Document, tree: Tree, bill: BillRecord) -> dict[str, Any]:
    """Return the fields that a detail document adds to what the list says.

    Raises: ParseFailed (``wrong-shape``).
    """
    year = number(tree, "StatuteYear")
    return {
        "stages": _stages(document, tree, bill),
        "actions": _actions(document, tree),
        "versions": _versions(tree, bill),
        "related": _related(tree, bill),
        "vote_keys": _vote_keys(tree, bill),
        "links": bill.links + _references(tree),
        "statute_year": year or None,
        "statute_chapter": text(tree, "StatuteChapter") if year else "",
        "detail_level": "detail",
    }


def _stage_groups(tree: Tree) -> list[tuple[Chamber, Tree]]:
    stages = branch(tree, "BillStages")
    groups: list[tuple[Chamber, Tree]] = []
    for name, chamber in (
        ("HouseBillStages", "house"),
        ("SenateBillStages", "senate"),
        ("RoyalAssent", "senate"),
    ):
        groups += [(chamber, stage) for stage in branches(stages, name)]  # type: ignore[misc]
    return groups


def _stages(document: Document, tree: Tree, bill: BillRecord) -> tuple[BillStage, ...]:
    """Return every stage; a passed reading keeps the date that list and detail both state."""
    passed = {(stage.chamber, stage.code): stage.date for stage in bill.stages}
    found: list[BillStage] = []
    for chamber, stage in _stage_groups(tree):
        name = text(stage, "BillStageNameEn")
        if not name:
            raise document.failed("wrong-shape", "a stage without a name")
        code = slug(name)
        committee = branch(stage, "Committee")
        ended = day(document, branch(stage, "EndOfStageEvent"), "EventStartDateTime")
        found.append(
            BillStage(
                chamber=chamber,
                code=code,
                name_en=name,
                name_fr=text(stage, "BillStageNameFr"),
                state=text(stage, "StateNameEn") or ("Completed" if ended else ""),
                date=passed.get((chamber, code)) or day(document, stage, "StateAsOfDate") or ended,
                committee=text(committee, "CommitteeAcronym", "CommitteeNameEn"),
            )
        )
    known = {(stage.chamber, stage.code) for stage in found}
    return (*found, *(stage for stage in bill.stages if (stage.chamber, stage.code) not in known))


def _actions(document: Document, tree: Tree) -> tuple[BillAction, ...]:
    """Return events, debates, committee meetings and messages in the order of their days, each once."""
    dated: list[tuple[date, Chamber, str, str]] = []

    def note(on: date | None, chamber: Chamber, en: str, fr: str) -> None:
        if on and en:
            dated.append((on, chamber, en, fr))

    for chamber, stage in _stage_groups(tree):
        for event in branches(stage, "SignificantEvents"):
            on = day(document, event, "EventDateTime")
            note(on, chamber, text(event, "EventNameEn"), text(event, "EventNameFr"))
        for sitting in branches(stage, "Sittings"):
            note(day(document, sitting, "Date"), chamber, text(sitting, "NameEn"), text(sitting, "NameFr"))
        for meeting in branches(stage, "CommitteeMeetings"):
            acronym = text(meeting, "CommitteeAcronym")
            sequence = text(meeting, "Number")
            note(
                day(document, meeting, "Date"),
                chamber,
                f"Committee meeting {acronym} {sequence}".strip(),
                f"Réunion de comité {acronym} {sequence}".strip(),
            )
    for message in branches(branch(tree, "BillStages"), "InterChamberMessages"):
        side: Chamber = "senate" if number(message, "ChamberOrganizationId") == 2 else "house"
        note(day(document, message, "Date"), side, text(message, "EventNameEn"), text(message, "EventNameFr"))
    once = dict.fromkeys(dated)
    return tuple(
        BillAction(
            date=on, chamber=chamber, description_en=en, description_fr=fr, classification=classify(en)
        )
        for on, chamber, en, fr in sorted(once, key=lambda action: action[0])
    )


def _versions(tree: Tree, bill: BillRecord) -> tuple[BillVersion, ...]:
    versions = []
    for publication in branches(tree, "Publications"):
        identifier = text(publication, "PublicationId")
        name = text(publication, "PublicationTypeNameEn")
        page = PUBLICATION_PAGES.get(number(publication, "PublicationTypeId"), slug(name))
        name_fr = text(publication, "PublicationTypeNameFr")
        urls = {
            f"url_{language}": _VIEWER.format(
                language=language, session=bill.session, number=bill.number, page=page
            )
            for language in ("en", "fr")
        }
        # LEGISinfo itself leaves "Royal Assent" in English in its French field.
        french = "Sanction royale" if name_fr == "Royal Assent" else name_fr
        versions.append(BillVersion(identifier=identifier, name_en=name, name_fr=french, **urls))
    return tuple(versions)


def _related(tree: Tree, bill: BillRecord) -> tuple[RelatedBill, ...]:
    related: dict[tuple[str, str], RelatedBill] = {}
    for similar in branches(tree, "SimilarBills"):
        code = keys.bill_number(text(similar, "NumberCode"))
        session = f"{number(similar, 'ParliamentNumber')}-{number(similar, 'SessionNumber')}"
        if code:
            key = keys.bill(session, code)
            related[key, "similar"] = RelatedBill(bill_key=key, number=code, relation="similar")
    parliament, _, ordinal = bill.session.partition("-")
    for relation, condition, name, step in (
        ("reinstated-from", "DidReinstateFromPreviousSession", "ReinstatedFromBillNumberCode", -1),
        ("reinstated-as", "DidReinstateInNextSession", "ReinstatedAsBillNumberCode", 1),
    ):
        code = keys.bill_number(text(tree, name))
        # A bill is reinstated only within its Parliament: from the session before, as one of the next.
        if flag(tree, condition) and code and int(ordinal) + step >= 1:
            key = keys.bill(f"{parliament}-{int(ordinal) + step}", code)
            related[key, relation] = RelatedBill(bill_key=key, number=code, relation=relation)
    return tuple(related.values())


def _vote_keys(tree: Tree, bill: BillRecord) -> tuple[str, ...]:
    numbers = {number(vote, "DivisionNumber") for vote in branches(tree, "HouseVoteDetails")}
    for _, stage in _stage_groups(tree):
        numbers |= {number(vote, "DivisionNumber") for vote in branches(stage, "Decisions")}
    return tuple(keys.vote(bill.session, n) for n in sorted(numbers) if n)


def _references(tree: Tree) -> tuple[Link, ...]:
    links = {}
    for reference in branches(tree, "WebReferences"):
        url = text(reference, "UrlEn", "UrlFr")
        if url.startswith(("http://", "https://")):
            links[url] = Link(url=url[:2_000], note=text(reference, "TitleEn", "TitleFr")[:2_000])
    return tuple(links.values())
