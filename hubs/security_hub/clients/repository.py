"""Every query about clients."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hubs.security_hub.clients.models import OAuthClient


class ClientRepository:
    """The table of clients."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, client_id: str) -> OAuthClient | None:
        """Return one client."""
        return self._session.scalar(select(OAuthClient).where(OAuthClient.client_id == client_id))

    def list(self, owner_id: UUID | None = None) -> Sequence[OAuthClient]:
        """Return all clients, or those of one owner, by id."""
        query = select(OAuthClient).order_by(OAuthClient.client_id)
        return list(
            self._session.scalars(
                query if owner_id is None else query.where(OAuthClient.owner_id == owner_id)
            )
        )

    def add(self, client: OAuthClient) -> None:
        """Insert a client."""
        self._session.add(client)
        self._session.flush()

    def delete(self, client: OAuthClient) -> None:
        """Delete a client."""
        self._session.delete(client)
