"""What a renderer answers: bytes with their content type, and the two ways the real sites write XML."""

from dataclasses import dataclass, field
from xml.sax.saxutils import escape

XSI_XSD = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
BOM = b"\xef\xbb\xbf"

XML = "application/xml; charset=utf-8"
TEXT_XML = "text/xml"
JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
CSV = "text/csv"

Value = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Document:
    """A rendered upstream document; `status` is 200 unless the real site answers otherwise."""

    body: bytes
    content_type: str
    status: int = 200
    headers: tuple[tuple[str, str], ...] = field(default=())


def text(value: Value) -> str:
    """A leaf's text, escaped, with .NET's spelling of booleans."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(str(value))


def leaf(name: str, value: Value) -> str:
    """One element as .NET's XmlSerializer writes it: `<N>v</N>`, `<N />` for "", xsi:nil for None."""
    if value is None:
        return f'<{name} xsi:nil="true" />'
    if value == "":
        return f"<{name} />"
    return f"<{name}>{text(value)}</{name}>"


def record(name: str, leaves: dict[str, Value]) -> str:
    """One element holding a leaf for each entry, on one line."""
    return f"<{name}>{''.join(leaf(key, value) for key, value in leaves.items())}</{name}>"


def array_of(item: str, records: list[str]) -> bytes:
    """`<ArrayOfItem …>` on one line without an XML declaration, the House of Commons' export style."""
    root = f"ArrayOf{item}"
    if not records:
        return f"<{root} {XSI_XSD} />".encode()
    return f"<{root} {XSI_XSD}>{''.join(records)}</{root}>".encode()
