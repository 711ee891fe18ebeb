"""Entries whose values are awkward to write: kept exactly, or refused without a loss to anybody else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session, sessionmaker

from hubs.intelligence_hub.audit.export import export_lines, verify_lines
from hubs.intelligence_hub.audit.note import NoteSigner
from hubs.intelligence_hub.audit.repository import AuditRepository
from hubs.intelligence_hub.audit.schemas import EntryCreate, RedactionCreate
from hubs.intelligence_hub.audit.service import AuditService
from hubs.intelligence_hub.audit.verify import verify_log
from hubs.intelligence_hub.audit.writer import AuditWriter
from shared.core.errors import AppError, Invalid
from shared.db.dsn import libpq_dsn
from shared.db.session import transaction
from shared.testing.databases import FreshDatabase

Sessions = sessionmaker[Session]
SIGNER = NoteSigner("test-log", bytes(range(32)))
AWKWARD = (
    "tab\there, line\nand\r\nreturn, back\\slash, \\N, \\., \"quotes\" and 'those', é \u2028 \U0001f600 \x7f"
)


def service(session: Session) -> AuditService:
    return AuditService(log_of(session), SIGNER)


def log_of(session: Session) -> AuditRepository:
    return AuditRepository(session)


def entry(**members: Any) -> EntryCreate:
    return EntryCreate(actor="somebody", action="test.written", **members)


def is_intact(sessions: Sessions) -> bool:
    with transaction(sessions) as session:
        return verify_log(AuditRepository(session), SIGNER.verifier_key()).is_intact


def test_awkward_texts_come_back_as_they_were(sessions: Sessions) -> None:
    given = EntryCreate(
        actor=AWKWARD,
        action="test.written",
        producer=AWKWARD,
        actor_type="\\",
        target="\t",
        target_type="\n",
        request_id="\\N",
        before={AWKWARD: [AWKWARD, {"n": 1.5e300, "m": -(1 << 70)}]},
        after={"": None, "deep": [[[True]]]},
        reason=AWKWARD,
        metadata={"k": AWKWARD},
    )
    with transaction(sessions) as session:
        placed = service(session).append([given])[0]
    with transaction(sessions) as session:
        read = service(session).get(placed.seq)
    for name in given.model_fields_set:
        assert getattr(read, name) == getattr(given, name), name
    assert is_intact(sessions)


NUMBERS = [
    1e16,
    1e22,
    -0.0,
    1.0,
    0.1,
    5e-324,
    1.7976931348623157e308,
    1 << 63,
    1 << 64,
    -(1 << 63) - 1,
    10**400,
]


def test_numbers_that_jsonb_would_change_are_kept_and_proven(sessions: Sessions) -> None:
    with transaction(sessions) as session:
        service(session).append([entry(after={"n": number}) for number in NUMBERS])
        service(session).append([entry(before={"n": NUMBERS}, metadata={"n": [1]})])
    with transaction(sessions) as session:
        log = service(session)
        kept = [(log.get(seq).after or {})["n"] for seq in range(len(NUMBERS))]
        assert [repr(number) for number in kept] == [repr(number) for number in NUMBERS]
        lines = [
            line.decode() for line in export_lines(log_of(session), log.checkpoint(), log.verifier_key())
        ]
    assert is_intact(sessions)
    assert verify_lines(lines).is_intact
    with transaction(sessions) as session:
        service(session).redact(3, RedactionCreate(fields=["after"], reason="asked for"), "somebody")
        assert service(session).get(3).after is None
    assert is_intact(sessions)


def test_a_changed_digit_of_such_a_number_is_found(sessions: Sessions, database: FreshDatabase) -> None:
    with transaction(sessions) as session:
        service(session).append([entry(), entry(after={"n": 1e16}), entry()])
    with psycopg.connect(libpq_dsn(database.admin_url)) as admin:
        changed = "UPDATE intelligence.audit_values SET fields = replace(fields::text, '1e+16', %s)::jsonb"
        admin.execute(changed, ["2e+16"])
    with transaction(sessions) as session:
        found = verify_log(log_of(session), SIGNER.verifier_key())
    assert (found.is_intact, found.first_bad_seq) == (False, 1)
    with psycopg.connect(libpq_dsn(database.admin_url)) as admin:
        admin.execute(changed.replace("1e+16", "2e+16"), ["no number"])
    with transaction(sessions) as session:
        assert verify_log(log_of(session), SIGNER.verifier_key()).first_bad_seq == 1


def test_a_batch_longer_than_one_write_keeps_its_order_and_names_the_same_id_once(sessions: Sessions) -> None:
    batch = [entry(target=str(n)) for n in range(450)]
    batch[300] = batch[2]
    with transaction(sessions) as session:
        places = service(session).append(batch)
    assert places[300] == places[2]
    assert [place.seq for place in places if place is not places[300]] == [
        seq for seq in range(449) if seq != 2
    ]
    with transaction(sessions) as session:
        rows = AuditRepository(session).entries(0, 449)
        assert [row.target for row in rows] == [str(n) for n in range(450) if n != 300]
    assert is_intact(sessions)


@pytest.mark.parametrize(
    "members",
    [{"target": "a\0b"}, {"after": {"a": "a\0b"}}, {"metadata": {"n": float("nan")}}, {"reason": "\0"}],
    ids=["NUL in a text", "NUL in JSON", "not a number", "NUL as a reason"],
)
def test_what_the_database_does_not_keep_is_refused_and_leaves_nothing(
    sessions: Sessions, members: dict[str, Any]
) -> None:
    with pytest.raises(Invalid), transaction(sessions) as session:
        service(session).append([entry(), entry(**members), entry()])
    with transaction(sessions) as session:
        assert AuditRepository(session).edge().size == 0
        assert AuditRepository(session).entries(0, 10) == []
        service(session).append([entry()])
    assert is_intact(sessions)


def test_half_of_a_surrogate_pair_is_refused_and_the_next_entry_is_kept(sessions: Sessions) -> None:
    with pytest.raises(UnicodeEncodeError), transaction(sessions) as session:
        service(session).append([entry(), EntryCreate.model_construct(**dict(entry(), reason="\ud800"))])
    with transaction(sessions) as session:
        assert service(session).append([entry()])[0].seq == 0
    assert is_intact(sessions)


def test_somebodys_bad_entry_costs_nobody_else_theirs(sessions: Sessions) -> None:
    writer = AuditWriter(sessions, SIGNER)
    said: list[str] = []

    def append(number: int) -> None:
        try:
            writer.append([entry(target="\0" if number % 5 == 0 else str(number))])
            said.append("kept")
        except AppError:
            said.append("refused")

    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(append, number) for number in range(20)]
        # All of them wait by now or soon, so that most come into one transaction.
        writer.start()
        for each in waiting:
            each.result()
    writer.close()
    assert (said.count("kept"), said.count("refused")) == (16, 4)
    with transaction(sessions) as session:
        assert AuditRepository(session).edge().size == 16
    assert is_intact(sessions)
