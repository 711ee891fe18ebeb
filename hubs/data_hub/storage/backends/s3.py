"""Bytes in an S3 bucket (or what speaks its protocol), over the hub's own HTTP client.

Requests are signed with AWS Signature Version 4 (Signing AWS API requests, docs.aws.amazon.com); the hash of
the payload, which the signature needs, is the name of the blob.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx

from hubs.data_hub.storage.errors import FileMissing
from shared.core.errors import Unavailable

_EMPTY = hashlib.sha256(b"").hexdigest()
_CHUNK_BYTES = 256 * 1024
_PUT_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class S3Settings:
    """Where the bucket is, and who may use it."""

    endpoint: str
    bucket: str
    region: str
    access_key: str
    secret_key: str
    prefix: str = ""


def sign(
    method: str, url: str, headers: Mapping[str, str], payload_hash: str, settings: S3Settings, now: datetime
) -> dict[str, str]:
    """Return the headers of a request with its date, payload hash and signature added."""
    moment = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    day = moment[:8]
    split = urlsplit(url)
    signed = {
        **{name.lower(): " ".join(value.split()) for name, value in headers.items()},
        "host": split.netloc,
        "x-amz-content-sha256": payload_hash,
        "x-amz-date": moment,
    }
    names = ";".join(sorted(signed))
    canonical = "\n".join(
        (
            method,
            quote(split.path or "/", safe="/-_.~%"),
            split.query,
            *(f"{name}:{signed[name]}" for name in sorted(signed)),
            "",
            names,
            payload_hash,
        )
    )
    scope = f"{day}/{settings.region}/s3/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}"
    key = f"AWS4{settings.secret_key}".encode()
    for part in (day, settings.region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    credential = f"{settings.access_key}/{scope}"
    signed["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    )
    return signed


class S3Store:
    """A bucket of blobs, addressed by path (``endpoint/bucket/key``)."""

    def __init__(self, settings: S3Settings, http: httpx.Client) -> None:
        self._settings = settings
        self._http = http

    def put(self, sha256: str, source: Path) -> None:
        """Keep the bytes of a file."""
        if self.exists(sha256):
            return
        size = source.stat().st_size
        headers = {"content-length": str(size)}
        with source.open("rb") as file:
            self._send("PUT", sha256, headers, sha256, content=iter(lambda: file.read(_CHUNK_BYTES), b""))

    def read(self, sha256: str, start: int, length: int) -> Iterator[bytes]:
        """Yield a part of the bytes, as it arrives."""
        if length <= 0:
            return iter(())
        url = self._url(sha256)
        headers = sign(
            "GET",
            url,
            {"range": f"bytes={start}-{start + length - 1}"},
            _EMPTY,
            self._settings,
            datetime.now(UTC),
        )
        request = self._http.build_request("GET", url, headers=headers)
        try:
            response = self._http.send(request, stream=True)
        except httpx.HTTPError as error:
            raise Unavailable(f"the file store does not answer: {error}") from error
        if response.status_code not in (200, 206):
            response.close()
            raise _refusal(response.status_code)
        return _body(response)

    def exists(self, sha256: str) -> bool:
        """Tell whether the bytes are there."""
        try:
            self._send("HEAD", sha256, {}, _EMPTY)
        except FileMissing:
            return False
        return True

    def delete(self, sha256: str) -> None:
        """Forget the bytes."""
        self._send("DELETE", sha256, {}, _EMPTY)

    def _url(self, sha256: str) -> str:
        s = self._settings
        return f"{s.endpoint.rstrip('/')}/{s.bucket}/{s.prefix}{sha256[:2]}/{sha256}"

    def _send(
        self,
        method: str,
        sha256: str,
        headers: Mapping[str, str],
        payload_hash: str,
        content: Iterator[bytes] | None = None,
    ) -> None:
        url = self._url(sha256)
        signed = sign(method, url, headers, payload_hash, self._settings, datetime.now(UTC))
        try:
            response = self._http.request(
                method, url, headers=signed, content=content, timeout=_PUT_TIMEOUT_S
            )
        except httpx.HTTPError as error:
            raise Unavailable(f"the file store does not answer: {error}") from error
        if response.status_code >= 300:
            raise _refusal(response.status_code)


def _refusal(status: int) -> FileMissing | Unavailable:
    if status == 404:
        return FileMissing("the bytes of this file are gone")
    return Unavailable(f"the file store answered {status}")


def _body(response: httpx.Response) -> Iterator[bytes]:
    try:
        yield from response.iter_raw(_CHUNK_BYTES)
    except httpx.HTTPError as error:
        raise Unavailable(f"the file store broke off: {error}") from error
    finally:
        response.close()
