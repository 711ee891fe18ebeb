"""Settings changed in place: what is taken, what is refused, what comes back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, Field, SecretStr

from shared.contracts.http.configuration import HeldValue, HeldValues, KeysDeclared, LiveKeys
from shared.core.errors import Forbidden, Unavailable
from shared.live import ConfigurationFollower, LiveSettings
from shared.settings import HubSettings, live


class Part(BaseModel):
    """A section of settings."""

    rate: int = Field(10, ge=1, description="so many", json_schema_extra=live("tant"))
    fixed: int = 3
    password: SecretStr = Field(SecretStr("first"), description="word", json_schema_extra=live("mot"))


class Settings(HubSettings):
    """A hub's settings."""

    part: Part = Part()


@pytest.fixture
def settings() -> Settings:
    return Settings(part=Part())


def held(key: str, value: Any, source: str = "everywhere", **fields: Any) -> HeldValue:
    return HeldValue(key=key, value=value, source=source, **fields)


def test_only_marked_fields_are_declared_with_their_schema_in_both_languages(settings: Settings) -> None:
    found = {key.key: key for key in LiveSettings(settings).keys("x").keys}
    assert set(found) == {"x.log_level", "x.http.client_timeout_s", "x.part.rate", "x.part.password"}
    rate = found["x.part.rate"]
    assert (rate.title_en, rate.title_fr, rate.default) == ("so many", "tant", 10)
    assert rate.schema_ == {"type": "integer", "minimum": 1}


def test_a_secret_is_declared_without_its_value(settings: Settings) -> None:
    found = {key.key: key for key in LiveSettings(settings).keys("x").keys}["x.part.password"]
    assert found.is_secret
    assert "first" not in found.model_dump_json()


def test_a_value_is_set_in_place_and_whoever_watches_its_section_is_called_once(settings: Settings) -> None:
    changes = LiveSettings(settings)
    called: list[str] = []
    changes.watch(settings.part, lambda: called.append("part"))
    changes.watch(settings.http, lambda: called.append("http"))
    assert changes.take("x", [held("x.part.rate", 20), held("x.part.password", "second")]) == {}
    assert settings.part.rate == 20
    assert settings.part.password.get_secret_value() == "second"
    assert called == ["part"]
    changes.take("x", [held("x.part.rate", 20), held("x.part.password", "second")])
    assert called == ["part"]


def test_what_is_not_set_any_more_is_what_the_process_started_with(settings: Settings) -> None:
    settings.part.rate = 15
    changes = LiveSettings(settings)
    changes.take("x", [held("x.part.rate", 20)])
    # Another replica's start may have declared another default: it is not this process's.
    changes.take("x", [held("x.part.rate", 10, "default")])
    assert settings.part.rate == 15


@pytest.mark.parametrize("bad", [0, "many", None, [1]])
def test_a_value_that_does_not_fit_is_named_and_the_others_are_taken(settings: Settings, bad: Any) -> None:
    problems = LiveSettings(settings).take("x", [held("x.part.rate", bad), held("x.log_level", "ERROR")])
    assert list(problems) == ["x.part.rate"]
    assert (settings.part.rate, settings.log_level) == (10, "ERROR")


def test_a_field_that_is_not_marked_cannot_be_changed(settings: Settings) -> None:
    changes = LiveSettings(settings)
    assert changes.take("x", [held("x.part.fixed", 4), held("x.database.url", "postgresql://evil/db")]) == {}
    assert (settings.part.fixed, settings.database.url) == (3, "")


def test_another_hubs_value_is_not_ours(settings: Settings) -> None:
    LiveSettings(settings).take("x", [held("y.part.rate", 99)])
    assert settings.part.rate == 10


def test_references_are_read_from_the_environment_and_from_files(settings, tmp_path, monkeypatch) -> None:
    changes = LiveSettings(settings)
    monkeypatch.setenv("A_PASSWORD", "from the environment")
    changes.take("x", [held("x.part.password", {"ref": "env:A_PASSWORD"}, is_reference=True)])
    assert settings.part.password.get_secret_value() == "from the environment"
    (tmp_path / "password").write_text("from a file\n")
    changes.take("x", [held("x.part.password", {"ref": f"file:{tmp_path}/password"}, is_reference=True)])
    assert settings.part.password.get_secret_value() == "from a file"


@pytest.mark.parametrize("place", ["env:NO_SUCH_VARIABLE", "file:/no/such/file"])
def test_a_reference_to_nothing_leaves_the_field_as_it_is(settings: Settings, place: str) -> None:
    given = held("x.part.password", {"ref": place}, is_reference=True)
    assert list(LiveSettings(settings).take("x", [given])) == ["x.part.password"]
    assert settings.part.password.get_secret_value() == "first"


def test_a_refused_secret_is_not_repeated_in_the_reason(settings: Settings) -> None:
    problems = LiveSettings(settings).take("x", [held("x.part.password", ["tell-nobody"])])
    assert "tell-nobody" not in str(problems)


class Line:
    """A security hub that answers from a list; each answer is values, or an error to raise."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.is_dry = threading.Event()

    def declare_configuration(self, hub: str, keys: LiveKeys) -> KeysDeclared:
        return KeysDeclared(declared=len(keys.keys))

    def configuration(self, hub: str, environment: str, etag: str) -> tuple[str, HeldValues] | None:
        self.asked += 1
        if not self.answers:
            self.is_dry.set()
            return None
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return str(self.asked), HeldValues(number=self.asked, data=answer)

    @contextmanager
    def configuration_stream(self, hub: str) -> Iterator[tuple[Iterator[str], None]]:
        yield iter(["changed"] * len(self.answers)), None


def followed(line: Line, changes: LiveSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.live._RETRY_FIRST_S", 0.01)
    follower = ConfigurationFollower(changes, line, "x", "embedded", threading.Event())  # type: ignore[arg-type]
    follower.start()
    assert line.is_dry.wait(20)
    follower.close()


@pytest.mark.parametrize(
    "failure", [Unavailable("away"), Forbidden("no"), httpx.ReadError("cut"), ValueError("junk")]
)
def test_no_failure_ends_the_following(settings: Settings, monkeypatch, failure: Exception) -> None:
    line = Line([held("x.part.rate", 20)], failure, [held("x.part.rate", 30)])
    followed(line, LiveSettings(settings), monkeypatch)
    assert settings.part.rate == 30


def test_a_reader_that_fails_does_not_end_the_following(settings: Settings, monkeypatch) -> None:
    changes = LiveSettings(settings)
    seen: list[int] = []
    changes.watch(settings.part, lambda: 1 / 0)
    changes.watch(settings.part, lambda: seen.append(settings.part.rate))
    followed(Line([held("x.part.rate", 20)], [held("x.part.rate", 30)]), changes, monkeypatch)
    assert settings.part.rate == 30
    assert seen == [20, 30]
