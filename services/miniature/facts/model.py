"""The shapes of the facts: frozen records, so that a changed world is always a new world."""

from dataclasses import dataclass, field
from typing import Literal

Language = Literal["en", "fr"]

PROVINCES: dict[str, tuple[str, str]] = {
    "AB": ("Alberta", "Alberta"),
    "BC": ("British Columbia", "Colombie-Britannique"),
    "MB": ("Manitoba", "Manitoba"),
    "NB": ("New Brunswick", "Nouveau-Brunswick"),
    "NL": ("Newfoundland and Labrador", "Terre-Neuve-et-Labrador"),
    "NS": ("Nova Scotia", "Nouvelle-Écosse"),
    "NT": ("Northwest Territories", "Territoires du Nord-Ouest"),
    "NU": ("Nunavut", "Nunavut"),
    "ON": ("Ontario", "Ontario"),
    "PE": ("Prince Edward Island", "Île-du-Prince-Édouard"),
    "QC": ("Quebec", "Québec"),
    "SK": ("Saskatchewan", "Saskatchewan"),
    "YT": ("Yukon", "Yukon"),
}

CAUCUSES: dict[str, tuple[str, str]] = {
    "Liberal": ("Liberal", "Libéral"),
    "Conservative": ("Conservative", "Conservateur"),
    "Bloc Québécois": ("Bloc Québécois", "Bloc Québécois"),
    "NDP": ("NDP", "NPD"),
    "Green Party": ("Green Party", "Parti vert"),
    "Independent": ("Independent", "Indépendant"),
}

HONORIFICS: dict[str, tuple[str, str]] = {
    "": ("", ""),
    "Hon.": ("Hon.", "L’hon."),
    "Right Hon.": ("Right Hon.", "Le très hon."),
}


def pick(pair: tuple[str, str], language: Language) -> str:
    """The English or the French half of a pair of names."""
    return pair[0] if language == "en" else pair[1]


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the House of Commons; `caucus` is a key of CAUCUSES, `province` a key of PROVINCES."""

    person_id: int
    honorific: str
    first_name: str
    last_name: str
    riding_code: int
    riding_en: str
    riding_fr: str
    province: str
    caucus: str
    salutation: str = "Mr."
    from_date: str = "2025-04-28T00:00:00"
    former_caucus: str = ""
    joined_caucus_on: str = ""
    votes_in_divisions: bool = True

    @property
    def name(self) -> str:
        """First and last name, as the vote export prints them."""
        return f"{self.first_name} {self.last_name}"

    @property
    def riding(self) -> tuple[str, str]:
        """The riding's English and French names."""
        return (self.riding_en, self.riding_fr)

    def caucus_on(self, date: str) -> str:
        """The caucus that the member sat with on an ISO date."""
        return self.former_caucus if self.former_caucus and date < self.joined_caucus_on else self.caucus


@dataclass(frozen=True, slots=True)
class Division:
    """A recorded division: `lines` maps a caucus to Yea or Nay, `exceptions` a person id to another value."""

    number: int
    sitting: int
    when: str
    subject_en: str
    subject_fr: str
    kind: str
    lines: dict[str, str]
    exceptions: dict[int, str] = field(default_factory=dict)
    bill: str = ""


@dataclass(frozen=True, slots=True)
class Ballot:
    """One member's recorded position (Yea, Nay or Paired) in one division."""

    member: Member
    caucus: str
    value: str


@dataclass(frozen=True, slots=True)
class Sponsor:
    """Who introduced a bill: a senator (`affiliation_id` set) or a member, with the title held that day."""

    person_id: int
    first_name: str
    last_name: str
    honorific: str = ""
    middle_name: str = ""
    affiliation_id: int | None = None
    constituency_id: int = 0
    constituency: tuple[str, str] = ("", "")
    title: tuple[str, str] = ("Member of Parliament", "député")
    role: int = 2

    @property
    def name(self) -> str:
        """Full name with the middle initial where LEGISinfo prints one."""
        return " ".join(part for part in (self.first_name, self.middle_name, self.last_name) if part)


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill; `readings` holds local clock times by stage (H1 H2 HC HR H3, S1 S2 SC S3, RA)."""

    bill_id: int
    number: str
    long_title: tuple[str, str]
    kind: str
    status: str
    sponsor: str
    readings: dict[str, str]
    latest: tuple[str, str, str]
    short_title: tuple[str, str] = ("", "")
    latest_event_at: str = ""
    committees: dict[str, str] = field(default_factory=dict)
    publications: tuple[tuple[int, int], ...] = ()
    similar: tuple[tuple[int, str, int, int, str], ...] = ()
    statute: tuple[int, int] | None = None
    parliament: int = 45
    session: int = 1

    @property
    def prefix(self) -> str:
        """C for the House, S for the Senate."""
        return self.number.split("-")[0]

    @property
    def chamber(self) -> int:
        """The originating chamber's organization id: 1 House of Commons, 2 Senate."""
        return 1 if self.prefix == "C" else 2
