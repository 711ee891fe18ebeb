"""The same running hub as in the integration tests, for clients that know only the standards."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_PATH = Path(__file__).parents[2] / "integration" / "security_hub" / "conftest.py"
_spec = spec_from_file_location("security_hub_fixtures", _PATH)
assert _spec is not None
assert _spec.loader is not None
_fixtures = module_from_spec(_spec)
# Dataclasses look their module up by name.
sys.modules[_spec.name] = _fixtures
_spec.loader.exec_module(_fixtures)

ADMIN, PASSWORD, Browser, Hub = _fixtures.ADMIN, _fixtures.PASSWORD, _fixtures.Browser, _fixtures.Hub
open_hub, hub, browser = _fixtures.open_hub, _fixtures.hub, _fixtures.browser
