"""Sources: what can be scraped, as the registry ``jurisdictions.toml`` declares it."""

from __future__ import annotations

import difflib
import string
import tomllib
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.contracts.records import RECORD_KINDS
from shared.core.clock import utc_now
from shared.core.errors import Invalid, NotFound

REGISTRY = Path(__file__).with_name("jurisdictions.toml")
"""The registry; the files of the folder of the same name beside it belong to it."""

Status = Literal["active", "unverified", "blocked", "stale"]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Jurisdiction(_Entry):
    """A government: its Open Civic Data ids, names in both languages, level and site."""

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    ocd_id: str = Field(pattern=r"^ocd-jurisdiction/country:ca(/[a-z_]+:[a-z0-9_.~-]+)*/[a-z]+$")
    division_id: str = Field(pattern=r"^ocd-division/country:ca(/[a-z_]+:[a-z0-9_.~-]+)*$")
    name_en: str
    name_fr: str
    level: Literal["federal", "provincial", "municipal", "regional", "school", "other"]
    url: str = ""


class Start(_Entry):
    """A start document: URL template, the parser step that reads it, its companions."""

    url: str
    step: str
    companions: dict[str, str] = {}
    method: Literal["GET", "POST"] = "GET"
    body: str = ""
    headers: dict[str, str] = {}


class Source(_Entry):
    """One thing that can be scraped: where, how, how often, and what to expect of it."""

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    jurisdiction: Jurisdiction
    title_en: str
    title_fr: str
    kinds: tuple[str, ...] = Field(min_length=1)
    """Kinds of records it yields; the first is the one that ``limit`` counts."""
    parser: str
    """Module of ``services.scraper.parsers`` or ``services.scraper.platforms``."""
    start: tuple[Start, ...] = ()
    licence: str = ""
    schedule: str = ""
    """Cron expression in UTC; empty: only on request."""
    expect: dict[str, tuple[int, int]] = {}
    """Smallest and largest plausible count of distinct records per kind in a full run."""
    status: Status = "unverified"
    reason: str = ""
    """Why it is blocked or stale, in one sentence."""
    verified_with: str = ""
    """The recorded document that the parser was checked against."""
    checked_on: date | None = None
    """Day on which somebody last saw that its address still answers with people of the current term."""
    is_listing_trusted: bool = False
    """When the start documents are unchanged, so are the documents they name: do not ask again."""
    recheck_days: tuple[int, ...] = ()
    """Days after a followed document was first seen on which it is read again; empty: every time."""
    may_be_empty: bool = False
    timeout_s: float = 3_600.0
    parameters: dict[str, Any] = {}

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        unknown = [kind for kind in (*self.kinds, *self.expect) if kind not in RECORD_KINDS]
        if unknown:
            raise ValueError(f"unknown record kinds {unknown}")
        if self.status in {"blocked", "stale"} and not self.reason:
            raise ValueError(f"a {self.status} source says why in `reason`")
        if any(low > high for low, high in self.expect.values()):
            raise ValueError("an expected range runs from small to large")
        return self

    def fill(self, template: str) -> str:
        """Return ``template`` with ``$name`` replaced by parameters.

        Known besides: ``$today``, ``$year``; ``$parliament`` and ``$ordinal``, the parts of ``session``.

        Raises: Invalid when it names a parameter that the source does not have.
        """
        today = utc_now().date()
        parliament, _, ordinal = self.parameter("session").partition("-")
        values = {
            "today": today.isoformat(),
            "year": str(today.year),
            "parliament": parliament,
            "ordinal": ordinal,
            **self.parameters,
        }
        try:
            return string.Template(template).substitute(values)
        except (KeyError, ValueError) as error:
            raise Invalid(f"source {self.id}: template {template!r} lacks {error}") from error

    def parameter(self, name: str, default: str = "") -> str:
        """Return a parameter as text."""
        return str(self.parameters.get(name, default))

    def of_any_session(self) -> Source:
        """Return this source for documents that may be of any session, as archived and loose ones are."""
        is_filled = any("$session" in start.url for start in self.start)
        return self.with_parameters(session="") if is_filled else self

    def with_parameters(self, **parameters: Any) -> Source:
        """Return this source with some parameters replaced."""
        return self.model_copy(update={"parameters": {**self.parameters, **parameters}})


class Registry:
    """All jurisdictions and sources, by id."""

    def __init__(self, jurisdictions: list[Jurisdiction], sources: list[Source]) -> None:
        self.jurisdictions = {entry.id: entry for entry in jurisdictions}
        self.sources = {entry.id: entry for entry in sources}
        if len(self.jurisdictions) != len(jurisdictions) or len(self.sources) != len(sources):
            raise Invalid("an id occurs twice in the registry")

    def get(self, source_id: str) -> Source:
        """Return a source.

        Raises: NotFound with the nearest ids as ``suggestions``.
        """
        try:
            return self.sources[source_id]
        except KeyError:
            near = difflib.get_close_matches(source_id, self.sources, n=3, cutoff=0.4)
            hint = f"; did you mean {', '.join(near)}?" if near else ""
            raise NotFound(f"no source {source_id!r}{hint}", suggestions=near) from None

    def list(self) -> list[Source]:
        """Return all sources in the registry's order."""
        return list(self.sources.values())


def read_registry(path: Path = REGISTRY) -> Registry:
    """Read and validate a registry file.

    Raises: Invalid naming the entry that does not hold together.
    """
    jurisdictions: list[Jurisdiction] = []
    sources: list[Source] = []
    for table in _tables(path):
        entry = dict(table)
        own_sources = entry.pop("source", [])
        try:
            jurisdiction = Jurisdiction(**entry)
            jurisdictions.append(jurisdiction)
            sources.extend(Source(jurisdiction=jurisdiction, **fields) for fields in own_sources)
        except (ValidationError, TypeError) as error:
            raise Invalid(f"registry entry {table.get('id')!r}: {error}") from error
    return Registry(jurisdictions, sources)


def _tables(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the entries of a registry file and of the folder that carries on where it ends."""
    folder = path.with_suffix("")
    for each in (path, *(sorted(folder.glob("*.toml")) if folder.is_dir() else ())):
        try:
            tables = tomllib.loads(each.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Invalid(f"registry file {each.name}: {error}") from error
        yield from tables.get("jurisdiction", [])


@cache
def registry() -> Registry:
    """Return the registry that is part of this installation (read once)."""
    return read_registry()
