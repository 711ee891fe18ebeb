"""One-time codes and recovery codes, checked with an independent implementation (pyotp)."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pyotp
import pytest
from sqlalchemy import text

from hubs.security_hub.vault.service import Vault
from shared.db.session import transaction

PASSWORD = "vermilion-otter-42-canoe"


def protect(hub, email: str) -> tuple[dict[str, Any], pyotp.TOTP, list[str]]:
    """Make an account with one-time codes, confirmed by the code before the present one."""
    body = hub.user(email)
    headers = hub.bearer(body["access_token"])
    setup = hub.http.post("/api/v1/auth/factors/totp", json={"password": PASSWORD}, headers=headers).json()
    totp = pyotp.parse_uri(setup["uri"])
    assert isinstance(totp, pyotp.TOTP)
    assert (totp.secret, totp.issuer, totp.name) == (setup["secret"], "OpenPolicy", email)
    code = totp.at(int(time.time()) - 30)
    answer = hub.http.post("/api/v1/auth/factors/totp/confirm", json={"code": code}, headers=headers)
    assert answer.status_code == 200, answer.text
    return body, totp, answer.json()["codes"]


def challenge_of(hub, email: str) -> str:
    answer = hub.login(email)
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:openpolicy:problem:second-factor-needed")
    return answer.json()["challenge"]


def answer_with(hub, challenge: str, code: str) -> httpx.Response:
    return hub.http.post("/api/v1/auth/login/code", json={"challenge": challenge, "code": code})


def test_the_password_alone_no_longer_suffices(hub) -> None:
    _, totp, _ = protect(hub, "totp@example.org")
    answer = answer_with(hub, challenge_of(hub, "totp@example.org"), totp.now())
    assert answer.status_code == 200
    sessions = hub.http.get(
        "/api/v1/auth/sessions", headers=hub.bearer(answer.json()["access_token"])
    ).json()["data"]
    assert next(s for s in sessions if s["is_current"])["methods"] == ["pwd", "otp", "mfa"]


def test_a_code_is_taken_once_even_when_it_comes_many_times_at_once(hub) -> None:
    _, totp, _ = protect(hub, "replay@example.org")
    challenges = [challenge_of(hub, "replay@example.org") for _ in range(4)]
    code = totp.now()
    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(lambda c: answer_with(hub, c, code).status_code, challenges))
    assert codes.count(200) == 1
    assert set(codes) <= {200, 401, 503}


def test_an_older_code_than_the_last_one_is_refused(hub) -> None:
    _, totp, _ = protect(hub, "older@example.org")
    assert answer_with(hub, challenge_of(hub, "older@example.org"), totp.now()).status_code == 200
    earlier = totp.at(int(time.time()) - 30)
    assert answer_with(hub, challenge_of(hub, "older@example.org"), earlier).status_code == 401


def test_a_challenge_is_answered_once(hub) -> None:
    _, _, codes = protect(hub, "once@example.org")
    challenge = challenge_of(hub, "once@example.org")
    assert answer_with(hub, challenge, codes[0]).status_code == 200
    again = answer_with(hub, challenge, codes[1])
    assert (again.status_code, again.json()["title"]) == (401, "Start again")


def test_codes_of_one_person_do_not_sign_in_another(hub) -> None:
    _, _, codes = protect(hub, "mine@example.org")
    protect(hub, "yours@example.org")
    assert answer_with(hub, challenge_of(hub, "yours@example.org"), codes[0]).status_code == 401


def test_a_recovery_code_works_once_however_it_is_typed(hub) -> None:
    _, _, codes = protect(hub, "recovery@example.org")
    typed = codes[0].upper().replace("-", " ")
    assert answer_with(hub, challenge_of(hub, "recovery@example.org"), typed).status_code == 200
    assert answer_with(hub, challenge_of(hub, "recovery@example.org"), codes[0]).status_code == 401
    assert "recovery-code.used" in hub.actions()


def test_wrong_codes_are_throttled(hub) -> None:
    protect(hub, "guessed@example.org")
    challenge = challenge_of(hub, "guessed@example.org")
    statuses = [answer_with(hub, challenge, f"{n:06d}").status_code for n in range(7)]
    assert statuses[:5] == [401] * 5
    assert statuses[5:] == [429] * 2


def test_new_recovery_codes_void_the_former_ones_and_removal_needs_the_password(hub) -> None:
    _, _, codes = protect(hub, "renew@example.org")
    first = answer_with(hub, challenge_of(hub, "renew@example.org"), codes[0]).json()
    headers = hub.bearer(first["access_token"])
    url = "/api/v1/auth/factors"
    assert hub.http.post(f"{url}/recovery-codes", json={"password": "no"}, headers=headers).status_code == 401
    new = hub.http.post(f"{url}/recovery-codes", json={"password": PASSWORD}, headers=headers).json()["codes"]
    assert answer_with(hub, challenge_of(hub, "renew@example.org"), codes[1]).status_code == 401
    assert answer_with(hub, challenge_of(hub, "renew@example.org"), new[1]).status_code == 200
    assert hub.http.post(f"{url}/totp/remove", json={"password": "no"}, headers=headers).status_code == 401
    assert (
        hub.http.post(f"{url}/totp/remove", json={"password": PASSWORD}, headers=headers).status_code == 204
    )
    assert hub.login("renew@example.org").status_code == 200


def test_an_unconfirmed_secret_protects_nothing_and_locks_nobody_out(hub) -> None:
    body = hub.user("unconfirmed@example.org")
    headers = hub.bearer(body["access_token"])
    hub.http.post("/api/v1/auth/factors/totp", json={"password": PASSWORD}, headers=headers)
    wrong = hub.http.post("/api/v1/auth/factors/totp/confirm", json={"code": "000000"}, headers=headers)
    assert wrong.status_code == 422
    assert hub.login("unconfirmed@example.org").status_code == 200


def test_secrets_are_sealed_and_can_be_sealed_anew(hub) -> None:
    from hubs.security_hub.factors.service import build

    _, totp, _ = protect(hub, "sealed@example.org")
    with transaction(hub.resources.sessionmaker) as session:
        rows = session.execute(text("SELECT sealed_secret FROM security.totp_secrets")).scalars().all()
    assert all(row.startswith("s1.") and totp.secret not in row for row in rows)
    hub.resources.get(Vault).rotate()
    with transaction(hub.resources.sessionmaker) as session:
        assert build(session, hub.resources).reseal() == len(rows)
    assert answer_with(hub, challenge_of(hub, "sealed@example.org"), totp.now()).status_code == 200


@pytest.mark.parametrize("language", ["en", "fr"])
def test_codes_are_set_up_and_used_on_the_pages_without_scripts(hub, browser, language: str) -> None:
    email = f"totp-page-{language}@example.org"
    hub.user(email)
    browser.open(f"/signin?lang={language}")
    page = browser.sign_in(email)
    page = browser.submit(page, "/account/totp", password=PASSWORD)
    uri = next(link for link in page.links if link.startswith("otpauth:"))
    totp = pyotp.parse_uri(uri)
    page = browser.submit(page, 0, code="123456")
    assert page.response.status_code == 422
    page = browser.submit(page, 0, code=totp.at(int(time.time()) - 30))
    assert page.response.status_code == 200
    page = browser.submit(browser.open("/oauth/logout"))
    page = browser.sign_in(email)
    assert page.forms[0][0] == "/signin/code"
    page = browser.submit(page, 0, code="000000")
    assert page.response.status_code == 401
    page = browser.submit(page, 0, code=totp.now())
    assert page.response.url.path == "/signin/account"
