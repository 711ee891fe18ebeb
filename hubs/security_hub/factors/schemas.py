"""API shapes of second factors."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class TotpSetup(BaseModel):
    """What an authenticator needs; shown this once."""

    secret: str
    uri: str


class CodeForm(BaseModel):
    """A one-time or recovery code."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    code: str = Field(min_length=6, max_length=40)


class RecoveryCodes(BaseModel):
    """New recovery codes; the former ones are void. Shown this once."""

    codes: list[str]


class FactorsRead(BaseModel):
    """What somebody has set up."""

    totp_since: datetime | None
    recovery_codes_left: int
    passkeys: int = 0
