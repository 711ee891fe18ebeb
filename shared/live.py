"""Settings that change while a process runs: declared by the code, set in security_hub, followed by a thread.

A field marked ``live(...)`` is read at each use, or its reader watches it. What is set in security_hub for
``<hub>.<setting>`` takes its place within a second; what is unset again, or was never set, is what the
process started with. Without security_hub a process runs on what it has.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from shared.clients.security_hub import SecurityHubClient
from shared.contracts.http.configuration import HeldValue, LiveKey, LiveKeys
from shared.core.errors import AppError
from shared.logging import get_logger
from shared.settings import LIVE_MARK, HubSettings

log = get_logger(__name__)
_RETRY_FIRST_S = 1.0
_RETRY_MOST_S = 10.0


@dataclass(frozen=True)
class _Setting:
    """One live field: where it is, and what the process started with."""

    section: BaseModel
    name: str
    initial: Any

    def checked(self, value: Any) -> Any:
        """Return ``value`` as the field's type. Raises: ValidationError."""
        draft = self.section.model_copy()
        type(draft).__pydantic_validator__.validate_assignment(draft, self.name, value)
        return getattr(draft, self.name)


class LiveSettings:
    """The live fields of one process's settings, changed in place."""

    def __init__(self, settings: HubSettings) -> None:
        self._settings = dict(_live_fields(settings))
        self._watchers: list[tuple[BaseModel, Callable[[], None]]] = []

    def watch(self, section: BaseModel, call: Callable[[], None]) -> None:
        """Call after a live field of ``section`` changed, for what was made from its values."""
        self._watchers.append((section, call))

    def keys(self, hub: str) -> LiveKeys:
        """Return what may be configured, as the hub declares it."""
        return LiveKeys(keys=[_key(f"{hub}.{path}", each) for path, each in self._settings.items()])

    def take(self, hub: str, values: Iterable[HeldValue]) -> dict[str, str]:
        """Let these values hold, and for every other field what the process started with.

        Return why, by key, a value could not be taken; the field then stays as it is.
        """
        held = {value.key: value for value in values if value.source != "default"}
        problems: dict[str, str] = {}
        changed: list[BaseModel] = []
        for path, setting in self._settings.items():
            key = f"{hub}.{path}"
            try:
                value = setting.checked(_resolved(held[key])) if key in held else setting.initial
            except (ValidationError, ValueError, OSError) as error:
                problems[key] = _reason(error)
                continue
            if value != getattr(setting.section, setting.name):
                setattr(setting.section, setting.name, value)
                changed.append(setting.section)
                log.info("setting changed", setting=key, value=str(value))
        for section, call in list(self._watchers):
            if any(section is each for each in changed):
                try:
                    call()
                except Exception:
                    # One reader that cannot take a value must not keep it from the others.
                    log.exception("a changed setting was not applied", part=type(section).__name__)
        return problems


class ConfigurationFollower:
    """A thread that declares a process's live settings and takes every change as security_hub streams it."""

    def __init__(
        self, live: LiveSettings, client: SecurityHubClient, hub: str, environment: str, stop: threading.Event
    ) -> None:
        self._live = live
        self._client = client
        self._hub = hub
        self._environment = environment
        self._stop = stop
        self._etag = ""
        self._is_declared = False
        self._line: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="configuration", daemon=True)
        self.number = 0
        """Number of the newest change that was taken."""

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def close(self) -> None:
        """End, also in the middle of waiting for a change."""
        self._stop.set()
        if self._line is not None:
            try:
                self._line.shutdown(socket.SHUT_RDWR)
            except OSError:
                log.debug("the stream of changes had ended already")
        self._thread.join(5.0)

    def _run(self) -> None:
        pause, is_away = _RETRY_FIRST_S, False
        while not self._stop.is_set():
            try:
                self._declare()
                self.refresh()
                with self._client.configuration_stream(self._hub) as (events, line):
                    self._line = line
                    for _ in events:
                        if self._stop.is_set():
                            return
                        self.refresh()
                        pause, is_away = _RETRY_FIRST_S, False
            except (AppError, httpx.HTTPError) as error:
                # Once at each beginning, not once at each attempt.
                say = log.debug if is_away or self._stop.is_set() else log.info
                say("configuration is not followed", error=str(error))
                is_away = True
            except Exception:
                # Whatever one value or its reader may do, the next change must still be taken.
                log.exception("configuration was not taken")
            finally:
                self._line = None
            # A stream that ends, or a hub that is away: the next round asks first, so nothing is missed.
            self._stop.wait(pause)
            pause = min(_RETRY_MOST_S, pause * 2)

    def _declare(self) -> None:
        if not self._is_declared:
            answer = self._client.declare_configuration(self._hub, self._live.keys(self._hub))
            for key, reason in answer.refused.items():
                log.warning("a setting cannot be declared", setting=key, error=reason)
            self._is_declared = True

    def refresh(self) -> None:
        """Take what holds now; costs a 304 when nothing changed.

        Raises: AppError when security_hub does not answer.
        """
        found = self._client.configuration(self._hub, self._environment, self._etag)
        if found is None:
            return
        self._etag, held = found
        for key, reason in self._live.take(self._hub, held.data).items():
            log.warning("a configured value is not taken", setting=key, error=reason)
        self.number = held.number


def _live_fields(model: BaseModel, prefix: str = "") -> Iterator[tuple[str, _Setting]]:
    for name, info in type(model).model_fields.items():
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _live_fields(value, f"{prefix}{name}.")
        elif isinstance(info.json_schema_extra, dict) and LIVE_MARK in info.json_schema_extra:
            yield f"{prefix}{name}", _Setting(model, name, value)


def _key(key: str, setting: _Setting) -> LiveKey:
    document = type(setting.section).model_json_schema()
    schema = dict(document["properties"][setting.name])
    title_fr = str(schema.pop(LIVE_MARK))
    for word in ("title", "default"):
        schema.pop(word, None)
    title_en = schema.pop("description", key)
    if "$defs" in document and "$ref" in str(schema):
        schema["$defs"] = document["$defs"]
    is_secret = isinstance(setting.initial, SecretStr)
    default = None if is_secret else setting.initial
    return LiveKey(
        key=key, title_en=title_en, title_fr=title_fr, schema_=schema, default=default, is_secret=is_secret
    )


def _resolved(held: HeldValue) -> Any:
    """Return the value itself, read from where a reference points.

    Raises: ValueError, OSError when there is nothing.
    """
    if not held.is_reference:
        return held.value
    kind, _, place = str(held.value["ref"]).partition(":")
    if kind == "file":
        return Path(place).read_text().strip()
    if place not in os.environ:
        raise ValueError(f"there is no environment variable {place}")
    return os.environ[place]


def _reason(error: Exception) -> str:
    # A ValidationError would repeat the value, which may be a secret.
    return error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
