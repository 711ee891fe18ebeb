"""Facts of proceedings, queries, reports."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261130023622"
down_revision = "20261123181510"
branch_labels = None
depends_on = None
READABLE = ", ".join(
    f"intelligence.{name}_fact"
    for name in (
        "ballot",
        "bill",
        "coverage",
        "debate",
        "event",
        "organization",
        "run",
        "speech",
        "vote",
        "word",
    )
)


def upgrade() -> None:
    op.create_table(
        "coverage_fact",
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("first_date", sa.Date(), nullable=True),
        sa.Column("last_date", sa.Date(), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("promise_hours", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction", "kind", name=op.f("pk_coverage_fact")),
        schema="intelligence",
    )
    op.create_table(
        "debate_fact",
        sa.Column("debate_key", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("organization_key", sa.Text(), nullable=False),
        sa.Column("document_type", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("debate_key", name=op.f("pk_debate_fact")),
        schema="intelligence",
    )
    op.create_index(
        "ix_debate_fact_organization",
        "debate_fact",
        ["organization_key", "session"],
        unique=False,
        schema="intelligence",
    )
    op.create_table(
        "event_fact",
        sa.Column("event_key", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("organization_key", sa.Text(), nullable=True),
        sa.Column("body_name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("classification", sa.Text(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agenda_items", sa.Integer(), nullable=False),
        sa.Column("motions", sa.Integer(), nullable=False),
        sa.Column("recorded_votes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("event_key", name=op.f("pk_event_fact")),
        schema="intelligence",
    )
    op.create_index(
        "ix_event_fact_jurisdiction", "event_fact", ["jurisdiction"], unique=False, schema="intelligence"
    )
    op.create_index(
        "ix_event_fact_organization", "event_fact", ["organization_key"], unique=False, schema="intelligence"
    )
    op.create_table(
        "organization_fact",
        sa.Column("organization_key", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("name_fr", sa.Text(), nullable=False),
        sa.Column("classification", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("organization_key", name=op.f("pk_organization_fact")),
        schema="intelligence",
    )
    op.create_table(
        "report",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("title_fr", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("every", sa.Text(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("keep", sa.Integer(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_report")),
        schema="intelligence",
    )
    op.create_index("ix_report_next_at", "report", ["next_at"], unique=False, schema="intelligence")
    op.create_table(
        "report_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("as_of_seq", sa.Integer(), nullable=True),
        sa.Column("columns", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rows", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_cut", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_run")),
        schema="intelligence",
    )
    op.create_index(
        "ix_report_run_report", "report_run", ["report", "started_at"], unique=False, schema="intelligence"
    )
    op.create_table(
        "run_fact",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("scrape_outcome", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("import_outcome", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("records", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("problems", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("pages", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("inserted", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("updated", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("tombstoned", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_run_fact")),
        schema="intelligence",
    )
    op.create_index("ix_run_fact_source", "run_fact", ["source_id"], unique=False, schema="intelligence")
    op.create_table(
        "saved_query",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("title_fr", sa.Text(), nullable=False),
        sa.Column("description_en", sa.Text(), nullable=False),
        sa.Column("description_fr", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("row_limit", sa.Integer(), nullable=False),
        sa.Column("timeout_ms", sa.Integer(), nullable=False),
        sa.Column("max_age_s", sa.Integer(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_saved_query")),
        schema="intelligence",
    )
    op.create_table(
        "speech_fact",
        sa.Column("speech_key", sa.Text(), nullable=False),
        sa.Column("debate_key", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("member_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_procedural", sa.Boolean(), nullable=False),
        sa.Column("words_en", sa.Integer(), nullable=False),
        sa.Column("words_fr", sa.Integer(), nullable=False),
        sa.Column("counts_en", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("counts_fr", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("speech_key", name=op.f("pk_speech_fact")),
        schema="intelligence",
    )
    op.create_index(
        "ix_speech_fact_debate",
        "speech_fact",
        ["debate_key", "sequence"],
        unique=False,
        schema="intelligence",
    )
    op.create_index(
        "ix_speech_fact_member", "speech_fact", ["member_key"], unique=False, schema="intelligence"
    )
    op.create_table(
        "word_fact",
        sa.Column("debate_key", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("debate_key", "lang", "word", name=op.f("pk_word_fact")),
        schema="intelligence",
    )
    op.add_column(
        "audit_entry",
        sa.Column("clock_source", sa.Text(), server_default=sa.text("''"), nullable=False),
        schema="intelligence",
    )
    op.add_column(
        "bill_fact", sa.Column("is_private_member", sa.Boolean(), nullable=True), schema="intelligence"
    )
    op.add_column(
        "bill_fact", sa.Column("latest_activity_on", sa.Date(), nullable=True), schema="intelligence"
    )
    # Statements that people write run as the reader, which sees the facts and nothing else.
    op.execute(
        f"""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'op_intelligence_reader') THEN
                GRANT SELECT ON {READABLE} TO op_intelligence_reader;
            END IF;
        END $$
        """
    )
    # Facts of further kinds are kept now: the record is read again from its beginning.
    op.execute("DELETE FROM intelligence.feed_position")


def downgrade() -> None:
    op.drop_column("bill_fact", "latest_activity_on", schema="intelligence")
    op.drop_column("bill_fact", "is_private_member", schema="intelligence")
    op.drop_column("audit_entry", "clock_source", schema="intelligence")
    op.drop_table("word_fact", schema="intelligence")
    op.drop_index("ix_speech_fact_member", table_name="speech_fact", schema="intelligence")
    op.drop_index("ix_speech_fact_debate", table_name="speech_fact", schema="intelligence")
    op.drop_table("speech_fact", schema="intelligence")
    op.drop_table("saved_query", schema="intelligence")
    op.drop_index("ix_run_fact_source", table_name="run_fact", schema="intelligence")
    op.drop_table("run_fact", schema="intelligence")
    op.drop_index("ix_report_run_report", table_name="report_run", schema="intelligence")
    op.drop_table("report_run", schema="intelligence")
    op.drop_index("ix_report_next_at", table_name="report", schema="intelligence")
    op.drop_table("report", schema="intelligence")
    op.drop_table("organization_fact", schema="intelligence")
    op.drop_index("ix_event_fact_organization", table_name="event_fact", schema="intelligence")
    op.drop_index("ix_event_fact_jurisdiction", table_name="event_fact", schema="intelligence")
    op.drop_table("event_fact", schema="intelligence")
    op.drop_index("ix_debate_fact_organization", table_name="debate_fact", schema="intelligence")
    op.drop_table("debate_fact", schema="intelligence")
    op.drop_table("coverage_fact", schema="intelligence")
