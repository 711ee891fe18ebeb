"""Documents of councils and provinces made from recorded upstream files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.scraper.parsers.base import Document
from services.scraper.registry import parser_of
from services.scraper.sources import registry

MakeDocument = Callable[..., Document]


@pytest.fixture
def make_document() -> MakeDocument:
    """Make a document of a source from bytes; the step is the one that its parser recognises."""

    def make(
        source_id: str, body: bytes | str, url: str = "file:///document", step: str = "", **fields: Any
    ) -> Document:
        source = registry().get(source_id).with_parameters(**fields.pop("parameters", {}))
        data = body.encode() if isinstance(body, str) else body
        document = Document(url=url, body=data, source=source, **fields)
        return replace(document, step=step or parser_of(source).recognise(document))

    return make


@pytest.fixture
def sample(samples: Path, make_document: MakeDocument) -> MakeDocument:
    """Make a document from a recorded upstream file."""

    def make(source_id: str, path: str, **fields: Any) -> Document:
        return make_document(source_id, (samples / path).read_bytes(), f"file:///{path}", **fields)

    return make
