"""Governments by their names: in both languages, kept for a while, and readable when nobody knows them."""

from __future__ import annotations

import threading
from typing import Any

from starlette.testclient import TestClient

from hubs.ux_hub.web.service.governments import KEPT_S, RETRY_S, Governments
from hubs.ux_hub.web.service.rendering import Renderer
from shared.core.errors import Unavailable
from tests.unit.ux_pages.conftest import Open
from tests.unit.ux_pages.fake_record import FakeHubs, event, organization, person

OTTAWA = "ocd-jurisdiction/country:ca/csd:3506008/legislature"
ROW = {
    "jurisdiction": OTTAWA,
    "jurisdiction_en": "Ottawa City Council",
    "jurisdiction_fr": "Conseil municipal d’Ottawa",
}


class Register:
    """A register whose clock is turned by hand."""

    def __init__(self) -> None:
        self.now, self.asked, self.is_away = 0.0, 0, False
        self.rows: list[dict[str, Any]] = [ROW]

    def read(self) -> list[dict[str, Any]]:
        self.asked += 1
        if self.is_away:
            raise Unavailable("away")
        return self.rows

    def clock(self) -> float:
        return self.now


def test_a_name_is_in_the_pages_language_or_the_other_and_asked_for_once_in_a_while() -> None:
    register = Register()
    names = Governments(register.read, register.clock)
    assert names.name(OTTAWA, "en") == "Ottawa City Council"
    assert names.name(OTTAWA, "fr") == "Conseil municipal d’Ottawa"
    assert register.asked == 1
    register.rows = [{**ROW, "jurisdiction_fr": ""}]
    register.now = KEPT_S
    assert names.name(OTTAWA, "fr") == "Ottawa City Council"
    assert register.asked == 2


def test_a_register_that_is_away_leaves_the_names_of_before_and_is_asked_again_soon() -> None:
    register = Register()
    register.is_away = True
    names = Governments(register.read, register.clock)
    assert names.name(OTTAWA, "en") == "country:ca/csd:3506008/legislature"
    assert names.find(OTTAWA, "en") == ""
    assert register.asked == 1
    register.is_away, register.now = False, RETRY_S
    assert names.name(OTTAWA, "en") == "Ottawa City Council"
    register.is_away, register.now = True, RETRY_S + KEPT_S
    assert names.name(OTTAWA, "en") == "Ottawa City Council"


def test_nobody_waits_while_one_asks() -> None:
    asking, answered = threading.Event(), threading.Event()

    def read() -> list[dict[str, Any]]:
        asking.set()
        assert answered.wait(10)
        return [ROW]

    names = Governments(read)
    first = threading.Thread(target=names.name, args=(OTTAWA, "en"))
    first.start()
    assert asking.wait(10)
    assert names.find(OTTAWA, "en") == ""
    answered.set()
    first.join(10)
    assert names.find(OTTAWA, "en") == "Ottawa City Council"


class Council(FakeHubs):
    """A council in Ottawa, its member, its committee and its meeting."""

    def _answer(self, path: str, params: dict[str, Any]) -> Any:
        answer = super()._answer(path, params)
        found = [answer] if "id" in answer else list(answer.get("data") or ())
        for row in found:
            row["jurisdiction"] = OTTAWA
            if row.get("classification"):
                row["classification"] = "council" if path.startswith("organizations") else "committee"
        return answer


def named(client: TestClient) -> TestClient:
    renderer: Renderer = client.app.state.resources.get(Renderer)  # type: ignore[attr-defined]
    renderer.governments = Governments(lambda: [ROW])
    return client


def test_pages_of_a_council_say_whose_it_is_and_lead_to_its_committees(open_with: Open) -> None:
    site = named(open_with(Council()))
    slug, meeting = organization()["slug"], event()["slug"]
    for path in (
        "/councils",
        f"/councils/{slug}",
        "/meetings",
        f"/meetings/{meeting}",
        f"/members/{person(1)['slug']}",
    ):
        english, french = (site.get(f"/{lang}{path}").text for lang in ("en", "fr"))
        assert "Ottawa City Council" in english, path
        assert "Conseil municipal d’Ottawa" in french, path
        assert "csd:3506008" not in english.partition("<main")[2].partition("<footer")[0].replace(
            f'"{OTTAWA}"', ""
        ), path
    body = site.get(f"/en/councils/{slug}").text
    assert f'href="/en/committees/{slug}"' in body
    # A list of councils is not the federal Parliament, which the button would follow.
    assert "/en/follow?" not in site.get("/en/councils").text
