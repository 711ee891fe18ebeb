"""Candidates and results of a federal election, from Elections Canada's table 12.

Document: ``.../data_donnees/table_tableau12.csv``: one row per candidate, a bilingual header, English and
French of a cell separated by ``/``, ``**`` before the party of the incumbent, a majority on the winner's row.
The header has lost its accents in some elections, and a dash of a district's name is written ``--``.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.scraper.parsers.base import Document, Parser, ParseResult
from services.scraper.parsers.tabular import read_table
from services.scraper.parsers.text import clean, slug
from shared.contracts.civic import Identifier
from shared.contracts.people import CandidacyRecord, ElectionRecord

_CANDIDATE = "Candidate/Candidat"
_NUMBER = "Electoral District Number/Numéro de circonscription"
_VOTES = "Votes Obtained/Votes obtenus"
_DISTRICTS = ("Electoral District Name/Nom de circonscription", "Electoral District/Circonscription")
_SHARES = ("Percentage of Votes Obtained /Pourcentage des votes obtenus", "Percentage of Votes Obtained")
_MAJORITY = "Majority/Majorité"
_OCCUPATION = "Candidate Occupation/Profession du candidat"
_RESIDENCE = "Candidate Residence/Résidence du candidat"
_ALSO = {
    variant: column
    for column in (_NUMBER, _VOTES, _DISTRICTS[0], _SHARES[0], _MAJORITY, _RESIDENCE)
    for plain in (column, unicodedata.normalize("NFD", column).encode("ascii", "ignore").decode())
    for variant in (plain.lower(), plain.lower().replace(" /", "/"))
}
_PARTIES = re.split(
    r"\s*\|\s*",
    """\
Animal Protection Party | Animal Alliance/Environment Voters | Bloc Québécois |
Canadian Future Party | CFF - Canada's Fourth Front | Centrist | Christian Heritage Party |
Communist | Conservative | Canada Party | Canadian Action Party | Canadian Nationalist Party |
Democratic Advancement | Forces et Démocratie | Free Party Canada | Green Party | Independent |
Liberal | Libertarian | Marijuana Party | Marxist-Leninist | Maverick Party |
National Citizens Alliance | NDP-New Democratic Party | No Affiliation | Nationalist |
Parti Rhinocéros Party | Patriote Party | PACT | Parti Patriote | People's Party - PPC |
People's Party | Pirate | Parti pour l'Indépendance du Québec | Progressive Canadian Party |
PC Party | Rhinoceros | Seniors Party | Stop Climate Change | Canada's Fourth Front | United |
United Party of Canada | UPC | VCP | Veterans Coalition Party | WBP | Western Block Party |
AACEV Party of Canada | FPFR | Online | ATN |
CHP Canada | CAP | Radical Marijuana | United Party | Pirate Party | FPNP | Heritage Party |
The Bridge | Centrist Party | NCA""",
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    name: str
    party_en: str
    party_fr: str
    is_incumbent: bool


def read_results(document: Document) -> ParseResult:
    """Read the candidates of every district.

    Raises: ParseFailed (``empty``, ``wrong-shape``, or as ``read_table``).
    """
    result = ParseResult()
    election = _election(document)
    result.add(election)
    seen: set[str] = set()
    rows = list(read_table(document, (_CANDIDATE, _NUMBER, _VOTES), also=_ALSO))
    learnt = _parties_of(row[_CANDIDATE] for row in rows)
    for row in rows:
        number = row[_NUMBER]
        if not number.isdigit():
            raise document.failed("wrong-shape", f"district number {number[:50]!r}")
        candidate = _candidate(row[_CANDIDATE], learnt)
        if not candidate.party_en:
            result.alarm(document.url, "unknown-party", row[_CANDIDATE])
        key = f"{election.key}/{number}/{slug(candidate.name)[:120]}"
        if key in seen:
            # Two candidates of one name in one district: the party tells them apart.
            key = f"{key}~{slug(candidate.party_en)[:60]}"
        seen.add(key)
        # Elsewhere the same district is written with an em dash.
        district_en, district_fr = _both(_first(document, row, _DISTRICTS).replace("--", "—"))
        result.add(
            CandidacyRecord(
                key=key,
                election_key=election.key,
                name=candidate.name,
                party_en=candidate.party_en,
                party_fr=candidate.party_fr,
                division_name_en=district_en,
                division_name_fr=district_fr,
                division_id=f"ocd-division/country:ca/ed:{number}",
                votes=_integer(document, row[_VOTES]),
                vote_share=_decimal(_first(document, row, _SHARES)),
                is_elected=bool(row.get(_MAJORITY)),
                is_incumbent=candidate.is_incumbent,
                occupation=row.get(_OCCUPATION, ""),
                residence=row.get(_RESIDENCE, ""),
            )
        )
    if not seen:
        raise document.failed("empty", "the table names no candidate")
    result.completes("candidacy", f"{election.key}/")
    return result


def _election(document: Document) -> ElectionRecord:
    try:
        day = date.fromisoformat(document.source.parameter("date"))
    except ValueError:
        raise document.failed("wrong-shape", "the registry does not say when the election was") from None
    number = document.source.parameter("number")
    return ElectionRecord(
        key=f"ca/election/{day.isoformat()}",
        name_en=f"{number} general election".strip(),
        name_fr=document.source.parameter("name_fr"),
        date=day,
        identifiers=(Identifier(scheme="elections.ca", value=number),) if number else (),
    )


def _candidate(text: str, learnt: dict[str, str]) -> _Candidate:
    """Take name, incumbency and party apart: ``Scott Andrews ** No Affiliation/Aucune appartenance``.

    ``learnt`` gives the English name of a party that the list here lacks, by its French one.
    """
    name, mark, party = text.partition("**")
    if mark:
        party_en, party_fr = _both(clean(party))
        return _Candidate(clean(name), party_en, party_fr, is_incumbent=True)
    best = _known(text)
    if best is None:
        left, _, french = text.partition("/")
        known = learnt.get(clean(french), "")
        if not known:
            return _Candidate(clean(text), "", "", is_incumbent=False)
        return _Candidate(clean(left).removesuffix(known).strip(), known, clean(french), is_incumbent=False)
    place, party_en, party_fr = best
    return _Candidate(clean(text[:place]), party_en, clean(party_fr) or party_en, is_incumbent=False)


def _known(text: str) -> tuple[int, str, str] | None:
    """Return where the party begins, and its names; a party may carry a motto after a hyphen."""
    best: tuple[int, str, str] | None = None
    for known in _PARTIES:
        for found in re.finditer(rf" ({re.escape(known)}(?: - [^/]{{1,200}})?)(?=/|$)", text):
            if best is None or found.start() < best[0]:
                best = (found.start(), found[1], text[found.end() :].lstrip("/"))
    return best


def _parties_of(cells: Iterable[str]) -> dict[str, str]:
    """Return parties that two candidates or more share and the list here lacks: English by French name.

    Nothing but the party ends the English halves of all who have the same French one; a name keeps two words.
    """
    halves: dict[str, list[list[str]]] = defaultdict(list)
    for cell in cells:
        left, slash, french = cell.partition("/")
        if slash and "**" not in cell and _known(cell) is None:
            halves[clean(french)].append(clean(left).split(" "))
    learnt = {}
    for french, names in halves.items():
        if len(names) < 2:
            continue
        size = 0
        while size < min(map(len, names)) - 2 and len({tuple(words[-size - 1 :]) for words in names}) == 1:
            size += 1
        if size:
            learnt[french] = " ".join(names[0][-size:])
    return learnt


def _both(text: str) -> tuple[str, str]:
    en, separator, fr = text.partition("/")
    return clean(en), clean(fr) if separator else clean(en)


def _first(document: Document, row: dict[str, str], names: tuple[str, ...]) -> str:
    for name in names:
        if name in row:
            return row[name]
    raise document.failed("wrong-shape", f"no column {names[0]!r}")


def _integer(document: Document, text: str) -> int:
    digits = re.sub(r"[\s, ]", "", text)
    if not digits.isdigit():
        raise document.failed("wrong-shape", f"votes {text[:50]!r}")
    return int(digits)


def _decimal(text: str) -> float | None:
    try:
        return float(text.replace(",", ".").rstrip("% "))
    except ValueError:
        return None


PARSER = Parser(name="elections-canada", version=3, steps={"results": read_results})
