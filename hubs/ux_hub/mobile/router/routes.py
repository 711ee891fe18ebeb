"""The mobile API's routers, in the order in which addresses are matched."""

from __future__ import annotations

from hubs.ux_hub.mobile.router import device, personal, record, sync

ROUTERS = (device.router, record.router, sync.router, personal.router)
