"""HTML of upstream documents, read by lxml with limits on size and depth."""

from __future__ import annotations

from lxml import etree, html

from services.scraper.parsers.base import Document
from services.scraper.parsers.body import text_of


def parse_page(document: Document) -> html.HtmlElement:
    """Return the root of an HTML page, links made absolute against its address.

    Raises: ParseFailed (``too-large``, ``empty-body``, ``not-html``).
    """
    text = text_of(document, "HTML").replace("\x00", "")
    # The text is handed over as UTF-8 bytes: a declared charset may lie, and lxml refuses
    # str input that carries an encoding declaration.
    parser = html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True)
    try:
        root = html.document_fromstring(text.encode("utf-8", "ignore"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise document.failed("not-html", str(error)[:300]) from None
    try:
        root.make_links_absolute(document.url, resolve_base_href=True, handle_failures="ignore")
    except ValueError:
        pass
    return root
