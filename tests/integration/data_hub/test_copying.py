"""What is written out for PostgreSQL by hand is read back by it as it was."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

from hubs.data_hub.database.repository.copying import array_literal, copy_rows, raw_cursor, text_array
from shared.db.session import transaction
from tests.integration.data_hub.conftest import Hub

ODD = [
    "",
    " ",
    "NULL",
    "{}",
    "a,b",
    '"',
    '","',
    "\\",
    '\\"',
    "\\N",
    "\\.",
    "tab\there",
    "two\nlines\r",
    "é œ ☃",
    "x" * 5_000,
]
ROW = Table(
    "row", MetaData(schema="pg_temp"), Column("id", Uuid), Column("text", Text), Column("words", ARRAY(Text)),
    Column("numbers", ARRAY(Integer)), Column("json", JSON), Column("bytes", LargeBinary), Column("day", Date),
    Column("at", TIMESTAMP(timezone=True)), Column("small", SmallInteger), Column("is_so", Boolean),
)  # fmt: skip
MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


@pytest.mark.parametrize("values", [[], [""], ["", ""], ODD, ODD[::-1], *([one] for one in ODD)])
def test_an_array_of_texts_arrives_whole(hub: Hub, values: list[str]) -> None:
    with transaction(hub.resources.sessionmaker) as session:
        cursor = raw_cursor(session)
        cursor.execute("SELECT %s::text[]", (text_array(values),))
        assert cursor.fetchone() == (values,)


def test_an_array_of_numbers_or_ids_arrives_whole(hub: Hub) -> None:
    ids = [UUID(int=1), UUID(int=2**127)]
    with transaction(hub.resources.sessionmaker) as session:
        cursor = raw_cursor(session)
        cursor.execute("SELECT %s::bigint[], %s::uuid[]", (array_literal([1, -2]), array_literal(ids)))
        assert cursor.fetchone() == ([1, -2], ids)


def test_rows_of_every_type_arrive_as_they_are(hub: Hub) -> None:
    values = [
        {
            "id": UUID(int=number), "text": text, "words": [text, *ODD], "numbers": [number, 7], "json": {text: [text, None]},
            "bytes": text.encode(), "day": date(2026, 1, 1 + number % 20), "at": MOMENT, "small": number, "is_so": number % 2 == 0,
        }
        for number, text in enumerate(ODD)
    ]  # fmt: skip
    nothing = dict.fromkeys(ROW.columns.keys())
    # The same value again, another one and none in between: each row has its own.
    rows = [
        values[0],
        nothing,
        values[0],
        *values,
        nothing,
        {**values[1], "words": [], "numbers": [], "day": "2026-02-03"},
    ]
    with transaction(hub.resources.sessionmaker) as session:
        cursor = raw_cursor(session)
        cursor.execute(
            "CREATE TEMPORARY TABLE row (id uuid, text text, words text[], numbers bigint[], json json, bytes bytea,"
            " day date, at timestamptz, small smallint, is_so boolean) ON COMMIT DROP"
        )
        copy_rows(cursor, ROW, ROW.columns.keys(), rows)
        names = ROW.columns.keys()
        found = [dict(zip(names, row, strict=True)) for row in cursor.execute("SELECT * FROM row")]
    rows[-1] = {**rows[-1], "day": date(2026, 2, 3)}
    assert found == rows
