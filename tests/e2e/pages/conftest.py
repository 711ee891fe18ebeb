"""One installation of the miniature Parliament and one Chromium for all tests of the pages."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from shared.testing.node import node_folder
from shared.testing.packages import Unobtainable, ensure_program
from shared.testing.platform import Platform
from tests.e2e.pages.addresses import POSTAL_CODE, addresses, fill, place
from tests.e2e.pages.visit import Site

NODE = Path(__file__).with_name("node")
ADMIN = ("console@example.org", "correct horse battery staple 7")


@pytest.fixture(scope="package")
def parliament(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """An installation of its own, or the one that `OPENPOLICY_PAGES_URL` and `_DATA` name (while working)."""
    platform = Platform(tmp_path_factory.mktemp("pages") / "op")
    if running := os.environ.get("OPENPOLICY_PAGES_URL"):
        platform.base = int(running.rpartition(":")[2])
        platform.data_dir = Path(os.environ["OPENPOLICY_PAGES_DATA"])
        yield platform
        return
    try:
        platform.start()
        fill(platform)
        yield platform
    finally:
        platform.stop()


@pytest.fixture(scope="package")
def account(parliament: Platform) -> tuple[str, str]:
    """An administrator's e-mail address and password."""
    subprocess.run(
        [sys.executable, "-m", "hubs.security_hub.admin", "create", "--email", ADMIN[0]],
        env={**os.environ, "OP_DATA_DIR": str(parliament.data_dir), "OP_NEW_PASSWORD": ADMIN[1]},
        check=False,  # an installation that runs already may have it from before
        capture_output=True,
    )
    return ADMIN


@pytest.fixture(scope="package")
def postal_code(parliament: Platform, account: tuple[str, str]) -> str:
    """A postal code that the record knows."""
    place(parliament, *account)
    return POSTAL_CODE


@pytest.fixture(scope="package")
def pages(parliament: Platform) -> tuple[str, ...]:
    """Addresses of all citizens' pages."""
    return addresses(parliament)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    # Playwright leaves its event loop running in this thread: a longer life would break tests of other files.
    try:
        program = ensure_program("chromium", "chromium")
    except Unobtainable as missing:
        pytest.skip(str(missing))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(program), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def site(parliament: Platform, chromium: Browser) -> Iterator[Site]:
    opened = Site(chromium, parliament.url)
    yield opened
    opened.close()


@pytest.fixture(scope="package")
def judges(pytestconfig: pytest.Config) -> Path:
    """The folder of the accessibility engine and the HTML validator."""
    try:
        return node_folder(pytestconfig.rootpath, NODE)
    except (Unobtainable, subprocess.SubprocessError) as missing:
        pytest.skip(f"the judges of pages cannot be had: {missing}")


@pytest.fixture(scope="package")
def axe(judges: Path) -> str:
    """The accessibility engine's source."""
    return (judges / "node_modules" / "axe-core" / "axe.min.js").read_text()
