"""What every hub client does with redirects: reads follow them, writes do not."""

from __future__ import annotations

import httpx
import pytest

from shared.clients.base import HubClient
from shared.clients.data_hub import DataHubClient
from shared.core.errors import BadGateway, Unavailable

BASE = "http://data.test"


class Token:
    def get(self) -> str:
        return "secret"

    def forget(self) -> None:
        """Nothing is kept."""


def client(answers: dict[str, httpx.Response], seen: list[httpx.Request]) -> DataHubClient:
    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answers[str(request.url).removeprefix(BASE)]

    return DataHubClient(BASE, httpx.Client(transport=httpx.MockTransport(answer)), Token())


def test_a_merged_record_is_read_where_it_has_moved() -> None:
    seen: list[httpx.Request] = []
    data = client(
        {
            "/api/v1/people/old?lang=fr": httpx.Response(
                308, headers={"Location": "/api/v1/people/new?lang=fr"}
            ),
            "/api/v1/people/new?lang=fr": httpx.Response(200, json={"id": "new"}),
        },
        seen,
    )
    assert data.get("people", "old", lang="fr") == {"id": "new"}
    assert [r.headers["authorization"] for r in seen] == ["Bearer secret"] * 2


def test_a_redirect_to_another_host_is_not_told_the_token() -> None:
    seen: list[httpx.Request] = []
    data = client(
        {
            "/api/v1/people/old": httpx.Response(
                308, headers={"Location": "http://elsewhere.test/people/new"}
            ),
            "http://elsewhere.test/people/new": httpx.Response(200, json={}),
        },
        seen,
    )
    data.get("people", "old")
    assert "authorization" not in seen[1].headers


def test_redirects_that_never_end_are_an_error() -> None:
    loop = {"/api/v1/people/a": httpx.Response(308, headers={"Location": "/api/v1/people/a"})}
    with pytest.raises(Unavailable):
        client(loop, []).get("people", "a")


def test_a_write_that_is_sent_elsewhere_is_an_error_and_not_repeated() -> None:
    seen: list[httpx.Request] = []
    moved = {"/api/v1/batches": httpx.Response(308, headers={"Location": "/api/v2/batches"})}
    with pytest.raises(BadGateway):
        client(moved, seen).request("POST", "/api/v1/batches", json={}, idempotency_key="k")
    assert len(seen) == 1


def test_an_answer_that_nothing_changed_is_no_redirect() -> None:
    hub = HubClient(BASE, httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(304))), None)
    assert hub.send("GET", "/x").status_code == 304
