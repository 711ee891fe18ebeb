"""HTML of upstream documents, read by lxml with limits on size and depth."""

from __future__ import annotations

from lxml import etree, html

from services.scraper.parsers.base import MAX_DOCUMENT_BYTES, Document
from services.scraper.parsers.text import decode


def parse_page(document: Document) -> html.HtmlElement:
    """Return the root of an HTML page, links made absolute against its address.

    Raises: ParseFailed (``too-large``, ``empty-body``, ``not-html``).
    """
    if len(document.body) > MAX_DOCUMENT_BYTES:
        raise document.failed("too-large", f"{len(document.body)} bytes; at most {MAX_DOCUMENT_BYTES} are read")
    text = decode(document.body, document.charset).replace("\x00", "").strip()
    if not text:
        raise document.failed("empty-body", "the document is empty")
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
