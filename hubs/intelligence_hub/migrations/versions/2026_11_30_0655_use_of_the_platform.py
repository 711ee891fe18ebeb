"""Requests answered per day and route template."""

import sqlalchemy as sa
from alembic import op

revision = "20261130065500"
down_revision = "20261130064000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "use_fact",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("status", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "route", "status", name=op.f("pk_use_fact")),
        schema="intelligence",
    )
    op.execute(
        """
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'op_intelligence_reader') THEN
                GRANT SELECT ON intelligence.use_fact TO op_intelligence_reader;
            END IF;
        END $$
        """
    )


def downgrade() -> None:
    op.drop_table("use_fact", schema="intelligence")
