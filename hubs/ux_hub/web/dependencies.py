"""What a page's endpoint is given: the record to read and the page to write."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, cast
from urllib.parse import urlencode

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.responses import Response

from hubs.ux_hub.web.service import answering
from hubs.ux_hub.web.service.answering import PRIVATE, answer
from hubs.ux_hub.web.service.language import Lang
from hubs.ux_hub.web.service.record import RecordReader
from hubs.ux_hub.web.service.rendering import Renderer
from shared.app import Resources, ResourcesDep
from shared.core.errors import AppError, Invalid, error_class
from shared.http.problems import translate
from shared.logging import get_logger, request_id_var

log = get_logger(__name__)
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
OPEN: dict[str, Any] = {"openapi_extra": {"x-open-query": True}, "include_in_schema": False}
"""Pages leave parameters that they do not know alone: people share links with trackers in them."""
_SPOKEN = {400, 401, 403, 404, 405, 409, 410, 413, 422, 429, 500, 502, 503, 504}


class LangConvertor(Convertor[str]):
    """The first segment of a page's address: ``en`` or ``fr``, nothing else."""

    regex = "en|fr"

    def convert(self, value: str) -> str:
        """Return the language."""
        return value

    def to_string(self, value: str) -> str:
        """Return the segment."""
        return value


register_url_convertor("lang", LangConvertor())


@dataclass(frozen=True)
class ReaderSource:
    """Makes a reader for a request."""

    make: Callable[[], RecordReader]
    """Answers may be some seconds old."""
    make_current: Callable[[], RecordReader] | None = None
    """Asks the hubs every time."""


@dataclass(frozen=True)
class Page:
    """The page being answered."""

    request: Request
    lang: Lang
    renderer: Renderer

    @property
    def path(self) -> str:
        """Return the page's address without the language."""
        return self.request.url.path.removeprefix(f"/{self.lang}")

    def t(self, key: str, **values: Any) -> str:
        """Return a message in the page's language."""
        return self.renderer.catalogue.text(self.lang, key, **values)

    def show(self, template: str, /, *, keeps_query: tuple[str, ...] = (), **values: Any) -> Response:
        """Return the page; only the named parameters stay in its own address."""
        return answering.answer(self.request, self.html(template, keeps_query=keeps_query, **values))

    def html(self, template: str, /, *, keeps_query: tuple[str, ...] = (), **values: Any) -> str:
        """Return the page's HTML."""
        kept = [
            (name, value)
            for name, value in self.request.query_params.multi_items()
            if name in keeps_query and value
        ]
        return self.renderer.html(template, self.lang, self.path, urlencode(kept), **values)

    def show_widget(self, template: str, /, **values: Any) -> Response:
        """Return a page that may stand in a frame of another site."""
        html = self.html(template, **values)
        return answering.answer(self.request, html, is_embeddable=True, cache_control="public, max-age=300")


@dataclass(frozen=True)
class SourceRegister:
    """Reads the register of sources from the business hub."""

    read: Callable[[], list[dict[str, Any]]]

    def list(self) -> list[dict[str, Any]]:
        """Return every source.

        Raises: AppError when the business hub is away or refuses.
        """
        return self.read()


def moved(page: Page, path: str, *, is_for_good: bool = True) -> Response:
    """Return a redirect within the page's language; the target is ours alone."""
    return Response(
        status_code=308 if is_for_good else 307,
        headers={
            "Location": f"/{page.lang}{path}",
            "Cache-Control": "max-age=3600" if is_for_good else "no-cache",
        },
    )


async def page_of(request: Request, lang: Lang, resources: ResourcesDep) -> Page:
    """Dependency: the page in the language of its address."""
    return Page(request, lang, resources.get(Renderer))


async def reader_of(resources: ResourcesDep) -> RecordReader:
    """Dependency: the record, with a fresh allowance of calls."""
    return resources.get(ReaderSource).make()


async def current_reader_of(resources: ResourcesDep) -> RecordReader:
    """Dependency: the record as it stands at this moment."""
    source = resources.get(ReaderSource)
    return (source.make_current or source.make)()


PageDep = Annotated[Page, Depends(page_of)]


async def sources_of(resources: ResourcesDep) -> SourceRegister:
    """Dependency: the register of sources."""
    return resources.get(SourceRegister)


SourcesDep = Annotated[SourceRegister, Depends(sources_of)]
ReaderDep = Annotated[RecordReader, Depends(reader_of)]
CurrentReaderDep = Annotated[RecordReader, Depends(current_reader_of)]


class PageRoute(APIRoute):
    """A route whose failures are pages too, in the language of the address."""

    passes: tuple[type[AppError], ...] = ()
    """Failures that a subclass answers itself."""

    def get_route_handler(self) -> Handler:
        """Return the handler of the framework with ours around it."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await inner(request)
            except RequestValidationError as error:
                first = error.errors()[0] if error.errors() else {}
                return error_page(request, Invalid(str(first.get("msg", ""))))
            except HTTPException as error:
                return error_page(request, error_class(error.status_code)(str(error.detail)))
            except AppError as error:
                if isinstance(error, self.passes):
                    raise
                return error_page(request, error)
            except Exception as error:
                expected = translate(error)
                if expected is None:
                    log.error("unhandled error", path=request.url.path, exc_info=error)
                return error_page(request, expected or AppError())

        return handle


def error_page(request: Request, error: AppError) -> Response:
    """Return the page that says what went wrong; its inside stays in the log."""
    resources = cast(Resources, request.app.state.resources)
    renderer = resources.get(Renderer)
    lang: Lang = "fr" if request.url.path.startswith("/fr") else "en"
    status = error.status if error.status in _SPOKEN else 500
    if status >= 500:
        log.warning("page failed", path=request.url.path, code=error.code, detail=error.detail)
    html = renderer.html(
        "error.html", lang, "", status=status, request_id=request_id_var.get(),
        detail=error.detail if status in (409, 422) else "",
    )  # fmt: skip
    headers = {"Retry-After": error.headers.get("Retry-After", "10")} if status in (429, 503) else None
    return answer(request, html, status=status, cache_control=PRIVATE, headers=headers)
