"""Inspection: what an upload seems to be, how it could be read, and its first rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from hubs.business_hub.op_import.errors import BadMapping
from hubs.business_hub.op_import.formats.base import Format, Parsed, Problem, ReadContext, read_all
from hubs.business_hub.op_import.formats.mapped import MappedTable
from hubs.business_hub.op_import.formats.registry import sort_out
from hubs.business_hub.op_import.formats.suggesting import suggest
from hubs.business_hub.op_import.formats.targets import TARGETS
from hubs.business_hub.op_import.reading.documents import Document
from hubs.business_hub.op_import.reading.spreadsheet import is_spreadsheet, sheet_names
from hubs.business_hub.op_import.reading.tabular import open_table
from hubs.business_hub.op_import.schemas import ImportOptions
from shared.core.errors import AppError

PREVIEW_ROWS = 10
_LISTED = 50
_SUGGESTIONS = 3


def inspect(documents: Sequence[Document], options: ImportOptions, context: ReadContext) -> dict[str, Any]:
    """Return what the documents are, a preview of ten rows, and mappings that seem right for a table.

    Raises: Unreadable, UploadTooLarge, UnknownFormat.
    """
    groups, nobodys = sort_out(documents, options.format)
    found: dict[str, Any] = {
        "documents": len(documents),
        "formats": {reader.name: len(group) for reader, group in groups},
        "unrecognised": [document.name for document in nobodys[:_LISTED]],
    }
    for reader, group in groups:
        if isinstance(reader, MappedTable):
            return found | _table(group[0], context)
    for reader, group in groups[:1]:
        found |= _preview(reader, group, context)
    return found


def _table(document: Document, context: ReadContext) -> dict[str, Any]:
    if context.target and context.target not in TARGETS:
        raise BadMapping(f"no target {context.target!r}", known=list(TARGETS))
    table = open_table(document, context.shape)
    targets = [context.target] if context.target else list(TARGETS)
    ranked = sorted(
        (suggest(table.columns, target) for target in targets),
        key=lambda one: (len(one.missing), -sum(one.confidence.values())),
    )
    return {
        "columns": list(table.columns),
        "encoding": table.encoding.name,
        "is_encoding_certain": table.encoding.is_certain,
        "delimiter": table.delimiter,
        "sheets": sheet_names(document) if is_spreadsheet(document.head) else [],
        "suggestions": [
            {
                "target": one.target,
                "mapping": one.mapping,
                "confidence": one.confidence,
                "missing": list(one.missing),
            }
            for one in ranked[:_SUGGESTIONS]
        ],
        "preview": [
            {"row": number, "cells": [cell[:200] for cell in cells]}
            for number, cells in islice(table.rows(), PREVIEW_ROWS)
        ],
    }


def _preview(reader: Format, group: Sequence[Document], context: ReadContext) -> dict[str, Any]:
    preview: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    try:
        for item in read_all(reader, group, context):
            if isinstance(item, Parsed) and len(preview) < PREVIEW_ROWS:
                record = item.record.model_dump(mode="json", exclude_defaults=True, exclude={"sources"})
                preview.append(
                    {"document": item.document, "row": item.row, "kind": item.record.kind, **record}
                )
            elif isinstance(item, Problem) and len(problems) < PREVIEW_ROWS:
                problems.append({"document": item.document, "row": item.row, "detail": item.detail})
            if len(preview) >= PREVIEW_ROWS:
                break
    except AppError as error:
        problems.append({"document": group[0].name, "row": None, "detail": error.detail})
    return {"preview": preview, "problems": problems}
