"""Reading the whole record anew: seconds for half a million ballots out of a data_hub in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import httpx

from hubs.intelligence_hub.analytics.loading import FactKeeper
from hubs.intelligence_hub.analytics.service import build
from shared.clients.data_hub import DataHubClient
from shared.core.ids import new_id
from shared.db.engine import create_engine
from shared.db.session import create_sessionmaker, transaction
from shared.testing.databases import Databases, FreshDatabase
from shared.testing.servers import RealPostgres
from tests.bench.data_hub import batches, bench_hub, make_votes

VOTES, BALLOTS = 1_500, 338


def migrate(database: FreshDatabase) -> None:
    """Bring the hub's schema to its newest migration."""
    environment = {**os.environ, **database.env()}
    command = [sys.executable, "-m", "shared.db.migrate", "intelligence", "upgrade"]
    subprocess.run(command, env=environment, check=True)


def main() -> None:
    """Load the record, read it anew, print the seconds."""
    votes = int(os.environ.get("BENCH_VOTES", VOTES))
    server = RealPostgres()
    try:
        server.start()
        with bench_hub() as hub, Databases(server).fresh(migrate) as database:
            loaded, _ = hub.load(batches("vote_event", make_votes(votes, BALLOTS), 25, new_id()))
            print(f"   loading {votes * BALLOTS:,} ballots into data_hub first: {loaded:.1f} s", flush=True)
            engine = create_engine(database.settings(), "intelligence")
            sessions = create_sessionmaker(engine)
            with httpx.Client(timeout=60, trust_env=False) as http:
                keeper = FactKeeper(sessions, DataHubClient(hub.url, http, None))
                used = time.process_time()
                report = keeper.rebuild()
                used = time.process_time() - used
            kept = report.kept["ballot"]
            assert kept == votes * BALLOTS
            print(
                f"   rebuilt {kept:,} ballots of {report.kept['vote_event']:,} votes: {report.seconds:.1f} s",
                end="",
            )
            print(
                f", of which {used:.1f} s of this process's own time; {kept / report.seconds:,.0f} ballots/s"
            )
            with transaction(sessions) as session:
                for name in ("party-unity", "member-dissent", "attendance", "party-agreement"):
                    began = time.perf_counter()
                    build(session).compute(name, {})
                    print(f"   {name} over all of them: {time.perf_counter() - began:.2f} s")
            engine.dispose()
    finally:
        server.stop()


if __name__ == "__main__":
    main()
