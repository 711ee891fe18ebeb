from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from shared.contracts.envelope import all_topics, event_class
from shared.contracts.events.jobs import ScrapeRequestedV1
from shared.contracts.events.scraping import BATCH_CLASSES
from shared.contracts.people import PersonRecord
from shared.contracts.records import LOAD_ORDER, RECORD_KINDS
from shared.core.errors import Invalid, NotFound
from shared.core.ids import new_id


def test_an_event_survives_the_wire() -> None:
    event = ScrapeRequestedV1(producer="test", job_id=new_id(), source_id="ca-federal-mps")
    assert event_class(event.topic).decode(event.encode()) == event


def test_bytes_that_are_no_event_are_refused_with_the_place() -> None:
    with pytest.raises(Invalid) as caught:
        ScrapeRequestedV1.decode(b'{"producer": "x"}')
    assert {"pointer": "/job_id", "detail": "Field required"} in caught.value.extensions["errors"]
    with pytest.raises(Invalid):
        ScrapeRequestedV1.decode(b"\xff\x00 not json")


def test_a_topic_without_a_contract_is_not_found() -> None:
    with pytest.raises(NotFound):
        event_class("nothing.known.here.v1")


def test_every_topic_ends_with_its_version() -> None:
    for topic in all_topics():
        assert event_class(topic).version() >= 1, topic


def test_every_kind_of_record_has_a_batch_and_a_place_in_the_load_order() -> None:
    assert set(BATCH_CLASSES) == set(RECORD_KINDS) == set(LOAD_ORDER)


@pytest.mark.parametrize("name", ["a\x00b", "\ud800"])
def test_text_that_cannot_be_stored_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        PersonRecord(key="ca/house/person/1", name=name)


def test_facts_leave_out_where_they_were_read() -> None:
    record = PersonRecord(key="ca/house/person/1", name="Ziad Aboultaif")
    assert "sources" not in record.facts()
    assert json.dumps(record.facts())
