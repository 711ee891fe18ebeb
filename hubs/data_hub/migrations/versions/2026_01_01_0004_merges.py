"""Merges of records."""

import sqlalchemy as sa
from alembic import op

revision = "20260101000400"
down_revision = "20260101000300"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "merge_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("merged_id", sa.Uuid(), nullable=False),
        sa.Column("into_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column("undone_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_merge_event"),
        schema="data",
    )
    op.create_index("ix_merge_event_into_id", "merge_event", ["into_id"], schema="data")
    op.create_index("ix_merge_event_merged_id", "merge_event", ["merged_id"], schema="data")


def downgrade() -> None:
    op.drop_table("merge_event", schema="data")
