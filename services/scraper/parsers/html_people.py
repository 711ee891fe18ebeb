"""People of a council page, by selectors in the registry (``parameters.html``), or by the page's own habits.

``html`` holds ``item`` (one person each) and, per field, a selector: CSS, or XPath when it starts with
``/`` or ``.//``. ``@name`` at its end takes an attribute. A table ``{ select, match, text }`` adds a
regular expression whose first group counts, or a fixed text. ``profile = true`` follows ``url`` and reads
``profile_html`` there. Without ``item`` the reader looks for what council pages share: headings or links
that say Mayor or Councillor (maire, conseiller), and addresses of e-mail beside names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree, html
from lxml.cssselect import CSSSelector
from lxml.cssselect import SelectorError as CssError

from services.scraper.parsers import contacts
from services.scraper.parsers.base import Document, Fetch, ParseResult
from services.scraper.parsers.council import Council, Seat, first_role, is_vacant, named
from services.scraper.parsers.page import parse_page
from services.scraper.parsers.text import clean
from shared.contracts.civic import ContactDetail, Link

_FIELDS = (
    "name",
    "role",
    "area",
    "email",
    "phone",
    "fax",
    "cell",
    "party",
    "photo",
    "url",
    "website",
    "address",
)
_ATTRIBUTES = {"photo": "src", "url": "href", "website": "href", "email": "href"}
_MAX_ITEMS = 2_000
_ROLE_WORDS = (
    r"Lord Mayor|Deputy Mayor|Mayor|Regional (?:and Local )?Councillor"
    r"|Local (?:and Regional )?Councillor|Ward Councillor"
    r"|City Councillor|Town Councillor|County Councillor|Councillor|Coun\.|Cllr\.?|Councilmember"
    r"|Alderman|Reeve|Warden"
    r"|Deputy Reeve|Regional Chair|Maire suppléant|Mairesse suppléante|Mairesse|Maire|Conseillère municipale"
    r"|Conseiller municipal|Conseillère|Conseiller|Préfète|Préfet|Députée|Député|MLA|MPP|MNA|MHA"
)
_TITLED = re.compile(rf"^\s*(?P<role>{_ROLE_WORDS})\s*[:,–—-]?\s*(?P<rest>\S.*)$", re.S)
_WARD = re.compile(
    r"\b(?P<area>(?:Ward|Wards|District|Division|Area|Quartier)\s*(?:n[o°]\.?\s*)?[0-9]{1,2}[A-Z]?(?:\s*(?:,|&|and|et)\s*[0-9]{1,2})*)",
    re.I,
)
_NAME = re.compile(
    r"^[A-ZÀ-ÖØ-Þ][\w.'’\-À-ÿ]*(?:\s+(?:\([\w.'’\- ]+\)|[\"“][\w.'’\- ]+[\"”]|(?:d[eu]|la|le|van|von|der"
    r"|St\.?)\b|[A-ZÀ-ÖØ-Þ][\w.'’\-À-ÿ]*)){1,4}$"
)
_NOT_NAMES = re.compile(
    r"\b(?:council|committee|office|agenda|contact|ward|city|town|meeting|portfolio|message|biography"
    r"|about|profile|more"
    r"|learn|read|view|map|news|member|your|our|hall|email|mail|services|conseil|comité|page|mayors?"
    r"|councillors?)\b",
    re.I,
)


def read_page(document: Document) -> ParseResult:
    """Read the people of a council page.

    Raises: ParseFailed (``wrong-shape``, ``empty``, or as ``parse_page``).
    """
    root = parse_page(document)
    selectors = document.source.parameters.get("html", {})
    if isinstance(selectors, Mapping) and selectors.get("item"):
        return _declared(document, root, selectors)
    return _guessed(document, root)


def read_profile(document: Document) -> ParseResult:
    """Read one person's own page: what it says joins what the list said (``context``).

    Raises: ParseFailed as ``parse_page``.
    """
    root = parse_page(document)
    selectors = document.source.parameters.get("profile_html", {})
    known = {key: str(value) for key, value in document.context.items() if key in _FIELDS}
    for field in _FIELDS:
        told = _pick(document, root, field, selectors.get(field)) if selectors.get(field) else ""
        if told:
            known[field] = told
    council = Council(document)
    council.add(_seat(known, document))
    result = council.result()
    # One page cannot tell who is gone, nor how many share a seat.
    result.complete.clear()
    return result


# ------------------------------------------------------------------------------------------- by selectors
def _declared(document: Document, root: html.HtmlElement, selectors: Mapping[str, Any]) -> ParseResult:
    items = _select(document, root, str(selectors["item"]))[:_MAX_ITEMS]
    council = Council(document)
    fetches: list[tuple[str, dict[str, str], Seat]] = []
    for item in items:
        told = {
            field: _pick(document, item, field, selectors.get(field))
            for field in _FIELDS
            if selectors.get(field)
        }
        if not told.get("name") and not told.get("role") and not told.get("area"):
            council.skipped["without a name"] += 1
            continue
        seat = _seat(told, document)
        council.add(seat)
        if selectors.get("profile") and told.get("url") and seat.name:
            fetches.append((told["url"], told, seat))
    if not council.seats:
        raise document.failed("empty", f"no person at {selectors['item']!r}; the page may have changed"[:300])
    result = council.result()
    for url, told, _seat_read in fetches:
        result.next(Fetch(url=url, step="html_profile", context=told, is_required=False))
    return result


def _select(document: Document, scope: html.HtmlElement, selector: str) -> list[Any]:
    try:
        if selector.startswith(("/", "./", "(")):
            found = scope.xpath(selector if not selector.startswith("//") else "." + selector)
        else:
            found = CSSSelector(selector, translator="html")(scope)
    except (CssError, etree.XPathError, ValueError) as error:
        raise document.failed(
            "wrong-shape", f"the registry's selector {selector!r} is wrong: {error}"[:300]
        ) from None
    return found if isinstance(found, list) else [found]


def _pick(document: Document, scope: html.HtmlElement, field: str, rule: Any) -> str:
    settings = rule if isinstance(rule, Mapping) else {"select": rule}
    if "text" in settings:
        return str(settings["text"])
    selector = str(settings.get("select") or "")
    selector, _, attribute = (
        selector.partition("@") if not selector.startswith(("/", "./", "(")) else (selector, "", "")
    )
    attribute = str(settings.get("attr") or attribute or "")
    elements = [scope] if selector.strip() in {"", "."} else _select(document, scope, selector.strip())
    for element in elements:
        value = _value(element, field, attribute)
        if settings.get("match") and value:
            try:
                match = re.search(str(settings["match"]), value[:5_000])
            except re.error as error:
                raise document.failed("wrong-shape", f"the registry's pattern is wrong: {error}") from None
            value = clean((match[1] if match.groups() else match[0]) if match else "")
        if value:
            return value
    return ""


def _value(element: Any, field: str, attribute: str) -> str:
    if not isinstance(element, html.HtmlElement):
        return clean(str(element))
    if field == "email":
        return _email_of(element)
    wanted = attribute or _ATTRIBUTES.get(field, "")
    if wanted:
        holder = element if element.get(wanted) else next(iter(element.xpath(f".//*[@{wanted}]")), None)
        value = holder.get(wanted) if holder is not None else ""
        if field == "photo" and holder is not None:
            value = holder.get("data-src") or value
        return clean(value)
    return text_of(element)


def text_of(element: html.HtmlElement) -> str:
    """Return an element's text on one line, words of neighbouring blocks apart."""
    return clean(" ".join(element.itertext()))


def _email_of(element: html.HtmlElement) -> str:
    for link in (element, *element.iterdescendants()):
        if not isinstance(link.tag, str):
            continue
        href = link.get("href") or ""
        if link.get("data-cfemail"):
            return contacts.shielded_email(link.get("data-cfemail") or "")
        if "/cdn-cgi/l/email-protection#" in href:
            return contacts.shielded_email(href.rpartition("#")[2])
        if href.lower().startswith("mailto:"):
            return contacts.email(href[7:].partition("?")[0])
    return contacts.email(text_of(element)[:5_000])


def _seat(told: Mapping[str, str], document: Document) -> Seat:
    role = first_role(told.get("role", "")) or document.source.parameter("role")
    area = clean(told.get("area", "")).replace("–", "—")
    name = clean(told.get("name", ""))
    titled = _TITLED.match(name)
    if titled and not told.get("role"):
        role, name = clean(titled["role"]), clean(titled["rest"])
    if is_vacant(name):
        return Seat(name="", role=role, area=area)
    found: list[ContactDetail] = []
    if address := contacts.email(told.get("email", "")):
        found.append(ContactDetail(type="email", value=address))
    for field, kind in (("phone", "voice"), ("fax", "fax"), ("cell", "cell")):
        if number := contacts.phone(told.get(field, "")):
            found.append(ContactDetail(type=kind, value=number[:500], note="legislature"))
    if place := clean(told.get("address", "")):
        found.append(ContactDetail(type="address", value=place[:2_000], note="legislature"))
    links = [Link(url=web[:2_000], note="profile")] if (web := contacts.web(told.get("url", ""))) else []
    if (site := contacts.web(told.get("website", ""))) and site != web:
        links.append(Link(url=site[:2_000]))
    if "," in name and not re.search(r",\s*(?:Jr|Sr|MD|KC|Q\.?C)\b", name):
        family, _, given = name.partition(",")
        seat = Seat(name="", given_name=clean(given), family_name=clean(family), role=role, area=area)
    else:
        seat = Seat(name=name[:300], role=role, area=area)
    full = named(seat)
    return Seat(
        name=full.name,
        given_name=full.given_name,
        family_name=full.family_name,
        honorific=full.honorific,
        role=role[:300],
        area=area[:300],
        party=clean(told.get("party", ""))[:300],
        image=contacts.photo(told.get("photo", "")),
        contacts=tuple(found),
        links=tuple(links),
    )


# ------------------------------------------------------------------------------------- by the page's habits
def _guessed(document: Document, root: html.HtmlElement) -> ParseResult:
    council = Council(document)
    for told in _titled_people(root):
        council.add(_seat(told, document))
    if not council.seats:
        raise document.failed("empty", "no heading or link names a mayor or a councillor")
    return council.result()


def _titled_people(root: html.HtmlElement) -> Iterator[dict[str, str]]:
    """Yield what headings and links that start with a title say, with e-mail and ward nearby."""
    seen: set[str] = set()
    for element in root.iter("h1", "h2", "h3", "h4", "h5", "a", "strong", "b"):
        text = text_of(element)
        match = _TITLED.match(text) if len(text) < 160 else None
        if match is None:
            continue
        rest = _WARD.sub(" ", match["rest"])
        name = clean(re.split(r"\s+[-–—|(:]\s*|,|\(|\s{2,}", rest.strip(" -–—|,:()"))[0]).strip(" -–—|,:()")
        if not _NAME.match(name) or _NOT_NAMES.search(name) or name.lower() in seen:
            continue
        seen.add(name.lower())
        around = _surroundings(element)
        ward = _WARD.search(match["rest"]) or (
            _WARD.search(text_of(around)[:1_000]) if around is not None else None
        )
        yield {
            "name": name,
            "role": _plain_role(match["role"]),
            "area": clean(ward["area"]) if ward and "mayor" not in match["role"].lower() else "",
            "email": _email_of(around) if around is not None else "",
            "phone": _phone_of(around),
            "url": _link_of(element),
        }


def _link_of(element: html.HtmlElement) -> str:
    link = element if element.tag == "a" else next(element.iter("a"), None)
    if link is None:
        link = next((each for each in element.iterancestors("a")), None)
    return clean(link.get("href")) if link is not None else ""


def _plain_role(role: str) -> str:
    return (
        "Councillor"
        if role.lower() in {"coun.", "cllr", "cllr.", "city councillor", "town councillor"}
        else clean(role)
    )


def _surroundings(element: html.HtmlElement) -> html.HtmlElement | None:
    """Return the largest element around a name that still is about this person alone."""
    best = None
    for ancestor in element.iterancestors():
        if not isinstance(ancestor, html.HtmlElement) or ancestor.tag in {
            "body",
            "html",
            "main",
            "table",
            "tbody",
        }:
            break
        text = text_of(ancestor)
        titles = {
            text_of(each)
            for each in ancestor.iter("h1", "h2", "h3", "h4", "h5", "a")
            if _TITLED.match(text_of(each))
        }
        if len(text) > 3_000 or len(titles) > 1:
            break
        best = ancestor
    return best


def _phone_of(around: html.HtmlElement | None) -> str:
    if around is None:
        return ""
    for link in around.iter("a"):
        if (link.get("href") or "").lower().startswith("tel:"):
            return contacts.phone(link.get("href") or "")
    match = re.search(
        r"\(?\b\d{3}\)?[\s.\-]\d{3}[\s.\-]\d{4}(?:\s*,?\s*(?:ext|x|poste)\.?\s*\d{1,6})?",
        text_of(around)[:3_000],
    )
    return contacts.phone(match[0]) if match else ""
