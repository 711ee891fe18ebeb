"""Fresh databases: one per test, copied from a template that is prepared once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Protocol

from psycopg import sql
from pydantic import SecretStr
from sqlalchemy import URL

from shared.db.names import role_name
from shared.db.provision import connect, provision
from shared.settings import DatabaseSettings, HubSettings


class PostgresServer(Protocol):
    """A server on which databases can be made."""

    @property
    def admin_url(self) -> URL:
        """The URL of a superuser, in the database `postgres`."""


@dataclass(frozen=True)
class FreshDatabase:
    """A database of one test: provisioned roles and schemas, and whatever its template held."""

    admin_url: URL

    def url(self, hub: str) -> URL:
        """Return the URL with which a hub's role connects."""
        return self.admin_url.set(username=role_name(hub))

    def settings(self, **changes: object) -> HubSettings:
        """Return settings whose database is this one, each hub as its own role."""
        url = self.admin_url.set(drivername="postgresql").render_as_string(hide_password=False)
        database = DatabaseSettings(url=url, role_password=SecretStr("a secret of the tests alone"))
        # A hub under test has no security hub beside it unless the test says so.
        return HubSettings.model_validate({"database": database, "follows_configuration": False, **changes})

    def migrate(self, *hubs: str) -> None:
        """Bring the schemas of hubs to their newest migrations, in this process: starting one costs more."""
        from shared.db.migrate import upgrade

        for hub in hubs:
            upgrade(self.settings(), hub)

    def env(self) -> dict[str, str]:
        """Return the same settings as environment variables, for a process."""
        database = self.settings().database
        return {
            "OP_DATABASE__URL": database.url,
            "OP_DATABASE__ROLE_PASSWORD": database.role_password.get_secret_value(),
        }


class Databases:
    """Makes databases on one server; templates are prepared at first use and kept for the session."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._templates: dict[str, str] = {}
        self._numbers = count(1)

    @contextmanager
    def fresh(self, prepare: Callable[[FreshDatabase], None] | None = None) -> Iterator[FreshDatabase]:
        """Make a database for the length of the block; `prepare` (migrations, say) runs once per session.

        Whatever still uses the database at the end of the block is disconnected.
        """
        template = self._template(prepare)
        name = f"test_{next(self._numbers)}"
        self._create(name, template)
        try:
            yield self._database(name)
        finally:
            with connect(self._server.admin_url, autocommit=True) as admin:
                admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _database(self, name: str) -> FreshDatabase:
        return FreshDatabase(self._server.admin_url.set(database=name))

    def _template(self, prepare: Callable[[FreshDatabase], None] | None) -> str:
        key = "" if prepare is None else f"{prepare.__module__}.{prepare.__qualname__}"
        if key not in self._templates:
            name = f"template_{len(self._templates)}_{next(self._numbers)}"
            self._create(name, "template0" if prepare is None else self._template(None))
            database = self._database(name)
            if prepare is None:
                provision(database.admin_url)
            else:
                prepare(database)
            self._templates[key] = name
        return self._templates[key]

    def _create(self, name: str, template: str) -> None:
        with connect(self._server.admin_url, autocommit=True) as admin:
            # Copied as files: the default writes every page to the log of changes, at twice the cost.
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
            admin.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
