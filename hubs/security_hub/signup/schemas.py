"""API shapes of getting an account, and back into it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from hubs.security_hub.accounts.schemas import Language
from hubs.security_hub.auth.schemas import Password


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
