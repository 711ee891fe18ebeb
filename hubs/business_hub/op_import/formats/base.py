"""What every reader of a format is given and gives: documents in, records and problems out."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError

from hubs.business_hub.op_import.errors import Unreadable
from hubs.business_hub.op_import.reading.documents import Document
from hubs.business_hub.op_import.reading.tabular import TableShape
from shared.contracts.civic import Record, SourceRef
from shared.contracts.keys import slug

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Problem:
    """Something in a document that gives no record: where, which column or field, and why."""

    document: str
    row: int | None
    column: str
    code: str
    detail: str
    value: str = ""
    is_fatal: bool = True
    """False: the record is taken all the same, without this."""
    cells: tuple[str, ...] = ()
    """The whole row, where it is one of a table: what a correction starts from."""
    columns: tuple[str, ...] = ()
    """The names over it."""


@dataclass(frozen=True)
class Parsed:
    """A record, where it was read, and whether it holds only some of what it is about."""

    record: Record
    document: str
    row: int | None = None
    is_partial: bool = False


Item = Parsed | Problem


@dataclass(frozen=True)
class ReadContext:
    """What a reader needs to know besides the documents."""

    source_id: str
    retrieved_at: datetime
    base_url: str = ""
    """Where the documents came from; empty: ``upload:<name>``."""
    licence: str = ""
    jurisdiction: str = ""
    """OCD id, where the documents do not name it."""
    target: str = ""
    """What rows of tables become, see `targets`."""
    mapping: Mapping[str, str] = field(default_factory=dict)
    """Column to target field, for tables."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """Target field to the value it has in every row."""
    shape: TableShape = field(default_factory=TableShape)
    lookup: Callable[[str, Sequence[str]], Mapping[str, Mapping[str, Any]]] = field(
        default=lambda _kind, _keys: {}
    )
    """What stands on record under keys of a kind."""

    @property
    def dataset(self) -> str:
        """Return the first segment of keys that the data set makes for itself."""
        return self.source_id.removeprefix("import:")

    @property
    def key_prefix(self) -> str:
        """Return how keys begin that this data set makes for itself."""
        return f"import/{slug(self.dataset) or 'set'}"

    def source(self, document: Document, parser: str, url: str = "") -> SourceRef:
        """Return where a record was read."""
        return SourceRef(
            url=url
            or (
                f"{self.base_url.rstrip('/')}/{document.name}" if self.base_url else f"upload:{document.name}"
            ),
            retrieved_at=self.retrieved_at,
            sha256=document.sha256,
            parser=parser,
            licence=self.licence,
        )


class Format(Protocol):
    """A format: recognised by name and first bytes, read as a group of documents."""

    name: str
    title_en: str
    title_fr: str
    version: str
    """Changes whenever the same documents would give other records."""

    def recognises(self, document: Document) -> bool:
        """Tell whether this reader is made for a document."""

    def read(self, documents: Sequence[Document], context: ReadContext) -> Iterator[Item]:
        """Yield what the documents hold, the same in the same order every time.

        Raises: Unreadable when a document is not what it seems, UploadTooLarge.
        """


def make(
    cls: type[R], document: Document, row: int | None, *, is_partial: bool = False, **fields: Any
) -> Iterator[Item]:
    """Yield a record, or what keeps it from being one."""
    try:
        record = cls.model_validate(fields)
    except ValidationError as error:
        yield from _problems_of(error, document, row)
        return
    yield Parsed(record, document.name, row, is_partial)


def _problems_of(error: ValidationError, document: Document, row: int | None) -> Iterator[Problem]:
    for found in error.errors()[:5]:
        yield Problem(
            document=document.name,
            row=row,
            column=".".join(str(part) for part in found["loc"]) or "record",
            code=found["type"],
            detail=found["msg"],
            value=str(found.get("input", ""))[:200],
        )


_SHAPE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What code meets that expects an object where there is a text, or the like."""


def shaped(items: Iterator[Item], document: Document, row: int | None = None) -> Iterator[Item]:
    """Yield what is read of one object; where it is not of its format's shape, say so and go on."""
    try:
        yield from items
    except ValidationError as error:
        yield from _problems_of(error, document, row)
    except _SHAPE as error:
        yield Problem(document.name, row, "", "wrong-shape", f"{type(error).__name__}: {error}"[:300])


def read_all(reader: Format, documents: Sequence[Document], context: ReadContext) -> Iterator[Item]:
    """Yield what a reader finds.

    Raises: Unreadable also where it meets a shape that nobody thought of; UploadTooLarge.
    """
    where = documents[0].name if documents else ""

    def noted() -> Iterator[Item]:
        nonlocal where
        for item in reader.read(documents, context):
            where = item.document
            yield item

    try:
        yield from noted()
    except _SHAPE as error:
        detail = f"{type(error).__name__}: {error}"[:300]
        raise Unreadable(
            f"{where}, or the file after it, is not of the shape of {reader.name}: {detail}"
        ) from error


def words_of(value: Any) -> list[str]:
    """Return the texts of a list; a text alone is a list of one."""
    return [word for one in (value if isinstance(value, list) else [value]) if (word := text_of(one))]


def text_of(value: Any) -> str:
    """Return a scalar as text on one line, HTML entities resolved; nothing for None."""
    if isinstance(value, str):
        text = value
    elif value is None or isinstance(value, dict | list):
        return ""
    else:
        text = str(value)
    if "&" in text:
        text = html.unescape(text)
    return " ".join(text.split())


def day_of(value: Any) -> date | None:
    """Return a date written as ISO 8601, with or without a time; None when there is none.

    Raises: ValueError when it is something else.
    """
    text = text_of(value)
    return date.fromisoformat(text[:10]) if text else None
