"""The security hub over real HTTP on a real database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import text

from hubs.security_hub.accounts.tasks import create_administrator
from hubs.security_hub.app import SPEC
from hubs.security_hub.settings import SecuritySettings
from shared.app import Resources, create_hub_app
from shared.contracts.envelope import Event
from shared.db.session import transaction
from shared.messaging.bus import decode
from shared.settings import HubUrls, derive_secret
from shared.testing.databases import Databases, FreshDatabase
from shared.testing.ports import free_port
from shared.testing.serving import Served

ADMIN = "operator@example.org"
PASSWORD = "vermilion-otter-42-canoe"


def migrated(database: FreshDatabase) -> None:
    database.migrate("security")


@dataclass
class Hub:
    """A running security hub and ways to look behind its doors."""

    url: str
    settings: SecuritySettings
    resources: Resources
    http: httpx.Client
    tokens: dict[str, str] = field(default_factory=dict)

    def client_token(self, client_id: str = "cli", **form: str) -> str:
        """The access token of one of the platform's own processes."""
        answer = self.http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials", **form},
            auth=(client_id, derive_secret(self.settings, f"client:{client_id}")),
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def bearer(self, token: str | None = None) -> dict[str, str]:
        if token is None:
            token = self.tokens.setdefault("cli", self.client_token())
        return {"Authorization": f"Bearer {token}"}

    def login(self, login: str = ADMIN, password: str = PASSWORD, **fields: Any) -> httpx.Response:
        headers = fields.pop("headers", {})
        return self.http.post(
            "/api/v1/auth/login", json={"login": login, "password": password, **fields}, headers=headers
        )

    def signed_in(self, login: str = ADMIN, password: str = PASSWORD, **fields: Any) -> dict[str, Any]:
        answer = self.login(login, password, **fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def events(self, kind: str = "") -> list[Event]:
        """Everything said through the outbox, kept by the test in place of the relay."""
        with transaction(self.resources.sessionmaker) as session:
            rows = session.execute(text("SELECT topic, body FROM security.outbox ORDER BY id")).all()
        return [decode(topic, bytes(body)) for topic, body in rows if topic.startswith(kind)]

    def mails(self, recipient: str) -> list[Any]:
        return [event for event in self.events("notices.") if event.recipient == recipient]

    def client(self, kind: str = "confidential", **fields: Any) -> dict[str, Any]:
        """Register an application and return it with its secret."""
        form = {
            "kind": kind,
            "name_en": "Bill Watch",
            "name_fr": "Vigie des lois",
            "scopes": ["openid", "profile", "email", "offline_access", "data:read"],
            **({"redirect_uris": ["https://app.example.org/callback"]} if kind != "service" else {}),
            **fields,
        }
        answer = self.http.post("/api/v1/clients", json=form, headers=self.bearer())
        assert answer.status_code == 201, answer.text
        return answer.json()

    def actions(self) -> list[str]:
        return [event.action for event in self.events("audit.")]

    def user(
        self, email: str, password: str = PASSWORD, roles: tuple[str, ...] = (), **fields: Any
    ) -> dict[str, Any]:
        """Register somebody and follow the mailed link; returns the signed-in answer."""
        form = {"email": email, "password": password, **fields}
        answer = self.http.post("/api/v1/auth/register", json=form)
        assert answer.status_code == 202, answer.text
        token = self.mails(email)[-1].values["url"].partition("token=")[2]
        answer = self.http.post("/api/v1/auth/verify", json={"token": token, "password": password})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        if roles:
            url = f"/api/v1/users/{body['user']['id']}"
            changed = self.http.patch(url, json={"roles": ["member", *roles]}, headers=self.bearer())
            assert changed.status_code == 200, changed.text
            body = self.signed_in(email, password)
        return body


class Page(HTMLParser):
    """A page as somebody without scripts sees it: its forms, links and text."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__()
        self.response = response
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.links: list[str] = []
        self.text = ""
        self.language = ""
        self.feed(response.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = given.get("lang", "")
        elif tag == "form":
            self.forms.append((given["action"], {}))
        elif tag == "input" and self.forms and given.get("type") != "checkbox":
            self.forms[-1][1][given["name"]] = given.get("value", "")
        elif tag == "a":
            self.links.append(given.get("href", ""))

    def handle_data(self, data: str) -> None:
        self.text += data


class Browser:
    """A browser without scripts: cookies, redirects, forms."""

    def __init__(self, url: str, **headers: str) -> None:
        self.http = httpx.Client(
            base_url=url, trust_env=False, timeout=30, headers={"Accept": "text/html", **headers}
        )
        self.url = url
        self.left: str | None = None
        self.trail: list[httpx.Response] = []

    def open(self, url: str) -> Page:
        return self._follow(self.http.get(url))

    def submit(self, page: Page, form: int | str = 0, **fields: str) -> Page:
        """Send a form of the page, chosen by number or by the end of its action."""
        if isinstance(form, str):
            form = next(i for i, (action, _) in enumerate(page.forms) if action.endswith(form))
        action, values = page.forms[form]
        headers = {"Origin": self.url}
        return self._follow(self.http.post(action, data={**values, **fields}, headers=headers))

    def sign_in(self, login: str = ADMIN, password: str = PASSWORD) -> Page:
        return self.submit(self.open("/signin"), "/signin", login=login, password=password)

    def _follow(self, response: httpx.Response) -> Page:
        self.left = None
        while response.is_redirect:
            self.trail.append(response)
            target = response.headers["location"]
            if urlsplit(target).scheme and not target.startswith(self.url + "/"):
                # Another site or application: the browser goes there with the answer in the address.
                self.left = target
                break
            response = self.http.get(target)
        self.trail.append(response)
        return Page(response)


@pytest.fixture
def browser(hub: Hub) -> Iterator[Browser]:
    made = Browser(hub.url)
    yield made
    made.http.close()


OpenHub = Callable[..., Hub]


@pytest.fixture(scope="module")
def open_hub(embedded_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenHub]:
    """Start a hub with other settings; it ends with the module."""
    with ExitStack() as stack:

        def start(database: FreshDatabase | None = None, data_dir: Path | None = None, **changes: Any) -> Hub:
            database = database or stack.enter_context(embedded_databases.fresh(migrated))
            port = free_port()
            url = f"http://127.0.0.1:{port}"
            changes.setdefault("throttle", {"address": 100_000, "address_mail": 100_000, "mail": 1_000})
            base = database.settings(
                data_dir=data_dir or tmp_path_factory.mktemp("security"), hubs=HubUrls(security=url)
            )
            values = {name: getattr(base, name) for name in type(base).model_fields}
            settings = SecuritySettings(**{**values, **changes})
            # The tests read what was said from the outbox itself; nothing may take it away.
            starts = [start for start in SPEC.start if start.__name__ != "relay_outbox"]
            app = create_hub_app(replace(SPEC, start=starts), settings)
            stack.enter_context(Served(app, port))
            http = stack.enter_context(httpx.Client(base_url=url, trust_env=False, timeout=30))
            return Hub(url, settings, app.state.resources, http)

        yield start


@pytest.fixture(scope="module")
def hub(open_hub: OpenHub) -> Hub:
    """One hub for the module, with an administrator."""
    opened = open_hub()
    create_administrator(opened.resources, ADMIN, PASSWORD, "Operator")
    return opened
