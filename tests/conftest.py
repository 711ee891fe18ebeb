"""What holds for all tests: how they are shared out, and that generated examples are not timed.

Machines are shared and noisy, so a generated example has no deadline; `make test-deep` generates ten times as many.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

settings.register_profile("shared-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", settings.get_profile("shared-machine"), max_examples=1_000)
settings.load_profile("shared-machine")

# The files of these folders share what is dear to make (an installation, rendered overlays): one process runs them all.
TOGETHER = ("tests/e2e/pages/", "tests/contract/mcp/", "tests/unit/deploy/")


class PerFile(LoadFileScheduling):
    """Shares out tests by file, and those of some folders by folder."""

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid.split("::")[0])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> PerFile | None:
    """Return how tests are shared out among processes where whole files are asked for."""
    return PerFile(config, log) if config.getoption("dist") == "loadfile" else None
