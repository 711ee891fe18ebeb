"""API shapes of signing in and out."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from hubs.security_hub.accounts.schemas import UserRead
from shared.contracts.http.tokens import TokenRead

Password = Annotated[str, Field(max_length=256)]
NO_STORE = {"Cache-Control": "no-store"}


class LoginForm(BaseModel):
    """Who wants to sign in."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    login: str = Field(min_length=1, max_length=254, description="e-mail address or user name")
    password: Password
    remember: bool = Field(False, description="keep the session for 30 days in place of 7")
    device_token: str = Field("", max_length=100, description="from an earlier sign-in on this device")


class SecondFactorForm(BaseModel):
    """The code that the password did not suffice without."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    challenge: str = Field(min_length=10, max_length=200)
    code: str = Field(min_length=6, max_length=40)
    remember: bool = False
    device_token: str = Field("", max_length=100)


class SignInRead(TokenRead):
    """A session just opened and its first tokens."""

    session_id: UUID
    device_token: str
    user: UserRead


class RefreshForm(BaseModel):
    """A refresh token to be exchanged."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    refresh_token: str = Field(min_length=10, max_length=200)


class ReauthenticateForm(BaseModel):
    """The password, once more, before something that cannot be undone."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    password: Password


class MeRead(UserRead):
    """The caller's own account and what it may do."""

    permissions: list[str]
