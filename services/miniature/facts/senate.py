"""Senators, their groups and their recorded votes."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from services.miniature.facts.tables import table


@dataclass(frozen=True, slots=True)
class Senator:
    """A senator with the group's code and the province's letters; dates are ISO days."""

    number: int
    first_name: str
    last_name: str
    group: str
    province: str
    appointed_on: str
    retires_on: str

    @property
    def listed_name(self) -> str:
        """Last name first, as the Senate's tables print it."""
        return f"{self.last_name}, {self.first_name}"


@cache
def senators() -> tuple[Senator, ...]:
    """Every senator, in alphabetical order."""
    return tuple(Senator(*row) for row in table("senate")["senators"]["rows"])


@cache
def groups() -> dict[str, tuple[str, str]]:
    """The abbreviation of each group in English and in French."""
    return {row["code"]: (row["code"], row["french"]) for row in table("senate")["group"]}


def votes() -> list[dict[str, Any]]:
    """The recorded votes, newest first."""
    return sorted(table("senate")["vote"], key=lambda vote: -vote["sequence"])


def find_vote(number: int) -> dict[str, Any] | None:
    """The recorded vote with this id."""
    return next((vote for vote in votes() if vote["id"] == number), None)


def ballots(vote: dict[str, Any]) -> list[tuple[Senator, str]]:
    """Each senator present with Yea, Nay or Abstention."""
    cast = [(senator, vote["lines"].get(senator.group, "Absent")) for senator in senators()]
    return [(senator, value) for senator, value in cast if value != "Absent"]


def totals(vote: dict[str, Any]) -> tuple[int, int, int]:
    """Yeas, nays and abstentions."""
    values = [value for _, value in ballots(vote)]
    return values.count("Yea"), values.count("Nay"), values.count("Abstention")
