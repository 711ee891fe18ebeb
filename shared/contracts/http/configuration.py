"""Configuration as a hub exchanges it with security_hub: what it lets be changed, and what holds."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class LiveKey(BaseModel):
    """One setting that a hub can change without a restart; the first word of its key is the hub's name."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    key: str
    title_en: str = Field(min_length=1, max_length=200)
    title_fr: str = Field(min_length=1, max_length=200)
    schema_: dict[str, Any] = Field(alias="schema")
    default: Any = None
    is_secret: bool = False


class LiveKeys(BaseModel):
    """Everything that a hub can change without a restart."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    keys: list[LiveKey] = Field(max_length=500)


class KeysDeclared(BaseModel):
    """What became of a declaration; ``refused`` names keys whose present values do not fit, and why."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    declared: int
    refused: dict[str, str] = {}


class HeldValue(BaseModel):
    """The value that holds for a key; a reference is ``{"ref": "env:NAME"}`` or ``{"ref": "file:/path"}``."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    key: str
    value: Any
    source: str
    is_reference: bool = False


class HeldValues(BaseModel):
    """The values that hold for a hub; ``number`` is that of the newest change."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    number: int
    data: list[HeldValue]
