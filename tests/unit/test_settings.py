from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.settings import DatabaseSettings, HubSettings, RabbitSettings, derive_secret, root_secret

SOUND = {
    "environment": "production",
    "secret": "a-secret-of-this-installation-alone-0123456789",
    "database": DatabaseSettings(url="postgresql://db/openpolicy"),
    "rabbit": RabbitSettings(url="amqp://op:own-password@mq/"),
}


def test_production_starts_with_secrets_of_its_own() -> None:
    assert HubSettings(**SOUND).environment == "production"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"secret": ""}, "OP_SECRET"),
        ({"secret": "changeme"}, "OP_SECRET"),
        ({"secret": "your-secret-key-here"}, "OP_SECRET"),
        ({"secret": "x" * 31}, "OP_SECRET"),
        ({"database": DatabaseSettings()}, "OP_DATABASE__URL"),
        ({"rabbit": RabbitSettings()}, "OP_RABBIT__URL"),
        ({"rabbit": RabbitSettings(url="amqp://guest:guest@mq/")}, "guest"),
    ],
)
def test_production_refuses_defaults_and_embedded_parts(change: dict, word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        HubSettings(**{**SOUND, **change})


def test_the_embedded_secret_is_made_once_for_the_owner_alone(tmp_path: Path) -> None:
    settings = HubSettings(data_dir=tmp_path)
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: root_secret(settings), range(32)))
    assert len(found) == 1
    path = tmp_path / "secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(found.pop()) >= 48
    assert list(tmp_path.iterdir()) == [path]


def test_two_installations_and_two_purposes_have_nothing_in_common(tmp_path: Path) -> None:
    one, two = HubSettings(data_dir=tmp_path / "a"), HubSettings(data_dir=tmp_path / "b")
    derived = {derive_secret(s, purpose) for s in (one, two) for purpose in ("client:cli", "cursor")}
    assert len(derived) == 4


def test_a_secret_never_shows_in_a_representation() -> None:
    assert "a-secret-of" not in repr(HubSettings(**SOUND))
