"""The first administrator: made at the first start of an embedded installation, by command in production."""

from __future__ import annotations

import contextlib
import os
import secrets

from hubs.security_hub.accounts.service import Registration, build
from hubs.security_hub.passwords.service import Passwords
from hubs.security_hub.roles.service import build as build_roles
from shared.app import Resources
from shared.db.session import transaction
from shared.logging import get_logger

log = get_logger(__name__)
PASSWORD_FILE = "admin-password"
DEFAULT_EMAIL = "admin@openpolicy.example"


def create_administrator(resources: Resources, email: str, password: str, display_name: str = "") -> None:
    """Make an account with the role ``admin`` and a verified address.

    Raises: WeakPassword, BadAddress, Conflict when the address has an account.
    """
    passwords = resources.get(Passwords)
    passwords.check(password, [email, display_name])
    hashed = passwords.hash(password)
    with transaction(resources.sessionmaker) as session:
        wish = Registration(email, hashed, display_name=display_name)
        build(session, resources).create(wish, by="operator", roles=["admin"], is_verified=True)


def ensure_first_administrator(resources: Resources) -> None:
    """Make the first administrator where nobody has set one up; the password is written once, to a private
    file.
    """
    settings = resources.settings
    with transaction(resources.sessionmaker) as session:
        has_one = bool(build_roles(session, resources).administrators())
    if has_one:
        return
    if settings.environment != "embedded":
        log.warning("no administrator yet: run python -m hubs.security_hub.admin create --email ADDRESS")
        return
    password = secrets.token_urlsafe(18)
    path = settings.data_dir / PASSWORD_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{DEFAULT_EMAIL}\n{password}\n")
    create_administrator(resources, DEFAULT_EMAIL, password, "Administrator")
    log.info("first administrator created", email=DEFAULT_EMAIL, file=str(path))
