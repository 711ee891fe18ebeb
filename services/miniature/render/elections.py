"""Elections Canada: the table of results by candidate, and the way from a postal code to a riding.

Formats: www.elections.ca/res/rep/off/ovr2025app/53/data_donnees/table_tableau12.csv (bilingual header, `**`
marks the incumbent) and /Scripts/vis/FindED?PC=K2J0A1, which redirects to an address with the riding's
number.
"""

import csv
import io

from services.miniature.facts.model import PROVINCES, Language
from services.miniature.facts.tables import table
from services.miniature.render.document import BOM, CSV, HTML, Document
from services.miniature.render.represent import riding_of
from services.miniature.world import World

_HEADER = (
    "Province",
    "Electoral District Name/Nom de circonscription",
    "Electoral District Number/Numéro de circonscription",
    "Candidate/Candidat",
    "Candidate Residence/Résidence du candidat",
    "Candidate Occupation/Profession du candidat",
    "Votes Obtained/Votes obtenus",
    "Percentage of Votes Obtained /Pourcentage des votes obtenus",
    "Majority/Majorité",
    "Majority Percentage/Pourcentage de majorité",
)


def results(world: World) -> Document:
    """One line for each candidate; the winner's line carries the majority."""
    ridings = {member.riding_code: member for member in world.members}
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\r\n")
    writer.writerow(_HEADER)
    for contest in table("places")["election"]:
        member = ridings.get(contest["code"])
        if member is None:
            continue
        province = "/".join(dict.fromkeys(PROVINCES[member.province]))
        riding = "/".join(dict.fromkeys(member.riding))
        candidates = sorted(contest["candidates"], key=lambda entry: -entry[4])
        cast = sum(entry[4] for entry in candidates)
        majority = candidates[0][4] - candidates[1][4]
        for name, party_en, party_fr, is_incumbent, votes in candidates:
            has_won = name == candidates[0][0]
            label = f"{name} {'** ' if is_incumbent else ''}{'/'.join(dict.fromkeys((party_en, party_fr)))}"
            share = f"{votes * 100 / cast:.1f}"
            margin = (majority, f"{majority * 100 / cast:.1f}") if has_won else ("", "")
            writer.writerow((province, riding, contest["code"], label, "", "", votes, share, *margin))
    return Document(BOM + rows.getvalue().encode(), CSV)


def find_riding(language: Language, query: dict[str, str]) -> Document:
    """A redirect that names the riding of ?PC=, or a page that says the code was not found."""
    postal = query.get("pc", "").replace(" ", "").upper()
    code = riding_of(postal)
    if code is None:
        words = "Your search found no match" if language == "en" else "Votre recherche n'a rien donné"
        page = f"<!DOCTYPE html><html><body><p>{words}</p></body></html>"
        return Document(page.encode(), HTML)
    letter = "e" if language == "en" else "f"
    target = f"/Scripts/vis/EDInfo?L={letter}&ED={code}&EV=99&EV_TYPE=6&PC={postal}&QID=-1&PAGEID=21"
    return Document(b"", HTML, 302, (("Location", target),))
