"""The hubs as the console sees them, from memory: what was asked and done is remembered."""

from __future__ import annotations

from typing import Any

from shared.core.errors import AppError, Invalid, NotFound
from tests.unit.ux_pages.poison import poison

AT = "2026-05-28T16:00:00Z"
TESTS = {
    "engine": "opa", "passed": 1, "failed": 1,
    "tests": [
        {"package": "data.openpolicy.x_test", "name": "test_a", "is_passed": True, "detail": ""},
        {"package": "data.openpolicy.x_test", "name": "test_b", "is_passed": False, "detail": "expected true"},
    ],
    "coverage": {"percent": 87.5, "missed": [{"file": "main.rego", "rows": [[3, 3], [7, 9]]}]},
}  # fmt: skip
POLICY = {
    "name": "gateway", "title_en": "Gateway", "title_fr": "Passerelle", "root": "openpolicy/gateway",
    "bundle": "platform", "category": "", "tags": ["door"], "published_version": 1, "created_by": "user:1",
    "created_at": AT, "updated_at": AT,
}  # fmt: skip
IMPACT = {
    "engine": "opa", "compared": 3, "unchanged": 2, "newly_allowed": 0, "newly_denied": 1,
    "otherwise_changed": 0, "undefined": 0,
    "examples": [{"decision_id": "d1", "input": {"path": "/x"}, "before": True, "after": False}],
}  # fmt: skip
FLAG = {
    "key": "new-search", "title_en": "New search", "title_fr": "Nouvelle recherche", "is_killed": False,
    "definition": {"variants": {"on": True, "off": False}, "default": "off", "off": "off", "rules": []},
    "is_public": True, "expires_on": "2026-12-31", "version": 2, "changed_by": "user:1", "updated_at": AT,
}  # fmt: skip
DECISION = {
    "decision_id": "d1", "path": "openpolicy/gateway", "is_defined": True, "result": True,
    "input": {"path": "/x"}, "erased": [], "requested_by": "ux", "revision": "r", "duration_ms": 1.0,
}  # fmt: skip


CLIENT = {
    "client_id": "opc_bills", "kind": "service", "name_en": "Bill watch", "name_fr": "Vigie des lois",
    "scopes": ["data:read"], "redirect_uris": [], "created_at": AT, "last_used_at": None,
}  # fmt: skip
SCHEDULE = {
    "id": "s1", "name": "ca-federal-mps", "source_id": "ca-federal-mps", "cron": "10 5 * * *", "time_zone": "UTC",
    "catch_up": "all", "mode": "", "is_paused": False, "next_run_at": AT, "fired": 3,
}  # fmt: skip
RUN = {
    "run_id": "r1", "job_id": "j1", "source_id": "ca-federal-mps", "state": "held", "summary_en": "51 members",
    "summary_fr": "51 députés", "findings": [
        {"code": "count-drop", "is_blocking": True, "detail_en": "12 now, 51 before", "detail_fr": "12 maintenant, 51 avant"},
        {"code": "low-consistency", "is_blocking": False, "detail_en": "0%", "detail_fr": ""},
    ],
    "forecast": {"person": {"inserted": 1, "updated": 1}}, "report": {}, "reason": "", "reviewed_by": "",
    "steps": [{"name": "prepare", "started_at": AT, "duration_s": 0.5, "counts": {"person": 2, "sessions": {"45-1": 2}}}],
}  # fmt: skip


def api_key(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"k{number}", "name": f"Key {number}", "hint": f"opk_{number}abc", "scopes": ["data:read"],
        "created_at": AT, "expires_at": AT, "revoked_at": None, "last_used_at": AT, "replaced_by": None, **changes,
    }  # fmt: skip


def difference(number: int, change: str) -> dict[str, Any]:
    fields = {"name": ["Ann", "Anne"], "contacts": [[], [{"type": "email", "value": "a@example.org"}]]}
    return {
        "id": number, "kind": "person", "key": f"ca/house/person/{number}", "change": change,
        "title": f"Member {number}", "fields": fields if change == "updated" else {},
    }  # fmt: skip


def version(number: int, state: str = "draft") -> dict[str, Any]:
    return {
        "version": number, "state": state, "message": "Let editors in", "author": "user:1", "created_at": AT,
        "reviewer": "user:2", "review_note": "fine", "reviewed_at": AT, "published_by": "user:2",
        "published_at": AT, "content_hash": "h", "test_report": TESTS,
        "sources": {"main.rego": "package openpolicy.gateway\n\ndefault allow := false\n"},
        "tests": {"main_test.rego": "package openpolicy.gateway_test\n"}, "data": {"roles": ["editor"]},
    }  # fmt: skip


class FakeConsole:
    """Answers like every hub; ``done`` holds what was written."""

    def __init__(self, *, hostile: str = "", failing: AppError | None = None, state: str = "draft") -> None:
        self.hostile = hostile
        self.failing = failing
        self.state = state
        self.is_valid = True
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.done: list[tuple[str, str, Any]] = []

    def request(
        self, method: str, path: str, *, params: dict[str, Any] | None = None, json: Any = None
    ) -> Any:
        if method == "GET":
            self.asked.append((path, params or {}))
        else:
            self.done.append((method, path, json))
        answer = self._answer(method, path.partition("?")[0].removeprefix("/api/v1"), params or {})
        return poison(answer, self.hostile) if self.hostile and method == "GET" else answer

    def _answer(self, method: str, path: str, params: dict[str, Any]) -> Any:
        if method != "GET" and self.failing:
            raise self.failing
        versions = [version(2, self.state), version(1, "published")]
        found: dict[str, Any] = {
            "/policies": {"data": [POLICY]},
            "/policies/gateway": POLICY,
            "/policies/gateway/versions": {"version": 3} if method == "POST" else {"data": versions},
            "/policies/gateway/versions/2": versions[0],
            "/policies/gateway/versions/2/impact": IMPACT,
            "/policies/gateway/diff": {"from_version": 1, "to_version": 2, "files": {"main.rego": "--- a\n+++ b\n-x\n+y\n z"}},
            "/policies/validate": {"engine": "opa", "is_valid": self.is_valid, "problems": [] if self.is_valid else [
                {"file": "main.rego", "row": 3, "col": 9, "code": "rego_parse_error", "message": "unexpected ="}]},
            "/policies/try-tests": TESTS,
            "/decisions": {"data": [DECISION] if params.get("path") == "openpolicy/gateway" else [], "next": None},
            "/flags": {"data": [FLAG]},
            "/flags/new-search": FLAG,
            "/flags/new-search/versions": {"data": [
                {"version": n, "definition": FLAG["definition"], "is_killed": False, "reason": "why", "changed_by": "user:1", "changed_at": AT}
                for n in (2, 1)]},
            "/ofrep/v1/evaluate/flags/new-search": {"key": "new-search", "value": False, "variant": "off", "reason": "DEFAULT"},
            "/clients": CLIENT | {"client_secret": "opc-secret"} if method == "POST" else {"data": [CLIENT]},
            "/clients/opc_bills": CLIENT,
            "/clients/opc_app": CLIENT | {"client_id": "opc_app", "kind": "public"},
            "/clients/opc_bills/api-keys": api_key(9) | {"key": "opk_9_secret"} if method == "POST" else {"data": [
                api_key(1), api_key(2, revoked_at=AT), api_key(3, replaced_by="k1")]},
            "/clients/opc_bills/api-keys/k1/rotate": api_key(4) | {"key": "opk_4_secret"},
            "/schedules": {"data": [SCHEDULE]}, "/schedules/s1": SCHEDULE, "/runs/r1": RUN,
            "/runs/r1/differences": {"data": [difference(1, "inserted"), difference(2, "updated")],
                                     "next": "/api/v1/runs/r1/differences?cursor=more"},
            "/config/search.limit": {"key": "search.limit", "value": 20},
            "/config/search.limit/versions": {"data": [
                {"version": n, "value": n, "reason": "why", "changed_by": "user:1", "changed_at": AT} for n in (2, 1)]},
        }  # fmt: skip
        if path in found:
            return found[path]
        if method == "GET":
            raise NotFound(f"nothing at {path}")
        return None


def refused() -> Invalid:
    return Invalid("something is wrong with it")
