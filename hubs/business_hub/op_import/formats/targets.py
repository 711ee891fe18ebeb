"""Targets of tables: what a row can become, its fields with the names people give them, how it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.contracts.civic import Record
from shared.contracts.keys import bill, bill_number, slug
from shared.contracts.legislation import BillRecord
from shared.contracts.people import (
    CandidacyRecord,
    ElectionRecord,
    MembershipRecord,
    OrganizationRecord,
    PersonRecord,
    PostRecord,
)
from shared.contracts.proceedings import DocumentRecord, EventRecord

Values = Mapping[str, Any]
Made = tuple[type[Record], dict[str, Any]]


@dataclass(frozen=True)
class Field:
    """A field of a target; ``names`` are column names that mean it, in English and French."""

    name: str
    kind: str = "text"
    is_required: bool = False
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """What a row can become; ``make`` yields the records of one row."""

    name: str
    title_en: str
    title_fr: str
    fields: tuple[Field, ...]
    make: Callable[[Values, str], Iterator[Made]]

    def field(self, name: str) -> Field | None:
        """Return a field or None."""
        return next((field for field in self.fields if field.name == name), None)


def _fields(*described: tuple[str, str, bool, str]) -> tuple[Field, ...]:
    return tuple(
        Field(name, kind, is_required, tuple(one.strip() for one in names.split("|") if one.strip()))
        for name, kind, is_required, names in described
    )


def _representative(row: Values, prefix: str) -> Iterator[Made]:
    body = row.get("organization") or "Council"
    name = row.get("name") or f"{row.get('given_name', '')} {row.get('family_name', '')}".strip()
    district = row.get("district") or ""
    role = row.get("role") or "member"
    organization = f"{prefix}/organization/{slug(body)}"
    person = f"{prefix}/person/{slug(str(row['id'])) if row.get('id') else f'name:{slug(name)}'}"
    post = f"{prefix}/post/{slug(body)}/{slug(district) or 'at-large'}/{slug(role)}"
    who = person.rpartition("/")[2]
    party = row.get("party") or ""
    party_key = f"{prefix}/party/{slug(party)}" if slug(party) else None
    yield OrganizationRecord, {"key": organization, "name_en": body, "classification": "council"}
    if party_key:
        yield OrganizationRecord, {"key": party_key, "name_en": party, "classification": "party"}
    yield (
        PostRecord,
        {
            "key": post,
            "organization_key": organization,
            "label_en": f"{role}, {district}" if district else role,
            "role_en": role,
            "division_id": row.get("district_id") or "",
            "division_name": district,
        },
    )
    yield (
        PersonRecord,
        {
            "key": person,
            "name": name,
            "given_name": row.get("given_name") or "",
            "family_name": row.get("family_name") or "",
            "gender": row.get("gender") or "",
            "image": row.get("image") or "",
            "contacts": _contacts(row),
            "links": [
                {"url": row[field], "note": field}
                for field in ("url", "website", "facebook", "twitter")
                if row.get(field)
            ],
        },
    )
    yield (
        MembershipRecord,
        {
            "key": f"{prefix}/membership/{who}/{slug(body)}/{slug(district) or 'at-large'}",
            "person_key": person,
            "organization_key": organization,
            "post_key": post,
            "on_behalf_of_key": party_key,
            "role_en": role,
            "party": party,
            "area": district,
            "start_date": row.get("start_date"),
            "end_date": row.get("end_date"),
        },
    )


def _contacts(row: Values) -> list[dict[str, str]]:
    parts = ("address", "address_2", "locality", "province", "postal_code")
    address = ", ".join(row[part] for part in parts if row.get(part))
    found = [
        {"type": kind, "value": row[field]}
        for field, kind in (("email", "email"), ("phone", "voice"), ("fax", "fax"), ("cell", "cell"))
        if row.get(field)
    ]
    return [*found, {"type": "address", "value": address}] if address else found


def _candidacy(row: Values, prefix: str) -> Iterator[Made]:
    name, day = row["election_name_en"], row["election_date"]
    election = f"{prefix}/election/{day}/{slug(name)}"
    yield (
        ElectionRecord,
        {
            "key": election,
            "name_en": name,
            "name_fr": row.get("election_name_fr") or "",
            "date": day,
            "is_byelection": bool(row.get("is_byelection")),
        },
    )
    district = row["division_name_en"]
    yield (
        CandidacyRecord,
        {
            "key": f"{prefix}/candidacy/{day}/{slug(district)}/{slug(row['name'])}",
            "election_key": election,
            **{
                field: row[field]
                for field in CandidacyRecord.model_fields
                if row.get(field) is not None
                and field not in {"key", "election_key", "sources", "jurisdiction"}
            },
        },
    )


def _bill(row: Values, prefix: str) -> Iterator[Made]:
    number = bill_number(row["number"]) or row["number"]
    fields = {
        name: row[name]
        for name in BillRecord.model_fields
        if row.get(name) is not None and name not in {"key", "sources", "jurisdiction"}
    }
    # A number of the Parliament of Canada names the bill that everybody means by it.
    is_federal = bool(bill_number(row["number"])) and prefix.startswith("ca/")
    key = (
        bill(row["session"], number) if is_federal else f"{prefix}/bill/{slug(row['session'])}/{slug(number)}"
    )
    sponsor = row.get("sponsor")
    yield (
        BillRecord,
        {
            **fields,
            "key": key,
            "number": number,
            "chamber": row.get("chamber") or "legislature",
            "sponsors": [{"name": sponsor}] if sponsor else [],
        },
    )


def _organization(row: Values, prefix: str) -> Iterator[Made]:
    identity = row.get("id") or row["name_en"]
    yield (
        OrganizationRecord,
        {
            "key": f"{prefix}/organization/{slug(str(identity))}",
            "name_en": row["name_en"],
            "name_fr": row.get("name_fr") or "",
            "classification": (row.get("classification") or "other").lower(),
            "abbreviation": row.get("abbreviation") or "",
        },
    )


def _document(row: Values, prefix: str) -> Iterator[Made]:
    identity = row.get("id") or row["url"]
    fields = {
        name: row[name]
        for name in ("title_en", "title_fr", "url", "media_type", "language", "classification", "date")
        if row.get(name) is not None
    }
    yield DocumentRecord, {"key": f"{prefix}/document/{slug(str(identity))[-200:]}", **fields}


def _event(row: Values, prefix: str) -> Iterator[Made]:
    identity = row.get("id") or f"{row['start_date']}-{row['name_en']}"
    fields = {
        name: row[name]
        for name in ("name_en", "name_fr", "start_date", "location", "body_name")
        if row.get(name) is not None
    }
    yield EventRecord, {"key": f"{prefix}/event/{slug(str(identity))[:200]}", **fields}


TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target(
            "representative",
            "People in office",
            "Personnes en fonction",
            _fields(
                (
                    "name",
                    "text",
                    True,
                    "name|full name|nom|nom complet|councillor|conseiller|member|représentant",
                ),
                ("given_name", "text", False, "first name|given name|prénom"),
                ("family_name", "text", False, "last name|family name|surname|nom de famille"),
                (
                    "role",
                    "text",
                    False,
                    "primary role|role|position|title|elected office|fonction|poste|titre",
                ),
                (
                    "organization",
                    "text",
                    False,
                    "organization|council|body|municipality|organisme|conseil|municipalité",
                ),
                (
                    "district",
                    "text",
                    False,
                    "district name|district|ward|riding|constituency|circonscription|quartier",
                ),
                ("district_id", "text", False, "district id|ocd id|division id"),
                ("party", "text", False, "party name|party|caucus|parti|affiliation"),
                ("email", "email", False, "email|e-mail|email address|courriel|adresse courriel"),
                ("phone", "text", False, "phone|telephone|tel|office phone|téléphone"),
                ("cell", "text", False, "cell|mobile|cell phone|cellulaire"),
                ("fax", "text", False, "fax|télécopieur"),
                ("address", "text", False, "address line 1|address|street|adresse"),
                ("address_2", "text", False, "address line 2"),
                ("locality", "text", False, "locality|city|town|ville"),
                ("province", "text", False, "province|state"),
                ("postal_code", "text", False, "postal code|code postal|zip"),
                ("gender", "text", False, "gender|sexe|genre"),
                ("image", "url", False, "photo url|photo|image|picture"),
                ("url", "url", False, "source url|url|profile|page"),
                ("website", "url", False, "website|web site|personal url|site web"),
                ("facebook", "url", False, "facebook"),
                ("twitter", "url", False, "twitter"),
                ("start_date", "date", False, "start date|from|since|date de début"),
                ("end_date", "date", False, "end date|until|date de fin"),
                ("id", "text", False, "id|identifier|identifiant"),
            ),
            _representative,
        ),
        Target(
            "candidacy",
            "Candidates and results of an election",
            "Candidatures et résultats d'une élection",
            _fields(
                ("election_name_en", "text", True, "election|election name|élection"),
                ("election_name_fr", "text", False, "nom de l'élection"),
                ("election_date", "date", True, "election date|polling day|date de l'élection"),
                ("is_byelection", "bool", False, "by-election|byelection|élection partielle"),
                ("name", "text", True, "candidate|candidate name|name|candidat|nom du candidat"),
                ("party_en", "text", False, "party|political party|affiliation"),
                ("party_fr", "text", False, "parti|parti politique"),
                (
                    "division_name_en",
                    "text",
                    True,
                    "electoral district|electoral district name|district|riding",
                ),
                ("division_name_fr", "text", False, "circonscription|nom de circonscription"),
                ("division_id", "text", False, "ocd id|district id"),
                ("votes", "integer", False, "votes|votes obtained|valid votes|votes obtenus|nombre de votes"),
                ("vote_share", "number", False, "percentage|vote share|pourcentage|% of votes"),
                ("is_elected", "bool", False, "elected|winner|élu"),
                ("is_incumbent", "bool", False, "incumbent|sortant"),
                ("is_acclaimed", "bool", False, "acclaimed|sans concurrent"),
                ("occupation", "text", False, "occupation|profession"),
                ("residence", "text", False, "residence|résidence"),
            ),
            _candidacy,
        ),
        Target(
            "bill",
            "Bills",
            "Projets de loi",
            _fields(
                ("session", "text", True, "session|parliament|législature"),
                ("number", "text", True, "number|bill|bill number|numéro"),
                ("title_en", "text", True, "title|title en|english title|name"),
                ("title_fr", "text", False, "titre|title fr|french title|titre français"),
                ("short_title_en", "text", False, "short title"),
                ("short_title_fr", "text", False, "titre abrégé"),
                ("chamber", "text", False, "chamber|house|chambre"),
                ("status_en", "text", False, "status|état"),
                ("status_fr", "text", False, "statut"),
                ("introduced_on", "date", False, "introduced|introduced on|first reading|date de dépôt"),
                ("sponsor", "text", False, "sponsor|mover|parrain"),
            ),
            _bill,
        ),
        Target(
            "organization",
            "Organizations",
            "Organisations",
            _fields(
                ("name_en", "text", True, "name|organization|name en"),
                ("name_fr", "text", False, "nom|name fr"),
                ("classification", "text", False, "classification|type|kind"),
                ("abbreviation", "text", False, "abbreviation|acronym|sigle"),
                ("id", "text", False, "id|identifier|identifiant"),
            ),
            _organization,
        ),
        Target(
            "document",
            "Documents",
            "Documents",
            _fields(
                ("title_en", "text", True, "title|name"),
                ("title_fr", "text", False, "titre"),
                ("url", "url", True, "url|link|address|lien"),
                ("media_type", "text", False, "media type|format"),
                ("language", "text", False, "language|langue"),
                ("classification", "text", False, "classification|type|kind"),
                ("date", "date", False, "date|published|publié"),
                ("id", "text", False, "id|identifier|identifiant"),
            ),
            _document,
        ),
        Target(
            "event",
            "Meetings",
            "Réunions",
            _fields(
                ("name_en", "text", True, "meeting|name|event|title"),
                ("name_fr", "text", False, "réunion|nom|titre"),
                ("start_date", "date", True, "date|start date|day|meeting date|date de la réunion"),
                ("location", "text", False, "location|place|room|lieu|salle"),
                ("body_name", "text", False, "body|committee|board|comité"),
                ("id", "text", False, "id|identifier|identifiant"),
            ),
            _event,
        ),
    )
}
