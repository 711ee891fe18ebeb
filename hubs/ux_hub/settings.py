"""What ux_hub adds to the settings of every process: the door, mail, push and webhooks."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field, SecretStr

from shared.settings import HubSettings, live


class StagedSettings(BaseModel):
    """A second upstream of a hub that gets a share of its callers while a new version is rolled out."""

    url: str = Field(description="base URL of the second upstream")
    percent: float = Field(ge=0, le=100, description="share of callers, sticky per caller")


class GatewaySettings(BaseModel):
    """Limits and switches of the gateway; rates are requests per minute."""

    anonymous_per_minute: int = Field(
        1_200,
        ge=1,
        description="requests of one address without credentials",
        json_schema_extra=live("requêtes par minute d’une adresse sans identification"),
    )
    user_per_minute: int = Field(
        6_000,
        ge=1,
        description="requests of one person or API key",
        json_schema_extra=live("requêtes par minute d’une personne ou d’une clé d’API"),
    )
    service_per_minute: int = Field(
        120_000,
        ge=1,
        description="requests of one service account",
        json_schema_extra=live("requêtes par minute d’un compte de service"),
    )
    trusted_proxies: list[str] = Field(
        default_factory=list, description="networks whose X-Forwarded-For is believed, as JSON"
    )
    cors_origins: list[str] = Field(
        ["*"],
        description="origins that may call from a browser with a token of their own, as JSON",
        json_schema_extra=live("origines qui peuvent appeler depuis un navigateur avec leur propre jeton"),
    )
    cache_bytes: int = Field(16 * 2**20, ge=0, description="bytes of answers kept; 0 keeps none")
    cache_entry_bytes: int = Field(512 * 2**10, ge=0, description="bytes of one answer kept at most")
    compress: bool = Field(
        True,
        description="gzip answers that the hubs sent plain",
        json_schema_extra=live("compresser les réponses que les pôles ont envoyées telles quelles"),
    )
    policy: str = Field(
        "openpolicy/gateway", description="decision document asked per route and caller; empty: none"
    )
    policy_max_age_s: float = Field(30.0, ge=0, description="seconds that a decision is kept")
    usage_every_s: float = Field(
        60.0, ge=0, description="seconds between two counts of requests per route; 0 counts none"
    )
    staged: dict[str, StagedSettings] = Field(
        default_factory=dict, description='second upstreams, as JSON: {"data": {"url": "…", "percent": 5}}'
    )
    breaker_failures: int = Field(8, ge=1, description="failures in a row that open a hub's circuit")
    breaker_open_s: float = Field(5.0, gt=0, description="seconds until an open circuit lets one request try")


class MailSettings(BaseModel):
    """The mail server; an empty host keeps messages in the outgoing folder of ``data_dir``."""

    host: str = Field("", description="SMTP server; empty: messages are written to data_dir/mail")
    port: int = Field(587, ge=1, le=65_535)
    username: str = ""
    password: SecretStr = Field(
        SecretStr(""),
        description="password at the mail server",
        json_schema_extra=live("mot de passe auprès du serveur de courriel"),
    )
    start_tls: bool = Field(True, description="demand STARTTLS")
    sender: str = Field(
        "OpenPolicy <noreply@localhost>",
        description="From of every message",
        json_schema_extra=live("expéditeur de chaque message"),
    )
    timeout_s: float = Field(20.0, gt=0, description="seconds for one message")


class PushSettings(BaseModel):
    """Web Push (VAPID); an empty key is derived from the root secret."""

    private_key: SecretStr = Field(SecretStr(""), description="P-256 private key, base64url; empty: derived")
    contact: str = Field("mailto:noreply@localhost", description="VAPID subject, for push services")


class AlertSettings(BaseModel):
    """How alerts leave."""

    mail_per_day: int = Field(
        30,
        ge=1,
        description="messages to one address in 24 hours",
        json_schema_extra=live("messages à une adresse en 24 heures"),
    )
    webhook_timeout_s: float = Field(
        15.0,
        gt=0,
        description="seconds for a webhook to answer",
        json_schema_extra=live("secondes accordées à un point d’appel pour répondre"),
    )
    allow_private_targets: bool = Field(
        False, description="let webhooks reach private addresses; production never does"
    )
    webhook_retries_s: list[int] = Field(
        [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400],
        description="seconds before each attempt at a delivery, as JSON",
    )


class McpSettings(BaseModel):
    """Who may ask the model context server."""

    anonymous: bool = Field(
        False,
        description="answer without a token; limits count the address",
        json_schema_extra=live("répondre sans jeton; les limites comptent l’adresse"),
    )
    origins: list[str] = Field(
        default_factory=list,
        description="further web origins whose pages may ask, as JSON",
        json_schema_extra=live("autres origines web dont les pages peuvent interroger"),
    )


class PagesSettings(BaseModel):
    """How the pages ask for the record."""

    keep_s: float = Field(5.0, ge=0, description="seconds that an answer is shown without asking again")
    workers: int = Field(4, ge=1, le=32, description="questions of pages that are asked side by side")


class UxSettings(HubSettings):
    """Settings of the ux hub."""

    gateway: GatewaySettings = GatewaySettings()
    mail: MailSettings = MailSettings()
    push: PushSettings = PushSettings()
    alerts: AlertSettings = AlertSettings()
    mcp: McpSettings = McpSettings()
    pages: PagesSettings = PagesSettings()

    @classmethod
    def of(cls, settings: HubSettings | None) -> Self:
        """Return ``settings`` as this class, reading what only this hub has from the environment."""
        if settings is None:
            return cls()
        if isinstance(settings, cls):
            return settings
        return cls(**{name: getattr(settings, name) for name in type(settings).model_fields})

    @property
    def public_base(self) -> str:
        """Return the address that citizens see, without a trailing slash."""
        return (self.public_url or self.hubs.ux).rstrip("/")
