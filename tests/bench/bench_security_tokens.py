"""Verifying access tokens in a hub: tokens per second, new and seen before, beside the bare signature check."""

from __future__ import annotations

import base64
import threading
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from joserfc import jwt
from joserfc.jwk import ECKey

from shared.auth import TokenVerifier
from shared.settings import AuthSettings

TOKENS = 3_000
ISSUER = "https://id.example.org"


def tokens(key: ECKey) -> list[str]:
    """Return different tokens, as different people would bring them."""
    now = int(time.time())
    head = {"alg": "ES256", "typ": "at+jwt", "kid": "k"}
    body = {
        "iss": ISSUER,
        "aud": ["openpolicy"],
        "iat": now,
        "exp": now + 3_600,
        "kind": "user",
        "client_id": "app",
    }
    scope = "openid profile email data:read subscriptions:write"
    return [
        jwt.encode(
            head, {**body, "sub": f"user-{n}", "jti": str(n), "scope": scope}, key, algorithms=["ES256"]
        )
        for n in range(TOKENS)
    ]


def rate(count: int, began: float) -> str:
    """Return a rate in words."""
    return f"{count / (time.perf_counter() - began):12,.0f} tokens/s"


def main() -> None:
    """Print the rates."""
    key = ECKey.generate_key("P-256", {"kid": "k"}, private=True)
    made = tokens(key)
    public = key.as_dict(private=False)
    raw = ec.EllipticCurvePublicNumbers(
        *(int.from_bytes(base64.urlsafe_b64decode(public[c] + "=="), "big") for c in ("x", "y")),
        ec.SECP256R1(),
    ).public_key()
    parts = []
    for token in made:
        signed, _, signature = token.rpartition(".")
        both = base64.urlsafe_b64decode(signature + "==")
        r, s = int.from_bytes(both[:32], "big"), int.from_bytes(both[32:], "big")
        parts.append((utils.encode_dss_signature(r, s), signed.encode()))
    began = time.perf_counter()
    for signature, signed in parts:
        raw.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
    print(f"   bare ECDSA check, one thread       {rate(TOKENS, began)}")
    verifier = TokenVerifier(ISSUER, AuthSettings(), lambda: {"keys": [public]})
    began = time.perf_counter()
    for token in made:
        verifier.verify(token)
    print(f"   a hub's verifier, new tokens       {rate(TOKENS, began)}")
    began = time.perf_counter()
    for _ in range(20):
        for token in made:
            verifier.verify(token)
    print(f"   a hub's verifier, seen before      {rate(20 * TOKENS, began)}")
    began = time.perf_counter()
    threads = [threading.Thread(target=lambda: [verifier.verify(t) for t in made]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"   the same from four threads         {rate(4 * TOKENS, began)}")


if __name__ == "__main__":
    main()
