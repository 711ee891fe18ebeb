"""What others wrote, made harmless: a short list of tags for HTML, a short list of schemes for links."""

from __future__ import annotations

from urllib.parse import urlsplit

import nh3
from markupsafe import Markup

_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "cite", "code", "dd", "div", "dl", "dt", "em",
    "h3", "h4", "h5", "h6", "hr", "i", "li", "mark", "ol", "p", "pre", "q", "s", "small", "span",
    "strong", "sub", "sup", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}, "abbr": {"title"}}
_SCHEMES = {"http", "https", "mailto", "tel"}
MAX_CHARS = 400_000
"""Characters of one text that a page shows."""


# Made once: each holds its tables ready, and a sitting's page has two hundred paragraphs.
_HTML = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags={"script", "style"},
    attributes=_ATTRIBUTES,
    url_schemes=_SCHEMES,
    link_rel="nofollow noopener noreferrer",
)
_SNIPPET = nh3.Cleaner(tags={"mark"}, attributes={})


def clean_html(text: str) -> Markup:
    """Return scraped HTML with nothing active left in it; links say that they lead away."""
    return Markup(_HTML.clean(text[:MAX_CHARS]))  # noqa: S704 - it is cleaned here


def clean_snippet(text: str) -> Markup:
    """Return a search snippet in which ``<mark>`` is the only tag."""
    return Markup(_SNIPPET.clean(text[:MAX_CHARS]))  # noqa: S704 - it is cleaned here


def safe_url(value: object) -> str:
    """Return an address that may stand in a link, empty for any other (``javascript:``, relative, broken)."""
    if not isinstance(value, str) or len(value) > 2_000:
        return ""
    text = value.strip()
    if any(ord(char) < 0x21 for char in text):
        return ""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    if parts.scheme.lower() in ("http", "https"):
        return text if parts.netloc else ""
    return text if parts.scheme.lower() in ("mailto", "tel") and parts.path else ""


def local_path(value: object, default: str) -> str:
    """Return a path of this site that may be redirected to, the default for anything else."""
    if not isinstance(value, str) or len(value) > 1_000 or not value.startswith("/"):
        return default
    # Browsers read //host and /\\host as another site.
    if value.startswith(("//", "/\\")) or "\\" in value or any(ord(char) < 0x21 for char in value):
        return default
    return value
