"""``python -m tests.fuzz [HUB...]``: no request, however odd, makes a hub answer 500.

Schemathesis reads each hub's OpenAPI document and sends what fits it, what nearly fits it and what does not, as an
administrator, so that validation and not the lack of a right is what refuses. Bounded: ``EXAMPLES`` requests for each
operation of a platform of its own, on loopback.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

from services.cli.components import HUB_PORTS
from shared.testing.platform import Platform

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "12"))
_SECONDS = 900
# Streams do not end by themselves; the others take away what the next request needs.
_LEFT_OUT = r"stream|events|logout|me/delete|/password|signing-keys|/sessions|/users/"


def main(hubs: list[str]) -> int:
    """Start a platform, try each hub, return how many had an operation that failed."""
    failed = []
    with tempfile.TemporaryDirectory(prefix="op-fuzz-") as folder:
        platform = Platform(Path(folder) / "op")
        try:
            platform.start()
            for name, at in HUB_PORTS.items():
                if not hubs or name in hubs:
                    url = f"http://127.0.0.1:{platform.base + at}"
                    print(f"\n== {name}_hub", flush=True)
                    if _try(url, _token(platform)) != 0:
                        failed.append(name)
        finally:
            platform.stop()
    print("failed: " + ", ".join(failed) if failed else "no operation failed")
    return len(failed)


def _token(platform: Platform) -> str:
    login, password = (platform.data_dir / "admin-password").read_text().split()
    url = f"http://127.0.0.1:{platform.base + HUB_PORTS['security']}/api/v1/auth/login"
    answer = httpx.post(url, json={"login": login, "password": password}, trust_env=False, timeout=30)
    return str(answer.raise_for_status().json()["access_token"])


def _try(url: str, token: str) -> int:
    command = [
        str(Path(sys.executable).parent / "schemathesis"), "run", f"{url}/openapi.json", "--url", url,
        "--header", f"Authorization: Bearer {token}", "--checks", "not_a_server_error",
        "--phases", "examples,fuzzing", "--max-examples", str(EXAMPLES), "--seed", "1",
        "--request-timeout", "10", "--exclude-path-regex", _LEFT_OUT, "--no-color",
    ]  # fmt: skip
    return subprocess.run(command, check=False, timeout=_SECONDS).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
