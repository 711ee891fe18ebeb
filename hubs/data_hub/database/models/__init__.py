"""The tables of the civic record."""

from hubs.data_hub.database.models.civic import COMMON, TABLES, CivicRow, table_of
from hubs.data_hub.database.models.ledger import (
    Change,
    Correction,
    FreshnessRow,
    IdempotencyKey,
    MergeEvent,
    Permalink,
    Revision,
    Sighting,
    SourceDocument,
    UnmatchedRow,
)
from hubs.data_hub.database.models.legislation import Ballot

__all__ = [
    "COMMON",
    "TABLES",
    "Ballot",
    "Change",
    "CivicRow",
    "Correction",
    "FreshnessRow",
    "IdempotencyKey",
    "MergeEvent",
    "Permalink",
    "Revision",
    "Sighting",
    "SourceDocument",
    "UnmatchedRow",
    "table_of",
]
