"""Pages on a generated record: server time, CPU time and bytes per page; memory of ux_hub over a crawl.

2,000 members, 5,000 bills, 400 votes of 338 ballots, 4,000 speeches in 40 sittings: data_hub on PostgreSQL 15, ux_hub beside
it, each in a process of its own. Every request of a page kind asks for another record where there are as many; "again" is the
same page within the seconds that answers are kept. CPU is that of both hubs' processes, without the database: on a shared machine it says more than
the clock. ``OP_BENCH_CRAWL`` is the number of pages of the crawl (10,000).
"""

from __future__ import annotations

import itertools
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from shared.core.ids import new_id
from shared.core.memory import pss_mib
from shared.testing.ports import free_port
from shared.testing.processes import Processes, wait_until
from tests.bench.data_hub import BenchHub, batches, bench_hub, make_bills, make_people, make_votes, source
from tests.bench.image_packages import hide_others

PEOPLE, BILLS, VOTES, BALLOTS, SITTINGS, SPEECHES = 2_000, 5_000, 400, 338, 40, 100
CRAWL = int(os.environ.get("OP_BENCH_CRAWL", "10000"))
ROUNDS = 60
_WARM = 5
_WORDS = (
    "housing", "trade", "river", "budget", "health", "railway", "forest", "language", "border", "energy",
    "agriculture", "defence", "pension", "school", "fishery", "climate",
)  # fmt: skip


def make_debates() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return sittings and their speeches in both languages."""
    chance = random.Random(3)
    debates, speeches = [], []
    for n in range(SITTINGS):
        key = f"ca/house/debate/45-1/{n + 1}"
        origin = source(f"https://www.ourcommons.ca/Content/House/451/Debates/{n}/HAN{n}-E.XML")
        debates.append(
            {"key": key, "organization_key": "ca/house", "session": "45-1", "number": str(n + 1),
             "date": f"2026-{n % 12 + 1:02}-{n % 28 + 1:02}", "title_en": f"Sitting {n + 1}",
             "title_fr": f"Séance {n + 1}", "document_type": "debate", "sources": origin}
        )  # fmt: skip
        for k in range(SPEECHES):
            text = " ".join(chance.choices(_WORDS, k=60))
            who = chance.randrange(338)
            speeches.append(
                {"key": f"{key}/{k + 1}", "debate_key": key, "sequence": k + 1,
                 "person_key": f"ca/house/person/{80_000 + who}", "speaker_name": f"Jean-François Tremblay {who}",
                 "h1_en": "Government orders", "h1_fr": "Ordres émanant du gouvernement",
                 "paragraphs": [{"text_en": f"<p>{text}</p>", "text_fr": f"<p>{text}</p>"}], "sources": origin}
            )  # fmt: skip
    return debates, speeches


def load(hub: BenchHub) -> None:
    """Put the record in."""
    debates, speeches = make_debates()
    run_id = new_id()
    for kind, rows, size in (
        ("person", make_people(PEOPLE), 500), ("bill", make_bills(BILLS), 500),
        ("vote_event", make_votes(VOTES, BALLOTS), 50), ("debate", debates, 500), ("speech", speeches, 500),
    ):  # fmt: skip
        seconds, _ = hub.load(batches(kind, rows, size, run_id))
        print(f"loaded {len(rows):6,} {kind:11} {seconds:6.1f} s")
    print(f"indexed after {hub.wait_for_index():.1f} s")


@contextmanager
def pages_hub(hub: BenchHub) -> Iterator[tuple[str, int]]:
    """Start ux_hub in front of a data hub; return its address and process id."""
    port = free_port()
    with Processes() as run, tempfile.TemporaryDirectory() as folder:
        nowhere = f"http://127.0.0.1:{free_port()}"
        environment = {
            **hub.environment, "OP_DATA_DIR": folder, "OP_LOG_LEVEL": "ERROR", "OP_HUBS__DATA": hub.url, "OP_HUBS__SECURITY": hub.issuer,
            "OP_HUBS__UX": f"http://127.0.0.1:{port}", "OP_HUBS__OPS": nowhere, "OP_HUBS__BUSINESS": nowhere,
            "OP_HUBS__INTELLIGENCE": nowhere, "OP_GATEWAY__ANONYMOUS_PER_MINUTE": "10000000", "OP_GATEWAY__POLICY": "",
        }  # fmt: skip
        # With the packages of its image: others come along when they are there (a terminal's, a crawler's), 8 MiB.
        environment |= hide_others("hub", Path(folder) / "packages")
        subprocess.run(
            [sys.executable, "-m", "shared.db.migrate", "ux", "upgrade"],
            env={**os.environ, **environment},
            check=True,
        )
        process = run.python(
            "-m", "uvicorn", "--factory", "hubs.ux_hub.app:create_app", "--port", str(port), "--log-level", "critical",
            "--no-access-log", env=environment, cwd=Path.cwd(),
        )  # fmt: skip
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: _is_up(url), timeout=300, what="ux_hub")
        yield url, process.pid


def _is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=5, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def kinds() -> dict[str, Callable[[int], str]]:
    """Return each kind of page with what makes the address of its n-th."""
    return {
        "front page": lambda _: "",
        "search": lambda n: f"/search?q={_WORDS[n % 16]}+{_WORDS[n // 16 % 16]}",
        "bills": lambda n: f"/bills?session={38 + n % 5}-1",
        "bill": lambda n: f"/bills/{38 + n % 5}-1-c-{n % 900 + 1}",
        "votes": lambda n: f"/votes?session={38 + n % 2}-1&result={('pass', '')[n // 2 % 2]}",
        "vote": lambda n: f"/votes/{38 + n % 2}-1-{n // 2 % 200 + 1}",
        "members": lambda n: f"/members?when=all&q=Tremblay+{n % 100}",
        "member": lambda n: f"/members/jean-francois-tremblay-{n % 338}",
        "voting record": lambda n: f"/members/jean-francois-tremblay-{n % 338}/votes",
        "activity": lambda n: f"/members/jean-francois-tremblay-{n % 338}/activity",
        "words": lambda n: f"/members/jean-francois-tremblay-{n % 338}/words",
        "debates": lambda n: f"/debates?from=2026-{n % 12 + 1:02}-01",
        "debate": lambda n: f"/debates/{n % SITTINGS}",
        "my representatives": lambda n: f"/my-representatives?area={'abcdefghij'[n % 10]}",
        "coverage": lambda _: "/jurisdictions",
        "changes": lambda n: f"/changes?before={5_000 + n}",
    }


def cpu_ms(pid: int) -> float:
    """Return the CPU time of a process so far, threads that have ended included; in steps of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1_000 / os.sysconf("SC_CLK_TCK")


def measure(client: httpx.Client, pids: Sequence[int], slugs: Sequence[str]) -> None:
    """Print a line per kind of page."""
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    head = f"{'page':20} {'p50 ms':>7} {'p99 ms':>7} {'again':>7} {'CPU ux':>7} {'CPU data':>8} {'bytes':>7}"
    print(f"{head}   ({ROUNDS} different pages, one connection)")
    all_times: list[float] = []
    for name, address in kinds().items():
        paths = [address(n) for n in range(ROUNDS + _WARM)]
        if name == "debate":
            paths = [f"/debates/{slugs[n % len(slugs)]}" for n in range(ROUNDS + _WARM)]
        for path in paths[ROUNDS:]:
            client.get(f"/en{path}").raise_for_status()
        before = [cpu_ms(pid) for pid in pids]
        times = [_timed(client, path) for path in paths[:ROUNDS]]
        ux, data = ((cpu_ms(pid) - b) / ROUNDS for pid, b in zip(pids, before, strict=True))
        again = [_timed(client, paths[0]) for _ in range(ROUNDS)]
        size = int(client.get(f"/en{paths[0]}").headers["content-length"])
        cuts = statistics.quantiles(times, n=100)
        all_times += times
        print(
            f"{name:20} {statistics.median(times):7.1f} {cuts[98]:7.1f} {statistics.median(again):7.1f}"
            f" {ux:7.1f} {data:8.1f} {size:7d}"
        )
    cuts = statistics.quantiles(all_times, n=100)
    print(f"{'all kinds':20} {statistics.median(all_times):7.1f} {cuts[98]:7.1f}")
    floor = [_timed(client, "", base="/healthz") for _ in range(ROUNDS)]
    print(f"{'/healthz, beside it':20} {statistics.median(floor):7.1f}")


def _timed(client: httpx.Client, path: str, base: str = "/en") -> float:
    began = time.perf_counter()
    answer = client.get(f"{base}{path}")
    took = (time.perf_counter() - began) * 1_000
    if answer.status_code >= 400:
        raise RuntimeError(f"{path}: {answer.status_code}")
    return took


def crawl(client: httpx.Client, pid: int, slugs: Sequence[str]) -> None:
    """Ask for many different pages in both languages; print the memory along the way."""
    print(f"memory of ux_hub before the crawl: {pss_mib(pid):.1f} MiB PSS")
    makers = [maker for name, maker in kinds().items() if name != "debate"]
    began = time.perf_counter()
    readings = []
    for n, maker in zip(range(CRAWL), itertools.cycle(makers), strict=False):
        path = f"/debates/{slugs[n % len(slugs)]}" if n % 17 == 0 else maker(n // len(makers))
        client.get(f"/{('en', 'fr')[n % 2]}{path}")
        if (n + 1) % max(1, CRAWL // 10) == 0:
            readings.append(pss_mib(pid))
            print(f"  {n + 1:6,} pages {time.perf_counter() - began:6.0f} s  {readings[-1]:6.1f} MiB PSS")
    half = len(readings) // 2
    slope = (readings[-1] - readings[half]) / (CRAWL * (1 - (half + 1) / len(readings))) * 1_000
    print(f"over the second half: {slope:+.2f} MiB per 1,000 pages")


def main() -> None:
    """Print the numbers."""
    with bench_hub() as hub:
        load(hub)
        listed = hub.http.get(f"{hub.url}/api/v1/debates?limit=100&fields=slug").json()["data"]
        slugs = [row["slug"] for row in listed]
        with pages_hub(hub) as (url, pid), httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            measure(client, (pid, hub.pid), slugs)
            crawl(client, pid, slugs)


if __name__ == "__main__":
    main()
