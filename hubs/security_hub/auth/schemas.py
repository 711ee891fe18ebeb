"""API shapes of signing in and out."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from hubs.security_hub.accounts.schemas import Language, UserRead
from shared.contracts.http.tokens import TokenRead

Password = Annotated[str, Field(max_length=256)]


class LoginForm(BaseModel):
    """Who wants to sign in."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    login: str = Field(min_length=1, max_length=254, description="e-mail address or user name")
    password: Password
    remember: bool = Field(False, description="keep the session for 30 days in place of 7")
    device_token: str = Field("", max_length=100, description="from an earlier sign-in on this device")


class SignInRead(TokenRead):
    """A session just opened and its first tokens."""

    session_id: UUID
    device_token: str
    user: UserRead


class RefreshForm(BaseModel):
    """A refresh token to be exchanged."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    refresh_token: str = Field(min_length=10, max_length=200)


class RegisterForm(BaseModel):
    """Who wants an account."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    email: str = Field(max_length=254)
    password: Password
    username: str | None = Field(None, min_length=2, max_length=32)
    display_name: str = Field("", max_length=200)
    language: Language = "en"


class Accepted(BaseModel):
    """The same answer whatever was found: look into your mail."""

    detail: str = "If this concerns an account, a mail is on its way."


class LinkForm(BaseModel):
    """A mailed link and the password that goes with it."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    token: str = Field(min_length=10, max_length=200)
    password: Password


class MailForm(BaseModel):
    """Whom a mail is asked for."""

    model_config = ConfigDict(extra="forbid")
    login: str = Field(min_length=1, max_length=254)


class PasswordForm(BaseModel):
    """A change of password by somebody who is signed in."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    current_password: Password
    new_password: Password


class ReauthenticateForm(BaseModel):
    """The password, once more, before something that cannot be undone."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    password: Password


class MeRead(UserRead):
    """The caller's own account and what it may do."""

    permissions: list[str]
