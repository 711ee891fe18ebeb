"""The page of all settings, written from the code (``python -m services.cli.settings_page``)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from services.cli.components import START_ORDER
from shared.settings import LIVE_MARK, HubSettings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "settings.md"
HEAD = """# Settings

Environment variables, read when a process starts. Nested names are joined by `__`. A default of *(empty)*
means the embedded part. `OP_ENVIRONMENT=production` refuses embedded parts and default secrets.

What is marked **live** can also be changed while the processes run: set `<hub>.<section>.<name>` (such as
`ux.gateway.anonymous_per_minute`) in the security hub's configuration, in the console or by
`PUT /api/v1/config/{key}`. The hub (and the importer, for `business`) takes it within a second. Unset it, and
what the process started with holds again ([security.md](security.md)).

This page is written by `python -m services.cli.settings_page`; a test compares it with the code.

## Every process

| variable | type | default | meaning |
|---|---|---|---|
"""
_COLUMNS = "| variable | type | default | meaning |\n|---|---|---|---|\n"


def rows(model: type[BaseModel], prefix: str = "OP_") -> Iterator[str]:
    """Yield a table row per setting of a model, nested ones included."""
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from rows(kind, f"{prefix}{name.upper()}__")
            continue
        yield f"| `{prefix}{name.upper()}` | {_type(kind)} | {_default(field)} | {_meaning(field)} |"


def _type(kind: Any) -> str:
    text = kind.__name__ if isinstance(kind, type) else str(kind).replace("typing.", "")
    return text.replace("|", "or").replace("SecretStr", "secret").replace("Literal", "one of ")


def _meaning(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    is_live = isinstance(extra, dict) and LIVE_MARK in extra
    return f"{field.description or ''}{' · **live**' if is_live else ''}"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    return f"`{value}`" if value not in ("", None, {}, []) and value is not PydanticUndefined else "*(empty)*"


def own_rows(model: type[BaseModel]) -> list[str]:
    """Return the rows that a process's settings add to those of all."""
    common = set(rows(HubSettings))
    return [row for row in rows(model) if row not in common]


def page() -> str:
    """Return the page as Markdown: what every process has, then what each adds."""
    text = HEAD + "\n".join(rows(HubSettings)) + "\n"
    for name in START_ORDER:
        added = own_rows(import_module(f"hubs.{name}_hub.app").SPEC.settings_class)
        if added:
            text += f"\n## {name}_hub adds\n\n{_COLUMNS}" + "\n".join(added) + "\n"
    scraper = own_rows(import_module("services.scraper.settings").ScraperSettings)
    return text + f"\n## The scraper adds\n\n{_COLUMNS}" + "\n".join(scraper) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.exit(0)
