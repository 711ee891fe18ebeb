"""Unknown query parameters are an error (422 with a suggestion), never ignored."""

from __future__ import annotations

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


def reject_unknown_parameters(request: Request) -> None:
    """Dependency for every hub route; broken Unicode is refused as well.

    A route takes any name with ``openapi_extra={"x-open-query": True}``.

    Raises: Invalid.
    """
    if not request.query_params:
        return
    try:
        unquote_to_bytes(request.scope["query_string"]).decode()
    except UnicodeDecodeError:
        # Otherwise what is broken would be looked for as replacement characters, and never be found.
        raise Invalid("the query string is not valid UTF-8") from None
    route = request.scope.get("route")
    dependant = getattr(route, "dependant", None)
    extra = getattr(route, "openapi_extra", None) or {}
    if dependant is None or extra.get("x-open-query"):
        return
    known = _query_names(dependant)
    for name in request.query_params:
        if name not in known:
            raise unknown_parameter(name, sorted(known))
