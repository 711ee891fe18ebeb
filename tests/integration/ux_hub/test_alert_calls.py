"""Webhooks and Web Push: signed, tried again, logged, rotated, replayed, and never into our own network."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from standardwebhooks import Webhook as Verifier

from hubs.ux_hub.notification.calling import call
from shared.core.ids import new_id
from shared.testing.node import node_folder, run_node
from shared.testing.packages import Unobtainable
from shared.testing.processes import wait_until
from tests.integration.ux_hub.alerts import Hub

HERE = Path(__file__).parent


def encode(raw: bytes) -> str:
    """Return base64url without padding, as browsers write it."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class Receiver:
    """A webhook's other end."""

    def __init__(self) -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.calls.append(({k.lower(): v for k, v in self.headers.items()}, body))
                status = receiver.statuses.pop(0) if receiver.statuses else 204
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?a=1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def test_a_webhook_is_signed_tried_again_logged_rotated_and_replayed(hub: Hub, receiver: Receiver) -> None:
    made = hub.client.post(f"{hub.url}/webhooks", json={"url": receiver.url}).json()
    hub.follow("bill", hub.bill, channels=["webhook"])
    receiver.statuses = [500, 302, 200]
    hub.changed("bill", hub.bill, new_id(), title_en="C-11")
    wait_until(lambda: len(receiver.calls) == 3, what="the third attempt")
    for headers, body in receiver.calls:
        told = Verifier(made["secret"]).verify(body, headers)
        assert told["data"]["items"][0]["title_en"] == "C-11"
        assert told["type"] == "openpolicy.alert"
    assert len({headers["webhook-id"] for headers, _ in receiver.calls}) == 1

    def log() -> Any:
        return hub.client.get(f"{hub.url}/webhooks/{made['id']}/attempts").json()["data"]

    wait_until(lambda: [a["status_code"] for a in log()] == [200, 302, 500], what="the log")
    rotated = hub.client.post(f"{hub.url}/webhooks/{made['id']}/rotate").json()
    delivery = log()[0]["delivery_id"]
    assert hub.client.post(f"{hub.url}/deliveries/{delivery}/replay").status_code == 202
    wait_until(lambda: len(receiver.calls) == 4, what="the replay")
    headers, body = receiver.calls[-1]
    for secret in (made["secret"], rotated["secret"]):
        Verifier(secret).verify(body, headers)


def test_a_webhook_that_is_gone_is_switched_off(hub: Hub, receiver: Receiver) -> None:
    made = hub.client.post(f"{hub.url}/webhooks", json={"url": receiver.url}).json()
    receiver.statuses = [410]
    hub.client.post(f"{hub.url}/webhooks/{made['id']}/test")

    def shown() -> Any:
        return hub.client.get(f"{hub.url}/webhooks").json()["data"][0]

    wait_until(lambda: shown()["disabled_at"], what="the switch")
    assert shown()["disabled_reason"] == "410 Gone"

    assert len(hub.deliveries(made["id"], state="dead")) == 1


def test_a_browser_gets_a_push_that_only_it_can_read(hub: Hub, receiver: Receiver) -> None:
    key, secret = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    browser = {"endpoint": receiver.url, "keys": {"p256dh": encode(point), "auth": encode(secret)}}
    assert hub.client.post(f"{hub.url}/push/browsers", json=browser).status_code == 204
    hub.follow("bill", hub.bill, channels=["push"])
    hub.changed("bill", hub.bill, new_id(), title_en="C-11")
    wait_until(lambda: receiver.calls, what="the push")
    headers, body = receiver.calls[0]
    plain = http_ece.decrypt(body, private_key=key, auth_secret=secret, version="aes128gcm")
    assert json.loads(plain)["title"] == "C-11"
    assert headers["authorization"].startswith("vapid t=")
    assert hub.client.get(f"{hub.url}/push/key").json()["public_key"] in headers["authorization"]


@pytest.mark.parametrize("bad", ["http://localhost/x", "ftp://example.org/", "https://user:pw@example.org/"])
def test_addresses_that_are_no_webhook_are_refused(
    hub: Hub, bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.app.state.resources.settings.alerts, "allow_private_targets", False)
    assert hub.client.post(f"{hub.url}/webhooks", json={"url": bad}).status_code == 422


def test_the_npm_library_verifies_what_we_send_and_refuses_what_was_changed(
    hub: Hub, receiver: Receiver, pytestconfig: pytest.Config
) -> None:
    try:
        packages = node_folder(pytestconfig.rootpath, HERE.parents[1] / "contract" / "node" / "ux")
    except Unobtainable as reason:
        pytest.skip(str(reason))
    made = hub.client.post(f"{hub.url}/webhooks", json={"url": receiver.url}).json()
    hub.follow("bill", hub.bill, channels=["webhook"])
    hub.changed("bill", hub.bill, new_id(), title_en="C-11 é ☃")
    wait_until(lambda: receiver.calls, what="the delivery")
    headers, body = receiver.calls[0]
    given = [
        {"secret": made["secret"], "headers": headers, "body": body.decode()},
        {"secret": made["secret"], "headers": headers, "body": body.decode() + " "},
    ]
    told = json.loads(run_node(packages, HERE / "webhook_verify.mjs", json.dumps(given)))
    assert told[0] == "openpolicy.alert"
    assert told[1].startswith("refused")


def test_a_target_that_never_answers_keeps_nobody_else_waiting(hub: Hub, receiver: Receiver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/never"
        slow = hub.client.post(f"{hub.url}/webhooks", json={"url": url}).json()
        for _ in range(2):
            assert hub.client.post(f"{hub.url}/webhooks/{slow['id']}/test").status_code == 202
        fine = hub.client.post(f"{hub.url}/webhooks", json={"url": receiver.url}).json()
        assert hub.client.post(f"{hub.url}/webhooks/{fine['id']}/test").status_code == 202
        wait_until(lambda: receiver.calls, what="the other target's message")
        assert [d["attempts"] for d in hub.deliveries(slow["id"])] == [0, 0]
        hub.client.delete(f"{hub.url}/webhooks/{slow['id']}")


def test_an_answer_that_drips_is_cut_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as dripping:
        is_over = threading.Event()

        def drip() -> None:
            client, _ = dripping.accept()
            with client, contextlib.suppress(OSError):
                client.sendall(b"HTTP/1.1 200 OK\r\nX-A: ")
                while not is_over.wait(0.1):
                    client.sendall(b"b")

        threading.Thread(target=drip, daemon=True).start()
        url = f"http://127.0.0.1:{dripping.getsockname()[1]}/"
        answer = call(url, b"{}", {}, 0.5, allow_private=True)
        is_over.set()
    assert answer.status == 0
    assert answer.error


def test_a_name_that_was_public_when_it_was_given_is_asked_again_before_each_call(
    hub: Hub, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, port = socket.getaddrinfo, receiver.server.server_port
    address = {"now": "93.184.216.34"}

    def resolving(host: Any, *more: Any, **options: Any) -> Any:
        if host == "rebinding.example":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address["now"], port))]
        return real(host, *more, **options)

    monkeypatch.setattr("socket.getaddrinfo", resolving)
    monkeypatch.setattr(hub.app.state.resources.settings.alerts, "allow_private_targets", False)
    url = f"https://rebinding.example:{port}/"
    made = hub.client.post(f"{hub.url}/webhooks", json={"url": url})
    assert made.status_code == 201, made.text
    address["now"] = "127.0.0.1"
    assert "not on the open internet" in call(url, b"{}", {}, 5.0, allow_private=False).error
    assert receiver.calls == []


def browser_keys() -> dict[str, str]:
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    raw = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return {"p256dh": encode(raw), "auth": encode(os.urandom(16))}


def test_keys_that_no_browser_makes_are_refused(hub: Hub) -> None:
    for keys in ({"p256dh": "AAAA", "auth": encode(bytes(16))}, {**browser_keys(), "auth": "é"}):
        browser = {"endpoint": "https://push.example/1", "keys": keys}
        assert hub.client.post(f"{hub.url}/push/browsers", json=browser).status_code == 422
