"""What the importer sends is what data_hub takes."""

from __future__ import annotations

import pytest

from hubs.business_hub.etl.loading import known_in_set
from hubs.business_hub.etl.normalise import normalise
from shared.contracts.civic import SourceRef
from shared.contracts.events.scraping import CompleteSet
from shared.contracts.http.ingest import CloseRun
from shared.contracts.people import PersonRecord
from shared.core.clock import utc_now
from shared.core.ids import new_id

# The client sets a time limit, which the in-process transport has no use for.
pytestmark = pytest.mark.filterwarnings("ignore:You should not use the 'timeout'")

MEMBERS = CompleteSet(kind="person", prefix="ca/house/person/")


def bodies(count: int) -> list[bytes]:
    source = SourceRef(url="https://example.ca/m.xml", retrieved_at=utc_now(), sha256="0" * 64, parser="t/1")
    return [
        normalise(
            PersonRecord(key=f"ca/house/person/{n}", name=f" Member  {n}", sources=(source,))
            .model_dump_json()
            .encode()
        )
        for n in range(count)
    ]


def load(data_hub, count: int):
    run_id = new_id()
    head = {"run_id": run_id, "source_id": "ca-federal-mps", "kind": "person", "observed_at": utc_now()}
    report = data_hub.upsert_encoded(head, bodies(count), f"{run_id}:person:0")
    close = CloseRun(run_id=run_id, source_id="ca-federal-mps", observed_at=utc_now(), complete=(MEMBERS,))
    return head, report.report, data_hub.close_run(close)


def test_a_batch_is_loaded_counted_and_closed(data_hub):
    _, first, closed = load(data_hub, 12)
    assert (first.inserted, closed.tombstoned) == (12, {})
    assert known_in_set(data_hub.source_counts("ca-federal-mps"), MEMBERS) == 12
    _, second, closed = load(data_hub, 9)
    assert (second.inserted, second.unchanged, closed.tombstoned) == (0, 9, {"person": 3})
    assert known_in_set(data_hub.source_counts("ca-federal-mps"), MEMBERS) == 9


def test_the_same_batch_sent_again_answers_the_same(data_hub):
    head, first, _ = load(data_hub, 3)
    sent = bodies(3)
    key = f"{head['run_id']}:person:1"
    answers = [data_hub.upsert_encoded(head, sent, key).report for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0].unchanged == 3
    assert first.inserted == 3
