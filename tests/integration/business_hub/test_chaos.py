"""Processes are killed at random moments of real jobs; what is left is what an undisturbed run leaves.

Each seed kills one process or the broker, once or twice, while a job runs. ``OPENPOLICY_CHAOS_SEEDS`` says how many
seeds there are (3; ``make chaos`` takes 50); a failure names its seed.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, text

from services.miniature import MiniatureServer
from shared.testing.databases import FreshDatabase
from shared.testing.ports import free_port
from shared.testing.processes import answers, wait_until
from shared.testing.rabbitmq import RealRabbit

pytestmark = pytest.mark.slow
SEEDS = int(os.environ.get("OPENPOLICY_CHAOS_SEEDS", "3"))
SOURCES = ("ca-federal-mps", "ca-federal-bills", "ca-federal-votes")
MODULES = {
    "scraper": ["services.scraper.worker"],
    "importer": ["hubs.business_hub.importer"],
    "beat": ["hubs.business_hub.beat"],
    "celery": ["hubs.business_hub.worker"],
}
VICTIMS = ("scraper", "importer", "business", "data", "beat", "celery", "rabbitmq")
TERMINAL = {"succeeded", "failed", "cancelled", "timed_out", "quarantined"}


def migrate(database: FreshDatabase) -> None:
    """Bring the schemas of both hubs to their newest migrations."""
    database.migrate("data", "business")


class World:
    """The platform as processes on a real RabbitMQ, PostgreSQL and Redis; any of them can be killed."""

    def __init__(self, folder: Path, database: FreshDatabase, redis_url: str, issuer: Any) -> None:
        self.folder = folder
        self.issuer = issuer
        self.rabbit = RealRabbit()
        self.rabbit.start()
        self.ports = {"data": free_port(), "business": free_port()}
        self.engine = create_engine(database.admin_url)
        self.miniature = MiniatureServer()
        self.miniature.start()
        self.env = {
            **os.environ, **database.env(), "OP_DATA_DIR": str(folder / "data"), "OP_RABBIT__URL": self.rabbit.url,
            "OP_REDIS__URL": redis_url, "OP_HUBS__SECURITY": issuer.url, "OP_LOG_LEVEL": "INFO",
            "OP_HUBS__DATA": self.url("data"), "OP_HUBS__BUSINESS": self.url("business"),
        }  # fmt: skip
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.http = httpx.Client(timeout=30, headers={"Authorization": f"Bearer {issuer.token()}"})

    def url(self, hub: str) -> str:
        return f"http://127.0.0.1:{self.ports[hub]}"

    def start(self, name: str) -> None:
        """Start a process, or the broker again."""
        if name == "rabbitmq":
            self.rabbit.start()
            return
        if name in self.ports:
            module = [
                "uvicorn",
                "--factory",
                f"hubs.{name}_hub.app:create_app",
                "--port",
                str(self.ports[name]),
            ]
        else:
            module = MODULES[name]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", *module], env=self.env, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self, name: str) -> None:
        """Kill a process with all its children, or the broker."""
        if name == "rabbitmq":
            self.rabbit.kill()
            return
        process = self.running.pop(name)
        os.killpg(process.pid, 9)
        process.wait()

    def start_all(self) -> None:
        for name in ("data", "business", *MODULES):
            self.start(name)
        for hub in self.ports:
            wait_until(lambda hub=hub: answers(f"{self.url(hub)}/readyz"), timeout=120, what=hub)

    def close(self) -> None:
        for name in list(self.running):
            self.kill(name)
        self.rabbit.stop()
        self.miniature.stop()
        self.engine.dispose()
        self.http.close()

    def forget(self) -> None:
        """Take the record and the scraper's memory away, so that every run is a first one."""
        if "scraper" in self.running:
            self.kill("scraper")
        shutil.rmtree(self.folder / "data" / "scraper", ignore_errors=True)
        with self.engine.begin() as connection:
            tables = connection.execute(
                text(
                    "SELECT tablename FROM pg_tables WHERE schemaname = 'data' AND tablename <> 'alembic_version'"
                )
            ).scalars()
            connection.execute(
                text(f"TRUNCATE {', '.join(f'data.{table}' for table in tables)} RESTART IDENTITY")
            )
        self.start("scraper")

    def ask(self, source: str) -> str:
        """Ask for a job, through every absence of the hub, once."""
        body = {"source_id": source, "options": {"upstream": self.miniature.url}}
        key = f"chaos-{time.time_ns()}"
        made: list[str] = []

        def has_answered() -> bool:
            try:
                answer = self.http.post(
                    f"{self.url('business')}/api/v1/jobs", json=body, headers={"Idempotency-Key": key}
                )
            except httpx.HTTPError:
                return False
            if answer.status_code == 201:
                made.append(answer.json()["id"])
            return bool(made)

        wait_until(has_answered, timeout=60, what="a job")
        return made[0]

    def job(self, job_id: str) -> dict[str, Any]:
        try:
            return self.http.get(f"{self.url('business')}/api/v1/jobs/{job_id}").json()
        except (httpx.HTTPError, ValueError):
            return {"state": "unknown"}

    def effect(self) -> dict[str, Any]:
        """What the record holds, and how often each record of it was changed."""
        found: dict[str, Any] = {}
        with self.engine.connect() as connection:
            for table in ("person", "membership", "post", "organization", "session", "bill", "vote_event"):
                rows = connection.execute(
                    text(f"SELECT key, md5(facts::text) FROM data.{table} ORDER BY key")
                ).all()
                found[table] = [tuple(row) for row in rows]
            found["ballots"] = connection.execute(text("SELECT count(*) FROM data.ballot")).scalar_one()
            found["changes"] = [
                tuple(row)
                for row in connection.execute(
                    text("SELECT kind, change, count(*) FROM data.change GROUP BY 1, 2 ORDER BY 1, 2")
                )
            ]
        return found

    def left_over(self) -> dict[str, int]:
        """What no ended job may leave behind."""
        queries = {
            "locks": "SELECT count(lock_key) FROM business.job",
            "live": "SELECT count(*) FROM business.job WHERE state IN ('pending', 'running')",
            "staged": "SELECT count(*) FROM business.staged_record",
        }
        with self.engine.connect() as connection:
            return {name: connection.execute(text(query)).scalar_one() for name, query in queries.items()}


@pytest.fixture(scope="module")
def world(server_databases, redis_server, tmp_path_factory, token_issuer) -> Iterator[World]:
    with server_databases.fresh(migrate) as database:
        found = World(tmp_path_factory.mktemp("chaos"), database, redis_server.url, token_issuer)
        try:
            found.start_all()
            yield found
        finally:
            found.close()


@pytest.fixture(scope="module")
def undisturbed(world) -> dict[str, dict[str, Any]]:
    """What each source leaves when nobody disturbs it."""
    found = {}
    for source in SOURCES:
        world.forget()
        job_id = world.ask(source)
        wait_until(lambda job_id=job_id: world.job(job_id)["state"] in TERMINAL, timeout=180, what=source)
        assert world.job(job_id)["state"] == "succeeded", world.job(job_id)
        found[source] = world.effect()
    return found


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_job_survives_a_kill_at_any_moment(world, undisturbed, seed):
    chance = random.Random(seed)
    source = chance.choice(SOURCES)
    world.forget()
    victims = [chance.choice(VICTIMS) for _ in range(chance.choice((1, 1, 2)))]

    def disturb() -> None:
        for victim in victims:
            time.sleep(chance.uniform(0.0, 4.0))
            world.kill(victim)
            time.sleep(chance.uniform(0.0, 1.0))
            world.start(victim)

    killer = threading.Thread(target=disturb)
    killer.start()
    job_id = world.ask(source)
    killer.join()
    context = f"seed {seed}: {source}, killed {victims}"
    wait_until(
        lambda: world.job(job_id)["state"] in TERMINAL, timeout=240, what=f"the end of the job ({context})"
    )
    job = world.job(job_id)
    assert job["state"] == "succeeded", (context, job)
    assert world.effect() == undisturbed[source], context
    wait_until(lambda: not any(world.left_over().values()), timeout=60, what=f"nothing left over ({context})")
    log = world.http.get(f"{world.url('business')}/api/v1/jobs/{job_id}/logs?limit=200").json()["data"]
    starts = [entry for entry in log if entry["code"] == "started"]
    assert len(starts) == job["attempts"], (context, log)
    # A hub that was away hears last what the crawl was like; that is noted although the job has ended.
    told = [entry["code"] for entry in log if entry["code"] != "crawled"]
    assert (told[-1], told.count("succeeded")) == ("succeeded", 1), (context, log)
