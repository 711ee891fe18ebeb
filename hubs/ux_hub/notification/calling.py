"""Calling addresses that strangers gave us: signed (Standard Webhooks), and never into our own network."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.client
import secrets
import socket
import ssl
import threading
import time
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from shared.core.errors import Invalid

_MAX_ANSWER = 64 * 1024


class TargetRefused(Exception):
    """The address leads where webhooks may not go."""


class Called(NamedTuple):
    """What an address answered; status 0: nothing."""

    status: int
    error: str
    milliseconds: int
    retry_after_s: int = 0


def new_secret() -> str:
    """Return a fresh signing secret."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the ``v1`` signature of a message under one secret."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def signed_headers(secrets_: list[str], message_id: str, body: bytes) -> dict[str, str]:
    """Return the headers of Standard Webhooks; each current secret signs."""
    timestamp = int(time.time())
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(s, message_id, timestamp, body) for s in secrets_),
        "Content-Type": "application/json",
    }


def is_public(address: str) -> bool:
    """Tell whether an address is on the open internet: not loopback, private, link-local or reserved."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    teredo = getattr(found, "teredo", None)
    if mapped is not None:
        return is_public(str(mapped))
    if teredo is not None or (found.version == 6 and str(found).startswith("64:ff9b:")):
        return False
    is_special = found.is_multicast or found.is_reserved or getattr(found, "is_site_local", False)
    return found.is_global and not is_special


def resolve(host: str, port: int, *, allow_private: bool) -> str:
    """Return one address of a host; every one of them must be public unless private ones are allowed.

    Raises: TargetRefused; OSError when the name has no address.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if not allow_private and not all(is_public(address) for address in addresses):
        raise TargetRefused(f"{host} is not on the open internet")
    return addresses[0]


def check_url(url: str, *, allow_private: bool) -> None:
    """Refuse an address that could never be called.

    Raises: Invalid.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.password:
        raise Invalid("a webhook is an https address without a user")
    if parts.scheme != "https" and not allow_private:
        raise Invalid("a webhook is an https address")
    try:
        resolve(parts.hostname, parts.port or 443, allow_private=allow_private)
    except TargetRefused as error:
        raise Invalid(str(error)) from None
    except (OSError, UnicodeError):
        raise Invalid(f"{parts.hostname} has no address") from None


class _Pinned(http.client.HTTPConnection):
    """Connects to the address that was checked: a name that is resolved twice may answer twice."""

    def __init__(self, host: str, port: int, address: str, timeout_s: float, *, is_tls: bool) -> None:
        super().__init__(host, port, timeout=timeout_s)
        self._address = address
        self.is_cut = False
        self._is_tls = is_tls

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        if self._is_tls:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(plain, server_hostname=self.host)
        else:
            self.sock = plain

    def cut(self) -> None:
        """End it, whatever it is doing."""
        self.is_cut = True
        if self.sock is not None:
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)


def call(url: str, body: bytes, headers: dict[str, str], timeout_s: float, *, allow_private: bool) -> Called:
    """POST to an address and return what it answered; redirects are not followed."""
    began = time.perf_counter()
    parts = urlsplit(url)
    host = parts.hostname or ""
    is_tls = parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    status, error, retry_after = 0, "", 0
    try:
        address = resolve(host, port, allow_private=allow_private)
        connection = _Pinned(host, port, address, timeout_s, is_tls=is_tls)
        # The socket's own limit is for one silence: a byte now and then would hold us for hours.
        deadline = threading.Timer(timeout_s, connection.cut)
        deadline.daemon = True
        deadline.start()
        try:
            path = parts.path or "/"
            target = f"{path}?{parts.query}" if parts.query else path
            connection.request("POST", target, body, {"User-Agent": "OpenPolicy-Webhooks/1", **headers})
            answer = connection.getresponse()
            if connection.is_cut:
                # To the parser, a head that ends early is a head.
                raise TimeoutError(f"no whole answer within {timeout_s:g} s")
            status = answer.status
            text = answer.getheader("Retry-After") or ""
            retry_after = int(text) if text.isdigit() else 0
            answer.read(_MAX_ANSWER)
        finally:
            deadline.cancel()
            connection.close()
    except (OSError, http.client.HTTPException, TargetRefused, UnicodeError) as problem:
        error = f"{type(problem).__name__}: {problem}"[:300]
    return Called(status, error, round((time.perf_counter() - began) * 1e3), retry_after)
