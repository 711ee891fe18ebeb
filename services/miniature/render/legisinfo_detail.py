"""LEGISinfo's page of one bill as JSON (an array of one) and as XML: 135 keys, other names than in the list.

Format: www.parl.ca/LegisInfo/en/bill/45-1/c-2/json and /xml. Local clock times without an offset; a similar
bill of an earlier Parliament is the same object with most of it null.
"""

from dataclasses import replace
from typing import Any

from services.miniature.facts.bills import sponsors
from services.miniature.facts.divisions import is_agreed, totals
from services.miniature.facts.legisinfo import (
    CHAMBERS,
    COMMITTEE,
    EVENTS,
    KINDS,
    MAJOR_STAGES,
    PUBLICATIONS,
    ROYAL,
    STAGES,
    STATUSES,
)
from services.miniature.facts.model import HONORIFICS, Bill, Language, Sponsor, pick
from services.miniature.render.document import JSON, XML, Document
from services.miniature.render.legisinfo_list import READING_KEYS, compact_json, latest_chamber
from services.miniature.render.legisinfo_stages import (
    STAGE_CODES,
    bill_stages,
    committee,
    names,
    no_stages,
    sitting_number,
)
from services.miniature.render.legisinfo_xml import as_xml
from services.miniature.world import World

_NO_DATE = "0001-01-01T00:00:00"
_FORMS = ("Regular", "Ordinaire")


def bill_json(world: World, bill: Bill, language: Language) -> Document:
    """The bill as an array of one object."""
    return Document(compact_json([detail(world, bill, language)]), JSON)


def bill_xml(world: World, bill: Bill, language: Language) -> Document:
    """The bill as `<Bills><Bill>`."""
    return Document(as_xml("Bills", "Bill", [detail(world, bill, language)], "\n"), XML)


def _latest_completed(bill: Bill) -> tuple[int, tuple[str, str], int, str]:
    """Stage id, names, chamber and time of the last completed stage."""
    code, when = max(bill.readings.items(), key=lambda entry: entry[1])
    if code == "RA":
        return ROYAL, STAGES[ROYAL], 2, when
    chamber = 1 if code[0] == "H" else 2
    stage = next(stage for stage, letter in STAGE_CODES.items() if letter == code[1])
    if stage == COMMITTEE:
        label = (
            "Committee Events Excluding Referral to Committee",
            "Événements comité sans renvoi à un comité",
        )
        return 60074, label, chamber, when
    return stage, STAGES[stage], chamber, when


def _head(bill: Bill, language: Language) -> dict[str, Any]:
    status = STATUSES[bill.status]
    major = MAJOR_STAGES[status.major]
    chamber = status.chamber or bill.chamber
    suffix = pick(major, language)
    if status.major != 60046:
        place = (
            ("in the House of Commons", "à la Chambre des communes")
            if chamber == 1
            else ("in the Senate", "au Sénat")
        )
        suffix = f"{suffix} {pick(place, language)}"
    stage, stage_names, stage_chamber, when = _latest_completed(bill)
    kind = KINDS[bill.kind]
    return {
        "Id": bill.bill_id,
        "NumberCode": bill.number,
        "NumberPrefix": bill.prefix,
        "Number": int(bill.number.split("-")[1]),
        **names("LongTitle", bill.long_title, language),
        **names("ShortTitle", bill.short_title, language),
        "StatusId": status.status_id,
        **names("StatusName", (status.en, status.fr), language),
        "LatestCompletedMajorStageId": status.major,
        **names("LatestCompletedMajorStageName", major, language),
        "LatestCompletedMajorStageNameWithChamberSuffix": suffix,
        "IsInSenatePreStudy": False,
        "LatestCompletedMajorStageChamberOrganizationId": chamber,
        **names("LatestCompletedMajorStageChamberName", CHAMBERS[chamber], language),
        "OngoingStageId": status.ongoing,
        **names("OngoingStageName", STAGES[status.ongoing], language),
        "LatestCompletedBillStageId": stage,
        **names("LatestCompletedBillStageName", stage_names, language),
        "LatestCompletedBillStageChamberOrganizationId": stage_chamber,
        **names("LatestCompletedBillStageChamberName", CHAMBERS[stage_chamber], language),
        "LatestCompletedBillStageDateTime": when,
        "ParliamentNumber": bill.parliament,
        "SessionNumber": bill.session,
        "BillDocumentTypeId": kind[0],
        **names("BillDocumentTypeName", (kind[1], kind[2]), language),
        "IsGovernmentBill": kind[3],
        "OriginatingChamberOrganizationId": bill.chamber,
        **names("OriginatingChamberName", CHAMBERS[bill.chamber], language),
        "IsHouseBill": bill.chamber == 1,
        "IsSenateBill": bill.chamber == 2,
    }


def _sponsor(sponsor: Sponsor, language: Language) -> dict[str, Any]:
    roles = {
        2: ("Member of Parliament", "député(e)"),
        3: ("Senator", "sénateur"),
        4: ("Minister", "ministre"),
        96: ("HansardDisplay", "HansardDisplay"),
    }
    is_senator = sponsor.affiliation_id is not None
    return {
        "SponsorSenateSystemAffiliationId": sponsor.affiliation_id,
        "SponsorPersonId": sponsor.person_id,
        "SponsorPersonOfficialFirstName": sponsor.first_name,
        "SponsorPersonOfficialLastName": sponsor.last_name,
        "SponsorPersonUsualFirstName": "",
        "SponsorPersonMiddleName": sponsor.middle_name,
        "SponsorPersonName": sponsor.name,
        **names(
            "SponsorPersonShortHonorific", ("", "") if is_senator else HONORIFICS[sponsor.honorific], language
        ),
        **names("SponsorAffiliationTitle", sponsor.title, language),
        "SponsorAffiliationRoleId": sponsor.role,
        **names("SponsorAffiliationRoleName", roles[sponsor.role], language),
        "SponsorConstituencyId": sponsor.constituency_id,
        **names("SponsorConstituencyName", sponsor.constituency, language),
    }


def _latest_event(bill: Bill, language: Language) -> dict[str, Any]:
    event = EVENTS[bill.latest[0]]
    chamber = latest_chamber(bill)
    is_referral = bill.latest[0] in ("referral", "second_reading_referred", "committee_report_amended")
    acronym = bill.committees.get(bill.latest[2]) if is_referral else None
    return {
        "LatestBillEventEventTypeId": event[0],
        "LatestBillEventTypeNameEn": event[1],
        "LatestBillEventTypeNameFr": event[2],
        "LatestBillEventStageId": event[3],
        "LatestBillEventTypeName": event[1] if language == "en" else event[2],
        "LatestBillEventCommitteeDetails": committee(acronym, language, is_study=False) if acronym else None,
        "LatestBillEventDateTime": bill.latest_event_at or bill.latest[1].partition(".")[0],
        "LatestBillEventChamberOrganizationId": chamber,
        **names("LatestBillEventChamberName", CHAMBERS[chamber], language),
        "LatestBillEventNumberOfAmendments": 0,
        "LatestBillEventAmendmentNoteId": 122 if bill.latest[0] == "committee_report_amended" else 0,
        "LatestBillEventMeetingNumber": sitting_number(chamber, bill.latest[1]),
        **names("LatestBillEventAdditionalInformation", ("", ""), language),
    }


def _progress(bill: Bill) -> dict[str, Any]:
    first, second = ("H", "S") if bill.chamber == 1 else ("S", "H")
    return {
        **{key: bill.readings.get(code) for key, code in READING_KEYS.items()},
        "DidReinstateFromPreviousSession": False,
        "ReinstatedFromBillDocumentId": None,
        "ReinstatedFromBillNumberCode": None,
        "DidReinstateInNextSession": False,
        "ReinstatedAsBillDocumentId": None,
        "ReinstatedAsBillNumberCode": None,
        "PassedFirstChamberFirstReading": f"{first}1" in bill.readings,
        "PassedFirstChamberSecondReading": f"{first}2" in bill.readings,
        "PassedFirstChamberThirdReading": f"{first}3" in bill.readings,
        "PassedSecondChamberFirstReading": f"{second}1" in bill.readings,
        "PassedSecondChamberSecondReading": f"{second}2" in bill.readings,
        "PassedSecondChamberThirdReading": f"{second}3" in bill.readings,
        "ReceivedRoyalAssent": "RA" in bill.readings,
        "ConsideredDuringPreviousSitting": False,
        "IsProForma": bill.status == "pro_forma",
    }


def _publications(bill: Bill, language: Language) -> list[dict[str, Any]]:
    place = ("House of Commons", "la Chambre des communes") if bill.chamber == 1 else ("Senate", "le Sénat")
    told = []
    for publication_id, type_id in bill.publications:
        english, french = PUBLICATIONS[type_id]
        pair = (english.format(en=place[0]), french.format(fr=place[1]))
        told.append(
            {
                "PublicationId": publication_id,
                "PublicationTypeId": type_id,
                **names("PublicationTypeName", pair, language),
            }
        )
    return told


def _house_votes(world: World, bill: Bill, language: Language) -> list[dict[str, Any]]:
    told = []
    for division in (d for d in world.divisions if d.bill == bill.number and d.number < 1001):
        cast = world.ballots(division)
        yeas, nays, paired = totals(cast)
        agreed = is_agreed(cast)
        told.append(
            {
                "BillDocumentId": 0,
                "DivisionNumber": division.number,
                **names("DivisionSubject", (division.subject_en, division.subject_fr), language),
                "DivisionVotesYeas": yeas,
                "DivisionVotesNays": nays,
                "DivisionVotePaired": paired,
                "DivisionVoteTotal": yeas + nays + paired,
                "DecisionResultId": 15 if agreed else 16,
                **names(
                    "DecisionResultName",
                    ("Agreed To", "Adoptée") if agreed else ("Negatived", "Rejetée"),
                    language,
                ),
                "DecisionDateTime": f"{division.when[:10]}T10:00:00",
                "IsAgreedTo": agreed,
                "IsNegatived": not agreed,
                "IsTied": False,
                "OrganizationId": 0,
            }
        )
    return told


def detail(world: World, bill: Bill, language: Language) -> dict[str, Any]:
    """Every key of one bill's page, in LEGISinfo's order."""
    return {
        **_head(bill, language),
        **_sponsor(sponsors()[bill.sponsor], language),
        **_latest_event(bill, language),
        **_progress(bill),
        "BillFormId": 10,
        **names("BillFormName", _FORMS, language),
        **names("Notes", ("", ""), language),
        **names("ShortLegislativeSummary", (None, None), language),
        "IsFullLegislativeSummaryAvailable": bill.kind.endswith("government"),
        "StatuteYear": bill.statute[0] if bill.statute else None,
        "StatuteChapter": bill.statute[1] if bill.statute else None,
        "BillStages": bill_stages(world, bill, language),
        "Publications": _publications(bill, language),
        "HouseVoteDetails": _house_votes(world, bill, language),
        "SenateVoteDetails": [],
        "HouseRulingAndStatements": [],
        "SenateRulingAndStatements": [],
        "WebReferences": [],
        "BibliographicNotices": [],
        "SenatePreStudyCommitteeDetails": None,
        "SimilarBills": [_similar(world, bill, entry, language) for entry in bill.similar] or None,
        "IsDroppedFromSenateOrderPaper": False,
        "IsSessionOngoing": True,
    }


def _similar(
    world: World, bill: Bill, entry: tuple[int, str, int, int, str], language: Language
) -> dict[str, Any]:
    """A bill of an earlier Parliament: the same keys, of which only the head says something."""
    bill_id, number, parliament, session, first_reading = entry
    chamber = 1 if number.startswith("C") else 2
    reading_key = "PassedHouseFirstReadingDateTime" if chamber == 1 else "PassedSenateFirstReadingDateTime"
    status = STATUSES["house_second_reading" if chamber == 1 else "senate_second_reading"]
    kind = KINDS[bill.kind]
    told: dict[str, Any] = {
        key: False if isinstance(value, bool) else None
        for key, value in detail(world, replace(bill, similar=()), language).items()
    }
    return told | {
        "Id": bill_id,
        "NumberCode": number,
        "NumberPrefix": number[0],
        "Number": int(number[2:]),
        **names("LongTitle", bill.long_title, language),
        **names("ShortTitle", bill.short_title, language),
        "StatusId": status.status_id,
        **names("StatusName", (status.en, status.fr), language),
        "LatestCompletedMajorStageId": 60043,
        **names("LatestCompletedMajorStageName", MAJOR_STAGES[60043], language),
        "LatestCompletedMajorStageNameWithChamberSuffix": pick(MAJOR_STAGES[60043], language),
        "LatestCompletedMajorStageChamberOrganizationId": chamber,
        "OngoingStageId": 0,
        "LatestCompletedBillStageId": 60029,
        **names("LatestCompletedBillStageName", MAJOR_STAGES[60043], language),
        "LatestCompletedBillStageChamberOrganizationId": chamber,
        **names("LatestCompletedBillStageChamberName", CHAMBERS[chamber], language),
        "LatestCompletedBillStageDateTime": first_reading,
        "ParliamentNumber": parliament,
        "SessionNumber": session,
        "BillDocumentTypeId": 0,
        **names("BillDocumentTypeName", (kind[1], kind[2]), language),
        "OriginatingChamberOrganizationId": chamber,
        "IsHouseBill": chamber == 1,
        "IsSenateBill": chamber == 2,
        "SponsorPersonName": " ",
        "LatestBillEventEventTypeId": 0,
        "LatestBillEventDateTime": _NO_DATE,
        "LatestBillEventChamberOrganizationId": 0,
        "LatestBillEventNumberOfAmendments": 0,
        "LatestBillEventAmendmentNoteId": 0,
        reading_key: first_reading,
        "PassedFirstChamberFirstReading": True,
        "BillFormId": 0,
        "BillStages": no_stages(),
    }
