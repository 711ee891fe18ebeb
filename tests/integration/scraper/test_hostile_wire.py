"""Hosts that misbehave on the wire: the job ends with a code that says so, and asks no more than it may."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from services.miniature import MiniatureServer
from services.scraper.sources import registry
from services.scraper.transport import stand_in_url
from shared.testing.processes import Processes
from tests.integration.scraper.conftest import Rig

MPS, ROLES = "ca-federal-mps", "ca-federal-roles"
HOST = "www.ourcommons.ca"
LIST = f"/{HOST}/Members/en/search/XML"
ROBOTS = f"/{HOST}/robots.txt"
Answer = Callable[[socket.socket, threading.Event], None]


def answer(status: str, body: bytes = b"", *headers: str, length: int | None = None) -> Answer:
    """Return what sends one whole response."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return lambda peer, _: peer.sendall(
        "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + body
    )


def drip(peer: socket.socket, over: threading.Event) -> None:
    """Send a body one byte at a time, for as long as somebody listens."""
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\nConnection: close\r\n\r\n")
    while not over.wait(0.2):
        peer.sendall(b"<")


class WireServer:
    """Sends scripted bytes by path; what has no script answers 404, robots.txt among it."""

    def __init__(self) -> None:
        self.scripts: dict[str, list[Answer]] = {}
        self.asked: list[tuple[str, str]] = []
        self._over = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(peer,), daemon=True).start()

    def _talk(self, peer: socket.socket) -> None:
        with peer:
            try:
                head = b""
                while b"\r\n\r\n" not in head:
                    if not (chunk := peer.recv(65_536)):
                        return
                    head += chunk
                text = head.decode("latin-1")
                path = text.split(" ", 2)[1].partition("?")[0]
                self.asked.append((path, text))
                waiting = self.scripts.get(path, [answer("404 Not Found")])
                (waiting.pop(0) if len(waiting) > 1 else waiting[0])(peer, self._over)
            except OSError:
                return

    def paths(self) -> list[str]:
        """Return the paths that were asked for, in order."""
        return [path for path, _ in self.asked]

    def close(self) -> None:
        """Stop listening and let go of whoever still waits."""
        self._over.set()
        self._socket.close()


@pytest.fixture(scope="module")
def impatient(embedded_databases, tmp_path_factory) -> Iterator[Rig]:
    """A worker that waits six seconds for an answer and does not ask again."""
    with embedded_databases.fresh() as database, MiniatureServer() as upstream, Processes() as processes:
        url = database.url("broker").set(drivername="postgresql")
        rig = Rig(
            url.render_as_string(hide_password=False), tmp_path_factory.mktemp("wire"), upstream, processes
        )
        rig.worker(
            OP_SCRAPER__REQUEST_TIMEOUT_S="6",
            OP_SCRAPER__RETRIES="0",
            OP_SCRAPER__MAX_RESPONSE_BYTES="2000000",
        )
        yield rig
        rig.close()


@pytest.fixture
def wire() -> Iterator[WireServer]:
    server = WireServer()
    yield server
    server.close()


@pytest.fixture
def scraped(impatient, wire):
    """Return a function that runs the job against scripted answers; it returns outcome and first code."""

    def run(scripts: dict[str, list[Answer]]) -> tuple[str, str]:
        wire.scripts = scripts
        report = impatient.scrape(MPS, upstream=wire.url)
        return report.outcome, report.problems[0].code if report.problems else ""

    return run


@pytest.mark.parametrize(
    "robots",
    [answer("503 Service Unavailable", b"User-agent: *\nAllow: /"), drip],
    ids=["503", "drip"],
)
def test_a_robots_txt_that_cannot_be_read_forbids_everything(scraped, wire, robots):
    assert scraped({ROBOTS: [robots]}) == ("failed", "robots-unreadable")
    assert set(wire.paths()) == {ROBOTS}


def test_a_robots_txt_that_is_not_there_allows_everything(scraped, wire):
    page = b"<html>User-agent: *\nDisallow: /</html>"
    assert scraped({ROBOTS: [answer("403 Forbidden", page)], LIST: [answer("404 Not Found")]}) == (
        "failed",
        "http-404",
    )
    assert LIST in wire.paths()


def test_a_robots_txt_behind_a_redirect_is_obeyed(scraped, wire):
    rules = answer("200 OK", "\ufeffUser-agent: openpolicybot\nDisallow: /Members/\n".encode())
    moved = answer("301 Moved", b"", f"Location: /{HOST}/rules.txt")
    assert scraped({ROBOTS: [moved], f"/{HOST}/rules.txt": [rules]}) == ("blocked", "robots")
    assert LIST not in wire.paths()


def test_a_robots_txt_that_redirects_for_ever_is_as_good_as_none(scraped, wire):
    scraped({ROBOTS: [answer("302 Found", b"", f"Location: /{HOST}/robots.txt?again=1")]})
    assert LIST in wire.paths()


def test_another_host_is_asked_for_its_own_rules_before_a_redirect_is_followed(scraped, wire):
    away = answer("302 Found", b"", "Location: https://www.parl.ca/members.xml")
    rules = answer("200 OK", b"User-agent: *\nDisallow: /members\n")
    assert scraped({LIST: [away], "/www.parl.ca/robots.txt": [rules]}) == ("blocked", "robots")
    assert "/www.parl.ca/members.xml" not in wire.paths()


BOMB = gzip.compress(b"<a>" + b" " * 60_000_000)
FUTURE = format_datetime(datetime.now(UTC) + timedelta(days=300))


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (answer("302 Found", b"", f"Location: {LIST}"), "refused"),
        (drip, "request-timeout"),
        (answer("200 OK", b"<ArrayOfMemberOfParliament></ArrayOfMemberOfParliament>", length=20), "truncated"),
        (answer("200 OK", BOMB, "Content-Encoding: gzip"), "too-large"),
        (answer("200 OK", b"not gzip at all", "Content-Encoding: gzip"), "network"),
        (answer("503 Busy", b"", f"Retry-After: {FUTURE}"), "http-503"),
        (answer("503 Busy", b"", "Retry-After: \xb2"), "http-503"),
        (answer("503 Busy", b"<html><iframe src='/_Incapsula_Resource?x'></iframe></html>"), "blocked"),
        (lambda peer, _: peer.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000 + b"\r\n\r\n"), "network"),
    ],
    ids=["loop", "drip", "long", "bomb", "no-gzip", "date", "odd", "incapsula", "headers"],
)  # fmt: skip
def test_a_hostile_answer_has_its_code(scraped, wire, script, code):
    assert scraped({LIST: [script]}) == ("blocked" if code == "blocked" else "failed", code)
    assert len(wire.asked) < 12


def test_the_newest_validators_are_sent_and_a_changed_tag_brings_the_new_document(impatient, wire, samples):
    body = (samples / "ourcommons/members/members_search_45-1_with_PersonId_EXCERPT.xml").read_bytes()
    wire.scripts = {
        LIST: [
            answer("200 OK", body, 'ETag: "one"', "Last-Modified: Mon, 02 Nov 2026 10:00:00 GMT"),
            answer("200 OK", body + b"\n", 'ETag: W/"two"'),
            answer("304 Not Modified", b"", 'ETag: W/"two"'),
        ]
    }
    for _ in range(3):
        impatient.scrape(MPS, upstream=wire.url)
    asked = [text.lower() for path, text in wire.asked if path == LIST]
    assert [("if-none-match" in text, "if-modified-since" in text) for text in asked[:2]] == [
        (False, False),
        (True, True),
    ]
    assert all('if-none-match: w/"two"' in text for text in asked[2:])
    assert len(asked) == 3


def test_an_unasked_304_is_a_failure_and_not_asked_for_again_and_again(impatient, wire):
    # Another source than the other tests': nothing of it is archived.
    paths = [stand_in_url("", fetch.url) for fetch in registry().get(ROLES).start]
    wire.scripts = {path: [answer("304 Not Modified")] for path in paths}
    report = impatient.scrape(ROLES, upstream=wire.url)
    assert (report.outcome, report.problems[0].code) == ("failed", "http-304")
    assert max(wire.paths().count(path) for path in paths) <= 2
