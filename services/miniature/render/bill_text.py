"""The text of a bill as XML, English and French; of Parliaments before the 42nd only a cover page.

Format: www.parl.ca/Content/Bills/451/Government/C-11/C-11_1/C-11_E.xml.
"""

import re
from typing import Any

from services.miniature.facts.bills import sponsors
from services.miniature.facts.model import Bill, Language, pick
from services.miniature.facts.tables import table
from services.miniature.render.document import TEXT_XML, Document, text
from services.miniature.world import World

_ACT = re.compile(r"\[act:([^\]]+)\]")
_KINDS = {
    "house_government": "govt-public",
    "senate_government": "govt-public",
    "private_member": "private-public",
    "senate_public": "private-public",
    "senate_private": "private",
}
_EDITIONS = {80701: 1, 80702: 2, 80703: 3, 80704: 4}


def texts() -> list[dict[str, Any]]:
    """The bills that have a text."""
    return list(table("bill_texts")["text"])


def edition(bill: Bill, publication: int) -> int:
    """The number of a publication in a bill's folder, such as 4 for royal assent."""
    return next((_EDITIONS[kind] for number, kind in bill.publications if number == publication), 1)


def content_path(bill: Bill, told: dict[str, Any], language: Language) -> str:
    """Where the XML of a text stands on www.parl.ca."""
    folder = "Government" if bill.kind.endswith("government") else "Private"
    name = f"{bill.number}_{edition(bill, told['publication'])}"
    letter = "E" if language == "en" else "F"
    session = f"{bill.parliament}{bill.session}"
    return f"/Content/Bills/{session}/{folder}/{bill.number}/{name}/{bill.number}_{letter}.xml"


def _said(pair: list[str], language: Language) -> str:
    chosen = text(pair[0] if language == "en" else pair[1])
    return _ACT.sub(r'<XRefExternal reference-type="act">\1</XRefExternal>', chosen)


def _date(iso: str) -> str:
    year, month, day = (int(part) for part in iso.split("-"))
    return f"<Date><YYYY>{year}</YYYY><MM>{month}</MM><DD>{day}</DD></Date>"


def _identification(told: dict[str, Any], bill: Bill, language: Language) -> str:
    chapter = ""
    if "chapter" in told:
        number, year = told["chapter"]
        chapter = (
            "<Chapter><ConsolidatedNumber /><AnnualStatuteId>"
            f"<AnnualStatuteNumber>{number}</AnnualStatuteNumber><YYYY>{year}</YYYY></AnnualStatuteId></Chapter>"
        )
    sponsor = sponsors()[bill.sponsor]
    by = pick(("Mr.", "M."), language)
    running = pick(bill.short_title, language) or pick(bill.long_title, language)
    return (
        f"<Identification><BillNumber>{bill.number}</BillNumber>"
        f"<Parliament><Session>{bill.session}</Session><Number>{bill.parliament}</Number>"
        f"<RegnalYear><Year-s>{told['years'][0]}</Year-s><Monarch>Charles III</Monarch></RegnalYear>"
        f"<Year-s>{told['years'][1]}</Year-s></Parliament>"
        f"<LongTitle>{text(pick(bill.long_title, language))}</LongTitle>"
        f'<ShortTitle status="unofficial" /><RunningHead>{text(running)}</RunningHead>'
        f'<BillHistory><Stages stage="{told["stage"]}">{_date(told["date"])}</Stages></BillHistory>'
        f'<BillSponsor><Emphasis style="smallcaps">{by} {text(sponsor.last_name)}</Emphasis></BillSponsor>'
        f'{chapter}<BillRefNumber date-time="{told["date"]}">{told["reference"]}</BillRefNumber>'
        "</Identification>"
    )


def _paragraphs(rows: list[list[str]], language: Language) -> str:
    return "".join(
        f"<Paragraph><Label>{label}</Label><Text>{_said([english, french], language)}</Text></Paragraph>"
        for label, english, french in rows
    )


def _section(section: dict[str, Any], language: Language) -> str:
    parts = []
    if "heading" in section:
        history = ""
        if "history" in section:
            note = _said(section["history"], language)
            history = f"<MarginalNote><HistoricalNote>{note}</HistoricalNote></MarginalNote>"
        title = _said(section["heading"], language)
        parts.append(f'<Heading level="1">{history}<TitleText>{title}</TitleText></Heading>')
    amended = section.get("amended")
    parts.append('<Section type="amending">' if amended else "<Section>")
    if "note" in section:
        parts.append(f"<MarginalNote>{_said(section['note'], language)}</MarginalNote>")
    parts.append(f"<Label>{section['label']}</Label><Text>{_said(section['text'], language)}</Text>")
    parts.append(_paragraphs(section.get("paragraphs", []), language))
    if amended:
        parts.append(
            f"<AmendedText><Subsection><MarginalNote>{_said(amended['note'], language)}</MarginalNote>"
            f"<Label>{amended['label']}</Label><Text>{_said(amended['text'], language)}</Text>"
            f"{_paragraphs(amended['paragraphs'], language)}</Subsection></AmendedText>"
        )
    parts.append("</Section>")
    return "".join(parts)


def bill_text(world: World, number: str, edition_number: int, language: Language) -> Document | None:
    """The text of one edition of a bill, or None where none is told."""
    bill = world.find_bill(number)
    if bill is None:
        return None
    for told in texts():
        if told["bill"] == bill.number and edition(bill, told["publication"]) == edition_number:
            break
    else:
        return None
    origin = "commons" if bill.chamber == 1 else "senate"
    enacts = pick(
        (
            (
                "His Majesty, by and with the advice and consent <Keep>of the</Keep> Senate and House"
                " of Commons of Canada, <Keep>enacts</Keep> as follows:"
            ),
            (
                "Sa Majesté, sur l’avis et avec le consentement du Sénat et de la Chambre des communes"
                " du Canada, <Keep>édicte :</Keep>"
            ),
        ),
        language,
    )
    body = (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<Bill bill-origin="{origin}" bill-type="{_KINDS[bill.kind]}" xml:lang="{language}"'
        f' date-time="{told["date"]} 10:00:00">{_identification(told, bill, language)}'
        f"<Introduction><Summary><TitleText>{pick(('SUMMARY', 'SOMMAIRE'), language)}</TitleText>"
        f"<Provision><Text>{_said(told['summary'], language)}</Text></Provision></Summary>"
        f"<Enacts><Provision><Text>{enacts}</Text></Provision></Enacts></Introduction>"
        f"<Body>{''.join(_section(section, language) for section in told['section'])}</Body></Bill>"
    )
    return Document(body.encode(), TEXT_XML)


def cover_page(language: Language) -> Document:
    """A bill of the 38th Parliament: identification and cover, no body."""
    told = table("bill_texts")["cover"]
    number, year = told["chapter"]
    assented = pick(("ASSENTED TO", "SANCTIONNÉE"), language)
    body = (
        '<?xml version="1.0" encoding="utf-8"?>\r\n'
        f'<Bill bill-origin="commons" bill-type="govt-public" xml:lang="{language}" Reprint="No">'
        f"<Identification><BillNumber>{told['number']}</BillNumber>"
        f"<Parliament><Session>{told['session']}</Session><Number>{told['parliament']}</Number>"
        f"<RegnalYear><Year-s>{told['years'][0]}</Year-s><Monarch>{told['monarch']}</Monarch></RegnalYear>"
        f"<Year-s>{told['years'][1]}</Year-s></Parliament>"
        f"<LongTitle>{_said(told['long_title'], language)}</LongTitle>"
        f'<ShortTitle status="official">{_said(told["short_title"], language)}</ShortTitle>'
        f"<RunningHead>{_said(told['short_title'], language)}</RunningHead>"
        f'<BillHistory><Stages stage="assented-to">{_date(told["date"])}</Stages></BillHistory>'
        f"<Chapter><ConsolidatedNumber/><AnnualStatuteId><AnnualStatuteNumber>{number}</AnnualStatuteNumber>"
        f"<YYYY>{year}</YYYY></AnnualStatuteId></Chapter>"
        f'<BillRefNumber date-time="2005-1-31">{told["reference"]}</BillRefNumber></Identification>'
        '<Bill_Part Part_Type="Cover" CountLines="No">'
        f'<Block Align="Yes"><Para Style="CovLongTitle">{_said(told["long_title"], language)}</Para></Block>'
        '<Block Align="Yes"><Para Style="COV_StageLine"></Para></Block>'
        f'<Block><Para Size="11" Bold="Yes" TextAlign="Center">{assented}</Para></Block>'
        f'<Block><Para Size="8" TextAlign="Center">BILL {told["number"]}</Para></Block></Bill_Part></Bill>'
    )
    return Document(body.encode(), TEXT_XML)
