"""Rows of an .xlsx workbook (ECMA-376) as text: formulas are not evaluated, their last values are read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import IO, Any
from xml.etree.ElementTree import ParseError

from hubs.business_hub.op_import.errors import Unreadable, UploadTooLarge
from hubs.business_hub.op_import.reading.documents import Document

_SUSPICIOUS = (b"<!DOCTYPE", b"<!ENTITY")


def is_spreadsheet(head: bytes) -> bool:
    """Tell a workbook by its first bytes and the name of its parts."""
    return head.startswith(b"PK\x03\x04") and (
        b"[Content_Types].xml" in head or b"xl/" in head or b"_rels/" in head
    )


def sheet_names(document: Document) -> list[str]:
    """Return the names of the sheets.

    Raises: Unreadable, UploadTooLarge.
    """
    with _seekable(document) as stream:
        book = _book(stream, document)
        try:
            return list(book.sheetnames)
        finally:
            book.close()


def spreadsheet_rows(document: Document, sheet: str = "") -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a sheet (the first one unless named) with their numbers.

    Raises: Unreadable, UploadTooLarge.
    """
    with _seekable(document) as stream:
        book = _book(stream, document)
        try:
            if sheet and sheet not in book.sheetnames:
                raise Unreadable(f"{document.name} has no sheet {sheet!r}", sheets=list(book.sheetnames))
            page = book[sheet] if sheet else book.worksheets[0]
            # The size that the file claims may be a lie in both directions.
            page.reset_dimensions()
            rows = page.iter_rows(values_only=True, max_col=document.limits.columns + 1)
            for number, cells in enumerate(rows, start=1):
                yield number, _trimmed([_text(cell) for cell in cells])
        except (
            ParseError,
            KeyError,
            ValueError,
            TypeError,
            IndexError,
            zipfile.BadZipFile,
            OSError,
        ) as error:
            raise Unreadable(
                f"{document.name} is a damaged workbook: {error}", document=document.name
            ) from error
        finally:
            book.close()


def _seekable(document: Document) -> IO[bytes]:
    """Open a document so that it can be read in any order; a member of an archive is held for that."""
    stream = document.open()
    if stream.seekable():
        return stream
    stream.close()
    return io.BytesIO(document.read())


def _book(stream: IO[bytes], document: Document) -> Any:
    # Imported here: only the process that reads uploads needs it.
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    _inspect(stream, document)
    try:
        return openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
    except (InvalidFileException, ParseError, KeyError, ValueError, zipfile.BadZipFile, OSError) as error:
        raise Unreadable(f"{document.name} is not a workbook: {error}", document=document.name) from error


def _inspect(stream: IO[bytes], document: Document) -> None:
    """Refuse archives that unpack to too much, and XML that declares entities, before any of it is parsed."""
    limits = document.limits
    try:
        with zipfile.ZipFile(stream) as archive:
            total = 0
            for info in archive.infolist():
                total += info.file_size
                if total > limits.unpacked_bytes or info.file_size > limits.ratio * max(
                    info.compress_size, 1024
                ):
                    raise UploadTooLarge(f"{document.name}: {info.filename} unpacks to more than is read")
                if info.filename.endswith((".xml", ".rels")):
                    with archive.open(info) as part:
                        start = part.read(4096)
                    if any(mark in start for mark in _SUSPICIOUS):
                        raise Unreadable(f"{document.name}: {info.filename} declares entities")
    except (zipfile.BadZipFile, OSError, RuntimeError, EOFError) as error:
        raise Unreadable(f"{document.name} is a damaged workbook: {error}", document=document.name) from error
    stream.seek(0)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _trimmed(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    return cells
