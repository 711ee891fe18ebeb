"""Policies: written, checked, tested, reviewed, published, brought back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from hubs.security_hub.policy.dependencies import PolicyServiceDep
from hubs.security_hub.policy.schemas import (
    CheckReport,
    ContentWrite,
    DiffRead,
    ImpactForm,
    ImpactReport,
    Name,
    PolicyCreate,
    PolicyList,
    PolicyRead,
    ReviewForm,
    Root,
    TestReport,
    VersionDetail,
    VersionList,
    VersionRead,
    VersionWrite,
)
from shared.auth import CanPublishPolicies, CanReadPolicies, CanWritePolicies

router = APIRouter(prefix="/api/v1/policies", tags=["policies"])
RootQuery = Annotated[Root, Query(description="the part of the document tree that the files own")]
Number = Annotated[int, Path(ge=1)]


@router.get("", summary="List policies")
def list_policies(
    policies: PolicyServiceDep,
    _: CanReadPolicies,
    category: Annotated[str | None, Query(max_length=60)] = None,
    search: Annotated[str, Query(max_length=60)] = "",
) -> PolicyList:
    return PolicyList(data=list(policies.list(category, search)))


@router.post("", status_code=201, summary="Make a policy")
def create_policy(form: PolicyCreate, policies: PolicyServiceDep, caller: CanWritePolicies) -> PolicyRead:
    return policies.create(form, caller)


@router.post("/validate", summary="What is wrong with these files: file, row, column; nothing is kept")
def validate(
    form: ContentWrite, policies: PolicyServiceDep, _: CanWritePolicies, root: RootQuery
) -> CheckReport:
    return policies.check(root, form)


@router.post("/try-tests", summary="Run the tests of these files; nothing is kept")
def try_tests(
    form: ContentWrite, policies: PolicyServiceDep, _: CanWritePolicies, root: RootQuery
) -> TestReport:
    return policies.try_tests(root, form)


@router.get("/{name}", summary="Read a policy")
def read_policy(name: Name, policies: PolicyServiceDep, _: CanReadPolicies) -> PolicyRead:
    return policies.get(name)


@router.delete("/{name}", status_code=204, summary="Delete a policy and take it out of its bundle")
def delete_policy(name: Name, policies: PolicyServiceDep, caller: CanPublishPolicies) -> None:
    policies.delete(name, caller)


@router.post("/{name}/retire", summary="Take a policy out of its bundle; its versions stay")
def retire_policy(name: Name, policies: PolicyServiceDep, caller: CanPublishPolicies) -> PolicyRead:
    return policies.retire(name, caller)


@router.get("/{name}/versions", summary="Versions of a policy")
def list_versions(name: Name, policies: PolicyServiceDep, _: CanReadPolicies) -> VersionList:
    return VersionList(data=list(policies.versions(name)))


@router.post("/{name}/versions", status_code=201, summary="Keep a version with nothing wrong in it")
def add_version(
    name: Name, form: VersionWrite, policies: PolicyServiceDep, caller: CanWritePolicies
) -> VersionDetail:
    return policies.add_version(name, form, caller)


@router.get("/{name}/versions/{version}", summary="A version with its files")
def read_version(
    name: Name, version: Number, policies: PolicyServiceDep, _: CanReadPolicies
) -> VersionDetail:
    return policies.version(name, version)


@router.post("/{name}/versions/{version}/test", summary="Run a version's tests")
def run_tests(name: Name, version: Number, policies: PolicyServiceDep, _: CanWritePolicies) -> TestReport:
    return policies.test(name, version)


@router.post("/{name}/versions/{version}/submit", summary="Ask for a review")
def submit_version(
    name: Name, version: Number, policies: PolicyServiceDep, caller: CanWritePolicies
) -> VersionRead:
    return policies.submit(name, version, caller)


@router.post("/{name}/versions/{version}/review", summary="Approve or reject somebody else's version")
def review_version(
    name: Name, version: Number, form: ReviewForm, policies: PolicyServiceDep, caller: CanWritePolicies
) -> VersionRead:
    return policies.review(name, version, form, caller)


@router.post("/{name}/versions/{version}/publish", summary="Put a version into the bundle")
def publish_version(
    name: Name, version: Number, policies: PolicyServiceDep, caller: CanPublishPolicies
) -> VersionRead:
    return policies.publish(name, version, caller)


@router.post("/{name}/versions/{version}/rollback", summary="Publish again what was published before")
def roll_back(
    name: Name, version: Number, policies: PolicyServiceDep, caller: CanPublishPolicies
) -> VersionRead:
    return policies.rollback(name, version, caller)


@router.post("/{name}/versions/{version}/impact", summary="What a version would have changed")
def read_impact(
    name: Name, version: Number, form: ImpactForm, policies: PolicyServiceDep, _: CanWritePolicies
) -> ImpactReport:
    return policies.impact(name, version, form)


@router.get("/{name}/diff", summary="How two versions differ")
def read_diff(
    name: Name,
    policies: PolicyServiceDep,
    _: CanReadPolicies,
    from_version: Annotated[int, Query(ge=1)],
    to_version: Annotated[int, Query(ge=1)],
) -> DiffRead:
    return policies.diff(name, from_version, to_version)
