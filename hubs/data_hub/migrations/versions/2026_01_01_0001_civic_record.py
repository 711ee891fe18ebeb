"""The tables of the civic record."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20260101000100"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "jurisdiction",
    "division",
    "session",
    "organization",
    "post",
    "person",
    "membership",
    "election",
    "candidacy",
    "bill",
    "bill_text",
    "event",
    "vote_event",
    "debate",
    "speech",
    "document",
    "ballot",
)


def _civic(name: str, *own: sa.Column[Any]) -> None:
    """Create a civic table: its own columns between those that all have."""
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("title_fr", sa.Text(), nullable=False),
        sa.Column("sort_name", sa.Text(), nullable=False),
        sa.Column("sort_date", sa.Date(), nullable=False),
        sa.Column("identifiers", sa.ARRAY(sa.Text()), nullable=False),
        *own,
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("facts", postgresql.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.UniqueConstraint("key", name=f"uq_{name}_key"),
        sa.UniqueConstraint("slug", name=f"uq_{name}_slug"),
        schema="data",
    )
    for columns in (
        ["jurisdiction", "sort_date", "id"],
        ["sort_date", "id"],
        ["sort_name", "id"],
        ["updated_at", "id"],
    ):
        op.create_index(f"ix_{name}_{'_'.join(columns)}", name, columns, schema="data")


def upgrade() -> None:
    op.create_table(
        "ballot",
        sa.Column("vote_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("person_key", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("option", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("constituency", sa.Text(), nullable=False),
        sa.Column("identifiers", sa.ARRAY(sa.Text()), nullable=True),
        sa.Column("is_dissent", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("vote_id", "position", name="pk_ballot"),
        schema="data",
    )
    op.create_index(
        "ix_ballot_person_key_date_vote_id", "ballot", ["person_key", "date", "vote_id"], schema="data"
    )
    _civic(
        "bill",
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("chamber", sa.Text(), nullable=False),
        sa.Column("status_code", sa.Text(), nullable=False),
        sa.Column("is_government", sa.Boolean(), nullable=True),
        sa.Column("is_private_member", sa.Boolean(), nullable=True),
        sa.Column("is_law", sa.Boolean(), nullable=False),
        sa.Column("introduced_on", sa.Date(), nullable=True),
        sa.Column("latest_activity_on", sa.Date(), nullable=True),
        sa.Column("royal_assent_on", sa.Date(), nullable=True),
        sa.Column("sponsor_keys", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("related_keys", sa.ARRAY(sa.Text()), nullable=False),
    )
    op.create_index("ix_bill_identifiers", "bill", ["identifiers"], postgresql_using="gin", schema="data")
    op.create_index("ix_bill_introduced_on", "bill", ["introduced_on", "id"], schema="data")
    op.create_index("ix_bill_session_number", "bill", ["session", "number"], schema="data")
    op.create_index("ix_bill_sponsor_keys", "bill", ["sponsor_keys"], postgresql_using="gin", schema="data")
    _civic(
        "bill_text",
        sa.Column("bill_key", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
    )
    op.create_index("ix_bill_text_bill_key", "bill_text", ["bill_key"], schema="data")
    _civic(
        "candidacy",
        sa.Column("election_key", sa.Text(), nullable=False),
        sa.Column("person_key", sa.Text(), nullable=True),
        sa.Column("division_id", sa.Text(), nullable=False),
        sa.Column("division_name_en", sa.Text(), nullable=False),
        sa.Column("party_en", sa.Text(), nullable=False),
        sa.Column("votes", sa.Integer(), nullable=True),
        sa.Column("is_elected", sa.Boolean(), nullable=True),
        sa.Column("is_incumbent", sa.Boolean(), nullable=True),
    )
    op.create_index("ix_candidacy_division_id", "candidacy", ["division_id"], schema="data")
    op.create_index("ix_candidacy_election_key", "candidacy", ["election_key"], schema="data")
    op.create_index("ix_candidacy_person_key", "candidacy", ["person_key"], schema="data")
    _civic(
        "debate",
        sa.Column("organization_key", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("document_type", sa.Text(), nullable=False),
    )
    op.create_index("ix_debate_identifiers", "debate", ["identifiers"], postgresql_using="gin", schema="data")
    op.create_index("ix_debate_organization_key", "debate", ["organization_key"], schema="data")
    _civic(
        "division",
        sa.Column("ocd_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("parent_ocd_id", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_through", sa.Date(), nullable=True),
    )
    op.create_index(
        "ix_division_identifiers", "division", ["identifiers"], postgresql_using="gin", schema="data"
    )
    op.create_index("ix_division_ocd_id", "division", ["ocd_id"], schema="data")
    op.create_index("ix_division_parent_ocd_id", "division", ["parent_ocd_id"], schema="data")
    op.create_index("ix_division_type", "division", ["type"], schema="data")
    _civic(
        "document",
        sa.Column("organization_key", sa.Text(), nullable=True),
        sa.Column("event_key", sa.Text(), nullable=True),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column("classification", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
    )
    op.create_index("ix_document_event_key", "document", ["event_key"], schema="data")
    op.create_index("ix_document_organization_key", "document", ["organization_key"], schema="data")
    _civic(
        "election",
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("is_byelection", sa.Boolean(), nullable=False),
    )
    op.create_index(
        "ix_election_identifiers", "election", ["identifiers"], postgresql_using="gin", schema="data"
    )
    _civic(
        "event",
        sa.Column("organization_key", sa.Text(), nullable=True),
        sa.Column("body_name", sa.Text(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("classification", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
    )
    op.create_index("ix_event_identifiers", "event", ["identifiers"], postgresql_using="gin", schema="data")
    op.create_index("ix_event_organization_key", "event", ["organization_key"], schema="data")
    _civic(
        "jurisdiction",
        sa.Column("ocd_id", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("division_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
    )
    op.create_index("ix_jurisdiction_level", "jurisdiction", ["level"], schema="data")
    op.create_index("ix_jurisdiction_ocd_id", "jurisdiction", ["ocd_id"], schema="data")
    _civic(
        "membership",
        sa.Column("person_key", sa.Text(), nullable=False),
        sa.Column("organization_key", sa.Text(), nullable=False),
        sa.Column("post_key", sa.Text(), nullable=True),
        sa.Column("on_behalf_of_key", sa.Text(), nullable=True),
        sa.Column("role_en", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("province", sa.Text(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
    )
    op.create_index("ix_membership_area", "membership", ["area"], schema="data")
    op.create_index("ix_membership_organization_key", "membership", ["organization_key"], schema="data")
    op.create_index("ix_membership_party", "membership", ["party"], schema="data")
    op.create_index("ix_membership_person_key", "membership", ["person_key"], schema="data")
    op.create_index("ix_membership_post_key", "membership", ["post_key"], schema="data")
    _civic(
        "organization",
        sa.Column("classification", sa.Text(), nullable=False),
        sa.Column("abbreviation", sa.Text(), nullable=False),
        sa.Column("parent_key", sa.Text(), nullable=True),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
    )
    op.create_index("ix_organization_classification", "organization", ["classification"], schema="data")
    op.create_index(
        "ix_organization_identifiers", "organization", ["identifiers"], postgresql_using="gin", schema="data"
    )
    op.create_index("ix_organization_parent_key", "organization", ["parent_key"], schema="data")
    _civic(
        "person",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("family_name", sa.Text(), nullable=False),
        sa.Column("given_name", sa.Text(), nullable=False),
        sa.Column("gender", sa.Text(), nullable=False),
        sa.Column("name_keys", sa.ARRAY(sa.Text()), nullable=False),
    )
    op.create_index("ix_person_identifiers", "person", ["identifiers"], postgresql_using="gin", schema="data")
    op.create_index("ix_person_merged_into", "person", ["merged_into"], schema="data")
    op.create_index("ix_person_name_keys", "person", ["name_keys"], postgresql_using="gin", schema="data")
    _civic(
        "post",
        sa.Column("organization_key", sa.Text(), nullable=False),
        sa.Column("division_id", sa.Text(), nullable=False),
        sa.Column("division_name", sa.Text(), nullable=False),
        sa.Column("role_en", sa.Text(), nullable=False),
        sa.Column("is_vacant", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_post_division_id", "post", ["division_id"], schema="data")
    op.create_index("ix_post_organization_key", "post", ["organization_key"], schema="data")
    _civic(
        "session",
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
    )
    op.create_index("ix_session_identifier", "session", ["identifier"], schema="data")
    _civic(
        "speech",
        sa.Column("debate_key", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("person_key", sa.Text(), nullable=True),
        sa.Column("speaker_name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("h1_en", sa.Text(), nullable=False),
        sa.Column("h2_en", sa.Text(), nullable=False),
        sa.Column("is_procedural", sa.Boolean(), nullable=False),
        sa.Column("bill_keys", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("mentioned", sa.ARRAY(sa.Text()), nullable=False),
    )
    op.create_index("ix_speech_bill_keys", "speech", ["bill_keys"], postgresql_using="gin", schema="data")
    op.create_index("ix_speech_debate_key", "speech", ["debate_key", "sequence"], schema="data")
    op.create_index("ix_speech_mentioned", "speech", ["mentioned"], postgresql_using="gin", schema="data")
    op.create_index("ix_speech_person_key", "speech", ["person_key", "sort_date", "id"], schema="data")
    _civic(
        "vote_event",
        sa.Column("organization_key", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("bill_key", sa.Text(), nullable=True),
        sa.Column("event_key", sa.Text(), nullable=True),
        sa.Column("yes_count", sa.Integer(), nullable=False),
        sa.Column("no_count", sa.Integer(), nullable=False),
        sa.Column("paired_count", sa.Integer(), nullable=False),
        sa.Column("ballot_count", sa.Integer(), nullable=False),
        sa.Column("is_consistent", sa.Boolean(), nullable=True),
        sa.Column("party_lines", postgresql.JSON(), nullable=False),
        sa.Column("ballots_hash", sa.LargeBinary(), nullable=True),
    )
    op.create_index("ix_vote_event_bill_key", "vote_event", ["bill_key"], schema="data")
    op.create_index("ix_vote_event_event_key", "vote_event", ["event_key"], schema="data")
    op.create_index(
        "ix_vote_event_identifiers", "vote_event", ["identifiers"], postgresql_using="gin", schema="data"
    )
    op.create_index("ix_vote_event_organization_key", "vote_event", ["organization_key"], schema="data")
    op.create_index("ix_vote_event_session_number", "vote_event", ["session", "number"], schema="data")


def downgrade() -> None:
    for name in reversed(TABLES):
        op.drop_table(name, schema="data")
