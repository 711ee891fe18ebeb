"""The S3 backend against a server that checks every signature with Amazon's own code."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from hubs.data_hub.storage.backends.s3 import S3Settings, S3Store
from hubs.data_hub.storage.errors import FileMissing
from shared.core.errors import Unavailable

botocore_auth = pytest.importorskip("botocore.auth")
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


class Bucket(BaseHTTPRequestHandler):
    """Holds objects in memory; refuses what is not signed right."""

    objects: dict[str, bytes] = {}
    refused: list[str] = []

    def _is_signed(self, body: bytes) -> bool:
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        given = self.headers["authorization"]
        names = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        request = AWSRequest(
            self.command,
            f"http://{self.headers['host']}{self.path}",
            headers={n: self.headers[n] for n in names},
        )
        request.context["timestamp"] = self.headers["x-amz-date"]
        auth = S3SigV4Auth(Credentials("key", SECRET), "s3", "ca-central-1")
        canonical = auth.canonical_request(request)
        expected = auth.signature(auth.string_to_sign(request, canonical), request)
        is_right = given.endswith(f"Signature={expected}")
        claimed = self.headers["x-amz-content-sha256"]
        return is_right and claimed == hashlib.sha256(body).hexdigest()

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if not self._is_signed(body):
            self.refused.append(self.path)
            self._answer(403)
        elif self.command == "PUT":
            self.objects[self.path] = body
            self._answer(200)
        elif self.command == "DELETE":
            self.objects.pop(self.path, None)
            self._answer(204)
        elif self.path not in self.objects:
            self._answer(404)
        elif self.command == "HEAD":
            self._answer(200)
        else:
            first, _, last = self.headers["range"].removeprefix("bytes=").partition("-")
            self._answer(206, self.objects[self.path][int(first) : int(last) + 1])

    do_GET = do_PUT = do_HEAD = do_DELETE = _handle  # noqa: N815 - the names that http.server calls

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def store() -> Iterator[S3Store]:
    Bucket.objects, Bucket.refused = {}, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings = S3Settings(
        f"http://127.0.0.1:{server.server_port}", "civic-files", "ca-central-1", "key", SECRET, "blobs/"
    )
    with httpx.Client() as http:
        yield S3Store(settings, http)
    server.shutdown()
    server.server_close()
    thread.join()


def test_bytes_go_in_come_out_in_parts_and_go(store: S3Store, tmp_path: Path) -> None:
    body = b"0123456789" * 100_000
    digest = hashlib.sha256(body).hexdigest()
    (tmp_path / "x").write_bytes(body)
    assert not store.exists(digest)
    store.put(digest, tmp_path / "x")
    store.put(digest, tmp_path / "x")
    assert store.exists(digest)
    assert b"".join(store.read(digest, 0, len(body))) == body
    assert b"".join(store.read(digest, 5, 10)) == b"5678901234"
    assert b"".join(store.read(digest, 0, 0)) == b""
    store.delete(digest)
    assert not store.exists(digest)
    with pytest.raises(FileMissing):
        store.read(digest, 0, 1)
    assert Bucket.refused == []


def test_a_wrong_secret_or_a_server_that_is_away_is_unavailable(store: S3Store, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    wrong = S3Store(S3Settings(**{**store._settings.__dict__, "secret_key": "other"}), store._http)
    with pytest.raises(Unavailable):
        wrong.exists("a" * 64)
    away = S3Store(S3Settings(**{**store._settings.__dict__, "endpoint": "http://127.0.0.1:9"}), store._http)
    with pytest.raises(Unavailable):
        away.put("a" * 64, tmp_path / "x")
    with pytest.raises(Unavailable):
        away.read("a" * 64, 0, 1)
