"""Column types: instants that are always UTC, and JSON that is always JSONB."""

from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

JsonObject = dict[str, Any]
JsonArray = list[Any]


class UTCDateTime(TypeDecorator[datetime]):
    """An instant: refuses naive datetimes on the way in, gives UTC on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Refuse what is not an instant. Raises: ValueError."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime is not an instant; give it a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Return the instant in UTC, whatever zone the connection speaks."""
        return None if value is None else value.astimezone(UTC)


def json_dumps(value: Any) -> str:
    """Serialise for a JSONB parameter; UUIDs, dates and instants become their ISO text."""
    return orjson.dumps(value).decode()


def json_loads(value: str | bytes) -> Any:
    """Parse what a JSONB column returned."""
    return orjson.loads(value)


__all__ = ["JSONB", "JsonArray", "JsonObject", "UTCDateTime", "json_dumps", "json_loads"]
