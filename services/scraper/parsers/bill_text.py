"""The text of bills, English and French, from ``www.parl.ca/Content/Bills`` (XML).

Documents: ``legisinfo/bill_text_xml``. From the 42nd Parliament on the whole bill
(``Bill/Identification/Introduction/Body``); before it only a cover page (``Bill_Part Part_Type="Cover"``).
"""

from __future__ import annotations

from lxml import etree

from services.scraper.parsers import keys
from services.scraper.parsers.base import Document, Fetch, Parser, ParseResult
from services.scraper.parsers.legisinfo import read_detail as read_bill
from services.scraper.parsers.legisinfo import read_list as read_bills
from services.scraper.parsers.text import clean, head, slug
from services.scraper.parsers.xml import leaf, parse_xml, whole_text
from shared.contracts.legislation import BillRecord, BillTextRecord

_TEXT = "https://www.parl.ca/Content/Bills/{code}/{folder}/{number}/{number}_{edition}/{number}_{letter}.xml"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_EDITIONS = {"first-reading": 1, "second-reading": 2, "third-reading": 3, "royal-assent": 4}
_LINES = {
    "AmendedText", "BilingualGroup", "BilingualItemEn", "BilingualItemFr", "Block", "br", "Caption",
    "Clause", "ContinuedParagraph", "ContinuedSectionSubsection", "Definition", "DefinitionEnOnly",
    "DefinitionFrOnly", "Enacts", "ExistingText", "ExplanatoryNote", "Formula", "FormulaDefinition",
    "FormulaParagraph", "Group", "GroupHeading", "Heading", "HistoricalNote", "Item", "MarginalNote",
    "Note", "p", "Para", "Paragraph", "Preamble", "Provision", "Recommendation", "row", "Schedule",
    "ScheduleFormHeading", "Section", "SectionPiece", "Subclause", "Subparagraph", "Subsection", "Table",
    "Title", "TitleText", "tr",
}  # fmt: skip
"""Elements whose text is a line of its own."""


def follow_details(document: Document) -> ParseResult:
    """Read the list of bills only for their addresses: each bill's detail names its published texts.

    Raises: ParseFailed as ``legisinfo.read_list``.
    """
    listed = read_bills(document)
    result = ParseResult()
    for fetch in listed.follow:
        result.next(Fetch(url=fetch.url, step="bill"))
    return result


def follow_texts(document: Document) -> ParseResult:
    """Read a bill's detail only for its publications; each is fetched in both languages.

    Raises: ParseFailed as ``legisinfo.read_detail``.
    """
    result = ParseResult()
    for record in read_bill(document).records:
        if not isinstance(record, BillRecord):
            continue
        for version in record.versions:
            edition = _EDITIONS.get(version.url_en.rpartition("/")[2])
            if edition is None:
                result.skip("publication of another kind")
                continue
            url, url_fr = (_address(record, edition, letter) for letter in ("E", "F"))
            result.next(
                Fetch(
                    url=url,
                    step="text",
                    companions={"fr": url_fr},
                    is_companion_required=False,
                    may_be_missing=True,
                )
            )
    return result


def _address(bill: BillRecord, edition: int, letter: str) -> str:
    return _TEXT.format(
        code=bill.session.replace("-", ""),
        folder="Government" if bill.is_government else "Private",
        number=bill.number,
        edition=edition,
        letter=letter,
    )


def read_text(document: Document) -> ParseResult:
    """Read one published text, and the companion in the other language.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_xml``).
    """
    result = ParseResult()
    for each in (document, *document.companions.values()):
        result.add(_text(each))
    return result


def _text(document: Document) -> BillTextRecord:
    root = parse_xml(document)
    identification = root.find("Identification")
    if root.tag != "Bill" or identification is None:
        raise document.failed("wrong-shape", f"root element {root.tag!r}, not a Bill with its identification")
    number = keys.bill_number(leaf(identification, "BillNumber"))
    parliament = identification.find("Parliament")
    session = (
        "-".join(leaf(parliament, name) for name in ("Number", "Session")) if parliament is not None else ""
    )
    language = (root.get(_LANGUAGE) or "").lower()[:2]
    if not number or not session.replace("-", "").isdigit() or language not in {"en", "fr"}:
        raise document.failed("wrong-shape", f"no bill: number {number!r}, session {session!r}, {language!r}")
    stage = next((found.get("stage") or "" for found in identification.iter("Stages")), "")
    version = slug(stage) or "text"
    body = root.find("Body")
    key = keys.bill(session, number)
    return BillTextRecord(
        key=f"{key}/text/{version}/{language}",
        bill_key=key,
        version=version,
        language="fr" if language == "fr" else "en",
        title=whole_text(identification.find("LongTitle")),
        summary=_plain(_without_title(root.find("Introduction/Summary"))),
        text="" if body is None else _plain(*_parts(root)),
        is_cover_only=body is None,
    )


def _without_title(summary: etree._Element | None) -> etree._Element | None:
    title = None if summary is None else summary.find("TitleText")
    if summary is not None and title is not None:
        summary.remove(title)
    return summary


def _parts(root: etree._Element) -> list[etree._Element]:
    """Return what a reader calls the text: preamble, enacting clause, body, schedules."""
    introduction = root.find("Introduction")
    opening = [] if introduction is None else [part for part in introduction if part.tag != "Summary"]
    rest = [part for part in root if part.tag in {"Body", "Schedule", "Schedules"}]
    return opening + rest


def _plain(*elements: etree._Element | None) -> str:
    """Return one line per provision, its label first, as plain text."""
    parts: list[str] = []

    def collect(node: etree._Element) -> None:
        if node.tag in _LINES:
            parts.append("\n")
        parts.append(_flat(node.text))
        for child in node:
            if isinstance(child.tag, str):
                collect(child)
                parts.append(" " if child.tag in {"Label", "Text"} else "")
            parts.append(_flat(child.tail))
        if node.tag in _LINES:
            parts.append("\n")

    for element in elements:
        if element is not None:
            collect(element)
            parts.append("\n")
    return "\n".join(line for line in map(clean, "".join(parts).split("\n")) if line)


def _flat(text: str | None) -> str:
    return " ".join(text.splitlines()) if text else ""


def recognise(document: Document) -> str:
    """Tell a bill's text from LEGISinfo's list and detail."""
    start = head(document.body)
    if "<Identification" in start or "<Bill " in start:
        return "text"
    return "list" if "BillNumberFormatted" in start else "bill"


PARSER = Parser(
    name="bill-text",
    version=1,
    steps={"list": follow_details, "bill": follow_texts, "text": read_text},
    recognise=recognise,
)
