"""What the gateway does on its own: limits, cache, circuits, retries, compression, CORS, weights."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.settings import HttpSettings, HubUrls, RedisSettings
from shared.testing.ports import free_port
from shared.testing.processes import wait_until
from shared.testing.serving import Served
from tests.integration.ux_hub.conftest import door, door_settings
from tests.integration.ux_hub.mirror import Mirror


class Scripted:
    """Answers what it is told; counts."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.count = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.status = 200
        self.body = b'{"text":"' + b"a" * 3_000 + b'"}'
        self.seen: list[dict[bytes, bytes]] = []
        self.delay_s = 0.0

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await Mirror()(scope, receive, send)
            return
        import asyncio

        self.count += 1
        self.seen.append(dict(scope["headers"]))
        while scope["method"] in ("POST", "PUT", "PATCH"):
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            if not message.get("more_body"):
                break
        await asyncio.sleep(self.delay_s)
        etag = dict(self.headers).get(b"etag")
        asked = dict(scope["headers"]).get(b"if-none-match")
        status, body = (304, b"") if etag and asked == etag else (self.status, self.body)
        headers = [(b"content-type", b"application/json"), (b"x-version", self.name.encode()), *self.headers]
        if status != 304:
            headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@contextmanager
def gateway(folder: Path, hub: Scripted, **changes: Any) -> Iterator[str]:
    with Served(hub) as behind:
        away = f"http://127.0.0.1:{free_port()}"
        urls = HubUrls(data=behind.url, business=away, security=away, intelligence=away, ops=away)
        with Served(door(door_settings(folder, hubs=urls, **changes))) as front:
            yield f"{front.url}/api/v1"


@pytest.fixture
def hub() -> Scripted:
    return Scripted()


def test_the_limit_of_an_address_is_told_in_both_families_and_then_kept(
    tmp_path: Path, hub: Scripted
) -> None:
    with gateway(tmp_path, hub, gateway={"anonymous_per_minute": 5}) as url:
        # A minute may turn in between: then the count starts anew once.
        answers = [httpx.get(f"{url}/bills") for _ in range(11)]
    assert answers[0].headers["ratelimit-policy"] == '"anonymous";q=5;w=60'
    assert answers[0].headers["ratelimit"].startswith('"anonymous";r=4;t=')
    assert answers[0].headers["x-ratelimit-remaining"] == "4"
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert 1 <= int(refused[0].headers["retry-after"]) <= 60
    assert refused[0].json()["violated-policies"] == ["anonymous"]
    assert refused[0].json()["type"].endswith("#quota-exceeded")
    assert hub.count == 11 - len(refused)


def test_limits_are_shared_through_redis_and_counted_locally_while_it_is_away(
    tmp_path: Path, hub: Scripted, redis_server: Any
) -> None:
    limits = {"anonymous_per_minute": 6}
    redis = RedisSettings(url=redis_server.url)
    with (
        gateway(tmp_path, hub, gateway=limits, redis=redis) as one,
        gateway(tmp_path, Scripted(), gateway=limits, redis=redis) as other,
    ):
        codes = [httpx.get(f"{url}/bills").status_code for _ in range(7) for url in (one, other)]
        assert codes.count(429) >= 2
    nowhere = RedisSettings(url=f"redis://127.0.0.1:{free_port()}/0")
    with gateway(tmp_path, hub, gateway=limits, redis=nowhere) as url:
        codes = [httpx.get(f"{url}/bills").status_code for _ in range(13)]
    assert codes[0] == 200
    assert 429 in codes


def test_a_fresh_answer_is_served_from_the_cache_with_its_age(tmp_path: Path, hub: Scripted) -> None:
    hub.headers = [(b"cache-control", b"public, max-age=60"), (b"etag", b'"v1"')]
    with gateway(tmp_path, hub) as url:
        first, second = httpx.get(f"{url}/bills?a=1"), httpx.get(f"{url}/bills?a=1")
        other = httpx.get(f"{url}/bills?a=2")
        same = httpx.get(f"{url}/bills?a=1", headers={"If-None-Match": '"v1"'})
        asked_anew = httpx.get(f"{url}/bills?a=1", headers={"Cache-Control": "no-cache"})
    assert (first.content, other.content) == (second.content, hub.body)
    assert second.headers["cache-status"] == "openpolicy; hit"
    assert second.headers["age"] == "0"
    assert same.status_code == 304
    assert asked_anew.headers["cache-status"] == "openpolicy; fwd=stale; fwd-status=304"
    assert hub.count == 3


def test_the_cache_tells_apart_what_vary_names_and_keeps_nothing_private(
    tmp_path: Path, hub: Scripted
) -> None:
    hub.headers = [(b"cache-control", b"public, max-age=60"), (b"vary", b"Accept-Language")]
    with gateway(tmp_path, hub) as url:
        for language in ("en", "fr", "en", "fr"):
            httpx.get(f"{url}/bills", headers={"Accept-Language": language})
        assert hub.count == 2
        for control in (b"private, max-age=60", b"no-store", b"no-cache, max-age=9"):
            hub.headers = [(b"cache-control", control)]
            before = hub.count
            httpx.get(f"{url}/people")
            httpx.get(f"{url}/people")
            assert hub.count == before + 2
        hub.headers = [(b"cache-control", b"public, max-age=60"), (b"set-cookie", b"a=1")]
        httpx.get(f"{url}/votes")
        httpx.get(f"{url}/votes")
        assert hub.count == 10


def test_a_stale_answer_is_served_while_it_is_refreshed_behind(tmp_path: Path, hub: Scripted) -> None:
    hub.headers = [(b"cache-control", b"public, max-age=1, stale-while-revalidate=60"), (b"etag", b'"v1"')]
    with gateway(tmp_path, hub) as url:
        old = httpx.get(f"{url}/bills").content
        time.sleep(1.1)
        hub.headers[1] = (b"etag", b'"v2"')
        hub.body = b'{"new":true}'
        stale = httpx.get(f"{url}/bills")
        assert (stale.content, stale.headers["cache-status"]) == (old, "openpolicy; hit; detail=stale")
        wait_until(
            lambda: httpx.get(f"{url}/bills").json() == {"new": True}, timeout=20, what="the new answer"
        )


def test_a_write_makes_the_gateway_forget_what_it_kept_of_that_address(tmp_path: Path, hub: Scripted) -> None:
    hub.headers = [(b"cache-control", b"public, max-age=60")]
    with gateway(tmp_path, hub) as url:
        httpx.get(f"{url}/bills/1")
        httpx.put(f"{url}/bills/1", content=b"{}")
        httpx.get(f"{url}/bills/1")
    assert hub.count == 3


def test_text_is_compressed_for_those_who_take_it_under_a_tag_of_its_own(
    tmp_path: Path, hub: Scripted
) -> None:
    hub.headers = [(b"etag", b'"v1"'), (b"vary", b"Accept")]
    with gateway(tmp_path, hub) as url, httpx.Client(headers={"Accept-Encoding": "gzip"}) as client:
        with client.stream("GET", f"{url}/bills") as answer:
            raw = b"".join(answer.iter_raw())
        plain = httpx.get(f"{url}/bills", headers={"Accept-Encoding": "gzip;q=0, br"})
        again = client.get(f"{url}/bills", headers={"If-None-Match": answer.headers["etag"]})
    assert gzip.decompress(raw) == hub.body
    assert len(raw) < len(hub.body) / 10
    assert answer.headers["etag"] == '"v1-gzip"'
    assert answer.headers["vary"] == "Accept, Accept-Encoding"
    assert (plain.content, plain.headers["etag"]) == (hub.body, '"v1"')
    assert again.status_code == 304
    assert hub.seen[-1][b"if-none-match"] == b'"v1"'


def test_a_hub_that_is_away_opens_its_circuit_and_is_found_again_by_one_trial(
    tmp_path: Path, hub: Scripted
) -> None:
    settings = {"breaker_failures": 3, "breaker_open_s": 1.0}
    port = free_port()
    urls = HubUrls(data=f"http://127.0.0.1:{port}")
    with Served(door(door_settings(tmp_path, hubs=urls, gateway=settings))) as front:
        url = f"{front.url}/api/v1/bills"
        details = [httpx.post(url).json()["detail"] for _ in range(5)]
        assert details[0] == "data_hub is away"
        assert "asked again" in details[-1]
        assert 'gateway_circuit_state{upstream="data"} 2' in httpx.get(f"{front.url}/metrics").text
        with Served(hub, port):
            wait_until(lambda: httpx.get(url).status_code == 200, timeout=20, what="the hub")
            assert httpx.post(url).status_code == 200


class Dropping:
    """Accepts connections and closes them without an answer, then answers."""

    def __init__(self, drops: int) -> None:
        import socket

        self.drops, self.requests = drops, 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            with client:
                client.recv(65_536)
                self.requests += 1
                if self.requests > self.drops:
                    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    def close(self) -> None:
        self._server.close()


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {}, 200),
        ("PUT", {}, 200),
        ("DELETE", {}, 200),
        ("POST", {}, 502),
        ("PATCH", {}, 502),
        ("POST", {"Idempotency-Key": '"k"'}, 200),
    ],
)
def test_only_what_may_be_repeated_is_asked_again(
    tmp_path: Path, method: str, headers: dict[str, str], status: int
) -> None:
    dropping = Dropping(1)
    urls = HubUrls(data=f"http://127.0.0.1:{dropping.port}")
    with Served(door(door_settings(tmp_path, hubs=urls))) as front:
        content = b"{}" if method not in ("GET", "DELETE") else None
        answer = httpx.request(method, f"{front.url}/api/v1/bills", headers=headers, content=content)
    dropping.close()
    assert answer.status_code == status
    assert dropping.requests == (2 if status == 200 else 1)


def test_a_body_over_the_limit_is_refused_whether_or_not_it_says_so(tmp_path: Path, hub: Scripted) -> None:
    with gateway(tmp_path, hub, http=HttpSettings(max_body_bytes=10_000)) as url:
        told = httpx.post(f"{url}/bills", content=b"x" * 10_001)
        chunked = httpx.post(f"{url}/bills", content=(b"x" * 1_000 for _ in range(40)))
    assert told.status_code == 413
    assert told.json()["max_bytes"] == 10_000
    assert chunked.status_code == 413


def test_bodies_that_are_refused_say_nothing_about_the_hub_and_leave_its_circuit_closed(
    tmp_path: Path, hub: Scripted
) -> None:
    http = HttpSettings(max_body_bytes=10_000)
    with gateway(tmp_path, hub, http=http, gateway={"breaker_failures": 2}) as url:
        for _ in range(3):
            refused = httpx.post(f"{url}/bills", content=(b"x" * 100_000 for _ in range(4)))
            assert refused.status_code == 413
        assert httpx.get(f"{url}/bills").status_code == 200


def test_a_redirect_to_the_hubs_own_address_leads_through_the_gateway(tmp_path: Path) -> None:
    hub = Scripted()
    hub.status = 307
    with Served(hub) as served, Served(door(door_settings(tmp_path, hubs=HubUrls(data=served.url)))) as front:
        for said, heard in (
            (f"{served.url}/api/v1/bills/?a=1", "/api/v1/bills/?a=1"),
            ("https://elsewhere.example/x", "https://elsewhere.example/x"),
            (f"{served.url}0/x", f"{served.url}0/x"),
            ("/api/v1/votes", "/api/v1/votes"),
        ):
            hub.headers = [(b"location", said.encode())]
            assert httpx.get(f"{front.url}/api/v1/bills").headers["location"] == heard


def test_a_browser_of_any_origin_may_read_but_never_with_cookies(tmp_path: Path, hub: Scripted) -> None:
    origin = {"Origin": "https://elsewhere.example"}
    with gateway(tmp_path, hub) as url:
        read = httpx.get(f"{url}/bills", headers=origin)
        asked = {
            **origin,
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "x-api-key",
        }
        preflight = httpx.options(f"{url}/bills", headers=asked)
        ridden = httpx.post(f"{url}/bills", headers={**origin, "Cookie": "op_access=a.b.c"})
    assert read.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in read.headers
    assert "RateLimit" in read.headers["access-control-expose-headers"]
    assert (preflight.status_code, hub.count) == (204, 1)
    assert "X-API-Key" in preflight.headers["access-control-allow-headers"]
    assert "API-Version" in preflight.headers["access-control-allow-headers"]
    assert ridden.status_code == 403


def test_only_listed_origins_may_read_when_a_list_is_given(tmp_path: Path, hub: Scripted) -> None:
    with gateway(tmp_path, hub, gateway={"cors_origins": ["https://ours.example"]}) as url:
        ours = httpx.get(f"{url}/bills", headers={"Origin": "https://ours.example"})
        other = httpx.get(f"{url}/bills", headers={"Origin": "https://other.example"})
    assert ours.headers["access-control-allow-origin"] == "https://ours.example"
    assert "access-control-allow-origin" not in other.headers
    assert other.headers["vary"] == "Origin, Accept-Encoding"


def test_a_staged_version_gets_its_share_and_a_caller_stays_with_one_version(tmp_path: Path) -> None:
    old, new = Scripted("old"), Scripted("new")
    with Served(new) as staged:
        weights = {"staged": {"data": {"url": staged.url, "percent": 30}}, "trusted_proxies": ["127.0.0.0/8"]}
        with gateway(tmp_path, old, gateway=weights) as url, httpx.Client() as client:
            versions: dict[str, set[str]] = {}
            for number in range(300):
                address = f"203.0.113.{number % 100}"
                answer = client.get(f"{url}/bills", headers={"X-Forwarded-For": address})
                versions.setdefault(address, set()).add(answer.headers["x-version"])
    assert all(len(found) == 1 for found in versions.values())
    assert 15 <= sum(found == {"new"} for found in versions.values()) <= 45


def test_a_spoofed_address_is_believed_from_trusted_proxies_only(tmp_path: Path, hub: Scripted) -> None:
    with gateway(tmp_path, hub) as url:
        httpx.get(f"{url}/bills", headers={"X-Forwarded-For": "203.0.113.9"})
    assert hub.seen[-1][b"x-forwarded-for"] == b"127.0.0.1"
    with gateway(tmp_path, hub, gateway={"trusted_proxies": ["127.0.0.0/8"]}) as url:
        httpx.get(f"{url}/bills", headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.9"})
    assert hub.seen[-1][b"x-forwarded-for"] == b"203.0.113.9"


def test_a_hub_that_is_too_slow_is_a_504_that_is_not_asked_again(
    tmp_path: Path, hub: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from hubs.ux_hub.api_gateway import proxy
    from hubs.ux_hub.api_gateway.table import TABLE

    hub.delay_s = 5.0
    monkeypatch.setattr(proxy, "TABLE", tuple(replace(route, timeout_s=0.2) for route in TABLE))
    with gateway(tmp_path, hub) as url:
        answer = httpx.get(f"{url}/bills")
    assert answer.status_code == 504
    assert answer.json()["hub"] == "data"
    assert hub.count == 1


def test_every_answer_carries_security_headers_and_a_request_id(tmp_path: Path, hub: Scripted) -> None:
    with gateway(tmp_path, hub, public_url="https://openpolicy.example") as url:
        for path in ("/bills", "/jobs"):
            answer = httpx.get(url + path)
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["strict-transport-security"].startswith("max-age=")
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
            assert len(answer.headers.get_list("x-request-id")) == 1
            assert len(answer.headers.get_list("date")) == 1
