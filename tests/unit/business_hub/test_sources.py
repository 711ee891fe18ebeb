"""The registry of sources as this hub reads it."""

from __future__ import annotations

import os

import pytest

from hubs.business_hub.queue.errors import UnknownSource
from hubs.business_hub.queue.sources import SourceRegistry, default_sources_file
from shared.core.errors import Unavailable

TEXT = '[[jurisdiction]]\nid = "ca"\nname_en = "C"\n[[jurisdiction.source]]\nid = "%s"\ntitle_en = "A"\ntitle_fr = "B"\nkinds = ["bill"]\n'


def test_the_registry_of_the_scraper_is_found_and_read():
    found = SourceRegistry(default_sources_file())
    assert found.get("ca-federal-mps").title_fr == "Députés de la Chambre des communes"
    assert all(source.title_en and source.title_fr and source.kinds for source in found.list())


def test_an_unknown_source_brings_suggestions():
    with pytest.raises(UnknownSource) as unknown:
        SourceRegistry(default_sources_file()).get("ca-federal-billz")
    assert unknown.value.extensions["suggestions"][0] == "ca-federal-bills"


def test_a_changed_file_is_read_again_and_a_broken_one_is_not_believed(tmp_path):
    path = tmp_path / "sources.toml"
    path.write_text(TEXT % "one")
    found = SourceRegistry(path)
    assert [source.id for source in found.list()] == ["one"]
    path.write_text(TEXT % "two")
    os.utime(path, ns=(1, 1))
    assert [source.id for source in found.list()] == ["two"]
    path.write_text("[[jurisdiction")
    assert [source.id for source in found.list()] == ["two"]


def test_without_a_registry_the_answer_is_unavailable(tmp_path):
    with pytest.raises(Unavailable):
        SourceRegistry(tmp_path / "none.toml").list()
