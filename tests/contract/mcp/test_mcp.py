"""The official client against the real server, over HTTP in both generations of the protocol, and over stdio."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp.client import Client
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken

from shared.settings import HubSettings, derive_secret
from shared.testing.platform import Platform

QUESTIONS = tomllib.loads(Path(__file__).with_name("questions.toml").read_text())["question"]
MAX_CALLS, MAX_TOKENS, CHARS_PER_TOKEN = 3, 4_000, 3
TOOLS = {
    "search", "get_bill", "list_bills", "votes", "get_member", "voting_record", "who_represents", "find_debates",
    "list_meetings", "compare_members", "coverage", "changes_since", "read_more",
}  # fmt: skip


def over_http(
    installation: Platform, token: str, work: Callable[[Client], Awaitable[Any]], mode: str = "auto"
) -> Any:
    async def run() -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            create_mcp_http_client(headers=headers) as http,
            Client(streamable_http_client(f"{installation.url}/mcp", http_client=http), mode=mode) as client,
        ):
            return await work(client)

    return asyncio.run(run())


def over_stdio(installation: Platform, work: Callable[[Client], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        environment = {**os.environ, "OP_HUBS__DATA": f"http://127.0.0.1:{installation.base + 2}"}
        server = StdioServerParameters(
            command=sys.executable, args=["-m", "services.cli", "mcp"], env=environment
        )
        async with Client(server) as client:
            return await work(client)

    return asyncio.run(run())


async def look(client: Client) -> dict[str, Any]:
    tools = (await client.list_tools()).tools
    templates = (await client.list_resource_templates()).resource_templates
    bill = await client.read_resource("openpolicy://bills/45-1-c-11")
    prompt = await client.get_prompt("explain_bill", {"bill": "C-11", "language": "fr"})
    answer = await client.call_tool("get_bill", {"bill": "C-11"})
    missing = await client.call_tool("get_bill", {"bill": "C-9999"})
    wrong = await client.call_tool("votes", {"since": "yesterday"})
    return {
        "tools": tools,
        "templates": {template.uri_template for template in templates},
        "bill": json.loads(bill.contents[0].text),
        "prompt": prompt.messages[0].content.text,
        "answer": answer,
        "missing": missing,
        "wrong": wrong,
        "version": client.protocol_version,
    }


def check(seen: dict[str, Any]) -> None:
    assert {tool.name for tool in seen["tools"]} == TOOLS
    assert 8 <= len(seen["tools"]) <= 13
    for tool in seen["tools"]:
        assert tool.annotations.read_only_hint is True
        assert tool.output_schema is not None
        assert tool.description
    assert seen["templates"] == {
        "openpolicy://bills/{bill}",
        "openpolicy://votes/{vote}",
        "openpolicy://members/{member}",
    }
    assert seen["bill"]["bill"]["number"] == "C-11"
    assert "C-11" in seen["prompt"]
    assert "français" in seen["prompt"] or "language=fr" in seen["prompt"]
    facts = seen["answer"].structured_content
    assert facts["sources"][0]["url"].startswith("https://www.parl.ca/legisinfo/")
    assert facts["sources"][0]["retrieved_at"].endswith("Z")
    assert "of these jurisdictions and no others" in facts["coverage_note"]
    assert seen["missing"].is_error
    assert "C-9999" in seen["missing"].content[0].text
    assert seen["wrong"].is_error


@pytest.mark.parametrize(("mode", "version"), [("auto", "2026-07-28"), ("legacy", "2025-11-25")])
def test_the_client_works_over_http_in_both_generations(
    installation: Platform, token: str, mode: str, version: str
) -> None:
    seen = over_http(installation, token, look, mode)
    check(seen)
    assert seen["version"] == version


def test_the_client_works_over_standard_input_and_output(installation: Platform) -> None:
    check(over_stdio(installation, look))


def test_the_clients_own_oauth_finds_its_way_from_the_401_to_a_token(installation: Platform) -> None:
    class Storage:
        tokens: OAuthToken | None = None
        info: OAuthClientInformationFull | None = None

        async def get_tokens(self) -> OAuthToken | None:
            return self.tokens

        async def set_tokens(self, tokens: OAuthToken) -> None:
            self.tokens = tokens

        async def get_client_info(self) -> OAuthClientInformationFull | None:
            return self.info

        async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
            self.info = client_info

    async def run() -> tuple[str, bool]:
        secret = derive_secret(HubSettings(data_dir=installation.data_dir), "client:hub:ux")
        storage, url = Storage(), f"{installation.url}/mcp"
        provider = ClientCredentialsOAuthProvider(
            url, storage, "hub:ux", secret, issuer=f"http://127.0.0.1:{installation.base + 1}"
        )
        async with (
            create_mcp_http_client(auth=provider) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            answer = await client.call_tool("coverage", {})
            assert storage.tokens is not None
            return storage.tokens.access_token, bool(answer.is_error)

    access_token, is_error = asyncio.run(run())
    assert access_token.count(".") == 2
    assert not is_error


def test_without_a_token_the_answer_says_where_to_get_one(installation: Platform) -> None:
    refused = httpx.post(f"{installation.url}/mcp", json={})
    assert refused.status_code == 401
    metadata_url = f"{installation.url}/.well-known/oauth-protected-resource/mcp"
    assert f'resource_metadata="{metadata_url}"' in refused.headers["www-authenticate"]
    metadata = httpx.get(metadata_url).json()
    assert metadata["resource"] == f"{installation.url}/mcp"
    assert metadata["scopes_supported"] == ["data:read"]
    bad = httpx.post(f"{installation.url}/mcp", json={}, headers={"Authorization": "Bearer a.b.c"})
    assert 'error="invalid_token"' in bad.headers["www-authenticate"]
    assert "resource_metadata=" in bad.headers["www-authenticate"]


def test_a_token_without_the_scope_and_a_page_of_another_site_are_refused(
    installation: Platform, token: str
) -> None:
    secret = derive_secret(HubSettings(data_dir=installation.data_dir), "client:hub:ux")
    form = {"grant_type": "client_credentials", "scope": "audit:write"}
    other = httpx.post(f"{installation.url}/oauth/token", data=form, auth=("hub:ux", secret)).json()[
        "access_token"
    ]
    narrow = httpx.post(f"{installation.url}/mcp", json={}, headers={"Authorization": f"Bearer {other}"})
    assert narrow.status_code == 403
    assert 'error="insufficient_scope"' in narrow.headers["www-authenticate"]
    bearer = {"Authorization": f"Bearer {token}"}
    # The second is a page whose name was pointed at us: it sends its own name as Host.
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "http://evil.example", "Host": "evil.example"},
    ):
        refused = httpx.post(f"{installation.url}/mcp", json={}, headers={**bearer, **headers})
        assert refused.status_code == 403
    own = {**bearer, "Origin": installation.url}
    assert httpx.post(f"{installation.url}/mcp", json={}, headers=own).status_code == 400


def test_a_cut_answer_goes_on_where_it_ended(installation: Platform, token: str) -> None:
    async def walk(client: Client) -> list[str]:
        found, arguments = [], {"session": "45-1", "limit": 4}
        answer = (await client.call_tool("list_bills", arguments)).structured_content
        while True:
            found += [bill["id"] for bill in answer["bills"]]
            if not answer["more"]:
                return found
            answer = (await client.call_tool("read_more", {"handle": answer["more"]})).structured_content

    bills = over_http(installation, token, walk)
    assert len(bills) == len(set(bills)) == 21


def test_fifty_questions_are_answered_within_three_calls_and_four_thousand_tokens(
    installation: Platform, token: str
) -> None:
    async def ask(client: Client) -> list[str]:
        failed = []
        for question in QUESTIONS:
            texts = []
            for call in question["calls"]:
                answer = await client.call_tool(call["tool"], call["arguments"])
                facts = answer.structured_content
                texts.append(
                    json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
                    if facts
                    else answer.content[0].text
                )
            said = "\n".join(texts)
            missing = [part for part in question["expect"] if part not in said]
            if missing or len(texts) > MAX_CALLS or len(said) / CHARS_PER_TOKEN > MAX_TOKENS:
                failed.append(f"{question['ask']}: {missing} in {said[:300]}")
        return failed

    assert len(QUESTIONS) == 50
    assert over_http(installation, token, ask) == []


def test_every_call_is_in_the_audit_log(installation: Platform, token: str) -> None:
    async def call(client: Client) -> None:
        await client.call_tool("coverage", {})

    over_http(installation, token, call)
    secret = derive_secret(HubSettings(data_dir=installation.data_dir), "client:cli")
    form = {"grant_type": "client_credentials"}
    reader = httpx.post(f"{installation.url}/oauth/token", data=form, auth=("cli", secret)).json()[
        "access_token"
    ]
    deadline = time.monotonic() + 30
    while True:
        found = httpx.get(
            f"{installation.url}/api/v1/audit/entries",
            params={"action": "mcp_tool.called"},
            headers={"Authorization": f"Bearer {reader}"},
        )
        rows = found.json().get("data", [])
        if rows or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    assert rows, found.text
    assert rows[0]["target"] == "coverage"
    assert rows[0]["actor"].startswith(("hub:ux", "client:"))
