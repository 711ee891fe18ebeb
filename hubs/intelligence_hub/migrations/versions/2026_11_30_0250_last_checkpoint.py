"""The tree's row names the checkpoint that was given out last."""

import sqlalchemy as sa
from alembic import op

revision = "20261130025000"
down_revision = "20261130023622"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "audit_tree",
        sa.Column("checkpoint", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        schema="intelligence",
    )
    op.execute(
        "UPDATE intelligence.audit_tree SET checkpoint = "
        "coalesce((SELECT max(size) FROM intelligence.audit_checkpoint), 0)"
    )


def downgrade() -> None:
    op.drop_column("audit_tree", "checkpoint", schema="intelligence")
