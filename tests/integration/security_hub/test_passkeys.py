"""Passkeys, with an authenticator written for the test (WebAuthn level 3, ES256, attestation none)."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import struct
from typing import Any

import cbor2
import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PASSWORD = "vermilion-otter-42-canoe"


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authenticator:
    """One resident credential, as a phone would keep it."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(32)
        self.count = 0
        self.handle = b""

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _data(self, rp_id: str, *, is_verified: bool, attested: bytes = b"") -> bytes:
        self.count += 1
        flags = 1 | (4 if is_verified else 0) | (64 if attested else 0)
        return hashlib.sha256(rp_id.encode()).digest() + struct.pack(">BI", flags, self.count) + attested

    def create(self, options: dict[str, Any], *, is_verified: bool = True) -> dict[str, Any]:
        self.handle = raw(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + cbor2.dumps(cose)
        data = self._data(options["rp"]["id"], is_verified=is_verified, attested=attested)
        statement = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        response = {
            "clientDataJSON": b64(self._client_data("webauthn.create", options["challenge"])),
            "attestationObject": b64(statement),
        }
        return {"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response}

    def get(self, options: dict[str, Any], *, is_verified: bool = True, rp_id: str = "") -> dict[str, Any]:
        client_data = self._client_data("webauthn.get", options["challenge"])
        data = self._data(rp_id or options["rpId"], is_verified=is_verified)
        signed = data + hashlib.sha256(client_data).digest()
        response = {
            "clientDataJSON": b64(client_data),
            "authenticatorData": b64(data),
            "signature": b64(self.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
            "userHandle": b64(self.handle),
        }
        return {"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response}


def ask(hub) -> dict[str, Any]:
    return hub.http.post("/api/v1/auth/passkeys/login/options").json()


def send(hub, question: dict[str, Any], credential: dict[str, Any]) -> httpx.Response:
    form = {"challenge": question["challenge"], "credential": credential}
    return hub.http.post("/api/v1/auth/passkeys/login", json=form)


def registered(hub, email: str) -> tuple[Authenticator, dict[str, str]]:
    headers = hub.bearer(hub.user(email)["access_token"])
    device = Authenticator(hub.url)
    question = hub.http.post("/api/v1/auth/passkeys/options", headers=headers).json()
    form = {
        "challenge": question["challenge"],
        "name": "Phone",
        "credential": device.create(question["public_key"]),
    }
    answer = hub.http.post("/api/v1/auth/passkeys", json=form, headers=headers)
    assert answer.status_code == 201, answer.text
    return device, headers


def test_a_passkey_signs_in_without_a_password_and_counts_as_two_factors(hub) -> None:
    device, headers = registered(hub, "passkey@example.org")
    question = ask(hub)
    assert question["public_key"].get("allowCredentials", []) == []
    answer = send(hub, question, device.get(question["public_key"]))
    assert answer.status_code == 200, answer.text
    assert answer.json()["user"]["email"] == "passkey@example.org"
    listed = hub.http.get("/api/v1/auth/passkeys", headers=headers).json()["data"]
    assert [key["name"] for key in listed] == ["Phone"]
    assert listed[0]["last_used_at"]


def test_a_question_is_answered_once_even_after_a_failure(hub) -> None:
    device, _ = registered(hub, "passkey-replay@example.org")
    question = ask(hub)
    answer = device.get(question["public_key"])
    assert send(hub, question, answer).status_code == 200
    assert send(hub, question, answer).json()["title"] == "Start again"
    question = ask(hub)
    unverified = device.get(question["public_key"], is_verified=False)
    assert send(hub, question, unverified).json()["title"] == "Passkey refused"
    assert send(hub, question, device.get(question["public_key"])).json()["title"] == "Start again"


def test_an_answer_to_another_question_is_refused(hub) -> None:
    device, _ = registered(hub, "passkey-swap@example.org")
    first, second = ask(hub), ask(hub)
    assert send(hub, first, device.get(second["public_key"])).status_code == 401


@pytest.mark.parametrize("fault", ["origin", "site", "signature", "unknown", "person", "counter", "junk"])
def test_a_passkey_is_refused_for(hub, fault: str) -> None:
    device, _ = registered(hub, f"passkey-{fault}@example.org")
    question = ask(hub)
    if fault == "counter":
        assert send(hub, question, device.get(question["public_key"])).status_code == 200
        question = ask(hub)
        device.count = 0
    if fault == "origin":
        device.origin = "https://evil.example"
    if fault == "person":
        device.handle = os.urandom(16)
    answer = device.get(question["public_key"], rp_id="evil.example" if fault == "site" else "")
    if fault == "signature":
        answer["response"]["signature"] = b64(os.urandom(70))
    if fault == "unknown":
        answer["id"] = answer["rawId"] = b64(os.urandom(32))
    if fault == "junk":
        answer = {"id": answer["id"], "response": {"authenticatorData": "%%%"}}
    refused = send(hub, question, answer)
    assert (refused.status_code, refused.json()["title"]) == (401, "Passkey refused")


def test_a_registration_needs_its_own_question_user_verification_and_a_new_key(hub) -> None:
    device, headers = registered(hub, "passkey-register@example.org")
    other = hub.bearer(hub.user("passkey-other@example.org")["access_token"])

    def register(
        asked_by: dict[str, str], sent_by: dict[str, str], device: Authenticator, **options: Any
    ) -> int:
        question = hub.http.post("/api/v1/auth/passkeys/options", headers=asked_by).json()
        form = {
            "challenge": question["challenge"],
            "credential": device.create(question["public_key"], **options),
        }
        return hub.http.post("/api/v1/auth/passkeys", json=form, headers=sent_by).status_code

    assert register(other, headers, Authenticator(hub.url)) == 422
    assert register(headers, headers, Authenticator("https://evil.example")) == 422
    assert register(headers, headers, Authenticator(hub.url), is_verified=False) == 422
    assert register(other, other, device) == 409
    assert register(headers, headers, Authenticator(hub.url)) == 201


def test_a_forgotten_passkey_no_longer_signs_in(hub) -> None:
    device, headers = registered(hub, "passkey-forget@example.org")
    listed = hub.http.get("/api/v1/auth/passkeys", headers=headers).json()["data"]
    assert hub.http.delete(f"/api/v1/auth/passkeys/{listed[0]['id']}", headers=headers).status_code == 204
    question = ask(hub)
    assert send(hub, question, device.get(question["public_key"])).status_code == 401


def test_a_suspended_person_cannot_use_a_passkey(hub) -> None:
    device, headers = registered(hub, "passkey-suspended@example.org")
    me = hub.http.get("/api/v1/auth/me", headers=headers).json()
    hub.http.patch(f"/api/v1/users/{me['id']}", json={"is_active": False}, headers=hub.bearer())
    question = ask(hub)
    assert send(hub, question, device.get(question["public_key"])).status_code == 401


def test_the_page_script_signs_in_with_the_form_secret_only(hub, browser) -> None:
    device, _ = registered(hub, "passkey-page@example.org")
    page = browser.open("/signin")
    csrf = page.forms[0][1]["csrf"]
    assert browser.http.post("/signin/passkey/options", json={}).status_code == 403
    headers = {"X-CSRF-Token": csrf, "Origin": hub.url}
    question = browser.http.post("/signin/passkey/options", json={}, headers=headers).json()
    form = {"challenge": question["challenge"], "credential": device.get(question["public_key"])}
    answer = browser.http.post("/signin/passkey", json=form, headers=headers)
    assert answer.json() == {"next": "/signin/account"}
    assert "passkey-page@example.org" in browser.open("/signin/account").text
