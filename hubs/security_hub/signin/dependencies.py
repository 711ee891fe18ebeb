"""What the sign-in pages know of where they lead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends

from hubs.security_hub.authorize.dependencies import AuthorizeServiceDep
from hubs.security_hub.authorize.errors import SentBack, Unredirectable
from hubs.security_hub.authorize.schemas import query_fields
from hubs.security_hub.pages.dependencies import BrowserDep
from hubs.security_hub.pages.service import form_source


@dataclass(frozen=True)
class Destination:
    """Where a form leads in the end: the application's name, and its origin for the browser's policy."""

    client_name: str = ""
    form_to: tuple[str, ...] = ()


class Destinations:
    """Finds the application that a person signs in for."""

    def __init__(self, authorize: AuthorizeServiceDep, browser: BrowserDep) -> None:
        self._authorize = authorize
        self._language = browser.language

    def of(self, path: str) -> Destination:
        """Return the destination behind one of our own paths; none, when it is no sound request."""
        parts = urlsplit(path)
        if parts.path != "/oauth/authorize":
            return Destination()
        try:
            pairs = query_fields(parts.query)
            resources = tuple(value for name, value in pairs if name == "resource")
            asked = self._authorize.read({n: v for n, v in pairs if n != "resource"}, resources)
        except (Unredirectable, SentBack):
            return Destination()
        name = asked.client.name_en if self._language == "en" else asked.client.name_fr
        return Destination(name, (form_source(asked.redirect_uri),))


DestinationsDep = Annotated[Destinations, Depends(Destinations)]
