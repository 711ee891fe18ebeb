"""Titles and fingerprints of reports whose clients send a message as an exception without a type."""

from __future__ import annotations

from hubs.ops_hub.error_reporting.grouping import fingerprint, scrub, title

FRAMES = {"frames": [{"module": "site", "function": "?", "lineno": 20, "in_app": True}]}


def message_with_a_stack(words: str) -> dict:
    return {"message": words, "exception": {"values": [{"value": words, "stacktrace": FRAMES}]}}


def test_a_message_with_a_stack_is_named_by_its_words() -> None:
    assert title(message_with_a_stack("a message from the site")) == "a message from the site"


def test_an_exception_is_named_by_type_and_value() -> None:
    assert (
        title({"exception": {"values": [{"type": "TypeError", "value": "no title"}]}})
        == "TypeError: no title"
    )
    assert title({"exception": {"values": [{"type": "KeyError", "value": ""}]}}) == "KeyError"


def test_an_exception_of_neither_type_nor_value_is_named_by_its_message() -> None:
    assert title({"message": "it broke", "exception": {"values": [{}]}}) == "it broke"
    assert title({"exception": {"values": [{}]}}) == "(no message)"


def test_two_messages_of_one_place_are_two_problems_and_a_changed_number_is_none() -> None:
    first = fingerprint(message_with_a_stack("bill 7 is late"))
    assert first == fingerprint(message_with_a_stack("bill 8 is late"))
    assert first != fingerprint(message_with_a_stack("the archive is full"))


def test_an_address_is_hidden_at_the_end_of_a_word_without_end() -> None:
    assert "jane.doe" not in scrub(f"{'y' * 5_000}+jane.doe@example.org")
    assert scrub("y" * 5_000) == "y" * 5_000
