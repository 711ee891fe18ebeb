"""The Senate's pages: the table of senators, the table of recorded votes, the ballots of one vote.

Pages: sencanada.ca/en/senators-list/ (filled by /umbraco/surface/SenatorsAjax/GetSenators?Lang=en),
/en/in-the-chamber/votes/45-1 (French: /fr/dans-la-chambre/votes/45-1) and
/en/in-the-chamber/votes/details/672301/45-1, where the column with `data-order="aaa"` is the vote.
"""

from html import escape
from typing import Any

from services.miniature.facts.model import PROVINCES, Language, pick
from services.miniature.facts.senate import ballots, find_vote, groups, senators, totals, votes
from services.miniature.render.document import HTML, Document
from services.miniature.render.hansard_xml import weekday
from services.miniature.render.house_html import slug_of
from services.miniature.render.legisinfo_list import day_in_words

_COUNTS = {
    "en": ("Yeas:", "Nays:", "Abstentions:", "Total:"),
    "fr": ("Pour :", "Contre :", "Abstention :", "Total :"),
}


def _page(title: str, language: Language, lines: list[str]) -> Document:
    body = [
        "<!DOCTYPE html>",
        f'<html lang="{language}">',
        f'<head><meta charset="utf-8"><title>{escape(title)} - SenCanada</title></head>',
        "<body>",
        *lines,
        "</body>",
        "</html>",
        "",
    ]
    return Document("\r\n".join(body).encode(), HTML)


def _paths(language: Language) -> tuple[str, str]:
    chamber = "in-the-chamber" if language == "en" else "dans-la-chambre"
    return f"/{language}/{chamber}/votes", pick(("senators", "senateurs"), language)


def senators_list(language: Language) -> Document:
    """The table of senators."""
    titles = (
        ("Name", "Nom"),
        ("Affiliation", "Affiliation"),
        ("Province/Territory", "Province/Territoire"),
        ("Date of Nomination", "Date de nomination"),
        ("Date of Retirement", "Date de retraite"),
    )
    head = "".join(f"<th>{pick(title, language)}</th>" for title in titles)
    lines = [
        '<table class="table sc-table" id="senator-list-view-table">',
        f"<thead><tr>{head}</tr></thead>",
        "<tbody>",
    ]
    folder = _paths(language)[1]
    for senator in senators():
        name = escape(senator.listed_name)
        link = f"/{language}/{folder}/{slug_of(f'{senator.last_name} {senator.first_name}')}/"
        lines += [
            "<tr>",
            f'<td data-order="{name}"><a href="{link}">{name}</a></td>',
            f"<td>{escape(pick(groups()[senator.group], language))}</td>",
            f"<td>{escape(pick(PROVINCES[senator.province], language))}</td>",
            f"<td>{senator.appointed_on}</td>",
            f"<td>{senator.retires_on}</td>",
            "</tr>",
        ]
    lines.append("</tbody></table>")
    return _page(pick(("Senators", "Les sénateurs"), language), language, lines)


def _result(vote: dict[str, Any], language: Language) -> str:
    yeas, nays, _ = totals(vote)
    return pick(("Adopted", "Adoptée") if yeas > nays else ("Defeated", "Rejetée"), language)


def votes_list(language: Language) -> Document:
    """The table of recorded votes, newest first."""
    base = _paths(language)[0]
    lines = ['<table class="sc-table table" id="votes-table">', "<tbody>"]
    for vote in votes():
        yeas, nays, abstentions = totals(vote)
        counts = (yeas, nays, abstentions, yeas + nays + abstentions)
        told = " <text>|</text> ".join(
            f"{label} {count}" for label, count in zip(_COUNTS[language], counts, strict=True)
        )
        bill = vote.get("bill")
        order = "999999999999999" if bill is None else f"{bill[0]}{int(bill[2:]):06d}"
        link = f'<a href="//www.parl.ca/LEGISInfo/en/bill/45-1/{bill.lower()}">{bill}</a>' if bill else ""
        lines += [
            "<tr>",
            (
                f'<td class="vote-centered" data-order="{vote["date"]} 14:00:00 {vote["sequence"]}">'
                f'<a href="/{language}/content/sen/chamber/451/journals/">{vote["date"]}</a></td>'
            ),
            f'<td><a class="vote-web-title-link" href="{base}/details/{vote["id"]}/45-1">',
            f"  {escape(pick(tuple(vote['title']), language))}</a><br />",
            f"  {told}</td>",
            f'<td class="vote-centered" data-order="{order}">{link}</td>',
            f'<td class="vote-centered"> {_result(vote, language)} </td>',
            "</tr>",
        ]
    lines.append("</tbody></table>")
    return _page(pick(("Votes", "Votes"), language), language, lines)


def vote_details(language: Language, number: int) -> Document | None:
    """The ballots of one vote, or None for an unknown id."""
    vote = find_vote(number)
    if vote is None:
        return None
    base, _ = _paths(language)
    when = f"{weekday(vote['date'], language).capitalize()}, {day_in_words(vote['date'], language)}"
    parliament = pick(("45<sup>th</sup> Parliament", "45<sup>e</sup> législature"), language)
    columns = {
        "en": ("Senator", "Affiliation", "Province/Territory", "Yea", "Nay", "Abstention"),
        "fr": ("Sénateur", "Affiliation", "Province/Territoire", "Pour", "Contre", "Abstention"),
    }[language]
    lines = [
        '<section class="container sc-vote-details votes-module">',
        f'<span class="sc-vote-details-box-date">{when} - {parliament}</span>',
        f'<div class="sc-vote-details-box-title">{escape(pick(tuple(vote["title"]), language))}</div>',
    ]
    if "bill" in vote:
        label = pick(("Related Bill:", "Projet de loi connexe :"), language)
        lines.append(f'<div class="sc-vote-details-box-related"><a>{label} {vote["bill"]}</a></div>')
    lines += [
        '<table class="table sc-table" id="sc-vote-details-table">',
        "<thead><tr>" + "".join(f"<th>{column}</th>" for column in columns) + "</tr></thead>",
        "<tbody>",
    ]
    for senator, value in ballots(vote):
        name, province = escape(senator.listed_name), escape(pick(PROVINCES[senator.province], language))
        lines += [
            "<tr>",
            f'<td data-order="{name}"><a href="{base}/senator/{senator.number}/45-1">{name}</a></td>',
            f"<td>{escape(pick(groups()[senator.group], language))}</td>",
            f'<td data-order="{province}">{province}</td>',
        ]
        for column in ("Yea", "Nay", "Abstention"):
            mark = '<i class="fa-solid fa-times" aria-hidden="true"></i>' if column == value else ""
            order = "aaa" if column == value else "zzz"
            lines.append(f'<td data-order="{order}" class="sc-vote-details-table-centered">{mark}</td>')
        lines.append("</tr>")
    lines.append("</tbody></table></section>")
    return _page(pick(tuple(vote["title"]), language), language, lines)
