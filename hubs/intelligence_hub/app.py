"""The intelligence hub: what it is made of."""

from __future__ import annotations

from fastapi import FastAPI

from shared.app import HubSpec, create_hub_app
from shared.settings import HubSettings

SPEC = HubSpec(name="intelligence", title="OpenPolicy: intelligence", routers=[], has_database=False)


def create_app(settings: HubSettings | None = None) -> FastAPI:
    """Build the hub."""
    return create_hub_app(SPEC, settings)
