"""From an event on the bus to what a subscriber gets: mail, in-app and feeds."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import feedparser
import httpx
import icalendar
import pytest

from shared.contracts.events.importing import ImportFinishedV1
from shared.contracts.events.notices import NoticeRequestedV1
from shared.core.ids import new_id
from shared.testing.packages import Unobtainable, ensure_program
from shared.testing.processes import wait_until
from tests.integration.ux_hub.alerts import Hub, link_in

HERE = Path(__file__).parent


def test_a_follower_of_a_bill_gets_one_mail_with_a_way_out_by_one_post(hub: Hub) -> None:
    hub.confirm_address("ada@example.ca")
    hub.client.patch(f"{hub.url}/notification-preferences", json={"language": "fr"})
    hub.follow("bill", hub.bill, channels=["email", "app"])
    hub.follow("saved-search", '"C-11" justice -senate', channels=["email"])
    bill = new_id()
    event = hub.changed(
        "bill", hub.bill, bill, title_en="C-11 Justice", title_fr="C-11 <Justice & paix>",
        fields={"status_en": ["A", "B"], "status_fr": ["Étape A", "Étape B"]},
    )  # fmt: skip
    hub.publish(event)  # the bus delivers at least once
    message = hub.mail_to("ada@example.ca", 2)[1]
    assert message["Subject"] == "C-11 <Justice & paix>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    page = message.get_body(("html",)).get_content()
    assert "C-11 &lt;Justice &amp; paix&gt;" in page
    assert "Étape A → Étape B" in message.get_body(("plain",)).get_content()
    way_out = message["List-Unsubscribe"].strip("<>")
    assert httpx.get(way_out).status_code == 200
    assert httpx.post(way_out, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    hub.changed("bill", hub.bill, bill)
    wait_until(lambda: len(hub.inbox()) == 2, what="the second item in the application")
    assert len(hub.mail_to("ada@example.ca", 2)) == 2


def test_an_address_without_an_account_hears_nothing_before_it_confirms(hub: Hub) -> None:
    form = {"kind": "bill", "target": hub.bill, "email": "Bob@Example.ca", "language": "en"}
    assert httpx.post(f"{hub.url}/subscriptions/by-mail", json=form).status_code == 202
    ask = hub.mail_to("Bob@Example.ca", 1)[0]
    hub.changed("bill", hub.bill, new_id())
    confirm = link_in(ask, "confirm")
    assert httpx.post(confirm[:-4] + "AAAA").status_code == 400
    assert httpx.post(confirm).status_code == 200
    hub.changed("bill", hub.bill, new_id(), title_en="After confirming")
    assert hub.mail_to("Bob@Example.ca", 2)[1]["Subject"] == "After confirming"
    assert len(hub.mail_to("Bob@Example.ca", 2)) == 2


def test_a_link_confirms_the_address_it_was_sent_to_and_no_later_one(hub: Hub) -> None:
    preferences = f"{hub.url}/notification-preferences"
    hub.client.patch(preferences, json={"email": "mine@example.ca"})
    link = link_in(hub.mail_to("mine@example.ca", 1)[0], "confirm")
    hub.client.patch(preferences, json={"email": "theirs@example.ca"})
    assert httpx.post(link).status_code == 400
    assert hub.client.get(preferences).json()["email_confirmed_at"] is None
    made = hub.follow("bill", hub.bill)
    by_mail = hub.client.patch(f"{hub.url}/subscriptions/{made['id']}", json={"channels": ["email"]})
    assert by_mail.status_code == 422


def test_naming_somebodys_address_takes_nothing_from_them_before_it_is_confirmed(hub: Hub) -> None:
    form = {"kind": "bill", "target": hub.bill, "email": "carol@example.ca", "language": "en"}
    httpx.post(f"{hub.url}/subscriptions/by-mail", json=form)
    assert httpx.post(link_in(hub.mail_to("carol@example.ca", 1)[0], "confirm")).status_code == 200
    named = {"email": "carol@example.ca"}
    assert hub.client.patch(f"{hub.url}/notification-preferences", json=named).status_code == 200
    link = link_in(hub.mail_to("carol@example.ca", 2)[1], "confirm")
    hub.changed("bill", hub.bill, new_id(), title_en="Still told")
    assert hub.mail_to("carol@example.ca", 3)[2]["Subject"] == "Still told"
    assert httpx.post(link).status_code == 200
    assert hub.client.get(f"{hub.url}/notification-preferences").json()["email_confirmed_at"]


def test_a_notice_of_another_hub_is_one_mail_in_its_language_and_its_link_is_forgotten(hub: Hub) -> None:
    notice = NoticeRequestedV1(
        producer="security_hub", recipient="eve@example.ca", language="fr", template="reset-password",
        values={"url": "http://127.0.0.1/signin/reset?token=s3cret", "name": "Ève", "minutes": 60},
    )  # fmt: skip
    hub.publish(notice)
    hub.publish(notice)
    message = hub.mail_to("eve@example.ca", 1)[0]
    assert message["Subject"] == "Choisissez un nouveau mot de passe"
    assert "token=s3cret" in message.get_body(("plain",)).get_content()

    sent = [{"target": "eve@example.ca", "state": "sent"}]
    wait_until(
        lambda: [{k: d[k] for k in sent[0]} for d in hub.deliveries("eve@example.ca")] == sent,
        what="the note of it",
    )
    with hub.app.state.resources.engine.connect() as connection:
        from sqlalchemy import text

        kept = text("SELECT values FROM ux.deliveries WHERE target = 'eve@example.ca'")
        assert connection.execute(kept).scalars().all() == [{}]
    assert len(hub.mail_to("eve@example.ca", 1)) == 1


def test_an_address_that_bounces_is_not_written_to_again(hub: Hub) -> None:
    hub.confirm_address("gone@example.ca")
    hub.follow("bill", hub.bill, channels=["email"])
    hub.mail.refusals["gone@example.ca"] = "550 5.1.1 no such user"
    hub.changed("bill", hub.bill, new_id())

    def preferences() -> Any:
        return hub.client.get(f"{hub.url}/notification-preferences").json()

    wait_until(lambda: preferences()["email_suppressed_at"], what="the bounce")
    assert "550" in preferences()["suppressed_reason"]
    hub.mail.refusals.clear()
    event = hub.changed("bill", hub.bill, new_id())
    hub.follow("bill", hub.bill, channels=["email", "app"])
    hub.changed("bill", hub.bill, new_id(), title_en=f"after {event.id}")
    wait_until(hub.inbox, what="the item in the application")
    assert len(hub.mail_to("gone@example.ca", 1)) == 1


def test_a_delivery_status_notification_suppresses_its_recipient(hub: Hub) -> None:
    hub.confirm_address("dsn@example.ca")
    report = (
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
        b"Final-Recipient: rfc822; DSN@example.ca\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    answer = hub.client.post(f"{hub.url}/bounces", content=report, headers={"Content-Type": "message/rfc822"})
    assert answer.json() == {"suppressed": ["DSN@example.ca"]}
    assert hub.client.get(f"{hub.url}/notification-preferences").json()["email_suppressed_at"]


def test_votes_of_my_representative_and_the_health_of_a_source_are_told(hub: Hub) -> None:
    vote = new_id()
    hub.record.rows[f"/api/v1/votes/{vote}"] = {
        "ballots": [{"person_key": "ca/house/person/1", "name": "Ada L.", "option": "no"}]
    }
    hub.follow("representative-votes", "ca/house/person/1")
    hub.follow("source-health", "ca-federal-bills")
    hub.changed(
        "vote_event", "ca/house/vote/45-1/9", vote, "insert", title_en="Third reading", title_fr="3e lecture"
    )
    hub.publish(
        ImportFinishedV1(
            producer="t", job_id=new_id(), run_id=new_id(), source_id="ca-federal-bills", outcome="quarantined",
            reason="count drop",
        )
    )  # fmt: skip
    wait_until(lambda: len(hub.inbox()) == 2, what="both items")
    titles = {item["title_en"] for item in hub.inbox()}
    assert titles == {"Ada L. voted nay: Third reading", "Reading ca-federal-bills is held for review"}
    assert any("a voté contre" in item["title_fr"] for item in hub.inbox())
    assert hub.client.post(f"{hub.url}/notifications/read", json={}).json() == {"changed": 2}
    assert hub.client.get(f"{hub.url}/notifications").json()["unread"] == 0


def test_a_subscription_is_a_feed_in_three_formats(hub: Hub) -> None:
    made = hub.follow("committee", "ca/house/committee/fina", name="Finance & co")
    event = new_id()
    hub.record.lists["/api/v1/events"] = [
        {
            "id": str(event), "url": f"/api/v1/events/{event}", "name_en": "Meeting, no. 9; é" * 9, "name_fr": "R",
            "status": "cancelled", "starts_at": "2026-05-01T14:00:00Z", "start_date": "2026-05-01",
            "updated_at": "2026-04-01T00:00:00Z", "body_name": "FINA",
        }
    ]  # fmt: skip
    hub.record.rows[f"/api/v1/events/{event}"] = {"organization_key": "ca/house/committee/fina"}
    hub.changed("event", "ca/event/1", event, "insert", title_en="Meeting <9> & \x0bmore")
    wait_until(hub.inbox, what="the item")
    atom = httpx.get(made["feeds"]["atom"])
    parsed = feedparser.parse(atom.content)
    assert not parsed.bozo
    assert parsed.entries[0].title == "Meeting <9> & more"
    assert (
        httpx.get(made["feeds"]["atom"], headers={"If-None-Match": atom.headers["etag"]}).status_code == 304
    )
    try:
        xmllint = ensure_program("xmllint", "libxml2-utils")
    except Unobtainable as reason:
        pytest.skip(str(reason))
    checked = subprocess.run(
        [xmllint, "--nonet", "--noout", "--relaxng", HERE / "atom.rng", "-"],
        input=atom.content, capture_output=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stderr
    feed = httpx.get(made["feeds"]["json"]).json()
    assert (feed["version"], len(feed["items"])) == ("https://jsonfeed.org/version/1.1", 1)
    ics = httpx.get(made["feeds"]["ics"])
    assert all(len(line) <= 75 for line in ics.content.split(b"\r\n"))
    meeting = icalendar.Calendar.from_ical(ics.content).walk("VEVENT")[0]
    assert meeting["STATUS"] == "CANCELLED"
    assert str(meeting["SUMMARY"]) == "FINA: " + "Meeting, no. 9; é" * 9
    assert meeting["DTSTART"].dt == datetime(2026, 5, 1, 14, tzinfo=UTC)


def test_a_back_test_says_how_often_it_would_have_fired(hub: Hub) -> None:
    row = {
        "seq": 1, "type": "bill", "change": "update", "id": str(new_id()), "key": hub.bill, "title_en": "C-11",
        "title_fr": "C-11", "jurisdiction": "ca", "fields": {}, "changed_at": "2026-05-01T00:00:00Z",
    }  # fmt: skip
    hub.record.lists["/api/v1/changes"] = [row, {**row, "key": "ca/bill/45-1/c-2"}, {**row, "seq": 3}]
    answer = hub.client.post(f"{hub.url}/subscriptions/back-test", json={"kind": "bill", "target": hub.bill})
    assert (answer.json()["count"], answer.json()["days"]) == (2, 30)


def test_what_goes_over_the_cap_waits_and_leaves_together(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.confirm_address("cap@example.ca")
    monkeypatch.setattr(hub.app.state.resources.settings.alerts, "mail_per_day", 2)
    hub.follow("bill", hub.bill, channels=["email", "app"])
    for number in range(4):
        hub.changed("bill", hub.bill, new_id(), title_en=f"change {number}")
        wait_until(lambda n=number: len(hub.inbox()) == n + 1, what="the item")
        if number < 2:
            hub.mail_to("cap@example.ca", number + 2)
    wait_until(lambda: len(hub.inbox()) == 4, what="all items")
    assert [d["template"] for d in hub.deliveries("cap@example.ca")] == [
        "alert",
        "alert",
        "confirm-subscription",
    ]
