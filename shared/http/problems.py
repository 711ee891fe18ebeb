"""RFC 9457 problem documents for every failure, the framework's own included."""

from __future__ import annotations

import difflib
import functools
import re
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import compile_path

from shared.core.errors import AppError, Invalid, Unavailable, error_class
from shared.http.json import dumps
from shared.logging import get_logger, request_id_var

log = get_logger(__name__)
PROBLEM_JSON = "application/problem+json"


def problem_response(error: AppError, instance: str = "") -> Response:
    """Render an error as ``application/problem+json``."""
    body = error.problem()
    if instance:
        body["instance"] = instance
    if request_id := request_id_var.get():
        body["request_id"] = request_id
    return Response(dumps(body), error.status, headers={**error.headers}, media_type=PROBLEM_JSON)


def _validation_problem(error: RequestValidationError) -> AppError:
    problems = []
    for item in error.errors()[:50]:
        where, *path = [str(part) for part in item["loc"]] or ["body"]
        detail = item["msg"]
        if item["type"] == "json_invalid":
            # The framework gives the place within the text as if it were a field.
            reason = str(item.get("ctx", {}).get("error", "cannot be read"))
            detail, path = f"not JSON: {reason} at character {''.join(path) or '0'}", []
        entry: dict[str, Any] = {"in": where, "pointer": _pointer(path), "detail": detail}
        problems.append(entry)
    first = problems[0] if problems else {"pointer": "", "detail": "invalid", "in": "body"}
    name = first["pointer"].strip("/") or first["in"]
    return Invalid(f"{name}: {first['detail']}", errors=problems)


def _pointer(path: list[str]) -> str:
    """Return a JSON pointer (RFC 6901)."""
    return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in path)


def unknown_parameter(name: str, known: list[str]) -> Invalid:
    """Return the 422 for a query parameter nobody reads, with the nearest known name."""
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return Invalid(
        f"unknown query parameter {name!r}{hint}",
        errors=[{"in": "query", "pointer": f"/{name}", "detail": "unknown parameter"}],
        known=known,
    )


def _allowed(request: Request) -> list[str]:
    """Return the methods that a path is served by: routes know their own alone, and RFC 9110 wants all."""
    path = request.scope["path"]
    methods: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.path is not None and route.methods and _regex_of(route.path).match(path):
            methods |= route.methods
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)


@functools.lru_cache(1_000)
def _regex_of(path: str) -> re.Pattern[str]:
    return compile_path(path)[0]


def install_problem_handlers(app: FastAPI) -> None:
    """Make ``app`` answer every failure with a problem document."""

    async def on_app_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, AppError)
        if error.status >= 500:
            log.warning("request failed", path=request.url.path, code=error.code, detail=error.detail)
        return problem_response(error, request.url.path)

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        cls = error_class(error.status_code)
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(_allowed(request))
        problem = cls(str(error.detail or cls.title), headers=headers)
        response = problem_response(problem, request.url.path)
        response.status_code = error.status_code
        return response

    async def on_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return problem_response(_validation_problem(error), request.url.path)

    app.add_exception_handler(AppError, on_app_error)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_validation)


def crash_response(error: Exception, path: str) -> Response:
    """Answer for an exception that nobody expected; its inside goes to the log alone."""
    translated = error if isinstance(error, AppError) else translate(error)
    if translated is not None:
        log.warning("request failed", path=path, code=translated.code, detail=translated.detail)
        return problem_response(translated, path)
    log.error("unhandled error", path=path, exc_info=error)
    return problem_response(AppError("an unexpected error; it was logged"), path)


def translate(error: Exception) -> AppError | None:
    """Return the expected failure behind an infrastructure exception, if it is one."""
    # The standard library and orjson each have an error of their own for it.
    if isinstance(error, UnicodeEncodeError | TypeError) and "surrogates not allowed" in str(error):
        return Invalid("half of a surrogate pair is no character")
    module = type(error).__module__
    if module.startswith("sqlalchemy"):
        # Imported late: not every process that has an HTTP edge has a database.
        from sqlalchemy.exc import DataError, OperationalError
        from sqlalchemy.exc import TimeoutError as PoolTimeout

        if isinstance(error, OperationalError | PoolTimeout):
            return Unavailable("the database is busy or away; try again", headers={"Retry-After": "2"})
        if isinstance(error, DataError):
            # SQLSTATE class 22: NUL in a text, a number beyond its column, and the like.
            return Invalid("a value that cannot be kept: a NUL character or a number out of range")
    return None
