"""The console's editors and actions: what they ask, what they send, what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import html5lib
import pytest
from starlette.testclient import TestClient

from hubs.ux_hub.admin.dependencies import COOKIE, Hubs
from hubs.ux_hub.admin.service.actions import ACTIONS, fill_in
from hubs.ux_hub.admin.service.drafts import read_draft
from hubs.ux_hub.admin.service.sections import SECTIONS
from hubs.ux_hub.admin.service.sessions import ConsoleSessions
from hubs.ux_hub.web.opening import MESSAGES
from hubs.ux_hub.web.service.language import read_catalogue
from shared.core.errors import Conflict, Invalid
from tests.unit.ux_pages.fake_console import FakeConsole, refused
from tests.unit.ux_pages.soundness import active, elements, faults, parse
from tests.unit.ux_pages.test_hostile import FRAGMENTS

PAGES = (
    "/policies", "/policies/gateway", "/policies/gateway/versions/2", "/policies/gateway/edit",
    "/policies/gateway/versions/2?path=openpolicy/gateway", "/policies/gateway/diff?from=1&to=2", "/flags",
    "/clients", "/clients/opc_bills", "/clients/opc_app", "/schedules", "/runs/r1", "/runs/r1?change=updated&cursor=x",
    "/flags/new-search", '/flags/new-search?context={"targetingKey":"x"}', "/config/search.limit",
)  # fmt: skip
Enter = Callable[..., "Visit"]


class Visit:
    """A signed-in person and the hubs behind the console."""

    def __init__(self, client: TestClient, hubs: FakeConsole, csrf: str, cookie: str) -> None:
        self.client, self.hubs, self.csrf = client, hubs, csrf
        self._headers = {"Cookie": f"{COOKIE}={cookie}"}

    def get(self, path: str, lang: str = "en") -> Any:
        return self.client.get(f"/{lang}/admin{path}", headers=self._headers)

    def post(self, path: str, /, **form: str) -> Any:
        return self.client.post(f"/en/admin{path}", data={"csrf": self.csrf, **form}, headers=self._headers)


@pytest.fixture
def enter(client: TestClient) -> Enter:
    def sign_in(hubs: FakeConsole | None = None, permissions: tuple[str, ...] = ("*",)) -> Visit:
        fake = hubs or FakeConsole()
        me = {"email": "a@example.org", "display_name": "A", "roles": ["admin"], "permissions": permissions}

        class Identity:
            def request(self, method: str, path: str, *, json: Any = None) -> Any:
                return me

        class Reached(Hubs):
            def caller(self, hub: str, tokens: Any) -> Any:
                return fake

        resources = client.app.state.resources  # type: ignore[attr-defined]
        sessions = ConsoleSessions(resources.cache, Identity(), lambda token: Identity())
        resources.put(sessions)
        resources.put(Reached(resources), Hubs)
        opened = sessions.open({"access_token": "t", "expires_in": 3_600})
        return Visit(client, fake, opened.csrf, opened.name)

    return sign_in


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_the_console_is_sound(enter: Enter, path: str, lang: str) -> None:
    answer = enter().get(path, lang)
    assert answer.status_code == 200
    assert faults(parse(answer.text), lang) == []
    assert answer.headers["cache-control"] == "no-store"


def test_attacks_in_what_the_hubs_say_are_inert_at_the_console(enter: Enter) -> None:
    visit = enter(FakeConsole(hostile="".join(FRAGMENTS)))
    for path in PAGES:
        answer = visit.get(path)
        assert answer.status_code == 200, path
        assert active(html5lib.parse(answer.text)) == [], path


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_every_action_asks_in_both_languages_before_it_does_anything(enter: Enter, lang: str) -> None:
    visit = enter()
    for name, action in ACTIONS.items():
        item = {"set-flag": "new-search", "set-config": "search.limit", "set-schedule": "s1"}.get(name, "x")
        answer = visit.get(f"/do/{name}?item={item}", lang)
        assert answer.status_code == 200, name
        assert faults(parse(answer.text), lang) == [], name
        fields = {
            e.get("name") for tag, e in elements(parse(answer.text)) if tag in ("input", "textarea", "select")
        }
        assert {field.name for field in action.fields} <= fields, name
    assert visit.hubs.done == []


def test_a_form_begins_with_the_thing_as_it_is_and_says_which_state_that_was(enter: Enter) -> None:
    html = enter().get("/do/set-flag?item=new-search").text
    assert "&#34;default&#34;: &#34;off&#34;" in html
    assert '<input type="hidden" name="version" value="2">' in html
    assert 'value="2026-12-31"' in html
    assert "20</textarea>" in enter().get("/do/set-config?item=search.limit").text


def test_a_changed_flag_is_sent_with_the_version_it_was_made_upon(enter: Enter) -> None:
    visit = enter()
    answer = visit.post(
        "/do/set-flag", item="new-search", confirmed="yes", title_en="A", title_fr="B", is_public="no",
        definition='{"variants": {"on": true}, "default": "on", "off": "on"}', expires_on="", reason="r", version="2",
    )  # fmt: skip
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/admin/flags/new-search")
    method, path, body = visit.hubs.done[0]
    assert (method, path) == ("PUT", "/api/v1/flags/new-search")
    assert body["expected_version"] == 2
    assert body["definition"]["default"] == "on"
    assert (body["expires_on"], body["is_public"]) == (None, False)


def test_what_the_hub_refuses_stays_in_the_form_with_the_reason(enter: Enter) -> None:
    for error, status in ((refused(), 422), (Conflict("somebody changed it"), 409)):
        visit = enter(FakeConsole(failing=error))
        answer = visit.post(
            "/do/set-config", item="search.limit", confirmed="yes", value="[1]", reason="because"
        )
        assert answer.status_code == status
        assert error.detail in answer.text
        assert "[1]</textarea>" in answer.text
    visit = enter()
    answer = visit.post("/do/set-config", item="search.limit", confirmed="yes", value="not json", reason="r")
    assert answer.status_code == 422
    assert visit.hubs.done == []


def test_a_value_in_an_address_stays_one_segment() -> None:
    assert (
        fill_in("/x/{item}/y?r={reason}", {"item": "a/../b?c", "reason": "d&e=f"})
        == "/x/a%2F..%2Fb%3Fc/y?r=d%26e%3Df"
    )


def test_a_version_is_brought_back_with_a_reason(enter: Enter) -> None:
    visit = enter()
    assert 'value="1"' in visit.get("/do/rollback-flag?item=new-search&version=1").text
    visit.post(
        "/do/rollback-flag", item="new-search", confirmed="yes", version="1", reason="it broke & burnt"
    )
    visit.post("/do/rollback-config", item="search.limit", confirmed="yes", version="1", reason="r")
    visit.post("/do/rollback-config", item="search.limit", confirmed="yes", version="one", reason="r")
    assert visit.hubs.done == [
        ("POST", "/api/v1/flags/new-search/rollback?version=1&reason=it%20broke%20%26%20burnt", None),
        ("POST", "/api/v1/config/search.limit/rollback", {"version": 1, "reason": "r"}),
    ]


def test_a_flag_answers_a_try_and_says_when_the_context_is_none(enter: Enter) -> None:
    visit = enter()
    assert "variant off, because: DEFAULT" in visit.get('/flags/new-search?context={"targetingKey":"x"}').text
    assert visit.hubs.done == [
        ("POST", "/ofrep/v1/evaluate/flags/new-search", {"context": {"targetingKey": "x"}})
    ]
    assert "This is not JSON" in visit.get("/flags/new-search?context={x").text


def test_the_editor_checks_and_tests_without_keeping_anything(enter: Enter) -> None:
    visit = enter()
    answer = visit.post("/policies/gateway/edit", do="check", **DRAFT)
    assert answer.status_code == 200
    assert "1 passed, 1 failed" in answer.text
    assert "expected true" in answer.text
    assert [path for _, path, _ in visit.hubs.done] == [
        "/api/v1/policies/validate?root=openpolicy%2Fgateway",
        "/api/v1/policies/try-tests?root=openpolicy%2Fgateway",
    ]
    assert visit.hubs.done[0][2] == {
        "sources": {"main.rego": "package x\n"}, "tests": {"main_test.rego": "package y\n"}, "data": {"a": 1},
    }  # fmt: skip
    # What was written is still there.
    assert "package x\n</textarea>" in answer.text
    assert faults(parse(answer.text), "en") == []


def test_the_editor_names_file_row_and_column_of_a_mistake_and_does_not_test_it(enter: Enter) -> None:
    hubs = FakeConsole()
    hubs.is_valid = False
    visit = enter(hubs)
    answer = visit.post("/policies/gateway/edit", do="check", **DRAFT)
    assert "main.rego, row 3, column 9" in answer.text
    assert len(hubs.done) == 1


def test_the_editor_keeps_a_version_and_shows_it(enter: Enter) -> None:
    visit = enter()
    answer = visit.post("/policies/gateway/edit", do="save", message="more", **DRAFT)
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/admin/policies/gateway/versions/3")
    assert visit.hubs.done[0][1] == "/api/v1/policies/gateway/versions"
    assert visit.hubs.done[0][2]["message"] == "more"


@pytest.mark.parametrize(
    ("form", "said"),
    [({}, "at least one file"), ({"sources-0-name": "a.rego", "data": "{"}, "JSON"),
     ({"sources-0-name": "a.rego", "data": "[]"}, "JSON object"),
     ({"sources-0-name": "a.rego", "sources-1-name": "a.rego"}, "two files")],
)  # fmt: skip
def test_a_draft_that_is_none_is_refused_without_asking(
    enter: Enter, form: dict[str, str], said: str
) -> None:
    visit = enter()
    answer = visit.post("/policies/gateway/edit", do="save", **form)
    assert answer.status_code == 422
    assert said in answer.text
    assert visit.hubs.done == []


def test_problems_that_the_hub_finds_on_keeping_are_shown_by_place(enter: Enter) -> None:
    problem = {"file": "main.rego", "row": 1, "col": 2, "code": "root", "message": "outside its root"}
    visit = enter(FakeConsole(failing=Invalid("the policy has problems", problems=[problem])))
    answer = visit.post("/policies/gateway/edit", do="save", **DRAFT)
    assert answer.status_code == 422
    assert "main.rego, row 1, column 2" in answer.text


def test_a_file_without_a_name_is_left_out_and_line_ends_are_plain() -> None:
    draft = read_draft(
        {"sources-3-name": "b.rego", "sources-3-text": "x\r\ny", "tests-0-name": " ", "tests-0-text": "z"}
    )
    assert (draft.sources, draft.tests) == ({"b.rego": "x\ny"}, {})


def test_the_impact_of_a_version_is_asked_on_logged_decisions(enter: Enter) -> None:
    visit = enter()
    html = visit.get("/policies/gateway/versions/2?path=openpolicy/gateway").text
    assert "Newly denied" in html
    _, path, body = visit.hubs.done[0]
    assert path == "/api/v1/policies/gateway/versions/2/impact"
    assert [one["decision_id"] for one in body["decisions"]] == ["d1"]
    assert "No decision at this path" in visit.get("/policies/gateway/versions/2?path=nowhere").text


def test_a_version_offers_what_its_state_allows(enter: Enter) -> None:
    for state, offered, not_offered in (
        ("draft", "submit-version", "publish-version"), ("in-review", "review-version", "submit-version"),
        ("approved", "publish-version", "review-version"), ("superseded", "rollback-version", "publish-version"),
    ):  # fmt: skip
        html = enter(FakeConsole(state=state)).get("/policies/gateway/versions/2").text
        assert f"/do/{offered}" in html
        assert f"/do/{not_offered}" not in html


def test_roles_are_respected_and_forged_forms_refused(enter: Enter) -> None:
    reader = enter(permissions=("policies:read", "config:read"))
    assert reader.get("/policies/gateway").status_code == 200
    assert "/edit" not in reader.get("/policies/gateway").text
    assert reader.get("/policies/gateway/edit").status_code == 404
    assert reader.post("/policies/gateway/edit", do="save", **DRAFT).status_code == 404
    assert reader.get("/do/set-flag?item=new-search").status_code == 404
    assert reader.post("/do/set-flag", item="new-search", confirmed="yes").status_code == 404
    writer = enter()
    writer.csrf = "guessed"
    assert writer.post("/policies/gateway/edit", do="save", **DRAFT).status_code == 403
    assert reader.hubs.done == writer.hubs.done == []


DRAFT = {
    "sources-0-name": "main.rego", "sources-0-text": "package x\r\n", "sources-1-name": "", "sources-1-text": "",
    "tests-0-name": "main_test.rego", "tests-0-text": "package y\n", "data": '{"a": 1}',
}  # fmt: skip


def test_every_section_column_action_and_field_has_its_words() -> None:
    known = read_catalogue(*MESSAGES)
    named = {f"section.{name}" for name in SECTIONS}
    named |= {f"col.{name}" for s in SECTIONS.values() for name in (*(c.head for c in s.columns), *s.filters)}
    named |= {f"do.{name}" for name in ACTIONS}
    fields = [field for action in ACTIONS.values() for field in action.fields]
    named |= {f"field.{field.name}" for field in fields if not field.is_hidden}
    named |= {f"choice.{choice}" for field in fields for choice in field.choices}
    assert sorted(named - set(known)) == []
    offered = {name for s in SECTIONS.values() for name in (*s.actions, *s.forms)}
    assert offered <= set(ACTIONS)
