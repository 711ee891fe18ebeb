"""Which database a hub talks to, and as whom: a real server when its URL is set, else the embedded one."""

from sqlalchemy import URL, make_url

from shared.core.errors import Unavailable
from shared.db.dsn import libpq_dsn
from shared.db.embedded import EmbeddedPostgres
from shared.db.names import (
    BROKER,
    reader_name,
    reader_password,
    role_name,
    role_password,
    schema_name,
)
from shared.settings import HubSettings, derive_secret

DRIVER = "postgresql+psycopg"


def database_url(settings: HubSettings, hub: str) -> URL:
    """Return the URL with which a hub connects, as its own role unless told otherwise.

    In embedded mode the server is started when it does not run yet; it stays up until the supervisor
    stops it. Raises: Unavailable when it does not start.
    """
    if not settings.database.url:
        return embedded_server(settings).start().url(role_name(hub))
    url = server_url(settings)
    if not settings.database.role_per_hub:
        schema_name(hub)
        return url
    return url.set(username=role_name(hub), password=role_password(role_secret(settings), hub))


def reader_url(settings: HubSettings, hub: str) -> URL:
    """Return the URL of a hub's reader.

    Raises: Unavailable when this installation has one role for everything.
    """
    if not settings.database.url:
        return embedded_server(settings).start().url(reader_name(hub))
    if not settings.database.role_per_hub:
        raise Unavailable("OP_DATABASE__ROLE_PER_HUB is off: there is no role that may only read")
    password = reader_password(role_secret(settings), hub)
    return server_url(settings).set(username=reader_name(hub), password=password)


def admin_url(settings: HubSettings) -> URL:
    """Return the URL of the role that may create roles and schemas, used by `provision` only."""
    if not settings.database.url:
        return embedded_server(settings).start().url()
    return server_url(settings)


def server_url(settings: HubSettings) -> URL:
    """Return the configured URL as written, with our driver in place of none or another.

    Raises: Unavailable when it is not the URL of a PostgreSQL server.
    """
    url = make_url(settings.database.url)
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise Unavailable("OP_DATABASE__URL does not name a PostgreSQL server.")
    return url.set(drivername=DRIVER)


def embedded_server(settings: HubSettings) -> EmbeddedPostgres:
    """Return the handle of the embedded server under the settings' data directory; nothing is started."""
    return EmbeddedPostgres(settings.data_dir)


def role_secret(settings: HubSettings) -> str:
    """Return the secret of all role passwords: its own where set, else derived from the root secret."""
    return settings.database.role_password.get_secret_value() or derive_secret(settings, "database-roles")


def broker_dsn(settings: HubSettings) -> str:
    """Return the connection string (for psycopg itself) of the embedded broker's role."""
    return libpq_dsn(database_url(settings, BROKER))
