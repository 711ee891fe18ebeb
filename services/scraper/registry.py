"""From a source's parser name to the Parser object, imported only when it is needed."""

from __future__ import annotations

from importlib import import_module

from services.scraper.parsers.base import Parser
from services.scraper.sources import Source
from shared.core.errors import Invalid


def parser_of(source: Source) -> Parser:
    """Return the parser that ``source`` names: ``house_votes`` or ``platforms.legistar``.

    Raises: Invalid when the registry names a parser or a step that does not exist.
    """
    name = source.parser if "." in source.parser else f"parsers.{source.parser}"
    try:
        module = import_module(f"services.scraper.{name}")
    except ModuleNotFoundError as error:
        raise Invalid(f"source {source.id}: no parser {source.parser!r}") from error
    parser = getattr(module, "PARSER", None)
    if not isinstance(parser, Parser):
        raise Invalid(f"source {source.id}: {name} has no PARSER")
    unknown = [start.step for start in source.start if start.step not in parser.steps]
    if unknown:
        raise Invalid(f"source {source.id}: parser {parser.name} has no step {unknown[0]!r}")
    return parser
