"""Two thousand generated requests, asked directly and through the gateway: the answers are the same bytes."""

from __future__ import annotations

import gzip
import http.client
import json
import random
import socket
import zlib
from urllib.parse import urlsplit

import pytest

from tests.integration.ux_hub.mirror import Mirror

COUNT = 2_000
# What the gateway adds or what belongs to the connection: named in docs/gateway.md.
DOCUMENTED = {
    "date", "server", "connection", "keep-alive", "transfer-encoding", "content-length", "x-request-id",
    "x-content-type-options", "referrer-policy", "content-security-policy", "cross-origin-resource-policy",
    "ratelimit", "ratelimit-policy", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset",
    "access-control-allow-origin", "access-control-expose-headers", "cache-status", "age",
}  # fmt: skip
METHODS = ("GET", "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "REPORT", "PROPFIND")
STATUSES = (
    200,
    200,
    200,
    201,
    202,
    204,
    206,
    301,
    302,
    303,
    304,
    307,
    400,
    401,
    404,
    409,
    418,
    422,
    500,
    503,
)
SEGMENTS = (
    "ca%2Fbill%2F45-1", "c-2", "%C3%A9t%C3%A9", "a;b=c", "..", ".", "%2e%2e", "a%20b", "x+y", "~tilde", "(1)",
    "!$&'*,=:@", "%00", "%ff", "A%2fb", "", "'quote'", "%25", "%E2%98%83",
)  # fmt: skip
QUERIES = (
    "",
    "a=1",
    "a=1&a=2",
    "q=%20%2B+",
    "x",
    "=",
    "&&",
    "a=%zz",
    "q=été".encode().decode("latin-1"),
    "a[]=1&b={}",
    "%3F=?",
)


def generated(rng: random.Random) -> dict:
    method = rng.choice(METHODS)
    path = "/api/v1/bills/" + "/".join(rng.choice(SEGMENTS) for _ in range(rng.randint(0, 4)))
    path = f"{path}/{rng.choice(STATUSES)}"
    flags = [f"{name}=1" for name in ("big", "cookie", "etag", "zip", "chunked") if rng.random() < 0.12]
    query = "&".join(filter(None, [rng.choice(QUERIES), *flags]))
    headers = [("X-Test", "1"), ("x-test", "2")] if rng.random() < 0.3 else []
    pool = [
        ("Accept", "application/json"), ("Accept", "text/html;q=0.5"), ("Accept-Language", "fr-CA, en;q=0.5"),
        ("User-Agent", "oracle/1"), ("Cookie", "a=1; b=2"), ("Content-Type", "application/x-thing; a=b"),
        ("Referer", "http://elsewhere/"), ("X-Empty", ""), ("X-Utf8", "\xc3\xa9\xe2\x98\x83"), ("X-Latin", "\xe9"), ("If-None-Match", '"v1"'),
        ("Authorization", "Basic dTpw"), ("TE", "trailers"), ("Accept-Encoding", "identity"), ("Prefer", "wait=1"),
        ("Connection", "X-Dropped"), ("Idempotency-Key", '"k1"'), ("If-Modified-Since", "Mon, 01 Jan 2024 00:00:00 GMT"),
    ]  # fmt: skip
    headers += rng.sample(pool, rng.randint(0, 6))
    if rng.random() < 0.15:
        headers.append(("Accept-Encoding", "gzip, br"))
    if ("Connection", "X-Dropped") in headers:
        headers.append(("X-Dropped", "never seen"))
    body = None
    target = path + (f"?{query}" if query else "")
    # A target with bytes above 127 is refused before its body is read; then only the refusal is compared.
    if target.isascii() and method in ("POST", "PUT", "PATCH", "DELETE", "REPORT") and rng.random() < 0.8:
        body = rng.randbytes(rng.choice((0, 1, 10, 1_000, 70_000, 300_000)))
    return {
        "method": method, "target": target, "headers": headers, "body": body,
        "chunked": body is not None and rng.random() < 0.4, "range": rng.random() < 0.05,
    }  # fmt: skip


class RawConnection(http.client.HTTPConnection):
    """Sends request targets as they are, bytes above 127 too."""

    def _encode_request(self, request: str) -> bytes:
        return request.encode("latin-1")


class Asker:
    """One connection kept open, as a browser does."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        self._place = (parts.hostname or "", parts.port)
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, request: dict) -> tuple[int, list[tuple[str, str]], bytes]:
        for attempt in (1, 2):
            if self._connection is None:
                self._connection = RawConnection(*self._place, timeout=30)
            try:
                return self._once(self._connection, request)
            except (http.client.RemoteDisconnected, ConnectionError, BrokenPipeError):
                self.close()
                if attempt == 2:
                    return 0, [], b"refused before its body was read"
        raise AssertionError

    def _once(
        self, connection: http.client.HTTPConnection, request: dict
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        target, headers = request["target"], list(request["headers"])
        if request["range"]:
            target, headers = "/api/v1/documents/file", [*headers, ("Range", "bytes=100-5000")]
        connection.putrequest(request["method"], target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", "oracle.example")
        for name, value in headers:
            connection.putheader(name, value.encode("latin-1"))
        body = request["body"]
        if body is None:
            connection.endheaders()
        elif request["chunked"]:
            connection.putheader("Transfer-Encoding", "chunked")
            pieces = [body[i : i + 50_000] for i in range(0, len(body), 50_000)]
            connection.endheaders(iter(pieces), encode_chunked=True)
        else:
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
        answer = connection.getresponse()
        data = answer.read()
        found = (answer.status, answer.getheaders(), data)
        if answer.will_close:
            self.close()
        return found

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def comparable(answer: tuple[int, list[tuple[str, str]], bytes], *, is_dropped: bool) -> tuple:
    status, headers, body = answer
    names = {name.lower(): value for name, value in headers}
    kept = []
    if names.get("content-encoding") == "gzip":
        body = gzip.decompress(body) if body else body
    if names.get("content-encoding") == "deflate" and body:
        body = zlib.decompress(body)
    for name, value in headers:
        lower = name.lower()
        if lower in DOCUMENTED or (lower == "content-encoding" and value == "gzip"):
            continue
        if lower == "vary" and value == "Accept-Encoding":
            continue
        kept.append((lower, value.replace('-gzip"', '"') if lower == "etag" else value))
    if body.startswith(b"{") and is_dropped:
        # A header that Connection names ends at the gateway, as RFC 9110 section 7.6.1 wants.
        seen = json.loads(body)
        seen["headers"] = [pair for pair in seen["headers"] if pair[0] not in ("x-dropped", "te")]
        body = json.dumps(seen).encode()
    return status, sorted(kept), body


def test_two_thousand_generated_requests_get_the_same_bytes_directly_and_through_the_gateway(
    front: str, upstream: str
) -> None:
    rng = random.Random(20_260_101)
    direct, through = Asker(upstream), Asker(front)
    different = []
    statuses = set()
    for number in range(COUNT):
        request = generated(rng)
        is_dropped = any(name in ("Connection", "TE") for name, _ in request["headers"])
        wanted = comparable(direct.ask(request), is_dropped=is_dropped)
        got = comparable(through.ask(request), is_dropped=is_dropped)
        statuses.add(wanted[0])
        if wanted != got:
            different.append((number, request["method"], request["target"][:120], wanted[:2], got[:2]))
    direct.close()
    through.close()
    assert different == []
    assert len(statuses) >= 15


@pytest.mark.parametrize("sent", [b"", b"5\r\nhel", b"5\r\nhello\r\n"])
def test_a_client_that_leaves_in_the_middle_of_its_body_takes_the_upstream_request_with_it(
    front: str, mirror: Mirror, sent: bytes
) -> None:
    parts = urlsplit(front)
    mirror.left.clear()
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as client:
        head = b"POST /api/v1/bills HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        client.sendall(head + sent)
    asker = Asker(front)
    answer = asker.ask(
        {
            "method": "GET",
            "target": "/api/v1/bills",
            "headers": [],
            "body": None,
            "chunked": False,
            "range": False,
        }
    )
    asker.close()
    assert answer[0] == 200
    if sent.endswith(b"\r\n"):
        assert mirror.left.wait(10)
