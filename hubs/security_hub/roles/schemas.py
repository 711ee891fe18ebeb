"""Scopes, what they mean in both languages, the built-in roles, and the API shapes of roles."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.core.errors import Invalid

# What a consent page says about each scope, in English and French.
SCOPES: dict[str, tuple[str, str]] = {
    "openid": ("Know who you are", "Savoir qui vous êtes"),
    "profile": ("See your name and language", "Voir votre nom et votre langue"),
    "email": ("See your e-mail address", "Voir votre adresse courriel"),
    "offline_access": ("Keep access while you are away", "Garder l’accès en votre absence"),
    "data:read": ("Read civic data", "Lire les données civiques"),
    "data:write": ("Change civic data", "Modifier les données civiques"),
    "subscriptions:read": ("See your subscriptions", "Voir vos abonnements"),
    "subscriptions:write": ("Change your subscriptions", "Modifier vos abonnements"),
    "analytics:read": ("Read analyses and charts", "Lire les analyses et les graphiques"),
    "analytics:write": ("Change analyses and charts", "Modifier les analyses et les graphiques"),
    "jobs:read": ("See jobs and imports", "Voir les tâches et les importations"),
    "jobs:write": ("Start and cancel jobs", "Lancer et annuler des tâches"),
    "ops:read": ("See the state of the platform", "Voir l’état de la plateforme"),
    "ops:write": ("Handle alerts and incidents", "Gérer les alertes et les incidents"),
    "audit:read": ("Read the audit log", "Lire le journal d’audit"),
    "audit:write": ("Write to the audit log", "Écrire dans le journal d’audit"),
    "users:read": ("See accounts and roles", "Voir les comptes et les rôles"),
    "users:admin": ("Manage accounts and roles", "Gérer les comptes et les rôles"),
    "clients:admin": (
        "Manage applications and service accounts",
        "Gérer les applications et les comptes de service",
    ),
    "keys:admin": ("Manage signing keys", "Gérer les clés de signature"),
    "keys:exchange": ("Exchange API keys for tokens", "Échanger des clés d’API contre des jetons"),
    "config:read": ("Read configuration and flags", "Lire la configuration et les indicateurs"),
    "config:write": ("Change configuration and flags", "Modifier la configuration et les indicateurs"),
    "policies:read": ("Read policies", "Lire les politiques d’accès"),
    "policies:write": ("Write and review policies", "Rédiger et réviser les politiques d’accès"),
    "policies:publish": ("Publish policies", "Publier les politiques d’accès"),
    "policies:decide": ("Ask for policy decisions", "Demander des décisions d’accès"),
    "policies:report": ("Report the state of policy agents", "Signaler l’état des agents d’accès"),
    "notices:read": ("See deliveries of notices", "Voir les envois d’avis"),
    "notices:write": ("Send and replay notices", "Envoyer et rejouer des avis"),
}
PERSONAL_SCOPES = ("openid", "profile", "email", "offline_access")
"""Scopes about oneself: every person may give them to an application."""

# name: (title EN, title FR, permissions)
BUILTIN_ROLES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "admin": ("Administrator", "Administration", ("*",)),
    "operator": (
        "Operator",
        "Exploitation",
        ("data:*", "jobs:*", "ops:*", "audit:read", "config:*", "notices:*", "policies:read", "analytics:*"),
    ),
    "editor": ("Editor", "Édition", ("data:*", "jobs:read", "analytics:*", "subscriptions:*")),
    "analyst": ("Analyst", "Analyse", ("data:read", "analytics:*", "jobs:read", "subscriptions:*")),
    "auditor": (
        "Auditor",
        "Vérification",
        ("audit:read", "ops:read", "config:read", "policies:read", "users:read"),
    ),
    "policy-author": ("Policy author", "Rédaction de politiques", ("policies:read", "policies:write")),
    "policy-publisher": (
        "Policy publisher",
        "Publication de politiques",
        ("policies:read", "policies:write", "policies:publish"),
    ),
    "member": ("Member", "Membre", ("data:read", "analytics:read", "subscriptions:*")),
}
DEFAULT_ROLE = "member"

_PERMISSION = re.compile(r"^(\*|[a-z][a-z0-9-]*:(\*|[a-z][a-z0-9-]*))$")


def is_covered(scope: str, permissions: frozenset[str] | set[str]) -> bool:
    """Tell whether permissions allow a scope; ``area:*`` and ``*`` stand for what they contain."""
    area = scope.partition(":")[0]
    return bool({scope, f"{area}:*", "*"} & permissions)


def _known_permission(value: str) -> str:
    if not _PERMISSION.match(value):
        raise ValueError("a permission reads <area>:<verb>, <area>:* or *")
    areas = {scope.partition(":")[0] for scope in SCOPES if ":" in scope}
    area, _, verb = value.partition(":")
    if value != "*" and (area not in areas or (verb != "*" and value not in SCOPES)):
        raise ValueError(f"unknown permission {value!r}")
    return value


Permission = Annotated[str, AfterValidator(_known_permission)]


def parse_scope(text: str) -> tuple[str, ...]:
    """Return the scopes in a space-separated string, each once, in order.

    Raises: Invalid for characters that RFC 6749 section 3.3 does not allow.
    """
    if len(text) > 2_000 or not re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e ]*", text):
        raise Invalid("not a list of scopes")
    return tuple(dict.fromkeys(text.split()))


class RoleRead(BaseModel):
    """A role."""

    model_config = ConfigDict(from_attributes=True)
    name: str
    title_en: str
    title_fr: str
    permissions: list[str]
    is_builtin: bool


class RoleList(BaseModel):
    """All roles, by name."""

    data: list[RoleRead]


class RoleCreate(BaseModel):
    """A new role."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=r"^[a-z][a-z0-9-]{1,48}$")
    title_en: str = Field(min_length=1, max_length=100)
    title_fr: str = Field(min_length=1, max_length=100)
    permissions: list[Permission] = Field(max_length=100)


class RoleUpdate(BaseModel):
    """What may change of a role."""

    model_config = ConfigDict(extra="forbid")
    title_en: str | None = Field(None, min_length=1, max_length=100)
    title_fr: str | None = Field(None, min_length=1, max_length=100)
    permissions: list[Permission] | None = Field(None, max_length=100)


class Rights(BaseModel):
    """What somebody may do: the names of the roles and everything they allow."""

    model_config = ConfigDict(frozen=True)
    roles: tuple[str, ...] = ()
    permissions: frozenset[str] = frozenset()

    def allow(self, scope: str) -> bool:
        """Tell whether these rights cover a scope; personal scopes are everybody's own."""
        return scope in PERSONAL_SCOPES or is_covered(scope, self.permissions)


class ScopeRead(BaseModel):
    """A scope and what it means."""

    name: str
    title_en: str
    title_fr: str


class ScopeList(BaseModel):
    """Every scope."""

    data: list[ScopeRead]
