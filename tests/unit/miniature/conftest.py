"""Renders documents of the miniature without a socket."""

from collections.abc import Callable

import pytest

from services.miniature.render.document import Document
from services.miniature.routes import Router
from services.miniature.world import World

Fetch = Callable[..., Document]


@pytest.fixture
def world() -> World:
    """The country as it is before anything changes."""
    return World()


@pytest.fixture
def fetch(world: World) -> Fetch:
    """Fetch a document by its real address, such as `www.parl.ca/legisinfo/en/bills/json`."""
    router = Router()

    def answer(
        address: str, *, now: World | None = None, method: str = "GET", body: bytes = b"", **query: str
    ) -> Document:
        host, _, path = address.partition("/")
        return router.render(now or world, method, host, f"/{path}", query, body)

    return answer
