"""Secrets fit each other, differ from install to install, and are as strong as production asks for."""

import base64
import json
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from services.cluster.secrets import generate, install, known_passwords, write_files
from shared.settings import HubSettings
from tests.unit.cluster.fake_api import CalmApi
from tests.unit.cluster.fake_cluster import FakeCluster


def test_passwords_on_both_sides_of_each_connection_are_the_same() -> None:
    values = generate("ops@example.org")
    database = values["openpolicy-postgresql"]["password"]
    assert f":{database}@postgresql:5432/" in values["openpolicy-migrate"]["OP_DATABASE__URL"]
    broker = values["openpolicy-rabbitmq"]["user.conf"].split("default_pass = ")[1].strip()
    assert f":{broker}@rabbitmq:5672/" in values["openpolicy-scraper"]["OP_RABBIT__URL"]
    cache = values["openpolicy-redis"]["auth.conf"].removeprefix("requirepass ").strip()
    assert f":{cache}@redis:6379/" in values["openpolicy-ux-hub"]["OP_REDIS__URL"]


def test_two_installations_share_nothing() -> None:
    first, second = generate("ops@example.org"), generate("ops@example.org")
    assert first["openpolicy-postgresql"] != second["openpolicy-postgresql"]
    assert first["openpolicy-ux-hub"]["OP_SECRET"] != second["openpolicy-ux-hub"]["OP_SECRET"]


def test_the_scraper_knows_neither_the_database_nor_the_root_secret() -> None:
    assert set(generate("ops@example.org")["openpolicy-scraper"]) == {
        "OP_ERROR_DSN",
        "OP_RABBIT__URL",
        "OP_SCRAPER__USER_AGENT",
    }


def test_production_accepts_what_is_generated() -> None:
    values = generate("ops@example.org")["openpolicy-migrate"]
    settings = HubSettings(
        environment="production",
        secret=SecretStr(values["OP_SECRET"]),
        database={"url": values["OP_DATABASE__URL"]},  # type: ignore[arg-type]
        rabbit={"url": values["OP_RABBIT__URL"]},  # type: ignore[arg-type]
    )
    assert settings.environment == "production"


def test_in_production_the_security_hub_is_told_the_secret_that_each_process_derives() -> None:
    from hubs.security_hub.clients.platform import PLATFORM_CLIENTS
    from hubs.security_hub.settings import SecuritySettings
    from shared.app import service_tokens

    values = generate("ops@example.org")
    told = SecuritySettings.model_validate(
        {"platform_clients": json.loads(values["openpolicy-security-hub"]["OP_PLATFORM_CLIENTS"])}
    ).platform_clients
    assert set(told) <= set(PLATFORM_CLIENTS)
    for hub in ("security", "data", "business", "ops", "intelligence", "ux"):
        held = HubSettings(secret=SecretStr(values[f"openpolicy-{hub}-hub"]["OP_SECRET"]))
        with httpx.Client() as http:
            client, secret = service_tokens(held, hub, http)._auth
        assert told[client].get_secret_value() == secret
    command = values["openpolicy-cli"]
    assert told[command["OP_AUTH__CLIENT_ID"]].get_secret_value() == command["OP_AUTH__CLIENT_SECRET"]


def test_every_mounted_secret_is_generated_and_no_other(tmp_path: Path) -> None:
    from services.cluster.manifests import pod_spec, render
    from services.cluster.preflight import secret_names

    mounted = {name for manifest in render("8gi") if pod_spec(manifest) for name in secret_names(manifest)}
    generated = set(generate("ops@example.org"))
    # The two that CloudNativePG reads belong to the overlay `ha`; the third is the operator's own.
    assert generated - mounted == {
        "openpolicy-postgresql-owner",
        "openpolicy-postgresql-superuser",
        "openpolicy-cli",
    }
    assert mounted <= generated


def test_missing_secrets_are_completed_with_the_passwords_that_are_there() -> None:
    api = CalmApi(FakeCluster())
    _created, kept = install(api, "ops@example.org")
    assert kept == []
    before = known_passwords(api)
    api.delete("Secret", "openpolicy-redis")
    api.delete("Secret", "openpolicy-scraper")
    again, _ = install(api, "ops@example.org")
    assert sorted(again) == ["openpolicy-redis", "openpolicy-scraper"]
    assert known_passwords(api) == before
    address = base64.b64decode(api.get("Secret", "openpolicy-ux-hub")["data"]["OP_REDIS__URL"]).decode()
    assert f":{before['cache']}@" in address


def test_files_for_compose_are_in_a_folder_of_the_owner_and_written_once(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    written = write_files(folder, generate("ops@example.org"))
    assert (folder.stat().st_mode & 0o777) == 0o700
    assert folder / "openpolicy-postgresql" / "password" in written
    with pytest.raises(FileExistsError):
        write_files(folder, generate("ops@example.org"))
