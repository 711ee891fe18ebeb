"""The addresses of Parliament: the House, LEGISinfo and bill texts, the Senate, Elections Canada."""

from collections.abc import Callable

from services.miniature.facts.debates import evidence, find_committee, find_sitting, sittings
from services.miniature.facts.model import Bill, Language
from services.miniature.render import (
    acts,
    bill_text,
    elections,
    evidence_xml,
    hansard_xml,
    house_html,
    house_roles,
    house_xml,
    legisinfo_detail,
    legisinfo_list,
    senate_debates,
    senate_html,
)
from services.miniature.render.document import HTML, Document
from services.miniature.routes import Ask, Renderer, Route, route
from services.miniature.world import World

HOUSE = "www.ourcommons.ca"
PARL = "www.parl.ca"
SENATE = "sencanada.ca"
ELECTIONS = "www.elections.ca"
JUSTICE = "laws-lois.justice.gc.ca"
_LANG = r"(?P<lang>en|fr)"
_STAGES = {"first-reading": 1, "second-reading": 2, "third-reading": 3, "royal-assent": 4}


def _by_language(render: Callable[[World, Language], Document]) -> Renderer:
    return lambda ask: render(ask.world, ask.language)


def _vote(render: Callable[[World, Language, int], Document | None]) -> Renderer:
    def answer(ask: Ask) -> Document | None:
        if (ask.groups["parliament"], ask.groups["session"]) != ("45", "1"):
            return None
        return render(ask.world, ask.language, int(ask.groups["number"]))

    return answer


def _bill(ask: Ask) -> Document | None:
    parliament, session = (int(part) for part in ask.groups["parlsession"].split("-"))
    bill = ask.world.find_bill(ask.groups["number"], parliament, session)
    if bill is None:
        return None
    render = (
        legisinfo_detail.bill_json if ask.groups["format"].lower() == "json" else legisinfo_detail.bill_xml
    )
    return render(ask.world, bill, ask.language)


def _bills(ask: Ask) -> Document:
    render = legisinfo_list.bills_json if ask.groups["format"].lower() == "json" else legisinfo_list.bills_xml
    return render(ask.world, ask.query.get("parlsession", "45-1"))


def _bill_text(ask: Ask) -> Document | None:
    return bill_text.bill_text(ask.world, ask.groups["number"], int(ask.groups["edition"]), ask.language)


def _bill_viewer(ask: Ask) -> Document | None:
    bill: Bill | None = ask.world.find_bill(ask.groups["number"])
    told = next((text for text in bill_text.texts() if bill and text["bill"] == bill.number), None)
    if bill is None or told is None:
        return None
    wanted = ask.groups.get("stage", "").lower()
    edition = bill_text.edition(bill, told["publication"])
    if wanted and _STAGES.get(wanted) != edition:
        return None
    path = bill_text.content_path(bill, told, ask.language)
    return house_html.document_viewer(ask.language, f"{bill.number} (45-1)", path)


def _debate(ask: Ask) -> Document | None:
    sitting = find_sitting(int(ask.groups["number"]))
    return None if sitting is None else hansard_xml.debate(ask.world, sitting, ask.language)


def _debate_viewer(ask: Ask) -> Document | None:
    number = int(ask.groups["number"])
    if find_sitting(number) is None:
        return None
    letter = "E" if ask.language == "en" else "F"
    path = f"/Content/House/451/Debates/{number:03d}/HAN{number:03d}-{letter}.XML"
    return house_html.document_viewer(ask.language, f"Debates - No. {number}", path)


def _latest_debate(ask: Ask) -> Document:
    newest = max(sitting["number"] for sitting in sittings())
    page = f"/DocumentViewer/{ask.language}/45-1/house/sitting-{newest}/hansard"
    return Document(b"", HTML, 302, (("Location", page),))


def _is_told(ask: Ask) -> bool:
    told = evidence()
    return (ask.groups["acronym"].upper(), int(ask.groups["number"])) == (told["committee"], told["number"])


def _evidence(ask: Ask) -> Document | None:
    return evidence_xml.evidence(ask.world, evidence(), ask.language) if _is_told(ask) else None


def _evidence_viewer(ask: Ask) -> Document | None:
    if not _is_told(ask):
        return None
    told = evidence()
    letter = "E" if ask.language == "en" else "F"
    folder = f"{told['committee']}/Evidence/EV{told['document_id']}"
    path = f"/Content/Committee/451/{folder}/{told['committee']}EV{told['number']:02d}-{letter}.XML"
    return house_html.document_viewer(ask.language, f"Evidence - {told['committee']}", path)


def _meetings(joint: bool) -> Renderer:
    def answer(ask: Ask) -> Document | None:
        known = find_committee(ask.groups["acronym"])
        if known is None or (known["type"] == "joint") != joint:
            return None
        return house_html.committee_meetings(ask.language, ask.groups["acronym"])

    return answer


_VOTE = rf"/members/{_LANG}/votes/(?P<parliament>\d+)/(?P<session>\d+)/(?P<number>\d+)"
_MEETING = r"(?P<acronym>[A-Z]{4})/(?:meeting|reunion)-(?P<number>\d+)"
_TEXT = r"(?:Government|Private)/(?P<number>[CS]-\d+)/[CS]-\d+_(?P<edition>\d)/[CS]-\d+_(?P<lang>[EF])\.xml"

FEDERAL: tuple[Route, ...] = (
    route(HOUSE, rf"/members/{_LANG}/search/xml", _by_language(house_xml.members)),
    route(HOUSE, rf"/members/{_LANG}/search/?", _by_language(house_html.member_tiles)),
    route(
        HOUSE,
        rf"/members/{_LANG}/(?:[\w.-]*\()?(?P<person>\d+)\)?",
        lambda ask: house_html.member_profile(ask.world, ask.language, int(ask.groups["person"])),
    ),
    route(
        HOUSE,
        rf"/members/{_LANG}/votes/xml",
        lambda ask: house_xml.votes(ask.world, ask.language, ask.query.get("parlsession", "45-1")),
    ),
    route(HOUSE, _VOTE + "/xml", _vote(house_xml.vote_participants)),
    route(HOUSE, _VOTE + "/csv", _vote(house_xml.vote_csv)),
    route(HOUSE, rf"/members/{_LANG}/ministries/xml", _by_language(house_roles.ministries)),
    route(HOUSE, rf"/members/{_LANG}/house-officers/xml", _by_language(house_roles.house_officers)),
    route(
        HOUSE,
        rf"/members/{_LANG}/parliamentary-secretaries/xml",
        _by_language(house_roles.parliamentary_secretaries),
    ),
    route(HOUSE, rf"/members/{_LANG}/party-standings/xml", _by_language(house_roles.party_standings)),
    route(HOUSE, r"/Content/House/451/Debates/(?P<number>\d{3})/HAN\d{3}-(?P<lang>[EF])\.XML", _debate),
    route(
        HOUSE,
        rf"/DocumentViewer/{_LANG}/45-1/house/(?:sitting|seance)-(?P<number>\d+)/hansard",
        _debate_viewer,
    ),
    route(HOUSE, rf"/DocumentViewer/{_LANG}/house/latest/hansard", _latest_debate),
    route(HOUSE, rf"/Committees/{_LANG}/List", lambda ask: house_html.committee_list(ask.language)),
    route(HOUSE, rf"/Committees/{_LANG}/(?P<acronym>[A-Z]{{4}})/Meetings", _meetings(joint=False)),
    route(PARL, rf"/Committees/{_LANG}/(?P<acronym>[A-Z]{{4}})/Meetings", _meetings(joint=True)),
    route(HOUSE, rf"/DocumentViewer/{_LANG}/45-1/{_MEETING}/(?:evidence|temoignages)", _evidence_viewer),
    route(
        HOUSE,
        r"/Content/Committee/451/(?P<acronym>[A-Z]{4})/Evidence/EV\d+/[A-Z]{4}EV(?P<number>\d+)-(?P<lang>[EF])\.XML",
        _evidence,
    ),
    route(PARL, rf"/legisinfo/{_LANG}/bills/(?P<format>json|xml)", _bills),
    route(
        PARL,
        rf"/legisinfo/{_LANG}/bill/(?P<parlsession>\d+-\d+)/(?P<number>[cs]-\d+)/(?P<format>json|xml)",
        _bill,
    ),
    route(PARL, rf"/Content/Bills/451/{_TEXT}", _bill_text),
    route(
        PARL,
        r"/Content/Bills/381/Government/C-38/C-38_4/C-38_(?P<lang>[EF])\.xml",
        lambda ask: bill_text.cover_page(ask.language),
    ),
    route(
        PARL,
        rf"/DocumentViewer/{_LANG}/45-1/bill/(?P<number>[CS]-\d+)(?:/(?P<stage>[a-z-]+))?",
        _bill_viewer,
    ),
    route(
        SENATE,
        rf"/{_LANG}/(?:senators|senators-list|senateurs|liste-des-senateurs)/?",
        lambda ask: senate_html.senators_list(ask.language),
    ),
    route(
        SENATE,
        r"/umbraco/surface/SenatorsAjax/GetSenators",
        lambda ask: senate_html.senators_list("fr" if ask.query.get("lang") == "fr" else "en"),
    ),
    route(
        SENATE,
        rf"/{_LANG}/(?:in-the-chamber|dans-la-chambre)/votes(?:/45-1)?/?",
        lambda ask: senate_html.votes_list(ask.language),
    ),
    route(
        SENATE,
        rf"/{_LANG}/(?:in-the-chamber|dans-la-chambre)/votes/details/(?P<number>\d+)/45-1/?",
        lambda ask: senate_html.vote_details(ask.language, int(ask.groups["number"])),
    ),
    route(
        SENATE,
        rf"/{_LANG}/(?:in-the-chamber/debates|dans-la-chambre/debats)(?:/45-1)?/?",
        lambda ask: senate_debates.debates_list(ask.language),
    ),
    route(
        SENATE,
        rf"/{_LANG}/content/sen/chamber/451/debates/(?P<number>\d{{3}})db_(?P<day>\d{{4}}-\d\d-\d\d)-[ef]",
        lambda ask: senate_debates.debate(ask.language, int(ask.groups["number"]), ask.groups["day"]),
    ),
    route(
        JUSTICE,
        r"/(?P<lang>eng|fra)/XML/(?P<number>[A-Z]-\d+)\.xml",
        lambda ask: acts.act(ask.groups["number"], ask.language),
    ),
    route(
        ELECTIONS,
        r"/res/rep/off/ovr2025app/53/data_donnees/table_tableau12\.csv",
        lambda ask: elections.results(ask.world),
    ),
    route(
        ELECTIONS,
        r"/Scripts/vis/FindED",
        lambda ask: elections.find_riding("fr" if ask.query.get("l") == "f" else "en", ask.query),
    ),
)
