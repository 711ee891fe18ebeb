"""How templates look things up, and the rows that are written outside of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from markupsafe import Markup

from hubs.ux_hub.web.service import votes
from hubs.ux_hub.web.service.assets import Assets
from hubs.ux_hub.web.service.language import read_catalogue
from hubs.ux_hub.web.service.rendering import Renderer
from tests.unit.ux_pages.fake_record import vote


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("{{ row.items }}", "the agenda"),
        ("{{ row.name }}", "&lt;b&gt;"),
        ("[{{ row.missing }}]", "[]"),
        ("{{ row.get('missing', 'none') }}", "none"),
        ("{{ row.nested.keys()|list|length }}", "1"),
        ("{{ plainly.imag }}", "0"),
    ],
)
def test_a_records_entry_comes_before_a_method_of_its_type(tmp_path: Path, template: str, shown: str) -> None:
    (tmp_path / "page.html").write_text(template, encoding="utf-8")
    renderer = Renderer(read_catalogue(), Assets(), "https://openpolicy.test", (tmp_path,))
    row = {"items": "the agenda", "name": "<b>", "nested": {"a": 1}}
    assert renderer.html("page.html", "en", "", row=row, plainly=7) == shown


def test_a_ballots_row_escapes_every_part_and_links_only_whom_we_know() -> None:
    known, unknown = (dict(one) for one in vote(ballots=2)["ballots"])
    known |= {"name": "A <i>", "person_id": 'x" onclick="y', "constituency": "R&D", "is_dissent": True}
    unknown |= {"name": "B", "person_id": None, "is_dissent": False}
    tags = {one: Markup("<b>{}</b>").format(one) for one in ("Liberal", known["party"], unknown["party"])}
    options = {one["option"]: Markup("<u>{}</u>").format(one["option"]) for one in (known, unknown)}
    first, second = votes.ballot_rows([known, unknown], "fr", tags, options, "a <rompu>").split("\n")
    assert '<a href="/fr/members/x&quot; onclick=&quot;y">A &lt;i&gt;</a>' in first
    assert "<td>R&amp;D</td>" in first
    assert '<small class="broke">a &lt;rompu&gt;</small>' in first
    assert "<a " not in second
    assert "broke" not in second
