"""LEGISinfo's XML, which is its JSON turned into elements.

Null becomes an empty tag, an empty string an open and a close tag on two lines, each item of a list repeats
the tag, an empty list vanishes.
"""

from typing import Any

from services.miniature.render.document import text


def as_xml(root: str, item: str, rows: list[dict[str, Any]], newline: str) -> bytes:
    """A list of JSON objects as the XML document `<root><item>…`, indented by two spaces."""
    lines = [f"<{root}>"]
    for row in rows:
        _element(lines, item, row, 1)
    lines.append(f"</{root}>")
    return newline.join(lines if rows else [f"<{root} />"]).encode()


def _element(lines: list[str], name: str, value: Any, depth: int) -> None:
    pad = "  " * depth
    if isinstance(value, list):
        for entry in value:
            _element(lines, name, entry, depth)
    elif isinstance(value, dict):
        lines.append(f"{pad}<{name}>")
        for key, entry in value.items():
            _element(lines, key, entry, depth + 1)
        lines.append(f"{pad}</{name}>")
    elif value is None:
        lines.append(f"{pad}<{name} />")
    elif value == "" and isinstance(value, str):
        lines += [f"{pad}<{name}>", f"{pad}</{name}>"]
    elif isinstance(value, float):
        lines.append(f"{pad}<{name}>{value:g}</{name}>")
    else:
        lines.append(f"{pad}<{name}>{text(value)}</{name}>")
