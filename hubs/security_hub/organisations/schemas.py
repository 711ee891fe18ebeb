"""API shapes of organisations."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Part = Literal["owner", "admin", "member"]


class OrganisationCreate(BaseModel):
    """A new organisation."""

    model_config = ConfigDict(extra="forbid")
    slug: str = Field(pattern=r"^[a-z][a-z0-9-]{1,38}[a-z0-9]$")
    name_en: str = Field(min_length=1, max_length=120)
    name_fr: str = Field(min_length=1, max_length=120)


class OrganisationUpdate(BaseModel):
    """What may change of an organisation."""

    model_config = ConfigDict(extra="forbid")
    name_en: str | None = Field(None, min_length=1, max_length=120)
    name_fr: str | None = Field(None, min_length=1, max_length=120)


class OrganisationRead(BaseModel):
    """An organisation and the caller's part in it."""

    slug: str
    name_en: str
    name_fr: str
    part: Part
    created_at: datetime


class OrganisationList(BaseModel):
    """The caller's organisations, by name."""

    data: list[OrganisationRead]


class MemberRead(BaseModel):
    """Somebody in an organisation."""

    user_id: UUID
    display_name: str
    email: str
    part: Part
    joined_at: datetime


class MemberList(BaseModel):
    """Everybody in an organisation, the first to join first."""

    data: list[MemberRead]


class InvitationForm(BaseModel):
    """Whom to invite."""

    model_config = ConfigDict(extra="forbid")
    email: str = Field(max_length=254)
    part: Part = "member"


class PartForm(BaseModel):
    """Another part for somebody."""

    model_config = ConfigDict(extra="forbid")
    part: Part


class AcceptForm(BaseModel):
    """An invitation to accept."""

    model_config = ConfigDict(extra="forbid")
    token: str = Field(min_length=10, max_length=200)
