"""The rendered overlays, made once per run."""

import pytest

from services.cluster.manifests import Manifest, render
from services.cluster.table import Table, load_table
from shared.testing.kustomize import ensure_kustomize
from shared.testing.packages import Unobtainable

OVERLAYS = ("local", "8gi", "ha")


@pytest.fixture(scope="session")
def table() -> Table:
    return load_table()


@pytest.fixture(scope="session")
def overlays() -> dict[str, list[Manifest]]:
    try:
        ensure_kustomize()
    except Unobtainable as reason:
        pytest.skip(str(reason))
    return {name: render(name) for name in OVERLAYS}
