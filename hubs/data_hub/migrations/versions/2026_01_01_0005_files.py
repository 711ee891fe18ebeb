"""Stored files."""

import sqlalchemy as sa
from alembic import op

revision = "20260101000500"
down_revision = "20260101000400"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "blob",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("damaged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("text_state", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("text_problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_blob"),
        schema="data",
    )
    op.create_index("ix_blob_text_state", "blob", ["text_state", "created_at"], schema="data")
    op.create_index("ix_blob_verified_at", "blob", ["verified_at"], schema="data")
    op.create_table(
        "stored_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_held", sa.Boolean(), nullable=False),
        sa.Column("hold_reason", sa.Text(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_stored_file"),
        sa.ForeignKeyConstraint(
            ["sha256"], ["data.blob.sha256"], name="fk_stored_file_sha256_blob", ondelete=None
        ),
        schema="data",
    )
    op.create_index("ix_stored_file_expires_at", "stored_file", ["expires_at"], schema="data")
    op.create_index("ix_stored_file_sha256", "stored_file", ["sha256"], schema="data")
    op.create_index(
        "uq_stored_file_version", "stored_file", ["namespace", "name", "version"], unique=True, schema="data"
    )


def downgrade() -> None:
    op.drop_table("stored_file", schema="data")
    op.drop_table("blob", schema="data")
