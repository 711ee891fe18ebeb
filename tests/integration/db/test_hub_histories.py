"""Every hub's own migrations: they lead to exactly its models, and back to nothing."""

import psycopg
import pytest

from shared.db.dsn import libpq_dsn
from shared.db.migrate import check, current, downgrade, migrated_hubs, upgrade
from shared.testing.databases import FreshDatabase


@pytest.mark.parametrize("fresh_database", ["embedded", "server"], indirect=True)
@pytest.mark.parametrize("hub", migrated_hubs())
def test_a_hubs_migrations_make_its_models_and_undo_themselves(
    hub: str, fresh_database: FreshDatabase
) -> None:
    settings = fresh_database.settings()
    newest = upgrade(settings, hub)
    check(settings, hub)
    assert downgrade(settings, hub, "base") == current(settings, hub) == "base"
    with psycopg.connect(libpq_dsn(fresh_database.admin_url)) as admin:
        left = admin.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [hub]).fetchall()
    assert left == [("alembic_version",)]
    assert upgrade(settings, hub) == newest != "base"
    check(settings, hub)
