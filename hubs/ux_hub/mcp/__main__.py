"""``python -m hubs.ux_hub.mcp``: the model context server over standard input and output."""

from __future__ import annotations

import sys
from typing import Any

from hubs.ux_hub.mcp.service import CivicReader
from shared.clients.data_hub import DataHubClient
from shared.http.client import make_client
from shared.logging import configure_logging, get_logger
from shared.settings import HubSettings


def main() -> int:
    """Serve until standard input ends."""
    # Standard output belongs to the protocol: logs go to standard error.
    settings = HubSettings()
    configure_logging("mcp", "WARNING", settings.log_format)
    log = get_logger(__name__)
    from hubs.ux_hub.mcp.server import build_server

    def audit(tool: str, arguments: dict[str, Any], outcome: str, seconds: float) -> None:
        log.info("tool called", tool=tool, arguments=arguments, outcome=outcome, seconds=round(seconds, 3))

    with make_client(settings.http.client_timeout_s) as http:
        reader = CivicReader(DataHubClient(settings.hubs.data, http, None))
        build_server(reader, audit).run("stdio")
    return 0


if __name__ == "__main__":
    sys.exit(main())
