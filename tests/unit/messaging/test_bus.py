"""Topic patterns, messages, decoding and headers: what both brokers share."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.envelope import all_topics
from shared.contracts.events.auditing import AuditRecordedV1
from shared.core.errors import Invalid
from shared.logging import trace_id_var
from shared.messaging.bus import (
    ERROR_HEADER,
    HEADER_LIMIT,
    REASON_HEADER,
    REPLAYED_HEADER,
    Message,
    clamp_priority,
    cleared_headers,
    dead_queue,
    death_headers,
    decode,
    matches,
    pattern_regex,
    trace_id_of,
)

words = st.sampled_from(["a", "b", "bill_text", "v1", "x-y"])


def by_definition(pattern: list[str], topic: list[str]) -> bool:
    """AMQP's rule, said naively."""
    if not pattern:
        return not topic
    if pattern[0] == "#":
        return any(by_definition(pattern[1:], topic[skip:]) for skip in range(len(topic) + 1))
    return bool(topic) and pattern[0] in {"*", topic[0]} and by_definition(pattern[1:], topic[1:])


@given(
    st.lists(st.one_of(words, st.sampled_from(["*", "#"])), min_size=1, max_size=5),
    st.lists(words, min_size=1, max_size=5),
)
def test_a_pattern_matches_as_amqp_defines_it(pattern: list[str], topic: list[str]) -> None:
    assert matches(".".join(pattern), ".".join(topic)) == by_definition(pattern, topic)


def test_every_short_pattern_matches_as_amqp_defines_it() -> None:
    for size in (1, 2, 3):
        for pattern in product(["a", "*", "#"], repeat=size):
            for length in (1, 2, 3, 4):
                topic = ["a", "b", "a", "c"][:length]
                assert matches(".".join(pattern), ".".join(topic)) == by_definition([*pattern], topic), (
                    pattern
                )


def test_a_pattern_s_special_characters_mean_themselves() -> None:
    assert not matches("a.b", "axb")
    assert matches("a+.b", "a+.b")
    assert re.compile(pattern_regex("(.#"))


def test_the_patterns_in_use_take_the_topics_they_are_meant_for() -> None:
    scraped = [topic for topic in all_topics() if matches("scraping.*.scraped.v1", topic)]
    assert "scraping.bill.scraped.v1" in scraped
    assert "scraping.run.finished.v1" not in scraped
    assert [topic for topic in all_topics() if matches("#", topic)] == all_topics()


def test_a_message_carries_the_event_and_its_trace() -> None:
    event = AuditRecordedV1(producer="tests", actor="a", action="b.c", correlation_id="r1")
    token = trace_id_var.set("0af7651916cd43dd8448eb211c80319c")
    try:
        message = Message.of(event, headers={"x-a": "1"})
    finally:
        trace_id_var.reset(token)
    assert (message.id, message.topic, message.producer) == (str(event.id), event.topic, "tests")
    assert message.correlation_id == "r1"
    assert message.headers["x-a"] == "1"
    assert trace_id_of(message.headers) == "0af7651916cd43dd8448eb211c80319c"
    assert decode(message.topic, message.body) == event


@pytest.mark.parametrize("header", ["", "00-short-b7ad6b7169203331-01", "nonsense", "00-" + "g" * 32])
def test_a_broken_traceparent_is_no_trace(header: str) -> None:
    assert trace_id_of({"traceparent": header}) == ""


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"\xff\xfe", b'{"actor": 1}'])
def test_bytes_that_do_not_fit_the_contract_are_invalid(body: bytes) -> None:
    with pytest.raises(Invalid):
        decode(AuditRecordedV1.topic, body)


def test_an_unknown_topic_is_invalid() -> None:
    with pytest.raises(Invalid, match="no contract"):
        decode("nobody.knows.this.v1", b"{}")


def test_priorities_are_kept_between_first_and_last() -> None:
    assert [clamp_priority(p) for p in (None, -3, 0, 4, 9, 42)] == [5, 0, 0, 4, 9, 9]


def test_a_dead_letter_says_why_and_forgets_it_when_it_lives_again() -> None:
    dead = death_headers({"x-a": "1"}, "failed", "e" * 10_000)
    assert dead[REASON_HEADER] == "failed"
    assert len(dead[ERROR_HEADER]) == HEADER_LIMIT
    assert cleared_headers(dead) == {"x-a": "1", REPLAYED_HEADER: "1"}
    assert cleared_headers(cleared_headers(dead))[REPLAYED_HEADER] == "2"
    assert dead_queue("business.etl") == "business.etl.dead"


def test_choosing_a_bus_loads_neither_pika_nor_psycopg_nor_sqlalchemy() -> None:
    code = (
        "import sys; import shared.messaging.factory, shared.messaging.consumer;"
        "print([m for m in ('pika', 'psycopg', 'sqlalchemy', 'fastapi') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("module", "absent"),
    [("shared.messaging.rabbit_admin", ["psycopg"]), ("shared.messaging.embedded_admin", ["pika"])],
)
def test_an_adapter_loads_its_own_driver_only(module: str, absent: list[str]) -> None:
    code = f"import sys, {module}; print([m for m in {[*absent, 'sqlalchemy']} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
