"""Roles, administration of accounts, organisations: nobody gives away more than they have."""

from __future__ import annotations

import pytest


def person(hub, email: str, *roles: str):
    body = hub.user(email, roles=roles)
    return body["user"]["id"], hub.bearer(body["access_token"])


def test_a_role_is_made_of_permissions_one_has(hub) -> None:
    form = {
        "name": "data-steward",
        "title_en": "Data steward",
        "title_fr": "Intendance",
        "permissions": ["data:*"],
    }
    assert hub.http.post("/api/v1/roles", json=form, headers=hub.bearer()).status_code == 201
    assert hub.http.post("/api/v1/roles", json=form, headers=hub.bearer()).status_code == 409
    changed = hub.http.patch(
        "/api/v1/roles/data-steward", json={"permissions": ["data:read"]}, headers=hub.bearer()
    )
    assert changed.json()["permissions"] == ["data:read"]
    assert hub.http.delete("/api/v1/roles/data-steward", headers=hub.bearer()).status_code == 204
    assert {"role.created", "role.changed", "role.deleted"} <= set(hub.actions())


def test_somebody_who_manages_users_cannot_make_themselves_more(hub) -> None:
    form = {
        "name": "usher",
        "title_en": "Usher",
        "title_fr": "Accueil",
        "permissions": ["users:read", "users:admin"],
    }
    hub.http.post("/api/v1/roles", json=form, headers=hub.bearer())
    user_id, headers = person(hub, "usher@example.org", "usher")
    url = f"/api/v1/users/{user_id}"
    assert (
        hub.http.patch(url, json={"roles": ["member", "usher", "admin"]}, headers=headers).status_code == 403
    )
    more = {**form, "name": "more", "permissions": ["*"]}
    assert hub.http.post("/api/v1/roles", json=more, headers=headers).status_code == 403
    widened = hub.http.patch("/api/v1/roles/usher", json={"permissions": ["*"]}, headers=headers)
    assert widened.status_code == 403
    made = hub.http.post(
        "/api/v1/users", json={"email": "x@example.org", "roles": ["admin"]}, headers=headers
    )
    assert made.status_code == 403


def test_built_in_roles_stay_as_they_are(hub) -> None:
    assert hub.http.delete("/api/v1/roles/admin", headers=hub.bearer()).status_code == 409
    body = {"permissions": ["data:read"]}
    assert hub.http.patch("/api/v1/roles/member", json=body, headers=hub.bearer()).status_code == 409


def test_the_last_administrator_stays(open_hub) -> None:
    hub = open_hub()
    admins = hub.http.get("/api/v1/users?search=admin", headers=hub.bearer()).json()["data"]
    url = f"/api/v1/users/{admins[0]['id']}"
    assert hub.http.patch(url, json={"roles": ["member"]}, headers=hub.bearer()).status_code == 409
    assert hub.http.patch(url, json={"is_active": False}, headers=hub.bearer()).status_code == 409
    assert hub.http.delete(url, headers=hub.bearer()).status_code == 409


def test_a_suspended_account_is_out_at_once(hub) -> None:
    user_id, headers = person(hub, "out@example.org")
    hub.http.patch(
        f"/api/v1/users/{user_id}", json={"is_active": False, "reason": "abuse"}, headers=hub.bearer()
    )
    assert hub.http.get("/api/v1/auth/me", headers=headers).status_code == 401
    hub.http.patch(f"/api/v1/users/{user_id}", json={"is_active": True}, headers=hub.bearer())
    assert hub.login("out@example.org").status_code == 200


def test_an_account_made_by_an_administrator_gets_a_link_to_choose_a_password(hub) -> None:
    form = {"email": "made@example.org", "language": "fr", "roles": ["analyst"]}
    made = hub.http.post("/api/v1/users", json=form, headers=hub.bearer())
    assert (made.status_code, made.json()["roles"]) == (201, ["analyst", "member"])
    mail = hub.mails("made@example.org")[-1]
    assert (mail.template, mail.language) == ("choose-password", "fr")
    token = mail.values["url"].partition("token=")[2]
    form = {"token": token, "password": "chosen-by-herself-31"}
    assert hub.http.post("/api/v1/auth/reset-password", json=form).status_code == 204
    assert hub.login("made@example.org", "chosen-by-herself-31").status_code == 200


def test_accounts_are_listed_in_pages_and_searched(hub) -> None:
    for n in range(3):
        hub.user(f"listed-{n}@example.org")
    first = hub.http.get("/api/v1/users?search=listed-&limit=2", headers=hub.bearer()).json()
    second = hub.http.get(first["next"], headers=hub.bearer()).json()
    emails = [user["email"] for page in (first, second) for user in page["data"]]
    assert emails == [f"listed-{n}@example.org" for n in (2, 1, 0)]
    assert second["next"] is None
    assert hub.http.get("/api/v1/users?search=%25", headers=hub.bearer()).json()["data"] == []
    stats = hub.http.get("/api/v1/users/stats", headers=hub.bearer()).json()
    assert stats["total"] >= 3
    assert stats["sessions"] >= 3


def test_accounts_are_for_those_who_may_see_them(hub) -> None:
    _, headers = person(hub, "curious@example.org")
    for path in ("/api/v1/users", "/api/v1/roles", "/api/v1/clients", "/api/v1/signing-keys"):
        assert hub.http.get(path, headers=headers).status_code == 403
        assert hub.http.get(path).status_code == 401


ORG = {"slug": "civic-lab", "name_en": "Civic Lab", "name_fr": "Labo civique"}


def test_people_form_an_organisation_by_invitation(hub) -> None:
    _, owner = person(hub, "org-owner@example.org")
    guest_id, guest = person(hub, "org-guest@example.org")
    _, stranger = person(hub, "org-stranger@example.org")
    assert hub.http.post("/api/v1/organisations", json=ORG, headers=owner).status_code == 201
    assert hub.http.post("/api/v1/organisations", json=ORG, headers=guest).status_code == 409
    url = "/api/v1/organisations/civic-lab"
    assert hub.http.get(url, headers=guest).status_code == 404
    invited = hub.http.post(f"{url}/invitations", json={"email": "Org-Guest@Example.org"}, headers=owner)
    assert invited.status_code == 202
    token = hub.mails("Org-Guest@Example.org")[-1].values["url"].partition("token=")[2]
    join = "/api/v1/organisations/join"
    assert hub.http.post(join, json={"token": token}, headers=stranger).status_code == 422
    assert hub.http.post(join, json={"token": token}, headers=guest).json()["part"] == "member"
    assert hub.http.post(join, json={"token": token}, headers=guest).status_code == 422
    members = hub.http.get(f"{url}/members", headers=guest).json()["data"]
    assert [member["part"] for member in members] == ["owner", "member"]
    assert (
        hub.http.post(f"{url}/invitations", json={"email": "x@example.org"}, headers=guest).status_code == 403
    )
    part = hub.http.patch(f"{url}/members/{guest_id}", json={"part": "admin"}, headers=owner)
    assert part.status_code == 204
    raised = hub.http.patch(f"{url}/members/{guest_id}", json={"part": "owner"}, headers=guest)
    assert raised.status_code == 403


@pytest.mark.parametrize("how", ["leave", "demote"])
def test_an_organisation_keeps_an_owner(hub, how: str) -> None:
    user_id, owner = person(hub, f"only-owner-{how}@example.org")
    hub.http.post("/api/v1/organisations", json={**ORG, "slug": f"alone-{how}"}, headers=owner)
    url = f"/api/v1/organisations/alone-{how}/members/{user_id}"
    answer = (
        hub.http.delete(url, headers=owner)
        if how == "leave"
        else hub.http.patch(url, json={"part": "member"}, headers=owner)
    )
    assert answer.status_code == 409
