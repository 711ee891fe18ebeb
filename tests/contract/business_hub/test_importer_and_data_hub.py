"""What the importer sends is what data_hub takes."""

from __future__ import annotations

import pytest

from hubs.business_hub.etl.loading import known_in_set
from hubs.business_hub.etl.normalise import normalise
from shared.contracts.civic import SourceRef
from shared.contracts.events.scraping import CompleteSet
from shared.contracts.http.ingest import CloseRun, CompareBatch
from shared.contracts.people import PersonRecord
from shared.contracts.records import content_hash
from shared.core.clock import utc_now
from shared.core.ids import new_id
from shared.http.json import dumps, loads

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


def marks(sent: list[bytes]) -> dict[str, str]:
    """Keys with the hashes of their records."""
    found = {}
    for body in sent:
        record = loads(body)
        del record["sources"]
        found[record["key"]] = content_hash(dumps(record)).hex()
    return found


def compare(data_hub, hashes, source_id="ca-federal-mps", **more):
    return data_hub.compare(
        CompareBatch(
            run_id=new_id(), source_id=source_id, kind="person", observed_at=utc_now(), hashes=hashes, **more
        )
    )


def test_a_comparison_sorts_records_into_unchanged_changed_and_new(data_hub):
    load(data_hub, 3)
    hashes = marks(bodies(5))
    hashes["ca/house/person/1"] = "00" * 16
    found = compare(data_hub, hashes)
    assert found.unchanged == ("ca/house/person/0", "ca/house/person/2")
    assert found.changed == ("ca/house/person/1",)
    assert found.new == ("ca/house/person/3", "ca/house/person/4")
    assert found.shared == ()


def test_to_another_source_the_same_records_are_shared_and_never_unchanged(data_hub):
    load(data_hub, 2)
    found = compare(data_hub, marks(bodies(2)), "another", facts_of=("ca/house/person/0",))
    assert (found.unchanged, len(found.changed), len(found.shared)) == ((), 2, 2)
    assert found.facts["ca/house/person/0"]["name"] == "Member 0"


def test_what_was_compared_as_seen_is_not_gone_when_its_run_is_closed(data_hub):
    load(data_hub, 4)
    run_id = new_id()
    seen = CompareBatch(
        run_id=run_id,
        source_id="ca-federal-mps",
        kind="person",
        observed_at=utc_now(),
        hashes=marks(bodies(3)),
        seen=tuple(marks(bodies(3))),
    )
    assert len(data_hub.compare(seen).unchanged) == 3
    close = CloseRun(run_id=run_id, source_id="ca-federal-mps", observed_at=utc_now(), complete=(MEMBERS,))
    assert data_hub.close_run(close).tombstoned == {"person": 1}
    # A tombstone is not unchanged when it comes back.
    assert compare(data_hub, marks(bodies(4))).changed == ("ca/house/person/3",)
