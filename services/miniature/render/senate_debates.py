"""The Senate's debates: the list of a session's sittings and the page of each.

Pages: sencanada.ca/en/in-the-chamber/debates/45-1 (French: /fr/dans-la-chambre/debats/45-1), whose
calendar writes links with backslashes, and /en/content/sen/chamber/451/debates/024db_2025-10-21-e
(French: -f).
"""

from html import escape
from typing import Any

from services.miniature.facts.model import Language, pick
from services.miniature.facts.senate import Senator, senators
from services.miniature.facts.tables import table
from services.miniature.render.document import HTML, Document
from services.miniature.render.legisinfo_list import day_in_words

_FLOOR = {"en": ("English", "Traduction"), "fr": ("Translation", "Français")}
_FEMALE = {3001, 3002, 3005, 3010, 3011, 3012, 3014, 3015, 3016}


def sittings() -> list[dict[str, Any]]:
    """The sittings, oldest first."""
    return sorted(table("senate_debates")["sitting"], key=lambda sitting: sitting["number"])


def debates_list(language: Language) -> Document:
    """The list of sittings; the newest one once more, with an ordinary link, as the latest."""
    letter = pick(("e", "f"), language)
    lines = []
    for sitting in sittings():
        file = f"{sitting['number']:03d}db_{sitting['date']}-{letter}"
        path = f"/{language}\\content\\sen\\chamber\\451\\debates\\{file}"
        lines.append(f'<td><a href="{path}">{sitting["date"][8:]}</a></td>')
    latest = f"/{language}/content/sen/chamber/451/debates/{file}"
    return _page(
        pick(("Debates", "Débats"), language),
        language,
        [
            f'<div class="latest"><a href="{latest}">{sittings()[-1]["date"]}</a></div>',
            "<table><tr>",
            *lines,
            "</tr></table>",
        ],
    )


def debate(language: Language, number: int, day: str) -> Document:
    """The page of a sitting; for a wrong number or day a page without a title, with status 200."""
    sitting = next((s for s in sittings() if (s["number"], s["date"]) == (number, day)), None)
    if sitting is None:
        return _page("", language, ["<p></p>"])
    lines = [
        f"<h3>{pick(('1st Session, 45th Parliament', '1re session, 45e législature'), language)}</h3>",
        f"<h3>{day_in_words(sitting['date'], language)}</h3>",
        f"<h2>{pick(('THE SENATE', 'LE SÉNAT'), language)}</h2>",
        _paragraph(pick(tuple(sitting["opened"]), language)),
        _paragraph(pick(("Prayers.", "Prière."), language)),
    ]
    for part in sitting["part"]:
        lines += [f"<h1>{escape(pick(tuple(part['rubric']), language))}</h1>"]
        lines += [f"<h2>{escape(pick(tuple(part['subject']), language))}</h2>"]
        if "stage" in part:
            lines.append(f"<h3>{escape(pick(tuple(part['stage']), language))}</h3>")
        for entry in part["content"]:
            lines += _entry(entry, language)
    title = pick(("Debates - Issue", "Débats - Fascicule"), language)
    return _page(f"{title} {number}", language, lines)


def _entry(entry: dict[str, Any], language: Language) -> list[str]:
    lines = []
    if "time" in entry:
        lines.append(_paragraph(f"({entry['time']})"))
    if "floor" in entry:
        lines.append(f"<p>[<i>{pick(_FLOOR[entry['floor']], language)}</i>]</p>")
    for name, told in (
        ("chair", ("The Hon. the Speaker:", "Son Honneur la Présidente :")),
        ("voices", ("Some Hon. Senators:", "Des voix :")),
    ):
        if name in entry:
            lines.append(_paragraph(pick(tuple(entry[name]), language), pick(told, language)))
    if "order" in entry:
        lines.append(_paragraph(pick(tuple(entry["order"]), language)))
    label = _label(entry, language) if "senator" in entry else ""
    if "moves" in entry:
        # Who moves is named without a colon, and the speech proper follows.
        lines.append(_paragraph(pick(tuple(entry["moves"]), language), label.rstrip(" :")))
        label = ""
    if "p" in entry:
        lines.append(_paragraph(pick(tuple(entry["p"]), language), label))
    return lines


def _label(entry: dict[str, Any], language: Language) -> str:
    senator: Senator = next(each for each in senators() if each.number == entry["senator"])
    if entry.get("short"):
        title = pick(("Senator", "La sénatrice" if senator.number in _FEMALE else "Le sénateur"), language)
        told = f"{title} {senator.last_name}"
    else:
        title = pick(("Hon.", "L'honorable"), language)
        told = f"{title} {senator.first_name} {senator.last_name}"
        told += f" ({pick(tuple(entry['role']), language)})" if "role" in entry else ""
    return told + pick((":", " :"), language)


def _paragraph(words: str, label: str = "") -> str:
    bold = f"<b>{escape(label, quote=False)}</b> " if label else ""
    return f"<p>{bold}{escape(words, quote=False)}</p>"


def _page(title: str, language: Language, lines: list[str]) -> Document:
    body = [
        "<!DOCTYPE html>",
        f'<html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title></head><body>',
        *lines,
        '<div id="footer"><p><b>Senate of Canada:</b> contact</p></div></body></html>',
        "",
    ]
    return Document("\r\n".join(body).encode(), HTML)
