"""Text of unknown encoding: what it seems to be, and how sure that is."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from hubs.business_hub.op_import.errors import Unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Letters of French as Mac OS Roman writes them; in Windows-1252 the same bytes are rare signs.
_MAC = re.compile(rb"[a-z][\x88\x89\x8d\x8e\x8f\x90\x91\x94\x95\x99\x9d\x9e][a-z ]")
_WINDOWS = re.compile(rb"[A-Za-z][\xc0-\xff][a-z ]|[\x91\x92\x93\x94\x96\x97]")


@dataclass(frozen=True)
class Encoding:
    """An encoding and whether the bytes prove it."""

    name: str
    is_certain: bool


def sniff_encoding(head: bytes) -> Encoding:
    """Return the encoding that the first bytes speak for."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(name, True)
    if head and head.count(0, 0, 4096) > len(head[:4096]) // 4:
        is_little = head[1:4096:2].count(0) > head[0:4096:2].count(0)
        return Encoding("utf-16-le" if is_little else "utf-16-be", False)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        is_mac = len(_MAC.findall(head)) > len(_WINDOWS.findall(head))
        return Encoding("mac_roman" if is_mac else "cp1252", False)
    return Encoding("utf-8", True)


def check_encoding(name: str) -> str:
    """Return the proper name of an encoding of text.

    Raises: Unreadable when there is none of that name.
    """
    try:
        found = codecs.lookup(name)
    except LookupError:
        raise Unreadable(f"no encoding is called {name!r}") from None
    if not getattr(found, "_is_text_encoding", True):
        raise Unreadable(f"{name!r} is no encoding of text")
    return found.name


def text_lines(stream: IO[bytes], encoding: str, name: str) -> Iterator[str]:
    """Yield lines with their ends as they are.

    Raises: Unreadable naming the line whose bytes are not of this encoding.
    """
    text = io.TextIOWrapper(stream, encoding=encoding, errors="strict", newline="")
    number = 0
    try:
        for line in text:
            number += 1
            yield line
    except UnicodeError as error:
        raise Unreadable(
            f"{name}: near line {number + 1} there are bytes that are not {encoding}",
            document=name,
            row=number + 1,
        ) from error
