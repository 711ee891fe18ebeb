"""Configuration as one YAML document: what is set for everybody, by environment; secrets stay behind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml

from hubs.security_hub.config.schemas import KEY_PATTERN
from shared.core.errors import Invalid

FORMAT = 1
MAX_BYTES = 1_048_576
_MOST_VALUES = 5_000
Values = dict[str, dict[str, Any]]
"""Environment (empty: every) to key to value."""


def render(values: Sequence[tuple[str, str, Any]]) -> str:
    """Return the document of (environment, key, value); the same values give the same text."""
    found: Values = {}
    for environment, key, value in sorted(values, key=lambda item: item[:2]):
        found.setdefault(environment or "all", {})[key] = value
    body = {"openpolicy_config": FORMAT, "environments": found}
    return yaml.safe_dump(body, allow_unicode=True, sort_keys=True, width=100)


class _StrictLoader(yaml.SafeLoader):
    """YAML without aliases, which can make a small text a huge value, and without doubled keys."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not read here")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if len(keys) != len(set(map(str, keys))):
            raise yaml.YAMLError("a key comes twice")
        return super().construct_mapping(node, deep=deep)


def parse(text: str) -> list[tuple[str, str, Any]]:
    """Return the (environment, key, value) in a document.

    Raises: Invalid when it is not ours, too large, or not safe to read.
    """
    if len(text.encode()) > MAX_BYTES:
        raise Invalid(f"the document is larger than {MAX_BYTES} bytes")
    try:
        body = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a safe loader, made stricter
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Invalid(f"the document cannot be read: {str(error)[:300]}") from None
    if not isinstance(body, dict) or body.get("openpolicy_config") != FORMAT:
        raise Invalid("not a configuration document (openpolicy_config: 1)")
    environments = body.get("environments")
    if not isinstance(environments, dict):
        raise Invalid("environments: expected a mapping")
    found = [
        (_environment(name), _key(key), value)
        for name, values in environments.items()
        for key, value in (values if isinstance(values, dict) else {}).items()
    ]
    if len(found) > _MOST_VALUES:
        raise Invalid(f"more than {_MOST_VALUES} values")
    return found


def _environment(name: Any) -> str:
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9-]{1,32}", name):
        raise Invalid(f"{name!r} is no environment")
    return "" if name == "all" else name


def _key(key: Any) -> str:
    if not isinstance(key, str) or not re.fullmatch(KEY_PATTERN.strip("^$"), key):
        raise Invalid(f"{key!r} is no configuration key")
    return key
