"""The routes of routers in an application: complete, in order, and kept once."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request
from fastapi.testclient import TestClient

from shared.http.routing import include


async def guard(request: Request) -> None:
    if "closed" in request.query_params:
        raise HTTPException(418)


async def another(request: Request) -> None:
    if "shut" in request.query_params:
        raise HTTPException(451)


def make_router() -> APIRouter:
    router = APIRouter(prefix="/things", tags=["things"])

    @router.get("/{name}", summary="One thing", responses={404: {"description": "no such thing"}})
    def read(name: str, limit: Annotated[int, Query(ge=1)] = 5) -> dict[str, Any]:
        return {"name": name, "limit": limit}

    @router.post("", status_code=201, deprecated=True)
    def write() -> dict[str, str]:
        return {"made": "yes"}

    return router


def app_with(router: APIRouter, *guards: Any) -> FastAPI:
    app = FastAPI(dependencies=[Depends(each) for each in guards])
    include(app, router)
    return app


def test_it_is_as_the_framework_includes_it() -> None:
    ours, theirs = app_with(make_router(), guard), FastAPI(dependencies=[Depends(guard)])
    theirs.include_router(make_router())
    assert ours.openapi() == theirs.openapi()
    for app in (ours, theirs):
        http = TestClient(app)
        assert http.get("/things/a?limit=3").json() == {"name": "a", "limit": 3}
        assert http.get("/things/a?limit=0").status_code == 422
        assert http.get("/things/a?closed=").status_code == 418
        assert http.post("/things").status_code == 201


def test_applications_of_one_kind_share_the_routes() -> None:
    router = make_router()
    first, second = app_with(router, guard), app_with(router, guard)
    mine = [route for route in first.routes if route in router.routes]
    assert len(mine) == len(router.routes) == 2
    assert all(route in second.routes for route in mine)
    for app in (first, second):
        http = TestClient(app)
        assert http.get("/things/a?closed=").status_code == 418
        assert http.get("/things/a").json() == {"name": "a", "limit": 5}


def test_an_application_of_another_kind_leaves_the_first_ones_alone() -> None:
    router = make_router()
    first = app_with(router, guard)
    kept = list(router.routes)
    second = app_with(router, guard, another)
    assert router.routes == kept
    assert TestClient(second).get("/things/a?shut=").status_code == 451
    assert TestClient(first).get("/things/a?shut=").status_code == 200


def test_a_router_of_routers_is_included_as_the_framework_does_it() -> None:
    outer = APIRouter(prefix="/outer")
    outer.include_router(make_router())
    http = TestClient(app_with(outer, guard))
    assert http.get("/outer/things/a").json() == {"name": "a", "limit": 5}
    assert http.get("/outer/things/a?closed=").status_code == 418
