"""The rest of the country: pages, provinces, cities, Represent, elections, and the documentation of it all."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree as ET

import lxml.html
import pytest

from services.miniature.addresses import ROUTES
from services.miniature.facts.senate import find_vote, senators
from services.miniature.facts.senate import totals as senate_totals
from services.miniature.routes import Router
from services.miniature.world import World
from tests.unit.miniature.conftest import Fetch
from tests.unit.miniature.shapes import same_keys

LEGISTAR = "webapi.legistar.com/v1/portashby"
OTTAWA = "pub-ottawa.escribemeetings.com"
REPRESENT = "represent.opennorth.ca"


def rows(document: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(document.decode("utf-8-sig"), newline="")))


def load(fetch: Fetch, address: str, **query: str) -> Any:
    return json.loads(fetch(address, **query).body)


def documented(rootdir: Path) -> list[str]:
    text = (rootdir / "docs/miniature.md").read_text(encoding="utf-8")
    return re.findall(r"^\| `((?:[a-z0-9-]+\.)+[a-z]+/[^`]*)` \|", text, re.MULTILINE)


def test_every_documented_address_answers_and_every_host_is_documented(
    fetch: Fetch, pytestconfig: pytest.Config
) -> None:
    addresses = documented(pytestconfig.rootpath)
    assert len(addresses) > 50
    for address in addresses:
        parts = urlsplit(f"//{address}")
        query = {key.lower(): value for key, value in parse_qsl(parts.query)}
        assert fetch(f"{parts.netloc}{parts.path}", **query).status in (200, 302), address
    by_post = {entry.host for entry in ROUTES if "GET" not in entry.methods}
    documented_hosts = {address.partition("/")[0] for address in addresses}
    assert documented_hosts | by_post == set(Router().hosts())
    assert documented_hosts >= {entry.host for entry in ROUTES if "GET" in entry.methods}


def test_every_document_is_the_same_bytes_twice_and_says_its_type(
    fetch: Fetch, pytestconfig: pytest.Config
) -> None:
    for address in documented(pytestconfig.rootpath):
        parts = urlsplit(f"//{address}")
        query = {key.lower(): value for key, value in parse_qsl(parts.query)}
        first, second = (fetch(f"{parts.netloc}{parts.path}", **query) for _ in range(2))
        assert first == second
        if "xml" in first.content_type:
            ET.fromstring(first.body)
        elif "json" in first.content_type:
            json.loads(first.body)


# ------------------------------------------------------------------------------------------- the House's pages
def test_house_officers_have_the_recorded_elements(fetch: Fetch, samples: Path) -> None:
    recorded = ET.parse(samples / "ourcommons/members/house_officers_45-1_2026.xml").getroot()
    rendered = ET.fromstring(fetch("www.ourcommons.ca/Members/en/house-officers/XML").body)
    assert (rendered.tag, [e.tag for e in rendered[0]]) == (recorded.tag, [e.tag for e in recorded[0]])
    known = [[leaf.text for leaf in officer] for officer in recorded]
    assert all([leaf.text for leaf in officer] in known for officer in rendered)


def test_party_standings_add_up_to_the_members(fetch: Fetch, world: World) -> None:
    root = ET.fromstring(fetch("www.ourcommons.ca/Members/fr/party-standings/XML").body)
    assert sum(int(seat.text or 0) for seat in root.iter("SeatCount")) == len(world.members)
    assert "Colombie-Britannique" in {e.text for e in root.iter("ProvinceTerritoryName")}


def test_tiles_lead_to_profiles_with_contacts(fetch: Fetch, world: World) -> None:
    page = lxml.html.fromstring(fetch("www.ourcommons.ca/Members/en/search").body)
    tiles = page.xpath('//a[@class="ce-mip-mp-tile"]')
    assert len(tiles) == len(world.members)
    names = page.xpath('//div[@class="ce-mip-mp-constituency"]/text()')
    assert "Taiaiako'n—Parkdale—High Park" in names
    for tile in tiles:
        profile = lxml.html.fromstring(fetch(f"www.ourcommons.ca{tile.get('href')}").body)
        assert profile.xpath('//div[@id="contact"]//a/@href')[0].startswith("mailto:")
        assert (
            len(profile.xpath('//div[contains(@class, "ce-mip-contact-constituency-office-container")]/div'))
            == 1
        )


def test_committees_lead_to_meetings_and_evidence(fetch: Fetch) -> None:
    page = lxml.html.fromstring(fetch("www.ourcommons.ca/Committees/fr/List").body)
    found = page.xpath('//span[@class="committee-acronym-cell"]/text()')
    assert found == ["FINA", "HUMA", "INAN", "REGS"]
    meetings = lxml.html.fromstring(fetch("www.ourcommons.ca/Committees/en/INAN/Meetings").body)
    assert meetings.xpath('//span[@class="meeting-number"]/text()') == ["Meeting 34", "Meeting 32"]
    (link,) = meetings.xpath('//a[contains(@class, "btn-meeting-evidence")]/@href')
    assert fetch(f"www.ourcommons.ca{link}").status == 200
    assert fetch("www.ourcommons.ca/Committees/en/REGS/Meetings").status == 404


# ------------------------------------------------------------------------------------------------- the Senate
@pytest.mark.parametrize(("language", "path"), [("en", "in-the-chamber"), ("fr", "dans-la-chambre")])
def test_senate_votes_list_the_totals_of_their_ballots(fetch: Fetch, language: str, path: str) -> None:
    page = lxml.html.fromstring(fetch(f"sencanada.ca/{language}/{path}/votes/45-1").body)
    links = page.xpath('//table[@id="votes-table"]//a[@class="vote-web-title-link"]')
    assert len(links) == 4
    for link in links:
        detail = lxml.html.fromstring(fetch(f"sencanada.ca{link.get('href')}").body)
        ballots = detail.xpath('//table[@id="sc-vote-details-table"]/tbody/tr')
        counted = tuple(
            sum(row.xpath("td")[column].get("data-order") == "aaa" for row in ballots) for column in (3, 4, 5)
        )
        vote = find_vote(int(link.get("href").split("/")[-2]))
        assert vote is not None
        assert counted == senate_totals(vote)
        told = re.findall(
            r"\d+", " ".join(link.getparent().text_content().replace(link.text_content(), "").split())
        )
        assert [int(count) for count in told] == [*counted, sum(counted)]


def test_senators_are_listed_in_both_languages(fetch: Fetch) -> None:
    english, french = (
        lxml.html.fromstring(fetch(address).body).xpath('//table[@id="senator-list-view-table"]/tbody/tr')
        for address in ("sencanada.ca/en/senators-list/", "sencanada.ca/fr/senateurs/")
    )
    assert len(english) == len(french) == len(senators()) > 12
    assert english[0].xpath("td")[0].get("data-order") == "Anderson, Dawn"


# ------------------------------------------------------------------------------------------------- provinces
def test_ontario_links_lead_to_nodes(fetch: Fetch) -> None:
    for start in ("www.ola.org/en/members/current", "www.ola.org/fr/legislative-business/bills/current"):
        for link in lxml.html.fromstring(fetch(start).body).xpath("//td/a/@href"):
            node = load(fetch, f"www.ola.org{link}", _format="json")
            assert node["status"] == [{"value": True}]
            assert node["path"][0]["alias"] == link[3:]
            assert fetch(f"www.ola.org{link}").status == 404


def test_quebec_bills_have_the_documented_columns(fetch: Fetch) -> None:
    address = "www.donneesquebec.ca/recherche/dataset/projets-de-loi/resource/projets-de-loi/download/projets-de-loi.csv"
    found = rows(fetch(address).body)
    assert list(found[0]) == [
        "Numero_projet_loi", "Titre_projet_loi", "Type_projet_loi", "Derniere_etape_franchie", "Date_derniere_etape",
        "No_legislature", "No_session",
    ]  # fmt: skip
    assert len(found) == 5


# ---------------------------------------------------------------------------------------------------- cities
@pytest.mark.parametrize(
    ("path", "sample"),
    [
        ("events", "lametro_event.json"),
        ("events/1/eventitems", "seattle_event_item_one.json"),
        ("matters", "lametro_matter_candidates.json"),
        ("matters/9001/histories", "chicago_dupe_event.json"),
        ("persons", "milwaukee/milwaukee_persons_1596.json"),
        ("bodies", "milwaukee/milwaukee_bodies.json"),
        ("bodies/138/OfficeRecords", "milwaukee/milwaukee_bodies_1_OfficeRecords.json"),
    ],
)
def test_legistar_objects_have_the_recorded_keys_in_order(
    fetch: Fetch, samples: Path, path: str, sample: str
) -> None:
    recorded = json.loads((samples / "municipal/legistar_webapi" / sample).read_bytes())
    real = recorded[0] if isinstance(recorded, list) else recorded
    assert same_keys(load(fetch, f"{LEGISTAR}/{path}")[0], real) == []


def test_legistar_filters_orders_and_cuts(fetch: Fetch) -> None:
    query = {
        "$filter": "EventDate ge datetime'2026-03-01' and EventBodyId eq 138",
        "$orderby": "EventDate desc",
    }
    assert [event["EventId"] for event in load(fetch, f"{LEGISTAR}/events", **query)] == [3, 1]
    assert [
        event["EventId"] for event in load(fetch, f"{LEGISTAR}/events", **{"$top": "1", "$skip": "1"})
    ] == [2]
    assert fetch(f"{LEGISTAR}/events", **{"$filter": "Nonsense"}).status == 400
    assert (
        load(fetch, f"{LEGISTAR}/matters", **{"$filter": "MatterLastModifiedUtc gt datetime'2030-01-01'"})
        == []
    )


def test_legistar_votes_agree_with_the_tally_and_an_item_comes_twice(fetch: Fetch) -> None:
    items = load(fetch, f"{LEGISTAR}/events/1/eventitems")
    assert [item["EventItemMatterId"] for item in items].count(9002) == 2
    for item in (item for item in items if item["EventItemTally"]):
        votes = load(fetch, f"{LEGISTAR}/eventitems/{item['EventItemId']}/votes")
        values = [vote["VoteValueName"] for vote in votes]
        assert item["EventItemTally"] == f"{values.count('Yes')}:{values.count('No')}"


def test_the_escribe_calendar_has_the_recorded_keys(fetch: Fetch, samples: Path) -> None:
    recorded = json.loads(
        (samples / "municipal/escribe_ottawa/ottawa_GetCalendarMeetings_0.json").read_bytes()
    )["d"]
    asked = json.dumps(
        {"calendarStartDate": "2026-05-01T00:00:00-04:00", "calendarEndDate": "2026-06-30"}
    ).encode()
    address = f"{OTTAWA}/MeetingsCalendarView.aspx/GetCalendarMeetings"
    document = fetch(address, method="POST", body=asked)
    meetings = json.loads(document.body)["d"]
    assert len(meetings) == 3
    real = next(meeting for meeting in recorded if meeting["MeetingDocumentLink"])
    assert same_keys(meetings[0], real) == []
    assert re.fullmatch(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d", meetings[0]["StartDate"])
    assert fetch(address).status == 405
    assert fetch(address, method="POST", body=b"{}").status == 500
    for link in (link for meeting in meetings for link in meeting["MeetingDocumentLink"]):
        parts = urlsplit(link["Url"])
        query = {key.lower(): value for key, value in parse_qsl(parts.query)}
        assert fetch(f"{OTTAWA}/{parts.path}", **query).status == 200


def test_the_two_escribe_templates_use_recorded_classes(fetch: Fetch, samples: Path) -> None:
    recorded = "".join(
        p.read_text("utf-8-sig") for p in (samples / "municipal/escribe_ottawa").glob("meeting_*.html")
    )
    known = {name for found in re.findall(r"class=['\"]([^'\"]*)", recorded) for name in found.split()}
    # no recorded page shows a recorded vote
    unrecorded = {"MotionVoters", "VoterVote", "VotesUsers", "MotionResult", "MovedBy", "SecondedBy"}
    for number, kind in (("081", "Agenda"), ("081", "PostMinutes"), ("012", "Agenda")):
        meeting = f"5f0c1a52-7d7e-4a5e-9c0a-000000000{number}"
        page = fetch(f"{OTTAWA}/Meeting.aspx", id=meeting, agenda=kind, lang="English").body.decode()
        used = {name for found in re.findall(r"class=['\"]([^'\"]*)", page) for name in found.split()}
        strange = {
            name for name in used - known - unrecorded if not re.match(r"AgendaItem(Attachment)?\d+$", name)
        }
        assert strange == set()


def test_escribe_minutes_hold_motions_with_their_voters(fetch: Fetch) -> None:
    query = {"id": "5f0c1a52-7d7e-4a5e-9c0a-000000000081", "agenda": "PostMinutes", "lang": "English"}
    page = lxml.html.fromstring(fetch(f"{OTTAWA}/Meeting.aspx", **query).body)
    assert len(page.xpath('//div[@class="AgendaItemTitle"]')) == 7
    results = page.xpath('//div[@class="MotionResult"]/text()')
    assert results == ["Carried", "Carried (5 to 1)", "Lost (2 to 4)"]
    tables = page.xpath('//table[@class="MotionVoters"]')
    counts = [
        [len(cell.text_content().split(", ")) for cell in table.xpath('.//*[@class="VotesUsers"]')]
        for table in tables
    ]
    assert counts == [[5, 1], [2, 4]]
    query["lang"] = "French"
    assert "La réunion n&#x27;a pas eu lieu" in fetch(f"{OTTAWA}/Meeting.aspx", **query).body.decode()


def test_primegov_meetings_have_the_recorded_keys(fetch: Fetch, samples: Path) -> None:
    recorded = json.loads((samples / "municipal/primegov/losca_City_Council.json").read_bytes())
    base = "portashby.primegov.com/api/v2/PublicPortal"
    archived = load(fetch, f"{base}/ListArchivedMeetings", year="2026")
    assert same_keys(archived[0], recorded[0]) == []
    assert len(archived) + len(load(fetch, f"{base}/ListUpcomingMeetings")) == 3


def test_the_toronto_record_begins_as_recorded(fetch: Fetch, samples: Path) -> None:
    recorded = (samples / "municipal/toronto/member-voting-record-2022-2026_EXCERPT.csv").read_bytes()
    package = load(
        fetch, "ckan0.cf.opendata.inter.prod-toronto.ca/api/3/action/package_show",
        id="members-of-toronto-city-council-voting-record",
    )  # fmt: skip
    url = package["result"]["resources"][0]["url"]
    rendered = fetch(url.removeprefix("https://")).body
    assert rendered.splitlines(keepends=True)[:11] == recorded.splitlines(keepends=True)[:11]
    found = rows(rendered)
    assert len(found) == 3 * 26
    for line in found:
        same = [
            row
            for row in found
            if (row["Date/Time"], row["Agenda Item #"]) == (line["Date/Time"], line["Agenda Item #"])
        ]
        values = [row["Vote"] for row in same]
        assert line["Result"] == f"Carried, {values.count('Yes')}-{values.count('No')}"


# -------------------------------------------------------------------------------------------------- Represent
def test_councillor_lists_have_the_headers_of_the_schema_and_its_traps(fetch: Fetch, samples: Path) -> None:
    template = (
        (samples / "represent/csv_schema/template.csv").read_text(encoding="utf-8-sig").strip().split(",")
    )
    english = fetch("app2.kitchener.ca/appdocs/opendata/staticdatasets/Elected_Officials.csv").body
    assert list(rows(english)[0]) == template
    assert [row["First name"] for row in rows(english)].count("Vacant") == 1
    assert any(not any(row.values()) for row in rows(english))
    assert any(";" in row["Phone"] for row in rows(english))
    assert any(";" in row["Primary role"] for row in rows(english))
    french = rows(
        fetch(
            "www.donneesquebec.ca/recherche/fr/dataset/8fe69713-fade-4751-a0b4-7e57a81886b1/resource/"
            "bb38e19e-26ab-495c-a0f7-ed6b3268b6e6/download/liste-elus.csv"
        ).body
    )
    assert list(french[0])[:3] == ["Nom du district", "Identifiant du district", "Rôle"]
    assert len(list(french[0])) == len(template)
    assert any("–" in row["Nom du district"] for row in french)
    assert any(row["Nom"].isupper() for row in french)
    assert any("\n" in row["Courriel"] for row in french)


def test_representatives_have_the_recorded_keys_and_pages(fetch: Fetch, samples: Path, world: World) -> None:
    recorded = json.loads(
        (samples / "represent/api/representatives_house-of-commons_page1.json").read_bytes()
    )
    address = f"{REPRESENT}/representatives/house-of-commons/"
    page = load(fetch, address)
    assert list(page["objects"][1]) == list(recorded["objects"][0])
    assert set(page["meta"]) == set(recorded["meta"])
    assert (len(page["objects"]), page["meta"]["next"]) == (
        20,
        "/representatives/house-of-commons/?limit=20&offset=20",
    )
    everyone = load(fetch, address, limit="500")["objects"]
    assert len(everyone) == len(world.members)
    assert any(
        "fax" not in office
        for person in everyone
        for office in person["offices"]
        if office["type"] == "legislature"
    )
    assert any(person["email"] == "" for person in everyone)


def test_boundaries_have_the_recorded_keys_and_shapes_that_hold_their_centre(
    fetch: Fetch, samples: Path
) -> None:
    recorded = json.loads((samples / "represent/api/boundaries_ottawa-wards_page1.json").read_bytes())
    page = load(fetch, f"{REPRESENT}/boundaries/", sets="kitchener-wards")
    assert same_keys(page["objects"][0], recorded["objects"][0]) == []
    assert set(page["meta"]) == set(recorded["meta"])
    for entry in load(fetch, f"{REPRESENT}/boundaries/", limit="100")["objects"]:
        shape = load(fetch, f"{REPRESENT}{entry['url']}simple_shape")
        (x, y) = load(fetch, f"{REPRESENT}{entry['url']}centroid")["coordinates"]
        ring = shape["coordinates"][0][0]
        assert ring[0] == ring[-1]
        assert min(p[0] for p in ring) < x < max(p[0] for p in ring)
        assert min(p[1] for p in ring) < y < max(p[1] for p in ring)


def test_postal_codes_lead_to_the_same_riding_everywhere(fetch: Fetch) -> None:
    base = "open.canada.ca/data/dataset/federal-electoral-districts"
    known = rows(fetch(f"{base}/postal-codes-concordance.csv").body)
    features = load(fetch, f"{base}/federal-electoral-districts-2023.geojson")["features"]
    assert {row["FED_NUM"] for row in known} == {str(f["properties"]["FED_NUM"]) for f in features}
    for row in known:
        postal, code = row["PostalCode"], row["FED_NUM"]
        found = load(fetch, f"{REPRESENT}/postcodes/{postal}/")
        assert [entry["external_id"] for entry in found["boundaries_centroid"]] == [code]
        assert len(found["representatives_centroid"]) == 1
        answer = fetch("www.elections.ca/Scripts/vis/FindED", pc=postal, l="e")
        assert f"&ED={code}&" in dict(answer.headers)["Location"]
    assert fetch(f"{REPRESENT}/postcodes/A9A9A9/").status == 404
    assert fetch("www.elections.ca/Scripts/vis/FindED", pc="A9A9A9").status == 200


def test_election_results_add_up_and_the_winner_has_the_majority(fetch: Fetch) -> None:
    address = "www.elections.ca/res/rep/off/ovr2025app/53/data_donnees/table_tableau12.csv"
    found = rows(fetch(address).body)
    number, votes = "Electoral District Number/Numéro de circonscription", "Votes Obtained/Votes obtenus"
    for code in {row[number] for row in found}:
        contest = sorted((row for row in found if row[number] == code), key=lambda row: -int(row[votes]))
        assert int(contest[0]["Majority/Majorité"]) == int(contest[0][votes]) - int(contest[1][votes])
        assert all(row["Majority/Majorité"] == "" for row in contest[1:])
        shares = [
            float(row["Percentage of Votes Obtained /Pourcentage des votes obtenus"]) for row in contest
        ]
        assert sum(shares) == pytest.approx(100, abs=0.2)
    assert any("**" in row["Candidate/Candidat"] for row in found)
