"""API shapes of configuration."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

MASK = "••••••••"
KEY_PATTERN = r"^[a-z][a-z0-9-]*(\.[a-z0-9_-]+){1,6}$"
Key = Annotated[str, Field(pattern=KEY_PATTERN, max_length=160)]
Environment = Annotated[str, Field(pattern=r"^[a-z0-9-]{0,32}$")]
Source = Literal["default", "everywhere", "environment", "person"]


class KeyWrite(BaseModel):
    """What may be configured under a key; its first word is the service."""

    model_config = ConfigDict(extra="forbid")
    title_en: str = Field(min_length=1, max_length=200)
    title_fr: str = Field(min_length=1, max_length=200)
    schema_: dict[str, Any] = Field(alias="schema")
    default: Any = None
    is_secret: bool = False
    is_personal: bool = False
    is_live: bool = True


class KeyRead(BaseModel):
    """A key that can be configured."""

    model_config = ConfigDict(populate_by_name=True)
    key: str
    service: str
    title_en: str
    title_fr: str
    schema_: dict[str, Any] = Field(alias="schema")
    default: Any
    is_secret: bool
    is_personal: bool
    is_live: bool


class KeyList(BaseModel):
    """Keys by name."""

    data: list[KeyRead]


class ValueWrite(BaseModel):
    """A new value and why."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    value: Any
    environment: Environment = Field("", description="empty: every environment")
    user_id: UUID | None = Field(None, description="a person's own value")
    reason: str = Field("", max_length=500)
    expected_version: int | None = Field(None, ge=0, description="refuse when the present version is another")


class PersonalWrite(BaseModel):
    """A value of one's own."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    value: Any


class ValueRead(BaseModel):
    """The value that holds, where it comes from, and its version there; secrets are masked."""

    key: str
    value: Any
    source: Source
    version: int
    is_secret: bool
    is_live: bool
    is_reference: bool = False
    changed_at: datetime | None = None
    changed_by: str = ""


class ValueList(BaseModel):
    """The values that hold in one scope; ``number`` orders all changes."""

    environment: str
    number: int
    data: list[ValueRead]


class VersionRead(BaseModel):
    """One change of a value."""

    number: int
    key: str
    environment: str
    user_id: UUID | None
    version: int
    is_set: bool
    value: Any
    reason: str
    changed_by: str
    changed_at: datetime


class VersionList(BaseModel):
    """Changes, the newest first."""

    data: list[VersionRead]


class Difference(BaseModel):
    """One place where two versions differ (JSON pointer)."""

    pointer: str
    before: Any = None
    after: Any = None


class DiffRead(BaseModel):
    """Where two versions of a value differ."""

    key: str
    from_version: int
    to_version: int
    differences: list[Difference]


class RollbackForm(BaseModel):
    """Which version to bring back."""

    model_config = ConfigDict(extra="forbid")
    version: int = Field(ge=1)
    environment: Environment = ""
    user_id: UUID | None = None
    reason: str = Field("", max_length=500)


class ImportReport(BaseModel):
    """What an import did, or would do."""

    is_dry_run: bool
    created: list[str] = []
    changed: list[str] = []
    unchanged: list[str] = []
    skipped: list[str] = []
