"""Settings: environment variables ``OP_*`` (nested with ``__``), each with a default that works embedded."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import threading
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, Field, JsonValue, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Environment = Literal["embedded", "development", "production"]
LIVE_MARK = "x-live-fr"


def live(title_fr: str) -> dict[str, JsonValue]:
    """Mark a field as safe to change while the process runs (``json_schema_extra=live(...)``).

    Whoever reads it does so at each use, or watches it. The field's description is its English title.
    """
    return {LIVE_MARK: title_fr}


class DatabaseSettings(BaseModel):
    """PostgreSQL; an empty ``url`` means the embedded server under ``data_dir``."""

    url: str = Field("", description="postgresql://host/db; empty: the embedded server")
    role_per_hub: bool = Field(True, description="connect as op_<hub>, a role that owns its schema only")
    role_password: SecretStr = Field(
        SecretStr(""), description="secret from which each role's password is derived"
    )
    pool_size: int = Field(3, ge=1, description="connections kept per process")
    max_overflow: int = Field(2, ge=0, description="further connections under load")
    statement_timeout_ms: int = Field(30_000, ge=0, description="milliseconds; 0 is none")
    lock_timeout_ms: int = Field(3_000, ge=0, description="milliseconds; 0 is none")


class RabbitSettings(BaseModel):
    """RabbitMQ; an empty ``url`` means the embedded broker on PostgreSQL."""

    url: str = Field("", description="amqp://user:password@host:5672/vhost; empty: embedded")
    management_url: str = Field("", description="http://user:password@host:15672; empty: AMQP only")
    embedded_dsn: str = Field(
        "", description="libpq string of the embedded broker, for a process without a database of its own"
    )
    prefetch: int = Field(20, ge=1, description="unacknowledged messages per consumer")


class RedisSettings(BaseModel):
    """Redis; an empty ``url`` means in-process caches."""

    url: str = Field("", description="redis://host:6379/0; empty: in-process")


class OpaSettings(BaseModel):
    """Open Policy Agent; an empty ``url`` means the embedded engine."""

    url: str = Field("", description="http://host:8181; empty: the embedded Rego engine")
    is_fed: bool = Field(
        True,
        description="put the platform's policies into the server; false for one that pulls bundles itself",
    )


class HubUrls(BaseModel):
    """Base URL of each hub, without a trailing slash."""

    ux: str = "http://127.0.0.1:8000"
    security: str = "http://127.0.0.1:8001"
    data: str = "http://127.0.0.1:8002"
    business: str = "http://127.0.0.1:8003"
    ops: str = "http://127.0.0.1:8004"
    intelligence: str = "http://127.0.0.1:8005"


class AuthSettings(BaseModel):
    """Who issues tokens, and as whom this process asks for its own."""

    issuer: str = Field("", description="issuer URL; empty: the security hub's base URL")
    audience: str = Field("openpolicy", description="audience that tokens for the hubs carry")
    client_id: str = Field("", description="client for service-to-service calls; empty: hub:<name>")
    client_secret: SecretStr = Field(
        SecretStr(""), description="its secret; embedded: derived from the file data_dir/secret"
    )
    leeway_s: float = Field(10.0, ge=0, description="seconds of clock difference allowed")
    jwks_max_age_s: float = Field(300.0, ge=1, description="seconds that a key set is cached")


class ProbeSettings(BaseModel):
    """Where a process that serves nothing else answers those who watch it."""

    host: str = Field("127.0.0.1", description="address of the port; 0.0.0.0 in a container")
    port: int = Field(0, ge=0, le=65_535, description="port of /livez, /readyz and /metrics; 0: none")


class HttpSettings(BaseModel):
    """Limits of the HTTP edge."""

    max_body_bytes: int = Field(10 * 2**20, ge=1024, description="bytes of a request body")
    client_timeout_s: float = Field(
        10.0,
        gt=0,
        description="seconds for a call to another hub",
        json_schema_extra=live("secondes pour un appel à un autre pôle"),
    )


class HubSettings(BaseSettings):
    """Settings that every process has; a hub may subclass it."""

    model_config = SettingsConfigDict(env_prefix="OP_", env_nested_delimiter="__", extra="ignore")

    environment: Environment = Field("embedded", description="embedded, development or production")
    data_dir: Path = Field(Path("var"), description="folder for everything this installation keeps")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO",
        description="least severe lines that are logged",
        json_schema_extra=live("niveau des lignes les moins graves qui sont journalisées"),
    )
    log_format: Literal["json", "console"] = "json"
    secret: SecretStr = Field(
        SecretStr(""), description="root secret; embedded: generated into data_dir/secret"
    )
    follows_configuration: bool = Field(
        True, description="take changes of live settings from the security hub while running"
    )
    public_url: str = Field("", description="address that citizens see; empty: the ux hub's")
    error_dsn: SecretStr = Field(SecretStr(""), description="Sentry-style DSN to report errors to")
    database: DatabaseSettings = DatabaseSettings()
    rabbit: RabbitSettings = RabbitSettings()
    redis: RedisSettings = RedisSettings()
    opa: OpaSettings = OpaSettings()
    hubs: HubUrls = HubUrls()
    auth: AuthSettings = AuthSettings()
    http: HttpSettings = HttpSettings()
    probe: ProbeSettings = ProbeSettings()

    @model_validator(mode="after")
    def _production_has_its_own_secrets(self) -> Self:
        if self.environment != "production":
            return self
        weak = {"", "secret", "changeme", "change-me", "password", "guest", "your-secret-key-here"}
        root = self.secret.get_secret_value()
        if root.strip().lower() in weak or len(root) < 32:
            raise ValueError("production needs OP_SECRET: at least 32 characters of its own")
        if not self.database.url:
            raise ValueError("production needs OP_DATABASE__URL: the embedded server is for trying out")
        if not self.rabbit.url:
            raise ValueError("production needs OP_RABBIT__URL: the embedded broker is for trying out")
        if "guest:guest@" in self.rabbit.url:
            raise ValueError("production refuses RabbitMQ's default password guest")
        return self

    @property
    def issuer(self) -> str:
        """Return the issuer URL of tokens."""
        return self.auth.issuer or self.hubs.security

    @property
    def is_embedded(self) -> bool:
        """Tell whether secrets may be generated into ``data_dir``."""
        return self.environment != "production"


def root_secret(settings: HubSettings) -> bytes:
    """Return the installation's root secret; embedded, generate it once into ``data_dir/secret``.

    Raises: ValueError in production when ``OP_SECRET`` is not set.
    """
    given = settings.secret.get_secret_value()
    if given:
        return given.encode()
    if not settings.is_embedded:
        raise ValueError("production needs OP_SECRET")
    path = settings.data_dir / "secret"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # Written aside and linked: of two processes that start together, one wins and both read it.
        draft = path.with_name(f".secret-{os.getpid()}-{threading.get_ident()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text().strip().encode()


def derive_secret(settings: HubSettings, purpose: str) -> str:
    """Return a secret for one purpose, derived from the root secret (HMAC-SHA-256, hexadecimal)."""
    return derive(root_secret(settings), purpose)


def derive(root: bytes, purpose: str) -> str:
    """Return a secret for one purpose, derived from a root secret at hand."""
    return hmac.new(root, purpose.encode(), hashlib.sha256).hexdigest()
