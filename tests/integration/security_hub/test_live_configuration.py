"""A hub in a process of its own takes what is configured for it, while it runs."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.settings import HubSettings, HubUrls, derive_secret
from shared.testing.databases import Databases, FreshDatabase
from shared.testing.ports import free_port
from shared.testing.processes import Process, Processes, wait_until

ROOT = Path(__file__).resolve().parents[3]
LIMIT = "ux.gateway.anonymous_per_minute"


def both_migrated(database: FreshDatabase) -> None:
    database.migrate("security", "ux")


@dataclass
class Pair:
    """The security hub and the door, as processes, and an operator's hand on the first."""

    settings: HubSettings
    env: dict[str, str]
    processes: Processes
    security: Process
    ux: Process
    http: httpx.Client

    def start_security(self) -> None:
        self.security = started(self.processes, "security", self.settings.hubs.security, self.env)

    def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        secret = derive_secret(self.settings, "client:cli")
        form = {"grant_type": "client_credentials"}
        token = self.http.post("/oauth/token", data=form, auth=("cli", secret)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        return self.http.request(method, f"/api/v1/config{path}", headers=headers, **given)

    def set(self, key: str, value: Any) -> None:
        answer = self.ask("PUT", f"/{key}", json={"value": value, "reason": "a test"})
        assert answer.status_code == 200, answer.text

    def unset(self, key: str) -> None:
        assert self.ask("DELETE", f"/{key}").status_code == 204

    def limit(self) -> int:
        """The limit that the door says it holds strangers to."""
        answer = httpx.get(f"{self.settings.hubs.ux}/api/v1/bills", trust_env=False, timeout=30)
        return int(answer.headers["ratelimit-policy"].partition("q=")[2].partition(";")[0])

    def wait_for_limit(self, limit: int) -> None:
        wait_until(lambda: self.limit() == limit, what=f"a limit of {limit}", timeout=40)

    def changes(self) -> list[dict[str, Any]]:
        """The lines in the door's log about settings that changed."""
        lines = [json.loads(line) for line in self.ux.output().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == "setting changed"]


def started(processes: Processes, name: str, url: str, env: dict[str, str]) -> Process:
    words = ["-m", "uvicorn", "--factory", f"hubs.{name}_hub.app:create_app", "--no-access-log"]
    port = url.rpartition(":")[2]
    process = processes.python(*words, "--port", port, env=env, cwd=ROOT, name=name)
    return process.wait_for_http(f"{url}/readyz", timeout=120)


@pytest.fixture(scope="module")
def pair(embedded_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with ExitStack() as stack:
        database = stack.enter_context(embedded_databases.fresh(both_migrated))
        processes = stack.enter_context(Processes())
        urls = HubUrls(**{name: f"http://127.0.0.1:{free_port()}" for name in HubUrls.model_fields})
        settings = database.settings(data_dir=tmp_path_factory.mktemp("pair"), hubs=urls)
        hubs = {f"OP_HUBS__{name.upper()}": getattr(urls, name) for name in HubUrls.model_fields}
        env = {**database.env(), **hubs, "OP_DATA_DIR": str(settings.data_dir)}
        security = started(processes, "security", urls.security, env)
        ux = started(processes, "ux", urls.ux, env)
        http = stack.enter_context(httpx.Client(base_url=urls.security, trust_env=False, timeout=30))
        made = Pair(settings, env, processes, security, ux, http)
        wait_until(
            lambda: made.ask("GET", "/keys?service=ux").json()["data"], what="the declaration", timeout=40
        )
        yield made


def test_a_hub_says_itself_what_can_be_changed_while_it_runs(pair: Pair) -> None:
    found = {key["key"]: key for key in pair.ask("GET", "/keys?service=ux").json()["data"]}
    assert found[LIMIT]["schema"] == {"type": "integer", "minimum": 1}
    assert found[LIMIT]["default"] == 1_200
    assert found[LIMIT]["title_fr"].startswith("requêtes par minute")
    assert found["ux.mail.password"]["is_secret"]
    assert found["ux.log_level"]["schema"]["enum"] == ["DEBUG", "INFO", "WARNING", "ERROR"]


def test_a_limit_holds_within_seconds_of_being_set_and_the_former_one_after_it_is_unset(pair: Pair) -> None:
    assert pair.limit() == 1_200
    pair.set(LIMIT, 700)
    pair.wait_for_limit(700)
    assert pair.ask("PUT", f"/{LIMIT}", json={"value": 0}).status_code == 422
    pair.unset(LIMIT)
    pair.wait_for_limit(1_200)


def test_the_limit_that_was_set_is_the_one_that_refuses(pair: Pair) -> None:
    pair.set(LIMIT, 1)
    pair.wait_for_limit(1)
    answer = httpx.get(f"{pair.settings.hubs.ux}/api/v1/bills", trust_env=False, timeout=30)
    assert answer.status_code == 429
    pair.unset(LIMIT)
    pair.wait_for_limit(1_200)


def test_a_switch_is_thrown_while_the_door_is_open(pair: Pair) -> None:
    def allowed() -> str:
        headers = {"Origin": "https://app.example.org"}
        url = f"{pair.settings.hubs.ux}/api/v1/bills"
        answer = httpx.get(url, headers=headers, trust_env=False, timeout=30)
        return answer.headers.get("access-control-allow-origin", "")

    assert allowed() == "*"
    pair.set("ux.gateway.cors_origins", ["https://other.example.org"])
    wait_until(lambda: allowed() == "", what="the narrower list", timeout=40)
    pair.unset("ux.gateway.cors_origins")
    wait_until(lambda: allowed() == "*", what="the wider list", timeout=40)


def test_a_process_becomes_silent_and_talks_again_when_told(pair: Pair) -> None:
    pair.set("ux.log_level", "ERROR")
    pair.set(LIMIT, 801)
    pair.wait_for_limit(801)
    pair.set("ux.log_level", "INFO")
    pair.set(LIMIT, 802)
    pair.wait_for_limit(802)
    seen = [line["value"] for line in pair.changes() if line["setting"] == LIMIT]
    assert "801" not in seen
    assert "802" in seen
    pair.unset(LIMIT)
    pair.unset("ux.log_level")
    pair.wait_for_limit(1_200)


def test_a_reference_that_leads_nowhere_changes_nothing_and_is_said(pair: Pair) -> None:
    pair.set("ux.mail.password", {"ref": "env:NO_SUCH_VARIABLE"})
    pair.ux.wait_for_output("there is no environment variable NO_SUCH_VARIABLE", timeout=40)
    pair.unset("ux.mail.password")


def test_a_secret_reaches_the_process_and_no_log(pair: Pair) -> None:
    pair.set("ux.mail.password", "tell-nobody-1234")
    wait_until(
        lambda: any(line["setting"] == "ux.mail.password" for line in pair.changes()),
        what="the secret",
        timeout=40,
    )
    assert "tell-nobody-1234" not in pair.ux.output() + pair.security.output()
    pair.unset("ux.mail.password")


def test_a_hub_declares_for_itself_alone(pair: Pair) -> None:
    secret = derive_secret(pair.settings, "client:hub:data")
    form = {"grant_type": "client_credentials"}
    token = pair.http.post("/oauth/token", data=form, auth=("hub:data", secret)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    key = {"key": "ux.theirs", "title_en": "x", "title_fr": "x", "schema": {}}
    for service in ("ux", "data"):
        url = f"/api/v1/config/services/{service}"
        assert pair.http.put(url, json={"keys": [key]}, headers=headers).status_code in (403, 422)
    assert pair.ask("GET", "/ux.theirs").status_code == 404


def test_a_new_declaration_that_what_is_set_does_not_fit_is_refused_by_name(pair: Pair) -> None:
    def declare(maximum: int) -> dict[str, Any]:
        schema = {"type": "integer", "maximum": maximum}
        key = {"key": "ops.shrunk", "title_en": "x", "title_fr": "x", "schema": schema, "default": 1}
        return pair.ask("PUT", "/services/ops", json={"keys": [key]}).json()

    assert declare(10) == {"declared": 1, "refused": {}}
    pair.set("ops.shrunk", 9)
    assert list(declare(5)["refused"]) == ["ops.shrunk"]
    assert pair.ask("GET", "/ops.shrunk").json()["value"] == 9


def test_hubs_that_listen_do_not_hold_the_security_hub_and_catch_up_when_it_is_back(pair: Pair) -> None:
    pair.set(LIMIT, 900)
    pair.wait_for_limit(900)
    pair.security.popen.send_signal(signal.SIGTERM)
    # Two streams are open on it; a server that waited for them would wait for ever.
    pair.security.wait(timeout=30)
    assert pair.limit() == 900
    pair.start_security()
    pair.set(LIMIT, 901)
    pair.wait_for_limit(901)
    pair.unset(LIMIT)
    pair.wait_for_limit(1_200)
