"""What is searched for, and searches that are kept."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20260101000700"
down_revision = "20260101000600"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_search",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("params", postgresql.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_saved_search"),
        schema="data",
    )
    op.create_index("ix_saved_search_owner", "saved_search", ["owner"], schema="data")
    op.create_table(
        "search_term",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("in_vain", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "folded", "lang", name="pk_search_term"),
        schema="data",
    )


def downgrade() -> None:
    op.drop_table("saved_search", schema="data")
    op.drop_table("search_term", schema="data")
