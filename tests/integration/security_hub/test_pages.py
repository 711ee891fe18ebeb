"""The pages: both languages, no scripts needed, headers that keep them ours."""

from __future__ import annotations

import pytest

from hubs.security_hub.pages.words import WORDS

PAGES = ["/signin", "/signin/register", "/signin/forgot", "/signin/verify?token=x", "/signin/reset?token=x"]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_page_has_its_twin_and_strict_headers(hub, browser, path: str, language: str) -> None:
    page = browser.open(f"{path}{'&' if '?' in path else '?'}lang={language}")
    headers = page.response.headers
    assert page.response.status_code == 200
    assert (page.language, headers["content-language"]) == (language, language)
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["cache-control"] == "no-store"
    assert "<script>" not in page.response.text
    assert " style=" not in page.response.text
    assert any(f"lang={'fr' if language == 'en' else 'en'}" in link for link in page.links)


def test_the_chosen_language_is_remembered(hub, browser) -> None:
    browser.open("/signin?lang=fr")
    assert browser.open("/signin/forgot").language == "fr"


def test_a_person_registers_and_signs_in_without_scripts(hub, browser) -> None:
    page = browser.open("/signin/register?lang=fr")
    page = browser.submit(page, 0, email="page@example.org", password="Password2024!", display_name="Zoé")
    assert page.response.status_code == 422
    assert WORDS["weak.common"][1] in page.text
    page = browser.submit(page, 0, email="page@example.org", password="loutre-vermeille-77")
    assert WORDS["sent.title"][1] in page.text
    mail = hub.mails("page@example.org")[-1]
    assert mail.language == "fr"
    link = mail.values["url"].removeprefix(hub.url)
    page = browser.submit(browser.open(link), 0, password="not that one at all")
    assert page.response.status_code == 401
    page = browser.submit(page, 0, password="loutre-vermeille-77")
    assert page.response.url.path == "/signin/account"
    assert "page@example.org" in page.text


def test_a_forgotten_password_is_reset_without_scripts(hub, browser) -> None:
    hub.user("page-reset@example.org")
    browser.submit(browser.open("/signin/forgot"), 0, login="page-reset@example.org")
    link = hub.mails("page-reset@example.org")[-1].values["url"].removeprefix(hub.url)
    page = browser.submit(browser.open(link), 0, password="another-brand-new-55")
    assert WORDS["reset.done"][0] in page.text
    assert (
        browser.sign_in("page-reset@example.org", "another-brand-new-55").response.url.path
        == "/signin/account"
    )
    assert WORDS["link.bad"][0] in browser.submit(browser.open(link), 0, password="yet-another-pass-66").text


def test_a_wrong_password_says_so_and_keeps_what_was_typed(hub, browser) -> None:
    page = browser.sign_in("operator@example.org", "wrong")
    assert page.response.status_code == 401
    assert WORDS["signin.failed"][0] in page.text
    assert page.forms[0][1]["login"] == "operator@example.org"
    assert page.forms[0][1]["password"] == ""


def test_a_person_ends_another_session_on_the_account_page(hub, browser) -> None:
    hub.user("two-places@example.org")
    elsewhere = hub.signed_in("two-places@example.org")
    page = browser.sign_in("two-places@example.org")
    browser.submit(page, f"/sessions/{elsewhere['session_id']}")
    assert hub.http.get("/api/v1/auth/me", headers=hub.bearer(elsewhere["access_token"])).status_code == 401


def test_pages_speak_french_to_those_who_prefer_it(hub, browser) -> None:
    client = hub.client("public", redirect_uris=["https://app.example.org/callback"])
    browser.http.headers["Accept-Language"] = "fr-CA,fr;q=0.9,en;q=0.5"
    query = f"response_type=code&client_id={client['client_id']}&code_challenge={'x' * 43}&code_challenge_method=S256"
    page = browser.open(f"/oauth/authorize?{query}")
    assert page.language == "fr"
    assert "Vigie des lois" in page.text
    assert "Mot de passe" in page.text
    assert "form-action 'self' https://app.example.org" in page.response.headers["content-security-policy"]
    english = browser.open(next(link for link in page.links if "lang=en" in link))
    assert (english.language, english.response.url.path) == ("en", "/signin")
    assert "Bill Watch" in english.text
