"""Councils and legislatures below the federal level: from what a source says of a seat to records.

Every reader of people (Represent CSV, API and import JSON, GeoJSON, JSON, HTML) collects ``Seat``s in a
``Council``; natural keys, seats "(seat N)", unique roles, vacant posts and shared people are decided here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from services.scraper.parsers.base import Document, ParseResult
from services.scraper.parsers.contacts import uncapitalised
from services.scraper.parsers.text import clean, slug
from shared.contracts.civic import ContactDetail, Identifier, Link
from shared.contracts.people import (
    MembershipRecord,
    OrganizationRecord,
    PersonRecord,
    PostRecord,
)

VACANT = re.compile(
    r"\W*(?:(?:(?:poste|siège|seat|position)\s+)?vacan(?:t|te|cy|ce)?\b.*"
    r"|to be (?:announced|elected|determined)|à (?:combler|venir)|tbd|tba)\W*",
    re.I | re.S,
)
UNIQUE_ROLES = {
    "mayor", "deputy mayor", "regional chair", "warden", "reeve", "maire", "mairesse", "maire suppléant",
    "mairesse suppléante", "préfet", "préfète", "premier", "president", "président", "présidente",
    "lord mayor", "chief administrative officer", "regional councillor and mayor", "speaker",
}  # fmt: skip
_HONORIFIC = re.compile(
    r"^(?:(?:the\s+)?hon(?:ou?rable|\.)?|l['’]hon(?:orable|\.)?|his worship|her worship|mr\.?|mrs\.?|ms\.?"
    r"|miss|dr\.?"
    r"|m\.|mme\.?|councillor|coun\.?|cllr\.?|mayor|deputy mayor|regional councillor|reeve|warden)\s+(?=\S)",
    re.I,
)
_FRENCH_ROLES = {
    "mayor": "Maire(sse)", "deputy mayor": "Maire suppléant(e)", "councillor": "Conseiller(ère)",
    "regional councillor": "Conseiller(ère) régional(e)",
    "regional chair": "Président(e) du conseil régional",
    "mla": "Député(e)", "mpp": "Député(e)", "mna": "Député(e)", "mha": "Député(e)", "member": "Membre",
    "warden": "Préfet(ète)", "reeve": "Préfet(ète)", "alderman": "Échevin(e)",
    "city councillor": "Conseiller(ère)",
    "premier": "Premier(ère) ministre", "speaker": "Président(e)",
}  # fmt: skip
_ENGLISH_ROLES = {
    "maire": "Mayor", "mairesse": "Mayor", "conseiller": "Councillor", "conseillère": "Councillor",
    "député": "MNA", "députée": "MNA", "président du conseil": "Council chair",
    "présidente du conseil": "Council chair", "maire suppléant": "Deputy mayor", "préfet": "Warden",
    "mairesse suppléante": "Deputy mayor", "conseiller municipal": "Councillor", "préfète": "Warden",
    "conseillère municipale": "Councillor", "maire d'arrondissement": "Borough mayor",
    "mairesse d'arrondissement": "Borough mayor", "conseiller de ville": "City councillor",
    "conseillère de ville": "City councillor", "conseiller d'arrondissement": "Borough councillor",
    "conseillère d'arrondissement": "Borough councillor",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seat:
    """What a source says of one seat and of who holds it; ``name`` is empty when it is vacant."""

    name: str
    role: str = ""
    area: str = ""
    given_name: str = ""
    family_name: str = ""
    honorific: str = ""
    gender: str = ""
    party: str = ""
    birth_date: str = ""
    image: str = ""
    boundary: str = ""
    division_id: str = ""
    contacts: tuple[ContactDetail, ...] = ()
    links: tuple[Link, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    other_names: tuple[str, ...] = ()
    start_date: date | None = None
    end_date: date | None = None
    is_incumbent: bool | None = None


def is_vacant(name: str) -> bool:
    """Tell whether a name says that nobody holds the seat."""
    return not clean(name) or VACANT.fullmatch(clean(name)) is not None


def bare_name(name: str) -> tuple[str, str]:
    """Return a name without the titles before it, and those titles."""
    rest, titles = clean(name), []
    while match := _HONORIFIC.match(rest):
        titles.append(clean(match[0]))
        rest = rest[match.end() :]
    return rest, " ".join(titles)


def roles_in(text: str) -> list[str]:
    """Return the roles that one cell holds: apart by ``;``, a line end or the French word for and."""
    parts = re.split(r"[;\r\n]+|\s+et\s+", text or "")
    return [clean(part) for part in parts if clean(part)]


def first_role(text: str) -> str:
    """Return the first of the roles that one cell holds."""
    return next(iter(roles_in(text)), "")


def both_languages(role: str) -> tuple[str, str]:
    """Return a role in English and in French; the half that nobody published stays empty."""
    lowered = role.lower().replace("’", "'")
    if lowered in _ENGLISH_ROLES:
        return _ENGLISH_ROLES[lowered], role
    if re.match(r"(?:conseill|député|maire|préfet|président|échevin)", lowered) and lowered != "president":
        return "", role
    return role, _FRENCH_ROLES.get(lowered, "")


@dataclass(slots=True)
class Council:
    """Collects the seats of one document and turns them into records."""

    document: Document
    seats: list[Seat] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)

    @property
    def prefix(self) -> str:
        """Return the key prefix of the jurisdiction, or that of a set within it."""
        own = self.document.source.parameter("key_prefix")
        return own or self.document.source.jurisdiction.id

    def add(self, seat: Seat) -> None:
        """Take a seat in.

        One without a name is kept as vacant, one without name, role and area is left out.
        """
        if is_vacant(seat.name):
            if not seat.role and not seat.area:
                self.skipped["empty row"] += 1
                return
            seat = replace(seat, name="")
        self.seats.append(seat)

    def result(self) -> ParseResult:
        """Return the records.

        Raises: ParseFailed (``empty``) when no seat was found.
        """
        if not self.seats:
            raise self.document.failed("empty", "the document names nobody")
        result = ParseResult()
        result.skipped.update(self.skipped)
        organization = self._organization()
        result.add(organization)
        posts = self._posts()
        people = self._people()
        for party in sorted({seat.party for seat in self.seats if seat.name and slug(seat.party)}):
            result.add(
                OrganizationRecord(
                    key=self._party(party), jurisdiction=self._ocd_id, name_en=party, classification="party"
                )
            )
        seen: set[tuple[str, str]] = set()
        for seat, post, person in zip(self.seats, posts, people, strict=True):
            result.add(self._post(seat, post, organization.key))
            if not seat.name:
                result.skip("vacant")
                continue
            if (person, post[0]) in seen:
                result.skip("repeated row")
                continue
            seen.add((person, post[0]))
            result.add(self._membership(seat, post[0], person, organization.key))
        merged: dict[str, Seat] = {}
        for seat, person in zip(self.seats, people, strict=True):
            if seat.name:
                merged[person] = _merged(merged.get(person), seat)
        result.add(*(self._person(key, seat) for key, seat in merged.items()))
        result.completes("membership", f"{self.prefix}/membership/")
        result.completes("post", f"{self.prefix}/post/")
        return result

    @property
    def _ocd_id(self) -> str:
        return self.document.source.jurisdiction.ocd_id

    def _party(self, name: str) -> str:
        return f"{self.prefix}/party/{slug(name)}"[:300]

    def _organization(self) -> OrganizationRecord:
        entry = self.document.source.jurisdiction
        is_legislature = entry.level in {"federal", "provincial"}
        parameters = self.document.source.parameters
        return OrganizationRecord(
            key=f"{self.prefix}/{'legislature' if is_legislature else 'council'}",
            jurisdiction=entry.ocd_id,
            name_en=str(parameters.get("body_en") or entry.name_en),
            name_fr=str(parameters.get("body_fr") or entry.name_fr),
            classification="legislature" if is_legislature else "council",
        )

    def _posts(self) -> list[tuple[str, str]]:
        """Return the key and the label's area of each seat, numbered where an area has several."""
        parameters = self.document.source.parameters
        unique = {str(role).lower() for role in parameters.get("unique_roles", ())} | UNIQUE_ROLES
        is_numbered = bool(parameters.get("many_posts_per_area"))
        people = self._people()
        # A seat without a named area may still be told apart by its division.
        areas = [(seat.area or seat.division_id.rpartition(":")[2]).lower() for seat in self.seats]
        # The same person twice in one place is a repeated row, not a second seat.
        places = {
            (seat.role.lower(), area, person or f"vacant {number}")
            for number, (seat, area, person) in enumerate(zip(self.seats, areas, people, strict=True))
        }
        sizes = Counter(place[:2] for place in places)
        numbers: dict[tuple[str, str], dict[str, int]] = {}
        posts: list[tuple[str, str]] = []
        for index, (seat, where, person) in enumerate(zip(self.seats, areas, people, strict=True)):
            place = (seat.role.lower(), where)
            area = seat.area
            if place[0] not in unique and (is_numbered or sizes[place] > 1):
                held = numbers.setdefault(place, {})
                number = held.setdefault(person or f"vacant {index}", len(held) + 1)
                area = f"{area} (seat {number})".strip()
            told = f"{seat.role} {area or where}" if slug(seat.area) != slug(seat.role) else area
            posts.append((f"{self.prefix}/post/{slug(told) or 'member'}"[:300], area))
        return posts

    def _post(self, seat: Seat, post: tuple[str, str], organization_key: str) -> PostRecord:
        role_en, role_fr = both_languages(seat.role)
        area = post[1]
        return PostRecord(
            key=post[0],
            jurisdiction=self._ocd_id,
            organization_key=organization_key,
            label_en=_label(role_en or role_fr or "Member", area),
            label_fr=_label(role_fr, area) if role_fr else "",
            role_en=role_en,
            role_fr=role_fr,
            division_id=seat.division_id,
            division_name=area,
            is_vacant=not seat.name,
        )

    def _people(self) -> list[str]:
        """Return the key of each seat's holder (``""`` when vacant).

        Namesakes are told apart by their area.
        """
        # One name in two seats is one person with two hats, unless the registry says otherwise.
        apart = {_name_slug(str(name)) for name in self.document.source.parameters.get("namesakes", ())}
        keys = []
        for seat in self.seats:
            name = _name_slug(seat.name) if seat.name else ""
            told = f"{name}-{slug(seat.area)}" if name in apart else name
            keys.append(f"{self.prefix}/person/{told}"[:300] if name else "")
        return keys

    def _person(self, key: str, seat: Seat) -> PersonRecord:
        known = self.document.source.parameters.get("other_names", {})
        extra = known.get(seat.name, ()) if isinstance(known, Mapping) else ()
        return PersonRecord(
            key=key,
            jurisdiction=self._ocd_id,
            name=seat.name,
            given_name=seat.given_name,
            family_name=seat.family_name,
            honorific_prefix=seat.honorific,
            gender=seat.gender,
            birth_date=seat.birth_date,
            image=seat.image,
            other_names=tuple(dict.fromkeys((*seat.other_names, *map(str, extra)))),
            identifiers=seat.identifiers,
            contacts=seat.contacts,
            links=seat.links,
        )

    def _membership(
        self, seat: Seat, post_key: str, person_key: str, organization_key: str
    ) -> MembershipRecord:
        role_en, role_fr = both_languages(seat.role)
        who, where = person_key.rpartition("/")[2], post_key.rpartition("/")[2]
        return MembershipRecord(
            key=f"{self.prefix}/membership/{who}/{where}"[:300],
            jurisdiction=self._ocd_id,
            person_key=person_key,
            organization_key=organization_key,
            post_key=post_key,
            on_behalf_of_key=self._party(seat.party) if slug(seat.party) else None,
            role_en=role_en,
            role_fr=role_fr,
            party=seat.party,
            area=seat.area,
            start_date=seat.start_date,
            end_date=seat.end_date,
        )


def named(seat: Seat) -> Seat:
    """Return a seat with its name put together from its halves, titles apart, without capitals."""
    given, family = uncapitalised(seat.given_name), uncapitalised(seat.family_name)
    full = clean(f"{given} {family}") or uncapitalised(seat.name)
    bare, titles = bare_name(full)
    if bare != full:
        given = bare_name(given)[0] if given else ""
    return replace(
        seat, name=bare, given_name=given, family_name=family, honorific=clean(seat.honorific) or titles
    )


def _name_slug(name: str) -> str:
    # A name in another script has no ASCII letters: its code points name it.
    return slug(name) or "u" + "-".join(f"{ord(letter):x}" for letter in clean(name)[:40] if letter != " ")


def _merged(known: Seat | None, seat: Seat) -> Seat:
    if known is None:
        return seat
    return replace(
        known,
        contacts=tuple(dict.fromkeys((*known.contacts, *seat.contacts))),
        links=tuple(dict.fromkeys((*known.links, *seat.links))),
        identifiers=tuple(dict.fromkeys((*known.identifiers, *seat.identifiers))),
        image=known.image or seat.image,
        gender=known.gender or seat.gender,
    )


def _label(role: str, area: str) -> str:
    return f"{role}, {area}" if area else role
