"""What upstreams get wrong: the job says where and why, nothing imported before changes, the bytes are kept."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from shared.testing.platform import Platform

PLACE = {
    "ca-federal-mps": "*/members/en/search/xml*",
    "ca-federal-votes": "*/members/en/votes/xml*",
    "ca-federal-bills": "*/legisinfo/en/bill/45-1/c-12/json*",
}


@pytest.fixture(scope="module")
def fed(tmp_path_factory) -> Iterator[Platform]:
    found = Platform(tmp_path_factory.mktemp("bad") / "op")
    try:
        found.start()
        yield found
    finally:
        found.stop()


@pytest.fixture
def control(fed: Platform) -> Iterator[httpx.Client]:
    upstream = (fed.data_dir / "run" / "upstream").read_text()
    with httpx.Client(base_url=f"{upstream}/_control", trust_env=False) as client:
        yield client
        client.post("/reset").raise_for_status()
        client.request("DELETE", "/faults").raise_for_status()


def scrape(fed: Platform, source: str, *more: str) -> dict[str, Any]:
    done = fed.run("scrape", source, "--wait", "--json", *more)
    return json.loads(done.stdout) | {"exit": done.returncode}


def rows(fed: Platform) -> dict[str, Any]:
    return {
        name: sorted((row["key"], row["updated_at"]) for row in fed.everything(name))
        for name in ("people", "bills", "votes")
    }


def archived(fed: Platform, job: dict[str, Any]) -> bytes:
    return gzip.decompress((fed.data_dir / job["archive"]["path"]).read_bytes())


@pytest.mark.parametrize("source", sorted(PLACE))
@pytest.mark.parametrize(
    "fault",
    [{"kind": "truncated", "keep": 0.6}, {"kind": "html_error"}, {"kind": "blank"}, {"kind": "entity_bomb"}],
)
def test_a_broken_document_fails_the_job_and_changes_nothing(
    fed: Platform, control: httpx.Client, source: str, fault: dict[str, Any]
) -> None:
    before = rows(fed)
    control.post("/faults", json={"path": PLACE[source], **fault}).raise_for_status()
    job = scrape(fed, source)
    assert job["state"] == "failed"
    assert job["exit"] == 1
    problem = job["problems"][0]
    assert problem["url"].startswith("https://www.")
    assert problem["detail"]
    assert rows(fed) == before
    content = archived(fed, job)
    if fault["kind"] == "html_error":
        assert b"We are sorry" in content
    assert problem["url"].encode() in content


def test_an_empty_list_fails_the_job(fed: Platform, control: httpx.Client) -> None:
    before = rows(fed)
    control.post("/faults", json={"path": PLACE["ca-federal-mps"], "kind": "empty"}).raise_for_status()
    job = scrape(fed, "ca-federal-mps")
    assert job["state"] in {"failed", "quarantined"}
    assert rows(fed) == before


def test_an_unknown_session_fails_the_job(fed: Platform) -> None:
    before = rows(fed)
    job = scrape(fed, "ca-federal-bills", "--session", "99-1")
    assert job["state"] == "failed"
    assert job["problems"][0]["url"]
    assert rows(fed) == before


@pytest.mark.parametrize("style", ["utf8", "latin-1-declared"])
def test_a_wrong_encoding_declaration_is_read_rightly_or_refused(
    fed: Platform, control: httpx.Client, style: str
) -> None:
    before = rows(fed)
    control.post(
        "/faults", json={"path": PLACE["ca-federal-mps"], "kind": "encoding", "style": style}
    ).raise_for_status()
    job = scrape(fed, "ca-federal-mps")
    if style == "utf8":
        assert job["state"] == "succeeded", job
    assert rows(fed) == before


def test_an_unknown_source_is_refused_with_a_suggestion(fed: Platform) -> None:
    done = fed.run("scrape", "ca-federal-mp")
    assert done.returncode == 1
    assert "ca-federal-mps" in done.stderr


def test_a_server_that_asks_for_patience_gets_it(fed: Platform, control: httpx.Client) -> None:
    control.post(
        "/faults",
        json={"path": PLACE["ca-federal-mps"], "kind": "too_many_requests", "retry_after": 1, "times": 2},
    ).raise_for_status()
    assert scrape(fed, "ca-federal-mps")["state"] == "succeeded"


def test_a_change_upstream_is_one_update_and_a_vanished_record_a_tombstone(
    fed: Platform, control: httpx.Client
) -> None:
    control.post(
        "/changes", json={"change": "change_member", "person_id": 89156, "caucus": "Independent"}
    ).raise_for_status()
    job = scrape(fed, "ca-federal-mps")
    assert job["state"] == "succeeded"
    assert job["report"]["membership"]["updated"] + job["report"]["membership"]["inserted"] >= 1
    control.post("/changes", json={"change": "remove_bill", "number": "C-12"})
    control.post("/reset").raise_for_status()
    back = scrape(fed, "ca-federal-mps")
    assert back["state"] == "succeeded"
