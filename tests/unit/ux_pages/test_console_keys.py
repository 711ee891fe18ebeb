"""The console's service accounts and their keys, schedules, and what a run does record by record."""

from __future__ import annotations

import pytest

from tests.unit.ux_pages.fake_console import FakeConsole, refused
from tests.unit.ux_pages.soundness import faults, parse
from tests.unit.ux_pages.test_console import Enter, enter

__all__ = ["enter"]


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_service_account_shows_its_keys_and_offers_what_each_allows(enter: Enter, lang: str) -> None:
    html = enter().get("/clients/opc_bills", lang).text
    assert f"/{lang}/admin/do/rotate-api-key?item=k1&amp;client=opc_bills" in html
    # A replaced key works for some days more, and can be ended before.
    assert f"/{lang}/admin/do/revoke-api-key?item=k3&amp;client=opc_bills" in html
    assert "rotate-api-key?item=k3" not in html
    assert "item=k2" not in html
    assert "opk_1abc" in html
    assert "add-api-key" not in enter().get("/clients/opc_app", lang).text


def test_a_new_key_is_shown_in_the_answer_alone_and_never_again(enter: Enter) -> None:
    visit = enter()
    form = {"client": "opc_bills", "title": "Nightly", "scopes": "data:read, audit:read", "days": "30"}
    answer = visit.post("/do/add-api-key", confirmed="yes", **form)
    assert answer.status_code == 200
    assert 'value="opk_9_secret"' in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert faults(parse(answer.text), "en") == []
    assert 'href="/en/admin/clients/opc_bills"' in answer.text
    assert visit.hubs.done == [
        ("POST", "/api/v1/clients/opc_bills/api-keys",
         {"name": "Nightly", "scopes": ["data:read", "audit:read"], "expires_in_days": 30})
    ]  # fmt: skip
    assert "secret" not in visit.get("/clients/opc_bills").text


def test_a_key_is_replaced_and_revoked_only_after_the_page_that_asks(enter: Enter) -> None:
    visit = enter()
    asked = visit.post("/do/rotate-api-key", item="k1", client="opc_bills")
    assert (asked.status_code, visit.hubs.done) == (200, [])
    assert 'name="client" value="opc_bills"' in asked.text
    replaced = visit.post("/do/rotate-api-key", item="k1", client="opc_bills", confirmed="yes")
    assert "opk_4_secret" in replaced.text
    revoked = visit.post("/do/revoke-api-key", item="k1", client="opc_bills", confirmed="yes")
    assert (revoked.status_code, revoked.headers["location"]) == (303, "/en/admin/clients/opc_bills")
    assert [done[:2] for done in visit.hubs.done] == [
        ("POST", "/api/v1/clients/opc_bills/api-keys/k1/rotate"),
        ("DELETE", "/api/v1/clients/opc_bills/api-keys/k1"),
    ]


def test_a_client_is_registered_with_its_secret_shown_once(enter: Enter) -> None:
    visit = enter()
    form = {"kind": "service", "name_en": "A", "name_fr": "B", "scopes": "data:read"}
    answer = visit.post("/do/add-client", confirmed="yes", **form)
    assert 'value="opc-secret"' in answer.text
    assert visit.hubs.done[0][2] == {**form, "scopes": ["data:read"], "redirect_uris": []}


def test_days_that_are_no_number_and_what_the_hub_refuses_stay_in_the_form(enter: Enter) -> None:
    visit = enter()
    form = {"client": "opc_bills", "title": "N", "scopes": "data:read"}
    answer = visit.post("/do/add-api-key", confirmed="yes", days="soon", **form)
    assert (answer.status_code, visit.hubs.done) == (422, [])
    assert "days: a whole number" in answer.text
    answer = enter(FakeConsole(failing=refused())).post("/do/add-api-key", confirmed="yes", days="3", **form)
    assert answer.status_code == 422
    assert "something is wrong with it" in answer.text
    assert 'value="N"' in answer.text


def test_who_may_not_administer_clients_sees_no_keys(enter: Enter) -> None:
    visit = enter(permissions=("jobs:read",))
    assert visit.get("/do/add-api-key?client=opc_bills").status_code == 404
    assert "/admin/clients" not in visit.get("/runs/r1").text


def test_a_schedule_is_changed_from_what_it_is(enter: Enter) -> None:
    visit = enter()
    html = visit.get("/do/set-schedule?item=s1").text
    assert 'value="10 5 * * *"' in html
    assert '<option value="all" selected>' in html
    assert '<option value="as-set" selected>' in html
    answer = visit.post(
        "/do/set-schedule", item="s1", confirmed="yes", cron="0 6 * * *", time_zone="UTC", catch_up="none", mode="as-set"
    )  # fmt: skip
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/admin/schedules")
    assert visit.hubs.done == [
        ("PATCH", "/api/v1/schedules/s1", {"cron": "0 6 * * *", "time_zone": "UTC", "catch_up": "none", "mode": ""})
    ]  # fmt: skip


def test_a_schedule_is_made_for_a_source(enter: Enter) -> None:
    visit = enter()
    form = {"cron": "0 6 * * *", "time_zone": "America/Toronto", "catch_up": "once", "mode": "test"}
    visit.post("/do/add-schedule", confirmed="yes", title="Mornings", source_id="ca-federal-bills", **form)
    method, path, body = visit.hubs.done[0]
    assert (method, path) == ("POST", "/api/v1/schedules")
    assert body == {"name": "Mornings", "source_id": "ca-federal-bills", **form}


def test_what_the_guards_object_to_is_a_sentence_in_the_pages_language(enter: Enter) -> None:
    english, french = (enter().get("/runs/r1", lang).text for lang in ("en", "fr"))
    assert "This holds the run:</strong> 12 now, 51 before" in english
    assert "12 maintenant, 51 avant" in french
    assert english.count("This holds the run:") == 1
    assert "detail_en" not in english
    assert "{&#39;" not in english


def test_a_run_shows_before_and_after_of_each_field_and_its_further_pages(enter: Enter) -> None:
    visit = enter()
    html = visit.get("/runs/r1").text
    assert "Member 2" in html
    assert "Ann</del>" in html.replace('<span class="unseen">Before: </span>', "")
    assert "a@example.org" in html
    assert "/en/admin/runs/r1?cursor=more" in html
    visit.get("/runs/r1?change=updated&cursor=more")
    assert (
        "/api/v1/runs/r1/differences",
        {"change": "updated", "cursor": "more", "limit": 50},
    ) in visit.hubs.asked
    assert visit.get("/runs/r1?change=nonsense").status_code == 422
