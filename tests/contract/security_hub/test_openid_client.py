"""npm `openid-client` 6: discovery, code and PKCE, ID token, userinfo, refresh, introspection, revocation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from shared.testing.node import node_folder, run_node
from shared.testing.packages import Unobtainable

HERE = Path(__file__).parent
SCRIPT = HERE / "openid_client.mjs"


@pytest.fixture(scope="session")
def node(pytestconfig: pytest.Config) -> Path:
    try:
        return node_folder(pytestconfig.rootpath, HERE.parent / "node" / "security")
    except Unobtainable as missing:
        pytest.skip(str(missing))


def run(
    node: Path, phase: str, hub: Any, client: dict[str, Any], given: Any = None, auth: str = "post"
) -> Any:
    arguments = [phase, hub.url, client["client_id"], client["client_secret"], json.dumps(given)]
    return json.loads(run_node(node, SCRIPT, *arguments, env={"CLIENT_AUTH": auth}))


def walked(
    node: Path, hub: Any, browser: Any, client: dict[str, Any], decision: str = "allow"
) -> dict[str, str]:
    """Let the client begin, and somebody decide in a browser."""
    begun = run(node, "begin", hub, client)
    browser.sign_in()
    page = browser.open(begun["url"].removeprefix(hub.url))
    if browser.left is None:
        browser.submit(page, 0, decision=decision)
    return {**begun, "callback": browser.left}


@pytest.mark.parametrize("auth", ["post", "basic"])
def test_openid_client_completes_every_flow(node, hub, browser, auth: str) -> None:
    client = hub.client()
    begun = walked(node, hub, browser, client)
    done = run(node, "finish", hub, client, begun, auth)
    assert done["claims"]["iss"] == hub.url
    assert done["claims"]["aud"] == client["client_id"]
    assert done["claims"]["nonce"] == begun["nonce"]
    assert done["me"]["email"] == "operator@example.org"
    assert done["me"]["sub"] == done["claims"]["sub"]
    assert done["seen"]["active"]
    assert done["seen"]["scope"] == "openid email profile offline_access"
    assert done["gone"] == {"active": False}
    assert done["reuse"] == "invalid_grant"
    assert urlsplit(done["leave"]).path == "/oauth/logout"
    assert done["machine"]["scope"] == "data:read"


def test_openid_client_understands_refusals(node, hub, browser) -> None:
    client = hub.client()
    begun = walked(node, hub, browser, client, decision="deny")
    assert run(node, "refuse", hub, client, begun) == {"error": "access_denied"}


def test_openid_client_is_refused_with_a_wrong_verifier_and_a_replayed_code(node, hub, browser) -> None:
    client = hub.client()
    begun = walked(node, hub, browser, client)
    assert run(node, "refuse", hub, client, {**begun, "verifier": "x" * 43}) == {"error": "invalid_grant"}
    assert run(node, "refuse", hub, client, begun) == {"error": "invalid_grant"}
