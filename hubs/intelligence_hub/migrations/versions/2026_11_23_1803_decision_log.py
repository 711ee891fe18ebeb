"""Decision log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261123180306"
down_revision = "20261123172458"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decision_log",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("input", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("result", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("is_defined", sa.Boolean(), nullable=False),
        sa.Column("erased", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("duration_ms", sa.Double(), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "decision_id", name=op.f("pk_decision_log")),
        schema="intelligence",
    )
    op.create_index(
        "ix_decision_log_made_at", "decision_log", ["made_at"], unique=False, schema="intelligence"
    )
    op.create_index(
        "ix_decision_log_path", "decision_log", ["path", "made_at"], unique=False, schema="intelligence"
    )


def downgrade() -> None:
    op.drop_index("ix_decision_log_path", table_name="decision_log", schema="intelligence")
    op.drop_index("ix_decision_log_made_at", table_name="decision_log", schema="intelligence")
    op.drop_table("decision_log", schema="intelligence")
