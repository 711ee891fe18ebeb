"""JSON Schema (draft 2020-12) for configured values; the library is loaded with the first one checked."""

from __future__ import annotations

from typing import Any

from hubs.security_hub.config.errors import BadSchema, BadValue
from shared.http.json import dumps

MAX_SCHEMA_BYTES = 32_768
MAX_VALUE_BYTES = 65_536
_MAX_DEPTH = 32


def check_schema(schema: dict[str, Any]) -> None:
    """Refuse what is no JSON Schema, refers to other documents, or is too large.

    Raises: BadSchema.
    """
    import jsonschema
    from jsonschema.validators import Draft202012Validator

    check_shape(schema)
    try:
        Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        where = "/".join(map(str, error.absolute_path))
        raise BadSchema(f"schema/{where}: {error.message}") from None


def check_shape(schema: dict[str, Any]) -> None:
    """Refuse a schema that refers to other documents or is too large, without loading the library.

    Raises: BadSchema.
    """
    if len(dumps(schema)) > MAX_SCHEMA_BYTES or _depth(schema) > _MAX_DEPTH:
        raise BadSchema("the schema is too large or too deep")
    if any(not ref.startswith("#") for ref in _references(schema)):
        raise BadSchema("a schema refers to itself only, not to other documents")


def check_value(schema: dict[str, Any], value: Any) -> None:
    """Refuse a value that does not fit.

    Raises: BadValue with a pointer to each place.
    """
    from jsonschema.validators import Draft202012Validator
    from referencing.exceptions import Unresolvable

    # A hub's own declaration was not checked as a schema when it came.
    check_schema(schema)
    if len(dumps(value)) > MAX_VALUE_BYTES or _depth(value) > _MAX_DEPTH:
        raise BadValue("the value is too large or too deep")
    try:
        found = sorted(Draft202012Validator(schema).iter_errors(value), key=lambda e: list(map(str, e.path)))
    except (Unresolvable, RecursionError):
        raise BadSchema("the schema cannot be followed") from None
    if found:
        errors = [
            {
                "in": "body",
                "pointer": "/" + "/".join(map(str, error.absolute_path)),
                "detail": error.message[:300],
            }
            for error in found[:20]
        ]
        raise BadValue(f"the value does not fit: {errors[0]['detail']}", errors=errors)


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [v for k, v in node.items() if k in ("$ref", "$dynamicRef", "$schema") and isinstance(v, str)]
        own = [v for v in own if v != "https://json-schema.org/draft/2020-12/schema"]
        return own + [ref for value in node.values() for ref in _references(value)]
    if isinstance(node, list):
        return [ref for value in node for ref in _references(value)]
    return []


def _depth(node: Any, level: int = 1) -> int:
    if level > _MAX_DEPTH + 1:
        return level
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return max((_depth(child, level + 1) for child in children), default=level)
