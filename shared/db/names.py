"""The names the database knows the hubs by: schema, role, package, and each role's derived password."""

import hashlib
import hmac

DATABASE = "openpolicy"
HUBS = ("security", "data", "business", "ops", "intelligence", "ux")
BROKER = "broker"
SCHEMAS = (*HUBS, BROKER)
READABLE = ("intelligence",)
"""Schemas with a second role, which reads what the hub grants it and writes nothing."""


def schema_name(hub: str) -> str:
    """Return the schema of a hub, given as `data` or `data_hub`.

    Raises: ValueError when no such hub exists.
    """
    name = hub.removesuffix("_hub")
    if name not in SCHEMAS:
        raise ValueError(f"unknown hub {hub!r}; expected one of {', '.join(SCHEMAS)}")
    return name


def role_name(hub: str) -> str:
    """Return the database role of a hub; it owns the hub's schema and no other."""
    return f"op_{schema_name(hub)}"


def reader_name(hub: str) -> str:
    """Return the role that may only read what a hub grants it, for statements that people write.

    Raises: ValueError when the hub has none.
    """
    if schema_name(hub) not in READABLE:
        raise ValueError(f"hub {hub!r} has no reader")
    return f"{role_name(hub)}_reader"


def package_name(hub: str) -> str:
    """Return the Python package that holds a hub."""
    return f"hubs.{schema_name(hub)}_hub"


def role_password(secret: str, hub: str) -> str:
    """Derive the password of one hub's role from the deployment's one secret.

    Raises: ValueError when the secret is empty.
    """
    return _derived(secret, role_name(hub))


def reader_password(secret: str, hub: str) -> str:
    """Derive the password of a hub's reader. Raises: ValueError when the secret is empty."""
    return _derived(secret, reader_name(hub))


def _derived(secret: str, role: str) -> str:
    if not secret:
        raise ValueError("OP_DATABASE__ROLE_PASSWORD is empty: no role password can be derived")
    return hmac.new(secret.encode(), role.encode(), hashlib.sha256).hexdigest()
