"""An import is undone in the real record: what it inserted goes, what it changed is as before."""

from __future__ import annotations

from typing import Any

import pytest

from hubs.business_hub.etl.loading import known_in_set
from shared.contracts.civic import SourceRef
from shared.contracts.events.scraping import CompleteSet
from shared.contracts.http.ingest import CloseRun
from shared.contracts.legislation import VoteEventRecord
from shared.contracts.people import PersonRecord
from shared.core.clock import utc_now
from shared.core.ids import new_id

pytestmark = pytest.mark.filterwarnings("ignore:You should not use the 'timeout'")
SOURCE = SourceRef(url="https://x.ca/list.csv", retrieved_at=utc_now(), sha256="0" * 64, parser="t/1")


def person(number: int, name: str) -> PersonRecord:
    return PersonRecord(key=f"import/x/person/{number}", name=name, sources=(SOURCE,))


def load(data_hub, source_id: str, *records: Any, is_complete: bool = False):
    """Load records as one run and return its id."""
    run_id = new_id()
    kinds = {record.kind for record in records}
    for kind in sorted(kinds):
        head = {"run_id": run_id, "source_id": source_id, "kind": kind, "observed_at": utc_now()}
        bodies = [record.model_dump_json().encode() for record in records if record.kind == kind]
        data_hub.upsert_encoded(head, bodies, f"{run_id}:{kind}:0")
    if is_complete:
        sets = tuple(CompleteSet(kind=kind, prefix="") for kind in sorted(kinds))
        data_hub.close_run(CloseRun(run_id=run_id, source_id=source_id, observed_at=utc_now(), complete=sets))
    return run_id


def names(data_hub) -> dict[str, str]:
    rows = data_hub.list("people", limit=100)["data"]
    return {row["key"].rpartition("/")[2]: row["name"] for row in rows}


def test_what_an_import_inserted_is_gone_and_what_it_changed_is_as_before(data_hub):
    load(data_hub, "import:x", person(1, "Ann"), person(2, "Bob"))
    second = load(data_hub, "import:x", person(1, "Anne"), person(3, "Cay"))
    assert names(data_hub) == {"1": "Anne", "2": "Bob", "3": "Cay"}
    report = data_hub.revert_run(second, "import:x")
    assert names(data_hub) == {"1": "Ann", "2": "Bob"}
    assert (report.report["person"].updated, report.report["person"].tombstoned, report.kept) == (1, 1, {})


def test_what_an_import_removed_comes_back(data_hub):
    load(data_hub, "import:x", person(1, "Ann"), person(2, "Bob"))
    second = load(data_hub, "import:x", person(1, "Ann"), is_complete=True)
    assert names(data_hub) == {"1": "Ann"}
    data_hub.revert_run(second, "import:x")
    assert names(data_hub) == {"1": "Ann", "2": "Bob"}
    standing = data_hub.source_counts("import:x")
    assert known_in_set(standing, CompleteSet(kind="person", prefix="")) == 2


def test_what_somebody_changed_since_stays(data_hub):
    first = load(data_hub, "import:x", person(1, "Ann"), person(2, "Bob"))
    load(data_hub, "another", person(1, "Ann of the other"))
    report = data_hub.revert_run(first, "import:x")
    assert report.kept == {"person": 1}
    assert names(data_hub) == {"1": "Ann of the other"}


def test_several_runs_are_taken_back_as_one_and_only_what_others_changed_stays(data_hub):
    before = load(data_hub, "import:y", person(9, "Zoe"))
    first = load(data_hub, "import:x", person(1, "Ann"), person(2, "Bob"), person(9, "Zoé"))
    second = load(data_hub, "import:x", person(1, "Anne"), person(3, "Cay"), person(9, "Zoë"))
    third = load(data_hub, "import:x", person(1, "Anne"))
    load(data_hub, "another", person(2, "Bob of the other"))
    report = data_hub.revert_run(third, "import:x", [first, second])
    assert names(data_hub) == {"2": "Bob of the other", "9": "Zoe"}
    assert report.kept == {"person": 1}
    assert (report.report["person"].updated, report.report["person"].tombstoned) == (1, 2)
    assert data_hub.revert_run(before, "import:y").kept == {"person": 1}


def test_undoing_twice_is_undoing_once(data_hub):
    first = load(data_hub, "import:x", person(1, "Ann"))
    assert data_hub.revert_run(first, "import:x") == data_hub.revert_run(first, "import:x")
    assert names(data_hub) == {}


def test_ballots_come_back_too(data_hub):
    def vote(option: str) -> VoteEventRecord:
        return VoteEventRecord.model_validate(
            {
                "key": "import/x/vote/1", "organization_key": "import/x/body", "date": "2026-05-04",
                "result": "pass", "ballots": [{"name": "Ann", "option": option}, {"name": "Bob", "option": "yes"}],
                "sources": [SOURCE.model_dump()],
            }
        )  # fmt: skip

    load(data_hub, "import:x", vote("yes"))
    second = load(data_hub, "import:x", vote("no"))
    before = data_hub.list("votes", limit=5)["data"][0]
    data_hub.revert_run(second, "import:x")
    after = data_hub.list("votes", limit=5)["data"][0]
    assert (before["yes_count"], before["no_count"]) == (1, 1)
    assert (after["yes_count"], after["no_count"]) == (2, 0)
