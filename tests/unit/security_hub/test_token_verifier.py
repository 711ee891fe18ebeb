"""The verifier of every hub: what it believes, what it refuses, and when it asks for keys."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from shared.auth import TokenVerifier
from shared.core.errors import Unauthorized, Unavailable
from shared.settings import AuthSettings

ISSUER = "https://id.example.org"
NOW = 1_800_000_000.0


def key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"}, private=True)


ONE, TWO = key("one"), key("two")


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims(**changes: Any) -> dict[str, Any]:
    body = {
        "iss": ISSUER,
        "sub": "someone",
        "aud": ["openpolicy"],
        "client_id": "app",
        "scope": "data:read",
        "iat": int(NOW),
        "exp": int(NOW) + 60,
        "jti": "1",
        "kind": "user",
    }
    return {name: value for name, value in {**body, **changes}.items() if value is not None}


def token(body: dict[str, Any] | None = None, signer: ECKey = ONE, **header: Any) -> str:
    head = {"alg": "ES256", "typ": "at+jwt", "kid": signer.kid, **header}
    return jwt.encode(head, body or claims(), signer, algorithms=["ES256"])


class Keys:
    """A key source that counts, and may be away."""

    def __init__(self, *keys: ECKey) -> None:
        self.keys = list(keys)
        self.asked = 0
        self.is_away = False

    def __call__(self) -> dict[str, Any]:
        self.asked += 1
        if self.is_away:
            raise Unavailable("away")
        return {"keys": [key.as_dict(private=False) for key in self.keys]}


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def verifier(keys: Keys, clock: Clock | None = None, **settings: Any) -> TokenVerifier:
    return TokenVerifier(ISSUER, AuthSettings(**settings), keys, clock or Clock())


def test_a_good_token_is_believed_and_its_keys_are_asked_for_once() -> None:
    keys = Keys(ONE)
    checked = verifier(keys)
    good = token()
    for _ in range(3):
        assert checked.verify(good).may("data:read")
    assert keys.asked == 1


@pytest.mark.parametrize(
    "bad",
    [
        claims(iss="https://evil.example"),
        claims(iss=None),
        claims(aud="somebody-else"),
        claims(aud=[]),
        claims(exp=int(NOW) - 60),
        claims(exp=None),
        claims(exp="soon"),
        claims(iat=int(NOW) + 600, exp=int(NOW) + 900),
        claims(iat=None),
        claims(sub=None),
        claims(nbf=int(NOW) + 600),
    ],
)
def test_claims_that_do_not_fit_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(Unauthorized):
        verifier(Keys(ONE)).verify(token(bad))


@pytest.mark.parametrize("kind", ["JWT", "id+jwt", "", None])
def test_only_access_tokens_are_access_tokens(kind: str | None) -> None:
    header = {"typ": kind} if kind is not None else {}
    made = jwt.encode({"alg": "ES256", "kid": "one", **header}, claims(), ONE, algorithms=["ES256"])
    with pytest.raises(Unauthorized):
        verifier(Keys(ONE)).verify(made)


def unsigned(header: dict[str, Any], signature: str = "") -> str:
    return f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims()).encode())}.{signature}"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
def test_a_token_without_a_signature_is_refused(algorithm: str) -> None:
    for signature in ("", "AAAA"):
        with pytest.raises(Unauthorized):
            verifier(Keys(ONE)).verify(unsigned({"alg": algorithm, "typ": "at+jwt", "kid": "one"}, signature))


def test_a_public_key_used_as_a_shared_secret_is_refused() -> None:
    public = ONE.as_dict(private=False)
    for secret in (ONE.as_pem(private=False), json.dumps(public).encode(), str(public["x"]).encode()):
        head = {"alg": "HS256", "typ": "at+jwt", "kid": "one"}
        signing = unsigned(head).rpartition(".")[0]
        mac = hmac.new(secret, signing.encode(), hashlib.sha256).digest()
        with pytest.raises(Unauthorized):
            verifier(Keys(ONE)).verify(f"{signing}.{b64(mac)}")


def test_another_kind_of_key_under_a_known_id_is_refused() -> None:
    stranger = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
    made = jwt.encode(
        {"alg": "RS256", "typ": "at+jwt", "kid": "one"}, claims(), stranger, algorithms=["RS256"]
    )
    with pytest.raises(Unauthorized):
        verifier(Keys(ONE)).verify(made)
    weak = jwt.encode(
        {"alg": "HS256", "typ": "at+jwt", "kid": "one"},
        claims(),
        OctKey.import_key("x" * 32),
        algorithms=["HS256"],
    )
    with pytest.raises(Unauthorized):
        verifier(Keys(ONE)).verify(weak)


def test_a_foreign_key_is_refused_whatever_it_calls_itself() -> None:
    stranger = ECKey.generate_key("P-256", {"kid": "one"}, private=True)
    with pytest.raises(Unauthorized):
        verifier(Keys(ONE)).verify(token(signer=stranger))
    for kid in ("two", "../one", "one\x00", "", "' OR 1=1"):
        with pytest.raises(Unauthorized):
            verifier(Keys(ONE)).verify(token(signer=TWO, kid=kid))


def test_a_key_that_comes_with_the_token_is_not_used() -> None:
    stranger = ECKey.generate_key("P-256", {"kid": "one"}, private=True)
    head = {"alg": "ES256", "typ": "at+jwt", "kid": "one", "jwk": stranger.as_dict(private=False)}
    signing = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims()).encode())}"
    made = jwt.encode(
        {"alg": "ES256", "typ": "at+jwt", "kid": "one"}, claims(), stranger, algorithms=["ES256"]
    )
    with pytest.raises(Unauthorized):
        verifier(Keys(ONE)).verify(f"{signing}.{made.rpartition('.')[2]}")


@pytest.mark.parametrize(
    "junk", ["", ".", "..", "a.b.c", "é.é.é", "x" * 9_000, "a" * 40, "\x00.\x00.\x00", "e30.e30."]
)
def test_junk_is_refused_as_junk(junk: str) -> None:
    with pytest.raises(Unauthorized):
        verifier(Keys(ONE)).verify(junk)


def test_a_changed_token_is_refused_although_the_true_one_was_seen() -> None:
    checked = verifier(Keys(ONE))
    good = token()
    checked.verify(good)
    head, body, signature = good.split(".")
    richer = b64(json.dumps(claims(scope="*")).encode())
    with pytest.raises(Unauthorized):
        checked.verify(f"{head}.{richer}.{signature}")
    for at in range(0, len(signature) - 1, 17):
        flipped = signature[:at] + ("A" if signature[at] != "A" else "B") + signature[at + 1 :]
        with pytest.raises(Unauthorized):
            checked.verify(f"{head}.{body}.{flipped}")


def test_a_token_seen_before_still_runs_out() -> None:
    clock = Clock()
    checked = verifier(Keys(ONE), clock, leeway_s=5)
    good = token()
    checked.verify(good)
    clock.now = NOW + 64
    checked.verify(good)
    clock.now = NOW + 66
    with pytest.raises(Unauthorized):
        checked.verify(good)


def test_a_token_seen_before_is_refused_once_its_key_is_gone() -> None:
    keys = Keys(ONE, TWO)
    checked = verifier(keys, jwks_max_age_s=1)
    good = token()
    checked.verify(good)
    keys.keys = [TWO]
    object.__setattr__(checked._held, "fetched_at", -1e9)
    with pytest.raises(Unauthorized):
        checked.verify(good)


def test_keys_once_fetched_stay_good_while_their_source_is_away() -> None:
    keys = Keys(ONE)
    checked = verifier(keys, jwks_max_age_s=1)
    good = token()
    checked.verify(good)
    keys.is_away = True
    object.__setattr__(checked._held, "fetched_at", -1e9)
    assert checked.verify(good).subject == "someone"
    assert checked.verify(token(claims(sub="another"))).subject == "another"
    with pytest.raises(Unavailable):
        verifier(keys).verify(good)


def test_unknown_keys_do_not_make_everybody_ask_all_the_time() -> None:
    keys = Keys(ONE)
    checked = TokenVerifier(ISSUER, AuthSettings(), keys, Clock(), refetch_pause_s=3_600.0)
    checked.verify(token())
    for _ in range(50):
        with pytest.raises(Unauthorized):
            checked.verify(token(signer=TWO))
    assert keys.asked == 1


def test_one_thread_asks_while_the_others_go_on() -> None:
    keys = Keys(ONE)
    checked = verifier(keys, jwks_max_age_s=1)
    good = token()
    checked.verify(good)
    object.__setattr__(checked._held, "fetched_at", -1e9)
    is_asking, may_answer = threading.Event(), threading.Event()

    def slow() -> dict[str, Any]:
        is_asking.set()
        assert may_answer.wait(10)
        return keys()

    checked._fetch_keys = slow
    asking = threading.Thread(target=checked.verify, args=(good,))
    asking.start()
    assert is_asking.wait(10)
    assert checked.verify(good).subject == "someone"
    may_answer.set()
    asking.join(10)
    assert not asking.is_alive()


def test_where_the_keys_are_at_hand_a_new_one_counts_at_once() -> None:
    keys = Keys(ONE)
    near = verifier(keys).with_keys(keys, 5.0)
    near.verify(token())
    keys.keys = [TWO]
    assert near.verify(token(signer=TWO)).subject == "someone"
    with pytest.raises(Unauthorized):
        near.verify(token())
