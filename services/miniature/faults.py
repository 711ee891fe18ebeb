"""What each fault does to a document on its way out: pure functions from right bytes to wrong ones."""

import json
import re

from services.miniature.control import Fault
from services.miniature.render.document import HTML, XML, Document
from services.miniature.routes import error_page

_DECLARATION = re.compile(rb"^\s*(?:\xef\xbb\xbf)?\s*<\?xml[^>]*\?>\s*")
_ROOT = re.compile(rb"<([A-Za-z_][\w.:-]*)((?:\s[^>]*)?)>")
_ENTITIES = [f'<!ENTITY lol{n} "{("&lol;" if n == 1 else f"&lol{n - 1};") * 10}">\n' for n in range(1, 10)]
_BOMB = (
    '<?xml version="1.0"?>\n<!DOCTYPE lolz [\n<!ENTITY lol "lol">\n'
    + "".join(_ENTITIES)
    + "]>\n<ArrayOfMemberOfParliament><MemberOfParliament>"
    "<PersonOfficialLastName>&lol9;</PersonOfficialLastName></MemberOfParliament></ArrayOfMemberOfParliament>"
)


def apply(fault: Fault, document: Document, address: str) -> Document:
    """The document as the fault lets it out; `slow`, `disconnect` and `oversize` are done by the server."""
    kind = fault.kind
    if kind == "too_many_requests":
        page = error_page(429, "Too Many Requests")
        return Document(
            page.body, page.content_type, 429, (("Retry-After", str(fault.option("retry_after"))),)
        )
    if kind == "server_error":
        return error_page(int(fault.option("status")), "Server Error")
    if kind == "forbidden":
        return bot_wall()
    if kind == "not_found":
        return error_page(404, "Page not found")
    if kind == "html_error":
        return apology()
    if kind == "redirect":
        target = str(fault.option("to")) or f"{address}{'&' if '?' in address else '?'}redirected=1"
        return Document(b"", HTML, int(fault.option("status")), (("Location", target),))
    if kind == "truncated":
        kept = int(len(document.body) * float(fault.option("keep")))
        return Document(document.body[:kept], document.content_type)
    if kind == "encoding":
        return misdeclared(document, str(fault.option("style")))
    if kind == "empty":
        return emptied(document)
    if kind == "blank":
        return Document(b"", document.content_type)
    if kind == "entity_bomb":
        return Document(_BOMB.encode(), XML)
    return document


def apology() -> Document:
    """An error page that claims success, as a site under maintenance sends it."""
    body = (
        '<!DOCTYPE html>\r\n<html lang="en"><head>'
        "<title>An error has occurred - Une erreur est survenue</title></head>\r\n<body><h1>We are sorry</h1>"
        "<p>The service is temporarily unavailable. Please try again later.</p>"
        "<p>Le service est temporairement indisponible. Veuillez réessayer plus tard.</p></body></html>\r\n"
    )
    return Document(body.encode(), HTML)


def bot_wall() -> Document:
    """The page of a bot wall: 403 and a challenge that no crawler may answer."""
    body = (
        "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>"
        '<div id="challenge-error-title">Enable JavaScript and cookies to continue</div></body></html>'
    )
    return Document(body.encode(), HTML, 403, (("cf-mitigated", "challenge"),))


def misdeclared(document: Document, style: str) -> Document:
    """The same document under a wrong encoding: in its XML declaration, or else in its content type."""
    is_xml = document.body.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"<") and "xml" in document.content_type
    names = {
        "utf8": "utf8",
        "latin-1-declared": "ISO-8859-1",
        "latin-1-bytes": "utf-8",
        "utf-16-declared": "utf-16",
    }
    name = names[style]
    body = _DECLARATION.sub(b"", document.body)
    if style == "latin-1-bytes":
        body = body.decode("utf-8").encode("iso-8859-1", "xmlcharrefreplace" if is_xml else "replace")
    if is_xml:
        return Document(f"<?xml version='1.0' encoding='{name}'?>\n".encode() + body, "application/xml")
    return Document(body, f"{document.content_type.partition(';')[0]}; charset={name}")


def emptied(document: Document) -> Document:
    """The same kind of document with nothing in it: an empty list, a lone header line, an empty root."""
    body, kind = document.body, document.content_type
    if "json" in kind:
        value = json.loads(body)
        hollow = (
            [] if isinstance(value, list) else {k: [] if isinstance(v, list) else v for k, v in value.items()}
        )
        return Document(json.dumps(hollow).encode(), kind)
    if "csv" in kind:
        return Document(body.splitlines(keepends=True)[0] if body else b"", kind)
    if "xml" in kind:
        declaration = _DECLARATION.match(body)
        root = _ROOT.search(body, declaration.end() if declaration else 0)
        if root is not None:
            start = (
                (declaration.group() if declaration else b"")
                + b"<"
                + root.group(1)
                + root.group(2).rstrip(b"/ ")
            )
            return Document(start + b" />", kind)
    return Document(b"<!DOCTYPE html><html><head><title></title></head><body></body></html>", kind)
