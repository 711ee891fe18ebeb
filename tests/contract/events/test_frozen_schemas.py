"""A published version of an event is frozen: its JSON schema is that of the snapshot.

A new topic is added to the snapshot with ``python -m tests.contract.events.test_frozen_schemas``; a changed one
means that a new version is due.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import shared.contracts.events  # noqa: F401 - registers every topic
from shared.contracts.envelope import all_topics, event_class

SNAPSHOT = Path(__file__).with_name("schemas.json")


def _bare(value: object) -> object:
    # Words may be mended; shapes may not.
    if isinstance(value, dict):
        return {
            key: _bare(item) for key, item in sorted(value.items()) if key not in ("description", "title")
        }
    return [_bare(item) for item in value] if isinstance(value, list) else value


def digests() -> dict[str, str]:
    return {
        topic: hashlib.sha256(json.dumps(_bare(event_class(topic).model_json_schema())).encode()).hexdigest()
        for topic in all_topics()
    }


def test_no_published_event_changed_its_shape() -> None:
    frozen = json.loads(SNAPSHOT.read_text())
    now = digests()
    assert {topic: now.get(topic) for topic in frozen} == frozen


def test_every_event_is_in_the_snapshot() -> None:
    assert set(digests()) == set(json.loads(SNAPSHOT.read_text()))


if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps(digests(), indent=1) + "\n")
    sys.exit(0)
