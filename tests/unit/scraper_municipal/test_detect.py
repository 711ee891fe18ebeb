"""Naming the platform behind an address: from the address, from the page, never by luck."""

from __future__ import annotations

import httpx
import pytest

from services.scraper.detect import detect, detect_at
from services.scraper.registry import parser_of
from services.scraper.sources import registry
from shared.core.errors import Invalid, Unavailable

ADDRESSES = [
    ("https://pub-ottawa.escribemeetings.com/", "escribe", "ottawa"),
    ("pub-calgary.escribemeetings.com/Meeting.aspx?Id=1", "escribe", "calgary"),
    ("https://chicago.legistar.com/Calendar.aspx", "legistar", "chicago"),
    ("https://webapi.legistar.com/v1/seattle/events", "legistar", "seattle"),
    ("https://princegeorge.civicweb.net/Portal/", "civicweb", "princegeorge"),
    ("https://losca.primegov.com/public/portal", "primegov", "losca"),
    ("https://clovisca.portal.civicclerk.com/", "civicclerk", "clovisca"),
    ("https://southfultonga.api.civicclerk.com/v1/Events", "civicclerk", "southfultonga"),
    ("https://lawa.granicus.com/ViewPublisher.php?view_id=4", "granicus", "lawa"),
    ("https://nc-nashcounty.civicplus.com/AgendaCenter", "civicplus", "nc-nashcounty"),
    ("https://www.cityofcolumbuswi.com/AgendaCenter/Search/?term=", "civicplus", ""),
    ("https://www.city.ca/AgendaCenter", "civicplus", ""),
    ("https://open.toronto.ca/dataset/members-of-toronto-city-council-voting-record/", "toronto-votes", ""),
    ("https://represent.opennorth.ca/representatives/toronto-city-council/", "represent", ""),
]


@pytest.mark.parametrize(("url", "platform", "client"), ADDRESSES)
def test_an_address_names_its_platform(url, platform, client):
    told = detect(url)
    assert (told.platform, told.client) == (platform, client)
    assert told.parser
    if told.parser.startswith("platforms.") and client:
        assert client in told.start


@pytest.mark.parametrize(
    "url", ["https://www.toronto.ca/", "https://legistar.com/", "https://ottawa.ca/escribemeetings"]
)
def test_an_address_that_tells_nothing_is_unknown(url):
    assert (detect(url).platform, detect(url).certainty) == ("", "unknown")


@pytest.mark.parametrize(
    "url", ["", "nonsense here", "ftp://x.ca/", "https://", "javascript:alert(1)", "https://x ca/"]
)
def test_what_is_no_web_address_is_refused(url):
    with pytest.raises(Invalid):
        detect(url)


@pytest.mark.parametrize(
    "path", ["quebec_assnat/liste_deputes_2012.html", "ontario_ola/hansard_html/2014-07-02.html"]
)
def test_a_page_of_no_platform_is_unknown(samples, path):
    assert detect("https://www.example.ca/", (samples / path).read_bytes()).platform == ""


def test_a_citys_own_page_that_links_to_its_platform_names_it():
    page = (
        '<html><body><a href="https://pub-hamilton.escribemeetings.com/">Meetings</a> Council</body></html>'
    )
    told = detect("https://www.hamilton.ca/council", page)
    assert (told.platform, told.client, told.certainty) == ("escribe", "hamilton", "likely")


def test_a_bot_wall_is_named_and_not_passed():
    told = detect(
        "https://www.x.ca/", "<html><title>Just a moment...</title><script>cf_chl_opt</script></html>"
    )
    assert (told.platform, told.parser) == ("blocked", "")


def test_every_meeting_source_of_the_registry_is_what_its_address_says():
    for source in registry().list():
        if source.parser.startswith("platforms."):
            told = detect(parser_of(source).start(source)[0].url)
            assert told.parser.removesuffix("_html") == source.parser.removesuffix("_html"), source.id


def client_of(answers):
    def answer(request: httpx.Request) -> httpx.Response:
        return answers.get(str(request.url), httpx.Response(404))

    return httpx.Client(transport=httpx.MockTransport(answer))


def test_the_page_is_fetched_through_redirects_when_the_address_does_not_tell():
    client = client_of({
        "https://www.x.ca/council": httpx.Response(302, headers={"location": "/meetings"}),
        "https://www.x.ca/meetings": httpx.Response(200, text='<tr class="catAgendaRow">'),
    })  # fmt: skip
    told = detect_at("https://www.x.ca/council", client)
    assert (told.platform, told.url) == ("civicplus", "https://www.x.ca/meetings")


def test_robots_missing_sites_and_private_addresses_are_respected():
    forbidden = {"https://www.x.ca/robots.txt": httpx.Response(200, text="User-agent: *\nDisallow: /")}
    with pytest.raises(Unavailable, match=r"robots\.txt"):
        detect_at("https://www.x.ca/council", client_of(forbidden))
    with pytest.raises(Unavailable, match="404"):
        detect_at("https://www.x.ca/council", client_of({}))
    for url in ("http://127.0.0.1/", "http://10.0.0.1/x", "http://router.local/"):
        with pytest.raises(Invalid):
            detect_at(url, client_of({}))
    inward = {"https://www.x.ca/": httpx.Response(302, headers={"location": "http://169.254.169.254/meta"})}
    with pytest.raises(Invalid):
        detect_at("https://www.x.ca/", client_of(inward))


def test_an_endless_redirect_ends():
    loop = {"https://www.x.ca/": httpx.Response(302, headers={"location": "https://www.x.ca/"})}
    with pytest.raises(Unavailable, match="redirects"):
        detect_at("https://www.x.ca/", client_of(loop))
