"""Facts kept from changes equal facts read anew, and a reading anew is seen whole or not at all."""

from __future__ import annotations

import random

import pytest

from hubs.intelligence_hub.analytics.definitions import INDICATORS
from hubs.intelligence_hub.analytics.loading import FactKeeper
from shared.core.errors import Invalid, Unavailable
from tests.integration.intelligence_hub.conftest import rebuilt, rows
from tests.integration.intelligence_hub.test_indicators import as_votes


def test_facts_kept_from_changes_equal_facts_rebuilt_from_scratch(
    spoken, samples, sessions, data_hub
) -> None:
    chance = random.Random(3)
    keeper = FactKeeper(sessions, data_hub)
    few = [r for r in spoken if r.kind != "speech"] + [r for r in spoken if r.kind == "speech"][::5]
    data_hub.put_records(few)
    data_hub.put("vote_event", as_votes(samples))
    keeper.catch_up()
    keys = sorted(key for key in data_hub.items if key[0] in ("speech", "vote_event", "debate"))
    for kind, key in chance.sample(keys, 120):
        item = dict(data_hub.items[kind, key])
        if kind == "speech" and chance.random() < 0.5:
            item["paragraphs"] = [
                *item["paragraphs"][:1],
                {"text_en": "budget budget deficit", "text_fr": "l’eau"},
            ]
        elif kind == "vote_event":
            item["ballots"] = [*item["ballots"][5:], {**item["ballots"][0], "option": "no"}]
        elif chance.random() < 0.7:
            data_hub.remove(kind, key)
            continue
        data_hub.put(kind, [item])
        if chance.random() < 0.1:
            keeper.catch_up()
    keeper.catch_up()
    speaker = rows(sessions, "speaking-time")[0]["member"]
    debate = rows(sessions, "debate-activity")[0]["debate"]
    needed = {"member": speaker, "debate": debate, "party": "Liberal"}

    def everything() -> dict[str, list[dict]]:
        return {
            name: rows(sessions, name, **{key: needed[key] for key in indicator.required})
            for name, indicator in INDICATORS.items()
        }

    kept = everything()
    assert kept["member-words"]
    keeper.rebuild()
    assert everything() == kept


def test_a_record_that_was_set_up_anew_is_read_from_its_beginning(sessions, data_hub, samples) -> None:
    data_hub.put("vote_event", as_votes(samples))
    keeper = FactKeeper(sessions, data_hub)
    reached = keeper.catch_up()
    before = rows(sessions, "attendance")
    # Another database: fewer changes than were read, and a vote of before is not in it.
    gone = next(key for kind, key in data_hub.items if kind == "vote_event")
    fewer = [item for (_, key), item in data_hub.items.items() if key != gone]
    data_hub.items.clear()
    data_hub.log.clear()
    data_hub.put("vote_event", fewer)
    assert keeper.catch_up() == len(fewer) < reached
    kept = rows(sessions, "attendance")
    assert kept != before
    keeper.rebuild()
    assert rows(sessions, "attendance") == kept


def test_another_refusal_of_the_feed_is_no_reason_to_read_everything_anew(
    sessions, data_hub, samples, monkeypatch
) -> None:
    data_hub.put("vote_event", as_votes(samples))
    keeper = FactKeeper(sessions, data_hub)
    keeper.catch_up()
    before = rows(sessions, "attendance")
    data_hub.asked = 0

    def refuse(*_: object) -> dict:
        raise Invalid("limit: a whole number from 1 to 1000")

    monkeypatch.setattr(data_hub, "changes", refuse)
    with pytest.raises(Invalid, match="limit"):
        keeper.catch_up()
    assert data_hub.asked == 0
    assert rows(sessions, "attendance") == before


def test_readers_see_the_facts_of_before_until_a_rebuild_is_done(sessions, data_hub, samples) -> None:
    data_hub.put("vote_event", as_votes(samples))
    keeper = rebuilt(sessions, data_hub)
    before = rows(sessions, "party-unity")
    assert before
    real = data_hub.list

    def breaks(collection: str, **params):
        if collection == "debates":
            assert rows(sessions, "party-unity") == before
            raise Unavailable("data_hub is away")
        return real(collection, **params)

    data_hub.list = breaks
    with pytest.raises(Unavailable):
        keeper.rebuild()
    assert rows(sessions, "party-unity") == before
