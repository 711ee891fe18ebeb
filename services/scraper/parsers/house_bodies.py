"""The federal bodies that several sources refer to, and the parties by their English short names."""

from __future__ import annotations

from services.scraper.parsers import keys
from shared.contracts.people import OrganizationRecord

PARLIAMENT = OrganizationRecord(
    key=keys.PARLIAMENT,
    name_en="Parliament of Canada",
    name_fr="Parlement du Canada",
    classification="legislature",
)
HOUSE = OrganizationRecord(
    key=keys.HOUSE,
    name_en="House of Commons",
    name_fr="Chambre des communes",
    classification="chamber",
    parent_key=keys.PARLIAMENT,
)
SENATE = OrganizationRecord(
    key=keys.SENATE,
    name_en="Senate",
    name_fr="Sénat",
    classification="chamber",
    parent_key=keys.PARLIAMENT,
)

PARTY_NAMES_FR = {
    "Liberal": "Libéral",
    "Conservative": "Conservateur",
    "NDP": "NPD",
    "Bloc Québécois": "Bloc Québécois",
    "Green Party": "Parti vert",
    "People's Party": "Parti populaire",
    "Progressive Conservative": "Progressiste-conservateur",
    "Canadian Alliance": "Alliance canadienne",
    "Reform": "Réformiste",
    "CCF": "CCF",
    "Social Credit": "Crédit social",
    "Co-operative Commonwealth Federation": "Fédération du Commonwealth coopératif",
    "Québec debout": "Québec debout",
    "Forces et Démocratie": "Forces et Démocratie",
}
_NO_PARTY = {"", "independent", "indépendant", "no affiliation", "sans affiliation", "non-affiliated"}


def party_key(short_name: str) -> str | None:
    """Return the key of a party, or None for an independent member."""
    return None if short_name.strip().lower() in _NO_PARTY else keys.party(short_name)


def party(short_name: str) -> OrganizationRecord | None:
    """Return a party by its English short name, or None for an independent member."""
    key = party_key(short_name)
    if key is None:
        return None
    return OrganizationRecord(
        key=key,
        name_en=short_name,
        name_fr=PARTY_NAMES_FR.get(short_name, ""),
        classification="party",
    )
