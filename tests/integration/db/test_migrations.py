"""The migration runner as it is run: a process of its own, against real servers and a small hub of the tests."""

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from shared.core.errors import Unavailable
from shared.db import prepare
from shared.db.dsn import libpq_dsn
from shared.testing.databases import FreshDatabase
from shared.testing.processes import Process, Processes

pytestmark = pytest.mark.parametrize("fresh_database", ["embedded", "server"], indirect=True)
REPOSITORY = Path(__file__).parents[3]

MODELS = """
from datetime import datetime
from typing import Any
from sqlalchemy import Index
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from shared.db.base import HasId, HasTimestamps, hub_registry

class Model(DeclarativeBase):
    registry = hub_registry("ops")

class Incident(HasId, HasTimestamps, Model):
    __tablename__ = "incident"
    title: Mapped[str]
    context: Mapped[dict[str, Any]] = mapped_column(default=dict)
    solved_at: Mapped[datetime | None] = mapped_column(index=True)
    # more
metadata = Model.metadata
"""
ENV = """
from hubs.ops_hub.models import metadata
from shared.db.environment import run_env
run_env(metadata, "ops")
"""


class Project:
    """A source tree with one hub, in front of the real ones on the path."""

    def __init__(self, folder: Path, database: FreshDatabase, processes: Processes) -> None:
        self.folder, self.database, self._processes = folder, database, processes
        self.hub = folder / "hubs" / "ops_hub"
        (self.hub / "migrations" / "versions").mkdir(parents=True)
        (folder / "hubs" / "__init__.py").touch()
        (self.hub / "__init__.py").touch()
        (self.hub / "models.py").write_text(MODELS)
        (self.hub / "migrations" / "env.py").write_text(ENV)
        shutil.copy(REPOSITORY / "alembic.ini", folder)

    @property
    def env(self) -> dict[str, str]:
        return {
            **self.database.env(),
            "PYTHONPATH": f"{self.folder}:{REPOSITORY}",
            "OP_DATA_DIR": str(self.folder),
        }

    def start(self, *words: str) -> Process:
        return self._processes.python("-m", "shared.db.migrate", *words, cwd=self.folder, env=self.env)

    def run(self, *words: str, status: int = 0) -> str:
        process = self.start(*words)
        assert process.wait(timeout=180) == status, process.output()
        return process.output()

    def add_column(self) -> None:
        path = self.hub / "models.py"
        path.write_text(
            path.read_text().replace("# more", "severity: Mapped[int] = mapped_column(server_default='1')")
        )


@pytest.fixture
def project(tmp_path: Path, fresh_database: FreshDatabase, processes: Processes) -> Project:
    return Project(tmp_path, fresh_database, processes)


def test_a_migration_is_written_applied_checked_and_taken_back(project: Project) -> None:
    assert project.run("ops", "current") == "ops: base\n"
    assert "_add_incidents.py" in project.run("ops", "new", "Add incidents")
    (script,) = (project.hub / "migrations" / "versions").glob("*.py")
    assert script.name.endswith("_add_incidents.py")
    revision = project.run("ops").strip().removeprefix("ops: ")
    assert revision in script.read_text()
    assert "agree" in project.run("ops_hub", "check")
    with psycopg.connect(libpq_dsn(project.database.url("ops"))) as ops:
        ops.execute("INSERT INTO ops.incident (id, title, context) VALUES (gen_random_uuid(), 'x', '{}')")
        assert ops.execute("SELECT count(*) FROM ops.alembic_version").fetchone() == (1,)

    project.add_column()
    assert "severity" in project.run("ops", "check", status=1)
    project.run("ops", "new", "Add severity")
    assert "newest migration" in project.run("ops", "check", status=1)
    second = project.run("ops", "upgrade").strip().removeprefix("ops: ")
    assert second != revision
    assert "agree" in project.run("ops", "check")
    assert "hold nothing" in project.run("ops", "new", "Nothing", status=1)

    assert project.run("ops", "downgrade", "-1") == f"ops: {revision}\n"
    assert project.run("ops", "downgrade", "base") == "ops: base\n"
    with psycopg.connect(libpq_dsn(project.database.url("ops"))) as ops:
        assert ops.execute("SELECT to_regclass('ops.incident')").fetchone() == (None,)
    assert project.run("ops", "upgrade", "head") == f"ops: {second}\n"


def test_alembics_own_command_works_through_the_ini_file(project: Project) -> None:
    project.run("ops", "new", "Add incidents")
    words = [sys.executable, "-m", "alembic", "-n", "ops", "upgrade", "head"]
    done = subprocess.run(
        words, cwd=project.folder, env=project.env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "agree" in project.run("ops", "check")


def test_migrators_that_run_together_wait_for_each_other(project: Project) -> None:
    project.run("ops", "new", "Add incidents")
    started = [project.start("ops", "upgrade") for _ in range(4)]
    assert [process.wait(timeout=180) for process in started] == [0] * 4, [p.output() for p in started]
    assert len({process.output() for process in started}) == 1


def test_a_migration_that_waits_for_a_locked_table_tries_again(project: Project) -> None:
    project.run("ops", "new", "Add incidents")
    project.run("ops")
    project.add_column()
    project.run("ops", "new", "Add severity")
    with psycopg.connect(libpq_dsn(project.database.url("ops"))) as reader:
        reader.execute("SELECT * FROM ops.incident")
        migrator = project.start("ops", "upgrade")
        # Longer than the migration's own patience with one lock; it must not hold up other readers meanwhile.
        threading.Event().wait(5)
        assert migrator.is_running
        reader.rollback()
    assert migrator.wait(timeout=120) == 0, migrator.output()
    assert "agree" in project.run("ops", "check")


def test_an_unknown_hub_or_a_server_that_is_away_is_said_without_a_traceback(project: Project) -> None:
    said = project.run("weather", status=1)
    assert "unknown hub" in said
    assert "Traceback" not in said
    started = project._processes.python(
        "-m",
        "shared.db.migrate",
        "ops",
        "current",
        cwd=project.folder,
        env=project.env | {"OP_DATABASE__URL": "postgresql://127.0.0.1:1/nowhere"},
    )
    assert started.wait(timeout=60) == 1
    assert "Traceback" not in started.output()


def test_a_hub_prepares_its_database_in_a_process_of_its_own(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.run("ops", "new", "Add incidents")
    settings = project.database.settings(data_dir=project.folder)
    monkeypatch.setenv("PYTHONPATH", project.env["PYTHONPATH"])
    monkeypatch.chdir(project.folder)
    prepare.provision_server(settings)
    prepare.upgrade_schemas(settings, "ops")
    assert "agree" in project.run("ops", "check")
    (project.hub / "models.py").write_text("raise ValueError('broken on purpose')")
    with pytest.raises(Unavailable, match="broken on purpose"):
        prepare.upgrade_schemas(settings, "ops")
