"""API shapes of policies."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,60}$")]
Root = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(/[a-z][a-z0-9_]*){0,6}$", max_length=200)]
FileName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,80}\.rego$")]
DocumentPath = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*){0,10}$")
]
Sources = Annotated[dict[FileName, str], Field(max_length=30)]
State = Literal["draft", "in-review", "approved", "rejected", "published", "superseded"]


class PolicyCreate(BaseModel):
    """A new policy; everything in it lies below its root."""

    model_config = ConfigDict(extra="forbid")
    name: Name
    title_en: str = Field(min_length=1, max_length=200)
    title_fr: str = Field(min_length=1, max_length=200)
    root: Root
    bundle: Name = "platform"
    category: str = Field("", max_length=60)
    tags: list[Annotated[str, Field(max_length=40)]] = Field(default_factory=list, max_length=20)


class PolicyRead(BaseModel):
    """A policy."""

    model_config = ConfigDict(from_attributes=True)
    name: str
    title_en: str
    title_fr: str
    root: str
    bundle: str
    category: str
    tags: list[str]
    published_version: int | None
    created_by: str
    created_at: datetime
    updated_at: datetime


class PolicyList(BaseModel):
    """Policies by name."""

    data: list[PolicyRead]


class ContentWrite(BaseModel):
    """Rego files by name, their tests, and the data they find below the policy's root."""

    model_config = ConfigDict(extra="forbid")
    sources: Sources = Field(min_length=1)
    tests: Sources = Field(default_factory=dict)
    data: dict[str, Any] = Field(default_factory=dict)


class VersionWrite(ContentWrite):
    """A new version and what it changes."""

    message: str = Field("", max_length=500)


class ProblemRead(BaseModel):
    """Something wrong and where; rows and columns count from 1."""

    file: str
    row: int
    col: int
    code: str
    message: str


class CheckReport(BaseModel):
    """What the checks say of a policy."""

    engine: str
    is_valid: bool
    problems: list[ProblemRead]


class TestRead(BaseModel):
    """How a test ended."""

    package: str
    name: str
    is_passed: bool
    detail: str = ""


class MissedRows(BaseModel):
    """Rows that no test reaches."""

    file: str
    rows: list[tuple[int, int]]


class CoverageRead(BaseModel):
    """How much the tests reach, in percent."""

    percent: float
    missed: list[MissedRows]


class TestReport(BaseModel):
    """How the tests of a version ended; coverage where the engine measures it."""

    engine: str
    passed: int
    failed: int
    tests: list[TestRead]
    coverage: CoverageRead | None


class VersionRead(BaseModel):
    """A version without its files."""

    model_config = ConfigDict(from_attributes=True)
    version: int
    state: State
    message: str
    author: str
    created_at: datetime
    reviewer: str
    review_note: str
    reviewed_at: datetime | None
    published_by: str
    published_at: datetime | None
    content_hash: str
    test_report: dict[str, Any] | None


class VersionDetail(VersionRead):
    """A version with its files."""

    sources: dict[str, str]
    tests: dict[str, str]
    data: dict[str, Any]


class VersionList(BaseModel):
    """Versions, the newest first."""

    data: list[VersionRead]


class ReviewForm(BaseModel):
    """A reviewer's verdict."""

    model_config = ConfigDict(extra="forbid")
    is_approved: bool
    note: str = Field("", max_length=2_000)


class DiffRead(BaseModel):
    """Two versions as a unified difference, file by file."""

    from_version: int
    to_version: int
    files: dict[str, str]


class LoggedDecision(BaseModel):
    """A decision from the log; without a result it is compared with what is published now."""

    model_config = ConfigDict(extra="ignore")
    decision_id: str = ""
    path: str = ""
    input: Any = None
    result: Any = None
    has_result: bool = True


class ImpactForm(BaseModel):
    """Logged decisions to try a version on."""

    model_config = ConfigDict(extra="forbid")
    path: DocumentPath
    decisions: list[LoggedDecision] = Field(min_length=1, max_length=2_000)


class ChangedDecision(BaseModel):
    """A decision that would have been another one."""

    decision_id: str
    input: Any
    before: Any
    after: Any


class ImpactReport(BaseModel):
    """What a version would have changed."""

    engine: str
    compared: int
    unchanged: int
    newly_allowed: int
    newly_denied: int
    otherwise_changed: int
    undefined: int
    examples: list[ChangedDecision]
