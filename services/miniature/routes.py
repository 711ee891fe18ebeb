"""Which document stands at which address: one table of host, path pattern and renderer.

Paths are matched without regard to letter case, as the real sites do. A first path segment names the real
host, so that `https://www.parl.ca/x` is `http://127.0.0.1:PORT/www.parl.ca/x`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from services.miniature.facts.model import Language
from services.miniature.render.document import HTML, Document
from services.miniature.world import World


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, taken apart: the named groups of the path, the query (keys in lower case), the body."""

    world: World
    groups: dict[str, str]
    query: dict[str, str]
    body: bytes = b""

    @property
    def language(self) -> Language:
        """The language that the path asks for; English when it says nothing."""
        return "fr" if self.groups.get("lang", "en").lower() in ("fr", "fra", "f") else "en"


Renderer = Callable[[Ask], Document | None]


@dataclass(frozen=True, slots=True)
class Route:
    """A pattern of paths on one host, the verbs it takes and what renders it."""

    host: str
    pattern: re.Pattern[str]
    renderer: Renderer
    methods: tuple[str, ...] = ("GET",)


def route(host: str, pattern: str, renderer: Renderer, *methods: str) -> Route:
    """A route; the pattern is matched against the whole path, ignoring case."""
    return Route(host, re.compile(pattern, re.IGNORECASE), renderer, methods or ("GET",))


class Router:
    """Finds and renders the document of an address."""

    def __init__(self, routes: tuple[Route, ...] | None = None) -> None:
        from services.miniature.addresses import ROUTES

        self._by_host: dict[str, list[Route]] = {}
        for entry in ROUTES if routes is None else routes:
            self._by_host.setdefault(entry.host, []).append(entry)

    def hosts(self) -> list[str]:
        """Every host that is served, in alphabetical order."""
        return sorted(self._by_host)

    def render(
        self, world: World, method: str, host: str, path: str, query: dict[str, str], body: bytes = b""
    ) -> Document:
        """The document at an address; a 404 page where there is none, a 405 page for a verb not taken."""
        refused = False
        for entry in self._by_host.get(host, ()):
            match = entry.pattern.fullmatch(path)
            if match is None:
                continue
            if method not in entry.methods and not (method == "HEAD" and "GET" in entry.methods):
                refused = True
                continue
            made = entry.renderer(
                Ask(world, {k: v for k, v in match.groupdict().items() if v is not None}, query, body)
            )
            if made is not None:
                return made
        return error_page(405, "Method Not Allowed") if refused else error_page(404, "Page not found")


def error_page(status: int, title: str) -> Document:
    """A plain error page, bilingual as the parliamentary sites write theirs."""
    body = (
        '<!DOCTYPE html>\r\n<html><head><meta charset="utf-8" />'
        f"<title>{title} - Page introuvable</title></head>\r\n<body><h1>{status} {title}</h1>"
        "<p>The page could not be displayed. / La page ne peut être affichée.</p></body></html>\r\n"
    )
    return Document(body.encode(), HTML, status)
