"""Whence a request comes."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from fastapi import Depends, Request

from hubs.security_hub.settings import SecuritySettings
from hubs.security_hub.throttle.service import Throttle
from shared.app import ResourcesDep


def client_address(request: Request, resources: ResourcesDep) -> str:
    """Return the address of the caller: the nearest one in X-Forwarded-For that is not a proxy of ours."""
    networks = [ipaddress.ip_network(n) for n in SecuritySettings.of(resources.settings).trusted_proxies]
    hops = [hop.strip() for hop in request.headers.get("x-forwarded-for", "").split(",") if hop.strip()]
    hops.append(request.client.host if request.client else "")
    # Read from our end: what stands further left was written by people we have no reason to believe.
    for hop in reversed(hops):
        try:
            address = ipaddress.ip_address(hop)
        except ValueError:
            return hop[:64]
        if not any(address in network for network in networks):
            return str(address)
    return hops[0][:64]


def _throttle(resources: ResourcesDep) -> Throttle:
    return resources.get(Throttle)


AddressDep = Annotated[str, Depends(client_address)]
ThrottleDep = Annotated[Throttle, Depends(_throttle)]
