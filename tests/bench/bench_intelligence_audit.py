"""Durable audit appends per second, beside bare single-row and batched INSERTs of the same entries, one run."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import psutil
import psycopg

from hubs.intelligence_hub.audit.note import NoteSigner
from hubs.intelligence_hub.audit.repository import AuditRepository
from hubs.intelligence_hub.audit.schemas import EntryCreate
from hubs.intelligence_hub.audit.service import AuditService
from hubs.intelligence_hub.audit.verify import verify_log
from hubs.intelligence_hub.audit.writer import AuditWriter
from shared.core.ids import new_id
from shared.db.dsn import libpq_dsn
from shared.db.engine import create_engine
from shared.db.session import create_sessionmaker, transaction
from shared.testing.databases import Databases, FreshDatabase
from shared.testing.servers import RealPostgres

BATCH = 200
COUNT = 6_000
SIGNER = NoteSigner("bench", bytes(32))
TABLE = """
    CREATE TABLE plain (id uuid PRIMARY KEY, occurred_at timestamptz, recorded_at timestamptz, producer text,
        actor text, actor_type text, action text, target text, target_type text, before jsonb, after jsonb,
        reason text, request_id text, trace_id text, metadata jsonb);
    CREATE INDEX ON plain (action); CREATE INDEX ON plain (target); CREATE INDEX ON plain (occurred_at);
    CREATE INDEX ON plain (actor)"""


def migrate(database: FreshDatabase) -> None:
    """Bring the hub's schema to its newest migration."""
    environment = {**os.environ, **database.env()}
    command = [sys.executable, "-m", "shared.db.migrate", "intelligence", "upgrade"]
    subprocess.run(command, env=environment, check=True)


def entry(number: int) -> EntryCreate:
    """Return an entry as hubs write them."""
    return EntryCreate(
        producer="data_hub",
        actor=f"user-{number % 50}",
        action="bill.corrected",
        target=f"bill/{number}",
        target_type="bill",
        after={"title": "An Act respecting the regulation of matters", "n": number},
        reason="as the source says",
        request_id=str(number),
        metadata={"ip": "203.0.113.9"},
    )


def plain(number: int) -> tuple[object, ...]:
    """Return the same entry as a row of one plain table."""
    now, e = datetime.now(UTC), entry(number)
    return (
        new_id(), now, now, e.producer, e.actor, "user", e.action, e.target, e.target_type, None,
        json.dumps(e.after), e.reason, e.request_id, "", json.dumps(e.metadata),
    )  # fmt: skip


def timed(what: str, count: int, work: Callable[[], None]) -> tuple[float, float]:
    """Run and print; return entries per second, and per second of processor time, the server's included."""
    began, used = time.perf_counter(), processor_s()
    work()
    rate = count / (time.perf_counter() - began)
    lean = count / (processor_s() - used)
    print(f"   {what:52}{rate:10,.0f} entries/s {lean:10,.0f} a second of processor time")
    return rate, lean


def processor_s() -> float:
    """Return the seconds of processor time of this process and the servers that it started."""
    me = psutil.Process()
    total = 0.0
    for process in (me, *me.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def main() -> None:
    """Print the rates."""
    server = RealPostgres()
    try:
        server.start()
        with psycopg.connect(libpq_dsn(server.admin_url), autocommit=True) as admin:
            admin.execute("ALTER SYSTEM SET fsync = on")
        server.end(signal.SIGINT)
        server.start()
        with Databases(server).fresh(migrate) as database:
            measure(database)
    finally:
        server.stop()


def measure(database: FreshDatabase) -> None:
    """Append to a plain table and to the log, both durable."""
    insert = f"INSERT INTO plain VALUES ({', '.join(['%s'] * 15)})"
    with psycopg.connect(libpq_dsn(database.admin_url)) as admin:
        assert admin.execute("SHOW fsync").fetchone() == ("on",)
        admin.execute(TABLE)
        admin.commit()

        def single() -> None:
            for number in range(500):
                admin.execute(insert, plain(number))
                admin.commit()

        def batched() -> None:
            for start in range(0, COUNT, BATCH):
                with admin.cursor() as cursor:
                    cursor.executemany(insert, [plain(n) for n in range(start, start + BATCH)])
                admin.commit()

        engine = create_engine(database.settings(), "intelligence")
        sessions = create_sessionmaker(engine)

        def appended() -> None:
            for start in range(0, COUNT, BATCH):
                with transaction(sessions) as session:
                    log = AuditService(AuditRepository(session), SIGNER)
                    log.append([entry(n) for n in range(start, start + BATCH)])

        timed("bare INSERT, one row a commit", 500, single)
        ratios = []
        for _ in range(3):
            bare = timed(f"bare INSERT, {BATCH} rows a commit", COUNT, batched)
            ours = timed(f"the log, {BATCH} entries a commit", COUNT, appended)
            ratios.append((ours[0] / bare[0], ours[1] / bare[1]))
        clock, lean = (sorted(pair[i] for pair in ratios)[1] for i in (0, 1))
        print(
            f"   the log beside batched INSERTs, median of 3: {clock:.2f} by the clock, {lean:.2f} by processor time"
        )
        writer = AuditWriter(sessions, SIGNER)
        writer.start()

        def callers() -> None:
            threads = [
                threading.Thread(target=lambda: [writer.append([entry(n)]) for n in range(100)])
                for _ in range(16)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        timed("the log, 16 callers of one entry each (group commit)", 1_600, callers)
        writer.close()
        began = time.perf_counter()
        with transaction(sessions) as session:
            found = verify_log(AuditRepository(session), SIGNER.verifier_key())
        assert found.is_intact
        rate = found.entries / (time.perf_counter() - began)
        print(f"   verified, every row                                 {rate:10,.0f} entries/s")
        engine.dispose()


if __name__ == "__main__":
    main()
