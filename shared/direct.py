"""Routes that skip the framework's solving of dependencies, for the few that are asked all the time.

The framework works out each parameter and each dependency of each request anew, in Python: for a route of a
dozen parameters half a millisecond with the interpreter held, as long as a search takes to find its hits.
Here one model reads the query string in pydantic's core. Documentation, access rule and errors stay the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from fastapi import Request, params
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from shared.auth import AccessRule, current_principal
from shared.http.strict import reject_unknown_parameters

M = TypeVar("M", bound=BaseModel)


class DirectRoute(APIRoute):
    """A route whose endpoint is ``async (request, principal, params) -> Response`` under any names.

    ``principal`` comes from an access rule, ``params`` is ``Annotated[Model, Query()]``. An endpoint that
    asks for anything else is a TypeError when the route is made: nothing is left out in silence.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        rule, rule_name = _rule(self.dependant, self.path)
        model, model_name = _model(self.dependant, self.path)
        request_name = self.dependant.request_param_name
        endpoint: Callable[..., Awaitable[Response]] = self.endpoint
        if request_name is None:
            raise TypeError(f"{self.path}: the endpoint of a direct route takes the request")

        async def handle(request: Request) -> Response:
            await reject_unknown_parameters(request)
            principal = await rule(await current_principal(request))
            arguments = {
                request_name: request,
                rule_name: principal,
                model_name: read_query(model, request),
            }
            return await endpoint(**arguments)

        return handle


def read_query(model: type[M], request: Request) -> M:
    """Return the query string as a model; of a name given twice the last one counts.

    Raises: RequestValidationError, as the framework itself would.
    """
    try:
        return model.model_validate(dict(request.query_params))
    except ValidationError as error:
        found = [
            {**problem, "loc": ("query", *problem["loc"])} for problem in error.errors(include_url=False)
        ]
        raise RequestValidationError(found) from None


def _rule(dependant: Dependant, path: str) -> tuple[AccessRule, str]:
    calls = [(child.call, child.name) for child in dependant.dependencies]
    rules = [(call, name) for call, name in calls if isinstance(call, AccessRule) and name]
    others = [
        call
        for call, _ in calls
        if not isinstance(call, AccessRule) and call is not reject_unknown_parameters
    ]
    if len(rules) != 1 or others:
        raise TypeError(f"{path}: a direct route depends on one access rule and on nothing else")
    return rules[0]


def _model(dependant: Dependant, path: str) -> tuple[type[BaseModel], str]:
    fields = dependant.query_params
    others = dependant.path_params + dependant.header_params + dependant.cookie_params + dependant.body_params
    model = fields[0].field_info.annotation if len(fields) == 1 and not others else None
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise TypeError(f"{path}: a direct route has one model of query parameters and no others")
    assert isinstance(fields[0].field_info, params.Query)
    return model, fields[0].name
