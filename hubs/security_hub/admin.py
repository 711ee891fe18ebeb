"""The operator's hand on the security hub: ``python -m hubs.security_hub.admin VERB``.

It works on the database directly, so that an installation without any administrator can get its first one.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from hubs.security_hub.accounts.tasks import create_administrator
from hubs.security_hub.bundles.service import build as build_bundles
from hubs.security_hub.clients.service import build as build_clients
from hubs.security_hub.config.service import build as build_config
from hubs.security_hub.factors.service import build as build_factors
from hubs.security_hub.federation.service import build as build_federation
from hubs.security_hub.keys.service import build as build_keys
from hubs.security_hub.passwords.service import open_passwords
from hubs.security_hub.roles.service import ensure_builtin_roles
from hubs.security_hub.settings import SecuritySettings
from hubs.security_hub.tokens.service import opaque_token
from hubs.security_hub.vault.service import Vault, open_vault
from shared.app import Resources
from shared.core.errors import AppError
from shared.db.engine import create_engine
from shared.db.session import create_sessionmaker, transaction

PASSWORD_VARIABLE = "OP_NEW_PASSWORD"
SECRET_VARIABLE = "OP_NEW_SECRET"


@contextmanager
def opened() -> Iterator[Resources]:
    """Open what the verbs need: the database, the vault and the password hasher."""
    resources = Resources("security", SecuritySettings())
    with resources.stack:
        resources.engine = create_engine(resources.settings, "security", application_name="openpolicy-admin")
        resources.stack.callback(resources.engine.dispose)
        resources.sessionmaker = create_sessionmaker(resources.engine)
        open_vault(resources)
        open_passwords(resources)
        ensure_builtin_roles(resources)
        yield resources


def create(email: str, name: str) -> str:
    """Make an administrator; the password comes from OP_NEW_PASSWORD or is asked for, never from the
    arguments.

    Raises: WeakPassword, BadAddress, Conflict.
    """
    password = os.environ.get(PASSWORD_VARIABLE) or getpass.getpass("New password: ")
    with opened() as resources:
        create_administrator(resources, email, password, name)
    return f"{email} is an administrator now"


def set_client(client_id: str) -> str:
    """Give one of the platform's processes its own secret: from OP_NEW_SECRET, or a new one, printed this
    once.

    Raises: ClientNotFound, Invalid.
    """
    given = os.environ.get(SECRET_VARIABLE)
    secret = given or opaque_token("opc")
    with opened() as resources, transaction(resources.sessionmaker) as session:
        build_clients(session, resources).set_platform_secret(client_id, secret)
    return f"{client_id} has its secret now" if given else secret


def rotate_signing_key() -> str:
    """Publish the next signing key now."""
    with opened() as resources, transaction(resources.sessionmaker) as session:
        key = build_keys(session, resources).rotate()
    return f"{key.kid} signs from {key.active_from:%Y-%m-%d %H:%M:%S} UTC"


def rotate_sealing_key() -> str:
    """Make a new sealing key and seal everything with it."""
    with opened() as resources:
        number = resources.get(Vault).rotate()
        with transaction(resources.sessionmaker) as session:
            parts = (build_keys, build_factors, build_federation, build_config, build_bundles)
            count = sum(build(session, resources).reseal() for build in parts)
    return f"sealing key {number}; {count} secrets sealed anew"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; exit status 1 with the reason when it fails."""
    parser = argparse.ArgumentParser(prog="python -m hubs.security_hub.admin", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    new = verbs.add_parser("create", help="make an administrator")
    new.add_argument("--email", required=True)
    new.add_argument("--name", default="")
    client = verbs.add_parser("client", help="give a process of the platform its own secret")
    client.add_argument("client_id")
    verbs.add_parser("rotate-signing-key", help="publish the next signing key now")
    verbs.add_parser("rotate-sealing-key", help="seal every stored secret with a new key")
    asked = parser.parse_args(arguments)
    try:
        match asked.verb:
            case "create":
                print(create(asked.email, asked.name))
            case "client":
                print(set_client(asked.client_id))
            case "rotate-signing-key":
                print(rotate_signing_key())
            case _:
                print(rotate_sealing_key())
    except AppError as error:
        print(error.detail, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
