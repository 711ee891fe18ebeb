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

# The files of these folders share one installation of the platform, so one process runs them all.
ONE_PLATFORM = ("tests/e2e/pages/", "tests/contract/mcp/")


class PerPlatform(LoadFileScheduling):
    """Shares out tests by file, and those of one platform by folder."""

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in ONE_PLATFORM if nodeid.startswith(folder)), nodeid.split("::")[0])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> PerPlatform | None:
    """Return how tests are shared out among processes where whole files are asked for."""
    return PerPlatform(config, log) if config.getoption("dist") == "loadfile" else None
