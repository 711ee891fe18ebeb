"""The real pages with a record in memory; no database, no socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from hubs.ux_hub.admin.opening import open_console
from hubs.ux_hub.admin.router.desk import router as desk_router
from hubs.ux_hub.admin.router.entry import router as entry_router
from hubs.ux_hub.admin.router.flags import router as flags_router
from hubs.ux_hub.admin.router.policies import router as policies_router
from hubs.ux_hub.app import SPEC
from hubs.ux_hub.settings import UxSettings
from hubs.ux_hub.web.dependencies import ReaderSource, SourceRegister
from hubs.ux_hub.web.opening import MESSAGES, TEMPLATES, mount_pages, open_pages
from hubs.ux_hub.web.router.routes import PAGES as PAGE_ROUTERS
from hubs.ux_hub.web.router.routes import REST
from hubs.ux_hub.web.service.assets import Assets
from hubs.ux_hub.web.service.language import read_catalogue
from hubs.ux_hub.web.service.record import RecordReader
from hubs.ux_hub.web.service.rendering import Renderer
from shared.app import create_hub_app
from tests.unit.ux_pages.fake_record import SOURCES, FakeHubs

Open = Callable[[FakeHubs], TestClient]
PAGES = (
    "", "/search", "/search?q=trees", "/search?q=trees&type=bill&year=2026&offset=20", "/bills",
    "/bills?q=trees&type=government&law=no&session=45-1", "/bills/45-1-c-11", "/bills/45-1-c-11/compare", "/votes",
    "/votes?bill=C-11&result=pass", "/votes/45-1-123", "/votes/45-1-123?party=Liberal", "/members",
    "/members?q=a&party=NDP&province=Quebec&when=all", "/members/elise-member-1", "/members/elise-member-1/votes", "/members/elise-member-1/votes?dissent=only",
    "/members/elise-member-1/agreement", "/members/elise-member-1/activity", "/members/elise-member-1/words", "/my-representatives",
    "/my-representatives?postcode=K1A+0A6", "/my-representatives?postcode=nonsense",
    "/my-representatives?area=Riding", "/debates", "/debates?from=2026-05-01&to=2026-05-31",
    "/debates/house-45-1-100", "/debates/house-45-1-100?view=en", "/committees", "/committees/ca-committee-tran",
    "/councils", "/councils/ca-committee-tran", "/meetings", "/meetings?from=2026-05-01", "/meetings/tran-1", "/jurisdictions", "/data-sources", "/changes",
    "/changes?before=3", "/history/bills/01a20971-0000-7000-8000-000100000011", "/developers", "/about", "/status",
    "/follow?kind=bill&target=ca/bill/45-1/c-11&name=C-11", "/widgets", "/widgets?kind=bill&item=45-1-c-11", "/widgets/vote/45-1-123", "/widgets/bill/45-1-c-11",
)  # fmt: skip


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("ux")
    settings = UxSettings(data_dir=folder, public_url="https://openpolicy.example")
    # The rest of the hub needs a database; no page that is rendered here does.
    spec = replace(
        SPEC,
        routers=[*PAGE_ROUTERS, entry_router, policies_router, flags_router, desk_router, REST],
        start=[open_pages, open_console],
        mounts=[mount_pages],
        app_class=FastAPI,
        has_database=False,
    )
    app = create_hub_app(spec, settings)
    with TestClient(app, base_url="http://testserver", follow_redirects=False) as opened:
        resources = app.state.resources
        # Strict: a template that names what is not there fails.
        resources.put(
            Renderer(read_catalogue(*MESSAGES), Assets(), settings.public_base, TEMPLATES, is_strict=True)
        )
        yield opened


@pytest.fixture
def open_with(client: TestClient) -> Open:
    def put(hubs: FakeHubs) -> TestClient:
        resources = client.app.state.resources  # type: ignore[attr-defined]
        resources.put(ReaderSource(lambda: RecordReader(hubs, hubs, hubs)))
        resources.put(SourceRegister(lambda: [dict(source) for source in SOURCES]))
        return client

    return put


@pytest.fixture
def hubs() -> FakeHubs:
    return FakeHubs()


@pytest.fixture
def site(open_with: Open, hubs: FakeHubs) -> TestClient:
    return open_with(hubs)
