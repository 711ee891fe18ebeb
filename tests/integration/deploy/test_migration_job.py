"""What the migration job runs makes an empty server ready for every hub, and does no harm when run again."""

import os
import subprocess
import sys

import pytest
import yaml

from services.cluster.table import deploy_dir
from shared.db.migrate import current, migrated_hubs
from shared.settings import DatabaseSettings, HubSettings
from shared.testing.packages import Unobtainable
from shared.testing.servers import RealPostgres

ROOT = "a root secret of this test alone"


def command(*, of: str) -> list[str]:
    if of == "compose":
        document = yaml.safe_load((deploy_dir() / "compose.yaml").read_text(encoding="utf-8"))
        found: list[str] = document["services"]["migrate"]["command"]
        return found
    path = deploy_dir() / "k8s" / "base" / "jobs" / "migrate.yaml"
    documents = [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document]
    job = next(document for document in documents if document["kind"] == "Job")
    arguments: list[str] = job["spec"]["template"]["spec"]["containers"][0]["args"]
    return arguments


def run(url: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, *command(of="compose")[1:]]
    environment = {**os.environ, "OP_DATABASE__URL": url, "OP_SECRET": ROOT}
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=300, check=False)


def test_compose_and_manifests_run_the_same_command() -> None:
    assert command(of="compose") == command(of="manifests")


def test_an_empty_server_becomes_ready_for_every_hub_and_stays_so() -> None:
    server = RealPostgres()
    try:
        server.start()
    except Unobtainable as reason:
        pytest.skip(str(reason))
    try:
        url = server.admin_url.set(drivername="postgresql").render_as_string(hide_password=False)
        for _ in range(2):
            done = run(url)
            assert done.returncode == 0, done.stderr
        settings = HubSettings.model_validate({"database": DatabaseSettings(url=url), "secret": ROOT})
        assert all(current(settings, hub) != "base" for hub in migrated_hubs())
    finally:
        server.stop()


def test_a_server_that_is_away_is_an_error_with_a_reason() -> None:
    done = run("postgresql://openpolicy@127.0.0.1:9/openpolicy")
    assert done.returncode == 1
    assert "connection" in done.stderr
