"""A hub with a database, a mail server of our own, and a record that can be asked."""

from __future__ import annotations

import asyncio
import email.policy
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import httpx
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from joserfc import jwt
from joserfc.jwk import ECKey

from shared.contracts.events.civic import CHANGED_CLASSES, RecordChange
from shared.core.ids import new_id
from shared.db.migrate import upgrade
from shared.testing.databases import FreshDatabase
from shared.testing.ports import free_port
from shared.testing.processes import wait_until


def prepared(database: FreshDatabase) -> None:
    """Create the hub's tables."""
    upgrade(database.settings(), "ux")


class MailServer:
    """A real SMTP server that keeps what it took; it can refuse, wait and drop."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.refusals: dict[str, str] = {}
        self.delay_s = 0.0
        self.lock = threading.Lock()
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self.refusals.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        message = message_from_bytes(bytes(envelope.content or b""), policy=email.policy.default)
        with self.lock:
            self.messages.append(message)
        # Taken, and not yet said so: here a sender that is killed could lose count.
        await asyncio.sleep(self.delay_s)
        return "250 taken"

    def __enter__(self) -> MailServer:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()


class Signer:
    """Makes tokens that the hub under test believes."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.key = ECKey.generate_key("P-256", parameters={"kid": "k1", "use": "sig", "alg": "ES256"})

    def keys(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False)]}

    def headers(self, subject: str = "user-1", scope: str = "subscriptions:* notices:*") -> dict[str, str]:
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": subject, "aud": ["openpolicy"], "iat": now, "exp": now + 600}
        claims |= {"kind": "user", "scope": scope, "client_id": "test"}
        token = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "k1"}, claims, self.key)
        return {"Authorization": f"Bearer {token}"}


class Record:
    """The civic record's interface over HTTP, with rows of the test's own, and the key set of its signer."""

    def __init__(self) -> None:
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        self.rows: dict[str, dict[str, Any]] = {}
        self.lists: dict[str, list[dict[str, Any]]] = {}
        record = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                import json

                path = self.path.partition("?")[0]
                if path == "/.well-known/jwks.json":
                    status, body = 200, record.signer.keys()
                elif path in record.lists:
                    status, body = 200, {"data": record.lists[path], "next": None, "meta": {"position": 9}}
                elif path in record.rows:
                    status, body = 200, record.rows[path]
                else:
                    status, body = 404, {"detail": "not here"}
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.signer = Signer(self.url)

    @contextmanager
    def serving(self) -> Iterator[Record]:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()


class Hub:
    """The hub under test as one person sees it who follows one bill that nobody else does."""

    def __init__(self, app: Any, url: str, mail: MailServer, record: Record) -> None:
        self.app, self.url, self.mail, self.record = app, f"{url}/api/v1", mail, record
        self.subject = f"user-{new_id()}"
        self.bill = f"ca/bill/45-1/{self.subject}"
        self.client = httpx.Client(headers=record.signer.headers(self.subject), timeout=20)

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

    def deliveries(self, target: str = "", **asked: Any) -> list[dict[str, Any]]:
        """Return deliveries to one target, newest first."""
        rows = self.client.get(f"{self.url}/deliveries", params={"limit": 200, **asked}).json()["data"]
        return [row for row in rows if row["target"] == target]

    def inbox(self) -> list[dict[str, Any]]:
        return self.client.get(f"{self.url}/notifications").json()["data"]


def link_in(message: Any, purpose: str) -> str:
    text = message.get_body(("plain",)).get_content()
    return re.search(rf"http\S+/{purpose}/\S+", text)[0]
