"""API shapes of flags."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

FLAG_PATTERN = r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$"
VariantName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,49}$")]
Operator = Literal[
    "eq", "ne", "in", "not_in", "gt", "ge", "lt", "le", "starts_with", "ends_with", "contains", "exists",
    "semver_ge", "semver_lt",
]  # fmt: skip
FlagValue = bool | int | float | str | dict[str, Any]


class Condition(BaseModel):
    """One test of the context, or several joined; exactly one of the four forms."""

    model_config = ConfigDict(extra="forbid")
    attribute: str | None = Field(None, min_length=1, max_length=100)
    op: Operator | None = None
    value: Any = None
    all: list[Condition] | None = Field(None, max_length=20)
    any: list[Condition] | None = Field(None, max_length=20)
    not_: Condition | None = Field(None, alias="not")

    @model_validator(mode="after")
    def _is_one_form(self) -> Self:
        forms = [
            self.attribute is not None,
            self.all is not None,
            self.any is not None,
            self.not_ is not None,
        ]
        if sum(forms) != 1 or (self.attribute is not None) != (self.op is not None):
            raise ValueError("a condition is attribute and op, or all, or any, or not")
        if self.op in ("in", "not_in") and not isinstance(self.value, list):
            raise ValueError("in and not_in compare with a list")
        return self


class Rule(BaseModel):
    """Whom it concerns, and which variant they get, or how they are divided."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field("", max_length=100)
    when: Condition | None = None
    variant: VariantName | None = None
    split: dict[VariantName, Annotated[float, Field(ge=0, le=100)]] | None = Field(None, max_length=20)
    by: str = Field(
        "targetingKey", min_length=1, max_length=100, description="attribute that decides a split"
    )

    @model_validator(mode="after")
    def _gives_something(self) -> Self:
        if (self.variant is None) == (self.split is None):
            raise ValueError("a rule gives a variant or a split")
        if self.split is not None and abs(sum(self.split.values()) - 100) > 1e-6:
            raise ValueError("the shares of a split add up to 100")
        return self


class EnvironmentRules(BaseModel):
    """How the flag behaves in one environment, in place of everywhere."""

    model_config = ConfigDict(extra="forbid")
    is_enabled: bool = True
    default: VariantName | None = None
    rules: list[Rule] | None = Field(None, max_length=50)


class FlagDefinition(BaseModel):
    """What a flag can answer and when."""

    model_config = ConfigDict(extra="forbid")
    variants: dict[VariantName, FlagValue] = Field(min_length=1, max_length=20)
    default: VariantName = Field(description="given when no rule concerns the caller")
    off: VariantName = Field(description="given when the flag is disabled or killed")
    rules: list[Rule] = Field(default_factory=list, max_length=50)
    environments: dict[Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")], EnvironmentRules] = (
        Field(default_factory=dict, max_length=10)
    )

    @model_validator(mode="after")
    def _names_its_variants(self) -> Self:
        kinds = {_kind(value) for value in self.variants.values()}
        if len(kinds) > 1:
            raise ValueError("the variants of a flag have values of one type")
        named = [self.default, self.off]
        for rules in [self.rules, *(env.rules or [] for env in self.environments.values())]:
            for rule in rules:
                named += [rule.variant] if rule.variant else list(rule.split or {})
        named += [env.default for env in self.environments.values() if env.default]
        if unknown := sorted(set(named) - set(self.variants)):
            raise ValueError(f"unknown variants: {', '.join(unknown)}")
        return self


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "object" if isinstance(value, dict) else "string"


class FlagWrite(BaseModel):
    """A flag as its owners write it."""

    model_config = ConfigDict(extra="forbid")
    title_en: str = Field(min_length=1, max_length=200)
    title_fr: str = Field(min_length=1, max_length=200)
    definition: FlagDefinition
    is_public: bool = False
    expires_on: date | None = Field(None, description="when the flag should be gone")
    reason: str = Field("", max_length=500)
    expected_version: int | None = Field(None, ge=0)


class FlagRead(BaseModel):
    """A flag."""

    model_config = ConfigDict(from_attributes=True)
    key: str
    title_en: str
    title_fr: str
    definition: dict[str, Any]
    is_killed: bool
    is_public: bool
    expires_on: date | None
    version: int
    changed_by: str
    updated_at: datetime


class FlagList(BaseModel):
    """Flags by key."""

    data: list[FlagRead]


class FlagVersionRead(BaseModel):
    """A flag as it was."""

    model_config = ConfigDict(from_attributes=True)
    version: int
    definition: dict[str, Any]
    is_killed: bool
    reason: str
    changed_by: str
    changed_at: datetime


class FlagVersionList(BaseModel):
    """Former states, the newest first."""

    data: list[FlagVersionRead]


class KillForm(BaseModel):
    """The kill switch and why it was used."""

    model_config = ConfigDict(extra="forbid")
    is_killed: bool
    reason: str = Field("", max_length=500)


class StaleFlag(BaseModel):
    """A flag that may have outlived its purpose, and why one would think so."""

    key: str
    reasons: list[Literal["expired", "unused", "one-answer", "killed"]]
    last_used_on: date | None
    answers: dict[str, int]


class StaleReport(BaseModel):
    """Flags to look at."""

    days: int
    data: list[StaleFlag]


class EvaluationRequest(BaseModel):
    """What OFREP clients send."""

    model_config = ConfigDict(extra="ignore")
    context: dict[str, Any] | None = None
