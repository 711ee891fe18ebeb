"""Keys rotate under load without one refused request, and secrets rest sealed."""

from __future__ import annotations

import threading
import time

import httpx
import pytest
from sqlalchemy import text

from hubs.security_hub.keys.service import KeyRing
from hubs.security_hub.vault.errors import CannotOpen
from hubs.security_hub.vault.service import Vault
from shared.auth import TokenVerifier, fetch_keys_over_http
from shared.core.errors import Unauthorized
from shared.db.session import transaction


def test_tokens_verify_without_a_gap_while_keys_rotate(open_hub) -> None:
    hub = open_hub(
        keys={"rotate_after_s": 1.0, "publish_ahead_s": 1.5, "overlap_s": 6.0, "refresh_s": 0.1},
        auth={"jwks_max_age_s": 1.0, "leeway_s": 10},
        tokens={"service_s": 10},
    )
    verifier = TokenVerifier(
        hub.url, hub.settings.auth, fetch_keys_over_http(httpx.Client(trust_env=False), hub.url)
    )
    refused: list[str] = []
    held: list[tuple[float, str]] = []
    stop = time.monotonic() + 8
    count = 0
    while time.monotonic() < stop:
        token = hub.client_token("hub:data")
        held.append((time.monotonic(), token))
        for at, old in held[:: max(1, len(held) // 5)]:
            if time.monotonic() - at < 4:
                try:
                    verifier.verify(old)
                    count += 1
                except Unauthorized as error:
                    refused.append(error.detail)
        time.sleep(0.02)
    assert refused == []
    assert count > 100
    states = [
        key["state"] for key in hub.http.get("/api/v1/signing-keys", headers=hub.bearer()).json()["data"]
    ]
    assert states.count("signing") == 1
    assert len(states) >= 4


def test_the_next_key_is_published_before_it_signs(open_hub) -> None:
    hub = open_hub(keys={"publish_ahead_s": 3_600, "refresh_s": 0.0})
    before = hub.http.get("/.well-known/jwks.json").json()["keys"]
    made = hub.http.post("/api/v1/signing-keys/rotate", headers=hub.bearer()).json()
    published = [key["kid"] for key in hub.http.get("/.well-known/jwks.json").json()["keys"]]
    assert made["state"] == "next"
    assert published == [made["kid"], before[0]["kid"]]
    assert hub.resources.get(KeyRing).signer().kid == before[0]["kid"]
    again = hub.http.post("/api/v1/signing-keys/rotate", headers=hub.bearer()).json()
    assert again["kid"] == made["kid"]


def test_the_published_set_holds_no_private_half(hub) -> None:
    for key in hub.http.get("/.well-known/jwks.json").json()["keys"]:
        assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
        assert (key["use"], key["alg"]) == ("sig", "ES256")


def test_two_processes_that_start_together_share_one_key(open_hub, embedded_databases, tmp_path) -> None:
    hub = open_hub()
    vault = hub.resources.get(Vault)
    rings = [KeyRing(hub.resources.sessionmaker, vault, hub.settings.keys) for _ in range(4)]
    with transaction(hub.resources.sessionmaker) as session:
        session.execute(text("DELETE FROM security.signing_keys"))
    threads = [threading.Thread(target=ring.refresh) for ring in rings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({ring.signer().kid for ring in rings}) == 1


def test_private_keys_and_secrets_are_not_readable_in_the_database(hub) -> None:
    with transaction(hub.resources.sessionmaker) as session:
        rows = session.execute(text("SELECT sealed_private FROM security.signing_keys")).scalars().all()
    assert rows
    assert all(row.startswith("s1.") and "PRIVATE" not in row for row in rows)


def test_a_sealed_value_opens_for_its_own_context_only(hub) -> None:
    vault = hub.resources.get(Vault)
    sealed = vault.seal(b"a secret", "row:1")
    assert vault.open(sealed, "row:1") == b"a secret"
    flipped = sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:]
    for wrong, context in [
        (sealed, "row:2"),
        (flipped, "row:1"),
        ("s1.999.AAAA", "row:1"),
        ("junk", "row:1"),
    ]:
        with pytest.raises(CannotOpen):
            vault.open(wrong, context)


def test_sealing_keys_rotate_and_old_values_still_open(hub) -> None:
    vault = hub.resources.get(Vault)
    old = vault.seal(b"before", "x")
    number = vault.rotate()
    assert vault.seal(b"after", "x").startswith(f"s1.{number}.")
    assert vault.open(old, "x") == b"before"
    assert not vault.is_current(old)


def test_another_root_secret_opens_nothing_until_the_former_one_is_named(hub) -> None:
    sessions = hub.resources.sessionmaker
    first = Vault(b"first root secret", sessions)
    with transaction(sessions) as session:
        session.execute(text("CREATE TABLE security.kept AS SELECT * FROM security.sealing_keys"))
        session.execute(text("DELETE FROM security.sealing_keys"))
    try:
        first.open_keys()
        sealed = first.seal(b"a secret", "x")
        with pytest.raises(CannotOpen, match="OP_PREVIOUS_SECRET"):
            Vault(b"second root secret", sessions).open_keys()
        changed = Vault(b"second root secret", sessions, previous=b"first root secret")
        changed.open_keys()
        alone = Vault(b"second root secret", sessions)
        alone.open_keys()
        assert alone.open(sealed, "x") == b"a secret"
    finally:
        with transaction(sessions) as session:
            session.execute(text("DELETE FROM security.sealing_keys"))
            session.execute(text("INSERT INTO security.sealing_keys SELECT * FROM security.kept"))
            session.execute(text("DROP TABLE security.kept"))
