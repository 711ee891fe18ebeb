"""The National Assembly of Quebec: members, their pages, the Journal des débats, transcripts, bills.

Documents: ``quebec_assnat`` (liste_deputes_2012, deputes_2012, journal_debats_2012, recherche); bills are
the CSV *projets-de-loi* of donneesquebec.ca (CC-BY-NC-4.0). French is what is published: English stays empty
but for titles of roles.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urljoin

from lxml import html

from services.scraper.parsers import contacts
from services.scraper.parsers.base import Document, Fetch, Parser, ParseResult
from services.scraper.parsers.council import Council, Seat, named
from services.scraper.parsers.page import parse_page
from services.scraper.parsers.quebec_debates import read_debate
from services.scraper.parsers.tabular import read_table
from services.scraper.parsers.text import clean, head, is_html_page, slug
from services.scraper.platforms import meetings
from shared.contracts.civic import ContactDetail, Identifier, Link
from shared.contracts.legislation import BillRecord
from shared.contracts.people import PersonRecord
from shared.contracts.proceedings import DocumentRecord

SITE = "http://www.assnat.qc.ca/"
SCHEME = "assnat.qc.ca/depute"
_PROFILE = re.compile(r"/deputes/([a-z0-9\-]+?)-(\d+)/(?:index\.html)?", re.I)
_ROLE = "Député(e)"
_BILL_COLUMNS = (
    "Numero_projet_loi", "Titre_projet_loi", "Type_projet_loi", "Derniere_etape_franchie",
    "Date_derniere_etape",
    "No_legislature", "No_session",
)  # fmt: skip
_VACANT = re.compile(r"Circonscriptions? vacantes?\s*:\s*(\d+)\s*\(([^)]*)\)", re.I)


@dataclass(frozen=True, slots=True)
class _Row:
    family: str
    given: str
    riding: str
    party: str
    email: str
    number: str
    url: str


def read_members(document: Document) -> ParseResult:
    """Read the list of members; vacant ridings are kept as vacant posts; each member asks for their page.

    Raises: ParseFailed (``empty``, or as ``parse_page``).
    """
    root = parse_page(document)
    council = Council(document)
    fetches: list[Fetch] = []
    for row in _rows(root):
        found = (ContactDetail(type="email", value=row.email),) if row.email else ()
        address = urljoin(SITE, row.url)
        council.add(
            named(
                Seat(
                    name="",
                    given_name=row.given,
                    family_name=row.family,
                    role=_ROLE,
                    area=row.riding,
                    party=row.party,
                    contacts=found,
                    links=(Link(url=address, note="profile"),),
                    identifiers=(Identifier(scheme=SCHEME, value=row.number),),
                )
            )
        )
        if document.source.parameters.get("profiles"):
            context = {"given": row.given, "family": row.family, "email": row.email}
            fetches.append(Fetch(url=address, step="profile", context=context, is_required=False))
    if not council.seats:
        raise document.failed("empty", "the list holds no member")
    stated = _VACANT.search(clean(" ".join(root.itertext())))
    for riding in stated[2].split(",") if stated else ():
        if clean(riding):
            council.add(Seat(name="", role=_ROLE, area=clean(riding)))
    result = council.result()
    for fetch in fetches:
        result.next(fetch)
    return result


def _rows(root: html.HtmlElement) -> list[_Row]:
    told: dict[str, _Row] = {}
    for link in root.iter("a"):
        match = _PROFILE.search(link.get("href") or "")
        row = next((each for each in link.iterancestors("tr")), None)
        family, comma, given = clean(link.text_content()).partition(",")
        if match is None or row is None or not comma:
            continue
        cells = [clean(" ".join(cell.itertext())) for cell in row.iter("td")]
        mail = next(
            (a.get("href") or "" for a in row.iter("a") if (a.get("href") or "").startswith("mailto:")), ""
        )
        told[match[2]] = _Row(
            family=clean(family),
            given=clean(given),
            riding=cells[1] if len(cells) > 1 else "",
            party=cells[2] if len(cells) > 2 else "",
            email=contacts.email(mail),
            number=match[2],
            url=f"/fr/deputes/{match[1]}-{match[2]}/index.html",
        )
    return list(told.values())


def read_profile(document: Document) -> ParseResult:
    """Read a member's page: portrait, riding, group and what they have been elected and named to.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_page``).
    """
    root = parse_page(document)
    header = next(iter(root.xpath("//*[contains(@class, 'enteteFicheDepute')]")), None)
    heading = header.find(".//h1") if header is not None else None
    if header is None or heading is None:
        raise document.failed("wrong-shape", "not the page of a member")
    family = clean(" ".join(heading.xpath(".//*[contains(@class, 'nomDepute')]//text()")))
    whole = clean(" ".join(heading.itertext()))
    given = clean(whole.removesuffix(family))
    lines = [clean(" ".join(item.itertext())) for item in header.iter("li")]
    riding = next(
        (m[1] for line in lines if (m := re.match(r"Députée? (?:de la |de l'|de |du |des |d')(.+)$", line))),
        "",
    )
    photo = next(iter(root.xpath("//img[contains(@class, 'photoDepute')]/@src")), "")
    number = _number(document, root)
    mails = [contacts.email(link) for link in root.xpath("//a[starts-with(@href, 'mailto:')]/@href")]
    email = str(document.context.get("email") or "") or next((m for m in mails if "@assnat.qc.ca" in m), "")
    functions = _functions(root)
    prefix = document.source.jurisdiction.id
    result = ParseResult()
    result.add(
        PersonRecord(
            key=f"{prefix}/person/{slug(f'{given} {family}')}",
            jurisdiction=document.source.jurisdiction.ocd_id,
            name=whole,
            given_name=given,
            family_name=family,
            image=contacts.photo(urljoin(SITE, str(photo))) if photo else "",
            biography_fr="\n".join(functions),
            identifiers=(Identifier(scheme=SCHEME, value=number),) if number else (),
            contacts=(ContactDetail(type="email", value=email),) if email else (),
            links=(
                Link(
                    url=urljoin(SITE, f"fr/deputes/{slug(family)}-{slug(given)}-{number}/index.html"),
                    note="profile",
                ),
            )
            if number
            else (),
        )
    )
    # What the list already says of seat and group is not said twice; alone, the page names them here.
    if not document.context and riding:
        council = Council(document)
        council.add(
            Seat(
                name=whole, given_name=given, family_name=family, role=_ROLE, area=riding, party=_party(lines)
            )
        )
        seated = council.result()
        result.add(*(record for record in seated.records if record.kind != "person"))
    return result


def _party(lines: list[str]) -> str:
    return next(
        (
            line
            for line in lines
            if re.search(r"^(?:Parti|Coalition|Québec solidaire|Indépendant|Option|Action)", line)
        ),
        "",
    )


def _number(document: Document, root: html.HtmlElement) -> str:
    hrefs = [document.url, *root.xpath("//*[contains(@class, 'tabulationFicheDepute')]//a/@href")]
    for href in hrefs:
        match = re.search(r"/(?:deputes|members|deputes_\w+)/[a-z0-9\-]+?-(\d+)(?:/|\.html)", str(href), re.I)
        if match:
            return match[1]
    return ""


def _functions(root: html.HtmlElement) -> list[str]:
    """Return the sentences of the page's list of elections and offices."""
    told: list[str] = []
    for heading in root.xpath("//h2[contains(., 'Fonctions')]/following::*[self::h3 or self::li]")[:400]:
        if heading.xpath(
            "ancestor::*[@id='pied' or contains(@class, 'pied') or contains(@class, 'imbDroite')]"
        ):
            break
        text = clean(" ".join(heading.itertext()))
        if text and not (heading.tag == "li" and heading.find(".//a") is not None and len(text) < 60):
            told.append(text)
    return told


def read_transcripts(document: Document) -> ParseResult:
    """Read search results of transcripts: one document each.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_page``).
    """
    root = parse_page(document)
    rows = root.xpath("//tr[@data-id]")
    if not rows:
        raise document.failed("wrong-shape", "no results on the page")
    result = ParseResult()
    for row in rows[:5_000]:
        link = row.find(".//a")
        if link is None or not clean(link.get("href")):
            result.skip("result without a link")
            continue
        url = urljoin(SITE, clean(link.get("href")))
        cell = next(iter(row.iter("td")), row)
        title = clean(" ".join(cell.itertext()))
        result.add(
            DocumentRecord(
                key=meetings.key(document, "document", row.get("data-type") or "x", row.get("data-id")),
                jurisdiction=document.source.jurisdiction.ocd_id,
                title_en=title[:2_000],
                title_fr=title[:2_000],
                url=url[:2_000],
                media_type="text/html",
                language="fr",
                classification="transcript" if "journal-debats" in url else "document",
                date=meetings.day_in(clean(" ".join(row.itertext())).rpartition("Date")[2])
                or meetings.day_in(title),
            )
        )
        if document.source.parameters.get("debates") and "/assemblee-nationale/" in url:
            result.next(Fetch(url=url, step="debate", is_required=False))
    return result


def read_bills(document: Document) -> ParseResult:
    """Read the table of bills.

    Raises: ParseFailed (``wrong-shape``, ``empty``, or as ``read_table``).
    """
    result = ParseResult()
    for row in read_table(document, _BILL_COLUMNS):
        number, legislature, session = row["Numero_projet_loi"], row["No_legislature"], row["No_session"]
        if not number or not row["Titre_projet_loi"]:
            result.skip("row without a number")
            continue
        stage, kind = row["Derniere_etape_franchie"], row["Type_projet_loi"]
        day = meetings.day_in(row["Date_derniere_etape"])
        is_assented = "sanction" in stage.lower()
        result.add(
            BillRecord(
                key=meetings.key(document, "bill", f"{legislature}-{session}", number),
                jurisdiction=document.source.jurisdiction.ocd_id,
                session=f"{legislature}-{session}",
                number=number,
                # The Assembly's data has no English title; the record asks for one.
                title_en=row["Titre_projet_loi"],
                title_fr=row["Titre_projet_loi"],
                type_fr=kind,
                is_government="gouvernement" in kind.lower(),
                is_private_member="député" in kind.lower(),
                chamber="legislature",
                status_fr=stage,
                latest_activity_on=day,
                latest_activity_fr=stage,
                royal_assent_on=day if is_assented else None,
                detail_level="list",
            )
        )
    if not result.records:
        raise document.failed("empty", "the table holds no bill")
    return result


def recognise(document: Document) -> str:
    """Tell the documents apart by what only they hold."""
    if not is_html_page(document.body) and not head(document.body, 2_048).startswith("<"):
        return "bills"
    body = head(document.body, 4_000_000)
    if "enteteFicheDepute" in body:
        return "profile"
    if "debut_journal" in body or "tableMatieresJournal" in body or "<Contenu>" in body:
        return "debate"
    return "transcripts" if "data-id=" in body and "conteneurResultats" in body else "members"


PARSER = Parser(
    name="quebec",
    version=2,
    steps={
        "members": read_members,
        "profile": read_profile,
        "debate": read_debate,
        "transcripts": read_transcripts,
        "bills": read_bills,
    },
    recognise=recognise,
)
