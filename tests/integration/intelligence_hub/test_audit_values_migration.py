"""The migration to one row of values per entry carries every value over, and back; the log stays intact."""

from __future__ import annotations

from sqlalchemy import text

from hubs.intelligence_hub.audit.note import NoteSigner
from hubs.intelligence_hub.audit.repository import AuditRepository
from hubs.intelligence_hub.audit.schemas import EntryCreate, RedactionCreate
from hubs.intelligence_hub.audit.service import AuditService
from hubs.intelligence_hub.audit.verify import verify_log
from shared.db import migrate
from shared.db.engine import create_engine
from shared.db.session import create_sessionmaker, transaction
from shared.testing.databases import Databases, FreshDatabase

SIGNER = NoteSigner("values", bytes(32))
BEFORE = "20261130025000"
OLD = "SELECT seq, field, encode(salt, 'hex'), value, text_value FROM intelligence.audit_detail ORDER BY 1, 2"


def newest(database: FreshDatabase) -> None:
    migrate.upgrade(database.settings(), "intelligence")


def test_values_go_over_and_back(embedded_databases: Databases) -> None:
    with embedded_databases.fresh(newest) as database:
        settings = database.settings()
        engine = create_engine(settings, "intelligence")
        sessions = create_sessionmaker(engine)
        with transaction(sessions) as session:
            log = AuditService(AuditRepository(session), SIGNER)
            log.append([
                EntryCreate(actor="Zoé", action="bill.corrected", after={"n": 1.5, "é": None}, reason="r", metadata={"a": []}),
                EntryCreate(actor="", action="bill.corrected", before={"title": 'a "b" \\ c'}),
                EntryCreate(actor="x", action="bill.corrected", after={"n": 2}),
                EntryCreate(actor="y", action="bill.corrected", reason="because"),
            ])  # fmt: skip
            log.redact(2, RedactionCreate(fields=["actor"], reason="asked for"), "admin")
            log.redact(3, RedactionCreate(fields=["actor", "reason"], reason="asked for"), "admin")
            shown = log.rendered(AuditRepository(session).entries(0, 6))
        migrate.downgrade(settings, "intelligence", BEFORE)
        with transaction(sessions) as session:
            rows = session.execute(text(OLD)).all()
        assert [(row.seq, row.field, row.text_value) for row in rows] == [
            (0, "actor", "Zoé"), (0, "after", ""), (0, "metadata", ""), (0, "reason", ""), (1, "before", ""), (2, "after", ""),
            *((n, field, "admin" if field == "actor" else "") for n in (4, 5) for field in ("actor", "metadata", "reason")),
        ]  # fmt: skip
        migrate.upgrade(settings, "intelligence")
        with transaction(sessions) as session:
            repository = AuditRepository(session)
            assert AuditService(repository, SIGNER).rendered(repository.entries(0, 6)) == shown
            verdict = verify_log(repository, SIGNER.verifier_key())
            assert verdict.is_intact, verdict.problem
        migrate.downgrade(settings, "intelligence", BEFORE)
        with transaction(sessions) as session:
            assert session.execute(text(OLD)).all() == rows
        engine.dispose()
