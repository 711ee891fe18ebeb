"""The stages of a bill as LEGISinfo's detail tells them: sittings, decisions, events, committee, speeches."""

from typing import Any

from services.miniature.facts.bills import sponsors
from services.miniature.facts.divisions import is_agreed, totals
from services.miniature.facts.legisinfo import (
    COMMITTEE,
    COMMITTEES,
    FIRST,
    HOUSE,
    REPORT,
    ROYAL,
    SECOND,
    SENATE,
    SITTINGS,
    STAGES,
    STATUSES,
    THIRD,
)
from services.miniature.facts.model import CAUCUSES, Bill, Division, Language, pick
from services.miniature.world import World

STAGE_CODES = {FIRST: "1", SECOND: "2", COMMITTEE: "C", REPORT: "R", THIRD: "3"}
_STATES = {
    0: (None, None),
    1: ("Not reached", "Non atteint"),
    2: ("No activity", "Aucune activité"),
    3: ("In progress", "En cours"),
    4: ("Completed", "Terminé"),
}


def names(stem: str, pair: tuple[str | None, str | None], language: Language) -> dict[str, Any]:
    """`{stem}En`, `{stem}Fr` and `{stem}` in the language of the document."""
    return {f"{stem}En": pair[0], f"{stem}Fr": pair[1], stem: pair[0] if language == "en" else pair[1]}


def sitting_number(chamber: int, when: str) -> str | None:
    """The number of the sitting of a day, as text."""
    number = SITTINGS[chamber].get(when[:10])
    return None if number is None else str(number)


def committee(acronym: str, language: Language, *, is_study: bool) -> dict[str, Any]:
    """A committee as the detail embeds it; `is_study` tells a referral from a mention in the latest event."""
    number, english, french, study = COMMITTEES[acronym]
    in_house = number > 30000
    return {
        "BillDocumentId": 0,
        "CommitteeOrganizationId": number,
        "CommitteeNameEn": english,
        "CommitteeNameFr": french,
        "CommitteeAcronym": acronym,
        "CommitteeName": pick((english, french), language),
        "StudyActivityId": study if is_study else None,
        "OrganizationTypeId": 6 if is_study and study else None,
        "ParentCommittee": None,
        "IsSubCommittee": False,
        "IsHouseOfCommonsCommittee": in_house,
        "IsSenateCommittee": not in_house,
        "IsJointCommittee": False,
    }


def _ending(bill: Bill, chamber: int, stage: int) -> tuple[int, str, str]:
    if stage == FIRST:
        if bill.chamber == chamber:
            return (60110, "Introduction and first reading", "Dépôt et première lecture")
        return (60111, *STAGES[FIRST])
    if stage == SECOND:
        if chamber == HOUSE:
            return (60121, "Second reading and referral to committee", "Deuxième lecture et renvoi en comité")
        return (60120, *STAGES[SECOND])
    if stage == COMMITTEE:
        return (60124, "Committee report presented", "Présentation du rapport de comité")
    if stage == REPORT:
        if chamber == HOUSE:
            return (60285, "Concurrence at report stage", "Adoption à l’étape du rapport")
        return (60130, "Committee report adopted", "Adoption du rapport de comité")
    if stage == THIRD:
        return (60134, *STAGES[THIRD])
    return (60149, *STAGES[ROYAL])


def _sitting(name: tuple[str, str], chamber: int, when: str, language: Language) -> dict[str, Any]:
    return {
        **names("Name", name, language),
        "Number": sitting_number(chamber, when),
        "Date": f"{when[:10]}T00:00:00",
        **names("AdditionalInformation", (None, None), language),
        "IsPublished": True,
    }


def _event(ending: tuple[int, str, str], chamber: int, when: str, language: Language) -> dict[str, Any]:
    return {
        "EventTypeId": ending[0],
        "BillDocumentId": 0,
        **names("EventName", (ending[1], ending[2]), language),
        # the House's events are known by their day here, the Senate's by the clock
        "EventDateTime": f"{when[:10]}T00:00:00" if chamber == HOUSE else when,
        "IsCompletionOfBillStage": True,
        "IsDefeatedEvent": False,
        "CommitteeReportId": None,
        "CommitteeReportNumber": None,
        **names("AdditionalInformation", ("", ""), language),
        "MeetingEventId": None,
        "AmendmentNoteId": None,
    }


def _decision(world: World, bill: Bill, stage: int, division: Division, language: Language) -> dict[str, Any]:
    cast = world.ballots(division)
    yeas, nays, paired = totals(cast)
    agreed = is_agreed(cast)
    committee_code = bill.committees.get("H", "")
    motion = ("3rd reading", "3e lecture")
    if stage == SECOND:
        motion = (
            f"2nd reading and referral to committee - {committee_code}",
            f"2e lecture et renvoi en comité - {committee_code}",
        )
    return {
        "DecisionProceduralEventId": 13000000 + division.number,
        "DecisionMotionDocumentId": 13500000 + division.number,
        **names("DecisionMotionTitle", motion, language),
        "DecisionResultId": 15 if agreed else 16,
        **names(
            "DecisionResultName", ("Agreed To", "Adoptée") if agreed else ("Negatived", "Rejetée"), language
        ),
        "DecisionMethodId": 10,
        **names(
            "DecisionMethodName", ("On recorded division", "Suivant un vote par appel nominal"), language
        ),
        "DivisionNumber": division.number,
        "DivisionVotesYeas": yeas,
        "DivisionVotesNays": nays,
        "DivisionVotePaired": paired,
        "DecisionSittingDate": f"{division.when[:10]}T00:00:00",
        "DecisionSittingNumber": str(division.sitting),
    }


def _speech(world: World, bill: Bill, when: str, language: Language) -> dict[str, Any] | None:
    sponsor = sponsors()[bill.sponsor]
    member = world.find_member(sponsor.person_id)
    if member is None:
        return None
    return {
        "BillId": 0,
        "ChamberOrganizationId": HOUSE,
        "InterventionEventId": bill.bill_id - 300_000,
        "EventTypeId": 60152,
        **names("EventTypeName", ("Sponsor’s speech", "Discours du parrain"), language),
        "PersonId": member.person_id,
        "PersonOfficialFirstName": member.first_name,
        "PersonOfficialLastName": member.last_name,
        "PersonMiddleName": sponsor.middle_name,
        "PersonName": sponsor.name,
        "SenateSystemAffiliationId": None,
        **names("CaucusShortName", CAUCUSES[member.caucus], language),
        "ParliamentNumber": bill.parliament,
        "SessionNumber": bill.session,
        "MeetingNumber": sitting_number(HOUSE, when),
        "SpeechDateTime": when.partition(".")[0],
        "UrlEn": "",
        "UrlFr": "",
        "Url": "",
    }


def _state(bill: Bill, chamber: int, stage: int, order: list[int]) -> int:
    letter = "H" if chamber == HOUSE else "S"
    if letter + STAGE_CODES[stage] in bill.readings:
        return 4
    later = order[order.index(stage) + 1 :]
    if any(letter + STAGE_CODES[after] in bill.readings for after in later):
        return 4
    before = order[: order.index(stage)]
    status = STATUSES[bill.status]
    is_next = bool(before) and letter + STAGE_CODES[before[-1]] in bill.readings
    if status.chamber == chamber and status.ongoing == stage:
        return 3
    return 2 if is_next and bill.status not in ("defeated", "outside_precedence") else 1


def _stage(
    world: World, bill: Bill, chamber: int, stage: int, order: list[int], language: Language
) -> dict[str, Any]:
    letter = "H" if chamber == HOUSE else "S"
    state = 0 if stage == ROYAL else _state(bill, chamber, stage, order)
    when = bill.readings.get("RA" if stage == ROYAL else letter + STAGE_CODES[stage])
    ending = _ending(bill, chamber, stage)
    reached = state != 1
    referred = bill.committees.get(letter) if reached and stage in (SECOND, COMMITTEE) and when else None
    decisions: list[dict[str, Any]] = []
    if chamber == HOUSE and when and stage in (SECOND, THIRD):
        decisions = [
            _decision(world, bill, stage, division, language)
            for division in world.divisions
            if division.bill == bill.number and division.when[:10] == when[:10]
            and division.subject_en.startswith("2nd" if stage == SECOND else "3rd")
        ]  # fmt: skip
    speech = _speech(world, bill, when, language) if chamber == HOUSE and stage == SECOND and when else None
    state_names = _STATES[state]
    feminine = "e" if stage != COMMITTEE and state in (1, 4) else ""
    return {
        "BillStageId": stage,
        **names("BillStageName", STAGES[stage], language),
        "ChamberOrganizationId": chamber if reached else 0,
        "ParliamentNumber": bill.parliament if reached else 0,
        "SessionNumber": bill.session if reached else 0,
        "State": state,
        "StateNameEn": state_names[0],
        "StateNameFr": state_names[1] and state_names[1] + feminine,
        "StateAsOfDate": when if state == 4 else None,
        "StateName": state_names[0] if language == "en" else state_names[1] and state_names[1] + feminine,
        "Committee": committee(referred, language, is_study=True) if referred else None,
        "Sittings": [_sitting((ending[1], ending[2]), chamber, when, language)] if when else [],
        "Decisions": decisions,
        "CommitteeMeetings": [],
        "SignificantEvents": [_event(ending, chamber, when, language)] if when else [],
        "EndOfStageEvent": {
            "EventTypeId": ending[0],
            **names("EventTypeName", (ending[1], ending[2]), language),
            "EventStartDateTime": when,
            "EventEndDateTime": when,
        }
        if when
        else None,
        "StageEventCount": 1 if when else 0,
        "LastStageEventStartDateTime": when,
        "Speeches": [speech] if speech else None,
        "ContainsReferralToCommitteeEvent": False,
        "ContainsRecommittalOfBillEvent": False,
    }


def bill_stages(world: World, bill: Bill, language: Language) -> dict[str, Any]:
    """Both chambers' stages and royal assent; `no_stages` is what a bill only mentioned has."""
    house = [FIRST, SECOND, COMMITTEE, REPORT, THIRD]
    senate = [FIRST, SECOND, THIRD]
    if "S" in bill.committees:
        senate.insert(2, COMMITTEE)
    if "SR" in bill.readings:
        senate.insert(3, REPORT)
    return no_stages() | {
        "HouseBillStages": [_stage(world, bill, HOUSE, stage, house, language) for stage in house],
        "SenateBillStages": [_stage(world, bill, SENATE, stage, senate, language) for stage in senate],
        "RoyalAssent": [_stage(world, bill, SENATE, ROYAL, [], language)] if "RA" in bill.readings else [],
    }


def no_stages() -> dict[str, Any]:
    """The stages of a bill of which only the head is told."""
    return {
        "BillId": 0,
        "HouseBillStages": [],
        "SenateBillStages": [],
        "RoyalAssent": [],
        "HouseAdditionalInformation": [],
        "SenateAdditionalInformation": [],
        "InterChamberMessages": [],
    }
