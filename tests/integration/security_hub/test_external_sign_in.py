"""Signing in through another OpenID Connect provider; the other provider is a second hub of ours."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from hubs.security_hub.accounts.tasks import create_administrator

ADMIN, PASSWORD = "operator@example.org", "vermilion-otter-42-canoe"


@pytest.fixture(scope="module")
def other(open_hub, hub):
    """Another organisation's provider, where our hub is registered as an application."""
    opened = open_hub()
    create_administrator(opened.resources, "elsewhere@example.net", PASSWORD, "Elsewhere")
    connect(hub, opened, "other")
    return opened


def connect(hub, other, slug: str, **fields):
    client = other.client(redirect_uris=[f"{hub.url}/signin/external/{slug}/callback"])
    form = {
        "name_en": "Elsewhere",
        "name_fr": "Ailleurs",
        "issuer": other.url,
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
        **fields,
    }
    answer = hub.http.put(f"/api/v1/clients/providers/{slug}", json=form, headers=hub.bearer())
    assert answer.status_code == 200, answer.text
    assert client["client_secret"] not in answer.text


def walk(hub, other, browser, abroad, email: str, slug: str = "other"):
    """Choose the provider on our page, sign in there, consent, and return the address it sends back to."""
    browser.submit(browser.open("/signin"), f"/external/{slug}")
    assert browser.left is not None
    page = abroad.open(browser.left.removeprefix(other.url))
    if page.response.url.path == "/signin":
        page = abroad.submit(page, "/signin", login=email, password=PASSWORD)
    if abroad.left is None:
        abroad.submit(page, 0, decision="allow")
    assert abroad.left is not None
    return abroad.left.removeprefix(hub.url)


@pytest.fixture
def abroad(other, browser):
    made = type(browser)(other.url)
    yield made
    made.http.close()


def test_somebody_unknown_gets_an_account_with_a_verified_address_and_keeps_it(
    hub, other, browser, abroad
) -> None:
    other.user("zoe@example.net", display_name="Zoé")
    page = browser.open(walk(hub, other, browser, abroad, "zoe@example.net"))
    assert page.response.url.path == "/signin/account"
    assert "zoe@example.net" in page.text
    again = type(browser)(hub.url)
    assert "zoe@example.net" in again.open(walk(hub, other, again, abroad, "zoe@example.net")).text
    found = hub.http.get("/api/v1/users?search=zoe@example.net", headers=hub.bearer()).json()["data"]
    assert [(user["email"], user["is_verified"]) for user in found] == [("zoe@example.net", True)]
    assert hub.login("zoe@example.net").status_code == 401


def test_an_address_that_has_an_account_is_not_handed_over_but_can_be_connected(
    hub, other, browser, abroad
) -> None:
    hub.user("both@example.net")
    other.user("both@example.net")
    page = browser.open(walk(hub, other, browser, abroad, "both@example.net"))
    assert page.response.status_code == 409
    assert "Sign in with its password" in page.text
    browser.sign_in("both@example.net")
    browser.open(walk(hub, other, browser, abroad, "both@example.net"))
    fresh = type(browser)(hub.url)
    assert "both@example.net" in fresh.open(walk(hub, other, fresh, abroad, "both@example.net")).text


def test_an_answer_counts_in_the_browser_that_asked_and_once(hub, other, browser, abroad) -> None:
    other.user("carried@example.net")
    back = walk(hub, other, browser, abroad, "carried@example.net")
    victim = type(browser)(hub.url)
    victim.open("/signin")
    assert victim.open(back).response.status_code == 401
    assert browser.open(back).response.status_code == 401


@pytest.mark.parametrize("fault", ["state", "issuer", "code", "error", "no issuer"])
def test_an_answer_is_refused_with_the_wrong(hub, other, browser, abroad, fault: str) -> None:
    other.user(f"fault-{fault.replace(' ', '-')}@example.net")
    back = walk(hub, other, browser, abroad, f"fault-{fault.replace(' ', '-')}@example.net")
    query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    match fault:
        case "state":
            query["state"] = "opq_" + "x" * 43
        case "issuer":
            query["iss"] = "https://evil.example"
        case "no issuer":
            del query["iss"]
        case "code":
            query["code"] = "opx_" + "x" * 43
        case "error":
            query = {"state": query["state"], "iss": query["iss"], "error": "access_denied"}
    page = browser.open(f"{urlsplit(back).path}?{urlencode(query)}")
    assert page.response.status_code == 401
    assert "did not work" in page.text
    assert browser.open("/signin/account").response.url.path == "/signin"


def test_a_provider_may_be_limited_to_people_who_have_an_account(hub, other, browser, abroad) -> None:
    connect(hub, other, "closed", may_register=False)
    other.user("stranger@example.net")
    page = browser.open(walk(hub, other, browser, abroad, "stranger@example.net", "closed"))
    assert page.response.status_code == 403


def test_a_provider_that_is_switched_off_or_away_sends_nobody_anywhere(hub, other, browser) -> None:
    connect(hub, other, "off", is_enabled=False)
    connect(hub, other, "away", issuer="http://127.0.0.1:9")
    page = browser.open("/signin")
    for slug, status in (("off", 404), ("away", 401)):
        csrf = page.forms[0][1]["csrf"]
        refused = browser.http.post(
            f"/signin/external/{slug}", data={"csrf": csrf}, headers={"Origin": hub.url}
        )
        assert refused.status_code == status


def test_the_secret_may_stay_and_is_never_shown(hub, other) -> None:
    form = {"name_en": "X", "name_fr": "X", "issuer": other.url, "client_id": "abc"}
    url = "/api/v1/clients/providers/kept"
    assert hub.http.put(url, json=form, headers=hub.bearer()).status_code == 422
    assert (
        hub.http.put(url, json={**form, "client_secret": "s3cret-s3cret"}, headers=hub.bearer()).status_code
        == 200
    )
    assert hub.http.put(url, json=form, headers=hub.bearer()).status_code == 200
    listed = hub.http.get("/api/v1/clients/providers", headers=hub.bearer())
    assert "s3cret" not in listed.text
    assert hub.http.delete(url, headers=hub.bearer()).status_code == 204


@pytest.mark.parametrize(
    "issuer", ["http://elsewhere.example", "https://a.example/?x=1", "ftp://a.example", "a"]
)
def test_an_issuer_is_an_https_address(hub, issuer: str) -> None:
    form = {"name_en": "X", "name_fr": "X", "issuer": issuer, "client_id": "abc", "client_secret": "x" * 10}
    answer = hub.http.put("/api/v1/clients/providers/bad", json=form, headers=hub.bearer())
    assert answer.status_code == 422
