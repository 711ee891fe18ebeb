"""The readers, in the order in which they are asked whether a document is theirs."""

from __future__ import annotations

from collections.abc import Sequence

from hubs.business_hub.op_import.errors import UnknownFormat
from hubs.business_hub.op_import.formats.base import Format
from hubs.business_hub.op_import.formats.elections import ElectionsCanada
from hubs.business_hub.op_import.formats.mapped import MappedTable
from hubs.business_hub.op_import.formats.ocd_divisions import OcdDivisions
from hubs.business_hub.op_import.formats.openparliament_api import OpenParliamentApi
from hubs.business_hub.op_import.formats.openparliament_feed import OpenParliamentFeed
from hubs.business_hub.op_import.formats.openparliament_tables import OpenParliamentTables
from hubs.business_hub.op_import.formats.openstates_people import OpenStatesPeople
from hubs.business_hub.op_import.formats.popolo import Popolo
from hubs.business_hub.op_import.formats.pupa import Pupa
from hubs.business_hub.op_import.formats.represent import RepresentBoundaries, RepresentRepresentatives
from hubs.business_hub.op_import.reading.documents import Document

FORMATS: tuple[Format, ...] = (
    Pupa(),
    RepresentBoundaries(),
    RepresentRepresentatives(),
    OpenParliamentTables(),
    OpenParliamentApi(),
    OpenParliamentFeed(),
    Popolo(),
    OpenStatesPeople(),
    OcdDivisions(),
    ElectionsCanada(),
    MappedTable(),
)
BY_NAME: dict[str, Format] = {one.name: one for one in FORMATS}


def format_named(name: str) -> Format:
    """Return a reader.

    Raises: UnknownFormat.
    """
    try:
        return BY_NAME[name]
    except KeyError:
        raise UnknownFormat(f"no format {name!r}", known=list(BY_NAME)) from None


def sort_out(
    documents: Sequence[Document], wanted: str = ""
) -> tuple[list[tuple[Format, list[Document]]], list[Document]]:
    """Give each document to the reader that recognises it; the rest is nobody's.

    With ``wanted`` every document is that reader's. Raises: UnknownFormat, Unreadable.
    """
    if wanted:
        return [(format_named(wanted), list(documents))], []
    groups: dict[str, list[Document]] = {}
    nobodys: list[Document] = []
    for document in documents:
        reader = next((one for one in FORMATS if one.recognises(document)), None)
        if reader is None:
            nobodys.append(document)
        else:
            groups.setdefault(reader.name, []).append(document)
    return [(BY_NAME[name], groups[name]) for name in BY_NAME if name in groups], nobodys
