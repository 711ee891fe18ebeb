"""Search, lists and details at the API beside bare tantivy, bare SQL and naive PostgreSQL full text, in one run.

Corpus: 200,000 speeches of 120 words (60 English, 60 French; Zipf vocabulary), 500,000 ballots, 5,000 people, 20,000 bills,
generated. OP_BENCH_SPEECHES makes it smaller. Queries have two or three words, with facets and highlights.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import psycopg
import tantivy

from hubs.data_hub.search.engine import build_analysers, build_schema
from shared.core.ids import new_id
from tests.bench.data_hub import BenchHub, batches, bench_hub, make_bills, make_people, make_votes, source

SPEECHES = int(os.environ.get("OP_BENCH_SPEECHES", "200000"))
PEOPLE, BILLS = 5_000, 20_000
VOTES, BALLOTS = 1_480, 338
WORDS = 60
QUERIES = 300
THROUGHPUT_S = 15
FREQUENT = "motion"
SYLLABLES = (
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "la",
    "me",
    "ni",
    "po",
    "ru",
    "sa",
    "te",
    "vi",
    "zo",
    "tra",
    "ment",
    "tion",
    "al",
)


def vocabulary(seed: int, size: int = 40_000) -> list[str]:
    """Return distinct made-up words, the most frequent first."""
    chance = random.Random(seed)
    words: dict[str, None] = {}
    while len(words) < size:
        words["".join(chance.choice(SYLLABLES) for _ in range(chance.randint(2, 4)))] = None
    return list(words)


class Zipf:
    """Draws words by Zipf's law."""

    def __init__(self, words: Sequence[str], seed: int) -> None:
        self.words = words
        self._weights = list(itertools.accumulate(1 / (rank + 2) for rank in range(len(words))))
        self._chance = random.Random(seed)

    def text(self, count: int) -> str:
        """Return so many words; nine texts of ten hold the frequent one."""
        drawn = self._chance.choices(self.words, cum_weights=self._weights, k=count)
        if self._chance.random() < 0.9:
            drawn[self._chance.randrange(count)] = FREQUENT
        return " ".join(drawn)


def make_speeches(english: Zipf, french: Zipf) -> Iterator[list[dict[str, Any]]]:
    """Yield speeches by debate of 200."""
    for first in range(0, SPEECHES, 200):
        debate = f"ca/house/debate/{38 + first // 40_000}-1/{first // 200}"
        yield [
            {
                "key": f"{debate}/{n}", "debate_key": debate, "sequence": n, "slug": f"speech-{n}", "source_id": str(n),
                "person_key": f"ca/house/person/{80_000 + n % PEOPLE}", "speaker_name": f"Jean-François Tremblay {n % PEOPLE}",
                "time": f"20{10 + n // 20_000:02}-{n // 2_000 % 12 + 1:02}-{n % 28 + 1:02}T15:00:00Z", "h2_en": f"Subject {n % 500}",
                "h2_fr": f"Sujet {n % 500}",
                "paragraphs": [{"id": str(n), "text_en": english.text(WORDS), "text_fr": french.text(WORDS)}],
                "sources": source(f"https://www.ourcommons.ca/han{first}.xml"),
            }
            for n in range(first, min(first + 200, SPEECHES))
        ]  # fmt: skip


def spread(name: str, samples: Sequence[float], more: str = "") -> float:
    """Print median and 99th percentile in milliseconds; return the median."""
    ordered = sorted(samples)
    median, late = (
        statistics.median(ordered) * 1_000,
        ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1_000,
    )
    print(f"  {name:58} p50 {median:8.2f}  p99 {late:8.2f} ms  {more}")
    return median


def timed(calls: Sequence[Callable[[], Any]]) -> list[float]:
    """Return the seconds of each call."""
    found = []
    for call in calls:
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return found


def main() -> None:
    """Print the numbers."""
    english, french = Zipf(vocabulary(1), 3), Zipf(vocabulary(2), 4)
    with bench_hub() as hub:
        fill(hub, english, french)
        chance = random.Random(5)
        queries = [
            " ".join(chance.choice(english.words[20:4_000]) for _ in range(chance.choice((2, 3))))
            for _ in range(QUERIES)
        ]
        queries = [" OR ".join(q.split()) if n % 3 == 0 else q for n, q in enumerate(queries)]
        print(f"  data_hub just after loading: {hub.memory_mib():.0f} MiB PSS")
        print(
            f"  the index merged its segments for {hub.wait_until_idle():.0f} s more; then the hub was idle"
        )
        ask(hub, queries)
        lists(hub)
        print(f"  data_hub that loaded it, after these searches: {hub.memory_mib():.0f} MiB PSS")
        reopened(hub, queries)
        throughput(hub, queries)
        print(f"  after eight connections: {hub.memory_mib():.0f} MiB PSS")
        naive(hub, queries)


def reopened(hub: BenchHub, queries: Sequence[str]) -> None:
    """Start the hub anew on its index, search, and say what memory that takes."""
    hub.restart()
    hub.wait_for_index()
    before = hub.memory_mib()
    timed([lambda q=q: hub.get(f"/api/v1/search?q={quote_plus(q)}") for q in queries])
    print(
        f"  data_hub freshly started with this index open: {before:.0f} MiB PSS, after {len(queries)} searches"
        f" {hub.memory_mib():.0f} (aim 140)"
    )


def fill(hub: BenchHub, english: Zipf, french: Zipf) -> None:
    """Load the corpus through the API."""
    run = new_id()
    members = [
        {
            "key": f"ca/house/membership/{80_000 + n}", "person_key": f"ca/house/person/{80_000 + n}", "organization_key": "ca/house",
            "party": ("Liberal", "Conservative", "NDP", "Bloc Québécois")[n % 4], "area": f"Riding {n % 343}", "province": "Ontario",
            "start_date": "2008-10-14", "role_en": "Member of Parliament", "sources": source("https://www.ourcommons.ca/m.xml"),
        }
        for n in range(PEOPLE)
    ]  # fmt: skip
    for kind, rows, size in (
        ("person", make_people(PEOPLE), 1_000),
        ("membership", members, 1_000),
        ("bill", make_bills(BILLS), 1_000),
        ("vote_event", make_votes(VOTES, BALLOTS), 50),
    ):
        took, counts = hub.load(batches(kind, rows, size, run))
        print(f"  loaded {kind:11} {counts} in {took:.1f} s", flush=True)
    took, count = 0.0, 0
    group: list[dict[str, Any]] = []
    for speeches in make_speeches(english, french):
        group += speeches
        if len(group) >= 2_000 or len(speeches) < 200:
            seconds, counts = hub.load(batches("speech", group, 1_000, run))
            took, count = took + seconds, count + counts.get("inserted", 0)
            group = []
    if group:
        seconds, counts = hub.load(batches("speech", group, 1_000, run))
        took, count = took + seconds, count + counts.get("inserted", 0)
    print(
        f"  loaded speech      {count} in {took:.1f} s; the index stood {hub.wait_for_index():.1f} s later",
        flush=True,
    )


def ask(hub: BenchHub, queries: Sequence[str]) -> None:
    """Time searches through the API and the same on the bare engine."""

    def api(q: str) -> Callable[[], Any]:
        return lambda: hub.get(f"/api/v1/search?q={quote_plus(q)}")

    timed([api(q) for q in queries[:50]])
    began = hub.cpu_s()
    samples = timed([api(q) for q in queries])
    cost = (hub.cpu_s() - began) / len(queries) * 1_000
    here = spread("search at the API, facets and highlights", samples, "(aim 4 and 15)")
    with tempfile.TemporaryDirectory() as folder:
        samples, bare_cost = bare_engine(hub, queries, Path(folder))
    bare = spread("bare tantivy: top 20, count, four facets, 20 snippets", samples)
    print(f"  {'the API is above bare tantivy by':58} {here - bare:12.2f} ms (aim 3)")
    print(f"  {'processor time of a search: API, bare tantivy':58} {cost:12.2f} {bare_cost:14.2f} ms")
    spread(f"search at the API, a word of nine speeches in ten ({FREQUENT})", timed([api(FREQUENT)] * 30))
    spread(
        "search at the API, that word with another",
        timed([api(f"{FREQUENT} {q.split()[0]}") for q in queries[:50]]),
    )


def bare_engine(hub: BenchHub, queries: Sequence[str], folder: Path) -> tuple[list[float], float]:
    """Run the queries on a copy of the index without a hub: two fields, no weights, no parsing of operators.

    Return the seconds of each, and the milliseconds of processor time that one takes.
    """
    cwd = Path(f"/proc/{hub.pid}/environ").read_bytes().split(b"\0")
    data = next(Path(item.partition(b"=")[2].decode()) for item in cwd if item.startswith(b"OP_DATA_DIR="))
    [generation] = (data / "search").glob("g-*")
    copy = folder / "index"
    shutil.copytree(generation, copy, ignore=shutil.ignore_patterns(".tantivy*", "position.json"))
    schema = build_schema()
    index = tantivy.Index(schema, path=str(copy))
    for name, analyser in build_analysers().items():
        index.register_tokenizer(name, analyser)
    index.reload()
    facets = {
        name: {"terms": {"field": name, "size": 200}} for name in ("type", "party", "jurisdiction", "year")
    }

    def run(q: str) -> None:
        searcher = index.searcher()
        query = index.parse_query(
            q.replace(" OR ", " ") if " OR " in q else " ".join(f"+{w}" for w in q.split()),
            ["body_en", "body_fr"],
        )
        result = searcher.search(query, 20, count=True)
        searcher.aggregate(query, facets)
        for field in ("body_en", "body_fr"):
            maker = tantivy.SnippetGenerator.create(searcher, query, schema, field)
            for _, address in result.hits:
                maker.snippet_from_doc(searcher.doc(address)).to_html()

    timed([lambda q=q: run(q) for q in queries[:50]])
    began = time.process_time()
    samples = timed([lambda q=q: run(q) for q in queries])
    return samples, (time.process_time() - began) / len(queries) * 1_000


def lists(hub: BenchHub) -> None:
    """Time lists and details at the API beside their bare SQL, and a crawl at its beginning and its end."""

    def api(path: str) -> Callable[[], Any]:
        return lambda: hub.get(path)

    one = hub.http.get(f"{hub.url}/api/v1/votes?limit=1").json()["data"][0]["slug"]
    for name, path in (
        ("list of 50 bills", "/api/v1/bills?limit=50"),
        ("list of 50 bills of a session by number", "/api/v1/bills?limit=50&session=40-1&sort=number"),
        ("list of 50 speeches of a member", "/api/v1/speeches?limit=50&person=ca/house/person/80007"),
        ("list of 50 ballots of a member", "/api/v1/ballots?limit=50&person=ca/house/person/80007"),
        ("one bill with its votes", "/api/v1/bills/40-1-c-7"),
        ("one vote with 338 ballots", f"/api/v1/votes/{one}"),
        ("one member with seats", "/api/v1/people/ca/house/person/80007"),
    ):
        spread(f"API: {name}", timed([api(path)] * 100))
    with psycopg.connect(hub.dsn, autocommit=True) as connection:
        connection.execute("SET search_path = data")

        def bare(query: str) -> Callable[[], Any]:
            return lambda: connection.execute(query).fetchall()

        spread(
            "bare SQL: the 50 bills",
            timed([bare("SELECT * FROM bill ORDER BY sort_date DESC, id DESC LIMIT 50")] * 100),
        )
        vote = f"SELECT b.* FROM ballot b JOIN vote_event v ON v.id = b.vote_id WHERE v.slug = '{one}' ORDER BY position"
        spread("bare SQL: the 338 ballots", timed([bare(vote)] * 100))
    pages = []
    following: str | None = "/api/v1/speeches?limit=100&fields=slug"
    while following and len(pages) < 1_000:
        began = time.perf_counter()
        following = hub.http.get(f"{hub.url}{following}").json()["next"]
        pages.append(time.perf_counter() - began)
    first, last = pages[: len(pages) // 10], pages[-len(pages) // 10 :]
    ratio = statistics.median(last) / statistics.median(first)
    print(f"  crawl of {len(pages)} pages of 100: the last tenth costs {ratio:.2f} of the first tenth")


def throughput(hub: BenchHub, queries: Sequence[str]) -> None:
    """Print searches per second at eight connections."""
    wrk = shutil.which("wrk")
    if wrk is None:
        print("  no wrk here: throughput not measured")
        return
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        paths = ",".join(f'"/api/v1/search?q={quote_plus(q)}"' for q in queries)
        script.write(
            f"local paths = {{{paths}}}\nlocal n = 0\nrequest = function() n = n + 1\n"
            "return wrk.format('GET', paths[n % #paths + 1]) end\n"
        )
        script.flush()
        began = hub.cpu_s()
        done = subprocess.run(
            [wrk, "-t1", "-c8", f"-d{THROUGHPUT_S}s", "-s", script.name, hub.url],
            capture_output=True,
            text=True,
            check=True,
        )
    rate = next(line for line in done.stdout.splitlines() if "Requests/sec" in line)
    took = hub.cpu_s() - began
    print(
        f"  searches at eight connections: {rate.split()[-1]} a second (aim 500 on two cores),"
        f" the hub took {took / THROUGHPUT_S:.2f} processors"
    )


def naive(hub: BenchHub, queries: Sequence[str]) -> None:
    """Time what PostgreSQL's own full text does on the same speeches: rank, headline and facets in three queries."""
    with psycopg.connect(hub.dsn, autocommit=True) as connection:
        connection.execute("SET statement_timeout = 0; SET search_path = data")
        connection.execute(
            "CREATE TABLE naive AS SELECT s.id, extract(year FROM s.sort_date)::int AS year, m.party, b.body,"
            " to_tsvector('english', b.body) AS words FROM speech s"
            " CROSS JOIN LATERAL (SELECT (s.facts->'paragraphs'->0->>'text_en') || ' ' || (s.facts->'paragraphs'->0->>'text_fr') AS body) b"
            " LEFT JOIN membership m ON m.person_key = s.person_key"
        )
        connection.execute("CREATE INDEX ON naive USING gin (words) WITH (fastupdate = off)")
        connection.execute("ANALYZE naive")

        def search(q: str) -> None:
            asked = q.replace(" OR ", " or ")
            match = "FROM naive, websearch_to_tsquery('english', %(q)s) t WHERE words @@ t"
            connection.execute(
                "SELECT id, ts_headline('english', body, t) FROM (SELECT id, body, t, ts_rank(words, t) r " + match
                + " ORDER BY r DESC LIMIT 20) top", {"q": asked},
            ).fetchall()  # fmt: skip
            for column in ("party", "year"):
                connection.execute(f"SELECT {column}, count(*) {match} GROUP BY 1", {"q": asked}).fetchall()

        timed([lambda q=q: search(q) for q in queries[:20]])
        spread(
            "naive PostgreSQL: rank, headline, two facets", timed([lambda q=q: search(q) for q in queries])
        )
        spread(f"naive PostgreSQL: the frequent word ({FREQUENT})", timed([lambda: search(FREQUENT)] * 3))
        connection.execute("DROP TABLE naive")


if __name__ == "__main__":
    main()
