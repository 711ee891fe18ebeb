"""The mobile API keeps a phone in step: cards, deltas, withdrawals, tokens."""

from __future__ import annotations

from typing import Any

import pytest

from hubs.ux_hub.mobile.service.record import MobileService
from hubs.ux_hub.web.service.language import read_catalogue
from hubs.ux_hub.web.service.record import RecordReader
from shared.core.errors import Invalid
from tests.unit.ux_pages.fake_record import FakeHubs, bill, uuid


class Feed(FakeHubs):
    """A record in which bill 11 stands and bill 99 was withdrawn."""

    def _answer(self, path: str, params: dict[str, Any]) -> Any:
        if path == "changes":
            after = int(params["after"])
            rows = [{"seq": 1, "type": "bill", "id": uuid("bill", 11)}, {"seq": 2, "type": "bill", "id": uuid("bill", 99)},
                    {"seq": 3, "type": "bill", "id": uuid("bill", 11)}]  # fmt: skip
            found = [row for row in rows if row["seq"] > after][: params["limit"]]
            return {"data": found, "next": None, "meta": {"position": found[-1]["seq"] if found else after}}
        if path == "bills":
            ids = params["id__in"].split(",")
            return {"data": [bill(11)] if uuid("bill", 11) in ids else [], "next": None, "meta": {}}
        return super()._answer(path, params)


def service(hubs: FakeHubs) -> MobileService:
    return MobileService(RecordReader(hubs, hubs, hubs), read_catalogue())


def test_a_first_synchronisation_sends_what_stands_and_names_what_is_gone() -> None:
    delta = service(Feed()).sync("", 200)
    assert [card["number"] for card in delta.changed["bill"]] == ["C-11"]
    assert delta.removed == [uuid("bill", 99)]
    assert (delta.token, delta.has_more) == ("3", False)


def test_a_synchronisation_goes_on_from_its_token_and_ends() -> None:
    first = service(Feed()).sync("", 2)
    assert (first.token, first.has_more) == ("2", True)
    second = service(Feed()).sync(first.token, 2)
    assert (second.removed, second.token, second.has_more) == ([], "3", False)
    last = service(Feed()).sync(second.token, 2)
    assert (last.changed, last.removed, last.token) == ({}, [], "3")


@pytest.mark.parametrize("token", ["x", "-1", "1.5", "9" * 30, "١"])
def test_a_token_that_was_never_given_is_refused(token: str) -> None:
    with pytest.raises(Invalid):
        service(Feed()).sync(token, 10)


def test_a_card_is_small_and_carries_both_languages() -> None:
    cards = service(FakeHubs()).list("bills")
    assert {"title_en", "title_fr", "status_en", "status_fr"} <= set(cards.data[0])
    assert "sources" not in cards.data[0]
    assert service(FakeHubs()).list("people").data[0]["party"] == "Liberal"
