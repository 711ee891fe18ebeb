"""Direct routes answer like the framework's own, and refuse endpoints that they would not serve whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.testclient import TestClient
from pydantic import BaseModel, Field
from starlette.responses import Response

from shared.auth import Public, SignedIn
from shared.direct import DirectRoute
from shared.http.json import dumps
from shared.http.problems import install_problem_handlers
from shared.http.routing import include
from shared.http.strict import reject_unknown_parameters


class Params(BaseModel):
    q: str = Field("", max_length=5)
    limit: int = Field(20, ge=1, le=100)
    is_loud: bool = False


async def _shown(request: Request, _: Public, params: Annotated[Params, Query()]) -> Response:
    return Response(dumps(params.model_dump()), media_type="application/json")


async def _for_members(request: Request, _: SignedIn, params: Annotated[Params, Query()]) -> Response:
    return Response(b"{}")


@pytest.fixture(scope="module")
def http() -> TestClient:
    app = FastAPI(dependencies=[Depends(reject_unknown_parameters)])
    install_problem_handlers(app)
    direct, usual = APIRouter(route_class=DirectRoute), APIRouter(prefix="/usual")
    for router in (direct, usual):
        router.get("/shown")(_shown)
        router.get("/members")(_for_members)
        include(app, router)
    return TestClient(app)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "q=one&limit=5&is_loud=true",
        "q=a&q=b",
        "limit=0",
        "limit=ten",
        "limit=1e3",
        "q=longer",
        "is_loud=perhaps",
        "limit=0&q=longer",
        "limt=3",
        "q=%FF",
    ],
)
def test_it_answers_and_refuses_as_the_framework_does(http: TestClient, query: str) -> None:
    direct, usual = (http.get(f"{path}?{query}") for path in ("/shown", "/usual/shown"))
    assert direct.status_code == usual.status_code
    assert {**direct.json(), "instance": ""} == {**usual.json(), "instance": ""}


def test_its_access_rule_holds(http: TestClient) -> None:
    assert http.get("/members").status_code == 401
    assert http.get("/shown", headers={"Authorization": "Bearer"}).status_code == 401


def test_its_documentation_is_the_same(http: TestClient) -> None:
    paths = http.get("/openapi.json").json()["paths"]
    direct, usual = paths["/shown"]["get"], paths["/usual/shown"]["get"]
    assert [p["name"] for p in direct["parameters"]] == ["q", "limit", "is_loud"]
    assert direct["parameters"] == usual["parameters"]


async def _without_rule(request: Request, params: Annotated[Params, Query()]) -> Response:
    return Response()


async def _without_request(_: Public, params: Annotated[Params, Query()]) -> Response:
    return Response()


async def _single_parameter(request: Request, _: Public, q: str = "") -> Response:
    return Response()


async def _one_more(request: Request, _: Public, params: Annotated[Params, Query()], more: str) -> Response:
    return Response()


async def _something() -> str:
    return "something"


async def _dependent(
    request: Request, _: Public, params: Annotated[Params, Query()], more: Annotated[str, Depends(_something)]
) -> Response:
    return Response()


@pytest.mark.parametrize(
    "endpoint", [_without_rule, _without_request, _single_parameter, _one_more, _dependent]
)
def test_what_it_would_leave_out_is_refused_when_it_is_made(endpoint: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match="/odd: "):
        APIRouter(route_class=DirectRoute).get("/odd")(endpoint)
