"""Request smuggling probes: every ambiguous framing is refused, and the connection with it."""

from __future__ import annotations

import contextlib
import socket
from urllib.parse import urlsplit

import pytest

from tests.integration.ux_hub.mirror import Mirror

SMUGGLED = b"GET /api/v1/bills/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
HEAD = b"POST /api/v1/bills HTTP/1.1\r\nHost: x\r\n"
PROBES = {
    "length and chunked": HEAD
    + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + SMUGGLED,
    "chunked and length": HEAD
    + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"
    + SMUGGLED,
    "two lengths": HEAD + b"Content-Length: 0\r\nContent-Length: 49\r\n\r\n" + SMUGGLED,
    "two equal lengths": HEAD + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n" + SMUGGLED,
    "a list of lengths": HEAD + b"Content-Length: 0, 0\r\n\r\n" + SMUGGLED,
    "a signed length": HEAD + b"Content-Length: +0\r\n\r\n" + SMUGGLED,
    "a negative length": HEAD + b"Content-Length: -1\r\n\r\n" + SMUGGLED,
    "a hexadecimal length": HEAD + b"Content-Length: 0x10\r\n\r\n" + SMUGGLED,
    "an unknown coding": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunked is not last": HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunked twice": HEAD
    + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + SMUGGLED,
    "a vertical tab": HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a space before the colon": HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a folded header": HEAD + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a NUL in a header": HEAD + b"X-A: b\x00c\r\nContent-Length: 0\r\n\r\n" + SMUGGLED,
    "a bare CR in a header": HEAD + b"X-A: b\rContent-Length: 10\r\n\r\n" + SMUGGLED,
    "a bad chunk size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n" + SMUGGLED,
    "a bare LF after a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n" + SMUGGLED,
    "a bare LF in a chunk extension": HEAD
    + b"Transfer-Encoding: chunked\r\n\r\n5;a\nhello\r\n0\r\n\r\n"
    + SMUGGLED,
    "a chunk size over 64 bits": HEAD
    + b"Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n"
    + SMUGGLED,
    "a chunk size with a space": HEAD
    + b"Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n"
    + SMUGGLED,
    "a chunk longer than it says": HEAD
    + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n"
    + SMUGGLED,
    "a bare LF between headers": HEAD + b"X-A: b\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a bare LF after the head": HEAD + b"Content-Length: 0\r\n\n" + SMUGGLED,
    "a fold before the first header": b"POST /api/v1/bills HTTP/1.1\r\n Host: x\r\n\r\n" + SMUGGLED,
    "a length in an unknown name's place": HEAD + b"Content\x00-Length: 5\r\n\r\n" + SMUGGLED,
    "chunked for HTTP/1.0": b"POST /api/v1/bills HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"0\r\n\r\n" + SMUGGLED,
    "two hosts": b"GET /api/v1/bills HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + SMUGGLED,
    "HTTP/0.9": b"GET /api/v1/bills\r\n" + SMUGGLED,
}


def answer_to(front: str, raw: bytes, *, is_over: bool = True) -> bytes:
    parts = urlsplit(front)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as client:
        client.sendall(raw)
        if is_over:
            client.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := client.recv(65_536):
            answer += chunk
    return answer


@pytest.mark.parametrize("name", PROBES)
def test_a_smuggling_probe_is_refused_and_its_second_request_never_reaches_a_hub(
    front: str, mirror: Mirror, name: str
) -> None:
    before = len(mirror.requests)
    answer = answer_to(front, PROBES[name])
    seen = [path for _, path in mirror.requests[before:]]
    first = answer.split(b"\r\n", 1)[0]
    assert b" 400 " in first or not first
    assert seen == []


def test_a_request_for_another_host_in_absolute_form_goes_nowhere_else(front: str, mirror: Mirror) -> None:
    raw = b"GET http://evil.example/api/v1/bills HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    before = len(mirror.requests)
    answer = answer_to(front, raw, is_over=False)
    assert answer.split(b"\r\n", 1)[0].split()[1] in (b"200", b"400", b"404")
    assert all("evil" not in path for _, path in mirror.requests[before:])


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /api/v1/bills HTTP/1.1\r\nHost: x\r\n" + b"X-A: %b\r\n" % (b"a" * 1_000) * 2_000,
        b"GET /" + b"a" * 2**21,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;" + b"a" * 2**21,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X-A: %b\r\n" % (b"a" * 1_000) * 2_000,
    ],
    ids=["a head", "a path", "a chunk extension", "trailers"],
)
def test_framing_that_never_ends_is_cut_off(front: str, mirror: Mirror, raw: bytes) -> None:
    before = len(mirror.requests)
    parts = urlsplit(front)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as client:
        # The other end hangs up before it has taken everything: that may be told in either way.
        with contextlib.suppress(ConnectionError):
            client.sendall(raw)
        with contextlib.suppress(ConnectionError):
            answer = b"".join(iter(lambda: client.recv(65_536), b""))
            assert b" 200 " not in answer.split(b"\r\n", 1)[0]
    assert mirror.requests[before:] == []


def test_a_large_body_in_many_small_chunks_is_no_framing_that_never_ends(front: str) -> None:
    body = b"1\r\nx\r\n" * 60_000 + b"0\r\n\r\n"
    raw = b"POST /api/v1/bills HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert b" 200 " in answer_to(front, raw + body, is_over=False).split(b"\r\n", 1)[0]
