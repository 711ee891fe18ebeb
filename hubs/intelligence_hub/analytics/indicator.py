"""An indicator: what is counted, in words of both languages, and the statement that counts it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Indicator:
    """One thing that is counted."""

    name: str
    title_en: str
    title_fr: str
    definition_en: str
    definition_fr: str
    formula_en: str
    formula_fr: str
    unit_en: str
    unit_fr: str
    source_en: str
    source_fr: str
    caveat_en: str
    caveat_fr: str
    statement: str
    parameters: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
