"""API shapes of uploads, their inspection, their problems and saved mappings."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class ImportOptions(BaseModel):
    """How an upload is to be read and loaded; what is left empty is found out."""

    model_config = ConfigDict(extra="forbid")
    format: str = Field(default="", max_length=60)
    target: str = Field(default="", max_length=60)
    mapping: dict[str, str] = Field(default={}, max_length=256)
    constants: dict[str, str] = Field(default={}, max_length=64)
    template: str = Field(default="", max_length=200)
    encoding: str = Field(default="", max_length=40)
    delimiter: str = Field(default="", max_length=1)
    sheet: str = Field(default="", max_length=200)
    base_url: str = Field(default="", max_length=1_000)
    licence: str = Field(default="", max_length=1_000)
    jurisdiction: str = Field(default="", max_length=300)
    existing: Literal["fill", "keep", "replace"] = "fill"
    """What is done to records that other sources name too: fill gaps, leave alone, or replace."""
    on_error: Literal["reject", "accept"] = "reject"
    """One bad row: nothing is loaded, or the good rows are."""
    is_complete: bool = False
    """The upload is the whole data set: what an earlier one had and this one has not is gone."""
    dry_run: bool = False
    mode: Literal["", "production", "test"] = ""
    """test: what is read is staged, compared and waits to be promoted; empty: as the installation is set."""


class UploadRead(BaseModel):
    """An upload; how its import goes is told by its job."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    name: str
    source_id: str
    state: str
    size_bytes: int
    sha256: str
    path: str
    options: ImportOptions
    inspection: dict[str, Any]
    reason: str
    job_id: UUID | None
    run_id: UUID | None
    counts: dict[str, int]
    problems: int
    rejected_rows: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    undone_by: str
    undone_at: datetime | None


class FromPath(BaseModel):
    """Files that are in the folder of imports already."""

    model_config = ConfigDict(extra="forbid")
    path: str = Field(min_length=1, max_length=1_000)
    dataset: str = Field(default="", max_length=120)
    options: ImportOptions = ImportOptions()
    run: bool = False


class PartedUpload(BaseModel):
    """An upload whose bytes come in parts."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=300)
    dataset: str = Field(default="", max_length=120)
    options: ImportOptions = ImportOptions()


class PartRead(BaseModel):
    """A part that has come."""

    number: int
    size_bytes: int


class CompleteUpload(BaseModel):
    """All parts are there: how many, and the SHA-256 of the whole, which is checked when it is given."""

    model_config = ConfigDict(extra="forbid")
    parts: int = Field(ge=1, le=100_000)
    sha256: str = Field(default="", pattern="^([0-9a-fA-F]{64})?$")
    run: bool = False


class ProblemRead(BaseModel):
    """What is wrong with a row: where, and why in both languages."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    document: str
    row: int | None
    column: str
    code: str
    detail: str
    detail_fr: str = ""
    value: str
    is_fatal: bool


class TemplateWrite(BaseModel):
    """A mapping to keep under a name."""

    model_config = ConfigDict(extra="forbid")
    target: str = Field(max_length=60)
    mapping: dict[str, str] = Field(max_length=256)
    constants: dict[str, str] = Field(default={}, max_length=64)


class TemplateRead(TemplateWrite):
    """A kept mapping."""

    model_config = ConfigDict(from_attributes=True, extra="ignore")
    name: str
    created_by: str
    updated_at: datetime


class FormatRead(BaseModel):
    """A format that can be read."""

    name: str
    title_en: str
    title_fr: str


class TargetField(BaseModel):
    """A field that a column can be mapped to."""

    name: str
    kind: str
    is_required: bool


class TargetRead(BaseModel):
    """What rows of a table can become."""

    name: str
    title_en: str
    title_fr: str
    fields: list[TargetField]


FRENCH = {
    "missing": "une valeur obligatoire manque",
    "not-date": "n'est pas une date; écrire AAAA-MM-JJ",
    "not-a-date": "n'est pas une date",
    "not-integer": "n'est pas un nombre entier",
    "not-number": "n'est pas un nombre",
    "not-bool": "n'est ni oui ni non",
    "not-email": "n'est pas une adresse courriel",
    "not-url": "n'est pas une adresse Web",
    "nul": "contient un caractère NUL",
    "duplicate": "même clé qu'une autre ligne, avec d'autres valeurs",
    "too-many-cells": "plus de cellules que de colonnes",
    "unknown-party": "aucun parti connu à la fin",
    "unresolved": "renvoie à quelque chose qui n'est pas dans l'envoi",
    "unreadable": "ne peut être lu",
    "wrong-shape": "n'a pas la forme attendue",
    "wrong-value": "contient une valeur inattendue",
    "vote-unknown": "bulletins d'un vote qui n'est ni dans l'envoi ni au registre",
    "not-an-ocd-id": "n'est pas un identifiant de division OCD",
    "unrecognised": "aucun format connu",
    "string_too_long": "texte trop long",
    "string_pattern_mismatch": "n'a pas la forme attendue",
    "value_error": "valeur refusée",
    "literal_error": "n'est pas l'une des valeurs permises",
}
