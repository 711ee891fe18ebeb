"""The registry of record kinds: from a kind's name to its model and back."""

from __future__ import annotations

import hashlib

from shared.contracts.civic import Record
from shared.contracts.legislation import BillRecord, BillTextRecord, SessionRecord, VoteEventRecord
from shared.contracts.people import (
    CandidacyRecord,
    DivisionRecord,
    ElectionRecord,
    JurisdictionRecord,
    MembershipRecord,
    OrganizationRecord,
    PersonRecord,
    PostRecord,
)
from shared.contracts.proceedings import DebateRecord, DocumentRecord, EventRecord, SpeechRecord
from shared.core.errors import Invalid

# In load order: a kind may refer by key to kinds before it.
RECORD_CLASSES: tuple[type[Record], ...] = (
    JurisdictionRecord,
    DivisionRecord,
    SessionRecord,
    OrganizationRecord,
    PostRecord,
    PersonRecord,
    MembershipRecord,
    ElectionRecord,
    CandidacyRecord,
    BillRecord,
    BillTextRecord,
    EventRecord,
    VoteEventRecord,
    DebateRecord,
    SpeechRecord,
    DocumentRecord,
)
RECORD_KINDS: dict[str, type[Record]] = {cls.kind: cls for cls in RECORD_CLASSES}
LOAD_ORDER: tuple[str, ...] = tuple(RECORD_KINDS)


def content_hash(body: bytes) -> bytes:
    """Return the hash of a record's JSON bytes without its sources: equal bytes, equal record.

    The first 128 bits of SHA-256, for which processors have instructions: ballots come by the hundred
    megabytes.
    """
    return hashlib.sha256(body).digest()[:16]


def record_class(kind: str) -> type[Record]:
    """Return the model of ``kind``.

    Raises: Invalid for an unknown kind.
    """
    try:
        return RECORD_KINDS[kind]
    except KeyError:
        raise Invalid(f"unknown record kind {kind!r}", known=list(RECORD_KINDS)) from None
