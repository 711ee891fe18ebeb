"""The routes of all routers side by side in their application.

Included the framework's way, a request asks router after router, each with all of its routes, and twice
the one that answers: on an application of a hundred routes that took as long as a short answer. It would also
keep each route twice, as it was declared and as it is served, 15 KiB more each.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute


def include(app: FastAPI, router: APIRouter) -> None:
    """Serve a router's routes, with the application's dependencies before their own.

    The router's own routes are completed in place, once: applications of the same dependencies share them.
    A router that holds others, or anything but plain endpoints, is included as the framework does it.
    """
    if not all(_is_plain(route) for route in router.routes):
        app.include_router(router)
        return
    guards = [depends.dependency for depends in app.router.dependencies]
    marked: Any = router
    before = getattr(marked, "completed_with", None)
    if before is not None and before == guards:
        app.router.routes.extend(router.routes)
        return
    completed = APIRouter(dependencies=app.router.dependencies)
    for route in router.routes:
        assert isinstance(route, APIRoute)
        _complete(completed, route)
    app.router.routes.extend(completed.routes)
    # What an application of another kind has completed stays as it is.
    if before is None:
        router.routes[:] = completed.routes
        marked.completed_with = guards


def _complete(router: APIRouter, route: APIRoute) -> None:
    router.add_api_route(
        route.path,
        route.endpoint,
        response_model=route.response_model,
        status_code=route.status_code,
        tags=route.tags,
        dependencies=route.dependencies,
        summary=route.summary,
        description=route.description,
        response_description=route.response_description,
        responses=route.responses,
        deprecated=route.deprecated,
        methods=route.methods,
        operation_id=route.operation_id,
        response_model_include=route.response_model_include,
        response_model_exclude=route.response_model_exclude,
        response_model_by_alias=route.response_model_by_alias,
        response_model_exclude_unset=route.response_model_exclude_unset,
        response_model_exclude_defaults=route.response_model_exclude_defaults,
        response_model_exclude_none=route.response_model_exclude_none,
        include_in_schema=route.include_in_schema,
        response_class=route.response_class,
        name=route.name,
        route_class_override=type(route),
        callbacks=route.callbacks,
        openapi_extra=route.openapi_extra,
        generate_unique_id_function=route.generate_unique_id_function,
        strict_content_type=route.strict_content_type,
        max_body_size=route.max_body_size,
        form_limits=route.form_limits or None,
    )


def _is_plain(route: BaseRoute) -> bool:
    if not isinstance(route, APIRoute):
        return False
    return not (route.is_sse_stream or route.is_json_stream)
