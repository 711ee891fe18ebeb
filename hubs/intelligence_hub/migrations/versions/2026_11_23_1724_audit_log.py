"""Audit log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261123172458"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_checkpoint",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_audit_checkpoint")),
        schema="intelligence",
    )
    op.create_table(
        "audit_entry",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("producer", sa.Text(), nullable=False),
        sa.Column("actor_type", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("target_type", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("commitments", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_entry")),
        sa.UniqueConstraint("id", name=op.f("uq_audit_entry_id")),
        schema="intelligence",
    )
    op.create_index(
        "ix_audit_entry_action", "audit_entry", ["action", "seq"], unique=False, schema="intelligence"
    )
    op.create_index(
        "ix_audit_entry_occurred_at", "audit_entry", ["occurred_at"], unique=False, schema="intelligence"
    )
    op.create_index(
        "ix_audit_entry_target", "audit_entry", ["target", "seq"], unique=False, schema="intelligence"
    )
    op.create_table(
        "audit_hash",
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "index", name=op.f("pk_audit_hash")),
        schema="intelligence",
    )
    op.create_table(
        "audit_tree",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("edge", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_tree")),
        schema="intelligence",
    )
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "message_id", name=op.f("pk_inbox")),
        schema="intelligence",
    )
    op.create_index(op.f("ix_inbox_seen_at"), "inbox", ["seen_at"], unique=False, schema="intelligence")
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("producer", sa.Text(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=True),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_mandatory", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        schema="intelligence",
    )
    op.create_table(
        "audit_detail",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("text_value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "field", name=op.f("pk_audit_detail")),
        schema="intelligence",
    )
    op.create_index(
        "ix_audit_detail_actor",
        "audit_detail",
        ["text_value"],
        unique=False,
        schema="intelligence",
        postgresql_where=sa.text("field = 'actor'"),
    )
    # What is written stays: neither the hub's role nor a slip of its owner changes or removes a row.
    op.execute(
        """
        CREATE FUNCTION intelligence.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
        END $$
        """
    )
    for table in ("audit_entry", "audit_hash", "audit_checkpoint"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON intelligence.{table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION intelligence.refuse_change()"
        )
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON intelligence.{table} FROM CURRENT_USER")


def downgrade() -> None:
    op.drop_index(
        "ix_audit_detail_actor",
        table_name="audit_detail",
        schema="intelligence",
        postgresql_where=sa.text("field = 'actor'"),
    )
    op.drop_table("audit_detail", schema="intelligence")
    op.drop_table("outbox", schema="intelligence")
    op.drop_index(op.f("ix_inbox_seen_at"), table_name="inbox", schema="intelligence")
    op.drop_table("inbox", schema="intelligence")
    op.drop_table("audit_tree", schema="intelligence")
    op.drop_table("audit_hash", schema="intelligence")
    op.drop_index("ix_audit_entry_target", table_name="audit_entry", schema="intelligence")
    op.drop_index("ix_audit_entry_occurred_at", table_name="audit_entry", schema="intelligence")
    op.drop_index("ix_audit_entry_action", table_name="audit_entry", schema="intelligence")
    op.drop_table("audit_entry", schema="intelligence")
    op.drop_table("audit_checkpoint", schema="intelligence")
    op.execute("DROP FUNCTION IF EXISTS intelligence.refuse_change()")
