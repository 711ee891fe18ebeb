"""Quality."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261123190605"
down_revision = "20261123180338"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quality_metric",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("sample_size", sa.Integer(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_metric")),
        sa.UniqueConstraint("run_id", "kind", "metric", name=op.f("uq_quality_metric_run_id_kind_metric")),
        schema="business",
    )
    op.create_index(
        "ix_quality_metric_series",
        "quality_metric",
        ["source_id", "kind", "metric", "measured_at"],
        unique=False,
        schema="business",
    )
    op.create_table(
        "quality_threshold",
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("warning", sa.Double(), nullable=False),
        sa.Column("critical", sa.Double(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source_id", "kind", "metric", name=op.f("pk_quality_threshold")),
        schema="business",
    )
    op.create_table(
        "run_discrepancy",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("detail_en", sa.Text(), nullable=False),
        sa.Column("detail_fr", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_discrepancy")),
        schema="business",
    )
    op.create_index(
        op.f("ix_run_discrepancy_run_id"), "run_discrepancy", ["run_id"], unique=False, schema="business"
    )
    op.add_column(
        "import_run",
        sa.Column(
            "quality", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        schema="business",
    )


def downgrade() -> None:
    op.drop_column("import_run", "quality", schema="business")
    op.drop_index(op.f("ix_run_discrepancy_run_id"), table_name="run_discrepancy", schema="business")
    op.drop_table("run_discrepancy", schema="business")
    op.drop_table("quality_threshold", schema="business")
    op.drop_index("ix_quality_metric_series", table_name="quality_metric", schema="business")
    op.drop_table("quality_metric", schema="business")
