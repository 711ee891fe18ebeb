"""A database of the hub for each test, and data_hub as far as the keeper of facts sees it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from hubs.intelligence_hub.analytics.loading import FactKeeper
from hubs.intelligence_hub.analytics.service import build
from services.scraper.parse_command import ParseReport, parse_files
from shared.contracts.civic import Record
from shared.core.errors import Invalid
from shared.db.engine import create_engine
from shared.db.session import create_sessionmaker, transaction
from shared.testing.databases import FreshDatabase

COLLECTIONS = {
    "organization": "organizations",
    "bill": "bills",
    "vote_event": "votes",
    "event": "events",
    "debate": "debates",
    "speech": "speeches",
    "person": "people",
}


def prepare(database: FreshDatabase) -> None:
    database.migrate("intelligence")


@pytest.fixture
def database(embedded_databases) -> Iterator[FreshDatabase]:
    with embedded_databases.fresh(prepare) as found:
        yield found


@pytest.fixture
def engine(database: FreshDatabase):
    found = create_engine(database.settings(), "intelligence")
    yield found
    found.dispose()


@pytest.fixture
def sessions(engine) -> sessionmaker[Session]:
    return create_sessionmaker(engine)


def rows(sessions: sessionmaker[Session], name: str, **parameters: str) -> list[dict]:
    with transaction(sessions) as session:
        return build(session).compute(name, parameters, 10_000).rows


class DataHub:
    """Holds records in memory and answers what the keeper asks: changes, lists by id, pages, coverage."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.log: list[dict[str, Any]] = []
        self.coverage: list[dict[str, Any]] = []
        self.asked = 0

    def put(self, kind: str, items: Iterable[dict[str, Any]]) -> None:
        for item in items:
            known = (kind, item["key"]) in self.items
            self.items[kind, item["key"]] = item
            self._note(kind, item["key"], "update" if known else "insert")

    def put_records(self, records: Iterable[Record]) -> None:
        for record in records:
            facts = record.facts()
            slug = facts["key"].rpartition("/")[2]
            self.put(record.kind, [{**facts, "slug": slug}])

    def remove(self, kind: str, key: str) -> None:
        del self.items[kind, key]
        self._note(kind, key, "tombstone")

    def _note(self, kind: str, key: str, change: str) -> None:
        self.log.append(
            {"seq": len(self.log) + 1, "type": kind, "key": key, "id": f"{kind}!{key}", "change": change}
        )

    def changes(self, after: str | int, limit: int) -> dict[str, Any]:
        start = len(self.log) if after == "now" else int(after)
        if start > len(self.log):
            raise Invalid(f"after: {start} is beyond the newest change; start over", position=len(self.log))
        return {"data": self.log[start : start + limit], "meta": {"position": len(self.log)}}

    def list(self, collection: str, **params: Any) -> dict[str, Any]:
        self.asked += 1
        kind = next(kind for kind, path in COLLECTIONS.items() if path == collection)
        if ids := params.get("id__in"):
            wanted = [tuple(each.split("!")) for each in ids.split(",")]
            return {"data": [self.items[each] for each in wanted if each in self.items], "next": None}
        return self._page(kind, 0, params["limit"])

    def request(self, _method: str, url: str) -> dict[str, Any]:
        if url == "/api/v1/coverage":
            return {"data": self.coverage}
        _, kind, start, limit = url.split("|")
        return self._page(kind, int(start), int(limit))

    def _page(self, kind: str, start: int, limit: int) -> dict[str, Any]:
        mine = [item for (of, _), item in self.items.items() if of == kind]
        following = f"page|{kind}|{start + limit}|{limit}" if start + limit < len(mine) else None
        return {"data": mine[start : start + limit], "next": following}


@pytest.fixture
def data_hub() -> DataHub:
    return DataHub()


def parsed(source: str, *paths: Path) -> list:
    return list(parse_files(source, paths, ParseReport()))


@pytest.fixture(scope="module")
def spoken(samples: Path) -> list:
    folder = samples / "ourcommons"
    return [
        *parsed("ca-federal-debates", folder / "hansard" / "44-1-200-en.xml"),
        *parsed("ca-federal-debates", folder / "hansard" / "44-1-196-en.xml"),
        *parsed(
            "ca-federal-debates", folder / "hansard" / "42-1-2-en.xml", folder / "hansard" / "42-1-2-fr.xml"
        ),
        *parsed("ca-federal-evidence", folder / "committee_evidence" / "12324877-en.xml"),
        *parsed("ca-federal-evidence", folder / "committee_evidence" / "5895073-fr.xml"),
    ]


def rebuilt(sessions: sessionmaker[Session], hub: DataHub) -> FactKeeper:
    keeper = FactKeeper(sessions, hub)  # type: ignore[arg-type]
    keeper.rebuild()
    return keeper
