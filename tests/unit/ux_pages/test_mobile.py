"""The mobile API keeps a phone in step: cards, deltas, withdrawals, tokens."""

from __future__ import annotations

from typing import Any
from uuid import UUID

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
            after = 3 if params["after"] == "now" else int(params["after"])
            if after > 3:
                raise Invalid(f"after: {after} is beyond the newest change; start over", position=3)
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


def test_a_token_of_another_record_gets_everything_and_is_told_so() -> None:
    first = service(Feed()).sync("900", 2)
    assert first.is_reset
    assert [card["number"] for card in first.changed["bill"]] == ["C-11"]
    assert (first.token, first.has_more) == ("2", True)
    assert not service(Feed()).sync(first.token, 2).is_reset
    standing = service(Feed()).standing("900")
    assert (standing.is_reset, standing.is_current, standing.behind, standing.token) == (True, False, 3, "3")
    assert not service(Feed()).standing("3").is_reset


def test_another_refusal_of_the_record_reaches_the_phone() -> None:
    refusing = FakeHubs(failing=Invalid("limit: a whole number"))
    with pytest.raises(Invalid, match="limit"):
        service(refusing).sync("2", 10)


@pytest.mark.parametrize("token", ["x", "-1", "1.5", "9" * 30, "١"])
def test_a_token_that_was_never_given_is_refused(token: str) -> None:
    with pytest.raises(Invalid):
        service(Feed()).sync(token, 10)


def test_a_card_is_small_and_carries_both_languages() -> None:
    cards = service(FakeHubs()).list("bills")
    assert {"title_en", "title_fr", "status_en", "status_fr"} <= set(cards.data[0])
    assert "sources" not in cards.data[0]
    assert service(FakeHubs()).list("people").data[0]["party"] == "Liberal"


def test_what_a_phone_holds_is_compared_with_what_stands() -> None:
    held = service(Feed()).held({"bill": [UUID(uuid("bill", 11)), UUID(uuid("bill", 99))]})
    assert [card["number"] for card in held.data["bill"]] == ["C-11"]
    assert held.removed == [uuid("bill", 99)]
    with pytest.raises(Invalid):
        service(Feed()).held(
            {"bill": [UUID(int=n) for n in range(150)], "person": [UUID(int=n) for n in range(51)]}
        )


def test_many_ids_are_asked_for_in_pieces_that_fit_into_an_address() -> None:
    hubs = Feed()
    service(hubs).held({"bill": [UUID(int=n) for n in range(120)]})
    assert [len(params["id__in"].split(",")) for path, params in hubs.asked if path.endswith("bills")] == [
        50,
        50,
        20,
    ]


def test_a_token_knows_how_far_it_is_behind() -> None:
    assert service(Feed()).standing("1").behind == 2
    assert service(Feed()).standing("3").is_current


def test_what_happened_to_a_bill_is_in_order_and_amendments_are_what_texts_changed() -> None:
    timeline = service(FakeHubs()).timeline("45-1-c-11")
    assert [one["date"] for one in timeline] == sorted(one["date"] for one in timeline)
    assert {one["kind"] for one in timeline} == {"action", "stage", "vote"}
    assert service(FakeHubs()).amendments("45-1-c-11", "fr") == [
        {"from": "1", "to": "2", "added": ["Seven"], "removed": ["Six"]}
    ]


def test_filters_name_what_is_on_record_in_both_languages() -> None:
    found = service(FakeHubs()).filters()
    assert {"name": "Quebec", "name_en": "Quebec", "name_fr": "Québec"} in found["provinces"]
    assert found["parties"]
    assert "bill" in found["types"]
