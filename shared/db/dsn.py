"""SQLAlchemy URLs in the form that psycopg and psql take."""

from psycopg.conninfo import make_conninfo
from sqlalchemy import URL


def libpq_dsn(url: URL) -> str:
    """Return the connection string of a URL, password included."""
    # Not the URL's own text: SQLAlchemy writes a space in a password as it is, which libpq refuses.
    words = {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
        "dbname": url.database,
    }
    # A multi-valued query (several hosts) is what libpq writes as a list with commas.
    query = {name: value if isinstance(value, str) else ",".join(value) for name, value in url.query.items()}
    return make_conninfo(**{name: value for name, value in words.items() if value}, **query)
