"""An upload that is imported several times remembers the runs before the last one: an undo takes back all."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261130064000"
down_revision = "20261130024000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "upload",
        sa.Column(
            "earlier_runs",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        schema="business",
    )


def downgrade() -> None:
    op.drop_column("upload", "earlier_runs", schema="business")
