"""The names the database knows the hubs by: schema, role, package, and each role's derived password."""

import hashlib
import hmac

DATABASE = "openpolicy"
HUBS = ("security", "data", "business", "ops", "intelligence", "ux")
BROKER = "broker"
SCHEMAS = (*HUBS, BROKER)


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


def package_name(hub: str) -> str:
    """Return the Python package that holds a hub."""
    return f"hubs.{schema_name(hub)}_hub"


def role_password(secret: str, hub: str) -> str:
    """Derive the password of one hub's role from the deployment's one secret.

    Raises: ValueError when the secret is empty.
    """
    if not secret:
        raise ValueError("OP_DATABASE__ROLE_PASSWORD is empty: no role password can be derived")
    return hmac.new(secret.encode(), role_name(hub).encode(), hashlib.sha256).hexdigest()
