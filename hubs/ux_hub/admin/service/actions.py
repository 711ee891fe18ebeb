"""What the console can do: for each action the hub, the verb, the address, and what it asks first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from shared.core.clock import utc_now
from shared.core.errors import Invalid
from shared.http.json import loads

Form = Mapping[str, str]


@dataclass(frozen=True)
class Field:
    """A field of an action's form."""

    name: str
    is_required: bool = True
    is_long: bool = False
    default: str = ""


@dataclass(frozen=True)
class Action:
    """Something that can be done; a dangerous one is confirmed on a page of its own."""

    name: str
    hub: str
    method: str
    path: str
    scope: str
    back: str
    """Section to return to."""
    fields: tuple[Field, ...] = ()
    body: Callable[[Form], Any] | None = None
    is_dangerous: bool = False
    shows: str = ""
    """Address to go to in place of the section, with the answer's {id}."""

    def address(self, item: str) -> str:
        """Return the address at the hub."""
        return self.path.replace("{item}", quote(item, safe=""))

    @property
    def needs_page(self) -> bool:
        """Tell whether it is asked for on a page of its own."""
        return self.is_dangerous or bool(self.fields)


_REASON = Field("reason")


def _reason(form: Form) -> dict[str, str]:
    return {"reason": form["reason"]}


def _silence(form: Form) -> dict[str, Any]:
    name, _, value = form["matcher"].partition("=")
    if not name or not value:
        raise Invalid("a label and its value, such as alertname=HubDown")
    if not form["hours"].isdigit() or not 1 <= int(form["hours"][:6]) <= 24 * 90:
        raise Invalid("hours: a whole number from 1 to 2160")
    ends_at = utc_now() + timedelta(hours=int(form["hours"]))
    return {
        "matchers": {name.strip(): value.strip()},
        "reason": form["reason"],
        "ends_at": ends_at.isoformat(),
    }


def _account(form: Form) -> dict[str, Any]:
    return {"email": form["email"], "display_name": form["display_name"], "roles": _words(form["roles"])}


def _job(form: Form) -> dict[str, Any]:
    return {"source_id": form["source_id"], "options": {"upstream": form["upstream"]}}


def _config(form: Form) -> dict[str, Any]:
    try:
        value = loads(form["value"])
    except ValueError as error:
        raise Invalid("the value is JSON: text stands in double quotes") from error
    return {"value": value, "reason": form["reason"]}


ACTIONS: dict[str, Action] = {
    action.name: action
    for action in (
        Action("start-job", "business", "POST", "/api/v1/jobs", "jobs:write", "jobs",
               (Field("source_id"), Field("upstream", is_required=False)), _job, shows="/admin/jobs/{id}"),
        Action("scrape-source", "business", "POST", "/api/v1/jobs", "jobs:write", "jobs",
               body=lambda f: {"source_id": f["item"]}, shows="/admin/jobs/{id}"),
        Action("cancel-job", "business", "POST", "/api/v1/jobs/{item}/cancel", "jobs:write", "jobs",
               (_REASON,), _reason, is_dangerous=True, shows="/admin/jobs/{id}"),
        Action("retry-job", "business", "POST", "/api/v1/jobs/{item}/retry", "jobs:write", "jobs",
               shows="/admin/jobs/{id}"),
        Action("release-run", "business", "POST", "/api/v1/runs/{item}/release", "jobs:write", "runs",
               (_REASON,), _reason, is_dangerous=True),
        Action("refuse-run", "business", "POST", "/api/v1/runs/{item}/refuse", "jobs:write", "runs",
               (_REASON,), _reason, is_dangerous=True),
        Action("run-schedule", "business", "POST", "/api/v1/schedules/{item}/run", "jobs:write", "schedules",
               shows="/admin/jobs/{id}"),
        Action("pause-schedule", "business", "PATCH", "/api/v1/schedules/{item}", "jobs:write", "schedules",
               body=lambda _: {"is_paused": True}),
        Action("resume-schedule", "business", "PATCH", "/api/v1/schedules/{item}", "jobs:write", "schedules",
               body=lambda _: {"is_paused": False}),
        Action("delete-schedule", "business", "DELETE", "/api/v1/schedules/{item}", "jobs:write", "schedules",
               is_dangerous=True),
        Action("adopt-schedules", "business", "POST", "/api/v1/schedules/adopt", "jobs:write", "schedules"),
        Action("replay-dead", "business", "POST", "/api/v1/queues/{item}/dead/replay", "ops:write", "queues",
               body=lambda _: {}, is_dangerous=True),
        Action("purge-queue", "business", "POST", "/api/v1/queues/{item}/purge", "ops:write", "queues",
               (Field("confirm"),), lambda f: {"confirm": f["confirm"]}, is_dangerous=True),
        Action("resolve-issue", "ops", "PATCH", "/api/v1/errors/issues/{item}", "ops:write", "errors",
               body=lambda _: {"status": "resolved"}),
        Action("reopen-issue", "ops", "PATCH", "/api/v1/errors/issues/{item}", "ops:write", "errors",
               body=lambda _: {"status": "open"}),
        Action("add-silence", "ops", "POST", "/api/v1/silences", "ops:write", "silences",
               (Field("matcher"), Field("hours", default="1"), _REASON), _silence),
        Action("end-silence", "ops", "DELETE", "/api/v1/silences/{item}", "ops:write", "silences",
               is_dangerous=True),
        Action("add-user", "security", "POST", "/api/v1/users", "users:admin", "users",
               (Field("email"), Field("display_name", is_required=False), Field("roles", default="member")),
               _account),
        Action("suspend-user", "security", "PATCH", "/api/v1/users/{item}", "users:admin", "users",
               (_REASON,), lambda f: {"is_active": False, **_reason(f)}, is_dangerous=True),
        Action("restore-user", "security", "PATCH", "/api/v1/users/{item}", "users:admin", "users",
               (_REASON,), lambda f: {"is_active": True, **_reason(f)}),
        Action("set-roles", "security", "PATCH", "/api/v1/users/{item}", "users:admin", "users",
               (Field("roles"), _REASON), lambda f: {"roles": _words(f["roles"]), **_reason(f)},
               is_dangerous=True),
        Action("sign-out-user", "security", "DELETE", "/api/v1/users/{item}/sessions", "users:admin", "users",
               is_dangerous=True),
        Action("rotate-keys", "security", "POST", "/api/v1/signing-keys/rotate", "keys:admin", "keys",
               is_dangerous=True),
        Action("revoke-key", "security", "POST", "/api/v1/signing-keys/{item}/revoke", "keys:admin", "keys",
               is_dangerous=True),
        Action("set-config", "security", "PUT", "/api/v1/config/{item}", "config:write", "config",
               (Field("value", is_long=True), _REASON), _config, is_dangerous=True),
        Action("unset-config", "security", "DELETE", "/api/v1/config/{item}", "config:write", "config",
               is_dangerous=True),
        Action("kill-flag", "security", "POST", "/api/v1/flags/{item}/kill", "config:write", "flags",
               (_REASON,), lambda f: {"is_killed": True, **_reason(f)}, is_dangerous=True),
        Action("revive-flag", "security", "POST", "/api/v1/flags/{item}/kill", "config:write", "flags",
               (_REASON,), lambda f: {"is_killed": False, **_reason(f)}),
        Action("replay-delivery", "ux", "POST", "/api/v1/deliveries/{item}/replay",
               "notices:write", "deliveries"),
        Action("resolve-name", "data", "POST", "/api/v1/unmatched/{item}/resolve", "data:write", "unmatched",
               (Field("person", is_required=False), _REASON),
               lambda f: {"person": f["person"] or None, "reason": f["reason"]}),
    )
}  # fmt: skip


def _words(text: str) -> list[str]:
    return [word for word in text.replace(",", " ").split() if word]


def is_offered(action: Action, row: Mapping[str, Any]) -> bool:
    """Tell whether an action makes sense for a row as it is now."""
    match action.name:
        case "cancel-job":
            return bool(row["state"] in ("pending", "running"))
        case "retry-job":
            return bool(row["state"] in ("failed", "cancelled"))
        case "release-run" | "refuse-run":
            return bool(row["state"] == "held")
        case "pause-schedule":
            return not row["is_paused"]
        case "resume-schedule":
            return bool(row["is_paused"])
        case "resolve-issue":
            return bool(row["status"] != "resolved")
        case "reopen-issue":
            return bool(row["status"] == "resolved")
        case "suspend-user":
            return bool(row["is_active"])
        case "restore-user":
            return not row["is_active"]
        case "kill-flag":
            return not row["is_killed"]
        case "revive-flag":
            return bool(row["is_killed"])
        case "replay-delivery":
            return bool(row["state"] == "dead")
        case "scrape-source":
            return row.get("status", "") not in ("disabled", "blocked")
    return True
