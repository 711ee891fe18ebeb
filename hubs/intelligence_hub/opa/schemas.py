"""Shapes of OPA's REST API (openpolicyagent.org/docs/rest-api) as far as they are answered here."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from hubs.intelligence_hub.opa.engine import MISSING
from hubs.intelligence_hub.opa.errors import BadQuery
from hubs.intelligence_hub.opa.exact import read_exact


def read_input(body: bytes) -> Any:
    """Return the input in the body of a data query; without one the document is asked for as it is.

    Raises: BadQuery.
    """
    if not body.strip():
        return MISSING
    try:
        found = read_exact(body)
    except ValueError as error:
        raise BadQuery("the body is not JSON") from error
    if not isinstance(found, dict):
        raise BadQuery("the body is not an object")
    return found.get("input", MISSING)


class BatchQuestion(BaseModel):
    """Several inputs for one path."""

    model_config = ConfigDict(extra="forbid")
    inputs: dict[str, Any] = Field(max_length=1_000)


class DecisionRead(BaseModel):
    """A logged decision; masked fields are named in ``erased``."""

    model_config = ConfigDict(from_attributes=True)
    decision_id: str
    path: str
    is_defined: bool
    result: Any
    input: Any
    erased: list[str]
    requested_by: str
    revision: str
    duration_ms: float


class ReplayCreate(BaseModel):
    """A candidate set of modules to try on decisions that were logged."""

    model_config = ConfigDict(extra="forbid")
    modules: dict[str, str] = Field(min_length=1, max_length=50)
    limit: int = Field(500, ge=1, le=5_000)


class ReplayDifference(BaseModel):
    """A decision that the candidate would have made otherwise."""

    decision_id: str
    path: str
    before: Any
    after: Any


class ReplayReport(BaseModel):
    """What would have changed."""

    replayed: int
    changed: int
    differences: list[ReplayDifference]
