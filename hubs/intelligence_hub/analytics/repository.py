"""Keeping facts in place of what was there, and running the statements of the indicators."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Table, delete, func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from hubs.intelligence_hub.analytics.models import (
    BallotFact,
    BillFact,
    CoverageFact,
    DebateFact,
    EventFact,
    FeedPosition,
    OrganizationFact,
    RunFact,
    SpeechFact,
    UseFact,
    VoteFact,
    WordFact,
)
from shared.db.copying import copy_rows

Row = dict[str, Any]
_POSITION = 1
_LOCK = 0x6F70_0007
# kind of record: the table of its facts and the column of its key.
TABLES: dict[str, tuple[Table, str]] = {
    "vote_event": (VoteFact.__table__, "vote_key"),  # type: ignore[dict-item]
    "bill": (BillFact.__table__, "bill_key"),  # type: ignore[dict-item]
    "organization": (OrganizationFact.__table__, "organization_key"),  # type: ignore[dict-item]
    "debate": (DebateFact.__table__, "debate_key"),  # type: ignore[dict-item]
    "speech": (SpeechFact.__table__, "speech_key"),  # type: ignore[dict-item]
    "event": (EventFact.__table__, "event_key"),  # type: ignore[dict-item]
}
_BALLOTS: Table = BallotFact.__table__  # type: ignore[assignment]


class AnalyticsRepository:
    """Keeps facts and counts them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self) -> None:
        """Keep every other writer of facts out until this transaction ends."""
        self._session.execute(select(func.pg_advisory_xact_lock(_LOCK)))

    def position(self) -> int:
        """Return how far the change feed was read."""
        found = self._session.scalar(select(FeedPosition.seq).where(FeedPosition.id == _POSITION))
        return found or 0

    def move_to(self, seq: int) -> None:
        """Note how far the change feed was read."""
        self._session.execute(
            upsert(FeedPosition)
            .values(id=_POSITION, seq=seq)
            .on_conflict_do_update(index_elements=["id"], set_={"seq": seq})
        )

    def clear(self) -> None:
        """Forget everything that can be read again, for a rebuild."""
        for table in (_BALLOTS, *(table for table, _ in TABLES.values())):
            self._session.execute(delete(table))
        self._session.execute(delete(WordFact))
        self._session.execute(delete(FeedPosition))

    def put(self, kind: str, rows: Sequence[Row], ballots: Sequence[Row] = ()) -> None:
        """Keep records in place of what was there under their keys."""
        if not rows:
            return
        table, key = TABLES[kind]
        self.drop(kind, [row[key] for row in rows])
        copy_rows(self._session, table, rows)
        copy_rows(self._session, _BALLOTS, ballots)

    def add(self, kind: str, rows: Sequence[Row], ballots: Sequence[Row] = ()) -> None:
        """Keep records that are known to be new."""
        copy_rows(self._session, TABLES[kind][0], rows)
        copy_rows(self._session, _BALLOTS, ballots)

    def drop(self, kind: str, keys: Sequence[str]) -> None:
        """Remove records."""
        table, key = TABLES[kind]
        if kind == "vote_event":
            self._session.execute(delete(BallotFact).where(BallotFact.vote_key.in_(keys)))
        self._session.execute(delete(table).where(table.c[key].in_(keys)))

    def debates_of(self, speeches: Sequence[str]) -> set[str]:
        """Return the debates in which speeches are kept now."""
        query = select(SpeechFact.debate_key).where(SpeechFact.speech_key.in_(speeches)).distinct()
        return set(self._session.scalars(query))

    def recount_words(self, debates: Iterable[str] | None = None) -> None:
        """Work out anew how often each word was said in some debates (None: in all)."""
        # One of two texts of ours.
        where = "" if debates is None else "WHERE debate_key = ANY(:debates)"
        given = {} if debates is None else {"debates": list(debates)}
        self._session.execute(text(f"DELETE FROM intelligence.word_fact {where}"), given)  # noqa: S608
        for lang in ("en", "fr"):
            self._session.execute(
                text(
                    "INSERT INTO intelligence.word_fact (debate_key, lang, word, n) "  # noqa: S608
                    "SELECT debate_key, :lang, w.word, sum(w.n::int) "
                    f"FROM intelligence.speech_fact, jsonb_each_text(counts_{lang}) w(word, n) {where} "
                    "GROUP BY debate_key, w.word"
                ),
                {**given, "lang": lang},
            )

    def put_coverage(self, rows: Sequence[Row]) -> None:
        """Keep what is held, in place of what was held."""
        self._session.execute(delete(CoverageFact))
        if rows:
            self._session.execute(insert(CoverageFact), rows)

    def note_run(self, run: Row) -> None:
        """Keep what is known of a run; what another event said of it stays."""
        changed = {name: value for name, value in run.items() if name != "run_id"}
        self._session.execute(
            upsert(RunFact).values(run).on_conflict_do_update(index_elements=["run_id"], set_=changed)
        )

    def note_use(self, rows: Sequence[Row]) -> None:
        """Add requests to those of their day, route and class of answers."""
        if not rows:
            return
        statement = upsert(UseFact).values(rows)
        requests = UseFact.requests + statement.excluded.requests
        keys = ["day", "route", "status"]
        self._session.execute(
            statement.on_conflict_do_update(index_elements=keys, set_={"requests": requests})
        )

    def rows(self, statement: str, parameters: Row, limit: int) -> tuple[list[str], list[Row]]:
        """Return the columns and rows of one of the indicators' statements."""
        found = self._session.execute(
            text(f"{statement} LIMIT :row_limit"), {**parameters, "row_limit": limit}
        )
        columns = list(found.keys())
        return columns, [dict(row) for row in found.mappings()]
