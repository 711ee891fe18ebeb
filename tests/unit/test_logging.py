"""What must never reach a log."""

from __future__ import annotations

import io
import json
import logging
import logging.config
from collections.abc import Iterator

import pytest
from uvicorn.config import LOGGING_CONFIG

from shared.logging import configure_logging, redact

SERVER = ("uvicorn", "uvicorn.error", "uvicorn.access")


@pytest.fixture
def logs_as_they_were() -> Iterator[None]:
    loggers = [logging.getLogger(), *map(logging.getLogger, SERVER)]
    before = [(each, list(each.handlers), each.propagate, each.level) for each in loggers]
    yield
    for each, handlers, propagate, level in before:
        each.handlers[:], each.propagate = handlers, propagate
        each.setLevel(level)


@pytest.mark.parametrize(
    ("text", "kept", "hidden"),
    [
        ("postgresql://op:hunter2@db/op", "postgresql://op:", "hunter2"),
        (f"{'long-word' * 99}postgresql://op:hunter2@db/op", "postgresql://op:", "hunter2"),
        ("Authorization: Bearer ey.J.x", "Bearer ", "ey.J.x"),
        ('GET /en/alerts/confirm?token=s3cr3t&lang=en HTTP/1.1" 200', "lang=en", "s3cr3t"),
        ("/callback?state=1&code=abcd#top", "state=1", "abcd"),
        ("/x?access_token=abcd", "/x?access_token=", "abcd"),
    ],
)
def test_secrets_in_addresses_are_covered(text: str, kept: str, hidden: str) -> None:
    assert kept in redact(text)
    assert hidden not in redact(text)


def test_the_servers_request_lines_go_through_the_same_cover(
    logs_as_they_were: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    monkeypatch.setattr("sys.stdout", written)
    logging.config.dictConfig(LOGGING_CONFIG)
    configure_logging("ux_hub")
    line = ("127.0.0.1:5", "GET", "/en/alerts/stop?token=s3cr3t", "1.1", 200)
    logging.getLogger("uvicorn.access").info('%s - "%s %s HTTP/%s" %d', *line)
    (text,) = written.getvalue().splitlines()
    assert "s3cr3t" not in text
    assert "/en/alerts/stop" in json.loads(text)["event"]


def test_a_server_that_was_told_to_be_silent_stays_silent(logs_as_they_were: None) -> None:
    access = logging.getLogger("uvicorn.access")
    access.handlers[:], access.propagate = [], False
    configure_logging("ux_hub")
    assert not access.hasHandlers()
