"""Addresses for crawlers: an index of parts, each a page of a collection (sitemaps.org protocol 0.9)."""

from __future__ import annotations

from urllib.parse import quote
from xml.sax.saxutils import escape

from hubs.ux_hub.web.errors import PageNotFound
from hubs.ux_hub.web.service.language import LANGS
from hubs.ux_hub.web.service.record import RecordReader

_AREAS = {
    "bills": "bills", "votes": "votes", "members": "people", "debates": "debates", "committees": "committees",
    "meetings": "events",
}  # fmt: skip
_FIXED = (
    "", "/bills", "/votes", "/members", "/debates", "/committees", "/councils", "/meetings",
    "/my-representatives", "/jurisdictions", "/data-sources", "/changes", "/developers", "/widgets", "/about",
    "/status",
)  # fmt: skip
_PER_PART = 500
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NS = "http://www.sitemaps.org/schemas/sitemap/0.9"


def robots(base_url: str) -> str:
    """Return what crawlers may read: every page, not the console, not endless searches."""
    return (
        "User-agent: *\nDisallow: /en/admin\nDisallow: /fr/admin\n"
        "Disallow: /en/search?\nDisallow: /fr/search?\nDisallow: /api/\n"
        f"Allow: /\nSitemap: {base_url}/sitemap.xml\n"
    )


def index(base_url: str, record: RecordReader) -> str:
    """Return the index: the fixed pages and a part for each kind that is held."""
    held = {entry["type"] for entry in record.coverage()}
    kinds = {"bills": "bill", "votes": "vote_event", "members": "person", "debates": "debate",
             "committees": "organization", "meetings": "event"}  # fmt: skip
    parts = ["pages", *(area for area in _AREAS if kinds[area] in held)]
    rows = "".join(f"<sitemap><loc>{escape(base_url)}/sitemap-{part}.xml</loc></sitemap>" for part in parts)
    return f'{_HEAD}<sitemapindex xmlns="{_NS}">{rows}</sitemapindex>\n'


def part(base_url: str, record: RecordReader, area: str, cursor: str) -> str:
    """Return one part, the newest records first; each address names its twin.

    Raises: PageNotFound for a part that is none.
    """
    if area == "pages":
        return _urlset(base_url, [(path, "") for path in _FIXED])
    if area not in _AREAS:
        raise PageNotFound(f"there is no sitemap of {area[:40]!r}")
    found = record.list(
        _AREAS[area], sort="-updated_at", limit=_PER_PART, cursor=cursor, fields="slug,updated_at"
    )
    return _urlset(base_url, [(f"/{area}/{quote(row['slug'])}", row["updated_at"]) for row in found.rows])


def _urlset(base_url: str, pages: list[tuple[str, str]]) -> str:
    rows = []
    for path, changed in pages:
        twins = "".join(
            f'<xhtml:link rel="alternate" hreflang="{each}-CA"'
            f' href="{escape(base_url)}/{each}{escape(path)}"/>'
            for each in LANGS
        )
        when = f"<lastmod>{escape(changed)}</lastmod>" if changed else ""
        rows += [
            f"<url><loc>{escape(base_url)}/{each}{escape(path)}</loc>{when}{twins}</url>" for each in LANGS
        ]
    return (
        f'{_HEAD}<urlset xmlns="{_NS}" xmlns:xhtml="http://www.w3.org/1999/xhtml">{"".join(rows)}</urlset>\n'
    )
