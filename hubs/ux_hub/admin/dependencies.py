"""Who is at the console, and the hubs as that person may use them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.responses import Response

from hubs.ux_hub.admin.errors import ForgedForm, NotSignedIn
from hubs.ux_hub.admin.service.sections import SECTIONS
from hubs.ux_hub.admin.service.sessions import ConsoleSession, ConsoleSessions, is_same
from hubs.ux_hub.web.dependencies import Page, PageDep
from hubs.ux_hub.web.service.answering import PRIVATE, answer
from shared.app import Resources, ResourcesDep
from shared.auth import AccessRule, Principal
from shared.clients.base import HubClient

COOKIE = "op_console"


@dataclass(frozen=True)
class Hubs:
    """The hubs' addresses and one connection pool; a caller is made per person."""

    resources: Resources

    def caller(self, hub: str, tokens: Any) -> HubClient:
        """Return a hub as the bearer of these tokens sees it."""
        return HubClient(getattr(self.resources.settings.hubs, hub), self.resources.http, tokens)


@dataclass(frozen=True)
class SessionTokens:
    """A person's tokens, as a hub's client asks for them."""

    sessions: ConsoleSessions
    name: str

    def get(self) -> str:
        """Return a current token."""
        return self.sessions.token(self.name)

    def forget(self) -> None:
        """Have it renewed: a hub refused it."""
        self.sessions.expire(self.name)


class Desk:
    """The console as one person sees it for one request."""

    def __init__(self, page: Page, session: ConsoleSession, sessions: ConsoleSessions, hubs: Hubs) -> None:
        self.page = page
        self.session = session
        self._sessions = sessions
        self._hubs = hubs

    def ask(self, hub: str, path: str, /, **params: Any) -> Any:
        """Return what a hub answers this person.

        Raises: AppError, Forbidden among them.
        """
        wanted = {name: value for name, value in params.items() if value not in (None, "")}
        return self._caller(hub).request("GET", path, params=wanted or None)

    def act(self, hub: str, method: str, path: str, body: Any = None) -> Any:
        """Do something at a hub as this person; the hub audits it."""
        return self._caller(hub).request(method, path, json=body)

    def _caller(self, hub: str) -> HubClient:
        return self._hubs.caller(hub, SessionTokens(self._sessions, self.session.name))

    def show(self, template: str, status: int = 200, **values: Any) -> Response:
        """Return a page of the console; it is never kept anywhere."""
        html = self.page.html(
            template,
            me=self.session,
            csrf=self.session.csrf,
            menu=[section for section in SECTIONS.values() if self.session.may(section.scope)],
            is_indexed=False,
            **values,
        )
        return answer(self.page.request, html, status=status, cache_control=PRIVATE)

    def check_form(self, csrf: str) -> None:
        """Refuse a form that is not this session's own.

        Raises: ForgedForm.
        """
        if not is_same(csrf, self.session.csrf) or not is_own_site(self.page.request):
            raise ForgedForm("this form is not from this session; go back and try again")


def is_own_site(request: Request) -> bool:
    """Tell whether a form was sent by a page of this site (Sec-Fetch-Site, else Origin)."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")


async def sessions_of(resources: ResourcesDep) -> ConsoleSessions:
    """Dependency: the sessions of the console."""
    return resources.get(ConsoleSessions)


SessionsDep = Annotated[ConsoleSessions, Depends(sessions_of)]


class ConsoleRule(AccessRule):
    """Somebody with a session of the console; what they may do is decided by each hub."""

    name = "console"

    def __call__(  # type: ignore[override]
        self, request: Request, page: PageDep, sessions: SessionsDep, resources: ResourcesDep
    ) -> Desk:
        """Return the console for this person.

        Raises: NotSignedIn.
        """
        session = sessions.find(request.cookies.get(COOKIE, ""))
        return Desk(page, session, sessions, resources.get(Hubs))


DeskDep = Annotated[Desk, Depends(ConsoleRule())]
__all__ = ["COOKIE", "Desk", "DeskDep", "Hubs", "NotSignedIn", "Principal", "SessionsDep", "is_own_site"]
