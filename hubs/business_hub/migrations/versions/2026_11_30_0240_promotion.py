"""Test mode: runs that wait to be promoted, what they change, and what stood before."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261130024000"
down_revision = "20261123190605"
branch_labels = None
depends_on = None

_BEFORE = "state IN ('staging', 'ready', 'held', 'loaded', 'dropped')"
_AFTER = "state IN ('staging', 'ready', 'held', 'tested', 'loaded', 'dropped', 'reverted')"


def upgrade() -> None:
    op.add_column(
        "job", sa.Column("mode", sa.Text(), server_default="production", nullable=False), schema="business"
    )
    op.add_column(
        "schedule", sa.Column("mode", sa.Text(), server_default="", nullable=False), schema="business"
    )
    op.add_column(
        "import_run",
        sa.Column(
            "differences",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        schema="business",
    )
    op.drop_constraint(op.f("ck_import_run_state"), "import_run", schema="business")
    op.create_check_constraint(op.f("ck_import_run_state"), "import_run", _AFTER, schema="business")
    op.create_table(
        "run_difference",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_difference")),
        schema="business",
    )
    op.create_index(op.f("ix_run_difference_run_id"), "run_difference", ["run_id"], schema="business")
    op.create_table(
        "promotion",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("checks", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("backup", sa.LargeBinary(), nullable=True),
        sa.Column("backup_sha256", sa.Text(), nullable=False),
        sa.Column("backup_records", sa.Integer(), nullable=False),
        sa.Column("backup_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_promotion")),
        schema="business",
    )


def downgrade() -> None:
    op.drop_table("promotion", schema="business")
    op.drop_index(op.f("ix_run_difference_run_id"), table_name="run_difference", schema="business")
    op.drop_table("run_difference", schema="business")
    # What only the newer code knows becomes the nearest that the older one does.
    op.execute("UPDATE business.import_run SET state = 'dropped' WHERE state = 'tested'")
    op.execute("UPDATE business.import_run SET state = 'loaded' WHERE state = 'reverted'")
    op.drop_constraint(op.f("ck_import_run_state"), "import_run", schema="business")
    op.create_check_constraint(op.f("ck_import_run_state"), "import_run", _BEFORE, schema="business")
    op.drop_column("import_run", "differences", schema="business")
    op.drop_column("schedule", "mode", schema="business")
    op.drop_column("job", "mode", schema="business")
