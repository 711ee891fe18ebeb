"""Every page of the miniature Parliament, each by an address that shows something."""

from __future__ import annotations

from typing import Any

import httpx

from shared.testing.platform import Platform

SOURCES = ("ca-federal-debates", "ca-federal-committees", "ca-federal-evidence", "ca-federal-bill-texts")
"""What a first run leaves out."""


def fill(platform: Platform) -> None:
    """Scrape what a first run leaves out, once. Raises: AssertionError when a scrape fails."""
    if platform.get("/api/v1/bill-texts", limit=1)["data"]:
        return
    for source in SOURCES:
        done = platform.run("scrape", source, "--wait")
        assert done.returncode == 0, f"{source}: {done.stdout[-500:]} {done.stderr[-500:]}"


POSTAL_CODE = "T5T 3P7"
_SET = "federal-electoral-districts"


def place(platform: Platform, login: str, password: str) -> None:
    """Let the postal code lie in the riding of Edmonton Manning. Raises: HTTPStatusError."""
    square = [[-114.0, 53.0], [-113.0, 53.0], [-113.0, 54.0], [-114.0, 54.0], [-114.0, 53.0]]
    riding = {
        "type": "Feature", "properties": {"id": "48014", "name": "Edmonton Manning"},
        "geometry": {"type": "Polygon", "coordinates": [square]},
    }  # fmt: skip
    with httpx.Client(base_url=platform.url, trust_env=False, timeout=60) as client:
        login_form = {"login": login, "password": password}
        token = client.post("/api/v1/auth/login", json=login_form).raise_for_status().json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        described = {"name_en": "Federal electoral districts", "organization_key": "ca/house"}
        client.put(f"/api/v1/boundary-sets/{_SET}", json=described).raise_for_status()
        client.put(
            f"/api/v1/boundary-sets/{_SET}/boundaries",
            params={"name_field": "name", "id_field": "id"},
            json={"type": "FeatureCollection", "features": [riding]},
        ).raise_for_status()
        row = {"code": POSTAL_CODE.replace(" ", ""), "set": _SET, "external_id": "48014", "share": 1.0}
        client.post("/api/v1/postal-codes", json={"source": "test", "rows": [row]}).raise_for_status()


def addresses(platform: Platform) -> tuple[str, ...]:
    """Return the addresses of all citizens' pages without their language."""

    def first(collection: str, **filters: Any) -> dict[str, Any]:
        found: dict[str, Any] = platform.get(f"/api/v1/{collection}", limit=1, **filters)["data"][0]
        return found

    speaker = next(
        speech["person_id"]
        for speech in platform.get("/api/v1/speeches", limit=50)["data"]
        if speech.get("person_id")
    )
    speaks = platform.get(f"/api/v1/people/{speaker}")["slug"]
    return (
        "", "/search", "/search?q=defence", "/search?q=nothing+such+at+all", "/bills", "/bills/45-1-c-11",
        "/bills/45-1-c-11/compare", "/votes", "/votes/45-1-123", "/votes/45-1-123?party=Liberal", "/members",
        "/members/ziad-aboultaif", "/members/ziad-aboultaif/votes", "/members/ziad-aboultaif/votes?dissent=only",
        "/members/ziad-aboultaif/agreement", "/members/ziad-aboultaif/activity", f"/members/{speaks}/words",
        f"/members/{speaks}/activity", "/my-representatives", "/my-representatives?postcode=bad", "/debates",
        f"/debates/{first('debates', document_type='debate')['slug']}", "/committees",
        f"/committees/{first('committees')['slug']}", "/meetings", f"/meetings/{first('events')['slug']}", "/councils",
        "/jurisdictions", "/data-sources", "/changes", f"/history/bills/{first('bills')['id']}", "/developers",
        "/about", "/status", "/follow?kind=bill&target=ca/bill/45-1/c-11&name=C-11", "/widgets",
        "/widgets?kind=vote&item=45-1-123", "/widgets/vote/45-1-123", "/widgets/bill/45-1-c-11",
    )  # fmt: skip
