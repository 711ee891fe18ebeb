"""The House of Commons' pages: members as tiles, a profile with contacts, committees and their meetings.

Pages: www.ourcommons.ca/Members/en/search, /Members/en/ziad-aboultaif(89156), /Committees/en/List,
/Committees/en/INAN/Meetings, /DocumentViewer/en/45-1/house/sitting-121/hansard. Only the parts that
carry facts are here; links have no host.
"""

import re
import unicodedata
from html import escape
from typing import Any

from services.miniature.facts.debates import committees, find_committee
from services.miniature.facts.model import CAUCUSES, HONORIFICS, PROVINCES, Language, Member, pick
from services.miniature.facts.offices import email, holders, phone
from services.miniature.render.document import HTML, Document
from services.miniature.render.legisinfo_list import day_in_words
from services.miniature.world import World

_PARTY_IMAGE = {
    "Liberal": "Lib",
    "Conservative": "CPC",
    "Bloc Québécois": "BQ",
    "NDP": "NDP",
    "Green Party": "GP",
    "Independent": "Ind",
}


def page(title: str, language: Language, *body: str) -> Document:
    """A page of the House's sites with a title and a main part."""
    lines = (
        "<!DOCTYPE html>",
        f'<html lang="{language}">',
        f'<head><meta charset="utf-8" /><title>{escape(title)}</title></head>',
        "<body>",
        '<main class="container" id="main-content">',
        *body,
        "</main>",
        "</body>",
        "</html>",
        "",
    )
    return Document("\r\n".join(lines).encode(), HTML)


def slug_of(name: str) -> str:
    """A name without accents, in small letters, joined by hyphens."""
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z]+", "-", plain).strip("-")


def slug(member: Member) -> str:
    """The last part of a profile's address, such as `yves-francois-blanchet(104669)`."""
    return f"{slug_of(member.name)}({member.person_id})"


def _photo(member: Member) -> str:
    name = re.sub(r"[^A-Za-zÀ-ÿ]", "", member.last_name) + re.sub(r"[^A-Za-zÀ-ÿ]", "", member.first_name)
    return f"/Content/Parliamentarians/Images/OfficialMPPhotos/45/{name}_{_PARTY_IMAGE[member.caucus]}.jpg"


def member_tiles(world: World, language: Language) -> Document:
    """The search page with one tile for each member."""
    tiles = ['<div id="tiles" class="ce-mip-mp-tile-wrapper">']
    for member in world.members:
        tiles += [
            f'<div class="ce-mip-mp-tile-container " id="mp-tile-person-id-{member.person_id}">',
            f'<a class="ce-mip-mp-tile" href="/members/{language}/{slug(member)}">',
            '<div class="ce-mip-flex-tile">',
            '<div class="ce-mip-mp-picture-container">',
            (
                '<img class="ce-mip-mp-picture visible-lg visible-md img-fluid"'
                f' src="{_photo(member)}" loading="lazy" alt="Photo - {escape(member.name)}" />'
            ),
            "</div>",
            '<div class="ce-mip-tile-text">',
            '<div class="ce-mip-tile-top">',
            f'<div class="ce-mip-mp-honourable">{escape(pick(HONORIFICS[member.honorific], language))}</div>',
            f'<div class="ce-mip-mp-name">{escape(member.name)}</div>',
            f'<div class="ce-mip-mp-party">{escape(pick(CAUCUSES[member.caucus], language))}</div>',
            "</div>",
            '<div class="ce-mip-tile-bottom">',
            f'<div class="ce-mip-mp-constituency">{escape(pick(member.riding, language))}</div>',
            f'<div class="ce-mip-mp-province">{escape(pick(PROVINCES[member.province], language))}</div>',
            "</div></div></div></a></div>",
        ]
    tiles.append("</div>")
    return page(pick(("Members of Parliament", "Les députés"), language), language, *tiles)


def member_profile(world: World, language: Language, person_id: int) -> Document | None:
    """A member's profile page, or None for someone who is not listed."""
    member = world.find_member(person_id)
    if member is None:
        return None
    label = {
        "tel": pick(("Telephone:", "Téléphone :"), language),
        "fax": pick(("Fax:", "Télécopieur :"), language),
    }
    titles = [pick(held["title"], language) for held in holders("minister") if held["person_id"] == person_id]
    address = email(member)
    riding = escape(pick(member.riding, language))
    office = pick(("Main office", "Bureau principal"), language)
    lines = [
        '<div class="ce-mip-mp-profile-container" id="mip-mp-profile">',
        f"<h1>{escape(f'{pick(HONORIFICS[member.honorific], language)} {member.name}'.strip())}</h1>",
        '<div class="ce-mip-overview">',
        '<div class="ce-mip-mp-picture-container">',
        f'<img class="ce-mip-mp-picture" src="{_photo(member)}" alt="Photo - {escape(member.name)}" />',
        "</div>",
        "<dl>",
        f"<dt>{pick(('Political Affiliation:', 'Appartenance politique :'), language)}</dt>",
        f'<dd class="mip-mp-profile-caucus">{escape(pick(CAUCUSES[member.caucus], language))}</dd>',
        f"<dt>{pick(('Constituency:', 'Circonscription :'), language)}</dt>",
        (
            f'<dd><a href="/members/{language}/constituencies/{member.riding_code}">'
            f"{escape(pick(member.riding, language))}</a></dd>"
        ),
        f"<dt>{pick(('Province / Territory:', 'Province / Territoire :'), language)}</dt>",
        f"<dd>{escape(pick(PROVINCES[member.province], language))}</dd>",
        "</dl></div>",
        '<div class="ce-mip-roles">',
        *(f"<h4>{escape(title)}</h4>" for title in titles),
        "</div>",
        '<div id="contact"><div class="container">',
        f"<h3>{pick(('Email', 'Courriel'), language)}</h3>",
        f'<p><a href="mailto:{address}">{address}</a></p>',
        '<div class="row">',
        '<div class="col-md-3">',
        f"<h4>{pick(('Hill Office', 'Bureau de la colline'), language)}</h4>",
        (
            f"<p><strong>{pick(('House of Commons', 'Chambre des communes'), language)}</strong> *<br />"
            "Ottawa, Ontario,<br />Canada<br />K1A 0A6</p>"
        ),
        f"<p>{label['tel']} {phone(member, 0)}<br />{label['fax']} {phone(member, 2)}<br /></p>",
        "</div>",
        '<div class="col-md-9">',
        f"<h4>{pick(('Constituency Office', 'Bureau de circonscription'), language)}</h4>",
        '<div class="row ce-mip-contact-constituency-office-container">',
        '<div class="ce-mip-contact-constituency-office col-lg-6 col-md-6 col-sm-12 col-12">',
        f"<p><strong>{office} - {escape(pick(member.riding, language))}</strong><br />",
        f"1 {pick(('Main Street', 'rue Principale'), language)}<br />",
        f"{riding}, {escape(pick(PROVINCES[member.province], language))}<br />",
        "K0K 0K0<br /></p>",
        f"<p>{label['tel']} {phone(member, 1)}<br /></p>",
        "</div></div></div></div></div></div></div>",
    ]
    return page(f"{member.name} - {pick(('Member of Parliament', 'Député'), language)}", language, *lines)


_SECTIONS = (
    ("standing", "standing-committees-section", ("Standing Committees", "Comités permanents")),
    ("joint", "joint-committees-section", ("Joint Committees", "Comités mixtes")),
)


def committee_list(language: Language) -> Document:
    """The list of committees, with the joint ones linked to their home on www.parl.ca."""
    lines = ['<div class="committees-list">']
    for kind, section, heading in _SECTIONS:
        lines += [f'<div id="{section}" class="committees-section">', f"<h2>{pick(heading, language)}</h2>"]
        for entry in (entry for entry in committees() if entry["type"] == kind):
            host = "//www.parl.ca" if kind == "joint" else ""
            acronym = entry["acronym"]
            lines += [
                '<div class="accordion-item">',
                '<div class="accordion-bar"><div class="accordion-bar-title">',
                f'<span class="committee-acronym-cell">{acronym}</span>',
                f'<span class="committee-name">{escape(pick(tuple(entry["name"]), language))}</span>',
                "</div></div>",
                '<div class="accordion-content">',
                f'<a class="list-group-linked-item" href="{host}/Committees/{language}/{acronym}">',
                f"{acronym}</a>",
            ]
            for pair in entry.get("subcommittees", []):
                lines.append(
                    '<div class="subcommittee-item"><span class="subcommittee-name">'
                    f"{escape(pick(tuple(pair), language))}</span></div>"
                )
            lines.append("</div></div>")
        lines.append("</div>")
    lines.append("</div>")
    return page(pick(("List of Committees", "Liste des comités"), language), language, *lines)


def committee_meetings(language: Language, acronym: str) -> Document | None:
    """The meetings of one committee, newest first, or None for an unknown acronym."""
    entry = find_committee(acronym)
    if entry is None:
        return None
    lines = ['<div id="meeting-accordion" class="meetings-list">']
    for meeting in sorted(entry["meetings"], key=lambda told: -told["number"]):
        lines += _meeting(entry["acronym"], meeting, language)
    lines.append("</div>")
    return page(f"{entry['acronym']} - {pick(('Meetings', 'Réunions'), language)}", language, *lines)


def _meeting(acronym: str, meeting: dict[str, Any], language: Language) -> list[str]:
    number, when = meeting["number"], meeting["date"]
    viewer = f"/DocumentViewer/{language}/45-1/{acronym}/{pick(('meeting', 'reunion'), language)}-{number}"
    study = escape(pick(tuple(meeting["study"]), language))
    lines = [
        f'<div class="accordion-item meeting-item-{when}" id="meeting-item-{14_100_000 + number}">',
        '<div class="accordion-bar"><div class="meeting-title">',
        f'<span class="meeting-acronym">{acronym}</span>',
        f'<span class="meeting-number">{pick(("Meeting", "Réunion"), language)} {number}</span>',
        f'<span class="date-label">{day_in_words(when, language)}</span>',
        f'<span class="the-time">{meeting["start"]} - {meeting["end"]}</span>',
    ]
    if meeting.get("in_camera"):
        lines.append(f'<span class="icon-in-camera">{pick(("In Camera", "À huis clos"), language)}</span>')
    lines += [
        "</div></div>",
        f'<div class="accordion-content"><div class="studies-activities-item">{study}</div>',
        '<div class="button-list meeting-card-buttons">',
        (
            '<a class="btn btn-default btn-meeting-notice"'
            f' href="{viewer}/{pick(("notice", "avis-convocation"), language)}">'
            f"{pick(('Notice of meeting', 'Avis de convocation'), language)}</a>"
        ),
    ]
    if not meeting.get("in_camera"):
        lines.append(
            f'<a class="btn btn-default btn-meeting-minutes"'
            f' href="{viewer}/{pick(("minutes", "proces-verbal"), language)}">'
            f"{pick(('Minutes', 'Procès-verbal'), language)}</a>"
        )
    if "evidence" in meeting:
        lines.append(
            f'<a class="btn btn-default btn-meeting-evidence"'
            f' href="{viewer}/{pick(("evidence", "temoignages"), language)}">'
            f"{pick(('Evidence', 'Témoignages'), language)}</a>"
        )
    lines.append("</div></div></div>")
    return lines


def document_viewer(language: Language, title: str, xml_path: str) -> Document:
    """A page of the document viewer, of which a reader needs the link to the XML."""
    return page(
        title,
        language,
        f"<h1>{escape(title)}</h1>",
        '<div class="publication-buttons">',
        f'<a class="btn btn-export-xml hidden-xs" href="{xml_path}">XML</a>',
        "</div>",
        '<div id="publicationContent"></div>',
    )
