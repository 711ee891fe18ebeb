"""Who is calling, as the gateway sees it: tokens, API keys, the pages' cookie, policy decisions."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from shared.settings import HubUrls
from shared.testing.serving import Served
from tests.integration.ux_hub.conftest import door, door_settings
from tests.integration.ux_hub.mirror import Mirror

KEY = "opk_live_0123456789abcdef"


class Authority:
    """Stands where the security hub and the policy engine stand, over real HTTP, and counts."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", parameters={"kid": "k1", "use": "sig", "alg": "ES256"})
        self.asked: list[str] = []
        self.questions: list[dict[str, Any]] = []
        self.decision: dict[str, Any] | None = None
        self.is_away = False
        authority = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                authority.asked.append(self.path)
                self.answer(200, {"keys": [authority.key.as_dict(private=False)]})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                authority.asked.append(self.path)
                if authority.is_away:
                    self.answer(503, {"detail": "away"})
                elif self.path.startswith("/v1/data/"):
                    authority.questions.append(json.loads(body)["input"])
                    self.answer(200, {} if authority.decision is None else {"result": authority.decision})
                elif self.path == "/oauth/token":
                    self.answer(
                        200,
                        {"access_token": authority.token(sub="hub:ux", kind="service"), "expires_in": 900},
                    )
                elif KEY in body.decode():
                    assert self.headers["Authorization"].startswith("Bearer ")
                    token = authority.token(sub="key:1", kind="key", rate_per_minute=77)
                    self.answer(200, {"access_token": token, "expires_in": 2, "token_type": "Bearer"})
                else:
                    self.answer(401, {"detail": "this API key is not known"})

            def answer(self, status: int, body: dict[str, Any]) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def token(self, lifetime_s: float = 600, **claims: Any) -> str:
        now = int(time.time())
        body = {
            "iss": self.url,
            "sub": "user-1",
            "aud": ["openpolicy"],
            "iat": now,
            "exp": int(now + lifetime_s),
        }
        body |= {"kind": "user", "scope": "data:read", "client_id": "test", **claims}
        return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "k1"}, body, self.key)


@pytest.fixture
def authority() -> Iterator[Authority]:
    made = Authority()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def url(tmp_path: Path, authority: Authority, request: pytest.FixtureRequest) -> Iterator[str]:
    changes = getattr(request, "param", {})
    with Served(Mirror()) as hub:
        urls = HubUrls(data=hub.url, security=authority.url, intelligence=authority.url)
        with Served(door(door_settings(tmp_path, hubs=urls, gateway=changes))) as front:
            yield f"{front.url}/api/v1/bills"


def sent_on(answer: httpx.Response) -> dict[str, str]:
    return dict(answer.json()["headers"])


def test_a_token_is_verified_at_the_door_once_and_passed_on(url: str, authority: Authority) -> None:
    headers = {"Authorization": f"Bearer {authority.token()}"}
    answers = [httpx.get(url, headers=headers) for _ in range(3)]
    assert sent_on(answers[-1])["authorization"] == headers["Authorization"]
    assert answers[-1].headers["ratelimit-policy"].startswith('"user"')
    assert authority.asked.count("/.well-known/jwks.json") == 1


@pytest.mark.parametrize(
    "credential",
    ["Bearer", "Bearer a.b.c", "Digest abc", "Bearer " + "x" * 9_000 + ".y.z"],
)
def test_credentials_that_are_none_are_refused_before_any_hub_is_asked(url: str, credential: str) -> None:
    answer = httpx.get(url, headers={"Authorization": credential})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_expired_foreign_and_altered_tokens_are_refused(url: str, authority: Authority) -> None:
    other = ECKey.generate_key("P-256", parameters={"kid": "k1"})
    good = authority.token()
    forged = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "k1"}, {"sub": "root"}, other)
    for token in (authority.token(-60), authority.token(aud=["elsewhere"]), good[:-4] + "AAAA", forged):
        assert httpx.get(url, headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_remembered_token_is_forgotten_when_it_runs_out(url: str, authority: Authority) -> None:
    token = authority.token(lifetime_s=-8)  # ten seconds of leeway let it in; remembered it is not
    assert httpx.get(url, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    time.sleep(3)
    assert httpx.get(url, headers={"Authorization": f"Bearer {token}"}).status_code == 401


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
def test_an_api_key_becomes_a_short_token_which_is_kept_while_it_holds(
    url: str, authority: Authority, header: str
) -> None:
    headers = {header: KEY if header == "X-API-Key" else f"Bearer {KEY}"}
    answers = [httpx.get(url, headers=headers) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200] * 4
    exchanges = [path for path in authority.asked if path.endswith("/exchange")]
    assert len(exchanges) == 1
    seen = sent_on(answers[-1])
    assert seen["authorization"].count(".") == 2
    assert KEY not in answers[-1].text
    assert answers[-1].headers["ratelimit-policy"] == '"key";q=77;w=60'
    time.sleep(2.1)
    assert httpx.get(url, headers=headers).status_code == 200
    assert len([path for path in authority.asked if path.endswith("/exchange")]) == 2


def test_a_wrong_key_is_401_and_asked_about_once(url: str, authority: Authority) -> None:
    answers = [httpx.get(url, headers={"X-API-Key": "opk_wrong"}) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {401}
    assert answers[0].json()["detail"] == "this API key is not known"
    assert len([path for path in authority.asked if path.endswith("/exchange")]) == 1


def test_the_key_of_another_service_makes_nobody_of_its_clients(url: str, authority: Authority) -> None:
    theirs = {"X-API-Key": "21aacfcb-f25e-4105-811e-e2f3bb069f4e"}
    facade = url.replace("/api/v1/bills", "/compat/openstates/bills")
    answer = httpx.get(facade, headers=theirs)
    assert answer.status_code == 200
    assert not {"authorization", "x-api-key"} & set(sent_on(answer))
    assert answer.headers["ratelimit-policy"].startswith('"anonymous"')
    assert not [path for path in authority.asked if path.endswith("/exchange")]
    assert "authorization" in sent_on(httpx.get(facade, headers={"X-API-Key": KEY}))
    assert httpx.get(facade, headers={"X-API-Key": "opk_wrong"}).status_code == 401
    assert httpx.get(url, headers=theirs).status_code == 401


def test_while_keys_cannot_be_checked_the_answer_is_503_and_the_public_goes_on(
    url: str, authority: Authority
) -> None:
    authority.is_away = True
    refused = httpx.get(url, headers={"X-API-Key": KEY})
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "5"
    assert httpx.get(url).status_code == 200


def test_the_pages_cookie_is_a_token_that_ends_at_the_gateway(url: str, authority: Authority) -> None:
    cookie = {"Cookie": f"theme=dark; op_access={authority.token()}; x=1"}
    seen = sent_on(httpx.get(url, headers=cookie))
    assert seen["cookie"] == "theme=dark; x=1"
    assert seen["authorization"].startswith("Bearer ")
    assert httpx.post(url, headers=cookie).status_code == 403
    assert httpx.post(url, headers={**cookie, "Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert httpx.post(url, headers={**cookie, "Sec-Fetch-Site": "same-origin"}).status_code == 200


POLICY = {"policy": "openpolicy/gateway", "policy_max_age_s": 0.5}


@pytest.mark.parametrize("url", [POLICY], indirect=True)
def test_a_policy_forbids_with_its_reason_and_is_asked_once_while_it_holds(
    url: str, authority: Authority
) -> None:
    authority.decision = {"allow": False, "reason": "closed on Sundays"}
    headers = {"Authorization": f"Bearer {authority.token(roles=['editor'])}"}
    answers = [httpx.get(url, headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [403] * 3
    assert answers[0].json()["detail"] == "closed on Sundays"
    assert len(authority.questions) == 1
    assert authority.questions[0] == {
        "subject": {
            "id": "user-1",
            "kind": "user",
            "client_id": "test",
            "roles": ["editor"],
            "scopes": ["data:read"],
        },
        "request": {"method": "GET", "route": "/api/v1/bills", "hub": "data"},
    }


@pytest.mark.parametrize("url", [POLICY], indirect=True)
def test_before_any_decision_the_public_reads_and_signing_in_pass_and_nothing_else(
    url: str, authority: Authority
) -> None:
    authority.is_away = True
    base = url.removesuffix("/api/v1/bills")
    signed_in = {"Authorization": f"Bearer {authority.token(scope='*')}"}
    assert httpx.get(url).status_code == httpx.head(url).status_code == 200
    assert httpx.get(url, headers=signed_in).status_code == 200
    for method, path in [
        ("POST", "/api/v1/bills"),
        ("DELETE", "/api/v1/bills/1"),
        ("GET", "/api/v1/unmatched"),
        ("POST", "/api/v1/corrections"),
    ]:
        refused = httpx.request(method, f"{base}{path}", headers=signed_in)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5"), path
        assert refused.json()["detail"] == "the policy that guards this cannot be asked"
    authority.is_away = False
    authority.decision = {"allow": True}
    time.sleep(1.1)
    assert httpx.get(f"{base}/api/v1/unmatched", headers=signed_in).status_code == 200


@pytest.mark.parametrize("url", [POLICY], indirect=True)
def test_an_engine_without_the_doors_policy_gives_no_decision(url: str, authority: Authority) -> None:
    authority.decision = None
    assert httpx.post(url).status_code == 503
    assert httpx.get(url).status_code == 200


@pytest.mark.parametrize("url", [POLICY], indirect=True)
def test_a_policy_that_leaves_a_route_to_its_hub_lets_it_through(url: str, authority: Authority) -> None:
    authority.decision = {"guarded": {}}
    assert httpx.post(url).status_code == 200
    authority.is_away = True
    time.sleep(0.6)
    # Said before, and renewed in vain: it holds.
    assert [httpx.post(url).status_code for _ in range(2)] == [200, 200]


@pytest.mark.parametrize("url", [POLICY], indirect=True)
def test_a_route_that_a_policy_covers_is_closed_to_new_callers_when_the_engine_is_away(
    url: str, authority: Authority
) -> None:
    authority.decision = {"allow": True}
    assert httpx.get(url).status_code == 200
    authority.is_away = True
    other = {"Authorization": f"Bearer {authority.token(sub='user-2')}"}
    assert httpx.get(url, headers=other).status_code == 503
    assert httpx.get(url).status_code == 200
