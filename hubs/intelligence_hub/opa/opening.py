"""What the hub opens for decisions: the engine with security_hub's policies, and the log."""

from __future__ import annotations

import threading
from datetime import timedelta

from hubs.intelligence_hub.opa.backends.embedded import EmbeddedEngine
from hubs.intelligence_hub.opa.backends.server import OpaServerEngine
from hubs.intelligence_hub.opa.checking import try_policies
from hubs.intelligence_hub.opa.engine import PolicyEngine
from hubs.intelligence_hub.opa.following import BundleFollower, Check, Loadable
from hubs.intelligence_hub.opa.logbook import Logbook
from hubs.intelligence_hub.opa.service import DecisionService
from hubs.intelligence_hub.settings import IntelligenceSettings
from shared.app import Resources
from shared.clients.security_hub import SecurityHubClient
from shared.settings import derive_secret


def open_decisions(resources: Resources) -> None:
    """Choose the engine by ``OP_OPA__URL``, let it follow the bundle and start the log."""
    engine: PolicyEngine
    opa = resources.settings.opa
    if opa.url:
        engine = server = OpaServerEngine(opa.url)
        resources.checks["opa"] = engine.health
        if opa.is_fed:
            _follow_bundle(resources, server)
    else:
        engine = embedded = EmbeddedEngine()
        # The gateway passes little without decisions; a start with a kept copy has them at once.
        resources.checks["policies"] = engine.health
        # Elsewhere first: some modules make the interpreter end its process.
        _follow_bundle(resources, embedded, lambda modules, data: try_policies(modules, data, []))
    resources.stack.callback(engine.close)
    days = IntelligenceSettings.of(resources.settings).decisions.retention_days
    logbook = Logbook(resources.sessionmaker, resources.registry, timedelta(days=days))
    logbook.start()
    resources.stack.callback(logbook.close)
    resources.put(DecisionService(engine, logbook))


def _follow_bundle(resources: Resources, engine: Loadable, *check: Check) -> None:
    settings = resources.settings
    follower = BundleFollower(
        engine,
        SecurityHubClient(settings.hubs.security, resources.http, resources.tokens),
        settings.data_dir / "policies" / "platform.bundle",
        bytes.fromhex(derive_secret(settings, "policy-copy")),
        *check,
    )
    follower.start_from_copy()
    resources.put(follower)
    thread = threading.Thread(
        target=follower.run, args=(resources.stop,), name="policy-follower", daemon=True
    )
    thread.start()
