"""The platform's own access policies: published at the first start, renewed with each release."""

from __future__ import annotations

import json
from importlib.resources import files
from importlib.resources.abc import Traversable

from hubs.security_hub.policy.errors import PolicyNotFound
from hubs.security_hub.policy.schemas import PolicyCreate, VersionWrite
from hubs.security_hub.policy.service import PolicyService, build, content_hash
from shared.app import Resources
from shared.core.errors import AppError
from shared.db.session import transaction
from shared.logging import get_logger

log = get_logger(__name__)
AUTHOR = "openpolicy"
# name: (title EN, title FR, root)
PLATFORM_POLICIES = {
    "platform-gateway": ("Access at the gateway", "Accès à la passerelle", "openpolicy/gateway"),
    "platform-records": (
        "Fields and licences of records",
        "Champs et licences des fiches",
        "openpolicy/records",
    ),
}


def publish_platform_policies(resources: Resources) -> None:
    """Publish what this release brings, unless an operator has published a version of their own."""
    for name, (title_en, title_fr, root) in PLATFORM_POLICIES.items():
        try:
            with transaction(resources.sessionmaker) as session:
                _publish(build(session, resources), name, title_en, title_fr, root)
        except AppError as error:
            log.error("platform policy not published", policy=name, error=error.detail)


def shipped(root: str) -> VersionWrite:
    """Return the files that this release brings for a root."""
    folder = files("hubs.security_hub.policy") / "platform"
    stem = root.rpartition("/")[2]
    data = folder / f"{stem}.json"
    return VersionWrite(
        data=json.loads(_text(data)) if data.is_file() else {},
        sources={f"{stem}.rego": _text(folder / f"{stem}.rego")},
        tests={f"{stem}_test.rego": _text(folder / f"{stem}_test.rego")},
        message="as released",
    )


def _publish(policies: PolicyService, name: str, title_en: str, title_fr: str, root: str) -> None:
    form = shipped(root)
    try:
        present = policies.get(name)
    except PolicyNotFound:
        present = policies.create(
            PolicyCreate(name=name, title_en=title_en, title_fr=title_fr, root=root, category="platform"),
            AUTHOR,
        )
    versions = policies.versions(name)
    published = next((v for v in versions if v.version == present.published_version), None)
    if published is not None and (published.author != AUTHOR or published.content_hash == content_hash(form)):
        return
    if present.published_version is None and versions:
        # Retired by an operator, who knows why.
        return
    added = policies.add_version(name, form, AUTHOR)
    # Reviewed where the release was made.
    policies.publish(name, added.version, AUTHOR, is_reviewed=True)


def _text(path: Traversable) -> str:
    return path.read_text("utf-8")
