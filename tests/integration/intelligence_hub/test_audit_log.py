"""The audit log on real PostgreSQL: appended once, proven, and any tampering named."""

from __future__ import annotations

import json
import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from hubs.intelligence_hub.audit.export import export_lines, verify_lines
from hubs.intelligence_hub.audit.merkle import verify_inclusion
from hubs.intelligence_hub.audit.note import NoteSigner, open_note
from hubs.intelligence_hub.audit.repository import AuditRepository
from hubs.intelligence_hub.audit.schemas import EntryCreate, RedactionCreate, Verification
from hubs.intelligence_hub.audit.service import AuditService
from hubs.intelligence_hub.audit.verify import verify_log
from hubs.intelligence_hub.audit.writer import AuditWriter
from shared.db.engine import create_engine
from shared.db.session import transaction
from shared.testing.databases import FreshDatabase

SIGNER = NoteSigner("test-log", bytes(range(32)))


def service(session: Session) -> AuditService:
    return AuditService(AuditRepository(session), SIGNER)


def entries(count: int, start: int = 0) -> list[EntryCreate]:
    return [
        EntryCreate(
            producer="test",
            actor=f"user-{n % 3}",
            action="job.created",
            target=f"job/{n}",
            after={"n": n},
            reason="because",
            metadata={"ip": "203.0.113.9"},
        )
        for n in range(start, start + count)
    ]


def fill(sessions: sessionmaker[Session], count: int = 600) -> None:
    for start in range(0, count, 100):
        with transaction(sessions) as session:
            service(session).append(entries(100, start))
    with transaction(sessions) as session:
        service(session).checkpoint()


def verified(sessions: sessionmaker[Session]) -> Verification:
    with transaction(sessions) as session:
        return verify_log(AuditRepository(session), SIGNER.verifier_key())


def tamper(database: FreshDatabase, *statements: str) -> None:
    # As the server's administrator, with the guards switched off: what an intruder would do.
    engine = create_engine(database.settings(), "intelligence", url=database.admin_url)
    with engine.begin() as connection:
        connection.execute(text("SET session_replication_role = replica"))
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_an_untouched_log_is_intact_and_every_entry_is_proven(sessions) -> None:
    fill(sessions)
    found = verified(sessions)
    assert (found.is_intact, found.entries, found.checkpoints) == (True, 600, 1)
    with transaction(sessions) as session:
        log = service(session)
        root = open_note(log.checkpoint(), log.verifier_key()).root
        for seq in (0, 1, 255, 256, 511, 599):
            proof = log.prove_inclusion(seq, None)
            path = [bytes.fromhex(value) for value in proof.path]
            assert verify_inclusion(bytes.fromhex(proof.leaf_hash), seq, 600, path, root)
        assert log.prove_consistency(256, 600).second_root == root.hex()
        assert len(log.tile(0, 2, 88)) == 88 * 32
        assert len(log.tile(1, 0, 2)) == 64


@pytest.mark.parametrize(
    ("statements", "seq"),
    [
        (["UPDATE intelligence.audit_entry SET action = 'job.deleted' WHERE seq = 17"], 17),
        (
            [
                "UPDATE intelligence.audit_entry SET occurred_at = occurred_at + interval '1 second' WHERE seq = 300"
            ],
            300,
        ),
        (
            [
                """UPDATE intelligence.audit_detail SET value = '"someone else"' WHERE seq = 40 AND field = 'actor'"""
            ],
            40,
        ),
        (
            ["UPDATE intelligence.audit_entry SET leaf_hash = decode(repeat('00', 32), 'hex') WHERE seq = 5"],
            5,
        ),
        (
            [
                "DELETE FROM intelligence.audit_detail WHERE seq = 99",
                "DELETE FROM intelligence.audit_entry WHERE seq = 99",
            ],
            99,
        ),
        (
            [
                "DELETE FROM intelligence.audit_detail WHERE seq = 599",
                "DELETE FROM intelligence.audit_entry WHERE seq = 599",
            ],
            599,
        ),
        (["DELETE FROM intelligence.audit_detail WHERE seq = 7 AND field = 'after'"], 7),
        (
            [
                "INSERT INTO intelligence.audit_entry SELECT 600, gen_random_uuid(), occurred_at, recorded_at, producer, actor_type,"
                " action, target, target_type, request_id, trace_id, commitments, leaf_hash FROM intelligence.audit_entry WHERE seq = 3"
            ],
            600,
        ),
        (
            [
                "UPDATE intelligence.audit_entry SET seq = 9999 WHERE seq = 20",
                "UPDATE intelligence.audit_entry SET seq = 20 WHERE seq = 21",
                "UPDATE intelligence.audit_entry SET seq = 21 WHERE seq = 9999",
            ],
            20,
        ),
        (["UPDATE intelligence.audit_hash SET hash = decode(repeat('11', 32), 'hex') WHERE index = 1"], 511),
    ],
)
def test_any_single_change_is_found_and_named(database, sessions, statements, seq) -> None:
    fill(sessions)
    tamper(database, *statements)
    found = verified(sessions)
    assert not found.is_intact
    assert found.first_bad_seq == seq, found.problem


def test_a_rewritten_log_that_fits_itself_does_not_fit_the_checkpoint(database, sessions) -> None:
    fill(sessions, 100)
    other = NoteSigner("test-log", bytes(32))
    with transaction(sessions) as session:
        AuditService(AuditRepository(session), SIGNER).append(entries(1, 100))
        log = AuditService(AuditRepository(session), other)
        log.checkpoint()
    assert "not signed by this key" in verified(sessions).problem


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE intelligence.audit_entry SET action = 'x.y'",
        "DELETE FROM intelligence.audit_entry",
        "TRUNCATE intelligence.audit_entry CASCADE",
    ],
)
def test_the_hubs_own_role_may_not_change_what_is_written(engine, sessions, statement) -> None:
    fill(sessions, 100)
    with pytest.raises(DBAPIError, match="permission denied|append-only"), engine.begin() as connection:
        connection.execute(text(statement))
    assert verified(sessions).is_intact


def test_the_same_event_twice_is_one_entry(sessions) -> None:
    again = entries(5)
    with transaction(sessions) as session:
        first = service(session).append(again)
    with transaction(sessions) as session:
        second = service(session).append([*again, *entries(1, 5)])
    assert [place.seq for place in second] == [0, 1, 2, 3, 4, 5]
    assert second[:5] == first


def test_a_redaction_removes_the_value_and_keeps_the_proof(sessions) -> None:
    fill(sessions, 100)
    with transaction(sessions) as session:
        service(session).redact(
            10, RedactionCreate(fields=["actor", "metadata"], reason="asked by the person"), "admin"
        )
    with transaction(sessions) as session:
        entry = service(session).get(10)
        assert (entry.actor, entry.metadata, entry.redacted) == (None, None, ["actor", "metadata"])
        assert entry.after == {"n": 10}
    assert verified(sessions).is_intact


def test_writers_that_append_at_once_form_one_intact_log(sessions) -> None:
    writer = AuditWriter(sessions, SIGNER)
    writer.start()
    places: list[int] = []
    lock = threading.Lock()

    def work(start: int) -> None:
        for entry in entries(25, start):
            place = writer.append([entry])[0]
            with lock:
                places.append(place.seq)

    threads = [threading.Thread(target=work, args=(n * 25,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    assert sorted(places) == list(range(200))
    assert verified(sessions).is_intact


def test_an_export_is_verified_offline_and_a_changed_line_is_named(sessions) -> None:
    fill(sessions, 300)
    with transaction(sessions) as session:
        log = service(session)
        lines = [
            line.decode()
            for line in export_lines(AuditRepository(session), log.checkpoint(), log.verifier_key())
        ]
    assert verify_lines(lines).is_intact
    changed = json.loads(lines[42])
    changed["values"]["after"]["value"] = {"n": -1}
    assert verify_lines([*lines[:42], json.dumps(changed), *lines[43:]]).first_bad_seq == 41
    assert verify_lines([*lines[:42], *lines[43:]]).first_bad_seq == 41
    assert not verify_lines(lines[:-1]).is_intact
    assert not verify_lines(lines, NoteSigner("test-log", bytes(32)).verifier_key()).is_intact
    assert not verify_lines([]).is_intact
