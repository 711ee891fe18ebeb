"""Errors alerts incidents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261123173943"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column("labels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("annotations", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("notified_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        schema="ops",
    )
    op.create_index("ix_alert_fingerprint", "alert", ["fingerprint", "starts_at"], unique=True, schema="ops")
    op.create_table(
        "error_project",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_error_project")),
        sa.UniqueConstraint("name", name=op.f("uq_error_project_name")),
        sa.UniqueConstraint("public_key", name=op.f("uq_error_project_public_key")),
        schema="ops",
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("affected", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("timeline", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        schema="ops",
    )
    op.create_index("ix_incident_started_at", "incident", ["started_at"], unique=False, schema="ops")
    op.create_table(
        "metric_sample",
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("series", "at", name=op.f("pk_metric_sample")),
        schema="ops",
    )
    op.create_index("ix_metric_sample_at", "metric_sample", ["at"], unique=False, schema="ops")
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
        schema="ops",
    )
    op.create_table(
        "silence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("matchers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_maintenance", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silence")),
        schema="ops",
    )
    op.create_table(
        "error_issue",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("culprit", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_release", sa.Text(), nullable=False),
        sa.Column("last_release", sa.Text(), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("muted_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("regressed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["ops.error_project.id"], name=op.f("fk_error_issue_project_id_error_project")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_error_issue")),
        sa.UniqueConstraint("project_id", "fingerprint", name=op.f("uq_error_issue_project_id_fingerprint")),
        schema="ops",
    )
    op.create_index(
        "ix_error_issue_last_seen", "error_issue", ["status", "last_seen"], unique=False, schema="ops"
    )
    op.create_table(
        "error_monitor",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("schedule", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("check_in_id", sa.Text(), nullable=False),
        sa.Column("duration_s", sa.Double(), nullable=True),
        sa.Column("last_check_in", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_ok", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["ops.error_project.id"], name=op.f("fk_error_monitor_project_id_error_project")
        ),
        sa.PrimaryKeyConstraint("project_id", "slug", name=op.f("pk_error_monitor")),
        schema="ops",
    )
    op.create_table(
        "error_event",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("server_name", sa.Text(), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("tags", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"],
            ["ops.error_issue.id"],
            name=op.f("fk_error_event_issue_id_error_issue"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["ops.error_project.id"], name=op.f("fk_error_event_project_id_error_project")
        ),
        sa.PrimaryKeyConstraint("event_id", "project_id", name=op.f("pk_error_event")),
        schema="ops",
    )
    op.create_index(
        "ix_error_event_issue", "error_event", ["issue_id", "received_at"], unique=False, schema="ops"
    )
    op.create_index(
        op.f("ix_error_event_received_at"), "error_event", ["received_at"], unique=False, schema="ops"
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_error_event_received_at"), table_name="error_event", schema="ops")
    op.drop_index("ix_error_event_issue", table_name="error_event", schema="ops")
    op.drop_table("error_event", schema="ops")
    op.drop_table("error_monitor", schema="ops")
    op.drop_index("ix_error_issue_last_seen", table_name="error_issue", schema="ops")
    op.drop_table("error_issue", schema="ops")
    op.drop_table("silence", schema="ops")
    op.drop_table("outbox", schema="ops")
    op.drop_index("ix_metric_sample_at", table_name="metric_sample", schema="ops")
    op.drop_table("metric_sample", schema="ops")
    op.drop_index("ix_incident_started_at", table_name="incident", schema="ops")
    op.drop_table("incident", schema="ops")
    op.drop_table("error_project", schema="ops")
    op.drop_index("ix_alert_fingerprint", table_name="alert", schema="ops")
    op.drop_table("alert", schema="ops")
