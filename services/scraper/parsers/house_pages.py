"""The House's pages about members: a profile with its contacts, all addresses, the seats as tiles.

Documents: ``ourcommons/members/addresses_2023.html``, ``constituencies_2023.html``; the profile page
(``#contact`` with ``.ce-mip-contact-constituency-office``) is known from public descriptions of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from lxml import html

from services.scraper.parsers import contacts, keys
from services.scraper.parsers.base import Document, ParseResult
from services.scraper.parsers.page import parse_page
from services.scraper.parsers.text import clean
from shared.contracts.civic import ContactDetail
from shared.contracts.people import MembershipRecord, PersonRecord, PostRecord

_NUMBER = re.compile(
    r"(?P<label>Telephone|Téléphone|Fax|Télécopieur)\s*:\s*(?P<number>[\d][\d\s().x-]{6,30}\d)", re.IGNORECASE
)
_HONORIFIC = re.compile(r"^(?:The )?(?:Right )?Hon\.\s+|^(?:Mr|Mrs|Ms|Dr)\.\s+")
HILL = "legislature"
OFFICE = "constituency"


@dataclass(frozen=True, slots=True)
class Profile:
    """What a page says about how to reach a member."""

    name: str
    contacts: tuple[ContactDetail, ...]
    image: str = ""

    def fields(self) -> dict[str, Any]:
        """Return the fields of a PersonRecord."""
        return {"name": self.name, "contacts": self.contacts, "image": self.image}


def read_contacts(document: Document) -> Profile:
    """Read a member's profile page.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_page``).
    """
    root = parse_page(document)
    found = root.xpath('//*[@id="contact"]')
    heading = root.xpath("//h1")
    if not found or not heading:
        raise document.failed("wrong-shape", "the page has no heading or no #contact")
    box = found[0]
    details: list[ContactDetail] = []
    for link in box.xpath('.//a[starts-with(@href, "mailto:")]'):
        address = contacts.email(link.get("href") or "")
        if address.endswith("@parl.gc.ca"):
            details.append(ContactDetail(type="email", value=address))
    for shield in box.xpath(".//*[@data-cfemail]"):
        address = contacts.shielded_email(shield.get("data-cfemail") or "")
        if address:
            details.append(ContactDetail(type="email", value=address))
    offices = box.xpath('.//*[contains(concat(" ", @class, " "), " ce-mip-contact-constituency-office ")]')
    hills = [
        title.getparent()
        for title in box.xpath(".//h4")
        if re.search(r"Hill Office|Bureau de la colline", title.text_content(), re.IGNORECASE)
    ]
    for place, note in [*((hill, HILL) for hill in hills), *((office, OFFICE) for office in offices)]:
        details += _office(place, note)
    images = root.xpath('//*[contains(@class, "ce-mip-mp-picture-container")]//img/@src')
    return Profile(
        name=_HONORIFIC.sub("", clean(heading[0].text_content())),
        contacts=tuple(dict.fromkeys(details)),
        image=contacts.photo(str(images[0])) if images else "",
    )


def _office(place: html.HtmlElement, note: str) -> list[ContactDetail]:
    lines = [line for paragraph in place.xpath(".//p") for line in _lines(paragraph)]
    return _details(lines, note)


def _lines(element: html.HtmlElement) -> list[str]:
    """Return the text of an element, one entry per visual line."""
    parts = [element.text or ""]
    for child in element:
        if child.tag == "br":
            parts.append("\n")
        else:
            parts.append(child.text_content() if isinstance(child.tag, str) else "")
        parts.append(child.tail or "")
    return [line for line in map(clean, "".join(parts).split("\n")) if line]


def _details(lines: list[str], note: str) -> list[ContactDetail]:
    """Tell numbers from the lines of an address."""
    address: list[str] = []
    numbers: list[ContactDetail] = []
    for line in lines:
        found = list(_NUMBER.finditer(line))
        for match in found:
            is_fax = match["label"].lower()[:2] in {"fa"} or match["label"].lower().startswith("téléc")
            value = contacts.phone(match["number"])
            numbers.append(ContactDetail(type="fax" if is_fax else "voice", value=value, note=note))
        if not found and not re.match(r"(?i)^(?:tele|télé|fax)", line):
            address.append(line.rstrip(" *,"))
    text = ", ".join(part for part in address if part and part.lower() != "canada")
    located = [ContactDetail(type="address", value=text[:2_000], note=note)] if text else []
    return located + numbers


def read_addresses(document: Document) -> ParseResult:
    """Read the page that lists the addresses of all members, known by name only.

    Raises: ParseFailed (``empty``, or as ``parse_page``).
    """
    result = ParseResult()
    root = parse_page(document)
    for title in root.xpath("//h3"):
        if "Hill Office" not in title.text_content():
            continue
        card = title.getparent()
        names = card.xpath("./h2")
        family, _, given = clean(names[0].text_content()).partition(", ") if names else ("", "", "")
        if not family or not given:
            result.skip("no name")
            continue
        name = f"{given} {family}"
        result.add(
            PersonRecord(
                key=keys.person("", name),
                name=name,
                given_name=given,
                family_name=family,
                contacts=tuple(_card(card)),
            )
        )
    if not result.records:
        raise document.failed("empty", "the page holds no address")
    return result


def _card(card: html.HtmlElement) -> list[ContactDetail]:
    details: list[ContactDetail] = []
    note = ""
    loose: list[str] = []
    for node in card:
        if node.tag == "h3":
            note = HILL if "Hill" in node.text_content() else OFFICE
        elif node.tag == "p" and note:
            details += _details([line.replace(" (Main office)", "") for line in _lines(node)], note)
        if note == HILL and node.tail:
            loose += [clean(line) for line in node.tail.split("\n")]
    return _details([line for line in loose if line], HILL) + details


def read_constituencies(document: Document) -> ParseResult:
    """Read the seats of the House from their tiles; one without a member is vacant.

    Raises: ParseFailed (``empty``, or as ``parse_page``).
    """
    result = ParseResult()
    root = parse_page(document)
    seen: set[str] = set()
    for tile in root.xpath('//a[contains(@class, "mip-constituency-tile")]'):
        riding, name, party, province = (
            clean(" ".join(tile.xpath(f'string(.//*[contains(@class, "{mark}")])').split()))
            for mark in ("mip-constituency-name", "mip-mp-name", "mip-mp-party", "mip-constituency-province")
        )
        if not riding or riding in seen:
            continue
        seen.add(riding)
        is_vacant = not name or name.lower() in {"vacant", "vacancy"}
        result.add(
            PostRecord(
                key=keys.seat(riding),
                organization_key=keys.HOUSE,
                label_en=f"Member of Parliament for {riding}",
                label_fr=f"Député(e) – {riding}",
                role_en="Member of Parliament",
                role_fr="Député(e)",
                division_name=riding,
                is_vacant=is_vacant,
            )
        )
        if is_vacant:
            continue
        image = str(tile.xpath('string(.//img[contains(@class, "mip-constituency-picture")]/@src)'))
        person_key = keys.person("", name)
        result.add(
            PersonRecord(key=person_key, name=name, image=contacts.photo(image)),
            MembershipRecord(
                key=f"{keys.HOUSE}/membership/{person_key.rpartition('/')[2]}/unknown",
                person_key=person_key,
                organization_key=keys.HOUSE,
                post_key=keys.seat(riding),
                role_en="Member of Parliament",
                role_fr="Député(e)",
                party=party,
                area=riding,
                province=province,
            ),
        )
    if not result.records:
        raise document.failed("empty", "the page holds no seat")
    return result
