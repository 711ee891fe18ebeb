"""Bundles: built when policies change, signed once, served as they were built; and what agents report."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey
from sqlalchemy.orm import Session

from hubs.security_hub.bundles.archive import canonical, content_files, revision_of, write
from hubs.security_hub.bundles.errors import BundleNotFound
from hubs.security_hub.bundles.models import BundleBuild, BundleKey, PolicyAgent
from hubs.security_hub.bundles.repository import BundleRepository
from hubs.security_hub.bundles.schemas import AgentRead, BundleKeyRead, BundleRead
from hubs.security_hub.feed.service import announce
from hubs.security_hub.trail.service import Trail
from hubs.security_hub.trail.service import build as build_trail
from hubs.security_hub.vault.service import Vault
from shared.app import Resources
from shared.auth import Principal
from shared.core.clock import utc_now
from shared.core.errors import Invalid
from shared.db.session import transaction

TOPIC = "bundles"
DISCOVERY = "discovery"
_FORGET_AGENTS = timedelta(days=30)
_LONG_POLL_S = 30
_REPORTING = {
    "min_delay_seconds": 1,
    "max_delay_seconds": 5,
    # An agent that cannot report forgets its oldest decisions; without a limit it would keep all of them.
    "buffer_size_limit_bytes": 8 * 2**20,
}


@dataclass(frozen=True)
class Part:
    """What one policy puts into a bundle: its files and data, all below its root."""

    root: str
    sources: Mapping[str, str]
    data: Mapping[str, Any] = field(default_factory=dict)


class BundleService:
    """Bundles and the agents that pull them."""

    def __init__(
        self,
        repository: BundleRepository,
        vault: Vault,
        trail: Trail,
        issuer: str,
        tell: Callable[[], None],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._repository = repository
        self._vault = vault
        self._trail = trail
        self._issuer = issuer
        self._tell = tell
        self._now = now

    def build(self, name: str, parts: Sequence[Part]) -> BundleRead:
        """Build a bundle of these parts; the same content as before changes nothing."""
        self._repository.lock()
        sources = {f"{part.root}/{path}": text for part in parts for path, text in part.sources.items()}
        data = {part.root: part.data for part in parts if part.data}
        roots = [part.root for part in parts]
        build = self._built(name, roots, sources, data)
        names = sorted({b.name for b in self._repository.latest_of_all()} - {DISCOVERY})
        self._built(DISCOVERY, ["config"], {}, {"config": self._discovery(names)})
        return _read(build)

    def get(self, name: str) -> BundleBuild:
        """Return the newest build of a bundle.

        Raises: BundleNotFound.
        """
        found = self._repository.latest(name)
        if found is None:
            raise BundleNotFound(f"no bundle {name!r}")
        return found

    def list(self) -> Sequence[BundleRead]:
        """Return the bundles that are served."""
        return [_read(build) for build in self._repository.latest_of_all()]

    def public_keys(self) -> Sequence[BundleKeyRead]:
        """Return the public keys that agents are to be configured with."""
        self._signer()
        return [BundleKeyRead.model_validate(key) for key in self._repository.list_keys()]

    def rotate_key(self, caller: Principal | str) -> BundleKeyRead:
        """Sign with a new key from the next build on; agents must know it before."""
        for key in self._repository.list_keys():
            key.retired_at = key.retired_at or self._now()
        key = self._make_key()
        self._trail.record("bundle-key.rotated", caller, target=key.kid, target_type="bundle-key")
        return BundleKeyRead.model_validate(key)

    def report(self, status: Mapping[str, Any], caller: Principal) -> None:
        """Write down what an agent reports about itself (OPA's Status API).

        Raises: Invalid when it says no id.
        """
        labels = status.get("labels")
        agent_id = str(labels.get("id", "")) if isinstance(labels, dict) else ""
        if not agent_id or len(agent_id) > 200:
            raise Invalid("labels.id is missing")
        bundles = status.get("bundles")
        plugins = status.get("plugins")
        kept = {"agent_id": agent_id, "labels": labels, "reported_by": caller.subject}
        kept["bundles"] = bundles if isinstance(bundles, dict) else {}
        kept["plugins"] = plugins if isinstance(plugins, dict) else {}
        self._repository.report(kept, self._now())
        self._repository.forget_agents(self._now() - _FORGET_AGENTS)

    def agents(self) -> Sequence[AgentRead]:
        """Return the agents and whether each has what is served now."""
        served = {build.name: build.revision for build in self._repository.latest_of_all()}
        return [_read_agent(agent, served) for agent in self._repository.agents()]

    def reseal(self) -> int:
        """Seal the private halves with the newest sealing key and return how many were not."""
        count = 0
        for key in self._repository.list_keys():
            if not self._vault.is_current(key.sealed_private):
                context = f"bundle-key:{key.kid}"
                key.sealed_private = self._vault.seal(self._vault.open(key.sealed_private, context), context)
                count += 1
        return count

    def _built(
        self, name: str, roots: Sequence[str], sources: Mapping[str, str], data: Mapping[str, Any]
    ) -> BundleBuild:
        revision = revision_of(content_files("", roots, sources, data))
        present = self._repository.latest(name)
        kid, key = self._signer()
        if present is not None and present.revision == revision:
            return present

        def sign(payload: dict[str, Any]) -> str:
            claims = {**payload, "iss": self._issuer, "scope": "write", "iat": int(self._now().timestamp())}
            return jws.serialize_compact({"alg": "ES256", "kid": kid}, canonical(claims), key)

        body = write(content_files(revision, roots, sources, data), sign)
        etag = hashlib.sha256(body).hexdigest()[:32]
        build = BundleBuild(name=name, revision=revision, etag=f'"{etag}"', body=body, roots=sorted(roots))
        self._repository.add(build)
        self._repository.prune(name)
        self._tell()
        return build

    def _discovery(self, names: Sequence[str]) -> dict[str, Any]:
        """Return what an agent is told to do.

        The service ``openpolicy`` is in its own configuration: the door's address, which takes bundles and
        status to this hub and the decision log to intelligence_hub, and an API key.
        """
        kid, _ = self._signer()
        polling = {"long_polling_timeout_seconds": _LONG_POLL_S}
        bundles = {
            name: {
                "service": "openpolicy",
                "resource": f"bundles/{name}",
                "polling": polling,
                "signing": {"keyid": kid, "scope": "write"},
            }
            for name in names
        }
        return {
            "bundles": bundles,
            # Below a name of its own: the door has a page at /status.
            "status": {"service": "openpolicy", "partition_name": "agents"},
            "decision_logs": {"service": "openpolicy", "reporting": _REPORTING},
        }

    def _signer(self) -> tuple[str, ECKey]:
        keys = [key for key in self._repository.list_keys() if key.retired_at is None]
        row = keys[0] if keys else self._make_key()
        pem = self._vault.open(row.sealed_private, f"bundle-key:{row.kid}")
        return row.kid, ECKey.import_key(pem)

    def _make_key(self) -> BundleKey:
        kid = f"bundles-{self._now():%Y%m%d}-{secrets.token_hex(4)}"
        pair = ECKey.generate_key("P-256", private=True)
        row = BundleKey(
            kid=kid,
            public_pem=pair.as_pem(private=False).decode(),
            sealed_private=self._vault.seal(pair.as_pem(private=True), f"bundle-key:{kid}"),
            created_at=self._now(),
        )
        self._repository.add(row)
        return row


def _read(build: BundleBuild) -> BundleRead:
    return BundleRead(
        name=build.name,
        number=build.number,
        revision=build.revision,
        etag=build.etag,
        roots=list(build.roots),
        built_at=build.built_at,
        size_bytes=len(build.body),
    )


def _read_agent(agent: PolicyAgent, served: Mapping[str, str]) -> AgentRead:
    revisions, problems = {}, {}
    for name, bundle in agent.bundles.items():
        if isinstance(bundle, dict):
            revisions[name] = str(bundle.get("active_revision", ""))
            if bundle.get("code") or bundle.get("message"):
                problems[name] = str(bundle.get("message") or bundle.get("code"))
    known = {name: revision for name, revision in revisions.items() if name in served}
    return AgentRead(
        agent_id=agent.agent_id,
        labels=agent.labels,
        revisions=revisions,
        is_current=bool(known) and all(served[name] == revision for name, revision in known.items()),
        problems=problems,
        plugins=agent.plugins,
        first_seen_at=agent.first_seen_at,
        last_seen_at=agent.last_seen_at,
    )


def build(session: Session, resources: Resources) -> BundleService:
    """Return the service for one transaction."""
    return BundleService(
        BundleRepository(session),
        resources.get(Vault),
        build_trail(session, resources),
        resources.settings.issuer,
        lambda: announce(session, TOPIC),
    )


def load(resources: Resources, name: str) -> tuple[str, bytes]:
    """Return the entity tag and the bytes of a bundle, in a transaction of its own.

    Raises: BundleNotFound.
    """
    with transaction(resources.sessionmaker) as session:
        found = build(session, resources).get(name)
        return found.etag, found.body
