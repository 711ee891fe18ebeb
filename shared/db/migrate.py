"""The migration runner: `python -m shared.db.migrate HUB|all [VERB] [REVISION|MESSAGE]`.

Verbs: upgrade (to head), downgrade, current, check (for drift), new (write a migration from the models).

It runs as a process of its own (see `prepare`), so that alembic never loads into a hub.
"""

import argparse
import importlib
import importlib.util
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations.ops import DowngradeOps, UpgradeOps
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import CreateSchema

from shared.core.clock import utc_now
from shared.core.errors import AppError, Conflict
from shared.db.engine import create_engine
from shared.db.environment import VERSION_TABLE, comparison, render_item
from shared.db.names import HUBS, package_name, schema_name
from shared.settings import HubSettings

LOCK_NAMESPACE = 0x6F70
WAIT_FOR_OTHER_MIGRATOR = "300s"
DDL_LOCK_TIMEOUT = "3s"
_ATTEMPTS = 5

TEMPLATE = '''"""{message}."""

import sqlalchemy as sa
from alembic import op
{imports}
revision = "{revision}"
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
    {upgrade}


def downgrade() -> None:
    {downgrade}
'''


class SchemaDrift(Conflict):
    """The database and the models differ, or migrations are pending."""

    code = "schema-drift"
    title = "Schema drift"


def script_location(hub: str) -> Path:
    """Return the folder of a hub's migrations, whether or not it exists.

    Raises: ModuleNotFoundError when the hub does not exist.
    """
    spec = importlib.util.find_spec(package_name(hub))
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no package {package_name(hub)}")
    return Path(spec.origin).parent / "migrations"


def migrated_hubs() -> list[str]:
    """Return the hubs that have migrations, in their fixed order."""
    existing = (hub for hub in HUBS if importlib.util.find_spec(package_name(hub)) is not None)
    return [hub for hub in existing if script_location(hub).is_dir()]


def hub_tables(hub: str) -> MetaData:
    """Return `hubs.<hub>.models:metadata`; looked up by name, as nothing in shared may know a hub."""
    metadata = importlib.import_module(f"{package_name(hub)}.models").metadata
    if not isinstance(metadata, MetaData):
        raise TypeError(f"{package_name(hub)}.models.metadata is not a MetaData")
    return metadata


def _config(hub: str, connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(script_location(hub)).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@contextmanager
def exclusive(settings: HubSettings, hub: str) -> Iterator[Connection]:
    """Open the hub's connection while holding its migration lock; a second migrator waits for the first."""
    engine = create_engine(settings, hub, application_name=f"openpolicy-migrate-{hub}")
    key = list(HUBS).index(schema_name(hub))
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql("SET idle_in_transaction_session_timeout = 0")
            connection.exec_driver_sql(f"SET lock_timeout = '{WAIT_FOR_OTHER_MIGRATOR}'")
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({LOCK_NAMESPACE}, {key})")
            # A migration that cannot have its table soon must not queue in front of everybody else.
            connection.exec_driver_sql(f"SET lock_timeout = '{DDL_LOCK_TIMEOUT}'")
            if not connection.dialect.has_schema(connection, schema_name(hub)):
                connection.execute(CreateSchema(schema_name(hub)))
            connection.commit()
            yield connection
    finally:
        engine.dispose()


def upgrade(settings: HubSettings, hub: str, revision: str = "head") -> str:
    """Bring a hub's schema to a revision and return it; tried again when a table is locked by others.

    Raises: OperationalError when the lock is still held after several attempts.
    """
    with exclusive(settings, hub) as connection:
        _patiently(connection, lambda: command.upgrade(_config(hub, connection), revision))
        return _revision(connection, hub)


def downgrade(settings: HubSettings, hub: str, revision: str) -> str:
    """Take a hub's schema back to a revision (`base`, `-1`, an id) and return where it is."""
    with exclusive(settings, hub) as connection:
        _patiently(connection, lambda: command.downgrade(_config(hub, connection), revision))
        return _revision(connection, hub)


def current(settings: HubSettings, hub: str) -> str:
    """Return the revision that a hub's schema has, `base` when it has none."""
    engine = create_engine(settings, hub)
    try:
        with engine.connect() as connection:
            return _revision(connection, hub)
    finally:
        engine.dispose()


def check(settings: HubSettings, hub: str) -> None:
    """Compare a hub's database with its models and its newest migration.

    Raises: SchemaDrift naming every difference.
    """
    engine = create_engine(settings, hub)
    try:
        with engine.connect() as connection:
            head = ScriptDirectory.from_config(_config(hub)).get_current_head() or "base"
            at = _revision(connection, hub)
            if at != head:
                raise SchemaDrift(f"{hub}: the database is at {at}, the newest migration is {head}.")
            context = _context(connection, hub)
            steps = produce_migrations(context, hub_tables(hub)).upgrade_ops
    finally:
        engine.dispose()
    if steps is not None and not steps.is_empty():
        # The code that would close the gap says it more clearly than a list of objects.
        code = render_python_code(steps, render_item=render_item, migration_context=context)
        said = [line.strip() for line in code.splitlines() if not line.lstrip().startswith("#")]
        raise SchemaDrift(f"{hub}: the database differs from the models.", differences=said)


def new(settings: HubSettings, hub: str, message: str) -> Path:
    """Write a migration from what the models have and the database has not; return its file.

    Raises: SchemaDrift when the database is not at the newest migration, or nothing differs.
    """
    scripts = ScriptDirectory.from_config(_config(hub))
    with exclusive(settings, hub) as connection:
        head = scripts.get_current_head()
        if _revision(connection, hub) != (head or "base"):
            raise SchemaDrift(f"{hub}: upgrade the database to {head} first.")
        context = _context(connection, hub)
        operations = produce_migrations(context, hub_tables(hub))
    up, down = operations.upgrade_ops, operations.downgrade_ops
    if up is None or down is None or up.is_empty():
        raise SchemaDrift(f"{hub}: the models hold nothing that the database has not.")

    def code(steps: UpgradeOps | DowngradeOps) -> str:
        rendered = render_python_code(steps, render_item=render_item, migration_context=context)
        return rendered.replace("\n", "\n    ").strip()

    upgrade_code, downgrade_code = code(up), code(down)
    dialect = "from sqlalchemy.dialects import postgresql\n"
    now = utc_now()
    slug = re.sub(r"\W+", "_", message.lower()).strip("_")
    path = script_location(hub) / "versions" / f"{now:%Y_%m_%d_%H%M}_{slug}.py"
    text = TEMPLATE.format(
        message=message[:1].upper() + message[1:].rstrip("."),
        imports=dialect if "postgresql." in upgrade_code + downgrade_code else "",
        revision=f"{now:%Y%m%d%H%M%S}",
        down=head,
        upgrade=upgrade_code,
        downgrade=downgrade_code,
    )
    path.parent.mkdir(exist_ok=True)
    path.write_text(re.sub(r"[ \t]+\n", "\n", text))
    return path


def _context(connection: Connection, hub: str) -> MigrationContext:
    return MigrationContext.configure(connection, opts=comparison(hub_tables(hub), hub))


def _revision(connection: Connection, hub: str) -> str:
    opts = {"version_table": VERSION_TABLE, "version_table_schema": schema_name(hub)}
    return MigrationContext.configure(connection, opts=opts).get_current_revision() or "base"


def _patiently(connection: Connection, migrate: Any) -> None:
    for attempt in range(_ATTEMPTS):
        try:
            migrate()
        except OperationalError as error:
            # Each migration is one transaction, so a second try starts where the first one stood.
            connection.rollback()
            if getattr(error.orig, "sqlstate", "") != "55P03" or attempt + 1 == _ATTEMPTS:
                raise
            time.sleep(0.5 * 2**attempt)
        else:
            connection.commit()
            return


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb for one hub or all of them; exit status 1 with the reason when it fails."""
    parser = argparse.ArgumentParser(prog="python -m shared.db.migrate", description=__doc__)
    parser.add_argument("hub", help="a hub, or all")
    verbs = ["upgrade", "downgrade", "current", "check", "new"]
    parser.add_argument("verb", nargs="?", default="upgrade", choices=verbs)
    parser.add_argument("what", nargs="?", help="a revision; for new: the message")
    asked = parser.parse_args(arguments)
    if asked.verb in {"downgrade", "new"} and (not asked.what or asked.hub == "all"):
        parser.error(f"{asked.verb} needs one hub and a {'message' if asked.verb == 'new' else 'revision'}")
    settings = HubSettings()
    try:
        hubs = migrated_hubs() if asked.hub == "all" else [schema_name(asked.hub)]
        for hub in hubs:
            print(f"{hub}: {_answer(settings, hub, asked.verb, asked.what)}", flush=True)
    except (AppError, OperationalError, ModuleNotFoundError, ValueError) as error:
        print(error, *getattr(error, "extensions", {}).get("differences", []), sep="\n  ", file=sys.stderr)
        return 1
    return 0


def _answer(settings: HubSettings, hub: str, verb: str, what: str | None) -> str:
    match verb:
        case "upgrade":
            return upgrade(settings, hub, what or "head")
        case "downgrade":
            return downgrade(settings, hub, what or "")
        case "current":
            return current(settings, hub)
        case "check":
            check(settings, hub)
            return "the database and the models agree"
        case _:
            return str(new(settings, hub, what or ""))


if __name__ == "__main__":
    sys.exit(main())
