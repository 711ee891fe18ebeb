"""Open Civic Data division identifiers: the compiled CSV and the files of single attributes behind it.

Format: https://github.com/opencivicdata/ocd-division-ids (identifiers/README).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from hubs.business_hub.op_import.formats.base import Item, Problem, ReadContext, day_of, make, text_of
from hubs.business_hub.op_import.reading.documents import Document
from hubs.business_hub.op_import.reading.tabular import open_table
from shared.contracts.people import DivisionRecord

_OCD_ID = re.compile(r"^ocd-division/country:[a-z]{2}(?:/[a-z_-]+:[\w.~-]+)*$")
_KEY_UNSAFE = re.compile(r"[^a-z0-9./:_~@+\-]")
_HEADER = re.compile(rb'^(?:\xef\xbb\xbf)?"?id"?\s*,[^\n]*\r?\n"?ocd-division/')
_IDENTIFIERS = {"sgc": "statcan.gc.ca/sgc", "number": "number", "abbreviation": "abbreviation"}


class OcdDivisions:
    """Files whose first column is an OCD division id; what several say of one id is put together."""

    name = "ocd-divisions"
    title_en = "Open Civic Data divisions (CSV)"
    title_fr = "Divisions Open Civic Data (CSV)"
    version = "ocd-divisions/1"

    def recognises(self, document: Document) -> bool:
        """Tell a CSV of divisions by its first two lines; the file of renames has none of its own."""
        return bool(_HEADER.match(document.head))

    def read(self, documents: Sequence[Document], context: ReadContext) -> Iterator[Item]:
        """Yield a division per id, the attributes of all files together."""
        merged: dict[str, dict[str, str]] = {}
        found_in: dict[str, tuple[Document, int]] = {}
        for document in documents:
            table = open_table(document, context.shape)
            for row, cells in table.rows():
                values = {
                    name: text_of(cell)
                    for name, cell in zip(table.columns, cells, strict=False)
                    if text_of(cell)
                }
                ocd_id = values.pop("id", "")
                if not _OCD_ID.match(ocd_id):
                    yield Problem(document.name, row, "id", "not-an-ocd-id", "not an OCD division id", ocd_id)
                    continue
                merged.setdefault(ocd_id, {}).update(values)
                found_in.setdefault(ocd_id, (document, row))
        for ocd_id, values in merged.items():
            document, row = found_in[ocd_id]
            yield from self._division(document, row, context, ocd_id, values)

    def _division(
        self, document: Document, row: int, context: ReadContext, ocd_id: str, values: dict[str, str]
    ) -> Iterator[Item]:
        dates: dict[str, Any] = {}
        for column, field, day in (
            ("validFrom", "valid_from", "01-01"),
            ("validThrough", "valid_through", "12-31"),
        ):
            text = values.get(column, "")
            try:
                # A year alone is the first or the last day of it that can be meant.
                dates[field] = day_of(f"{text}-{day}" if len(text) == 4 else text)
            except ValueError:
                yield Problem(
                    document.name, row, column, "not-a-date", "not an ISO date", text, is_fatal=False
                )
        last = ocd_id.rpartition("/")[2]
        parent = values.get("parent_id") or ocd_id.rpartition("/")[0]
        identifiers = [
            {"scheme": scheme, "value": values[column]}
            for column, scheme in _IDENTIFIERS.items()
            if column in values
        ]
        if same := values.get("sameAs"):
            identifiers.append({"scheme": "ocd-division/same-as", "value": same})
        yield from make(
            DivisionRecord,
            document,
            row,
            is_partial="name" not in values,
            key=division_key(ocd_id),
            jurisdiction=context.jurisdiction or "ocd-divisions",
            ocd_id=ocd_id,
            name_en=values.get("name") or _spoken(last),
            name_fr=values.get("name_fr", ""),
            type=values.get("classification") or last.partition(":")[0],
            parent_ocd_id=parent if parent.startswith("ocd-division/country:") else "",
            identifiers=identifiers,
            sources=[context.source(document, self.version)],
            **dates,
        )


def division_key(ocd_id: str) -> str:
    """Return the key of a division: its id, with letters that no key may hold written as their code."""
    return _KEY_UNSAFE.sub(lambda match: f"+{ord(match[0]):x}", ocd_id)


def _spoken(segment: str) -> str:
    """Return the last segment of an id as a name, for files that give none."""
    return segment.partition(":")[2].replace("_", " ").replace("~", "-") or segment


__all__ = ["OcdDivisions", "division_key"]
