"""Uploads."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261123180338"
down_revision = "20261123172513"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mapping_template",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("mapping", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("constants", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_mapping_template")),
        schema="business",
    )
    op.create_table(
        "run_ledger",
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("records", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_run_ledger")),
        schema="business",
    )
    op.create_table(
        "upload",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("inspection", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("problems", sa.Integer(), nullable=False),
        sa.Column("rejected_rows", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("undone_by", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('receiving', 'received', 'inspected', 'started', 'undone')",
            name=op.f("ck_upload_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
        schema="business",
    )
    op.create_index(op.f("ix_upload_job_id"), "upload", ["job_id"], unique=False, schema="business")
    op.create_index(op.f("ix_upload_source_id"), "upload", ["source_id"], unique=False, schema="business")
    op.create_table(
        "upload_chunk",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"],
            ["business.upload.id"],
            name=op.f("fk_upload_chunk_upload_id_upload"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("upload_id", "number", name=op.f("pk_upload_chunk")),
        schema="business",
    )
    op.create_table(
        "upload_problem",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=True),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("is_fatal", sa.Boolean(), nullable=False),
        sa.Column("cells", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"],
            ["business.upload.id"],
            name=op.f("fk_upload_problem_upload_id_upload"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_problem")),
        schema="business",
    )
    op.create_index(
        op.f("ix_upload_problem_upload_id"), "upload_problem", ["upload_id"], unique=False, schema="business"
    )
    op.add_column(
        "import_run",
        sa.Column("origin", sa.Text(), server_default="scrape", nullable=False),
        schema="business",
    )
    op.add_column(
        "import_run",
        sa.Column("policy", sa.Text(), server_default="replace", nullable=False),
        schema="business",
    )
    op.add_column(
        "import_run", sa.Column("manifest", sa.Text(), server_default="", nullable=False), schema="business"
    )
    op.add_column(
        "import_run",
        sa.Column(
            "forecast",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        schema="business",
    )
    op.add_column("staged_record", sa.Column("hash", sa.LargeBinary(), nullable=True), schema="business")
    op.add_column(
        "staged_record",
        sa.Column("is_partial", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="business",
    )
    op.add_column(
        "staged_record",
        sa.Column("state", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        schema="business",
    )
    op.alter_column(
        "staged_record", "body", existing_type=postgresql.BYTEA(), nullable=True, schema="business"
    )
    # Bodies are large and read once: compressing them costs more than the room it saves.
    op.execute("ALTER TABLE business.staged_record ALTER COLUMN body SET STORAGE EXTERNAL")
    op.execute("ALTER TABLE business.upload_chunk ALTER COLUMN body SET STORAGE EXTERNAL")


def downgrade() -> None:
    op.execute("ALTER TABLE business.staged_record ALTER COLUMN body SET STORAGE EXTENDED")
    # Rows without a body are only of use to the code that wrote them.
    op.execute("DELETE FROM business.staged_record WHERE body IS NULL")
    op.alter_column(
        "staged_record", "body", existing_type=postgresql.BYTEA(), nullable=False, schema="business"
    )
    op.drop_column("staged_record", "state", schema="business")
    op.drop_column("staged_record", "is_partial", schema="business")
    op.drop_column("staged_record", "hash", schema="business")
    op.drop_column("import_run", "forecast", schema="business")
    op.drop_column("import_run", "manifest", schema="business")
    op.drop_column("import_run", "policy", schema="business")
    op.drop_column("import_run", "origin", schema="business")
    op.drop_index(op.f("ix_upload_problem_upload_id"), table_name="upload_problem", schema="business")
    op.drop_table("upload_problem", schema="business")
    op.drop_table("upload_chunk", schema="business")
    op.drop_index(op.f("ix_upload_source_id"), table_name="upload", schema="business")
    op.drop_index(op.f("ix_upload_job_id"), table_name="upload", schema="business")
    op.drop_table("upload", schema="business")
    op.drop_table("run_ledger", schema="business")
    op.drop_table("mapping_template", schema="business")
