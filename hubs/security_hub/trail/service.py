"""Audit events and mails, written to the outbox in the caller's transaction."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Literal

from sqlalchemy.orm import Session

from hubs.security_hub.base import outbox
from hubs.security_hub.vault.service import Vault
from shared.app import Resources
from shared.auth import Principal
from shared.contracts.envelope import Event
from shared.contracts.events.auditing import AuditRecordedV1
from shared.contracts.events.notices import NoticeRequestedV1
from shared.logging import request_id_var, trace_id_var
from shared.outbox.outbox import Outbox

PRODUCER = "security_hub"
Language = Literal["en", "fr"]


class Trail:
    """Says what happened, so that it is told exactly when the transaction commits."""

    def __init__(self, session: Session, pepper: bytes) -> None:
        self._session = session
        self._pepper = pepper

    def record(
        self,
        action: str,
        actor: Principal | str,
        *,
        target: str = "",
        target_type: str = "",
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
        reason: str = "",
        **metadata: Any,
    ) -> None:
        """Record one act; ``action`` is ``<noun>.<past verb>``."""
        subject, kind = (actor.subject, actor.kind) if isinstance(actor, Principal) else (actor, "user")
        self._publish(
            AuditRecordedV1(
                producer=PRODUCER,
                correlation_id=request_id_var.get() or None,
                actor=subject,
                actor_type=kind,
                action=action,
                target=target,
                target_type=target_type,
                before=before,
                after=after,
                reason=reason,
                request_id=request_id_var.get(),
                trace_id=trace_id_var.get(),
                metadata=metadata,
            )
        )

    def mail(self, template: str, recipient: str, language: Language, **values: Any) -> None:
        """Ask for one mail by a template of the notification module."""
        self._publish(
            NoticeRequestedV1(
                producer=PRODUCER,
                correlation_id=request_id_var.get() or None,
                recipient=recipient,
                language=language,
                template=template,
                values=values,
            )
        )

    def pseudonym(self, value: str) -> str:
        """Return what stands for a personal value in the audit log: the same each time, not to be turned
        back.
        """
        return hmac.new(self._pepper, value.encode(), hashlib.sha256).hexdigest()[:16]

    def _publish(self, event: Event) -> None:
        Outbox(self._session, outbox).publish(event)


def build(session: Session, resources: Resources) -> Trail:
    """Return the trail of one transaction."""
    return Trail(session, resources.get(Vault).derive("audit pseudonyms"))
