"""The registry of sources as this hub reads it."""

from __future__ import annotations

import os

import pytest

from hubs.business_hub.queue.errors import UnknownSource
from hubs.business_hub.queue.sources import SourceRegistry, default_sources_file
from services.scraper.sources import read_registry
from shared.core.errors import Unavailable

TEXT = '[[jurisdiction]]\nid = "ca"\nname_en = "C"\n[[jurisdiction.source]]\nid = "%s"\ntitle_en = "A"\ntitle_fr = "B"\nkinds = ["bill"]\n'


def test_the_registry_of_the_scraper_is_found_and_read():
    found = SourceRegistry(default_sources_file())
    assert found.get("ca-federal-mps").title_fr == "Députés de la Chambre des communes"
    assert all(source.title_en and source.title_fr and source.kinds for source in found.list())


def test_every_source_of_the_scraper_can_be_asked_for():
    ours = {source.id for source in SourceRegistry(default_sources_file()).list()}
    assert ours == set(read_registry().sources)
    assert len(ours) > 150


def test_files_beside_the_registry_carry_it_on_as_they_come_and_go(tmp_path):
    path = tmp_path / "sources.toml"
    path.write_text(TEXT % "one")
    found = SourceRegistry(path)
    assert [source.id for source in found.list()] == ["one"]
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "on.toml").write_text(TEXT % "two")
    assert [source.id for source in found.list()] == ["one", "two"]
    (tmp_path / "sources" / "qc.toml").write_text("[[jurisdiction")
    assert [source.id for source in found.list()] == ["one", "two"]
    (tmp_path / "sources" / "qc.toml").unlink()
    (tmp_path / "sources" / "on.toml").unlink()
    assert [source.id for source in found.list()] == ["one"]


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
