"""What the console can do: for each action the hub, the verb, the address, and what it asks first."""

from __future__ import annotations

import json
import re
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
    choices: tuple[str, ...] = ()
    is_hidden: bool = False
    """Sent along unseen: which state a change was made upon."""


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
    """Address to go to in place of the section, with the answer's {id} or the form's values."""
    reads: str = ""
    """Address of what the form begins with: the thing as it is now."""
    fill: Callable[[Mapping[str, Any]], Form] | None = None
    reveals: str = ""
    """Field of the answer that is shown this once: a secret."""

    def address(self, form: Form) -> str:
        """Return the address at the hub; a {name} in it is what the form says."""
        return fill_in(self.path, form)

    @property
    def needs_page(self) -> bool:
        """Tell whether it is asked for on a page of its own."""
        return self.is_dangerous or bool(self.fields)


def fill_in(path: str, values: Mapping[str, Any]) -> str:
    """Return a path with each {name} replaced by its value, which stays one segment."""
    return re.sub(r"{(\w+)}", lambda match: quote(str(values.get(match[1], "")), safe=""), path)


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


def _json(text: str, what: str) -> Any:
    try:
        return loads(text)
    except ValueError as error:
        raise Invalid(f"the {what} is JSON: text stands in double quotes") from error


def written(value: Any) -> str:
    """Return a value as JSON that a person can read and change."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def _config(form: Form) -> dict[str, Any]:
    return {"value": _json(form["value"], "value"), "reason": form["reason"]}


def _flag(form: Form) -> dict[str, Any]:
    body = {
        "title_en": form["title_en"], "title_fr": form["title_fr"], "reason": form["reason"],
        "definition": _json(form["definition"], "definition"), "is_public": form["is_public"] == "yes",
        "expires_on": form["expires_on"] or None,
    }  # fmt: skip
    # Somebody else may have changed it meanwhile: the hub refuses then.
    return body | ({"expected_version": int(form["version"])} if form.get("version", "").isdigit() else {})


def _flag_now(flag: Mapping[str, Any]) -> Form:
    return {
        "title_en": flag["title_en"], "title_fr": flag["title_fr"], "definition": written(flag["definition"]),
        "is_public": "yes" if flag["is_public"] else "no", "expires_on": flag["expires_on"] or "",
        "version": str(flag["version"]),
    }  # fmt: skip


def _schedule(form: Form) -> dict[str, Any]:
    asked = {name: form[name] for name in ("cron", "time_zone", "catch_up", "mode")}
    # Registered for the platform's own mode unless somebody says otherwise.
    return asked | {"mode": "" if form["mode"] == "as-set" else form["mode"]}


def _schedule_now(schedule: Mapping[str, Any]) -> Form:
    return {name: str(schedule[name]) for name in ("cron", "time_zone", "catch_up")} | {
        "mode": schedule["mode"] or "as-set"
    }


def _client(form: Form) -> dict[str, Any]:
    return {
        **{name: form[name] for name in ("kind", "name_en", "name_fr")}, "scopes": _words(form["scopes"]),
        "redirect_uris": _words(form["redirect_uris"]),
    }  # fmt: skip


def _api_key(form: Form) -> dict[str, Any]:
    days = _number(form["days"], "days")
    return {"name": form["title"], "scopes": _words(form["scopes"]), "expires_in_days": days}


def _policy(form: Form) -> dict[str, Any]:
    return {name: form[name] for name in ("name", "title_en", "title_fr", "root")}


_NEW_FLAG = """{
  "variants": {"on": true, "off": false},
  "default": "off",
  "off": "off",
  "rules": []
}"""
_TITLES = (Field("title_en"), Field("title_fr"))
_YES_NO = ("no", "yes")
_FLAG_FIELDS = (
    *_TITLES, Field("definition", is_long=True, default=_NEW_FLAG),
    Field("is_public", default="no", choices=_YES_NO), Field("expires_on", is_required=False), _REASON,
)  # fmt: skip
_POLICY_VERSION = "/admin/policies/{item}/versions/{version}"
_SCHEDULE_FIELDS = (
    Field("cron"), Field("time_zone", default="America/Toronto"),
    Field("catch_up", default="once", choices=("once", "none", "all")),
    Field("mode", default="as-set", choices=("as-set", "production", "test")),
)  # fmt: skip
_CLIENT_PAGE, _CLIENT_KEYS = "/admin/clients/{client}", "/api/v1/clients/{client}/api-keys"
_OF_CLIENT = Field("client", is_hidden=True)
_FLAG_PAGE, _POLICY_PAGE = "/admin/flags/{item}", "/admin/policies/{item}"


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
        Action("add-schedule", "business", "POST", "/api/v1/schedules", "jobs:write", "schedules",
               (Field("title"), Field("source_id"), *_SCHEDULE_FIELDS),
               lambda f: {"name": f["title"], "source_id": f["source_id"], **_schedule(f)}),
        Action("set-schedule", "business", "PATCH", "/api/v1/schedules/{item}", "jobs:write", "schedules",
               _SCHEDULE_FIELDS, _schedule, reads="/api/v1/schedules/{item}", fill=_schedule_now),
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
        Action("add-client", "security", "POST", "/api/v1/clients", "clients:admin", "clients",
               (Field("kind", default="service", choices=("service", "confidential", "public")),
                Field("name_en"), Field("name_fr"), Field("scopes"),
                Field("redirect_uris", is_required=False)),
               _client, reveals="client_secret"),
        Action("add-api-key", "security", "POST", _CLIENT_KEYS, "clients:admin", "clients",
               (Field("title"), Field("scopes"), Field("days", default="365"), _OF_CLIENT), _api_key,
               shows=_CLIENT_PAGE, reveals="key"),
        Action("rotate-api-key", "security", "POST", _CLIENT_KEYS + "/{item}/rotate", "clients:admin",
               "clients", (_OF_CLIENT,), is_dangerous=True, shows=_CLIENT_PAGE, reveals="key"),
        Action("revoke-api-key", "security", "DELETE", _CLIENT_KEYS + "/{item}", "clients:admin", "clients",
               (_OF_CLIENT,), is_dangerous=True, shows=_CLIENT_PAGE),
        Action("set-config", "security", "PUT", "/api/v1/config/{item}", "config:write", "config",
               (Field("value", is_long=True), _REASON), _config, is_dangerous=True,
               reads="/api/v1/config/{item}", fill=lambda now: {"value": written(now["value"])}),
        Action("rollback-config", "security", "POST", "/api/v1/config/{item}/rollback", "config:write",
               "config", (Field("version"), _REASON),
               lambda f: {"version": _number(f["version"], "version"), **_reason(f)}, is_dangerous=True,
               shows="/admin/config/{item}"),
        Action("unset-config", "security", "DELETE", "/api/v1/config/{item}", "config:write", "config",
               is_dangerous=True),
        Action("add-flag", "security", "PUT", "/api/v1/flags/{key}", "config:write", "flags",
               (Field("key"), *_FLAG_FIELDS), lambda f: {**_flag(f), "expected_version": 0},
               shows="/admin/flags/{key}"),
        Action("set-flag", "security", "PUT", "/api/v1/flags/{item}", "config:write", "flags",
               (*_FLAG_FIELDS, Field("version", is_required=False, is_hidden=True)), _flag,
               is_dangerous=True, shows=_FLAG_PAGE, reads="/api/v1/flags/{item}", fill=_flag_now),
        Action("rollback-flag", "security", "POST",
               "/api/v1/flags/{item}/rollback?version={version}&reason={reason}", "config:write", "flags",
               (Field("version"), _REASON), is_dangerous=True, shows=_FLAG_PAGE),
        Action("delete-flag", "security", "DELETE", "/api/v1/flags/{item}", "config:write", "flags",
               is_dangerous=True),
        Action("add-policy", "security", "POST", "/api/v1/policies", "policies:write", "policies",
               (Field("name"), *_TITLES, Field("root")), _policy, shows="/admin/policies/{name}"),
        Action("test-version", "security", "POST", "/api/v1/policies/{item}/versions/{version}/test",
               "policies:write", "policies", (Field("version"),), shows=_POLICY_VERSION),
        Action("submit-version", "security", "POST", "/api/v1/policies/{item}/versions/{version}/submit",
               "policies:write", "policies", (Field("version"),), shows=_POLICY_VERSION),
        Action("review-version", "security", "POST", "/api/v1/policies/{item}/versions/{version}/review",
               "policies:write", "policies",
               (Field("version"), Field("verdict", default="approve", choices=("approve", "reject")),
                Field("note", is_required=False, is_long=True)),
               lambda f: {"is_approved": f["verdict"] == "approve", "note": f["note"]}, is_dangerous=True,
               shows=_POLICY_VERSION),
        Action("publish-version", "security", "POST", "/api/v1/policies/{item}/versions/{version}/publish",
               "policies:publish", "policies", (Field("version"),), is_dangerous=True,
               shows=_POLICY_VERSION),
        Action("rollback-version", "security", "POST",
               "/api/v1/policies/{item}/versions/{version}/rollback", "policies:publish", "policies",
               (Field("version"),), is_dangerous=True, shows=_POLICY_VERSION),
        Action("retire-policy", "security", "POST", "/api/v1/policies/{item}/retire", "policies:publish",
               "policies", is_dangerous=True, shows=_POLICY_PAGE),
        Action("add-role", "security", "POST", "/api/v1/roles", "users:admin", "roles",
               (Field("name"), *_TITLES, Field("permissions")),
               lambda f: {**{n: f[n] for n in ("name", "title_en", "title_fr")},
                          "permissions": _words(f["permissions"])}),
        Action("merge-people", "data", "POST", "/api/v1/people/{loser}/merge", "data:write", "merges",
               (Field("loser"), Field("into"), _REASON), lambda f: {"into": f["into"], **_reason(f)},
               is_dangerous=True),
        Action("unmerge-people", "data", "POST", "/api/v1/people/{item}/unmerge", "data:write", "merges",
               (_REASON,), _reason, is_dangerous=True),
        Action("discard-dead", "business", "POST", "/api/v1/queues/{item}/dead/discard", "ops:write",
               "queues", body=lambda _: {}, is_dangerous=True),
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


def _number(text: str, what: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Invalid(f"{what}: a whole number")
    return int(text)


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
        case "unmerge-people":
            return row.get("undone_at") is None
        case "rotate-api-key":
            return row["revoked_at"] is None and row["replaced_by"] is None
        case "revoke-api-key":
            return row["revoked_at"] is None
        case "submit-version":
            return bool(row["state"] in ("draft", "rejected"))
        case "review-version":
            return bool(row["state"] == "in-review")
        case "publish-version":
            return bool(row["state"] == "approved")
        case "rollback-version":
            return bool(row["state"] == "superseded")
        case "replay-delivery":
            return bool(row["state"] == "dead")
        case "scrape-source":
            return row.get("status", "") not in ("disabled", "blocked")
    return True
