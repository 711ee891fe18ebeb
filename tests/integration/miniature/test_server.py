"""The miniature as a server: conditional requests, compression, faults on the wire, routing, the process."""

import gzip
import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from services.miniature import MiniatureServer

MEMBERS = "/www.ourcommons.ca/Members/en/search/XML"


@pytest.fixture
def server() -> Iterator[MiniatureServer]:
    with MiniatureServer() as running:
        yield running


def get(
    server: MiniatureServer,
    path: str,
    headers: dict[str, str] | None = None,
    method: str = "GET",
    body: bytes | None = None,
) -> tuple[http.client.HTTPResponse, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response, response.read()


def test_an_unchanged_document_costs_one_304_and_a_changed_one_is_sent_again(server: MiniatureServer) -> None:
    first, body = get(server, MEMBERS)
    tag, modified = first.headers["ETag"], first.headers["Last-Modified"]
    assert get(server, MEMBERS, {"If-None-Match": tag})[0].status == 304
    assert get(server, MEMBERS, {"If-Modified-Since": modified})[0].status == 304
    server.control.change_member(89156, caucus="Independent")
    second, changed = get(server, MEMBERS, {"If-None-Match": tag, "If-Modified-Since": modified})
    assert (second.status, changed != body) == (200, True)
    assert second.headers["ETag"] != tag
    assert get(server, MEMBERS, {"If-Modified-Since": modified})[0].status == 200
    other, _ = get(server, "/www.parl.ca/legisinfo/en/bills/json")
    assert other.headers["Last-Modified"] == modified


def test_a_client_that_accepts_gzip_gets_the_same_document_compressed(server: MiniatureServer) -> None:
    _, plain = get(server, MEMBERS)
    response, packed = get(server, MEMBERS, {"Accept-Encoding": "gzip, deflate"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert len(packed) < len(plain)
    assert gzip.decompress(packed) == plain
    assert get(server, MEMBERS, {"Accept-Encoding": "gzip"})[1] == packed


def test_an_address_is_routed_by_its_first_segment_by_a_proxy_target_and_by_the_host_header(
    server: MiniatureServer,
) -> None:
    _, expected = get(server, MEMBERS)
    assert get(server, "http://www.ourcommons.ca/Members/en/search/XML")[1] == expected
    assert get(server, "/Members/en/search/XML", {"Host": "www.ourcommons.ca"})[1] == expected
    assert get(server, "/Members/en/search/XML")[0].status == 404
    assert get(server, "/www.ourcommons.ca/MEMBERS/EN/SEARCH/xml")[1] == expected
    assert get(server, MEMBERS, method="POST", body=b"{}")[0].status == 405


def test_robots_txt_is_served_for_the_root_and_for_every_host(server: MiniatureServer) -> None:
    assert b"Disallow: /_control" in get(server, "/robots.txt")[1]
    server.control.robots("www.parl.ca", "User-agent: *\nDisallow: /legisinfo\n")
    assert b"/legisinfo" in get(server, "/www.parl.ca/robots.txt")[1]
    assert b"/legisinfo" not in get(server, "/www.ourcommons.ca/robots.txt")[1]


def test_retry_after_is_sent_as_often_as_asked_and_then_the_document(server: MiniatureServer) -> None:
    server.control.fault("*/search/xml", "too_many_requests", times=2, retry_after=3)
    answers = [get(server, MEMBERS)[0] for _ in range(3)]
    assert [answer.status for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "3"
    assert [made.status for made in server.control.requests(MEMBERS)] == [429, 429, 200]


def test_a_connection_that_breaks_leaves_the_body_short(server: MiniatureServer) -> None:
    server.control.fault(MEMBERS, "disconnect", times=1)
    with pytest.raises(http.client.IncompleteRead):
        get(server, MEMBERS)
    assert get(server, MEMBERS)[0].status == 200


def test_a_truncated_body_arrives_as_if_it_were_whole(server: MiniatureServer) -> None:
    _, whole = get(server, MEMBERS)
    server.control.fault(MEMBERS, "truncated", times=1, keep=0.25)
    response, cut = get(server, MEMBERS)
    assert (response.status, cut) == (200, whole[: len(whole) // 4])


def test_a_slow_answer_waits_before_and_within_the_body(server: MiniatureServer) -> None:
    server.control.fault(MEMBERS, "slow", before=0.2, within=0.2)
    started = time.monotonic()
    assert get(server, MEMBERS)[0].status == 200
    assert time.monotonic() - started >= 0.4


def test_a_redirect_leads_to_the_document(server: MiniatureServer) -> None:
    server.control.fault(MEMBERS, "redirect")
    response, _ = get(server, MEMBERS)
    assert response.status == 302
    assert get(server, response.headers["Location"])[0].status == 200


def test_an_oversized_body_is_as_long_as_asked(server: MiniatureServer) -> None:
    server.control.fault(MEMBERS, "oversize", size=3_000_000)
    assert len(get(server, MEMBERS)[1]) == 3_000_000


def test_a_document_can_be_replaced_and_restored(server: MiniatureServer) -> None:
    _, original = get(server, MEMBERS)
    server.control.replace_document("www.ourcommons.ca/Members/en/search/XML", b"<List />")
    assert get(server, MEMBERS)[1] == b"<List />"
    server.control.replace_document("www.ourcommons.ca/Members/en/search/XML", None)
    assert get(server, MEMBERS)[1] == original


def test_the_log_holds_path_query_headers_and_time(server: MiniatureServer) -> None:
    get(server, "/www.parl.ca/legisinfo/en/bills/json?parlsession=45-1", {"User-Agent": "OpenPolicy/test"})
    get(server, MEMBERS)
    first, second = server.control.requests()
    assert (first.path, first.query) == ("/www.parl.ca/legisinfo/en/bills/json", "parlsession=45-1")
    assert first.headers["user-agent"] == "OpenPolicy/test"
    assert second.at >= first.at


def test_the_same_facts_are_the_same_bytes_from_another_server(server: MiniatureServer) -> None:
    with MiniatureServer() as other:
        for path in (
            MEMBERS,
            "/www.parl.ca/legisinfo/fr/bill/45-1/c-11/json",
            "/www.parl.ca/legisinfo/en/bills/xml",
        ):
            assert get(server, path)[1] == get(other, path)[1]


def test_the_process_prints_its_port_answers_its_panel_and_ends_on_sigterm() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "services.miniature", "--port", "0", "--extra-divisions", "5"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        with closing(http.client.HTTPConnection("127.0.0.1", said["port"], timeout=30)) as connection:
            change = json.dumps({"change": "change_member", "person_id": 89156, "caucus": "Independent"})
            connection.request("POST", "/_control/changes", change, {"Content-Type": "application/json"})
            assert json.loads(connection.getresponse().read()) == {"revision": 2}
            connection.request("GET", MEMBERS)
            assert b"<CaucusShortName>Independent</CaucusShortName>" in connection.getresponse().read()
            connection.request("GET", "/_control/requests?path=www.ourcommons.ca/*")
            assert json.loads(connection.getresponse().read())["count"] == 1
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()
    assert code == 0


def test_the_server_loads_no_framework() -> None:
    code = "import sys, services.miniature; print([m for m in ('scrapy','fastapi','sqlalchemy','pydantic') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
