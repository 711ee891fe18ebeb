"""Rows per second through the batch API, first run and identical re-run, beside the same rows by COPY and SQL.

2,000 people, 5,000 bills, 1,000 votes of 338 ballots. The limit: the rows that the first run left (civic rows, ballots,
sightings, documents, change feed) are copied to staging tables and written with INSERT .. ON CONFLICT into empty tables
with the same keys and indexes, in the same server, without a hub.
"""

from __future__ import annotations

import time

import psycopg
from psycopg import sql

from shared.core.ids import new_id
from tests.bench.data_hub import BenchHub, batches, bench_hub, make_bills, make_people, make_votes

PEOPLE, BILLS, VOTES, BALLOTS = 2_000, 5_000, 1_000, 338
TABLES = {
    "person": "key", "bill": "key", "vote_event": "key", "ballot": "vote_id, position",
    "sighting": "source_id, kind, key", "source_document": "fingerprint", "change": "seq",
}  # fmt: skip


def main() -> None:
    """Print the numbers."""
    parts = (
        ("person", make_people(PEOPLE), 500),
        ("bill", make_bills(BILLS), 500),
        ("vote_event", make_votes(VOTES, BALLOTS), 50),
    )
    rows = PEOPLE + BILLS + VOTES + VOTES * BALLOTS
    with bench_hub() as hub:
        seconds, processor = [], []
        for name in ("first run", "identical re-run", "identical re-run"):
            run_id, total, began = new_id(), 0.0, hub.cpu_s()
            for kind, records, size in parts:
                took, counts = hub.load(batches(kind, records, size, run_id))
                total += took
                print(f"  {name:17} {kind:11} {took:6.2f} s  {counts}")
            seconds.append(total)
            # What one run leaves to be indexed is no work of the next.
            late = hub.wait_for_index()
            processor.append(hub.cpu_s() - began)
            print(
                f"  {name:17} {'all':11} {total:6.2f} s  {rows / total:9,.0f} rows/s, {processor[-1]:.1f} s of the hub's processor time;"
                f" the index stood {late:.1f} s later"
            )
        limit, written = copy_limit(hub)
        print(f"  limit: the same {written:,} rows by COPY to staging + INSERT ON CONFLICT: {limit:.2f} s")
        print(
            f"  first run at {limit / seconds[0]:.2f} of the limit (aim 0.5); re-run {seconds[0] / min(seconds[1:]):.1f} times faster (aim 4)"
        )


def copy_limit(hub: BenchHub) -> tuple[float, int]:
    """Write what the tables hold into empty copies of them; return the seconds and the number of rows."""
    total, written = 0.0, 0
    with psycopg.connect(hub.dsn, autocommit=True) as connection:
        connection.execute("SET statement_timeout = 0")
        for table, key in TABLES.items():
            with connection.cursor().copy(
                sql.SQL("COPY data.{} TO STDOUT").format(sql.Identifier(table))
            ) as copy:
                data = b"".join(copy)
            copied = sql.Identifier("data", f"limit_{table}")
            connection.execute(
                sql.SQL("CREATE TABLE {} (LIKE data.{} INCLUDING ALL)").format(copied, sql.Identifier(table))
            )
            names = [row[0] for row in connection.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
                (f"data.{table}",),
            )]  # fmt: skip
            sets = sql.SQL(", ").join(
                sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(name)) for name in names
            )
            began = time.perf_counter()
            with connection.transaction():
                connection.execute(
                    sql.SQL(
                        "CREATE TEMPORARY TABLE staging ON COMMIT DROP AS SELECT * FROM data.{} WITH NO DATA"
                    ).format(sql.Identifier(table))
                )
                with connection.cursor().copy("COPY staging FROM STDIN") as copy:
                    for start in range(0, len(data), 1 << 18):
                        copy.write(data[start : start + (1 << 18)])
                done = connection.execute(
                    sql.SQL("INSERT INTO {} SELECT * FROM staging ON CONFLICT ({}) DO UPDATE SET {}").format(
                        copied, sql.SQL(key), sets
                    )
                )
                written += done.rowcount
            total += time.perf_counter() - began
            connection.execute(sql.SQL("DROP TABLE {}").format(copied))
    return total, written


if __name__ == "__main__":
    main()
