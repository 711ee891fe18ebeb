"""The decision point takes its policies from security_hub's signed bundle, and denies while it has none."""

from __future__ import annotations

# isort: off
from hubs.intelligence_hub.app import create_app
from hubs.intelligence_hub.opa.backends.embedded import EmbeddedEngine
# isort: on

import gzip
import io
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from hubs.intelligence_hub.opa.bundle import read_bundle
from hubs.intelligence_hub.opa.checking import try_policies
from hubs.intelligence_hub.opa.errors import BadBundle, BadPolicy, EngineAway
from hubs.intelligence_hub.opa.following import BundleFollower
from shared.clients.security_hub import SecurityHubClient
from shared.core.errors import AppError, Unavailable
from shared.testing.processes import wait_until
from shared.testing.serving import Served
from tests.contract.intelligence_hub.conftest import prepare
from tests.contract.intelligence_hub.security import Security, Signer, platform_modules
from tests.contract.intelligence_hub.test_decisions import ALLOWED, DENIED

OPEN = {"a/a.rego": "package a\n\nimport rego.v1\n\nx := data.a.limit\n"}
ROOT = Path(__file__).parents[3]
PATH = ("openpolicy", "gateway", "allow")


@pytest.fixture
def server() -> Iterator[Security]:
    found = Security()
    yield found
    found.close()


@pytest.fixture
def follow(
    server: Security, tmp_path: Path
) -> Iterator[Callable[..., tuple[EmbeddedEngine, BundleFollower]]]:
    http = httpx.Client(trust_env=False)

    def made(url: str = server.url, seal: bytes = b"s") -> tuple[EmbeddedEngine, BundleFollower]:
        engine = EmbeddedEngine()
        client = SecurityHubClient(url, http, None)
        copy = tmp_path / "policies" / "platform.bundle"
        return engine, BundleFollower(engine, client, copy, seal, lambda m, d: try_policies(m, d, []))

    yield made
    http.close()


def test_policies_and_data_of_the_bundle_decide(server: Security, follow) -> None:
    engine, follower = follow()
    revision = server.publish({**platform_modules(), **OPEN}, {"a": {"limit": 7}})
    assert follower.pull()
    assert engine.evaluate(PATH, ALLOWED).value is True
    assert engine.evaluate(PATH, DENIED).value is False
    assert engine.evaluate(("a", "x"), {}).value == 7
    assert engine.evaluate(PATH, {}).provenance["bundles"]["platform"]["revision"] == revision
    assert not follower.pull(), "the same bundle is not loaded again"


def test_nothing_is_allowed_before_there_is_a_bundle(follow) -> None:
    engine, follower = follow()
    assert not follower.start_from_copy()
    with pytest.raises(EngineAway):
        engine.evaluate(PATH, ALLOWED)
    with pytest.raises(AppError):
        follower.pull()
    with pytest.raises(EngineAway):
        engine.health()


def test_a_hub_is_ready_once_it_has_policies_to_decide_by(
    embedded_databases, server: Security, tmp_path: Path
) -> None:
    with embedded_databases.fresh(prepare) as database:
        urls = {"security": server.url, "data": "http://127.0.0.1:9"}
        with Served(create_app(database.settings(data_dir=tmp_path, hubs=urls))) as served:
            waiting = httpx.get(f"{served.url}/readyz", trust_env=False)
            assert (waiting.status_code, list(waiting.json()["failing"])) == (503, ["policies"])
            assert httpx.get(f"{served.url}/health", trust_env=False).status_code == 503
            server.publish(platform_modules())
            wait_until(
                lambda: httpx.get(f"{served.url}/readyz", trust_env=False).status_code == 200,
                what="the policies",
            )


def test_with_security_hub_away_the_verified_copy_decides(server: Security, follow) -> None:
    server.publish(platform_modules())
    follow()[1].pull()
    engine, follower = follow("http://127.0.0.1:9")
    assert follower.start_from_copy()
    assert engine.evaluate(PATH, ALLOWED).value is True
    with pytest.raises(Unavailable):
        follower.pull()
    assert engine.evaluate(PATH, DENIED).value is False


def test_a_copy_that_somebody_changed_is_not_trusted(server: Security, follow, tmp_path: Path) -> None:
    server.publish(platform_modules())
    follow()[1].pull()
    kept = tmp_path / "policies" / "platform.bundle"
    whole = kept.read_bytes()
    for changed in (whole[:-20] + b"x" + whole[-19:], whole.partition(b"\n")[2], b""):
        kept.write_bytes(changed)
        engine, follower = follow()
        assert not follower.start_from_copy()
        with pytest.raises(EngineAway):
            engine.evaluate(PATH, ALLOWED)
    kept.write_bytes(whole)
    assert not follow(seal=b"another installation")[1].start_from_copy()


@pytest.mark.parametrize(
    "modules",
    [
        # The interpreter ends its process at this one.
        {
            "a/a.rego": 'package a\nimport rego.v1\np if startswith(input.s, "a")\nq if { p with input as {} }\n'
        },
        {"a/a.rego": "package a\n\nq if {\n"},
    ],
)
def test_a_bundle_that_kills_the_interpreter_or_does_not_compile_is_not_loaded(
    server: Security, follow, modules: dict[str, str]
) -> None:
    engine, follower = follow()
    server.publish(platform_modules())
    follower.pull()
    server.publish(modules)
    with pytest.raises(BadPolicy):
        follower.pull()
    assert engine.evaluate(PATH, ALLOWED).value is True, "what held before stays in force"


def repacked(body: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(body))) as tar:
        files = {entry.name: tar.extractfile(entry).read() for entry in tar}  # type: ignore[union-attr]
    change(files)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(out.getvalue())


NAME = "openpolicy/gateway/gateway.rego"
TAMPERINGS: dict[str, Callable[[dict[str, bytes]], None]] = {
    "a file is changed": lambda files: files.update({NAME: files[NAME] + b"\n# x"}),
    "a file is added": lambda files: files.update({"b/b.rego": b"package b\n"}),
    "a file is removed": lambda files: files.pop(NAME) and None,
    "the manifest is changed": lambda files: files.update({".manifest": b'{"revision": "x", "roots": [""]}'}),
    "the signature is removed": lambda files: files.pop(".signatures.json") and None,
    "the signature is nonsense": lambda files: files.update(
        {".signatures.json": b'{"signatures": ["a.b.c"]}'}
    ),
    "there are no signatures": lambda files: files.update({".signatures.json": b'{"signatures": []}'}),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_a_bundle_in_which_anything_was_changed_is_refused(what: str) -> None:
    signer = Signer()
    _, body = signer.bundle(platform_modules(), {"openpolicy/records": {"n": 1}})
    assert read_bundle(body, signer.keys()).modules
    with pytest.raises(BadBundle):
        read_bundle(repacked(body, TAMPERINGS[what]), signer.keys())


def test_a_bundle_of_another_key_or_of_no_form_is_refused() -> None:
    signer, other = Signer(), Signer()
    _, body = other.bundle(platform_modules())
    for keys in (signer.keys(), {}):
        with pytest.raises(BadBundle):
            read_bundle(body, keys)
    for nonsense in (b"", b"x" * 100, gzip.compress(b"not a tar"), body[: len(body) // 2]):
        with pytest.raises(BadBundle):
            read_bundle(nonsense, other.keys())


def test_a_bundle_that_expands_without_end_is_refused() -> None:
    with pytest.raises(BadBundle, match="more than"):
        read_bundle(gzip.compress(b"\0" * (9 * 2**20)), Signer().keys())


def test_the_hub_reports_what_it_has_in_force(hub, security: Security) -> None:
    assert any(
        report["bundles"]["platform"]["active_revision"] and report["labels"]["engine"] == "embedded"
        for report in security.reports
    )


def test_the_hub_hears_of_a_new_bundle_without_a_restart(hub, security: Security) -> None:
    from shared.testing.processes import wait_until

    try:
        security.publish({**platform_modules(), **OPEN}, {"a": {"limit": 9}})
        wait_until(
            lambda: hub.http.post("/v1/data/a/x", json={}).json().get("result") == 9, what="the bundle"
        )
    finally:
        security.publish(platform_modules())
        wait_until(lambda: "result" not in hub.http.post("/v1/data/a/x", json={}).json(), what="the bundle")


def test_policies_are_tried_fairly_however_large_the_process_that_asks() -> None:
    code = (
        "from hubs.intelligence_hub.opa.checking import try_policies\n"
        "ballast = bytearray(600 * 2**20)\n"
        "ballast[::4096] = b'x' * len(ballast[::4096])\n"
        "asked = [{'path': ['a', 'x'], 'input': {}}]\n"
        "print(try_policies({'a.rego': 'package a\\n\\nx := 7\\n'}, {}, asked))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert "7" in done.stdout, done.stderr
