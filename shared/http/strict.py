"""Unknown query parameters are an error (422 with a suggestion), never ignored."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

from fastapi import Request
from fastapi.dependencies.models import Dependant

from shared.core.errors import Invalid
from shared.http.problems import unknown_parameter


def _query_names(dependant: Dependant) -> set[str]:
    names: set[str] = set()
    for field in dependant.query_params:
        model = field.field_info.annotation
        nested = getattr(model, "model_fields", None)
        if nested:
            names.update(f.alias or name for name, f in nested.items())
        else:
            names.add(field.alias)
    for child in dependant.dependencies:
        names |= _query_names(child)
    return names


def _known_names(request: Request) -> frozenset[str] | None:
    """Return the parameters of the request's route, None when it takes any."""
    route: Any = request.scope.get("route")
    dependant = getattr(route, "dependant", None)
    extra = getattr(route, "openapi_extra", None) or {}
    if dependant is None or extra.get("x-open-query"):
        return None
    # They never change, and to work them out costs as much as all other checks of a request together. The
    # application holds its routes for as long as it lives, so that none takes the place of another.
    state = request.app.state
    by_route: dict[int, frozenset[str]] | None = getattr(state, "parameter_names", None)
    if by_route is None:
        by_route = state.parameter_names = {}
    names = by_route.get(id(route))
    if names is None:
        names = by_route[id(route)] = frozenset(_query_names(dependant))
    return names


async def reject_unknown_parameters(request: Request) -> None:
    """Dependency for every hub route; broken Unicode is refused as well.

    A route takes any name with ``openapi_extra={"x-open-query": True}``.

    Raises: Invalid.
    """
    query = request.scope["query_string"]
    if not query:
        return
    if b"%" in query or not query.isascii():
        try:
            unquote_to_bytes(query).decode()
        except UnicodeDecodeError:
            # Otherwise what is broken would be looked for as replacement characters, and never be found.
            raise Invalid("the query string is not valid UTF-8") from None
    known = _known_names(request)
    if known is None:
        return
    for name in request.query_params:
        if name not in known:
            raise unknown_parameter(name, sorted(known))
