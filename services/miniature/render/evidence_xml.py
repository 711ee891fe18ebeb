"""The evidence of a committee meeting: Hansard's schema with Acronyme and Institution, CRLF line ends.

Format: www.ourcommons.ca/Content/Committee/451/INAN/Evidence/EV14190034/INANEV34-E.XML.
"""

from typing import Any

from services.miniature.facts.debates import NOTICE, affiliation_id, find_committee, member_by_id
from services.miniature.facts.legisinfo import COMMITTEES
from services.miniature.facts.model import Language, pick
from services.miniature.render.document import Document
from services.miniature.render.hansard_text import Ids, filled, floor_language, full_title, timestamp
from services.miniature.render.hansard_xml import Page, extracted, weekday
from services.miniature.render.legisinfo_list import day_in_words
from services.miniature.world import World

_WITNESS, _MEMBER, _CHAIR = 28, 47, 35


def full_name(acronym: str, language: Language) -> str:
    """A committee's full name."""
    if acronym in COMMITTEES:
        return pick((COMMITTEES[acronym][1], COMMITTEES[acronym][2]), language)
    known = find_committee(acronym)
    name: tuple[str, str] = tuple(known["name"]) if known else (acronym, acronym)
    return pick(
        (f"Standing Joint Committee for the {name[0]}", f"Comité mixte permanent : {name[1]}"), language
    )


def evidence(world: World, meeting: dict[str, Any], language: Language) -> Document:
    """The evidence of one meeting in one language."""
    page, ids = Page(), Ids(meeting["document_id"])
    acronym, number, iso = meeting["committee"], meeting["number"], meeting["date"]
    page.open(f'Hansard xml:lang="{language.upper()}" id="{meeting["document_id"]}"')
    page.line("<StartPageNumber>1</StartPageNumber>")
    page.open("DocumentTitle")
    page.line(f"<DocumentName>{pick(('EVIDENCE', 'TÉMOIGNAGES'), language)}</DocumentName>")
    page.close("DocumentTitle")
    year, month, day = iso.split("-")
    chair = member_by_id(meeting["chair"])
    title = pick((f"NUMBER {number:03}", f"NUMÉRO {number:03}"), language)
    dates = (
        f"{weekday(iso, 'en')}, {day_in_words(iso, 'en')}",
        f"Le {weekday(iso, 'fr')} {day_in_words(iso, 'fr')}",
    )
    extracted(
        page,
        {
            "InstitutionDebate": full_name(acronym, language),
            "Number": title,
            "Session": pick(("1st SESSION", "1<Sup>re</Sup> SESSION"), language),
            "Parliament": pick(("45th PARLIAMENT", "45<Sup>e</Sup> LÉGISLATURE"), language),
            "Date": pick(dates, language),
            "DateOtherLang": pick((dates[1], dates[0]), language),
            "Institution": full_name(acronym, language),
            "Country": "CANADA",
            "RecordingNote": pick(
                ("[Recorded by Electronic Apparatus]", "[Enregistrement électronique]"), language
            ),
            "HeaderTitle": pick(("EVIDENCE", "TÉMOIGNAGES"), language),
            "HeaderDate": day_in_words(iso, language),
            "MetaDocumentCategory": "Committee",
            "MetaTitle": title,
            "MetaTitleEn": f"NUMBER {number:03}",
            "MetaTitleFr": f"NUMÉRO {number:03}",
            "MetaNumberNumber": str(number),
            "MetaDateNumDay": day,
            "MetaDateNumMonth": month,
            "MetaDateNumYear": year,
            "MetaCreationTime": f"{year}/{month}/{day} 15:30:00",
            "MetaInstitution": "House Of Commons",
            "InstitutionDebateFr": full_name(acronym, "fr"),
            "InstitutionDebateEn": full_name(acronym, "en"),
            "Acronyme": acronym,
            "SpeakerTitle": pick(("Chair", "Président"), language),
            "SpeakerName": f"{pick(('Mr.', 'M.'), language)} {chair.name}",
            "SessionNumber": "1",
            "ParliamentNumber": "45",
        },
    )
    for tag in ("HansardBody", "OrderOfBusiness"):
        page.open(tag)
    page.line("<CatchLine />")
    for tag in ("SubjectOfBusiness", "SubjectOfBusinessContent"):
        page.open(tag)
    seen: set[object] = set()
    for item in meeting["items"]:
        _item(world, page, ids, meeting, item, language, seen)
    for tag in ("SubjectOfBusinessContent", "SubjectOfBusiness", "OrderOfBusiness", "HansardBody", "Hansard"):
        page.close(tag)
    return page.document("\r\n")


def _item(
    world: World,
    page: Page,
    ids: Ids,
    meeting: dict[str, Any],
    item: dict[str, Any],
    language: Language,
    seen: set[object],
) -> None:
    if "time" in item:
        page.line(timestamp(item["time"]))
    if "floor" in item:
        page.line(floor_language(item["floor"], language))
    if "who" not in item:
        return
    label, number, kind = _speaker(meeting, item, language, seen)
    page.open(f'Intervention Type="Interjection" ToC="No" ToCText="" id="{ids.document()}"')
    page.open("PersonSpeaking")
    page.line(f'<Affiliation DbId="{number}" Type="{kind}">{label}</Affiliation>: </PersonSpeaking>')
    page.depth -= 1
    page.open("Content")
    told = [filled(world, pick(tuple(pair), language), language) for pair in item["text"]]
    if len(seen) == 1 and item["who"] == "chair":
        told.insert(0, pick(NOTICE, language))
    for paragraph in told:
        page.line(f'<ParaText id="{ids.paragraph()}">{paragraph}</ParaText>')
    page.close("Content")
    page.close("Intervention")


def _speaker(
    meeting: dict[str, Any], item: dict[str, Any], language: Language, seen: set[object]
) -> tuple[str, int, int]:
    who = item["who"]
    first = who not in seen
    seen.add(who)
    if who == "witness":
        label = pick(tuple(item["witness"]), language)
        # a witness keeps the same number through the meeting, whatever follows the name
        return label, 320_001 + sum(ord(letter) for letter in item["witness"][0].partition(" (")[0]), _WITNESS
    member = member_by_id(meeting["chair"] if who == "chair" else who)
    long = full_title(member, language, None, meeting["date"])
    if who == "chair":
        chair = pick(("The Chair", "Le président"), language)
        return (f"{chair} ({long})" if first else chair), affiliation_id(member), _CHAIR
    return (long if first else long.partition(" (")[0]), affiliation_id(member), _MEMBER
