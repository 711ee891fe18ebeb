"""The mobile API on a real database: tracking, what there is to read, devices, and staying in step."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import text

from hubs.ux_hub.app import create_app
from hubs.ux_hub.settings import AlertSettings, GatewaySettings, UxSettings
from shared.contracts.events.civic import CHANGED_CLASSES, RecordChange
from shared.core.ids import new_id
from shared.settings import HubUrls
from shared.testing.databases import Databases
from shared.testing.ports import free_port
from shared.testing.processes import wait_until
from shared.testing.serving import Served
from tests.integration.ux_hub.alerts import Record, prepared

BILL = {"id": str(new_id()), "key": "ca/bill/45-1/c-7", "slug": "45-1-c-7", "number": "C-7"}
MEMBER = {"id": str(new_id()), "key": "ca/house/person/7", "slug": "ada", "name": "Ada Lovelace"}
ENDPOINT = "http://127.0.0.1:9/push/one"


class Phone:
    """One person's telephone."""

    def __init__(self, app: Any, url: str, record: Record) -> None:
        self.app = app
        self.record = record
        self.client = httpx.Client(
            base_url=f"{url}/api/mobile/v1", headers=record.signer.headers(f"user-{new_id()}"), timeout=30
        )

    def ask(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        answer = self.client.request(method, path, **more)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def happens(self, title: str) -> None:
        """Publish that the bill changed, and wait until it is there to read."""
        before = self.ask("GET", "/notifications/unread-count")["unread"]
        change = RecordChange(
            id=BILL["id"], key=BILL["key"], change="update", jurisdiction="ocd-jurisdiction/country:ca/legislature",
            title_en=title, title_fr=title, fields={},
        )  # fmt: skip
        self.app.state.resources.bus.publish([CHANGED_CLASSES["bill"](producer="test", changes=(change,))])
        wait_until(
            lambda: self.ask("GET", "/notifications/unread-count")["unread"] > before,
            what="something to read",
        )


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, embedded_databases: Databases
) -> Iterator[tuple[Any, str, Record]]:
    port = free_port()
    with embedded_databases.fresh(prepared) as database, Record().serving() as record:
        base = database.settings(data_dir=tmp_path_factory.mktemp("mobile"), hubs=HubUrls(
            ux=f"http://127.0.0.1:{port}", data=record.url, security=record.url, intelligence=record.url
        ))  # fmt: skip
        settings = UxSettings(
            **{name: getattr(base, name) for name in type(base).model_fields},
            alerts=AlertSettings(allow_private_targets=True),
            gateway=GatewaySettings(policy="", anonymous_per_minute=10**6, user_per_minute=10**6),
        )
        record.rows["/api/v1/bills/45-1-c-7"] = BILL
        record.rows["/api/v1/people/ada"] = MEMBER
        app = create_app(settings)
        with Served(app, port) as served:
            yield app, served.url, record


@pytest.fixture
def phone(running: tuple[Any, str, Record]) -> Iterator[Phone]:
    made = Phone(*running)
    yield made
    made.client.close()


def test_a_bill_and_a_member_are_tracked_once_and_untracked(phone: Phone) -> None:
    first = phone.ask("POST", "/bills/45-1-c-7/track", 201)
    assert (first["kind"], first["target"], first["name"]) == ("bill", BILL["key"], "C-7")
    assert phone.ask("POST", "/bills/45-1-c-7/track", 201)["id"] == first["id"]
    phone.ask("POST", "/members/ada/track", 201)
    assert {row["target"] for row in phone.ask("GET", "/tracked")["data"]} == {BILL["key"], MEMBER["key"]}
    for _ in range(2):
        phone.ask("DELETE", "/bills/45-1-c-7/track", 204)
    assert [row["target"] for row in phone.ask("GET", "/tracked")["data"]] == [MEMBER["key"]]
    phone.ask("POST", "/bills/nothing/track", 404)


def test_what_there_is_to_read_is_read_marked_and_removed(phone: Phone) -> None:
    phone.ask("POST", "/bills/45-1-c-7/track", 201)
    for title in ("First", "Second", "Third"):
        phone.happens(title)
    listed = phone.ask("GET", "/notifications")
    assert listed["unread"] == 3
    assert {one["title_en"] for one in listed["data"]} == {"First", "Second", "Third"}
    one = listed["data"][0]
    assert phone.ask("GET", f"/notifications/{one['id']}")["title_en"] == one["title_en"]
    assert phone.ask("PATCH", f"/notifications/{one['id']}/read")["unread"] == 2
    assert one["id"] not in [o["id"] for o in phone.ask("GET", "/notifications?unread=true")["data"]]
    assert phone.ask("PATCH", f"/notifications/{one['id']}/unread")["unread"] == 3
    phone.ask("DELETE", f"/notifications/{one['id']}", 204)
    phone.ask("GET", f"/notifications/{one['id']}", 404)
    assert phone.ask("PATCH", "/notifications/read-all")["unread"] == 0
    phone.ask("DELETE", "/notifications/clear-all", 204)
    assert phone.ask("GET", "/notifications")["data"] == []


def test_somebody_elses_notification_cannot_be_seen_or_touched(
    phone: Phone, running: tuple[Any, str, Record]
) -> None:
    phone.ask("POST", "/bills/45-1-c-7/track", 201)
    phone.happens("Mine")
    mine = phone.ask("GET", "/notifications")["data"][0]["id"]
    other = Phone(*running)
    other.ask("GET", f"/notifications/{mine}", 404)
    other.ask("PATCH", f"/notifications/{mine}/read", 404)
    other.ask("DELETE", f"/notifications/{mine}", 404)
    other.ask("DELETE", "/notifications/clear-all", 204)
    assert phone.ask("GET", "/notifications/unread-count")["unread"] == 1
    other.client.close()


def test_preferences_and_devices_are_kept_and_a_device_is_forgotten_by_its_owner_alone(
    phone: Phone, running: tuple[Any, str, Record]
) -> None:
    assert phone.ask("PUT", "/notifications/preferences", json={"language": "fr"})["language"] == "fr"
    assert phone.ask("GET", "/preferences")["language"] == "fr"
    phone.ask("PUT", "/notifications/preferences", 422, json={"language": "de"})
    device = {"endpoint": ENDPOINT, "keys": {"p256dh": _point(), "auth": _text(bytes(16))}}
    phone.ask("POST", "/notifications/device-token", 204, json=device)
    other = Phone(*running)
    other.ask("DELETE", "/notifications/device-token", 204, json={"endpoint": ENDPOINT})
    assert devices(phone) == [ENDPOINT]
    phone.ask("DELETE", "/notifications/device-token", 204, json={"endpoint": ENDPOINT})
    assert devices(phone) == []
    other.client.close()


def _point() -> str:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return _text(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def devices(phone: Phone) -> list[str]:
    with phone.app.state.resources.engine.connect() as connection:
        return list(connection.scalars(text("SELECT endpoint FROM ux.push_browsers")))


def test_what_is_ones_own_takes_a_token(running: tuple[Any, str, Record]) -> None:
    _, url, _ = running
    for method, path in (
        ("GET", "/notifications"), ("GET", "/tracked"), ("POST", "/bills/45-1-c-7/track"), ("GET", "/preferences"),
        ("DELETE", "/notifications/clear-all"), ("GET", "/search/saved"), ("POST", "/search/save"),
    ):  # fmt: skip
        assert httpx.request(method, f"{url}/api/mobile/v1{path}").status_code in (401, 422), path


def test_jobs_and_schedules_of_synchronisation_are_gone_with_a_reason(phone: Phone) -> None:
    for method, path in (
        ("GET", "/sync/schedule"),
        ("PUT", "/sync/schedule"),
        ("GET", "/sync/job/1"),
        ("DELETE", "/sync/job/1"),
    ):
        answer = phone.ask(method, path, 410)
        assert "GET /api/mobile/v1/sync" in answer["detail"]
        assert "Une synchronisation" in answer["detail_fr"]
