"""From an event on the bus to what a subscriber gets: mail, webhook, push, in-app and feeds."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import feedparser
import httpx
import icalendar
import pytest
from standardwebhooks import Webhook as Verifier

from hubs.ux_hub.app import create_app
from hubs.ux_hub.settings import AlertSettings, GatewaySettings, MailSettings, UxSettings
from shared.contracts.events.civic import CHANGED_CLASSES, RecordChange
from shared.contracts.events.importing import ImportFinishedV1
from shared.contracts.events.notices import NoticeRequestedV1
from shared.core.ids import new_id
from shared.settings import HubUrls
from shared.testing.databases import Databases
from shared.testing.processes import wait_until
from shared.testing.serving import Served
from tests.integration.ux_hub.alerts import MailServer, Record, prepared

BILL = "ca/bill/45-1/c-11"


class Hub:
    """The hub under test and everything around it."""

    def __init__(self, app: Any, url: str, mail: MailServer, record: Record) -> None:
        self.app, self.url, self.mail, self.record = app, f"{url}/api/v1", mail, record
        self.client = httpx.Client(headers=record.signer.headers(), timeout=20)

    def publish(self, *events: Any) -> None:
        self.app.state.resources.bus.publish(events)

    def changed(self, kind: str, key: str, record_id: UUID, change: str = "update", **more: Any) -> Any:
        """Publish that one row changed."""
        one = RecordChange(
            id=record_id, key=key, change=change, jurisdiction="ocd-jurisdiction/country:ca/legislature",
            title_en=more.pop("title_en", f"Title of {key}"), title_fr=more.pop("title_fr", f"Titre de {key}"),
            fields=more.pop("fields", {}),
        )  # fmt: skip
        event = CHANGED_CLASSES[kind](producer="test", changes=(one,), **more)
        self.publish(event)
        return event

    def follow(self, kind: str, target: str, **more: Any) -> dict[str, Any]:
        answer = self.client.post(f"{self.url}/subscriptions", json={"kind": kind, "target": target, **more})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def confirm_address(self, address: str) -> None:
        """Set and confirm an address as its owner does: by the link in the mail."""
        answer = self.client.patch(f"{self.url}/notification-preferences", json={"email": address})
        assert answer.status_code == 200, answer.text
        message = self.mail_to(address, 1)[0]
        assert self.client.post(link_in(message, "confirm")).status_code == 200

    def mail_to(self, address: str, count: int) -> list[Any]:
        """Return messages to an address once there are that many."""

        def there() -> list[Any]:
            with self.mail.lock:
                return [m for m in self.mail.messages if m["To"] == address]

        wait_until(lambda: len(there()) >= count, what=f"{count} messages to {address}")
        return there()

    def inbox(self) -> list[dict[str, Any]]:
        return self.client.get(f"{self.url}/notifications").json()["data"]


def link_in(message: Any, purpose: str) -> str:
    text = message.get_body(("plain",)).get_content()
    return re.search(rf"http\S+/{purpose}/\S+", text)[0]


@pytest.fixture
def record() -> Iterator[Record]:
    with Record().serving() as made:
        yield made


@pytest.fixture
def hub(tmp_path: Path, record: Record, embedded_databases: Databases) -> Iterator[Hub]:
    from shared.testing.ports import free_port

    port = free_port()
    with embedded_databases.fresh(prepared) as database, MailServer() as mail:
        base = database.settings(data_dir=tmp_path, hubs=HubUrls(
            ux=f"http://127.0.0.1:{port}", data=record.url, security=record.url, intelligence=record.url
        ))  # fmt: skip
        settings = UxSettings(
            **{name: getattr(base, name) for name in type(base).model_fields},
            mail=MailSettings(host="127.0.0.1", port=mail.port, start_tls=False, sender="OpenPolicy <op@op.example>"),
            alerts=AlertSettings(allow_private_targets=True, webhook_retries_s=[0, 0, 1]),
            gateway=GatewaySettings(policy="", anonymous_per_minute=10**6),
        )  # fmt: skip
        app = create_app(settings)
        with Served(app, port) as served:
            yield Hub(app, served.url, mail, record)


def test_a_follower_of_a_bill_gets_one_mail_with_a_way_out_by_one_post(hub: Hub) -> None:
    hub.confirm_address("ada@example.ca")
    hub.client.patch(f"{hub.url}/notification-preferences", json={"language": "fr"})
    hub.follow("bill", BILL, channels=["email", "app"])
    hub.follow("saved-search", '"C-11" -senate', channels=["email"])
    bill = new_id()
    event = hub.changed(
        "bill", BILL, bill, title_en="C-11 Justice", title_fr="C-11 <Justice & paix>",
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
    hub.changed("bill", BILL, bill)
    wait_until(lambda: len(hub.inbox()) == 2, what="the second item in the application")
    assert len(hub.mail_to("ada@example.ca", 2)) == 2


def test_an_address_without_an_account_hears_nothing_before_it_confirms(hub: Hub) -> None:
    form = {"kind": "bill", "target": BILL, "email": "Bob@Example.ca", "language": "en"}
    assert httpx.post(f"{hub.url}/subscriptions/by-mail", json=form).status_code == 202
    ask = hub.mail_to("Bob@Example.ca", 1)[0]
    hub.changed("bill", BILL, new_id())
    confirm = link_in(ask, "confirm")
    assert httpx.post(confirm[:-4] + "AAAA").status_code == 400
    assert httpx.post(confirm).status_code == 200
    hub.changed("bill", BILL, new_id(), title_en="After confirming")
    assert hub.mail_to("Bob@Example.ca", 2)[1]["Subject"] == "After confirming"
    assert len(hub.mail.messages) == 2


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

    def listed() -> Any:
        return hub.client.get(f"{hub.url}/deliveries").json()["data"]

    wait_until(lambda: [d["state"] for d in listed()] == ["sent"], what="the note of it")
    with hub.app.state.resources.engine.connect() as connection:
        from sqlalchemy import text

        assert connection.execute(text("SELECT values FROM ux.deliveries")).scalars().all() == [{}]
    assert len(hub.mail.messages) == 1


def test_an_address_that_bounces_is_not_written_to_again(hub: Hub) -> None:
    hub.confirm_address("gone@example.ca")
    hub.follow("bill", BILL, channels=["email"])
    hub.mail.refusals["gone@example.ca"] = "550 5.1.1 no such user"
    hub.changed("bill", BILL, new_id())

    def preferences() -> Any:
        return hub.client.get(f"{hub.url}/notification-preferences").json()

    wait_until(lambda: preferences()["email_suppressed_at"], what="the bounce")
    assert "550" in preferences()["suppressed_reason"]
    hub.mail.refusals.clear()
    event = hub.changed("bill", BILL, new_id())
    hub.follow("bill", BILL, channels=["email", "app"])
    hub.changed("bill", BILL, new_id(), title_en=f"after {event.id}")
    wait_until(hub.inbox, what="the item in the application")
    assert len(hub.mail.messages) == 1


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


class Receiver:
    """A webhook's other end."""

    def __init__(self) -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.calls.append(({k.lower(): v for k, v in self.headers.items()}, body))
                status = receiver.statuses.pop(0) if receiver.statuses else 204
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?a=1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def test_a_webhook_is_signed_tried_again_logged_rotated_and_replayed(hub: Hub, receiver: Receiver) -> None:
    made = hub.client.post(f"{hub.url}/webhooks", json={"url": receiver.url}).json()
    hub.follow("bill", BILL, channels=["webhook"])
    receiver.statuses = [500, 302, 200]
    hub.changed("bill", BILL, new_id(), title_en="C-11")
    wait_until(lambda: len(receiver.calls) == 3, what="the third attempt")
    for headers, body in receiver.calls:
        told = Verifier(made["secret"]).verify(body, headers)
        assert told["data"]["items"][0]["title_en"] == "C-11"
        assert told["type"] == "openpolicy.alert"
    assert len({headers["webhook-id"] for headers, _ in receiver.calls}) == 1

    def log() -> Any:
        return hub.client.get(f"{hub.url}/webhooks/{made['id']}/attempts").json()["data"]

    wait_until(lambda: [a["status_code"] for a in log()] == [200, 302, 500], what="the log")
    rotated = hub.client.post(f"{hub.url}/webhooks/{made['id']}/rotate").json()
    delivery = log()[0]["delivery_id"]
    assert hub.client.post(f"{hub.url}/deliveries/{delivery}/replay").status_code == 202
    wait_until(lambda: len(receiver.calls) == 4, what="the replay")
    headers, body = receiver.calls[-1]
    for secret in (made["secret"], rotated["secret"]):
        Verifier(secret).verify(body, headers)


def test_a_webhook_that_is_gone_is_switched_off(hub: Hub, receiver: Receiver) -> None:
    made = hub.client.post(f"{hub.url}/webhooks", json={"url": receiver.url}).json()
    receiver.statuses = [410]
    hub.client.post(f"{hub.url}/webhooks/{made['id']}/test")

    def shown() -> Any:
        return hub.client.get(f"{hub.url}/webhooks").json()["data"][0]

    wait_until(lambda: shown()["disabled_at"], what="the switch")
    assert shown()["disabled_reason"] == "410 Gone"

    def dead() -> Any:
        return hub.client.get(f"{hub.url}/deliveries", params={"state": "dead"}).json()["data"]

    assert len(dead()) == 1


def test_a_browser_gets_a_push_that_only_it_can_read(hub: Hub, receiver: Receiver) -> None:
    import base64
    import os

    import http_ece
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key, secret = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def encode(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    browser = {"endpoint": receiver.url, "keys": {"p256dh": encode(point), "auth": encode(secret)}}
    assert hub.client.post(f"{hub.url}/push/browsers", json=browser).status_code == 204
    hub.follow("bill", BILL, channels=["push"])
    hub.changed("bill", BILL, new_id(), title_en="C-11")
    wait_until(lambda: receiver.calls, what="the push")
    headers, body = receiver.calls[0]
    plain = http_ece.decrypt(body, private_key=key, auth_secret=secret, version="aes128gcm")
    assert json.loads(plain)["title"] == "C-11"
    assert headers["authorization"].startswith("vapid t=")
    assert hub.client.get(f"{hub.url}/push/key").json()["public_key"] in headers["authorization"]


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
        "seq": 1, "type": "bill", "change": "update", "id": str(new_id()), "key": BILL, "title_en": "C-11",
        "title_fr": "C-11", "jurisdiction": "ca", "fields": {}, "changed_at": "2026-05-01T00:00:00Z",
    }  # fmt: skip
    hub.record.lists["/api/v1/changes"] = [row, {**row, "key": "ca/bill/45-1/c-2"}, {**row, "seq": 3}]
    answer = hub.client.post(f"{hub.url}/subscriptions/back-test", json={"kind": "bill", "target": BILL})
    assert (answer.json()["count"], answer.json()["days"]) == (2, 30)


def test_what_goes_over_the_cap_waits_and_leaves_together(hub: Hub) -> None:
    hub.confirm_address("cap@example.ca")
    hub.app.state.resources.settings.alerts.mail_per_day = 2
    hub.follow("bill", BILL, channels=["email", "app"])
    for number in range(4):
        hub.changed("bill", BILL, new_id(), title_en=f"change {number}")
        wait_until(lambda n=number: len(hub.inbox()) == n + 1, what="the item")
        if number < 2:
            hub.mail_to("cap@example.ca", number + 2)
    wait_until(lambda: len(hub.inbox()) == 4, what="all items")
    sent = [d for d in hub.client.get(f"{hub.url}/deliveries").json()["data"] if d["template"] == "alert"]
    assert len(sent) == 2


@pytest.mark.parametrize("bad", ["http://localhost/x", "ftp://example.org/", "https://user:pw@example.org/"])
def test_addresses_that_are_no_webhook_are_refused(hub: Hub, bad: str) -> None:
    hub.app.state.resources.settings.alerts.allow_private_targets = False
    assert hub.client.post(f"{hub.url}/webhooks", json={"url": bad}).status_code == 422
