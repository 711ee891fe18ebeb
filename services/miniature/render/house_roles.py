"""The House of Commons' smaller XML exports: ministers, parliamentary secretaries, officers, party standings.

Formats: www.ourcommons.ca/Members/en/ and then ministries, parliamentary-secretaries, house-officers or
party-standings, and /XML.
"""

from collections import Counter

from services.miniature.facts.model import CAUCUSES, HONORIFICS, PROVINCES, Language, pick
from services.miniature.facts.offices import holders
from services.miniature.render.document import XML, Document, Value, array_of, record
from services.miniature.world import World


def ministries(world: World, language: Language) -> Document:
    """The ministers in their order of precedence."""
    rows = []
    for order, held in enumerate(holders("minister"), start=1):
        member = world.find_member(held["person_id"])
        if member is None:
            continue
        rows.append(
            record(
                "Minister",
                {
                    "PersonId": member.person_id,
                    "OrderOfPrecedence": order,
                    "PersonShortHonorific": pick(HONORIFICS[member.honorific], language),
                    "PersonOfficialFirstName": member.first_name,
                    "PersonOfficialLastName": member.last_name,
                    "Title": pick(held["title"], language),
                    "FromDateTime": held["since"],
                    "ToDateTime": None,
                },
            )
        )
    return Document(array_of("Minister", rows), XML)


def _holders(world: World, language: Language, item: str, office: str) -> Document:
    rows = []
    for held in holders(office):
        member = world.find_member(held["person_id"])
        if member is None:
            continue
        leaves: dict[str, Value] = {
            "PersonId": member.person_id,
            "PersonShortHonorific": pick(HONORIFICS[member.honorific], language),
            "PersonOfficialFirstName": member.first_name,
            "PersonOfficialLastName": member.last_name,
            "Title": pick(held["title"], language),
            "ConstituencyName": pick(member.riding, language),
            "ProvinceTerritoryName": pick(PROVINCES[member.province], language),
            "CaucusShortName": pick(CAUCUSES[member.caucus], language),
            "FromDateTime": held["since"],
            "ToDateTime": None,
        }
        rows.append(record(item, leaves))
    return Document(array_of(item, rows), XML)


def house_officers(world: World, language: Language) -> Document:
    """Party leaders, House leaders and whips."""
    return _holders(world, language, "HouseOfficer", "officer")


def parliamentary_secretaries(world: World, language: Language) -> Document:
    """Parliamentary secretaries."""
    return _holders(world, language, "ParliamentarySecretary", "secretary")


def party_standings(world: World, language: Language) -> Document:
    """Seats by province and caucus, counted from the members."""
    seats = Counter((member.province, member.caucus) for member in world.members)
    rows = [
        record(
            "PartyStanding",
            {
                "ProvinceTerritoryName": pick(PROVINCES[province], language),
                "CaucusShortName": pick(CAUCUSES[caucus], language),
                "SeatCount": count,
            },
        )
        for (province, caucus), count in sorted(seats.items())
    ]
    return Document(array_of("PartyStanding", rows), XML)
