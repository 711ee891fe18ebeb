"""Which meeting platform, or machine format, stands behind an address: ``openpolicy sources detect URL``.

``detect`` looks at the address and, if it is given, at the page; ``detect_at`` fetches the page once, with a
limit on size and time, and obeys robots.txt. A bot wall is named, not passed.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import asdict, dataclass
from typing import Literal
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser

import httpx

from services.scraper.settings import ScraperOptions
from shared.core.errors import Invalid, Unavailable

Certainty = Literal["certain", "likely", "unknown"]
_MAX_BYTES = 3 * 2**20
_TIMEOUT_S = 20.0
_MAX_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Detection:
    """The platform behind an address, what tells so, and how the registry would read it."""

    url: str
    platform: str
    """Name of the platform in lower case, or ``""`` when nothing tells."""
    certainty: Certainty
    evidence: str
    client: str = ""
    parser: str = ""
    start: str = ""
    """Address of the start document, as far as it can be told."""
    is_machine_readable: bool = False

    def facts(self) -> dict[str, object]:
        """Return the detection as plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Platform:
    name: str
    parser: str
    host: re.Pattern[str] | None
    path: re.Pattern[str] | None
    marks: tuple[re.Pattern[str], ...]
    start: str
    is_machine_readable: bool = True


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.I)


_PLATFORMS = (
    _Platform(
        "legistar",
        "platforms.legistar",
        _pattern(r"^(?P<client>[\w-]+)\.legistar1?\.com$|^webapi\.legistar\.com$"),
        None,
        (
            _pattern(r"(?P<client>[\w-]+)\.legistar1?\.com"),
            _pattern(r"webapi\.legistar\.com/v1/(?P<client>[\w-]+)"),
        ),
        "https://webapi.legistar.com/v1/{client}/events",
    ),
    _Platform(
        "escribe",
        "platforms.escribe",
        _pattern(r"^pub-(?P<client>[\w-]+)\.escribemeetings\.com$|^(?P<other>[\w-]+)\.escribemeetings\.com$"),
        _pattern(r"/MeetingsCalendarView\.aspx"),
        (_pattern(r"pub-(?P<client>[\w-]+)\.escribemeetings\.com"), _pattern(r"_layouts/images/eScribe/")),
        "https://pub-{client}.escribemeetings.com/MeetingsCalendarView.aspx/GetCalendarMeetings",
    ),
    _Platform(
        "civicweb",
        "platforms.civicweb",
        _pattern(r"^(?P<client>[\w-]+)\.civicweb\.net$"),
        _pattern(r"/Services/MeetingsService\.svc"),
        (_pattern(r"(?P<client>[\w-]+)\.civicweb\.net"),),
        "https://{client}.civicweb.net/Services/MeetingsService.svc/meetings",
    ),
    _Platform(
        "civicweb",
        "platforms.civicweb",
        _pattern(r"^(?P<client>[\w-]+)\.community\.(?:highbond|diligentoneplatform)\.com$"),
        None,
        (),
        "{site}/Services/MeetingsService.svc/meetings",
    ),
    _Platform(
        "primegov",
        "platforms.primegov",
        _pattern(r"^(?P<client>[\w-]+)\.primegov\.com$"),
        _pattern(r"/api/v2/PublicPortal/"),
        (_pattern(r"(?P<client>[\w-]+)\.primegov\.com"),),
        "https://{client}.primegov.com/api/v2/PublicPortal/ListUpcomingMeetings",
    ),
    _Platform(
        "civicclerk",
        "platforms.civicclerk",
        _pattern(r"^(?P<client>[\w-]+)\.(?:api\.|portal\.)?civicclerk\.com$"),
        None,
        (_pattern(r"(?P<client>[\w-]+)\.(?:api\.|portal\.)?civicclerk\.com"),),
        "https://{client}.api.civicclerk.com/v1/Events",
    ),
    _Platform(
        "granicus",
        "platforms.granicus",
        _pattern(r"^(?P<client>[\w-]+)\.granicus\.com$"),
        _pattern(r"/(?:ViewPublisher(?:RSS)?|AgendaViewer|MediaPlayer|GeneratedAgendaViewer)\.php"),
        (_pattern(r"(?P<client>[\w-]+)\.granicus\.com/(?:ViewPublisher|MediaPlayer|AgendaViewer|player)"),),
        "https://{client}.granicus.com/ViewPublisher.php?view_id=1",
        is_machine_readable=False,
    ),
    _Platform(
        "civicplus",
        "platforms.civicplus",
        _pattern(r"^(?P<client>[\w-]+)\.civicplus\.com$"),
        _pattern(r"/AgendaCenter(?:[/?]|$)"),
        (_pattern(r"/Areas/AgendaCenter/"), _pattern(r"CivicPlus|CivicEngage")),
        "{site}/AgendaCenter",
        is_machine_readable=False,
    ),
    _Platform(
        "toronto-votes",
        "toronto_votes",
        None,
        _pattern(r"members-of-toronto-city-council-voting-record|member-voting-record"),
        (),
        "{url}",
    ),
    _Platform("represent", "people", _pattern(r"^represent\.opennorth\.ca$"), None, (), "{url}"),
    _Platform(
        "arcgis",
        "people",
        _pattern(r"^(?:services\d*|opendata|www)\.arcgis\.com$|\.opendata\.arcgis\.com$"),
        _pattern(r"/FeatureServer/\d+/query"),
        (),
        "{url}",
    ),
)
# Clients that name the vendor itself, not a council.
_NOT_CLIENTS = {
    "www",
    "api",
    "support",
    "help",
    "cdn",
    "archive-media",
    "static",
    "webapi",
    "portal",
    "content",
    "legistar2",
}
_WALL = _pattern(
    r"cf-browser-verification|cf_chl_|Just a moment\.\.\.|Attention Required! \||_Incapsula_Resource"
    r"|perfdrive\.com|px-captcha"
)
_SUBSTANCE: dict[str, tuple[re.Pattern[str], ...]] = {
    "legistar": (_pattern(r'id="ctl00_ContentPlaceHolder1_grid(?:Calendar|Main|People|Departments)'),
                 _pattern(r'"(?:Event|EventItem|Matter|MatterHistory|Body|Person|OfficeRecord|BodyType|Vote|\w*Index)RowVersion"')),
    "escribe": (_pattern(r"class=['\"](?:AgendaItemContainer|AgendaHeader"
    r"|SelectableItem)"), _pattern(r'"MeetingDocumentLink"')),
    "civicplus": (_pattern(r"catAgendaRow"), _pattern(r"/AgendaCenter/(?:ViewFile|Search)/")),
    "primegov": (_pattern(r'"compileOutputType"'), _pattern(r"/Public/CompiledDocument\?meetingTemplateId=")),
    "civicclerk": (_pattern(r'"eventTemplateId"|"publishedFiles"'),),
    "civicweb": (_pattern(r"MeetingInformation\.aspx\?"),),
    "toronto-votes": (_pattern(r"Agenda Item Title,Motion Type,Vote,Result"),),
    "granicus": (
        _pattern(r"(?:AgendaViewer|MediaPlayer|ViewPublisher)\.php\?"),
        _pattern(r"\barchive-(?:stream|video|media)\.granicus\.com"),
    ),
}  # fmt: skip


def detect(url: str, html: str | bytes | None = None) -> Detection:
    """Return the platform behind an address; ``html`` is the page there, if it is at hand.

    Raises: Invalid for what is not a web address.
    """
    parts = urlsplit(url.strip() if "//" in url else f"https://{url.strip()}")
    host = (parts.hostname or "").lower()
    if parts.scheme not in {"http", "https"} or "." not in host or re.search(r"[\s<>\"]", url.strip()):
        raise Invalid(f"not a web address: {url[:200]!r}")
    address = parts.geturl()
    for platform in _PLATFORMS:
        match = platform.host.search(host) if platform.host else None
        if match and host.split(".")[0] not in _NOT_CLIENTS - {"webapi"}:
            return _told(platform, address, _client(match, address), "certain", f"the host {host}")
    for platform in _PLATFORMS:
        match = platform.path.search(parts.path + "?" + parts.query) if platform.path else None
        if match:
            return _told(platform, address, "", "likely", f"the path {match[0]}")
    if html is not None:
        return _in_page(address, html.decode("utf-8", "replace") if isinstance(html, bytes) else html)
    return Detection(address, "", "unknown", "the address alone does not tell")


def _in_page(url: str, page: str) -> Detection:
    text = page[:_MAX_BYTES]
    if _WALL.search(text[:100_000]):
        return Detection(url, "blocked", "certain", "a bot wall answers in place of the site")
    for name, marks in _SUBSTANCE.items():
        platform = next(each for each in _PLATFORMS if each.name == name)
        mark = next((match for each in marks if (match := each.search(text))), None)
        if mark:
            client = next(
                (c for each in platform.marks if (m := each.search(text)) and (c := _client(m, ""))), ""
            )
            return _told(platform, url, client, "certain", f"the page holds {mark[0][:80]!r}")
    # Links alone say where meetings are, once more than one of them does.
    found: dict[str, list[re.Match[str]]] = {}
    for platform in _PLATFORMS:
        for pattern in platform.marks:
            hits = [match for match in pattern.finditer(text) if _client(match, "") or not match.groupdict()]
            found.setdefault(platform.name, []).extend(hits[:1_000])
    best = max(found, key=lambda name: len(found[name]), default="")
    if best and found[best]:
        platform = next(each for each in _PLATFORMS if each.name == best)
        clients = [client for match in found[best] if (client := _client(match, ""))]
        client = max(clients, key=clients.count) if clients else ""
        return _told(
            platform, url, client, "likely", f"{len(found[best])} mentions, e.g. {found[best][0][0][:80]!r}"
        )
    return Detection(url, "", "unknown", "neither the address nor the page names a known platform")


def _client(match: re.Match[str], url: str) -> str:
    groups = match.groupdict()
    client = (groups.get("client") or groups.get("other") or "").lower()
    if (not client or client in _NOT_CLIENTS) and url:
        named = re.search(r"webapi\.legistar\.com/v1/([\w-]+)", url, re.I)
        client = named[1].lower() if named else ""
    return "" if client in _NOT_CLIENTS else client


def _told(platform: _Platform, url: str, client: str, certainty: Certainty, evidence: str) -> Detection:
    parts = urlsplit(url)
    start = platform.start
    if "{client}" in start:
        start = start.replace("{client}", client) if client else ""
    start = start.replace("{site}", f"{parts.scheme}://{parts.netloc}").replace("{url}", url)
    return Detection(
        url=url,
        platform=platform.name,
        certainty=certainty,
        evidence=evidence,
        client=client,
        parser=platform.parser,
        start=start,
        is_machine_readable=platform.is_machine_readable,
    )


def detect_at(url: str, client: httpx.Client | None = None, *, is_private_allowed: bool = False) -> Detection:
    """Return the platform behind an address; the page is fetched when the address alone does not tell.

    Raises: Invalid for an address that is not public, Unavailable when the site does not answer or robots.txt
    asks us not to come.
    """
    first = detect(url)
    if first.certainty == "certain":
        return first
    agent = ScraperOptions().user_agent
    with client or httpx.Client(timeout=_TIMEOUT_S, headers={"User-Agent": agent}) as session:
        address, page = _page(session, first.url, agent, is_private_allowed=is_private_allowed)
    told = detect(address, page)
    return told if told.platform else first if first.platform else told


def _page(session: httpx.Client, url: str, agent: str, *, is_private_allowed: bool) -> tuple[str, bytes]:
    asked: set[str] = set()
    for _ in range(_MAX_REDIRECTS):
        _check_host(url, is_private_allowed=is_private_allowed)
        site = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        try:
            if site not in asked and not _may_come(session, site, url, agent):
                raise Unavailable(f"robots.txt of {site} asks us not to read {url}")
            asked.add(site)
            with session.stream("GET", url, headers={"User-Agent": agent}) as answer:
                if answer.is_redirect:
                    url = urljoin(url, answer.headers.get("location", ""))
                    continue
                body = b""
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > _MAX_BYTES:
                        break
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(f"{url} does not answer: {type(error).__name__}: {error}") from error
        if answer.status_code >= 400 and not _WALL.search(body[:100_000].decode("latin-1")):
            raise Unavailable(f"{url} answers {answer.status_code}")
        return url, body
    raise Unavailable(f"{url} redirects more than {_MAX_REDIRECTS} times")


def _may_come(session: httpx.Client, site: str, url: str, agent: str) -> bool:
    answer = session.get(f"{site}/robots.txt", headers={"User-Agent": agent}, follow_redirects=True)
    if answer.status_code >= 400:
        return True
    rules = RobotFileParser()
    rules.parse(answer.text[:500_000].splitlines())
    return rules.can_fetch(agent.partition("/")[0], url)


def _check_host(url: str, *, is_private_allowed: bool) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        is_public = ipaddress.ip_address(host).is_global
    except ValueError:
        is_public = "." in host.strip(".") and not host.endswith((".local", ".internal", ".localhost"))
    if parts.scheme not in {"http", "https"} or not (is_public or is_private_allowed):
        raise Invalid(f"not a public web address: {url[:200]!r}")
