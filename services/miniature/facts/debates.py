"""The debates and committee meetings of the miniature, and Hansard's affiliation numbers for people."""

from typing import Any

from services.miniature.facts.members import MEMBERS
from services.miniature.facts.model import Member
from services.miniature.facts.tables import table

NOTICE = (
    "(This record was written for the miniature Parliament. Nobody said these words.)",
    "(Ce compte rendu a été écrit pour le Parlement miniature. Personne n'a prononcé ces paroles.)",
)
PARTY_LETTERS: dict[str, tuple[str, str]] = {
    "Liberal": ("Lib.", "Lib."),
    "Conservative": ("CPC", "PCC"),
    "Bloc Québécois": ("BQ", "BQ"),
    "NDP": ("NDP", "NPD"),
    "Green Party": ("GP", "PV"),
    "Independent": ("Ind.", "Ind."),
}


def sittings() -> list[dict[str, Any]]:
    """The sittings that have a debate, oldest first."""
    return list(table("debates")["sitting"])


def find_sitting(number: int) -> dict[str, Any] | None:
    """The sitting with this number."""
    return next((sitting for sitting in sittings() if sitting["number"] == number), None)


def committees() -> list[dict[str, Any]]:
    """The committees with their meetings."""
    return list(table("committees")["committee"])


def find_committee(acronym: str) -> dict[str, Any] | None:
    """The committee with this acronym, in any letter case."""
    return next((entry for entry in committees() if entry["acronym"] == acronym.upper()), None)


def evidence() -> dict[str, Any]:
    """The one committee meeting whose evidence is told."""
    return dict(table("committees")["evidence"])


def affiliation_id(member: Member) -> int:
    """The number that Hansard gives to a member's affiliation; it is not the person id."""
    return 310_001 + [known.person_id for known in MEMBERS].index(member.person_id)


def member_by_id(person_id: int) -> Member:
    """A member of the fact table. Raises StopIteration for a person who is not in it."""
    return next(member for member in MEMBERS if member.person_id == person_id)
