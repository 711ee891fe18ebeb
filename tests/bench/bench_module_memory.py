"""What one more module costs a hub: 30 routes, 7 tables and 15 schemas, each route asked once.

The proportions are the platform's own (some 580 routes, 130 tables, 290 schemas).

A module is written out as the hubs' own are (models, schemas, service, router), so that its code, tables, validators
and routes are all paid for. Numbers are PSS of a process that holds ops_hub and so many modules more.
"""

from __future__ import annotations

import compileall
import subprocess
import sys
import tempfile
from pathlib import Path

LIMIT_MIB = 2.0
MODULES = 16
_RESOURCES, _TABLES, _TWO_SHAPES = 10, 7, 5

_HEAD = '''"""A module: {module}."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from hubs.ops_hub.base import Model
from shared.auth import Public
from shared.db.base import HasId

router = APIRouter(prefix="/api/v1/{module}", tags=["{module}"])
'''
_TABLE = '''

class {name}(HasId, Model):
    """A row."""

    __tablename__ = "{module}_{path}"
    __table_args__ = (Index("ix_{module}_{path}_at", "started_at"),)

    title_en: Mapped[str]
    title_fr: Mapped[str]
    amount: Mapped[int]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    notes: Mapped[list[dict[str, Any]]]
'''
_FIELDS = """
    title_en: str = Field(max_length=200)
    title_fr: str = Field(max_length=200)
    amount: int = Field(ge=0)
    started_at: datetime | None = None
"""
_CREATE = '''

class {name}Create(BaseModel):
    """What a caller sends."""
{fields}'''
_PART = '''

class {name}Read({base}):
    """What a caller gets."""
{fields}
    id: UUID
    ended_at: datetime | None = None
    notes: list[dict[str, Any]] = []


class {name}Service:
    """Keeps rows."""

    def __init__(self) -> None:
        self._rows: dict[UUID, {name}Read] = {{}}

    def create(self, given: {given}) -> {name}Read:
        """Keep one."""
        row = {name}Read(**{{**given.model_dump(), "id": uuid4()}})
        self._rows = {{row.id: row}}
        return row

    def page(self, limit: int) -> list[{name}Read]:
        """Return the first rows."""
        return list(self._rows.values())[:limit]


_{path} = {name}Service()


@router.get("/{path}", summary="List {path}")
def list_{path}(_: Public, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> list[{name}Read]:
    return _{path}.page(limit)


@router.post("/{path}", summary="Add to {path}", status_code=201)
def create_{path}(given: {given}, _: Public) -> {name}Read:
    return _{path}.create(given)


@router.get("/{path}/{{row_id}}", summary="One of {path}")
def get_{path}(row_id: UUID, _: Public) -> {name}Read:
    return {name}Read(id=row_id, title_en="a", title_fr="b", amount=1)
'''
_CHILD = """
import asyncio, dataclasses, importlib, os, sys
sys.path.insert(0, sys.argv[1])
import httpx
from fastapi.routing import APIRoute
from hubs.ops_hub.app import SPEC
from shared.app import create_hub_app
from shared.core.memory import pss_mib

names = [f"module_{n}" for n in range(int(sys.argv[2]))]
routers = [importlib.import_module(name).router for name in names]
app = create_hub_app(dataclasses.replace(SPEC, routers=[*SPEC.routers, *routers]))

async def ask():
    transport = httpx.ASGITransport(app)
    row = "018f0000-0000-7000-8000-000000000000"
    body = {"id": row, "title_en": "a", "title_fr": "b", "amount": 1}
    answered = 0
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        assert (await client.get("/version")).status_code == 200
        for name in names:
            for part in range(int(sys.argv[3])):
                path = f"/api/v1/{name}/part_{part}"
                for answer in (
                    await client.get(path), await client.post(path, json=body), await client.get(f"{path}/{row}")
                ):
                    assert answer.status_code in (200, 201), answer.text
                    answered += 1
    return answered

answered = asyncio.run(ask())
print(pss_mib(os.getpid()), answered)
"""


def _write(folder: Path, count: int) -> None:
    for number in range(count):
        module = f"module_{number}"
        parts = [
            _part(module, f"part_{part}", f"Part{number}x{part}", part < _TABLES, part < _TWO_SHAPES)
            for part in range(_RESOURCES)
        ]
        (folder / f"{module}.py").write_text(_HEAD.format(module=module) + "".join(parts), encoding="utf-8")


def _part(module: str, path: str, name: str, has_table: bool, has_two_shapes: bool) -> str:
    shared = {"module": module, "path": path, "name": name}
    text = _TABLE.format(**shared) if has_table else ""
    if has_two_shapes:
        text += _CREATE.format(**shared, fields=_FIELDS)
        return text + _PART.format(**shared, given=f"{name}Create", base=f"{name}Create", fields="")
    given = f"{name}Read"
    return text + _PART.format(**shared, given=given, base="BaseModel", fields=_FIELDS)


def _measure(folder: Path, count: int) -> float:
    words = [sys.executable, "-c", _CHILD, str(folder), str(count), str(_RESOURCES)]
    done = subprocess.run(words, check=True, capture_output=True, text=True, timeout=280)
    size, answered = done.stdout.split()[-2:]
    assert int(answered) == 3 * _RESOURCES * count
    return float(size)


def main() -> None:
    """Measure with 0, 4 and 16 modules and print what one costs."""
    with tempfile.TemporaryDirectory(prefix="op-module-") as folder:
        _write(Path(folder), MODULES)
        # Byte code is there already, as in an image: the compiler's memory is not counted.
        compileall.compile_dir(folder, quiet=1)
        base, more = _measure(Path(folder), 0), _measure(Path(folder), MODULES)
    print(f"ops_hub alone {base:.1f} MiB, with {MODULES} modules of {3 * _RESOURCES} routes {more:.1f} MiB")
    cost = (more - base) / MODULES
    print(f"one module more: {cost:.2f} MiB, limit {LIMIT_MIB}, ratio {cost / LIMIT_MIB:.2f}")


if __name__ == "__main__":
    main()
