"""What endpoints about flags need, and who asks OFREP: a token, an API key, or nobody in particular."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Annotated

from fastapi import Depends, Request

from hubs.security_hub.apikeys.errors import BadApiKey
from hubs.security_hub.apikeys.service import build as build_keys
from hubs.security_hub.flags.errors import OfrepError
from hubs.security_hub.flags.service import FlagBoard, FlagService, build
from hubs.security_hub.settings import FlagSettings, SecuritySettings
from hubs.security_hub.throttle.dependencies import AddressDep
from hubs.security_hub.throttle.service import network_of
from shared.app import Resources, ResourcesDep
from shared.auth import Principal, Public
from shared.db.dependency import SessionDep
from shared.db.session import transaction

SEE_ALL = "config:read"
_WINDOW_S = 60.0
_MOST_KNOWN = 10_000


def _service(session: SessionDep, resources: ResourcesDep) -> FlagService:
    return build(session, resources)


def _board(resources: ResourcesDep) -> FlagBoard:
    return resources.get(FlagBoard)


FlagServiceDep = Annotated[FlagService, Depends(_service)]
FlagBoardDep = Annotated[FlagBoard, Depends(_board)]


class EvaluationRate:
    """Counts the evaluations of each caller within a minute, in memory; the oldest callers are forgotten."""

    def __init__(self, settings: FlagSettings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def take(self, who: str) -> float:
        """Count one request; return 0, or the seconds to wait when there were too many."""
        now = time.monotonic()
        with self._lock:
            began, count = self._counts.pop(who, (now, 0))
            if now - began >= _WINDOW_S:
                began, count = now, 0
            self._counts[who] = (began, count + 1)
            while len(self._counts) > _MOST_KNOWN:
                self._counts.popitem(last=False)
        return _WINDOW_S - (now - began) if count >= self._settings.per_minute else 0.0


@dataclass(frozen=True)
class Asker:
    """Who evaluates flags."""

    may_see_all: bool


def _asker(request: Request, principal: Public, address: AddressDep, resources: ResourcesDep) -> Asker:
    caller = _with_key(request, principal, resources)
    who = caller.subject if not caller.is_anonymous else network_of(address)
    if wait := resources.get(EvaluationRate).take(who):
        raise OfrepError(429, "GENERAL", "too many evaluations", Retry_After=str(max(1, round(wait))))
    return Asker(caller.may(SEE_ALL))


def _with_key(request: Request, principal: Principal, resources: Resources) -> Principal:
    """Return who an ``X-API-Key`` stands for; OFREP clients that do not come through the gateway send it
    here.
    """
    key = request.headers.get("x-api-key")
    if not key or not principal.is_anonymous:
        return principal
    try:
        with transaction(resources.sessionmaker) as session:
            token = build_keys(session, resources).exchange(key[:200])
    except BadApiKey as error:
        raise OfrepError(401, "GENERAL", error.detail) from None
    return resources.verifier.verify(token.access_token)


AskerDep = Annotated[Asker, Depends(_asker)]


def open_evaluation_rate(resources: Resources) -> None:
    """Make the process's counter of evaluations."""
    settings = SecuritySettings.of(resources.settings)
    resources.put(EvaluationRate(settings.flags))
