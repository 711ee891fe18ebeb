"""What endpoints about configuration need."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from hubs.security_hub.config.declaring import ConfigDeclarations
from hubs.security_hub.config.declaring import build as build_declarations
from hubs.security_hub.config.exchange import ConfigExchange
from hubs.security_hub.config.exchange import build as build_exchange
from hubs.security_hub.config.service import ConfigService, build
from shared.app import ResourcesDep
from shared.db.dependency import SessionDep


def _service(session: SessionDep, resources: ResourcesDep) -> ConfigService:
    return build(session, resources)


def _exchange(session: SessionDep, resources: ResourcesDep) -> ConfigExchange:
    return build_exchange(session, resources)


def _declarations(session: SessionDep, resources: ResourcesDep) -> ConfigDeclarations:
    return build_declarations(session, resources)


def _environment(
    resources: ResourcesDep,
    environment: Annotated[str | None, Query(pattern=r"^[a-z0-9-]{0,32}$")] = None,
) -> str:
    return resources.settings.environment if environment is None else environment


ConfigServiceDep = Annotated[ConfigService, Depends(_service)]
ConfigExchangeDep = Annotated[ConfigExchange, Depends(_exchange)]
ConfigDeclarationsDep = Annotated[ConfigDeclarations, Depends(_declarations)]
EnvironmentDep = Annotated[str, Depends(_environment)]
"""The environment asked about; this installation's own unless said otherwise."""
