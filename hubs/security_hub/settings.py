"""What the security hub adds to the settings of every hub."""

from __future__ import annotations

from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr

from shared.settings import HubSettings, live


class KeySettings(BaseModel):
    """Signing keys: how long each signs, how early the next is announced, how long it is kept."""

    rotate_after_s: float = Field(30 * 86_400.0, gt=0, description="seconds that a key signs")
    publish_ahead_s: float = Field(900.0, ge=0, description="seconds between publishing a key and using it")
    overlap_s: float = Field(
        7_200.0, ge=0, description="seconds that a key stays published after its last use"
    )
    refresh_s: float = Field(5.0, ge=0, description="seconds between looks at what other processes rotated")


class TokenSettings(BaseModel):
    """How long each kind of token lives, in seconds."""

    access_s: int = Field(
        600,
        ge=10,
        description="access token of a person or an application",
        json_schema_extra=live("secondes de validité du jeton d’accès d’une personne ou d’une application"),
    )
    service_s: int = Field(
        900,
        ge=10,
        description="access token of a service",
        json_schema_extra=live("secondes de validité du jeton d’accès d’un service"),
    )
    key_s: int = Field(
        60,
        ge=5,
        description="access token exchanged for an API key",
        json_schema_extra=live("secondes de validité du jeton obtenu contre une clé d’API"),
    )
    id_s: int = Field(
        3_600,
        ge=10,
        description="ID token",
        json_schema_extra=live("secondes de validité du jeton d’identité"),
    )
    code_s: int = Field(
        60,
        ge=5,
        le=60,
        description="authorization code",
        json_schema_extra=live("secondes de validité d’un code d’autorisation"),
    )
    refresh_s: int = Field(
        7 * 86_400,
        ge=60,
        description="refresh token and session",
        json_schema_extra=live("secondes d’une session et de son jeton de rafraîchissement"),
    )
    remembered_s: int = Field(
        30 * 86_400,
        ge=60,
        description="refresh token and session when asked to be remembered",
        json_schema_extra=live(
            "secondes d’une session et de son jeton de rafraîchissement, sur demande de s’en souvenir"
        ),
    )
    mail_link_s: int = Field(
        3_600,
        ge=60,
        description="link in a mail: verify an address, reset a password",
        json_schema_extra=live("secondes de validité d’un lien envoyé par courriel"),
    )


class PasswordSettings(BaseModel):
    """Rules for new passwords, and how many hashes may run at once."""

    min_length: int = Field(
        10,
        ge=8,
        description="characters of a new password at the least",
        json_schema_extra=live("caractères au moins dans un nouveau mot de passe"),
    )
    max_length: int = Field(256, ge=64, description="characters; longer ones are refused unhashed")
    parallel: int = Field(2, ge=1, description="hashes at once; each takes 19 MiB")
    waiting: int = Field(8, ge=0, description="callers that may wait for a hash; more get 503")


class ThrottleSettings(BaseModel):
    """How many failed attempts are borne before the next is refused unheard, each within a window of
    seconds.
    """

    window_s: int = Field(
        900,
        ge=1,
        description="seconds until a count starts again",
        json_schema_extra=live("secondes avant qu’un compte d’échecs recommence"),
    )
    pair: int = Field(
        5,
        ge=1,
        description="failures of one account from one address",
        json_schema_extra=live("échecs d’un compte depuis une adresse"),
    )
    address: int = Field(
        60,
        ge=1,
        description="failures of one address over all accounts",
        json_schema_extra=live("échecs d’une adresse, tous comptes confondus"),
    )
    account: int = Field(
        100,
        ge=1,
        description="failures of one account over all unknown addresses",
        json_schema_extra=live("échecs d’un compte depuis toutes les adresses inconnues"),
    )
    code: int = Field(
        30,
        ge=1,
        description="wrong one-time codes of one account over all unknown addresses",
        json_schema_extra=live(
            "codes à usage unique erronés d’un compte depuis toutes les adresses inconnues"
        ),
    )
    mail: int = Field(
        5,
        ge=1,
        description="mails to one address",
        json_schema_extra=live("courriels à une adresse"),
    )
    address_mail: int = Field(
        30,
        ge=1,
        description="mails asked for by one network address",
        json_schema_extra=live("courriels demandés par une adresse réseau"),
    )


class FlagSettings(BaseModel):
    """Feature flags."""

    per_minute: int = Field(
        6_000,
        ge=1,
        description="evaluations of one caller per minute and process",
        json_schema_extra=live("évaluations par minute et par processus d’un même demandeur"),
    )


class PolicySettings(BaseModel):
    """Policies."""

    opa_program: str = Field(
        "opa", description="the opa command; where there is none, the embedded interpreter"
    )
    needs_review: bool | None = Field(
        None, description="whether somebody else must approve before publishing; empty: in production only"
    )


class SecuritySettings(HubSettings):
    """Settings of the security hub."""

    keys: KeySettings = KeySettings()
    tokens: TokenSettings = TokenSettings()
    passwords: PasswordSettings = PasswordSettings()
    throttle: ThrottleSettings = ThrottleSettings()
    flags: FlagSettings = FlagSettings()
    policies: PolicySettings = PolicySettings()
    platform_clients: dict[str, SecretStr] = Field(
        default_factory=dict, description="client id to secret of the platform's own processes, as JSON"
    )
    previous_secret: SecretStr = Field(
        SecretStr(""), description="the root secret before the present one, while changing it"
    )
    trusted_proxies: list[str] = Field(
        ["127.0.0.0/8", "::1/128"], description="networks whose X-Forwarded-For is believed, as JSON"
    )

    @property
    def page_origins(self) -> list[str]:
        """Return the origins that our pages have: the issuer's first, then what citizens see."""
        urls = [self.issuer, self.public_url or self.hubs.ux]
        return list(dict.fromkeys(f"{u.scheme}://{u.netloc}" for u in map(urlsplit, urls) if u.netloc))

    @property
    def own_origins(self) -> frozenset[str]:
        """Return the origins that answer for the platform: hubs, issuer and public address."""
        hubs = self.hubs
        urls = [*self.page_origins, hubs.ux, hubs.security, hubs.data, hubs.business, hubs.ops]
        return frozenset(f"{u.scheme}://{u.netloc}" for u in map(urlsplit, [*urls, hubs.intelligence]))

    @classmethod
    def of(cls, settings: HubSettings | None) -> Self:
        """Return ``settings`` as this class, reading what only this hub has from the environment."""
        if settings is None:
            return cls()
        if isinstance(settings, cls):
            return settings
        return cls(**{name: getattr(settings, name) for name in type(settings).model_fields})
