"""Facts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261123181510"
down_revision = "20261123180306"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ballot_fact",
        sa.Column("vote_key", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("member_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("option", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("vote_key", "position", name=op.f("pk_ballot_fact")),
        schema="intelligence",
    )
    op.create_index(
        "ix_ballot_fact_member",
        "ballot_fact",
        ["member_key", "vote_key"],
        unique=False,
        schema="intelligence",
    )
    op.create_table(
        "bill_fact",
        sa.Column("bill_key", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("chamber", sa.Text(), nullable=False),
        sa.Column("is_government", sa.Boolean(), nullable=True),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("title_fr", sa.Text(), nullable=False),
        sa.Column("status_code", sa.Text(), nullable=False),
        sa.Column("status_en", sa.Text(), nullable=False),
        sa.Column("status_fr", sa.Text(), nullable=False),
        sa.Column("introduced_on", sa.Date(), nullable=True),
        sa.Column("royal_assent_on", sa.Date(), nullable=True),
        sa.Column("sponsor_key", sa.Text(), nullable=False),
        sa.Column("sponsor_name", sa.Text(), nullable=False),
        sa.Column("stages", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("bill_key", name=op.f("pk_bill_fact")),
        schema="intelligence",
    )
    op.create_table(
        "feed_position",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_position")),
        schema="intelligence",
    )
    op.create_table(
        "vote_fact",
        sa.Column("vote_key", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("organization_key", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("subject_en", sa.Text(), nullable=False),
        sa.Column("subject_fr", sa.Text(), nullable=False),
        sa.Column("bill_key", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("vote_key", name=op.f("pk_vote_fact")),
        schema="intelligence",
    )
    op.create_index(op.f("ix_vote_fact_date"), "vote_fact", ["date"], unique=False, schema="intelligence")


def downgrade() -> None:
    op.drop_index(op.f("ix_vote_fact_date"), table_name="vote_fact", schema="intelligence")
    op.drop_table("vote_fact", schema="intelligence")
    op.drop_table("feed_position", schema="intelligence")
    op.drop_table("bill_fact", schema="intelligence")
    op.drop_index("ix_ballot_fact_member", table_name="ballot_fact", schema="intelligence")
    op.drop_table("ballot_fact", schema="intelligence")
