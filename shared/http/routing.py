"""The routes of all routers side by side in their application.

Included the framework's way, a request asks router after router, each with all of its routes, and twice
the one that answers: on an application of a hundred routes that took as long as a short answer.
"""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute


def include(app: FastAPI, router: APIRouter) -> None:
    """Serve a router's routes, with the application's dependencies before their own.

    A router that holds others, or anything but plain endpoints, is included as the framework does it.
    """
    routes = [route for route in router.routes if _is_plain(route)]
    if len(routes) < len(router.routes):
        app.include_router(router)
        return
    for route in routes:
        assert isinstance(route, APIRoute)
        app.router.add_api_route(
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
