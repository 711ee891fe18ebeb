"""The ledger: documents, sightings, revisions, changes, permalinks, corrections, the outbox."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20260101000200"
down_revision = "20260101000100"
branch_labels = None
depends_on = None

TABLES = (
    "outbox",
    "source_document",
    "sighting",
    "revision",
    "change",
    "permalink",
    "freshness",
    "idempotency_key",
    "unmatched",
    "correction",
)


def upgrade() -> None:
    op.create_table(
        "change",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("title_fr", sa.Text(), nullable=False),
        sa.Column("fields", postgresql.JSON(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_change"),
        schema="data",
    )
    op.create_index("ix_change_kind_seq", "change", ["kind", "seq"], schema="data")
    op.create_index("ix_change_record_id_seq", "change", ["record_id", "seq"], schema="data")
    op.create_table(
        "correction",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_key", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(), nullable=False),
        sa.Column("source_value", postgresql.JSONB(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source_url", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_correction"),
        schema="data",
    )
    op.create_index(
        "uq_correction_in_force",
        "correction",
        ["kind", "record_key", "field"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
        schema="data",
    )
    op.create_table(
        "freshness",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("promise_hours", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "jurisdiction", "source_id", name="pk_freshness"),
        schema="data",
    )
    op.create_table(
        "idempotency_key",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("response", postgresql.JSONB(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", "caller", name="pk_idempotency_key"),
        schema="data",
    )
    op.create_index("ix_idempotency_key_created_at", "idempotency_key", ["created_at"], schema="data")
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("producer", sa.Text(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=True),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("headers", postgresql.JSONB(), nullable=False),
        sa.Column("is_mandatory", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        schema="data",
    )
    op.create_table(
        "permalink",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_permalink"),
        schema="data",
    )
    op.create_index("ix_permalink_record_id", "permalink", ["record_id"], schema="data")
    op.create_table(
        "revision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("recorded_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("was_deleted", sa.Boolean(), nullable=False),
        sa.Column("facts", postgresql.JSON(), nullable=False),
        sa.Column("ballots", postgresql.JSON(), nullable=True),
        sa.Column("documents", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_revision"),
        schema="data",
    )
    op.create_index("ix_revision_kind_recorded_to", "revision", ["kind", "recorded_to"], schema="data")
    op.create_index(
        "ix_revision_record_id_recorded_from", "revision", ["record_id", "recorded_from"], schema="data"
    )
    op.create_table(
        "sighting",
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("documents", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.PrimaryKeyConstraint("source_id", "kind", "key", name="pk_sighting"),
        postgresql_with={"fillfactor": 70},
        schema="data",
    )
    op.create_index("ix_sighting_record_id", "sighting", ["record_id"], schema="data")
    op.create_table(
        "source_document",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("parser", sa.Text(), nullable=False),
        sa.Column("licence", sa.Text(), nullable=False),
        sa.Column("retrieved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_source_document"),
        sa.UniqueConstraint("fingerprint", name="uq_source_document_fingerprint"),
        schema="data",
    )
    op.create_index("ix_source_document_sha256", "source_document", ["sha256"], schema="data")
    op.create_table(
        "unmatched",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("record_kind", sa.Text(), nullable=False),
        sa.Column("record_key", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.Column("person_key", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_unmatched"),
        sa.UniqueConstraint(
            "record_kind", "record_key", "folded", name="uq_unmatched_record_kind_record_key_folded"
        ),
        schema="data",
    )
    op.create_index("ix_unmatched_folded", "unmatched", ["folded"], schema="data")


def downgrade() -> None:
    for name in reversed(TABLES):
        op.drop_table(name, schema="data")
