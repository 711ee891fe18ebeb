"""Policies: written in versions, reviewed by somebody else, tested, published into a bundle, brought back."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from hubs.security_hub.bundles.service import BundleService, Part
from hubs.security_hub.bundles.service import build as build_bundles
from hubs.security_hub.policy.errors import OwnWork, PolicyNotFound, RootTaken, TestsFailed, WrongState
from hubs.security_hub.policy.inspection import Inspection
from hubs.security_hub.policy.models import Policy, PolicyVersion
from hubs.security_hub.policy.repository import PolicyRepository
from hubs.security_hub.policy.schemas import (
    CheckReport,
    ContentWrite,
    DiffRead,
    ImpactForm,
    ImpactReport,
    PolicyCreate,
    PolicyRead,
    ReviewForm,
    TestReport,
    VersionDetail,
    VersionRead,
    VersionWrite,
)
from hubs.security_hub.settings import SecuritySettings
from hubs.security_hub.trail.service import Trail
from hubs.security_hub.trail.service import build as build_trail
from shared.app import Resources
from shared.auth import Principal
from shared.core.clock import utc_now
from shared.core.errors import Conflict
from shared.http.json import dumps

MOST_VERSIONS = 500


class PolicyService:
    """Policies and their versions."""

    def __init__(
        self,
        repository: PolicyRepository,
        bundles: BundleService,
        inspection: Inspection,
        trail: Trail,
        needs_review: bool,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._repository = repository
        self._bundles = bundles
        self._inspection = inspection
        self._trail = trail
        self._needs_review = needs_review
        self._now = now

    def list(self, category: str | None, search: str) -> Sequence[PolicyRead]:
        """Return policies by name."""
        return [PolicyRead.model_validate(row) for row in self._repository.list(category, search)]

    def get(self, name: str) -> PolicyRead:
        """Return a policy.

        Raises: PolicyNotFound.
        """
        return PolicyRead.model_validate(self._get(name))

    def create(self, form: PolicyCreate, caller: Principal | str) -> PolicyRead:
        """Make a policy without any version yet.

        Raises: Conflict when the name is taken; RootTaken.
        """
        if self._repository.find(form.name):
            raise Conflict(f"there is a policy {form.name!r} already")
        for root in self._repository.roots():
            if f"{root}/".startswith(f"{form.root}/") or f"{form.root}/".startswith(f"{root}/"):
                raise RootTaken(f"{root!r} belongs to another policy")
        row = Policy(**form.model_dump(), created_by=_name(caller))
        self._repository.add(row)
        self._record("policy.created", caller, row.name, {"root": row.root, "bundle": row.bundle})
        return PolicyRead.model_validate(row)

    def delete(self, name: str, caller: Principal) -> None:
        """Delete a policy and take it out of its bundle.

        Raises: PolicyNotFound.
        """
        row = self._get(name, is_locked=True)
        bundle, was_published = row.bundle, row.published_version is not None
        self._repository.delete(row)
        if was_published:
            self._build(bundle)
        self._record("policy.deleted", caller, name)

    def add_version(self, name: str, form: VersionWrite, caller: Principal | str) -> VersionDetail:
        """Keep a new version, if there is nothing wrong with it.

        Raises: PolicyNotFound, PolicyRefused, EngineAway.
        """
        row = self._get(name, is_locked=True)
        self._inspection.require_valid(row.root, form)
        number = self._repository.last_version(row.id) + 1
        if number > MOST_VERSIONS:
            raise Conflict(f"a policy has at most {MOST_VERSIONS} versions")
        version = PolicyVersion(
            policy_id=row.id,
            version=number,
            sources=dict(form.sources),
            tests=dict(form.tests),
            data=form.data,
            content_hash=content_hash(form),
            message=form.message,
            state="draft",
            author=_name(caller),
            reviewer="",
            review_note="",
            published_by="",
        )
        self._repository.add(version)
        self._record("policy.version-added", caller, name, {"version": number, "hash": version.content_hash})
        return VersionDetail.model_validate(version)

    def versions(self, name: str) -> Sequence[VersionRead]:
        """Return a policy's versions, the newest first.

        Raises: PolicyNotFound.
        """
        row = self._get(name)
        return [VersionRead.model_validate(version) for version in self._repository.versions(row.id)]

    def version(self, name: str, number: int) -> VersionDetail:
        """Return a version with its files.

        Raises: PolicyNotFound.
        """
        return VersionDetail.model_validate(self._version(self._get(name), number))

    def check(self, root: str, content: ContentWrite) -> CheckReport:
        """Return what is wrong with files that are not kept."""
        return self._inspection.check(root, content)

    def try_tests(self, root: str, content: ContentWrite) -> TestReport:
        """Run the tests of files that are not kept.

        Raises: PolicyRefused, EngineAway.
        """
        self._inspection.require_valid(root, content)
        return self._inspection.test(root, content)

    def test(self, name: str, number: int) -> TestReport:
        """Run a version's tests and keep the report with it.

        Raises: PolicyNotFound, PolicyRefused, EngineAway.
        """
        row = self._get(name)
        version = self._version(row, number)
        report = self._inspection.test(row.root, _content(version))
        version.test_report = report.model_dump(mode="json")
        return report

    def submit(self, name: str, number: int, caller: Principal) -> VersionRead:
        """Ask for a review.

        Raises: PolicyNotFound, WrongState.
        """
        version = self._in_state(name, number, "draft", "rejected")
        version.state = "in-review"
        self._record("policy.submitted", caller, name, {"version": number})
        return VersionRead.model_validate(version)

    def review(self, name: str, number: int, form: ReviewForm, caller: Principal) -> VersionRead:
        """Approve or reject somebody else's version.

        Raises: PolicyNotFound, WrongState, OwnWork.
        """
        version = self._in_state(name, number, "in-review")
        if version.author == caller.subject:
            raise OwnWork("nobody reviews their own version")
        version.state = "approved" if form.is_approved else "rejected"
        version.reviewer, version.review_note = caller.subject, form.note
        version.reviewed_at = self._now()
        self._record(f"policy.{version.state}", caller, name, {"version": number}, form.note)
        return VersionRead.model_validate(version)

    def publish(
        self, name: str, number: int, caller: Principal | str, *, is_reviewed: bool = False
    ) -> VersionRead:
        """Put a version into the bundle, once its tests pass and, where required, somebody else approved it.

        Raises: PolicyNotFound, WrongState, TestsFailed, PolicyRefused, EngineAway.
        """
        row = self._get(name, is_locked=True)
        version = self._version(row, number)
        is_draft = version.state == "draft" and self._needs_review and not is_reviewed
        if version.state in ("in-review", "rejected") or is_draft:
            raise WrongState(f"version {number} is {version.state}; it has to be approved first")
        if row.published_version == number:
            return VersionRead.model_validate(version)
        content = _content(version)
        # Again, although it was checked when it came: the engine may have become another one since.
        self._inspection.require_valid(row.root, content)
        if version.tests:
            report = self._inspection.test(row.root, content)
            version.test_report = report.model_dump(mode="json")
            if report.failed:
                raise TestsFailed(f"{report.failed} tests fail", report=version.test_report)
        before = row.published_version
        if before is not None and (former := self._repository.find_version(row.id, before)) is not None:
            former.state = "superseded"
        version.state, version.published_by, version.published_at = "published", _name(caller), self._now()
        row.published_version, row.updated_at = number, self._now()
        self._build(row.bundle)
        self._record("policy.published", caller, name, {"version": number, "before": before})
        return VersionRead.model_validate(version)

    def rollback(self, name: str, number: int, caller: Principal) -> VersionRead:
        """Publish a version again that was published before.

        Raises: PolicyNotFound, WrongState, TestsFailed.
        """
        version = self._in_state(name, number, "superseded")
        del version
        return self.publish(name, number, caller)

    def retire(self, name: str, caller: Principal) -> PolicyRead:
        """Take a policy out of its bundle; its versions stay.

        Raises: PolicyNotFound, WrongState.
        """
        row = self._get(name, is_locked=True)
        if row.published_version is None:
            raise WrongState("the policy is not published")
        former = self._version(row, row.published_version)
        former.state = "superseded"
        row.published_version, row.updated_at = None, self._now()
        self._build(row.bundle)
        self._record("policy.retired", caller, name, {"version": former.version})
        return PolicyRead.model_validate(row)

    def diff(self, name: str, first: int, second: int) -> DiffRead:
        """Return how two versions differ, file by file.

        Raises: PolicyNotFound.
        """
        row = self._get(name)
        left, right = (_files(self._version(row, number)) for number in (first, second))
        files = {}
        for file in sorted({*left, *right}):
            before, after = left.get(file, "").splitlines(), right.get(file, "").splitlines()
            lines = difflib.unified_diff(before, after, f"{file}@{first}", f"{file}@{second}", lineterm="")
            if text := "\n".join(lines):
                files[file] = text
        return DiffRead(from_version=first, to_version=second, files=files)

    def impact(self, name: str, number: int, form: ImpactForm) -> ImpactReport:
        """Return what a version would have changed about logged decisions.

        Raises: PolicyNotFound, PolicyRefused, EngineAway.
        """
        row = self._get(name)
        published = None
        if row.published_version is not None:
            published = _content(self._version(row, row.published_version))
        return self._inspection.impact(form, row.root, _content(self._version(row, number)), published)

    def _get(self, name: str, *, is_locked: bool = False) -> Policy:
        row = self._repository.find(name, is_locked=is_locked)
        if row is None:
            raise PolicyNotFound(f"no policy {name!r}")
        return row

    def _version(self, row: Policy, number: int) -> PolicyVersion:
        version = self._repository.find_version(row.id, number)
        if version is None:
            raise PolicyNotFound(f"{row.name} has no version {number}")
        return version

    def _in_state(self, name: str, number: int, *states: str) -> PolicyVersion:
        version = self._version(self._get(name, is_locked=True), number)
        if version.state not in states:
            raise WrongState(f"version {number} is {version.state}")
        return version

    def _build(self, bundle: str) -> None:
        parts = [
            Part(policy.root, version.sources, version.data)
            for policy, version in self._repository.published_in(bundle)
        ]
        self._bundles.build(bundle, parts)

    def _record(
        self,
        action: str,
        caller: Principal | str,
        name: str,
        after: dict[str, object] | None = None,
        reason: str = "",
    ) -> None:
        self._trail.record(action, caller, target=name, target_type="policy", after=after, reason=reason)


def content_hash(content: ContentWrite) -> str:
    """Return what names this content."""
    body = {"sources": content.sources, "tests": content.tests, "data": content.data}
    return hashlib.sha256(dumps({k: dict(sorted(v.items())) for k, v in body.items()})).hexdigest()[:20]


def _content(version: PolicyVersion) -> ContentWrite:
    return ContentWrite(sources=version.sources, tests=version.tests, data=version.data)


def _files(version: PolicyVersion) -> dict[str, str]:
    data = json.dumps(version.data, indent=2, sort_keys=True, ensure_ascii=False)
    return {**version.sources, **version.tests, "data.json": data}


def _name(caller: Principal | str) -> str:
    return caller.subject if isinstance(caller, Principal) else caller


def build(session: Session, resources: Resources) -> PolicyService:
    """Return the service for one transaction."""
    settings = SecuritySettings.of(resources.settings)
    needs_review = settings.policies.needs_review
    if needs_review is None:
        needs_review = settings.environment == "production"
    return PolicyService(
        PolicyRepository(session),
        build_bundles(session, resources),
        resources.get(Inspection),
        build_trail(session, resources),
        needs_review,
    )
