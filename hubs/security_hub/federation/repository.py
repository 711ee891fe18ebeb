"""Every query about external providers."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hubs.security_hub.federation.models import Identity, Provider


class ProviderRepository:
    """The tables of providers and identities."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, slug: str) -> Provider | None:
        """Return one provider."""
        return self._session.scalar(select(Provider).where(Provider.slug == slug))

    def list(self, *, only_enabled: bool = False) -> Sequence[Provider]:
        """Return providers by name."""
        query = select(Provider).order_by(Provider.slug)
        if only_enabled:
            query = query.where(Provider.is_enabled)
        return self._session.scalars(query).all()

    def add(self, provider: Provider) -> None:
        """Insert a provider."""
        self._session.add(provider)
        self._session.flush()

    def delete(self, provider: Provider) -> None:
        """Delete a provider and the links to its people."""
        self._session.delete(provider)

    def find_identity(self, provider_id: UUID, subject: str) -> Identity | None:
        """Return whose account a provider's person has."""
        query = select(Identity).where(Identity.provider_id == provider_id, Identity.subject == subject)
        return self._session.scalar(query)

    def link(self, provider_id: UUID, subject: str, user_id: UUID) -> None:
        """Connect a provider's person with an account; whom it is connected with already stays."""
        values = {"provider_id": provider_id, "subject": subject, "user_id": user_id}
        self._session.execute(insert(Identity).values(**values).on_conflict_do_nothing())
