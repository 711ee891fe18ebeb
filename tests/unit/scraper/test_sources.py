"""The registry: it loads, hangs together, and refuses what does not."""

from __future__ import annotations

import pytest

from services.scraper.registry import parser_of
from services.scraper.sources import read_registry, registry
from shared.core.errors import Invalid, NotFound

JURISDICTION = """
[[jurisdiction]]
id = "x"
ocd_id = "ocd-jurisdiction/country:ca/csd:1234567/government"
division_id = "ocd-division/country:ca/csd:1234567"
name_en = "X"
name_fr = "X"
level = "municipal"
"""
SOURCE = """
[[jurisdiction.source]]
id = "x-people"
title_en = "t"
title_fr = "t"
kinds = ["person"]
parser = "house_members"
start = [{ url = "https://x.ca/$year/$thing", step = "members" }]
parameters = { thing = "a b" }
"""


def test_every_source_names_a_parser_and_steps_that_exist():
    sources = registry().list()
    assert len(sources) >= 3
    for source in sources:
        assert source.parser == "" or parser_of(source).steps


def test_every_source_is_titled_in_both_languages_and_has_a_licence_or_a_status_that_says_why_not():
    for source in registry().list():
        assert source.title_en
        assert source.title_fr
        assert source.licence or source.status != "active", source.id
        assert source.verified_with or source.status != "active", source.id


def test_start_addresses_can_be_filled_in():
    for source in registry().list():
        for fetch in parser_of(source).start(source) if source.parser else ():
            assert fetch.url.startswith(("https://", "http://"))
            assert "$" not in fetch.url


def test_an_unknown_id_is_refused_with_suggestions():
    with pytest.raises(NotFound) as error:
        registry().get("ca-federal-vote")
    assert "ca-federal-votes" in error.value.extensions["suggestions"]
    assert "did you mean" in error.value.detail


def test_templates_take_parameters_and_dates(tmp_path):
    path = tmp_path / "r.toml"
    path.write_text(JURISDICTION + SOURCE)
    source = read_registry(path).get("x-people")
    assert source.fill("$thing/$year").startswith("a b/20")
    assert source.with_parameters(thing="c").fill("$thing") == "c"
    with pytest.raises(Invalid, match="missing"):
        source.fill("$missing")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('kinds = ["person"]', 'kinds = ["wizard"]', "wizard"),
        ('kinds = ["person"]', "kinds = []", "kinds"),
        ('title_en = "t"', 'status = "blocked"\ntitle_en = "t"', "says why"),
        ('title_en = "t"', 'colour = "red"\ntitle_en = "t"', "colour"),
        ('title_en = "t"', 'expect = { person = [5, 1] }\ntitle_en = "t"', "small to large"),
        ('id = "x-people"', 'id = "X people"', "id"),
    ],
)
def test_an_entry_that_does_not_hold_together_is_refused_by_name(tmp_path, old, new, said):
    path = tmp_path / "r.toml"
    path.write_text(JURISDICTION + SOURCE.replace(old, new))
    with pytest.raises(Invalid, match=said):
        read_registry(path)


def test_an_id_that_occurs_twice_is_refused(tmp_path):
    path = tmp_path / "r.toml"
    path.write_text(JURISDICTION + SOURCE + SOURCE)
    with pytest.raises(Invalid, match="twice"):
        read_registry(path)


def test_a_parser_that_does_not_exist_is_named(tmp_path):
    path = tmp_path / "r.toml"
    path.write_text(JURISDICTION + SOURCE.replace("house_members", "no_such_parser"))
    with pytest.raises(Invalid, match="no_such_parser"):
        parser_of(read_registry(path).get("x-people"))
