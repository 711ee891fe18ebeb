"""What every hub's `migrations/env.py` runs; the file itself is three lines.

::

    from hubs.data_hub.models import metadata
    from shared.db.environment import run_env
    run_env(metadata, "data")
"""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, MetaData

from shared.db.engine import create_engine
from shared.db.names import schema_name
from shared.db.types import UTCDateTime
from shared.settings import HubSettings

VERSION_TABLE = "alembic_version"


def run_env(metadata: MetaData, hub: str) -> None:
    """Run alembic for one hub, over the connection it was handed or one made from the settings."""
    given = context.config.attributes.get("connection")
    if given is not None:
        _run(given, metadata, hub)
        return
    # Called by alembic's own command through alembic.ini.
    engine = create_engine(HubSettings(), hub, application_name=f"migrate-{hub}")
    with engine.connect() as connection:
        _run(connection, metadata, hub)
        connection.commit()
    engine.dispose()


def _run(connection: Connection, metadata: MetaData, hub: str) -> None:
    context.configure(connection=connection, **comparison(metadata, hub), transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


def comparison(metadata: MetaData, hub: str) -> dict[str, Any]:
    """Return how a database is compared with the models: one schema, types and defaults included."""
    schema = schema_name(hub)

    def include_name(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "schema" or name == schema

    return {
        "target_metadata": metadata,
        "version_table": VERSION_TABLE,
        "version_table_schema": schema,
        "include_schemas": True,
        "include_name": include_name,
        "compare_type": True,
        "compare_server_default": True,
        "render_item": render_item,
    }


def render_item(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write our own types as what the database calls them: a migration outlives today's classes."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False
