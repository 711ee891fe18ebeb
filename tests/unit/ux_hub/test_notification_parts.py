"""The parts of notification on their own: matching, timing, addresses that may be called, links, the spool."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hubs.ux_hub.notification.calling import TargetRefused, is_public, new_secret, resolve, signed_headers
from hubs.ux_hub.notification.errors import BadLink
from hubs.ux_hub.notification.matching import Happening, says, search_matches
from hubs.ux_hub.notification.models import Subscriber
from hubs.ux_hub.notification.schemas import PushBrowserCreate, WebhookCreate
from hubs.ux_hub.notification.service.hooks import HookService
from hubs.ux_hub.notification.service.links import CONFIRM, UNSUBSCRIBE, Links
from hubs.ux_hub.notification.service.subscribing import SubscriptionService
from hubs.ux_hub.notification.spool import Spool
from hubs.ux_hub.notification.timing import due_at
from hubs.ux_hub.notification.wording import TEMPLATES, filled
from hubs.ux_hub.settings import AlertSettings, UxSettings
from shared.core.errors import Invalid
from shared.core.ids import new_id


def happening(kind: str = "bill", key: str = "ca/bill/45-1/c-11", **more: Any) -> Happening:
    values = {
        "record_id": "r1", "change": "update", "jurisdiction": "ca/on", "title_en": "An Act on Justice",
        "title_fr": "Loi sur la justice", "occurred_at": datetime(2026, 5, 1, tzinfo=UTC), "message_id": "m1",
    }  # fmt: skip
    return Happening(kind=kind, key=key, **{**values, **more})


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("justice", True), ("JUSTICE act", True), ("just", False), ('"on justice"', True), ('"justice on"', False),
        ("justice -act", False), ("loi", True), ("-senate", False), ("", False), ("été", False), ("justice senate", False),
    ],
)  # fmt: skip
def test_a_search_wants_all_its_words_whole_and_none_of_the_excluded(query: str, found: bool) -> None:
    assert search_matches(query, "An Act on Justice\nLoi sur la justice") is found


def test_accents_and_case_do_not_matter_to_a_search() -> None:
    assert search_matches("ETE", "l’été dernier")


@pytest.mark.parametrize(
    ("kind", "target", "what", "told"),
    [
        ("bill", "ca/bill/45-1/c-11", happening(), True),
        ("bill", "ca/bill/45-1/c-1", happening(), False),
        ("bill", "ca/bill/45-1/c-11", happening("vote_event", "v", load=lambda: {"bill_key": "ca/bill/45-1/c-11"}), True),
        ("bill", "ca/bill/45-1/c-11", happening("speech", "s", load=lambda: {"bill_keys": ["ca/bill/45-1/c-11"]}), True),
        ("member", "p/1", happening("person", "p/1"), True),
        ("member", "p/1", happening("membership", "m", fields={"person_key": (None, "p/1")}), True),
        ("committee", "o/1", happening("event", "e", load=lambda: {"organization_key": "o/1"}), True),
        ("committee", "o/1", happening("event", "e", load=lambda: {"organization_key": "o/2"}), False),
        ("jurisdiction", "ca", happening(), True),
        ("jurisdiction", "c", happening(), False),
        ("saved-search", "justice", happening(), True),
        ("source-health", "s1", happening(), False),
        ("source-health", "s1", happening("source", "s1", source_id="s1"), True),
        ("bill", "s1", happening("source", "s1", source_id="s1"), False),
    ],
)  # fmt: skip
def test_who_is_told_of_what(kind: str, target: str, what: Happening, told: bool) -> None:
    assert (says(kind, target, what) is not None) is told


def subscriber(quiet: tuple[str, str] = ("", ""), zone: str = "America/Toronto") -> SimpleNamespace:
    return SimpleNamespace(time_zone=zone, quiet_from=quiet[0], quiet_until=quiet[1])


@pytest.mark.parametrize(
    ("now", "frequency", "quiet", "due"),
    [
        ("2026-05-01T15:20:00Z", "instant", ("", ""), "2026-05-01T15:20:00Z"),
        ("2026-05-01T15:20:00Z", "hourly", ("", ""), "2026-05-01T16:00:00Z"),
        ("2026-05-01T15:20:00Z", "daily", ("", ""), "2026-05-02T11:00:00Z"),
        ("2026-05-01T10:20:00Z", "daily", ("", ""), "2026-05-01T11:00:00Z"),
        ("2026-05-01T15:20:00Z", "weekly", ("", ""), "2026-05-04T11:00:00Z"),
        ("2026-05-02T03:00:00Z", "instant", ("22:00", "07:30"), "2026-05-02T11:30:00Z"),
        ("2026-05-02T10:00:00Z", "instant", ("22:00", "07:30"), "2026-05-02T11:30:00Z"),
        ("2026-05-02T12:00:00Z", "instant", ("22:00", "07:30"), "2026-05-02T12:00:00Z"),
        ("2026-05-02T16:30:00Z", "instant", ("12:00", "13:00"), "2026-05-02T17:00:00Z"),
        ("2026-11-01T15:00:00Z", "daily", ("", ""), "2026-11-02T12:00:00Z"),
    ],
)
def test_digests_and_quiet_hours_follow_the_subscribers_own_clock(
    now: str, frequency: str, quiet: tuple[str, str], due: str
) -> None:
    found = due_at(datetime.fromisoformat(now), frequency, subscriber(quiet))
    assert found.astimezone(UTC) == datetime.fromisoformat(due)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True), ("2606:2800:220:1:248:1893:25c8:1946", True), ("127.0.0.1", False), ("::1", False),
        ("10.0.0.1", False), ("192.168.1.1", False), ("172.16.0.1", False), ("169.254.169.254", False), ("0.0.0.0", False),
        ("100.64.0.1", False), ("fe80::1%eth0", False), ("fd00::1", False), ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.216.34", True), ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False), ("224.0.0.1", False),
        ("255.255.255.255", False), ("not an address", False),
    ],
)  # fmt: skip
def test_only_addresses_on_the_open_internet_may_be_called(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f.1", "[::1]".strip("[]")])
def test_other_spellings_of_loopback_are_refused_too(host: str) -> None:
    with pytest.raises((TargetRefused, OSError)):
        resolve(host, 443, allow_private=False)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "169.254.169.254", "10.1.2.3", "192.168.0.1", "[fd00::1]", "[fe80::1]", "[fec0::1]",
     "[::ffff:127.0.0.1]", "[::ffff:169.254.169.254]", "[64:ff9b::7f00:1]", "2130706433", "0x7f.1", "localhost"],
)  # fmt: skip
def test_in_production_no_setting_lets_a_webhook_or_push_into_our_own_network(
    tmp_path: Path, host: str
) -> None:
    open_to_all = AlertSettings(allow_private_targets=True)
    settings = UxSettings(data_dir=tmp_path, alerts=open_to_all).model_copy(
        update={"environment": "production"}
    )
    # Refused before anything is looked up or kept.
    service = HookService(repository=None, subscribers=None, settings=settings)  # type: ignore[arg-type]
    with pytest.raises(Invalid):
        service.create("user-1", WebhookCreate(url=f"https://{host}/hook"))
    keys = {
        "p256dh": base64.urlsafe_b64encode(b"\x04" + bytes(64)).decode(),
        "auth": base64.b64encode(bytes(16)).decode(),
    }
    with pytest.raises(Invalid):
        service.add_browser("user-1", PushBrowserCreate(endpoint=f"https://{host}/push", keys=keys))


def test_a_name_with_one_private_address_among_public_ones_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = [(2, 1, 6, "", ("93.184.216.34", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(TargetRefused):
        resolve("rebinding.example", 443, allow_private=False)


def test_signatures_are_those_of_standard_webhooks_for_every_current_secret() -> None:
    from standardwebhooks import Webhook

    secrets, body = [new_secret(), new_secret()], '{"é":1}'.encode()
    headers = signed_headers(secrets, "msg_1", body)
    for secret in secrets:
        assert Webhook(secret).verify(body, headers) == {"é": 1}


def test_a_link_is_for_one_purpose_and_cannot_be_altered(tmp_path: Path) -> None:
    links = Links(UxSettings(data_dir=tmp_path))
    subscriber_id, subscription_id = new_id(), new_id()
    token = links.token(UNSUBSCRIBE, subscriber_id, subscription_id)
    assert links.read(UNSUBSCRIBE, token) == (subscriber_id, subscription_id)
    assert links.read(CONFIRM, links.token(CONFIRM, subscriber_id, None)) == (subscriber_id, None)
    for bad in (token[:-2] + "AA", token[2:], "", "é", "A" * 64):
        with pytest.raises(BadLink):
            links.read(UNSUBSCRIBE, bad)
    with pytest.raises(BadLink):
        links.read(CONFIRM, token)


def test_a_spooled_message_is_in_one_place_at_a_time_and_put_once(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.put("a.0", "s@x", "r@x", b"one")
    spool.put("a.0", "s@x", "r@x", b"two")
    assert spool.waiting() == ["a.0"]
    assert spool.take("a.0") == ("s@x", "r@x", b"one")
    spool.put("a.0", "s@x", "r@x", b"three")
    assert spool.take("a.0")[2] == b"one"
    spool.settle("a.0", {"is_sent": False, "code": 451, "error": "later"})
    assert spool.results() == [("a.0", {"is_sent": False, "code": 451, "error": "later"})]
    spool.forget("a.0")
    assert not spool.holds("a.0")


def test_every_message_exists_in_both_languages_with_the_same_shape() -> None:
    for name, words in TEMPLATES.items():
        assert set(words) == {"en", "fr"}, name
        assert len(words["en"].paragraphs) == len(words["fr"].paragraphs), name
        assert bool(words["en"].button) == bool(words["fr"].button), name


def test_a_missing_value_leaves_no_hole_in_a_sentence() -> None:
    assert filled("Hello {name},", {}) == "Hello,"
    assert filled("{a} {b}", {"a": "x\r\nBcc: y", "b": {"no": "text"}}) == "x Bcc: y"


class People:
    """The part of the repository that confirming needs, in memory."""

    def __init__(self, *rows: Subscriber) -> None:
        self.rows = list(rows)

    def find_subscriber(self, subscriber_id: object) -> Subscriber | None:
        return next((row for row in self.rows if row.id == subscriber_id), None)

    def find_by_email(self, key: str) -> Subscriber | None:
        return next((row for row in self.rows if row.email_key == key), None)

    def add(self, row: Subscriber) -> None:
        pass


def test_a_link_confirms_only_the_address_it_was_sent_to(tmp_path: Path) -> None:
    links = Links(UxSettings(data_dir=tmp_path))
    mine = Subscriber(id=new_id(), subject="user-1", email="mine@example.ca", is_paused=False)
    service = SubscriptionService(People(mine), links)  # type: ignore[arg-type]
    link = links.token(CONFIRM, mine.id, None, "mine@example.ca")
    mine.email = "theirs@example.ca"
    with pytest.raises(BadLink):
        service.confirm(link)
    assert mine.email_confirmed_at is None
    mine.email = "Mine@Example.ca"
    service.confirm(link)
    assert (mine.email_key, bool(mine.email_confirmed_at)) == ("mine@example.ca", True)


def test_confirming_an_address_that_was_followed_without_an_account_takes_it_over(tmp_path: Path) -> None:
    links = Links(UxSettings(data_dir=tmp_path))
    mine = Subscriber(id=new_id(), subject="user-1", email="ada@example.ca", is_paused=False)
    before = Subscriber(id=new_id(), email="ada@example.ca", email_key="ada@example.ca", is_paused=False)
    service = SubscriptionService(People(before, mine), links)  # type: ignore[arg-type]
    service.confirm(links.token(CONFIRM, mine.id, None, "ada@example.ca"))
    assert (before.email_key, before.is_paused, mine.email_key) == (None, True, "ada@example.ca")
    before.subject, before.email, before.email_key, mine.email_key = "user-2", "a", "ada@example.ca", None
    with pytest.raises(Invalid):
        service.confirm(links.token(CONFIRM, mine.id, None, "ada@example.ca"))
