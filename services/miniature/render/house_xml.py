"""The House of Commons' exports: members, votes list in both wrappers, one vote's ballots as XML and CSV.

Formats: www.ourcommons.ca/Members/en/search/XML (with and without PersonId), /members/en/votes/xml, the 2018
export with its `<List><VoteParticipant>` wrapper, /members/en/votes/45/1/8/xml and /csv.
"""

import csv
import io

from services.miniature.facts.divisions import KINDS, is_agreed, totals
from services.miniature.facts.model import CAUCUSES, HONORIFICS, PROVINCES, Ballot, Division, Language, pick
from services.miniature.render.document import BOM, CSV, XML, Document, Value, array_of, record, text
from services.miniature.world import World

RESULTS = {True: ("Agreed To", "Adoptée"), False: ("Negatived", "Rejetée")}
VALUES = {"Yea": ("Yea", "Pour"), "Nay": ("Nay", "Contre"), "Paired": ("Paired", "Pairé")}
SALUTATIONS = {"Mr.": ("Mr.", "M."), "Ms.": ("Ms.", "Mme")}


def members(world: World, language: Language) -> Document:
    """The list of members; the layout before the 45th Parliament has no PersonId."""
    rows: list[str] = []
    for member in world.members:
        leaves: dict[str, Value] = {"PersonId": member.person_id}
        if world.layouts["members"] == "without_person_id":
            leaves = {}
        leaves |= {
            "PersonShortHonorific": pick(HONORIFICS[member.honorific], language),
            "PersonOfficialFirstName": member.first_name,
            "PersonOfficialLastName": member.last_name,
            "ConstituencyName": pick(member.riding, language),
            "ConstituencyProvinceTerritoryName": pick(PROVINCES[member.province], language),
            "CaucusShortName": pick(CAUCUSES[member.caucus], language),
            "FromDateTime": member.from_date,
            "ToDateTime": None,
        }
        rows.append(record("MemberOfParliament", leaves))
    return Document(array_of("MemberOfParliament", rows), XML)


def votes(world: World, language: Language, session: str) -> Document:
    """The list of recorded votes of a session such as 45-1, in the layout that the world has chosen."""
    known = world.divisions if session == "45-1" else ()
    if world.layouts["votes"] == "list":
        return _votes_of_2018(world, language, known)
    rows = []
    for division in sorted(known, key=lambda d: -d.number):
        common = _common(world, division, language)
        kind = KINDS[division.kind]
        rows.append(
            record(
                "Vote",
                {
                    "PersonId": 0,
                    "ParliamentNumber": 45,
                    "SessionNumber": 1,
                    "DecisionEventDateTime": division.when,
                    "DecisionDivisionNumber": division.number,
                    "DecisionDivisionSubject": common["subject"],
                    "DecisionResultName": common["result"],
                    "DecisionDivisionNumberOfYeas": common["yeas"],
                    "DecisionDivisionNumberOfNays": common["nays"],
                    "DecisionDivisionNumberOfPaired": common["paired"],
                    "DecisionDivisionDocumentTypeName": pick((kind[0], kind[1]), language),
                    "DecisionDivisionDocumentTypeId": kind[2],
                    "BillNumberCode": division.bill,
                },
            )
        )
    return Document(array_of("Vote", rows), XML)


def _common(world: World, division: Division, language: Language) -> dict[str, Value]:
    cast = world.ballots(division)
    yeas, nays, paired = totals(cast)
    return {
        "subject": pick((division.subject_en, division.subject_fr), language),
        "result": pick(RESULTS[is_agreed(cast)], language),
        "yeas": yeas,
        "nays": nays,
        "paired": paired,
    }


def _votes_of_2018(world: World, language: Language, known: tuple[Division, ...]) -> Document:
    # the export of 2018: BOM, declaration, two-space indent, oldest first, dates without a clock time
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<List xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">',
    ]
    for division in known:
        common = _common(world, division, language)
        kind = KINDS[division.kind]
        leaves: dict[str, Value] = {
            "ParliamentNumber": 45,
            "SessionNumber": 1,
            "DecisionEventDateTime": f"{division.when[:10]}T00:00:00",
            "DecisionResultName": common["result"],
            "DecisionDivisionNumber": division.number,
            "DecisionDivisionSubject": common["subject"],
            "DecisionDivisionNumberOfYeas": common["yeas"],
            "DecisionDivisionNumberOfNays": common["nays"],
            "DecisionDivisionNumberOfPaired": common["paired"],
            "DecisionDivisionDocumentTypeName": pick((kind[0], kind[1]), language),
            "DecisionDivisionDocumentTypeId": kind[2],
            "BillNumberCode": division.bill,
            "SittingNumber": division.sitting,
        }
        lines.append("  <VoteParticipant>")
        lines += [f"    <{k} />" if v == "" else f"    <{k}>{text(v)}</{k}>" for k, v in leaves.items()]
        lines.append("  </VoteParticipant>")
    lines.append("</List>")
    return Document(BOM + "\n".join(lines).encode(), XML)


def _ballot(ballot: Ballot, division: Division, result: str, language: Language) -> str:
    member = ballot.member
    return record(
        "VoteParticipant",
        {
            "ParliamentNumber": 45,
            "SessionNumber": 1,
            "DecisionEventDateTime": division.when,
            "DecisionDivisionNumber": division.number,
            "PersonShortSalutation": pick(SALUTATIONS[member.salutation], language),
            "ConstituencyName": pick(member.riding, language),
            "VoteValueName": pick(VALUES[ballot.value], language),
            "PersonOfficialFirstName": member.first_name,
            "PersonOfficialLastName": member.last_name,
            "ConstituencyProvinceTerritoryName": pick(PROVINCES[member.province], language),
            "CaucusShortName": pick(CAUCUSES[ballot.caucus], language),
            "IsVoteYea": ballot.value == "Yea",
            "IsVoteNay": ballot.value == "Nay",
            "IsVotePaired": ballot.value == "Paired",
            "DecisionResultName": result,
            "PersonId": member.person_id,
        },
    )


def vote_participants(world: World, language: Language, number: int) -> Document | None:
    """Every ballot of one recorded vote, or None when there is no such vote."""
    division = world.find_division(number)
    if division is None:
        return None
    cast = world.ballots(division)
    result = pick(RESULTS[is_agreed(cast)], language)
    return Document(array_of("VoteParticipant", [_ballot(b, division, result, language) for b in cast]), XML)


def vote_csv(world: World, language: Language, number: int) -> Document | None:
    """One vote as CSV: BOM, CRLF, `Name (Riding)`, an empty vote for a paired member."""
    division = world.find_division(number)
    if division is None:
        return None
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\r\n")
    header = {
        "en": ("Person ID", "Member of Parliament", "Political Affiliation", "Member Voted", "Paired"),
        "fr": ("ID de la personne", "Député", "Affiliation politique", "Vote du député", "Pairé"),
    }
    writer.writerow(header[language])
    for ballot in world.ballots(division):
        member = ballot.member
        is_paired = ballot.value == "Paired"
        writer.writerow(
            (
                member.person_id,
                f"{member.name} ({pick(member.riding, language)})",
                pick(CAUCUSES[ballot.caucus], language),
                "" if is_paired else pick(VALUES[ballot.value], language),
                pick(VALUES["Paired"], language) if is_paired else "",
            )
        )
    return Document(BOM + rows.getvalue().encode(), CSV)
