"""The audit log on real PostgreSQL: appended once, proven, and any tampering named."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

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
from shared.core.clock import utc_now
from shared.db.engine import create_engine
from shared.db.session import create_sessionmaker, transaction
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


def filled(database: FreshDatabase) -> None:
    """600 entries, a redaction of entry 30, and checkpoints of 300 and of everything; made once."""
    database.migrate("intelligence")
    engine = create_engine(database.settings(), "intelligence")
    sessions = create_sessionmaker(engine)
    fill(sessions, 300)
    with transaction(sessions) as session:
        service(session).append(entries(299, 300))
    with transaction(sessions) as session:
        service(session).redact(30, RedactionCreate(fields=["after"], reason="asked for"), "admin")
    with transaction(sessions) as session:
        service(session).checkpoint()
    engine.dispose()


E, D, H, C, T = (f"intelligence.audit_{name}" for name in ("entry", "values", "hash", "checkpoint", "tree"))
COLUMNS = "id, occurred_at, recorded_at, producer, actor_type, action, target, target_type, request_id, trace_id, commitments, leaf_hash"
TAMPERINGS: dict[str, tuple[list[str], int]] = {
    **{
        f"change {column} of an entry": ([f"UPDATE {E} SET {column} = {value} WHERE seq = 17"], 17)
        for column, value in {
            "action": "'job.deleted'",
            "id": "gen_random_uuid()",
            "occurred_at": "occurred_at + interval '1 second'",
            "recorded_at": "recorded_at - interval '1 second'",
            "producer": "'x'",
            "actor_type": "'x'",
            "target": "'x'",
            "target_type": "'x'",
            "request_id": "'x'",
            "trace_id": "'x'",
            "clock_source": "'x'",
            "commitments": "'{}'",
            "leaf_hash": "decode(repeat('00', 32), 'hex')",
        }.items()
    },
    "change a value": (
        [f"""UPDATE {D} SET fields = jsonb_set(fields, '{{after,value}}', '"x"') WHERE seq = 40"""],
        40,
    ),
    "change a salt": (
        [f"""UPDATE {D} SET fields = jsonb_set(fields, '{{after,salt}}', '"00"') WHERE seq = 40"""],
        40,
    ),
    "spoil a salt": (
        [f"""UPDATE {D} SET fields = jsonb_set(fields, '{{after,salt}}', '"no salt"') WHERE seq = 40"""],
        40,
    ),
    "spoil a value": (
        [f"""UPDATE {D} SET fields = jsonb_set(fields, '{{after}}', '1') WHERE seq = 40"""],
        40,
    ),
    "change the actor": ([f"UPDATE {D} SET actor = 'x' WHERE seq = 40"], 40),
    "delete the actor": ([f"UPDATE {D} SET actor = NULL WHERE seq = 40"], 40),
    "move a value to another field": (
        [
            f"UPDATE {D} SET fields = fields - 'after' || jsonb_build_object('before', fields->'after') WHERE seq = 40"
        ],
        40,
    ),
    "move values to another entry": ([f"UPDATE {D} SET seq = 900 WHERE seq = 40"], 40),
    "delete a value": ([f"UPDATE {D} SET fields = fields - 'after' WHERE seq = 7"], 7),
    "delete the values of an entry": ([f"DELETE FROM {D} WHERE seq = 7"], 7),
    "delete another value of a redacted entry": ([f"UPDATE {D} SET actor = NULL WHERE seq = 30"], 30),
    "delete a value of the redaction": ([f"UPDATE {D} SET fields = fields - 'reason' WHERE seq = 599"], 599),
    "insert a value": (
        [f"""UPDATE {D} SET fields = fields || '{{"before": {{"salt": "00", "value": 1}}}}' WHERE seq = 9"""],
        9,
    ),
    "name an actor where none is": (
        [
            f"UPDATE {D} SET fields = fields - 'actor' WHERE seq = 9",
            f"UPDATE {D} SET actor = 'x' WHERE seq = 9",
        ],
        9,
    ),
    "bring a redacted value back": (
        [
            f"""UPDATE {D} SET fields = fields || '{{"after": {{"salt": "00", "value": {{"n": 30}}}}}}'"""
            " WHERE seq = 30"
        ],
        30,
    ),
    "insert values for no entry": ([f"INSERT INTO {D} VALUES (700, 'x', '{{}}')"], 700),
    "delete an entry": ([f"DELETE FROM {E} WHERE seq = 99"], 99),
    "delete the first entry": ([f"DELETE FROM {E} WHERE seq = 0"], 0),
    "delete the last entry": ([f"DELETE FROM {E} WHERE seq = 599"], 599),
    "insert an entry at the end": (
        [
            f"INSERT INTO {E} (seq, {COLUMNS}) SELECT 600, gen_random_uuid(), {COLUMNS[4:]} FROM {E} WHERE seq = 3"
        ],
        600,
    ),
    "insert an entry in the middle": (
        [
            f"UPDATE {E} SET seq = -seq - 1 WHERE seq >= 50",
            f"UPDATE {E} SET seq = -seq WHERE seq < 0",
            f"INSERT INTO {E} (seq, {COLUMNS}) SELECT 50, gen_random_uuid(), {COLUMNS[4:]} FROM {E} WHERE seq = 3",
        ],
        50,
    ),
    "swap two entries": (
        [
            f"UPDATE {E} SET seq = 9999 WHERE seq = 20",
            f"UPDATE {E} SET seq = 20 WHERE seq = 21",
            f"UPDATE {E} SET seq = 21 WHERE seq = 9999",
        ],
        20,
    ),
    "renumber an entry": ([f"UPDATE {E} SET seq = 9999 WHERE seq = 20"], 20),
    "change a tile hash": ([f"UPDATE {H} SET hash = '\\x11' WHERE level = 1 AND index = 1"], 511),
    "delete a tile hash": ([f"DELETE FROM {H} WHERE level = 1 AND index = 0"], 255),
    "insert a tile hash": ([f"INSERT INTO {H} VALUES (1, 2, '\\x11')"], 512),
    "change the edge": ([f"UPDATE {T} SET edge = decode(repeat('00', 128), 'hex')"], 599),
    "shrink the tree": ([f"UPDATE {T} SET size = 512, edge = decode(repeat('00', 32), 'hex')"], 512),
    "delete the tree": ([f"DELETE FROM {T}"], 0),
    "forget the last checkpoint": ([f"UPDATE {T} SET checkpoint = 300"], 599),
    "delete a checkpoint": ([f"DELETE FROM {C} WHERE size = 300"], 599),
    "delete the last checkpoint": ([f"DELETE FROM {C} WHERE size = 600"], 299),
    "change when a checkpoint was made": (
        [f"UPDATE {C} SET created_at = created_at - interval '1 day' WHERE size = 300"],
        299,
    ),
    "change the size of a checkpoint": ([f"UPDATE {C} SET size = 301 WHERE size = 300"], 300),
    "change the root of a checkpoint": ([f"UPDATE {C} SET root = '\\x00' WHERE size = 300"], 299),
    "change the note of a checkpoint": (
        [f"UPDATE {C} SET note = replace(note, '300', '299') WHERE size = 300"],
        299,
    ),
}


@pytest.fixture(scope="module")
def intruder(embedded_databases) -> Iterator[sessionmaker[Session]]:
    """The server's administrator, with the guards switched off, at a log that holds everything."""
    with embedded_databases.fresh(filled) as database:
        engine = create_engine(database.settings(), "intelligence", url=database.admin_url)
        yield create_sessionmaker(engine)
        engine.dispose()


@pytest.mark.parametrize("what", TAMPERINGS)
def test_any_single_change_is_found_and_the_first_bad_entry_named(intruder, what: str) -> None:
    statements, seq = TAMPERINGS[what]
    # Looked at before it is rolled back, so that one log serves every case.
    with intruder() as session:
        session.execute(text("SET session_replication_role = replica"))
        for statement in statements:
            session.execute(text(statement))
        found = verify_log(AuditRepository(session), SIGNER.verifier_key())
        session.rollback()
    assert not found.is_intact
    assert found.first_bad_seq == seq, found.problem


def test_the_log_that_is_tampered_with_is_intact_before(intruder) -> None:
    found = verified(intruder)
    assert (found.is_intact, found.entries, found.checkpoints) == (True, 600, 2), found.problem


def test_past_their_retention_values_go_and_proofs_and_checkpoints_stay(sessions) -> None:
    fill(sessions, 100)
    cut = utc_now()
    with transaction(sessions) as session:
        service(session).append(entries(20, 100))
    with transaction(sessions) as session:
        gone = service(session).expire(cut)
        assert gone == 400
    with transaction(sessions) as session:
        log = service(session)
        assert log.get(99).redacted == ["actor", "after", "metadata", "reason"]
        assert log.get(100).actor is not None
        assert log.get(120).action == "audit.expired"
        assert log.expire(cut) == 0, "nothing is left to expire, and no entry says so"
    found = verified(sessions)
    assert (found.is_intact, found.entries, found.checkpoints) == (True, 121, 1), found.problem
    # Later even the entries that told of it expire, and the log stays provable.
    with transaction(sessions) as session:
        service(session).redact(110, RedactionCreate(fields=["reason"], reason="asked for"), "admin")
    with transaction(sessions) as session:
        assert service(session).expire(utc_now()) > 0
        service(session).checkpoint()
    assert verified(sessions).is_intact


def test_whose_clock_an_entry_was_read_from_is_part_of_what_is_proven(sessions) -> None:
    with transaction(sessions) as session:
        service(session).append(
            [entry.model_copy(update={"clock_source": "security_hub"}) for entry in entries(1)]
        )
        assert service(session).get(0).clock_source == "security_hub"
    assert verified(sessions).is_intact


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
