"""The page of all events, written from the contracts (``python -m services.cli.events_page``)."""

from __future__ import annotations

import sys
from pathlib import Path

import shared.contracts.events  # noqa: F401 - registers every topic
from shared.contracts.envelope import Event, all_topics, event_class

PAGE = Path(__file__).resolve().parents[2] / "docs" / "events.md"
HEAD = """# Events

What processes tell one another over the exchange `openpolicy.events` (or the embedded broker): JSON bodies of
frozen, versioned classes in `shared/contracts/events`. A published version never changes; another shape is
another version. Every event also carries `id`, `occurred_at`, `producer` and `correlation_id`. For queues,
retries and dead letters see [messaging.md](messaging.md).

This page is written by `python -m services.cli.events_page`; a test compares it with the code.

| topic | class | what happened | fields |
|---|---|---|---|
"""


def page() -> str:
    """Return the page as Markdown."""
    lines = []
    for topic in all_topics():
        cls = event_class(topic)
        own = [name for name in cls.model_fields if name not in Event.model_fields]
        said = " ".join((cls.__doc__ or "").split())
        lines.append(f"| `{topic}` | `{cls.__name__}` | {said} | {', '.join(f'`{name}`' for name in own)} |")
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.exit(0)
