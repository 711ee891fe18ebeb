"""What the endpoints of notifications need."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.ux_hub.notification.repository import NotificationRepository
from hubs.ux_hub.notification.service import delivering, hooks, subscribing
from hubs.ux_hub.notification.service.delivering import DeliveryService
from hubs.ux_hub.notification.service.hooks import HookService
from hubs.ux_hub.notification.service.subscribing import SubscriptionService
from shared.app import ResourcesDep
from shared.db.dependency import SessionDep


def _subscriptions(session: SessionDep, resources: ResourcesDep) -> SubscriptionService:
    return subscribing.build(session, resources)


def _hooks(session: SessionDep, resources: ResourcesDep) -> HookService:
    return hooks.build(session, resources)


def _deliveries(session: SessionDep, resources: ResourcesDep) -> DeliveryService:
    return delivering.build(session, resources)


def _repository(session: SessionDep) -> NotificationRepository:
    return NotificationRepository(session)


SubscriptionServiceDep = Annotated[SubscriptionService, Depends(_subscriptions)]
HookServiceDep = Annotated[HookService, Depends(_hooks)]
DeliveryServiceDep = Annotated[DeliveryService, Depends(_deliveries)]
RepositoryDep = Annotated[NotificationRepository, Depends(_repository)]
