"""Odd and hostile documents: each is read right or refused with its place and the reason, never a crash."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest

from hubs.business_hub.op_import.errors import BadMapping, Unreadable
from hubs.business_hub.op_import.formats.base import Item, Parsed, Problem, ReadContext, read_all
from hubs.business_hub.op_import.formats.popolo import Popolo
from hubs.business_hub.op_import.formats.registry import sort_out
from hubs.business_hub.op_import.inspecting import inspect
from hubs.business_hub.op_import.reading.documents import documents_of_file
from hubs.business_hub.op_import.reading.limits import ReadLimits
from hubs.business_hub.op_import.schemas import ImportOptions

CONTEXT = ReadContext(source_id="import:odd", retrieved_at=datetime(2026, 1, 1, tzinfo=UTC))
PERSON = {"id": "1", "name": "Ann"}
MEMBER = b"id: ocd-person/1\nname: Ann\nroles:\n- {type: lower, jurisdiction: 'ocd-jurisdiction/country:ca', district: '1'}\n"


def read(name: str, body: bytes, context: ReadContext = CONTEXT) -> list[Item]:
    groups, _ = sort_out(documents_of_file(name, lambda: io.BytesIO(body), ReadLimits()))
    return [item for reader, group in groups for item in read_all(reader, group, context)]


def popolo(**lists: Any) -> list[Item]:
    return read("p.json", json.dumps(lists).encode())


def kinds(items: list[Item]) -> list[str]:
    return [item.record.kind for item in items if isinstance(item, Parsed)]


def problems(items: list[Item]) -> list[tuple[int | None, str, str]]:
    return [(item.row, item.column, item.code) for item in items if isinstance(item, Problem)]


def zipped(*files: tuple[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, body in files:
            archive.writestr(name, body)
    return held.getvalue()


def pupa(kind: str, **entry: Any) -> list[Item]:
    basics = {
        "_id": "x",
        "legislative_session": "1",
        "identifier": "1",
        "title": "T",
        "start_date": "2026-01-01",
    }
    return read("s.zip", zipped((f"{kind}_1.json", json.dumps({**basics, **entry}).encode())))


def test_memberships_within_a_person_or_a_body_are_read() -> None:
    body = {"id": "o", "name": "House"}
    within = {**PERSON, "memberships": [{"organization_id": "o", "role": "MP"}]}
    assert kinds(popolo(persons=[within], organizations=[body])).count("membership") == 1
    whole = {**PERSON, "memberships": [{"organization": body, "start_date": "2026-01-01"}]}
    [member] = [
        i.record for i in popolo(persons=[whole]) if isinstance(i, Parsed) and i.record.kind == "membership"
    ]
    assert member.model_dump()["organization_key"].endswith("/o")
    with_members = {**body, "memberships": [{"person_id": "1"}, {"role": "chair"}]}
    items = popolo(persons=[PERSON], organizations=[with_members])
    assert kinds(items).count("membership") == 1
    assert problems(items) == [(1, "person_id", "missing")]


@pytest.mark.parametrize(
    ("odd", "expected"),
    [
        ({"name": "Bob"}, (2, "id", "missing")),
        ({"id": "2", "name": {"en": "Bob"}}, (2, "name", "missing")),
        ({"id": "1", "name": "Bob"}, (2, "id", "duplicate")),
        ({"id": "2", "name": "Bob", "contact_details": "x"}, (2, "", "wrong-shape")),
        ({"id": "2", "name": "Bob", "links": ["x"]}, (2, "", "wrong-shape")),
        ({"id": "2", "name": "B\x00b"}, (2, "name", "value_error")),
    ],
)
def test_one_odd_person_is_named_and_the_others_are_read(
    odd: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    items = popolo(persons=[PERSON, odd, {"id": "3", "name": "Cy"}])
    assert (kinds(items), problems(items)) == (["person", "person"], [expected])


def test_the_same_person_twice_is_one() -> None:
    assert problems(popolo(persons=[PERSON, PERSON])) == []


def test_json_that_begins_with_a_byte_order_mark_is_read() -> None:
    assert kinds(read("p.json", b"\xef\xbb\xbf" + json.dumps({"persons": [PERSON]}).encode())) == ["person"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"persons":[{"id":NaN}]}',
        b'{"persons":[{"id":"1","name":"\\ud800"}]}',
        b'{"persons":[' + b"[" * 100_000,
        b'{"persons":[1]}',
    ],
)
def test_what_is_no_json_of_objects_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read("p.json", body)


@pytest.mark.parametrize("odd", ["offices: [x]", "party: [x]", "links: [3]", "other_identifiers: x"])
def test_yaml_of_another_shape_is_a_problem_of_its_file(odd: str) -> None:
    items = read("s.zip", zipped(("a.yml", MEMBER + odd.encode()), ("b.yml", MEMBER)))
    assert [i.document for i in items if isinstance(i, Problem)] == ["a.yml"]
    assert "membership" in kinds(items)


def test_a_number_of_yaml_that_has_no_end_is_refused() -> None:
    with pytest.raises(Unreadable, match="not YAML"):
        read("a.yml", MEMBER + b"birth_date: " + b"9" * 6_000)


def test_a_word_where_pupa_writes_a_list_is_that_word() -> None:
    [bill] = [
        item.record.model_dump()
        for item in pupa("bill", classification="bill", subject="x")
        if isinstance(item, Parsed)
    ]
    assert (bill["type_en"], bill["identifiers"]) == ("bill", ({"scheme": "subject", "value": "x"},))


@pytest.mark.parametrize(
    ("entry", "column"),
    [
        ({"counts": [{"option": "yes", "value": -1}]}, "counts.0.value"),
        ({"counts": [{"option": "yes", "value": 10**30}]}, "counts.0.value"),
        ({"votes": [{"voter_name": None, "option": "yes"}]}, "name"),
        ({"votes": [{"voter_name": "A", "option": ["yes"]}]}, ""),
        ({"votes": {"a": 1}}, ""),
    ],
)
def test_an_odd_vote_is_refused_with_its_field(entry: dict[str, Any], column: str) -> None:
    assert [item.column for item in pupa("vote_event", **entry) if isinstance(item, Problem)] == [column]


def test_two_files_of_one_name_in_an_archive_are_both_read() -> None:
    head = b"Name,District\n"
    with pytest.warns(UserWarning, match="Duplicate name"):
        body = zipped(("a.csv", head + b"Ann,1\n"), ("a.csv", head + b"Bob,2\n"))
    context = ReadContext(CONTEXT.source_id, CONTEXT.retrieved_at, target="representative")
    people = [
        i.record.model_dump()["name"]
        for i in read("a.zip", body, context)
        if isinstance(i, Parsed) and i.record.kind == "person"
    ]
    assert people == ["Ann", "Bob"]


def test_an_unknown_target_is_refused_when_a_table_is_inspected() -> None:
    documents = documents_of_file("a.csv", lambda: io.BytesIO(b"Name\nAnn\n"), ReadLimits())
    context = ReadContext(CONTEXT.source_id, CONTEXT.retrieved_at, target="nobody")
    with pytest.raises(BadMapping):
        inspect(documents, ImportOptions(), context)


def test_a_shape_that_nobody_thought_of_is_refused_with_the_file() -> None:
    class Careless(Popolo):
        def read(self, documents: Any, context: Any) -> Any:
            yield documents[0].json()["persons"]

    documents = documents_of_file("p.json", lambda: io.BytesIO(b'{"people": 1}'), ReadLimits())
    with pytest.raises(Unreadable, match=r"p\.json.*KeyError"):
        list(read_all(Careless(), documents, CONTEXT))
