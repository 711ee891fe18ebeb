"""Signing keys that rotate every two seconds under load: requests made, requests refused."""

from __future__ import annotations

import threading
import time

import httpx

from shared.auth import TokenVerifier, fetch_keys_over_http
from shared.core.errors import AppError
from shared.settings import AuthSettings
from tests.bench.security_platform import platform

SECONDS, THREADS = 20, 4


def main() -> None:
    """Print how many tokens were asked for and verified by another hub while keys rotated."""
    environment = {
        "OP_KEYS__ROTATE_AFTER_S": "2",
        "OP_KEYS__PUBLISH_AHEAD_S": "3",
        "OP_KEYS__OVERLAP_S": "10",
        "OP_KEYS__REFRESH_S": "0.2",
        "OP_TOKENS__SERVICE_S": "10",
    }
    with platform(**environment) as where:
        http = httpx.Client(trust_env=False)
        verifier = TokenVerifier(
            where.url, AuthSettings(jwks_max_age_s=1), fetch_keys_over_http(http, where.url)
        )
        counts = {"issued": 0, "verified": 0}
        refused: list[str] = []
        kids: set[str] = set()
        lock = threading.Lock()
        until = time.monotonic() + SECONDS

        def work() -> None:
            held: list[str] = []
            while time.monotonic() < until:
                try:
                    held = [*held[-40:], where.token()]
                    for token in held:
                        verifier.verify(token)
                except (AppError, httpx.HTTPError) as error:
                    refused.append(str(error))
                with lock:
                    counts["issued"] += 1
                    counts["verified"] += len(held)

        threads = [threading.Thread(target=work) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        while time.monotonic() < until:
            keys = where.http.get("/.well-known/jwks.json").json()["keys"]
            kids |= {key["kid"] for key in keys}
            time.sleep(0.25)
        for thread in threads:
            thread.join()
    print(
        f"   {len(kids)} keys in {SECONDS} s: {counts['issued']:,} tokens issued, {counts['verified']:,} verified,"
    )
    print(f"   {len(refused)} refused{': ' + refused[0] if refused else ''}")


if __name__ == "__main__":
    main()
