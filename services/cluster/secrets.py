"""The platform's secrets: generated once at install, never printed, never part of a manifest."""

from __future__ import annotations

import base64
import json
import re
import secrets
import string
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from services.cluster.port import ApiConflict, ApiNotFound, ClusterApi, Object
from shared.reporting import platform_dsn
from shared.settings import derive

HUBS = ("security", "data", "business", "ops", "intelligence", "ux")
_ALPHABET = string.ascii_letters + string.digits
LENGTH = 40
# Processes that ask the security hub for tokens; in production it knows only those that it is told of.
CLIENTS = (*(f"hub:{hub}" for hub in HUBS), "cli")
WHAT = ("root", "database", "superuser", "broker", "cookie", "cache")

Values = dict[str, dict[str, str]]


def generate(contact: str, known: Mapping[str, str] | None = None) -> Values:
    """Return the content of every secret: name of the secret, name of the file, text.

    contact: address that the scraper gives to the sites it reads. known: passwords to keep.
    """
    chosen = {what: (known or {}).get(what) or _password() for what in WHAT}
    root, database, broker, cache = (chosen[what] for what in ("root", "database", "broker", "cache"))
    amqp = f"amqp://openpolicy:{quote(broker)}@rabbitmq:5672/%2F"
    management = f"http://openpolicy:{quote(broker)}@rabbitmq:15672"
    redis = f"redis://:{quote(cache)}@redis:6379/0"
    owner = f"postgresql://openpolicy:{quote(database)}@postgresql:5432/openpolicy"
    common = {"OP_SECRET": root, "OP_RABBIT__URL": amqp, "OP_REDIS__URL": redis}
    managed = {**common, "OP_RABBIT__MANAGEMENT_URL": management}
    found: Values = {
        "openpolicy-postgresql": {"password": database},
        "openpolicy-postgresql-owner": {"username": "openpolicy", "password": database},
        "openpolicy-postgresql-superuser": {"username": "postgres", "password": chosen["superuser"]},
        "openpolicy-redis": {"auth.conf": f"requirepass {cache}\n"},
        "openpolicy-rabbitmq": {
            "user.conf": f"default_user = openpolicy\ndefault_pass = {broker}\n",
            "erlang-cookie": chosen["cookie"],
        },
        "openpolicy-migrate": {**common, "OP_DATABASE__URL": owner},
        "openpolicy-scraper": {
            "OP_RABBIT__URL": amqp,
            # It holds no root secret: where it reports its errors is derived for it.
            "OP_ERROR_DSN": platform_dsn(root.encode(), "http://ops-hub:8004"),
            "OP_SCRAPER__USER_AGENT": f"OpenPolicyBot/0.1 (+{contact}; contact: {contact})",
        },
        "openpolicy-importer": common,
        "openpolicy-celery-worker": managed,
        "openpolicy-celery-beat": common,
    }
    clients = {client: derive(root.encode(), f"client:{client}") for client in CLIENTS}
    # The operator's command, away from the cluster, holds this and not the root secret.
    found["openpolicy-cli"] = {"OP_AUTH__CLIENT_ID": "cli", "OP_AUTH__CLIENT_SECRET": clients["cli"]}
    for hub in HUBS:
        found[f"openpolicy-{hub}-hub"] = managed if hub in {"business", "ops"} else common
    found["openpolicy-security-hub"] = {**common, "OP_PLATFORM_CLIENTS": json.dumps(clients)}
    return found


def install(api: ClusterApi, contact: str) -> tuple[list[str], list[str]]:
    """Create the secrets that are missing; return the created and the kept ones. Raises: ApiError.

    They hold each other's passwords: what is missing is made with the passwords of what is there.
    """
    values = generate(contact, known_passwords(api))
    created, kept = [], []
    for name, content in values.items():
        if _find(api, name) is not None:
            kept.append(name)
            continue
        try:
            api.create(_object(api.namespace, name, content))
        except ApiConflict:
            # A call that was repeated finds its own object.
            pass
        created.append(name)
    return created, kept


def known_passwords(api: ClusterApi) -> dict[str, str]:
    """Return the passwords that the cluster's secrets hold already, by what they open. Raises: ApiError."""
    found: dict[str, str] = {}
    for what, name, file, pattern in _PLACES:
        encoded = ((_find(api, name) or {}).get("data") or {}).get(file)
        match = re.search(pattern, base64.b64decode(encoded).decode()) if encoded else None
        if match:
            found.setdefault(what, match[1])
    return found


# Where each password can be read again: both ends of a connection know it, so one of them may be missing.
_PLACES = (
    ("database", "openpolicy-postgresql", "password", r"(.+)"),
    ("database", "openpolicy-migrate", "OP_DATABASE__URL", r"://openpolicy:([^@]+)@"),
    ("superuser", "openpolicy-postgresql-superuser", "password", r"(.+)"),
    ("cache", "openpolicy-redis", "auth.conf", r"requirepass (\S+)"),
    ("cache", "openpolicy-ux-hub", "OP_REDIS__URL", r"redis://:([^@]+)@"),
    ("broker", "openpolicy-rabbitmq", "user.conf", r"default_pass = (\S+)"),
    ("broker", "openpolicy-ux-hub", "OP_RABBIT__URL", r"://openpolicy:([^@]+)@"),
    ("cookie", "openpolicy-rabbitmq", "erlang-cookie", r"(.+)"),
    ("root", "openpolicy-security-hub", "OP_SECRET", r"(.+)"),
    ("root", "openpolicy-ux-hub", "OP_SECRET", r"(.+)"),
)


def write_files(folder: Path, values: Values) -> list[Path]:
    """Write the secrets as files for compose, readable by the containers, in a folder only the owner enters.

    Raises: FileExistsError when there are secrets already.
    """
    if folder.exists() and any(path.is_dir() for path in folder.iterdir()):
        raise FileExistsError(
            f"{folder} holds secrets already; they fit the volumes that were made with them"
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = []
    for name, content in values.items():
        (folder / name).mkdir(mode=0o755)
        for file, text in content.items():
            path = folder / name / file
            path.write_text(text, encoding="utf-8")
            path.chmod(0o444)
            written.append(path)
    return written


def _password() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(LENGTH))


def _find(api: ClusterApi, name: str) -> Object | None:
    try:
        return api.get("Secret", name)
    except ApiNotFound:
        return None


def _object(namespace: str, name: str, content: dict[str, str]) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/part-of": "openpolicy"},
        },
        "type": "Opaque",
        "data": {file: base64.b64encode(text.encode()).decode() for file, text in content.items()},
    }
