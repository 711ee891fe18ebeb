"""Which bus a process gets: RabbitMQ when its URL is set, the embedded broker otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from shared.messaging.bus import BusAdmin, EventBus

if TYPE_CHECKING:
    from shared.settings import HubSettings


def open_bus(settings: HubSettings, database_dsn: str | Callable[[], str]) -> EventBus:
    """Return the bus of this process; nothing is connected before it is first used.

    ``database_dsn`` is a libpq string (or a function that returns one) for the embedded broker's database.
    """
    # Imported here: neither pika nor psycopg is loaded by a process that uses the other.
    if settings.rabbit.url:
        from shared.messaging.rabbit import RabbitBus

        return RabbitBus(settings.rabbit.url)
    from shared.messaging.embedded import EmbeddedBus

    return EmbeddedBus(database_dsn)


def open_admin(
    settings: HubSettings, database_dsn: str | Callable[[], str], *, known: Sequence[str] = ()
) -> BusAdmin:
    """Return the administration of the bus that `open_bus` returns.

    ``known`` names the queues that are shown where RabbitMQ has no management API.
    """
    if settings.rabbit.url:
        from shared.messaging.rabbit_admin import RabbitAdmin

        return RabbitAdmin(settings.rabbit.url, settings.rabbit.management_url, known=known)
    from shared.messaging.embedded_admin import EmbeddedAdmin

    return EmbeddedAdmin(database_dsn)
