"""SQLAlchemy URLs in the form that psycopg and psql take."""

from typing import Any

from psycopg.conninfo import make_conninfo
from sqlalchemy import URL


def libpq_dsn(url: URL) -> str:
    """Return the connection string of a URL, password included."""
    # Not the URL's own text: SQLAlchemy writes a space in a password as it is, which libpq refuses.
    words = {
        "host": url.host,
        "port": str(url.port) if url.port else None,
        "user": url.username,
        "password": url.password,
        "dbname": url.database,
    }
    given: dict[str, Any] = {name: value for name, value in words.items() if value}
    # Several hosts are several values of one name, which libpq writes as a list with commas.
    query = {name: value if isinstance(value, str) else ",".join(value) for name, value in url.query.items()}
    return make_conninfo(**given, **query)
