"""Tables: applications and services that may ask for tokens."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from hubs.security_hub.base import Model
from shared.db.base import HasId, HasTimestamps


class OAuthClient(HasId, HasTimestamps, Model):
    """An application or a service account; secrets are kept as hashes, the former one while it may still be
    used.
    """

    __tablename__ = "oauth_clients"
    client_id: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    """platform, service, confidential or public."""
    name_en: Mapped[str]
    name_fr: Mapped[str]
    secret_hash: Mapped[str | None]
    former_secret_hash: Mapped[str | None]
    former_until: Mapped[datetime | None]
    secret_changed_at: Mapped[datetime | None]
    redirect_uris: Mapped[list[str]]
    logout_uris: Mapped[list[str]]
    grant_types: Mapped[list[str]]
    scopes: Mapped[list[str]]
    is_trusted: Mapped[bool] = mapped_column(default=False)
    """No consent page: the application is the platform's own."""
    owner_id: Mapped[UUID | None] = mapped_column(index=True)
    organization_id: Mapped[UUID | None] = mapped_column(index=True)
    disabled_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
