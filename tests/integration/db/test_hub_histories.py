"""Every hub's own migrations: they lead to exactly its models, and back to nothing."""

import psycopg
import pytest

from shared.db.dsn import libpq_dsn
from shared.db.migrate import migrated_hubs
from shared.testing.databases import FreshDatabase
from shared.testing.processes import Processes


@pytest.mark.parametrize("fresh_database", ["embedded", "server"], indirect=True)
@pytest.mark.parametrize("hub", migrated_hubs())
def test_a_hubs_migrations_make_its_models_and_undo_themselves(
    hub: str, fresh_database: FreshDatabase, processes: Processes
) -> None:
    for words in (("upgrade",), ("check",), ("downgrade", "base"), ("current",), ("upgrade",), ("check",)):
        process = processes.python("-m", "shared.db.migrate", hub, *words, env=fresh_database.env())
        assert process.wait(timeout=180) == 0, process.output()
        if words == ("current",):
            assert process.output() == f"{hub}: base\n"
            with psycopg.connect(libpq_dsn(fresh_database.admin_url)) as admin:
                left = admin.execute(
                    "SELECT tablename FROM pg_tables WHERE schemaname = %s", [hub]
                ).fetchall()
            assert left == [("alembic_version",)]
