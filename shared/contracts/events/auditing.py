"""Events for the audit log: who did what to what."""

from __future__ import annotations

from typing import Any, ClassVar

from shared.contracts.envelope import Event


class AuditRecordedV1(Event):
    """One auditable act; sensitive values travel salted and hashed, never in clear."""

    topic: ClassVar[str] = "audit.entry.recorded.v1"
    actor: str
    actor_type: str = "user"
    action: str
    """``<noun>.<past verb>``, e.g. ``job.created``, ``import.succeeded``, ``login.failed``."""
    target: str = ""
    target_type: str = ""
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    reason: str = ""
    request_id: str = ""
    trace_id: str = ""
    metadata: dict[str, Any] = {}
