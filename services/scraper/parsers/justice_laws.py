"""Consolidated Acts from ``laws-lois.justice.gc.ca/{eng|fra}/XML`` as a document and its sections.

Documents: ``legisinfo/justice_laws_xml/feeds-act.xml``, ``seeds-act.xml`` (root ``Statute``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from lxml import etree

from services.scraper.parsers.base import Document, Parser, ParseResult
from services.scraper.parsers.text import head, slug
from services.scraper.parsers.xml import parse_xml, whole_text
from shared.contracts.proceedings import DocumentRecord

_LIMS = "{http://justice.gc.ca/lims}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_PAGES = {
    "en": "https://laws-lois.justice.gc.ca/eng/acts/{number}/",
    "fr": "https://laws-lois.justice.gc.ca/fra/lois/{number}/",
}


@dataclass(frozen=True, slots=True)
class _Act:
    language: str
    number: str
    title: str
    dated: date | None
    sections: dict[str, tuple[str, date | None]]
    """By place and label: the marginal note, the day the wording dates from."""


def read_act(document: Document) -> ParseResult:
    """Read an Act with its companion in the other language: a record for it and for each section.

    Raises: ParseFailed (``wrong-shape``, ``empty``, or as ``parse_xml``).
    """
    result = ParseResult()
    act = _act(document)
    companion = document.companions.get("fr")
    other = _act(companion) if companion else act
    if companion and (other.number, other.language) != (act.number, "fr"):
        raise companion.failed("wrong-shape", f"this is {other.number} ({other.language}), not {act.number}")
    title = act.title
    title_fr = other.title if other.language == "fr" else ""
    url = _PAGES[act.language].format(number=act.number)
    key = f"ca/act/{slug(act.number)}"
    language = "" if companion else act.language
    result.add(_record(key, title, title_fr, url, language, "act", act.dated))
    for name, (note, on) in act.sections.items():
        label = name.partition("-")[2]
        note_fr = other.sections.get(name, ("", None))[0] if title_fr else ""
        result.add(
            _record(
                f"{key}/section/{slug(name)}",
                _named(title, f"s. {label}", note),
                _named(title_fr, f"art. {label}", note_fr) if title_fr else "",
                f"{url}#s-{slug(label)}",
                language,
                "act-section",
                on,
            )
        )
    result.completes("document", f"{key}/section/")
    return result


def _act(document: Document) -> _Act:
    root = parse_xml(document)
    identification = root.find("Identification")
    if root.tag != "Statute" or identification is None:
        raise document.failed("wrong-shape", f"root element {root.tag!r}, not a Statute")
    number = whole_text(identification.find("Chapter/ConsolidatedNumber"))
    title = whole_text(identification.find("ShortTitle")) or whole_text(identification.find("LongTitle"))
    sections: dict[str, tuple[str, date | None]] = {}
    for place, section in enumerate(root.iter("Section"), start=1):
        label = whole_text(section.find("Label")) or "unnumbered"
        # Sections of an amending schedule may repeat a label: the place keeps them apart.
        sections[f"{place}-{label}"] = (whole_text(section.find("MarginalNote")), _day(section))
    if not number or not title or not sections:
        raise document.failed("empty", "the Act has no number, title or section")
    language = "fr" if (root.get(_LANGUAGE) or "en").lower().startswith("fr") else "en"
    return _Act(language, number, title, _day(root), sections)


def _named(title: str, label: str, note: str) -> str:
    return " – ".join(part for part in (title, label, note) if part)[:2_000]


def _record(
    key: str, title_en: str, title_fr: str, url: str, language: str, kind: str, on: date | None
) -> DocumentRecord:
    return DocumentRecord(
        key=key,
        title_en=title_en[:2_000],
        title_fr=title_fr[:2_000],
        url=url,
        media_type="text/html",
        language=language,
        classification=kind,
        date=on,
    )


def _day(element: etree._Element) -> date | None:
    text = element.get(f"{_LIMS}current-date") or element.get(f"{_LIMS}lastAmendedDate") or ""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def pair(document: Document) -> tuple[str, str] | None:
    """Pair loose documents of one Act by its number."""
    start = head(document.body, 4_000)
    number = re.search(r"<ConsolidatedNumber[^>]*>([^<]+)<", start)
    return (number[1], "fr" if re.search(r'xml:lang="fr', start) else "en") if number else None


PARSER = Parser(name="justice-laws", version=1, steps={"act": read_act}, pair=pair)
