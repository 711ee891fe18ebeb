"""Paging on a real database: every row once, whatever the order, the NULLs and the writers in between."""

import itertools
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Select, delete, event, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, sessionmaker

from shared.db.base import HasId, hub_registry
from shared.db.cursor import CursorCodec, InvalidCursor
from shared.db.engine import create_engine
from shared.db.paginate import UnorderedQuery, paginate, paginate_by_number
from shared.db.session import create_sessionmaker, transaction
from shared.testing.databases import Databases, FreshDatabase

CODEC = CursorCodec(b"the tests' own key, no other's")


class Model(DeclarativeBase):
    registry = hub_registry("data")


class Bill(HasId, Model):
    __tablename__ = "bill"
    number: Mapped[str]
    session_number: Mapped[int]
    introduced_on: Mapped[date | None]
    changed_at: Mapped[datetime]
    score: Mapped[Decimal | None]


class Stage(HasId, Model):
    __tablename__ = "stage"
    bill_id: Mapped[UUID]
    position: Mapped[int]


def fill(database: FreshDatabase) -> None:
    engine = create_engine(database.settings(), "data")
    Model.metadata.create_all(engine)
    chance = random.Random(45)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with transaction(create_sessionmaker(engine)) as session:
        for n in range(60):
            session.add(
                Bill(
                    number=f"C-{n}",
                    session_number=chance.randint(1, 3),
                    introduced_on=chance.choice(
                        [None, date(2026, 1, 1) + timedelta(days=chance.randint(0, 4))]
                    ),
                    changed_at=start + timedelta(microseconds=chance.randint(0, 10)),
                    score=chance.choice([None, Decimal("1.10"), Decimal("1.1000001"), Decimal("-2")]),
                )
            )
        session.flush()
        for bill in session.scalars(select(Bill)):
            session.add_all(Stage(bill_id=bill.id, position=n) for n in range(chance.randint(0, 4)))
    engine.dispose()


@pytest.fixture
def sessions(embedded_databases: Databases) -> Iterator[sessionmaker[Session]]:
    with embedded_databases.fresh(fill) as database:
        engine = create_engine(database.settings(), "data")
        yield create_sessionmaker(engine)
        engine.dispose()


def walk(session: Session, statement: Select[Any], limit: int = 7) -> list[Any]:
    """Read a whole listing page by page."""
    rows: list[Any] = []
    cursor = None
    for _ in range(100):
        page = paginate(session, statement, codec=CODEC, limit=limit, cursor=cursor)
        assert len(page.items) == limit or page.next_cursor is None
        rows += page.items
        if (cursor := page.next_cursor) is None:
            return rows
    pytest.fail("the listing has no end")


COLUMNS = [Bill.session_number, Bill.introduced_on, Bill.changed_at, Bill.score, func.lower(Bill.number)]
DIRECTIONS = [
    lambda column: column,
    lambda column: column.asc(),
    lambda column: column.desc(),
    lambda column: column.desc().nulls_last(),
    lambda column: column.asc().nulls_first(),
]


@pytest.mark.parametrize("is_id_descending", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_every_order_yields_every_row_once_and_in_order(
    sessions: sessionmaker[Session], seed: int, is_id_descending: bool
) -> None:
    chance = random.Random(seed)
    last = Bill.id.desc() if is_id_descending else Bill.id.asc()
    with transaction(sessions) as session:
        for first, second in itertools.permutations(COLUMNS, 2):
            terms = [chance.choice(DIRECTIONS)(first), chance.choice(DIRECTIONS)(second), last]
            statement = select(Bill).order_by(*terms)
            assert walk(session, statement) == list(session.scalars(statement))


def test_plain_keys_are_compared_as_a_row_so_that_an_index_serves(sessions: sessionmaker[Session]) -> None:
    statement = select(Bill).order_by(Bill.session_number.desc(), Bill.id.desc())
    with transaction(sessions) as session:
        assert walk(session, statement, 1) == list(session.scalars(statement))


@pytest.mark.parametrize("is_descending", [False, True])
def test_an_order_over_two_tables_bounds_the_first_of_them_by_itself(
    sessions: sessionmaker[Session], is_descending: bool
) -> None:
    keys = (Bill.session_number, Bill.id, Stage.position)
    order = [key.desc() for key in keys] if is_descending else keys
    statement = select(*keys).join(Stage, Stage.bill_id == Bill.id).order_by(*order)
    seen: list[str] = []
    with transaction(sessions) as session:
        engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", lambda *told: seen.append(told[2]))
        assert walk(session, statement, 3) == session.execute(statement).all()
    mark = "<=" if is_descending else ">="
    assert f"(data.bill.session_number, data.bill.id) {mark} (" in seen[1]


def test_rows_of_several_columns_come_without_the_sort_keys(sessions: sessionmaker[Session]) -> None:
    statement = select(Bill.number, Bill.session_number).order_by(Bill.introduced_on, Bill.id)
    with transaction(sessions) as session:
        page = paginate(session, statement, codec=CODEC, limit=3)
        assert [len(row) for row in page.items] == [2, 2, 2]
        assert walk(session, statement) == session.execute(statement).all()


def test_rows_that_vanish_or_appear_between_pages_move_no_other(sessions: sessionmaker[Session]) -> None:
    statement = select(Bill.number).order_by(Bill.id)
    with transaction(sessions) as session:
        everything = list(session.scalars(statement))
        page = paginate(session, statement, codec=CODEC, limit=10)
        session.execute(delete(Bill).where(Bill.number.in_([everything[0], everything[9]])))
        following = paginate(session, statement, codec=CODEC, limit=10, cursor=page.next_cursor)
        assert following.items == everything[10:20]


def test_a_query_without_an_order_is_refused(sessions: sessionmaker[Session]) -> None:
    with transaction(sessions) as session:
        with pytest.raises(UnorderedQuery):
            paginate(session, select(Bill), codec=CODEC, limit=10)
        with pytest.raises(UnorderedQuery):
            paginate_by_number(session, select(Bill), page=1, per_page=10)
        with pytest.raises(ValueError, match="at least one row"):
            paginate(session, select(Bill).order_by(Bill.id), codec=CODEC, limit=0)


def test_a_cursor_continues_only_the_listing_it_came_from(sessions: sessionmaker[Session]) -> None:
    base = select(Bill).where(Bill.session_number == 1)
    with transaction(sessions) as session:
        cursor = paginate(session, base.order_by(Bill.id), codec=CODEC, limit=2).next_cursor
        assert cursor
        others = [
            select(Bill).where(Bill.session_number == 2).order_by(Bill.id),
            select(Bill).order_by(Bill.id),
            base.order_by(Bill.id.desc()),
            base.order_by(Bill.number, Bill.id),
        ]
        for other in others:
            with pytest.raises(InvalidCursor, match="another filter or order"):
                paginate(session, other, codec=CODEC, limit=2, cursor=cursor)
        assert paginate(session, base.order_by(Bill.id), codec=CODEC, limit=2, cursor=cursor).items


def test_named_filters_tell_listings_apart_where_the_statement_says_the_time(
    sessions: sessionmaker[Session],
) -> None:
    def listing(at: datetime) -> Select[Any]:
        return select(Bill).where(Bill.changed_at < at).order_by(Bill.id)

    now, later = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 2, 2, tzinfo=UTC)
    with transaction(sessions) as session:
        page = paginate(session, listing(now), codec=CODEC, limit=2, filters={"session": 1})
        again = {"cursor": page.next_cursor, "codec": CODEC, "limit": 2}
        assert paginate(session, listing(later), filters={"session": 1}, **again).items
        with pytest.raises(InvalidCursor):
            paginate(session, listing(later), filters={"session": 2}, **again)
        with pytest.raises(InvalidCursor):
            paginate(session, listing(later), **again)


def test_pages_by_number_say_how_many_rows_there_are(sessions: sessionmaker[Session]) -> None:
    statement = select(Bill).where(Bill.session_number == 1).order_by(Bill.number)
    with transaction(sessions) as session:
        everything = list(session.scalars(statement))
        page = paginate_by_number(session, statement, page=2, per_page=5)
        assert page.items == everything[5:10]
        assert page.total == len(everything)
        assert paginate_by_number(session, statement, page=99, per_page=5).items == []
