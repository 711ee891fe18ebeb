"""Queues and dead letters through the API, on both brokers."""

from __future__ import annotations

import pytest

from shared.contracts.events.auditing import AuditRecordedV1
from shared.contracts.events.jobs import JobCancelRequestedV1
from shared.core.ids import new_id
from shared.messaging.bus import QueueSpec
from shared.messaging.consumer import Consumer
from shared.testing.processes import wait_until

SPEC = QueueSpec(name="scraper.jobs", topics=(JobCancelRequestedV1.topic,), max_deliveries=1)


@pytest.fixture(params=["embedded", "rabbitmq"])
def operator(request, bench, make_bench_on_rabbit):
    """The hub on either broker, and an operator's token."""
    found = bench if request.param == "embedded" else make_bench_on_rabbit()
    found.hub.bus.declare(SPEC)
    return found


def headers(bench) -> dict[str, str]:
    return bench.token("ops:read", "ops:write", "jobs:read")


def publish(bench) -> str:
    payload = {"producer": "operator", "job_id": str(new_id()), "reason": "by hand"}
    answer = bench.client.post(
        "/api/v1/messages",
        json={"topic": JobCancelRequestedV1.topic, "payload": payload},
        headers=headers(bench),
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def waiting(bench, name: str) -> int:
    return bench.client.get(f"/api/v1/queues/{name}", headers=headers(bench)).json()["waiting"]


def kill_all(bench) -> None:
    """Consume with a handler that always fails."""

    def fail(_: object) -> None:
        raise ValueError("poison")

    consumer = Consumer(bench.hub.bus, SPEC, fail)
    consumer.start()
    wait_until(lambda: waiting(bench, "scraper.jobs.dead") > 0, timeout=30, what="a dead letter")
    consumer.close()


def test_messages_are_published_seen_killed_replayed_and_discarded(operator):
    first = publish(operator)
    assert waiting(operator, "scraper.jobs") == 1
    seen = operator.client.get("/api/v1/queues/scraper.jobs/messages", headers=headers(operator)).json()[
        "data"
    ]
    assert [(one["topic"], one["payload"]["reason"]) for one in seen] == [
        (JobCancelRequestedV1.topic, "by hand")
    ]
    assert seen[0]["id"] == first
    assert waiting(operator, "scraper.jobs") == 1
    kill_all(operator)
    dead = operator.client.get("/api/v1/queues/scraper.jobs/dead", headers=headers(operator)).json()["data"]
    assert [one["id"] for one in dead] == [first]
    assert "poison" in str(dead[0]["headers"])
    replay = operator.client.post(
        "/api/v1/queues/scraper.jobs/dead/replay", json={}, headers=headers(operator)
    )
    assert replay.json() == {"count": 1}
    assert (waiting(operator, "scraper.jobs"), waiting(operator, "scraper.jobs.dead")) == (1, 0)
    kill_all(operator)
    discard = operator.client.post(
        "/api/v1/queues/scraper.jobs/dead/discard", json={"ids": [first]}, headers=headers(operator)
    )
    assert discard.json() == {"count": 1}
    assert waiting(operator, "scraper.jobs.dead") == 0


def test_a_purge_needs_the_name_of_the_queue_and_is_audited(operator):
    audit = QueueSpec(name="test.audit", topics=(AuditRecordedV1.topic,))
    operator.hub.bus.declare(audit)
    publish(operator)
    publish(operator)
    path = "/api/v1/queues/scraper.jobs/purge"
    refused = operator.client.post(path, json={"confirm": "yes"}, headers=headers(operator))
    assert refused.status_code == 422
    assert waiting(operator, "scraper.jobs") == 2
    purged = operator.client.post(path, json={"confirm": "scraper.jobs"}, headers=headers(operator))
    assert purged.json() == {"count": 2}
    assert waiting(operator, "scraper.jobs") == 0
    wait_until(lambda: operator.hub.bus.depth("test.audit") == 3, timeout=30, what="audit entries")


def test_an_event_that_breaks_its_contract_is_not_published(operator):
    for topic, payload in ((JobCancelRequestedV1.topic, {"producer": "x"}), ("no.such.topic.v1", {})):
        answer = operator.client.post(
            "/api/v1/messages", json={"topic": topic, "payload": payload}, headers=headers(operator)
        )
        assert answer.status_code == 422
    assert waiting(operator, "scraper.jobs") == 0


def test_readers_may_not_mend_and_strange_queues_are_not_found(operator):
    reader = operator.token("jobs:read")
    assert operator.client.get("/api/v1/queues", headers=reader).status_code == 200
    assert operator.client.get("/api/v1/queues/scraper.jobs/messages", headers=reader).status_code == 403
    path = "/api/v1/queues/scraper.jobs/purge"
    assert operator.client.post(path, json={"confirm": "scraper.jobs"}, headers=reader).status_code == 403
    assert operator.client.get("/api/v1/queues/nope", headers=reader).status_code == 404


def test_workers_are_listed_with_their_last_sign_of_life(operator):
    operator.start_importer()
    job = operator.create()
    operator.scrape(job, [], outcome="failed")
    operator.wait_for(job["id"], "failed")
    wait_until(
        lambda: len(operator.client.get("/api/v1/workers", headers=headers(operator)).json()["data"]) == 2,
        timeout=30,
        what="two workers",
    )
    found = operator.client.get("/api/v1/workers", headers=headers(operator)).json()["data"]
    assert [(one["kind"], one["is_alive"]) for one in found] == [("importer", True), ("scraper", True)]
    assert found[1]["details"] == {"source_id": "ca-federal-mps"}


def test_consumers_are_counted_whether_busy_or_not(operator):
    def consumers() -> int:
        found = operator.client.get("/api/v1/queues/scraper.jobs", headers=headers(operator)).json()
        return found["consumers"]

    assert consumers() == 0
    two = [Consumer(operator.hub.bus, SPEC, lambda _: None) for _ in range(2)]
    for one in two:
        one.start()
    wait_until(lambda: consumers() == 2, timeout=30, what="two consumers that wait for work")
    two[0].close()
    wait_until(lambda: consumers() == 1, timeout=30, what="one consumer")
    two[1].close()
    wait_until(lambda: consumers() == 0, timeout=30, what="no consumer")
