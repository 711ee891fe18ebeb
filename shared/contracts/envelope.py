"""The envelope of every event: who said it, when, and under which topic and version."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.core.clock import utc_now
from shared.core.errors import Invalid, NotFound
from shared.core.ids import new_id

_REGISTRY: dict[str, type[Event]] = {}


class Event(BaseModel):
    """Base of all events; a subclass sets ``topic`` (``<area>.<noun>.<past verb>.v<N>``)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    topic: ClassVar[str] = ""

    id: UUID = Field(default_factory=new_id)
    occurred_at: datetime = Field(default_factory=utc_now)
    producer: str
    correlation_id: str | None = None

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if not cls.topic:
            return
        known = _REGISTRY.setdefault(cls.topic, cls)
        if known is not cls and known.__qualname__ != cls.__qualname__:
            raise TypeError(f"topic {cls.topic} is already that of {known.__name__}")

    @classmethod
    def version(cls) -> int:
        """Return the version that the topic ends with."""
        return int(cls.topic.rpartition(".v")[2])

    def encode(self) -> bytes:
        """Return the JSON bytes that travel on the bus."""
        return self.model_dump_json().encode()

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Read JSON bytes.

        Raises: Invalid when they do not fit this contract.
        """
        try:
            return cls.model_validate_json(body)
        except ValidationError as error:
            problems = [
                {"pointer": "/" + "/".join(map(str, e["loc"])), "detail": e["msg"]}
                for e in error.errors()[:20]
            ]
            raise Invalid(f"not a {cls.topic} message", errors=problems) from error


def event_class(topic: str) -> type[Event]:
    """Return the class published under ``topic``.

    Raises: NotFound for a topic that no contract defines.
    """
    try:
        return _REGISTRY[topic]
    except KeyError:
        raise NotFound(f"no contract for topic {topic!r}") from None


def all_topics() -> list[str]:
    """Return every topic that has a contract, sorted."""
    return sorted(_REGISTRY)
