"""What the console lists: for each section the hub, the address, the columns and what a row offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """A column: the message that heads it, the field it shows, and how."""

    head: str
    field: str
    kind: str = "text"
    """text, pair, code, moment, number, flag, list, counts or word:<area of messages>."""


@dataclass(frozen=True)
class Section:
    """A list in the console."""

    name: str
    hub: str
    path: str
    scope: str
    columns: tuple[Column, ...]
    actions: tuple[str, ...] = ()
    """Names of actions offered on each row."""
    forms: tuple[str, ...] = ()
    """Names of actions offered above the list."""
    item: str = "id"
    detail: str = ""
    """Address of a row's own page, with {item} in it."""
    params: Mapping[str, Any] = field(default_factory=dict)
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Parameter to its choices; no choices: free text."""
    rows_in: str = "data"


def _c(head: str, name: str = "", kind: str = "text") -> Column:
    return Column(head, name or head, kind)


SECTIONS: dict[str, Section] = {
    section.name: section
    for section in (
        Section(
            "hubs", "ops", "/api/v1/health", "ops:read",
            (_c("name", kind="code"), _c("state", kind="word:state"), _c("reason"),
             _c("latency_ms", kind="number"), _c("since", kind="moment"), _c("caused_by", kind="list")),
            rows_in="targets", item="name",
        ),
        Section(
            "jobs", "business", "/api/v1/jobs", "jobs:read",
            (_c("source_id", kind="code"), _c("state", kind="word:job_state"),
             _c("phase", kind="word:job_phase"), _c("pages", kind="number"),
             _c("summary", kind="pair"), _c("created_at", kind="moment"),
             _c("finished_at", kind="moment")),
            forms=("start-job",), detail="/admin/jobs/{item}",
            filters={"state": ("pending", "running", "succeeded", "failed", "cancelled"), "source_id": ()},
        ),
        Section(
            "runs", "business", "/api/v1/runs", "jobs:read",
            (_c("source_id", kind="code"), _c("state", kind="word:run_state"), _c("staged", kind="counts"),
             _c("findings", kind="findings"), _c("created_at", kind="moment"), _c("reviewed_by")),
            item="run_id", detail="/admin/runs/{item}",
            filters={"state": ("held", "staging", "ready", "loaded", "dropped"), "source_id": ()},
        ),
        Section(
            "sources", "business", "/api/v1/sources", "jobs:read",
            (_c("id", kind="code"), _c("title", kind="pair"), _c("status", kind="word:source_status"),
             _c("kinds", kind="list"), _c("level"), _c("schedule", kind="code"), _c("reason")),
            actions=("scrape-source",),
        ),
        Section(
            "schedules", "business", "/api/v1/schedules", "jobs:read",
            (_c("name"), _c("source_id", kind="code"), _c("cron", kind="code"), _c("time_zone"),
             _c("is_paused", kind="flag"), _c("next_run_at", kind="moment"), _c("fired", kind="number")),
            actions=("set-schedule", "run-schedule", "pause-schedule", "resume-schedule", "delete-schedule"),
            forms=("add-schedule", "adopt-schedules"),
        ),
        Section(
            "queues", "business", "/api/v1/queues", "jobs:read",
            (_c("name", kind="code"), _c("is_dead", kind="flag"), _c("waiting", kind="number"),
             _c("in_hand", kind="number"), _c("consumers", kind="number"), _c("oldest_at", kind="moment")),
            item="name", detail="/admin/queues/{item}",
        ),
        Section(
            "workers", "business", "/api/v1/workers", "jobs:read",
            (_c("name", kind="code"), _c("kind"), _c("is_alive", kind="flag"), _c("silence_s", kind="number"),
             _c("job_id", kind="code")),
            item="name",
        ),
        Section(
            "errors", "ops", "/api/v1/errors/issues", "ops:read",
            (_c("title"), _c("culprit", kind="code"), _c("level"), _c("status", kind="word:issue_status"),
             _c("count", kind="number"), _c("last_seen", kind="moment")),
            actions=("resolve-issue", "reopen-issue"),
        ),
        Section(
            "alerts", "ops", "/api/v1/alerts", "ops:read",
            (_c("name", kind="code"), _c("status", kind="word:alert_status"), _c("severity"),
             _c("starts_at", kind="moment"), _c("ends_at", kind="moment"), _c("silenced_by", kind="code")),
        ),
        Section(
            "silences", "ops", "/api/v1/silences", "ops:read",
            (_c("matchers", kind="counts"), _c("reason"), _c("starts_at", kind="moment"),
             _c("ends_at", kind="moment"), _c("created_by", kind="code")),
            actions=("end-silence",), forms=("add-silence",),
        ),
        Section(
            "audit", "intelligence", "/api/v1/audit/entries", "audit:read",
            (_c("seq", kind="code"), _c("occurred_at", kind="moment"), _c("actor", kind="code"),
             _c("action", kind="code"), _c("target", kind="code"), _c("reason")),
            item="seq", detail="/admin/audit/{item}", filters={"actor": (), "action": (), "target": ()},
        ),
        Section(
            "decisions", "intelligence", "/api/v1/decisions", "audit:read",
            (_c("path", kind="code"), _c("result", kind="json"), _c("requested_by"),
             _c("duration_ms", kind="number"), _c("revision", kind="code")),
            item="decision_id", filters={"path": ()},
        ),
        Section(
            "users", "security", "/api/v1/users", "users:read",
            (_c("email"), _c("display_name"), _c("roles", kind="list"), _c("is_active", kind="flag"),
             _c("is_verified", kind="flag"), _c("last_login_at", kind="moment")),
            actions=("suspend-user", "restore-user", "sign-out-user", "set-roles"), forms=("add-user",),
            filters={"search": ()},
        ),
        Section(
            "roles", "security", "/api/v1/roles", "users:read",
            (_c("name", kind="code"), _c("title", kind="pair"), _c("permissions", kind="list"),
             _c("is_builtin", kind="flag")),
            item="name", forms=("add-role",),
        ),
        Section(
            "clients", "security", "/api/v1/clients", "clients:admin",
            (_c("client_id", kind="code"), _c("name", kind="pair"), _c("scopes", kind="list"),
             _c("kind", kind="word:choice"), _c("created_at", kind="moment")),
            item="client_id", detail="/admin/clients/{item}", forms=("add-client",),
        ),
        Section(
            "keys", "security", "/api/v1/signing-keys", "keys:admin",
            (_c("kid", kind="code"), _c("state"), _c("active_from", kind="moment"),
             _c("retired_at", kind="moment")),
            item="kid", forms=("rotate-keys",), actions=("revoke-key",),
        ),
        Section(
            "config", "security", "/api/v1/config", "config:read",
            (_c("key", kind="code"), _c("value", kind="json"), _c("source"), _c("version", kind="number"),
             _c("changed_at", kind="moment"), _c("changed_by", kind="code")),
            item="key", actions=("set-config", "unset-config"), detail="/admin/config/{item}",
        ),
        Section(
            "flags", "security", "/api/v1/flags", "config:read",
            (_c("key", kind="code"), _c("title", kind="pair"), _c("is_killed", kind="flag"),
             _c("expires_on"), _c("version", kind="number"), _c("updated_at", kind="moment")),
            item="key", actions=("kill-flag", "revive-flag"), forms=("add-flag",),
            detail="/admin/flags/{item}",
        ),
        Section(
            "policies", "security", "/api/v1/policies", "policies:read",
            (_c("name", kind="code"), _c("title", kind="pair"), _c("root", kind="code"),
             _c("published_version", kind="number"), _c("created_by", kind="code"),
             _c("updated_at", kind="moment")),
            item="name", forms=("add-policy",), detail="/admin/policies/{item}", filters={"search": ()},
        ),
        Section(
            "unmatched", "data", "/api/v1/unmatched", "data:write",
            (_c("name"), _c("count", kind="number"), _c("context"), _c("jurisdiction", kind="code"),
             _c("example", kind="code"), _c("last_seen", "seen_at", kind="moment")),
            actions=("resolve-name",),
        ),
        Section(
            "merges", "data", "/api/v1/merges", "data:write",
            (_c("merged_id", kind="code"), _c("into_id", kind="code"), _c("reason"),
             _c("merged_at", kind="moment"),
             _c("undone_at", kind="moment"), _c("undone_reason")),
            item="merged_id", actions=("unmerge-people",), forms=("merge-people",),
        ),
        Section(
            "deliveries", "ux", "/api/v1/deliveries", "notices:read",
            (_c("template", kind="code"), _c("channel"), _c("target"),
             _c("state", kind="word:delivery_state"),
             _c("attempts", kind="number"), _c("created_at", kind="moment"), _c("last_error")),
            actions=("replay-delivery",),
        ),
    )
}  # fmt: skip
"""In the order of the menu."""
