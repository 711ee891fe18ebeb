"""The addresses outside Parliament: provinces, cities and their platforms, the Represent API, boundaries."""

from services.miniature.render import (
    city_records,
    escribe,
    legistar_api,
    local_debates,
    local_people,
    provinces,
    represent,
    town_platforms,
)
from services.miniature.render.document import Document
from services.miniature.routes import Ask, Route, route

ONTARIO = "www.ola.org"
QUEBEC_DATA = "www.donneesquebec.ca"
LEGISTAR = "webapi.legistar.com"
PRIMEGOV = "portashby.primegov.com"
OTTAWA = "pub-ottawa.escribemeetings.com"
TORONTO = "ckan0.cf.opendata.inter.prod-toronto.ca"
KITCHENER = "app2.kitchener.ca"
REPRESENT = "represent.opennorth.ca"
OPEN_CANADA = "open.canada.ca"
TOWN = "www.portashby.example"
ALBERTA = "www.assembly.ab.ca"
BRITISH_COLUMBIA = "lims.leg.bc.ca"
QUEBEC = "www.assnat.qc.ca"
ONTARIO_HANSARD = "www.ontla.on.ca"
KITCHENER_MAPS = "open-kitchenergis.opendata.arcgis.com"
_LANG = r"(?P<lang>en|fr)"
_CLIENT = r"/v1/portashby"
_ONTARIO_BILLS = rf"/{_LANG}/legislative-business/bills"
_LAVAL = (
    r"/recherche/fr/dataset/8fe69713-fade-4751-a0b4-7e57a81886b1/resource/bb38e19e-26ab-495c-a0f7-ed6b3268b6e6"
    r"/download/liste-elus\.csv"
)


def _node(ask: Ask) -> Document | None:
    # Drupal answers the same address with a page or, on ?_format=json, with the node
    if ask.query.get("_format") != "json":
        return None
    if "number" in ask.groups:
        return provinces.ontario_bill(ask.language, int(ask.groups["number"]))
    return provinces.ontario_member(ask.language, ask.groups["name"])


def _matter_part(ask: Ask) -> Document:
    rows = legistar_api.matter_parts(int(ask.groups["id"]), ask.groups["part"].lower())
    return legistar_api.answer(rows, ask.query)


def _body_office_records(ask: Ask) -> Document:
    number = int(ask.groups["id"])
    rows = [row for row in legistar_api.office_records() if row["OfficeRecordBodyId"] == number]
    return legistar_api.answer(rows, ask.query)


LOCAL: tuple[Route, ...] = (
    route(ONTARIO, rf"/{_LANG}/members/current/?", lambda ask: provinces.ontario_members(ask.language)),
    route(ONTARIO, rf"/{_LANG}/members/all/(?P<name>[\w-]+)", _node),
    route(
        ONTARIO,
        rf"{_ONTARIO_BILLS}/(?:current|parliament-44/session-1)/?",
        lambda ask: provinces.ontario_bills(ask.language),
    ),
    route(ONTARIO, rf"{_ONTARIO_BILLS}/parliament-44/session-1/bill-(?P<number>\d+)", _node),
    route(
        QUEBEC_DATA,
        r"/recherche/dataset/projets-de-loi/resource/projets-de-loi/download/projets-de-loi\.csv",
        lambda _ask: provinces.quebec_bills(),
    ),
    route(QUEBEC_DATA, _LAVAL, lambda _ask: represent.councillors("laval")),
    route(
        KITCHENER,
        r"/appdocs/opendata/staticdatasets/Elected_Officials\.csv",
        lambda _ask: represent.councillors("kitchener"),
    ),
    # Legistar
    route(LEGISTAR, rf"{_CLIENT}/bodies", lambda ask: legistar_api.answer(legistar_api.bodies(), ask.query)),
    route(LEGISTAR, rf"{_CLIENT}/bodies/(?P<id>\d+)/OfficeRecords", _body_office_records),
    route(
        LEGISTAR, rf"{_CLIENT}/persons", lambda ask: legistar_api.answer(legistar_api.persons(), ask.query)
    ),
    route(
        LEGISTAR,
        rf"{_CLIENT}/officerecords",
        lambda ask: legistar_api.answer(legistar_api.office_records(), ask.query),
    ),
    route(LEGISTAR, rf"{_CLIENT}/events", lambda ask: legistar_api.answer(legistar_api.events(), ask.query)),
    route(
        LEGISTAR,
        rf"{_CLIENT}/events/(?P<id>\d+)/eventitems",
        lambda ask: legistar_api.answer(legistar_api.event_items(int(ask.groups["id"])), ask.query),
    ),
    route(
        LEGISTAR,
        rf"{_CLIENT}/eventitems/(?P<id>\d+)/votes",
        lambda ask: legistar_api.answer(legistar_api.votes(int(ask.groups["id"])), ask.query),
    ),
    route(
        LEGISTAR, rf"{_CLIENT}/matters", lambda ask: legistar_api.answer(legistar_api.matters(), ask.query)
    ),
    route(LEGISTAR, rf"{_CLIENT}/matters/(?P<id>\d+)/(?P<part>histories|sponsors|attachments)", _matter_part),
    # eSCRIBE
    route(
        OTTAWA,
        r"/MeetingsCalendarView\.aspx/GetCalendarMeetings",
        lambda ask: escribe.calendar(ask.body),
        "POST",
    ),
    route(OTTAWA, r"/Meeting\.aspx", lambda ask: escribe.meeting_page(ask.query)),
    # PrimeGov
    route(
        PRIMEGOV,
        r"/api/v2/PublicPortal/ListUpcomingMeetings",
        lambda _ask: city_records.primegov_upcoming(),
    ),
    route(
        PRIMEGOV,
        r"/api/v2/PublicPortal/ListArchivedMeetings",
        lambda ask: city_records.primegov_archived(ask.query.get("year", "")),
    ),
    # Toronto's open data
    route(
        TORONTO,
        r"/api/3/action/package_show",
        lambda ask: city_records.toronto_package(TORONTO, ask.query.get("id", "")),
    ),
    route(TORONTO, city_records.RESOURCE_PATH.replace(".", r"\."), lambda _ask: city_records.toronto_votes()),
    # Represent
    route(
        REPRESENT,
        r"/representatives/(?P<set>[\w-]+)/?",
        lambda ask: represent.representatives(ask.world, ask.groups["set"], ask.query),
    ),
    route(REPRESENT, r"/boundaries/?", lambda ask: represent.boundaries(ask.world, ask.query)),
    route(
        REPRESENT,
        rf"/boundaries/(?P<set>{represent.FEDERAL_SET}|{represent.WARD_SET})/?",
        lambda ask: represent.boundaries(ask.world, ask.query, ask.groups["set"]),
    ),
    route(
        REPRESENT,
        r"/boundaries/(?P<set>[\w-]+)/(?P<name>[\w-]+)/?(?P<part>simple_shape|shape|centroid)?/?",
        lambda ask: represent.boundary(
            ask.world, ask.groups["set"], ask.groups["name"], ask.groups.get("part", "")
        ),
    ),
    route(
        REPRESENT,
        r"/postcodes/(?P<code>[A-Za-z]\d[A-Za-z]\d[A-Za-z]\d)/?",
        lambda ask: represent.postcode(ask.world, ask.groups["code"]),
    ),
    # boundary files
    route(
        OPEN_CANADA,
        r"/data/dataset/federal-electoral-districts/federal-electoral-districts-2023\.geojson",
        lambda ask: represent.feature_collection(ask.world, represent.FEDERAL_SET),
    ),
    route(
        OPEN_CANADA,
        r"/data/dataset/federal-electoral-districts/postal-codes-concordance\.csv",
        lambda _ask: represent.concordance(),
    ),
    route(
        KITCHENER_MAPS,
        r"/datasets/KitchenerGIS::wards\.geojson",
        lambda ask: represent.feature_collection(ask.world, represent.WARD_SET),
    ),
    # Port Ashby on every other platform
    route("portashby.legistar.com", r"/Calendar\.aspx", lambda _ask: town_platforms.legistar_calendar()),
    route(
        "portashby.legistar.com",
        r"/MeetingDetail\.aspx",
        lambda ask: town_platforms.legistar_meeting(int(ask.query.get("id", "0"))),
    ),
    route(
        "on-portashby.civicplus.com", r"/AgendaCenter/?(?:Search/?)?", lambda _ask: town_platforms.civicplus()
    ),
    route("portashby.granicus.com", r"/ViewPublisher\.php", lambda _ask: town_platforms.granicus()),
    route("portashbyon.api.civicclerk.com", r"/v1/Events", lambda _ask: town_platforms.civicclerk()),
    route(
        "portashby.civicweb.net",
        r"/Services/MeetingsService\.svc/meetings",
        lambda ask: town_platforms.civicweb(ask.query.get("from", ""), ask.query.get("to", "")),
    ),
    route(
        "portashby.civicweb.net",
        r"/Services/MeetingsService\.svc/meetings/(?P<id>\d+)/meetingDocuments",
        lambda ask: town_platforms.civicweb_documents(int(ask.groups["id"])),
    ),
    # people on pages and services of single sites
    route(TOWN, r"/council", lambda _ask: local_people.council_page()),
    route(TOWN, local_people.WARDS, lambda _ask: local_people.council_geojson()),
    route(ALBERTA, r"/txt/mla_home/contacts\.csv", lambda _ask: local_people.alberta()),
    route(BRITISH_COLUMBIA, r"/graphql", lambda ask: local_people.british_columbia(ask.body), "POST"),
    route(QUEBEC, r"/fr/deputes/index\.html", lambda _ask: local_people.quebec_members()),
    route(
        QUEBEC,
        r"/fr/deputes/[\w-]+-(?P<id>\d+)/index\.html",
        lambda ask: local_people.quebec_member(int(ask.groups["id"])),
    ),
    # debates
    route(
        ONTARIO_HANSARD,
        r"/web/house-proceedings/house_detail\.do",
        lambda ask: local_debates.ontario(ask.query.get("date", "")),
    ),
    route(
        QUEBEC,
        r"/fr/travaux-parlementaires/assemblee-nationale/43-2/journal-debats/(?P<day>\d{8})/\d+\.html",
        lambda ask: local_debates.quebec(ask.groups["day"]),
    ),
)
