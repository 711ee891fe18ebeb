"""One row of sensitive values per audit entry in place of one per field."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261130064000"
down_revision = "20261130025000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_values",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_values")),
        schema="intelligence",
    )
    op.execute(
        """
        INSERT INTO intelligence.audit_values (seq, actor, fields)
        SELECT seq,
            max(value #>> '{}') FILTER (WHERE field = 'actor'),
            jsonb_object_agg(field, CASE field
                WHEN 'actor' THEN jsonb_build_object('salt', encode(salt, 'hex'))
                ELSE jsonb_build_object('salt', encode(salt, 'hex'), 'value', value) END)
        FROM intelligence.audit_detail GROUP BY seq
        """
    )
    op.create_index("ix_audit_values_actor", "audit_values", ["actor"], unique=False, schema="intelligence")
    op.drop_table("audit_detail", schema="intelligence")


def downgrade() -> None:
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
    op.execute(
        """
        INSERT INTO intelligence.audit_detail (seq, field, salt, value, text_value)
        SELECT seq, part.key, decode(part.value ->> 'salt', 'hex'),
            CASE part.key WHEN 'actor' THEN to_jsonb(actor)
                ELSE coalesce(part.value -> 'value', (part.value ->> 'text')::jsonb) END,
            CASE part.key WHEN 'actor' THEN actor ELSE '' END
        FROM intelligence.audit_values, jsonb_each(fields) part
        """
    )
    op.create_index(
        "ix_audit_detail_actor",
        "audit_detail",
        ["text_value"],
        unique=False,
        schema="intelligence",
        postgresql_where=sa.text("field = 'actor'"),
    )
    op.drop_table("audit_values", schema="intelligence")
