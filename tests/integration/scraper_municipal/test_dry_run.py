"""Every source of the registry, dry-run against a local upstream: what it asks for is served, read and valid.

The miniature country answers where it holds the document; elsewhere a page authored for the format does.
"""

from __future__ import annotations

import json
import threading
from collections import Counter, deque
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from services.miniature.routes import Router
from services.miniature.world import World
from services.scraper.parsers.base import Document, Fetch
from services.scraper.reading import read, standing_in, unpublishable
from services.scraper.registry import parser_of
from services.scraper.sources import Source, registry
from services.scraper.transport import stand_in_url
from tests.integration.scraper.test_federal import FEDERAL

MOST_DOCUMENTS = 40
LIST = "District name,District ID,Primary role,First name,Last name,Email,Phone\n"
AUTHORED = {
    "represent_csv": LIST + "Ward 1,,Councillor,Ana,LI,ana@x.example,613-555-0101\nTown,,Mayor,Bo,Ek,,\nWard 2,,Councillor,Vacant,,,\n",
    "html": "<!doctype html><html><body><h3>Mayor Ana Li</h3><p>ana@x.example</p><h3><a href='/bo'>Councillor Bo Ek - Ward 1</a></h3>"
    "<h3>MLA Cy Fu</h3><h3>Maire Noé Roy</h3></body></html>",
    "geojson": json.dumps({"features": [{"properties": {"Name": "Ana Li", "Ward": 1, "Title": "Councillor"}}]}),
    "json": json.dumps({"data": {"allMemberParliaments": {"nodes": [
        {"constituency": {"name": "Oak Bay"}, "member": {"firstName": "Ana", "lastName": "Li"}, "party": {"name": "Green"}}]}}}),
    "members": "<!doctype html><html><body><table><tr><td><a href='/fr/deputes/li-ana-1/index.html'>Li, Ana</a></td><td>Viau</td>"
    "<td>Parti vert</td><td></td></tr></table></body></html>",
    "profile": "<!doctype html><html><body><div class='enteteFicheDepute'><h1>Ana <span class='nomDepute'>Li</span></h1>"
    "<ul><li>Députée de Viau</li></ul></div></body></html>",
    "calendar": json.dumps({"d": [{"ID": "00000000-0000-0000-0000-000000000001", "MeetingName": "Council",
                                   "StartDate": "2026/11/10 10:00:00", "MeetingDocumentLink": []}]}),
    "agendas": '<html><body>AgendaCenter<table><tr class="catAgendaRow"><td><strong>Nov 10, 2026</strong><p>Council</p></td></tr></table></body></html>',
    "list": '<html><body>ViewPublisher<table><tr class="listingRow"><td>Council</td><td>Nov 10, 2026</td>'
    '<td><a href="/AgendaViewer.php?clip_id=1">Agenda</a></td></tr></table></body></html>',
    "meetings": json.dumps([{"Id": 7, "Name": "Council", "MeetingDateTime": "2026-11-10T19:00:00", "Published": True}]),
    "documents": json.dumps([{"Id": 11, "Name": "Agenda"}]),
    "events": json.dumps({"value": [{"id": 1, "eventName": "Council", "startDateTime": "2026-11-10T18:00:00Z"}]}),
    "debate": "<!doctype html><html><head><title>5 November 2026</title></head><body><h2>39e législature, 2e session</h2>"
    "<h2>Le mardi 5 novembre 2026 - Vol. 42 N° 1</h2><a name='debut_journal'></a><div id='transcript'>"
    "<p align='JUSTIFY'><b>M. Roy:</b> Bonjour.</p><p class='speakerStart'><strong>Ms. Ana Li:</strong> Good morning.</p></div></body></html>",
}  # fmt: skip
CALENDAR_PAGE = (
    "<html><body><table id='x_gridCalendar_ctl00' class='rgMasterTable'><thead><tr><th>Name</th><th>Meeting Date</th></tr></thead>"
    "<tbody><tr class='rgRow'><td><a id='x_hypBody'>Council</a></td><td>11/10/2026</td></tr></tbody></table></body></html>"
)


class LocalUpstream(ThreadingHTTPServer):
    """Answers ``/{host}/{path}`` as the miniature does, and else with a document authored for a step."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.router, self.world, self.step = Router(), World(), ""


class _Handler(BaseHTTPRequestHandler):
    server: LocalUpstream

    def answer(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        posted = self.rfile.read(size)
        parts = urlsplit(self.path)
        host, _, path = parts.path.lstrip("/").partition("/")
        query = {name.lower(): value for name, value in parse_qsl(parts.query)}
        page = self.server.router.render(self.server.world, self.command, host, "/" + path, query, posted)
        body = page.body
        if page.status != 200:
            told = CALENDAR_PAGE if host.endswith("legistar.com") else AUTHORED.get(self.server.step, "")
            body = told.encode()
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def upstream() -> Iterator[LocalUpstream]:
    server = LocalUpstream()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30.0) as session:
        yield session


def fetched(client: httpx.Client, upstream: LocalUpstream, source: Source, fetch: Fetch) -> Document | None:
    base = f"http://127.0.0.1:{upstream.server_address[1]}"
    upstream.step = fetch.step
    answers = {}
    for name, url in (("", fetch.url), *fetch.companions.items()):
        method = fetch.method if not name else "GET"
        answer = client.request(
            method, stand_in_url(base, url), content=fetch.body or None, headers=dict(fetch.headers)
        )
        if answer.status_code == 200:
            answers[name] = Document(
                url=url, body=answer.content, source=source, step=fetch.step, context=fetch.context
            )
    main = answers.pop("", None)
    if main is None:
        return None
    return Document(
        url=main.url, body=main.body, source=source, step=main.step, context=main.context, companions=answers
    )


def dry_run(client: httpx.Client, upstream: LocalUpstream, source: Source) -> Counter[str]:
    """Follow a source from its start documents and return its records by kind.

    Raises: ParseFailed, AssertionError for a required document that nobody serves.
    """
    parser = parser_of(source)
    waiting = deque(parser.start(source))
    seen: set[tuple[str, str]] = set()
    for _ in range(MOST_DOCUMENTS):
        if not waiting:
            break
        fetch = waiting.popleft()
        document = fetched(client, upstream, source, fetch)
        if document is None:
            assert not fetch.is_required, fetch.url
            seen |= {(record.kind, record.key) for record in fetch.otherwise}
            continue
        reading = read(parser, document)
        for record in reading.result.records:
            assert unpublishable(record) is None
            assert record.kind in type(record).kind
            seen.add((record.kind, record.key))
        for each in reading.result.follow:
            seen |= {(record.kind, record.key) for record in standing_in(reading, each)}
            waiting.append(each)
    return Counter(kind for kind, _ in seen)


# The federal sources have their own crawls against the miniature.
SOURCES = [
    source.id
    for source in registry().list()
    if source.parser and (source.jurisdiction.id != "ca" or source.id == "ca-candidates")
]


def test_no_source_is_left_without_a_dry_run():
    ids = {source.id for source in registry().list()}
    assert len(SOURCES) == len(set(SOURCES))
    assert set(SOURCES) | set(FEDERAL) == ids


def test_the_registry_holds_a_source_for_every_jurisdiction():
    assert len(registry().jurisdictions) >= 124
    assert {source.jurisdiction.id for source in registry().list()} == set(registry().jurisdictions)


@pytest.mark.parametrize("source_id", SOURCES)
def test_a_source_is_read_from_its_start_documents(client, upstream, source_id):
    source = registry().get(source_id)
    found = dry_run(client, upstream, source)
    assert sum(found.values()) > 0
    assert found[source.kinds[0]] > 0, found
