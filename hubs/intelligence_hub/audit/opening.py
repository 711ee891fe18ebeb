"""What the hub opens for the audit log: the signer of checkpoints and the one writer."""

from __future__ import annotations

from hubs.intelligence_hub.audit.note import NoteSigner
from hubs.intelligence_hub.audit.writer import AuditWriter
from shared.app import Resources
from shared.settings import derive_secret


def open_log(resources: Resources) -> None:
    """Make the signer (its key derives from the root secret) and start the writer."""
    seed = bytes.fromhex(derive_secret(resources.settings, "audit-checkpoint"))
    signer = NoteSigner("openpolicy-audit", seed)
    resources.put(signer)
    writer = AuditWriter(resources.sessionmaker, signer)
    writer.start()
    resources.put(writer)
    resources.stack.callback(writer.close)
