"""A whole installation with the miniature Parliament, and a token for its model context server."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from shared.settings import HubSettings, derive_secret
from shared.testing.platform import Platform


@pytest.fixture(scope="package")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    platform = Platform(tmp_path_factory.mktemp("mcp") / "op")
    try:
        platform.start()
        for source in ("ca-federal-debates", "ca-federal-committees"):
            done = platform.run("scrape", source, "--wait")
            assert done.returncode == 0, done.stderr
        yield platform
    finally:
        platform.stop()


@pytest.fixture(scope="package")
def token(installation: Platform) -> str:
    """A token that the security hub issued for the model context server's address (RFC 8707)."""
    secret = derive_secret(HubSettings(data_dir=installation.data_dir), "client:hub:ux")
    form = {"grant_type": "client_credentials", "scope": "data:read", "resource": f"{installation.url}/mcp"}
    answer = httpx.post(f"{installation.url}/oauth/token", data=form, auth=("hub:ux", secret))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])
