"""Schedules, batches and workers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261123172513"
down_revision = "20261123170547"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "schedule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("cron", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("jitter_s", sa.Integer(), nullable=False),
        sa.Column("stagger_s", sa.Integer(), nullable=False),
        sa.Column("catch_up", sa.Text(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("next_slot_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_slot_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_job_id", sa.Uuid(), nullable=True),
        sa.Column("fired", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("catch_up IN ('none', 'once', 'all')", name=op.f("ck_schedule_catch_up")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
        sa.UniqueConstraint("name", name=op.f("uq_schedule_name")),
        schema="business",
    )
    op.create_index(
        op.f("ix_schedule_next_run_at"), "schedule", ["next_run_at"], unique=False, schema="business"
    )
    op.create_table(
        "worker_seen",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_worker_seen")),
        schema="business",
    )
    op.add_column("job", sa.Column("retry_of", sa.Uuid(), nullable=True), schema="business")
    op.add_column("job", sa.Column("batch_id", sa.Uuid(), nullable=True), schema="business")
    op.add_column("job", sa.Column("schedule_id", sa.Uuid(), nullable=True), schema="business")
    op.add_column("job", sa.Column("slot_at", sa.DateTime(timezone=True), nullable=True), schema="business")
    op.create_index(op.f("ix_job_batch_id"), "job", ["batch_id"], unique=False, schema="business")
    op.create_unique_constraint(
        op.f("uq_job_schedule_id_slot_at"), "job", ["schedule_id", "slot_at"], schema="business"
    )
    op.alter_column("remembered_request", "job_id", new_column_name="made", schema="business")


def downgrade() -> None:
    op.alter_column("remembered_request", "made", new_column_name="job_id", schema="business")
    op.drop_constraint(op.f("uq_job_schedule_id_slot_at"), "job", schema="business", type_="unique")
    op.drop_index(op.f("ix_job_batch_id"), table_name="job", schema="business")
    op.drop_column("job", "slot_at", schema="business")
    op.drop_column("job", "schedule_id", schema="business")
    op.drop_column("job", "batch_id", schema="business")
    op.drop_column("job", "retry_of", schema="business")
    op.drop_table("worker_seen", schema="business")
    op.drop_index(op.f("ix_schedule_next_run_at"), table_name="schedule", schema="business")
    op.drop_table("schedule", schema="business")
