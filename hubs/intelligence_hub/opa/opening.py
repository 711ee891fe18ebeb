"""What the hub opens for decisions: the engine, the platform's own policies, the log."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hubs.intelligence_hub.opa.backends.embedded import EmbeddedEngine
from hubs.intelligence_hub.opa.backends.server import OpaServerEngine
from hubs.intelligence_hub.opa.engine import PolicyEngine
from hubs.intelligence_hub.opa.logbook import Logbook
from hubs.intelligence_hub.opa.service import DecisionService
from shared.app import Resources

POLICIES = Path(__file__).with_name("policies")


def platform_policies() -> tuple[dict[str, str], str]:
    """Return the platform's own modules (without their tests) and their revision."""
    modules = {
        path.name: path.read_text()
        for path in sorted(POLICIES.glob("*.rego"))
        if not path.stem.endswith("_test")
    }
    digest = hashlib.sha256("\x00".join(f"{name}\x00{text}" for name, text in modules.items()).encode())
    return modules, digest.hexdigest()[:12]


def open_decisions(resources: Resources) -> None:
    """Choose the engine by ``OP_OPA__URL`` and start the log."""
    engine: PolicyEngine
    if resources.settings.opa.url:
        engine = OpaServerEngine(resources.settings.opa.url)
        resources.checks["opa"] = engine.health
    else:
        embedded = EmbeddedEngine()
        modules, revision = platform_policies()
        embedded.load(modules, {}, revision)
        engine = embedded
    logbook = Logbook(resources.sessionmaker, resources.registry)
    logbook.start()
    resources.stack.callback(logbook.close)
    resources.put(DecisionService(engine, logbook))
