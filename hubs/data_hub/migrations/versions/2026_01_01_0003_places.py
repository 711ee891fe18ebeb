"""Boundary sets, boundaries with their rings, postal codes; folded names of districts."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import UserDefinedType

revision = "20260101000300"
down_revision = "20260101000200"
branch_labels = None
depends_on = None

TABLES = ("boundary_set", "boundary", "boundary_ring", "postal_code", "postal_centroid")


class Polygon(UserDefinedType[str]):
    """PostgreSQL's own polygon."""

    def get_col_spec(self, **_: Any) -> str:
        """Return the name of the type."""
        return "POLYGON"


def upgrade() -> None:
    op.create_table(
        "boundary_set",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("name_fr", sa.Text(), nullable=False),
        sa.Column("singular_en", sa.Text(), nullable=False),
        sa.Column("singular_fr", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("organization_key", sa.Text(), nullable=False),
        sa.Column("source_url", sa.Text(), nullable=False),
        sa.Column("licence_url", sa.Text(), nullable=False),
        sa.Column("last_updated", sa.Date(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_through", sa.Date(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_boundary_set"),
        sa.UniqueConstraint("slug", name="uq_boundary_set_slug"),
        schema="data",
    )
    op.create_table(
        "postal_centroid",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("lng", sa.Double(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("province", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_postal_centroid"),
        schema="data",
    )
    op.create_table(
        "postal_code",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("set_slug", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("share", sa.Double(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", "set_slug", "external_id", name="pk_postal_code"),
        schema="data",
    )
    op.create_table(
        "boundary",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("name_fr", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("division_id", sa.Text(), nullable=False),
        sa.Column("attributes", postgresql.JSON(), nullable=False),
        sa.Column("centroid_lat", sa.Double(), nullable=False),
        sa.Column("centroid_lng", sa.Double(), nullable=False),
        sa.Column("extent", postgresql.JSON(), nullable=False),
        sa.Column("shape", sa.LargeBinary(), nullable=False),
        sa.Column("simple_shape", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_boundary"),
        sa.ForeignKeyConstraint(
            ["set_id"], ["data.boundary_set.id"], name="fk_boundary_set_id_boundary_set", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("set_id", "slug", name="uq_boundary_set_id_slug"),
        schema="data",
    )
    op.create_index("ix_boundary_division_id", "boundary", ["division_id"], schema="data")
    op.create_index("ix_boundary_set_id_external_id", "boundary", ["set_id", "external_id"], schema="data")
    op.create_index("ix_boundary_set_id_name_folded", "boundary", ["set_id", "name_folded"], schema="data")
    op.create_table(
        "boundary_ring",
        sa.Column("boundary_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("is_hole", sa.Boolean(), nullable=False),
        sa.Column("ring", Polygon(), nullable=False),
        sa.PrimaryKeyConstraint("boundary_id", "number", name="pk_boundary_ring"),
        sa.ForeignKeyConstraint(
            ["boundary_id"],
            ["data.boundary.id"],
            name="fk_boundary_ring_boundary_id_boundary",
            ondelete="CASCADE",
        ),
        schema="data",
    )
    op.create_index(
        "ix_boundary_ring_ring", "boundary_ring", ["ring"], postgresql_using="gist", schema="data"
    )
    op.add_column(
        "post", sa.Column("division_folded", sa.Text(), server_default="", nullable=False), schema="data"
    )
    op.add_column(
        "membership", sa.Column("area_folded", sa.Text(), server_default="", nullable=False), schema="data"
    )
    op.create_index(
        "ix_post_organization_key_division_folded",
        "post",
        ["organization_key", "division_folded"],
        schema="data",
    )
    op.create_index(
        "ix_membership_organization_key_area_folded",
        "membership",
        ["organization_key", "area_folded"],
        schema="data",
    )


def downgrade() -> None:
    op.drop_index("ix_membership_organization_key_area_folded", "membership", schema="data")
    op.drop_index("ix_post_organization_key_division_folded", "post", schema="data")
    op.drop_column("membership", "area_folded", schema="data")
    op.drop_column("post", "division_folded", schema="data")
    for name in reversed(TABLES):
        op.drop_table(name, schema="data")
