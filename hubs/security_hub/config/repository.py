"""Every query about configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, text
from sqlalchemy.orm import Session

from hubs.security_hub.config.models import ConfigKey, ConfigValue, ConfigVersion

_LOCK = 0x6F70_5E04


class ConfigRepository:
    """The tables of configuration."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self) -> None:
        """Hold off other changes until the transaction ends."""
        self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})

    def find_key(self, key: str, *, is_locked: bool = False) -> ConfigKey | None:
        """Return what may be configured under a name; locked, so that its values change one after the
        other.
        """
        query = select(ConfigKey).where(ConfigKey.key == key)
        return self._session.scalar(query.with_for_update() if is_locked else query)

    def list_keys(self, service: str | None) -> Sequence[ConfigKey]:
        """Return the keys of one service, or all, by name."""
        query = select(ConfigKey).order_by(ConfigKey.key)
        return self._session.scalars(query.where(ConfigKey.service == service) if service else query).all()

    def add(self, row: ConfigKey | ConfigValue | ConfigVersion) -> None:
        """Insert a row."""
        self._session.add(row)
        self._session.flush()

    def delete(self, row: ConfigKey | ConfigValue) -> None:
        """Delete a row."""
        self._session.delete(row)
        self._session.flush()

    def find_value(self, key: str, environment: str, user_id: UUID | None) -> ConfigValue | None:
        """Return the value that is set in exactly this scope."""
        return self._session.scalar(select(ConfigValue).where(*_in(ConfigValue, key, environment, user_id)))

    def values_of(self, key: str) -> Sequence[ConfigValue]:
        """Return what is set for a key in any scope."""
        query = select(ConfigValue).where(ConfigValue.key == key).order_by(ConfigValue.id)
        return self._session.scalars(query).all()

    def values_for(
        self, service: str | None, environment: str, user_id: UUID | None
    ) -> Sequence[ConfigValue]:
        """Return every value that plays a part in a scope."""
        whose: ColumnElement[bool] = ConfigValue.user_id.is_(None)
        if user_id is not None:
            whose = or_(whose, ConfigValue.user_id == user_id)
        query = select(ConfigValue).where(ConfigValue.environment.in_(["", environment]), whose)
        if service:
            query = query.join(ConfigKey, ConfigKey.key == ConfigValue.key).where(
                ConfigKey.service == service
            )
        return self._session.scalars(query.order_by(ConfigValue.id)).all()

    def all_values(self) -> Sequence[ConfigValue]:
        """Return every value that is set for everybody, by key."""
        query = select(ConfigValue).where(ConfigValue.user_id.is_(None))
        return self._session.scalars(query.order_by(ConfigValue.key, ConfigValue.environment)).all()

    def sealed_rows(self) -> Sequence[ConfigValue | ConfigVersion]:
        """Return every row that holds a sealed value."""
        found: list[ConfigValue | ConfigVersion] = []
        found += self._session.scalars(select(ConfigValue).where(ConfigValue.sealed.is_not(None)))
        found += self._session.scalars(select(ConfigVersion).where(ConfigVersion.sealed.is_not(None)))
        return found

    def versions(
        self, key: str, environment: str, user_id: UUID | None, limit: int
    ) -> Sequence[ConfigVersion]:
        """Return the changes of one value, the newest first."""
        query = select(ConfigVersion).where(*_in(ConfigVersion, key, environment, user_id))
        return self._session.scalars(query.order_by(ConfigVersion.version.desc()).limit(limit)).all()

    def find_version(
        self, key: str, environment: str, user_id: UUID | None, version: int
    ) -> ConfigVersion | None:
        """Return one change of one value."""
        chosen = _in(ConfigVersion, key, environment, user_id)
        return self._session.scalar(select(ConfigVersion).where(*chosen, ConfigVersion.version == version))

    def changes_after(self, number: int, service: str | None, limit: int) -> Sequence[ConfigVersion]:
        """Return changes for everybody after a number, in order."""
        query = select(ConfigVersion).where(ConfigVersion.number > number, ConfigVersion.user_id.is_(None))
        if service:
            query = query.where(ConfigVersion.key.startswith(f"{service}.", autoescape=True))
        return self._session.scalars(query.order_by(ConfigVersion.number).limit(limit)).all()

    def last_number(self, service: str | None = None) -> int:
        """Return the number of the newest change for everybody."""
        query = select(func.max(ConfigVersion.number)).where(ConfigVersion.user_id.is_(None))
        if service:
            query = query.where(ConfigVersion.key.startswith(f"{service}.", autoescape=True))
        return self._session.scalar(query) or 0


def _in(
    table: type[ConfigValue] | type[ConfigVersion], key: str, environment: str, user_id: UUID | None
) -> list[ColumnElement[bool]]:
    columns: Any = table
    whose = columns.user_id.is_(None) if user_id is None else columns.user_id == user_id
    return [columns.key == key, columns.environment == environment, whose]
