"""Following a record by mail, without an account: ``/{lang}/follow``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query
from pydantic import ValidationError
from starlette.responses import Response

from hubs.ux_hub.notification.dependencies import SubscriptionServiceDep
from hubs.ux_hub.notification.schemas import MailSubscriptionCreate
from hubs.ux_hub.web.dependencies import OPEN, Page, PageDep, PageRoute
from hubs.ux_hub.web.service.answering import PRIVATE, answer
from shared.auth import Public

router = APIRouter(prefix="/{lang:lang}", route_class=PageRoute, tags=["pages"])
KINDS = "^(bill|member|committee|jurisdiction|saved-search)$"


def _show(page: Page, kind: str, target: str, name: str, email: str = "", problem: str = "") -> Response:
    html = page.html(
        "follow.html", keeps_query=("kind", "target", "name"), kind=kind, target=target, name=name,
        email=email, problem=problem, is_done=False,
    )  # fmt: skip
    return answer(page.request, html, status=422 if problem else 200, cache_control=PRIVATE)


@router.get("/follow", summary="Form to follow a record", **OPEN)
def show_follow(
    page: PageDep,
    _: Public,
    kind: Annotated[str, Query(pattern=KINDS)] = "jurisdiction",
    target: Annotated[str, Query(max_length=300)] = "ocd-jurisdiction/country:ca/legislature",
    name: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    return _show(page, kind, target, name)


@router.post("/follow", summary="Ask for the mail that confirms", **OPEN)
def follow(
    page: PageDep,
    subscriptions: SubscriptionServiceDep,
    _: Public,
    email: Annotated[str, Form(max_length=300)] = "",
    kind: Annotated[str, Form(pattern=KINDS)] = "jurisdiction",
    target: Annotated[str, Form(max_length=300)] = "",
    name: Annotated[str, Form(max_length=200)] = "",
    frequency: Annotated[str, Form(pattern="^(instant|daily|weekly)$")] = "daily",
) -> Response:
    try:
        form = MailSubscriptionCreate.model_validate(
            {"kind": kind, "target": target, "name": name, "email": email, "language": page.lang,
             "frequency": frequency}
        )  # fmt: skip
    except ValidationError:
        return _show(page, kind, target, name, email, "bad_email")
    subscriptions.create_by_mail(form)
    html = page.html(
        "follow.html", kind=kind, target=target, name=name, email=email, problem="", is_done=True
    )
    return answer(page.request, html, cache_control=PRIVATE)
