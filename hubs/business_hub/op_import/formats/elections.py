"""Elections Canada: results by candidate (table 12 of the official voting results, bilingual CSV).

Format: https://www.elections.ca/content.aspx?section=res&dir=rep/off
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hubs.business_hub.op_import.errors import BadMapping
from hubs.business_hub.op_import.formats.base import Item, Problem, ReadContext, make, text_of
from hubs.business_hub.op_import.formats.values import as_bool, as_date, as_integer, as_number
from hubs.business_hub.op_import.reading.documents import Document
from hubs.business_hub.op_import.reading.tabular import open_table
from shared.contracts.keys import slug
from shared.contracts.people import CandidacyRecord, ElectionRecord

_HEADER = re.compile(r"candidate/candidat.*votes obtained/votes obtenus", re.I | re.S)
_COLUMNS = {
    "province": "province",
    "electoral district name": "district",
    "electoral district number": "number",
    "candidate": "candidate",
    "candidate residence": "residence",
    "candidate occupation": "occupation",
    "votes obtained": "votes",
    "percentage of votes obtained": "share",
    "majority": "majority",
}
_NEEDED = ("district", "candidate", "votes")
# The cell holds name and party without a sign between them; these are the English names of the parties.
_PARTIES = (
    "Animal Protection Party",
    "Bloc Québécois",
    "CFF - Canada's Fourth Front",
    "Canada's Fourth Front",
    "Canadian Action",
    "Canadian Nationalist",
    "Centrist",
    "Christian Heritage Party",
    "Communist",
    "Conservative",
    "Democratic Advancement",
    "First Peoples National Party",
    "Free Party Canada",
    "Green Party",
    "Independent",
    "Liberal",
    "Libertarian",
    "Marijuana Party",
    "Marxist-Leninist",
    "Maverick Party",
    "NDP-New Democratic Party",
    "National Citizens Alliance",
    "New Democratic Party",
    "No Affiliation",
    "PC Party",
    "Parti Rhinocéros Party",
    "Parti pour l'Indépendance du Québec",
    "Patriote",
    "People's Party - PPC",
    "People's Party",
    "Pirate",
    "Progressive Canadian",
    "Rhinoceros",
    "Stop Climate Change",
    "United Party",
    "VCP",
    "Western Block",
)
_NAMES = "|".join(re.escape(name) for name in sorted(_PARTIES, key=len, reverse=True))
_PARTY = re.compile(rf"\s(?:\*\*\s*)?({_NAMES})(?:/(.*))?$")


class ElectionsCanada:
    """Candidates with party, votes and whether they won; the election itself is given by constants."""

    name = "elections-canada"
    title_en = "Elections Canada: results by candidate (CSV)"
    title_fr = "Élections Canada : résultats par candidat (CSV)"
    version = "elections-canada/1"

    def recognises(self, document: Document) -> bool:
        """Tell the table by its bilingual column names."""
        return bool(_HEADER.search(document.head[:2048].decode("utf-8", "ignore")))

    def read(self, documents: Sequence[Document], context: ReadContext) -> Iterator[Item]:
        """Yield the election and each candidacy.

        Raises: BadMapping when the election is not named, Unreadable, UploadTooLarge.
        """
        name = context.constants.get("election_name_en", "")
        try:
            day = as_date(context.constants.get("election_date", ""))
        except ValueError as error:
            raise BadMapping(f"election_date: {error}", missing=["election_date"]) from None
        if not name:
            raise BadMapping("the election needs a name", missing=["election_name_en"])
        prefix = f"{context.key_prefix}/{day}"
        election = f"{prefix}/election/{slug(name)}"
        for document in documents:
            common: dict[str, Any] = {
                "jurisdiction": context.jurisdiction or "ocd-jurisdiction/country:ca/legislature",
                "sources": [context.source(document, self.version)],
            }
            yield from make(
                ElectionRecord,
                document,
                None,
                key=election,
                name_en=name,
                name_fr=context.constants.get("election_name_fr", ""),
                date=day,
                is_byelection=as_bool(context.constants.get("is_byelection", "no")),
                **common,
            )
            yield from self._candidates(document, context, prefix, election, common)

    def _candidates(
        self, document: Document, context: ReadContext, prefix: str, election: str, common: dict[str, Any]
    ) -> Iterator[Item]:
        table = open_table(document, context.shape)
        places = {
            field: position
            for position, column in enumerate(table.columns)
            if (field := _COLUMNS.get(column.partition("/")[0].strip().lower()))
        }
        missing = [field for field in _NEEDED if field not in places]
        if missing:
            raise BadMapping(f"{document.name} lacks the columns of {', '.join(missing)}", missing=missing)
        for number, cells in table.rows():
            row = {field: text_of(cells[at]) if at < len(cells) else "" for field, at in places.items()}
            yield from self._candidate(document, number, row, prefix, {"election_key": election, **common})

    def _candidate(
        self, document: Document, number: int, row: Mapping[str, str], prefix: str, common: dict[str, Any]
    ) -> Iterator[Item]:
        cell = row["candidate"]
        match = _PARTY.search(cell)
        if match is None:
            yield Problem(
                document.name, number, "candidate", "unknown-party", "no party is known at its end", cell
            )
            return
        name = cell[: match.start()].replace("**", "").strip()
        district_en, _, district_fr = row["district"].partition("/")
        try:
            votes = as_integer(row["votes"])
            share = as_number(row["share"]) if row.get("share") else None
        except ValueError as error:
            yield Problem(document.name, number, "votes", "not-number", str(error), row["votes"])
            return
        yield from make(
            CandidacyRecord,
            document,
            number,
            key=f"{prefix}/candidacy/{row.get('number') or slug(district_en)}/{slug(name)}",
            name=name,
            party_en=match[1],
            party_fr=(match[2] or match[1]).strip(),
            division_name_en=district_en.strip(),
            division_name_fr=(district_fr or district_en).strip(),
            division_id=f"ocd-division/country:ca/ed:{row['number']}" if row.get("number") else "",
            votes=votes,
            vote_share=share,
            is_elected=bool(row.get("majority")),
            is_incumbent="**" in cell,
            occupation=row.get("occupation", "").partition("/")[0],
            residence=row.get("residence", ""),
            **common,
        )
