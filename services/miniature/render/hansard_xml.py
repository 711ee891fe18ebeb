"""The House of Commons' debates as Hansard XML, English and French, paired by paragraph ids.

Format: www.ourcommons.ca/Content/House/451/Debates/121/HAN121-E.XML in the dialect of 2015 and later:
a BOM, two spaces of indent. A few paragraphs stand in one language only.
"""

from datetime import date
from typing import Any

from services.miniature.facts.debates import NOTICE, affiliation_id, member_by_id
from services.miniature.facts.members import SPEAKER_ID
from services.miniature.facts.model import Language, pick
from services.miniature.render.document import BOM, TEXT_XML, Document, text
from services.miniature.render.hansard_text import (
    Ids,
    filled,
    floor_language,
    full_title,
    timestamp,
    toc_text,
)
from services.miniature.render.legisinfo_list import day_in_words
from services.miniature.world import World

_DAYS = (
    ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
)


def weekday(iso: str, language: Language) -> str:
    """The name of the day of an ISO date."""
    return _DAYS[0 if language == "en" else 1][date.fromisoformat(iso).weekday()]


class Page:
    """Collects indented lines; text inside a paragraph is never broken."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.depth = 0

    def line(self, content: str) -> None:
        """One line at the current depth."""
        self.lines.append("  " * self.depth + content)

    def open(self, tag: str) -> None:
        """An opening tag; what follows is one step deeper."""
        self.line(f"<{tag}>")
        self.depth += 1

    def close(self, name: str) -> None:
        """The closing tag of the innermost open element."""
        self.depth -= 1
        self.line(f"</{name}>")

    def document(self, newline: str) -> Document:
        """Everything so far as a file."""
        head = '<?xml version="1.0" encoding="UTF-8"?>'
        return Document(BOM + newline.join([head, *self.lines]).encode(), TEXT_XML)


def _extracted(page: Page, sitting: dict[str, Any], language: Language) -> None:
    number, iso = sitting["number"], sitting["date"]
    when = day_in_words(iso, language)
    is_english = language == "en"
    year, month, day = iso.split("-")
    named = {
        "InstitutionDebate": pick(
            ("House of Commons Debates", "Débats de la Chambre des communes"), language
        ),
        "Volume": "Volume 152",
        "Number": f"No. {number}" if is_english else f"N<Sup>o</Sup> {number}",
        "Session": "1st SESSION" if is_english else "1<Sup>re</Sup> SESSION",
        "Parliament": "45th PARLIAMENT" if is_english else "45<Sup>e</Sup> LÉGISLATURE",
        "Date": f"{weekday(iso, language)}, {when}" if is_english else f"Le {weekday(iso, language)} {when}",
        "SpeakerName": pick(
            (
                "Speaker: The Honourable Francis Scarpaleggia",
                "Présidence de l'honorable Francis Scarpaleggia",
            ),
            language,
        ),
        "Institution": pick(("HOUSE OF COMMONS", "CHAMBRE DES COMMUNES"), language),
        "Country": "CANADA",
        "TOCNote": pick(
            (
                "(Table of Contents appears at back of this issue.)",
                "(La table des matières quotidienne des délibérations se trouve à la fin du présent numéro.)",
            ),
            language,
        ),
        "HeaderTitle": pick(("COMMONS DEBATES", "DÉBATS DES COMMUNES"), language),
        "HeaderDate": when,
        "MetaDocumentCategory": "DEBATES",
        "MetaTitle": f"No. {number}" if is_english else f"N<Sup>o</Sup> {number}",
        "MetaTitleEn": f"No. {number}",
        "MetaTitleFr": f"N<Sup>o</Sup> {number}",
        "MetaVolumeNumber": "Volume 152",
        "MetaNumberNumber": str(number),
        "MetaDateNumDay": day,
        "MetaDateNumMonth": month,
        "MetaDateNumYear": year,
        "MetaCreationTime": f"{year}/{month}/{day} 11:00:00",
        "InstitutionDebateFr": "Débats de la Chambre des communes",
        "InstitutionDebateEn": "House of Commons Debates",
        "MetaInstitution": "House Of Commons",
        "SessionNumber": "1",
        "ParliamentNumber": "45",
    }
    extracted(page, named)


def extracted(page: Page, named: dict[str, str]) -> None:
    """The ExtractedInformation block, closed by the empty note on meetings in camera."""
    page.open("ExtractedInformation")
    for name, value in named.items():
        page.line(f'<ExtractedItem Name="{name}">{value}</ExtractedItem>')
    page.line('<ExtractedItem Name="InCameraNote" />')
    page.close("ExtractedInformation")


class _Debate:
    """Renders one sitting in one language."""

    def __init__(self, world: World, sitting: dict[str, Any], language: Language) -> None:
        self._world, self._sitting, self._language = world, sitting, language
        self._ids = Ids(sitting["document_id"])
        self._page = Page()
        self._seen: set[int] = set()

    def document(self) -> Document:
        page, sitting = self._page, self._sitting
        page.open(f'Hansard xml:lang="{self._language.upper()}" id="{sitting["document_id"]}"')
        page.line(f"<StartPageNumber>{sitting['start_page']}</StartPageNumber>")
        page.open("DocumentTitle")
        title = pick(("OFFICIAL REPORT (HANSARD)", "COMPTE RENDU OFFICIEL (HANSARD)"), self._language)
        page.line(f"<DocumentName>{title}</DocumentName>")
        page.close("DocumentTitle")
        _extracted(page, sitting, self._language)
        page.open("HansardBody")
        page.open("Intro")
        self._para(pick(tuple(sitting["opened"]), self._language))
        self._para(pick(NOTICE, self._language))
        page.line(f"<Prayer>{pick(('Prayer', 'Prière'), self._language)}</Prayer>")
        page.close("Intro")
        for order in sitting["order"]:
            self._order(order)
        page.close("HansardBody")
        page.close("Hansard")
        return page.document("\n")

    def _say(self, pair: list[str]) -> str:
        return filled(self._world, pair[0] if self._language == "en" else pair[1], self._language)

    def _para(self, content: str) -> None:
        self._page.line(f'<ParaText id="{self._ids.paragraph()}">{content}</ParaText>')

    def _order(self, order: dict[str, Any]) -> None:
        page = self._page
        page.open(f'OrderOfBusiness id="{self._ids.document()}" Rubric="{order["rubric"]}"')
        page.line(f"<OrderOfBusinessTitle>{self._say(order['title'])}</OrderOfBusinessTitle>")
        page.line(f"<CatchLine>{self._say(order.get('catch', order['title']))}</CatchLine>")
        for subject in order["subject"]:
            page.open(f'SubjectOfBusiness id="{self._ids.document()}"')
            if "time" in subject:
                page.line(timestamp(subject["time"]))
            if "floor" in subject:
                page.line(floor_language(subject["floor"], self._language))
            page.line(f"<SubjectOfBusinessTitle>{self._say(subject['title'])}</SubjectOfBusinessTitle>")
            if "qualifier" in subject:
                qualifier = self._say(subject["qualifier"])
                page.line(f"<SubjectOfBusinessQualifier>{qualifier}</SubjectOfBusinessQualifier>")
            page.open("SubjectOfBusinessContent")
            for item in subject["item"]:
                self._item(item)
            page.close("SubjectOfBusinessContent")
            page.close("SubjectOfBusiness")
        page.close("OrderOfBusiness")

    def _item(self, item: dict[str, Any]) -> None:
        if "para" in item:
            self._para(self._say(item["para"]))
        elif "tpc" in item:
            self._procedural("TPC", item["tpc"])
        elif "division" in item:
            self._division(item["division"])
        elif "question" in item:
            self._question(item)
        else:
            self._intervention(item)

    def _procedural(self, kind: str, pair: list[str]) -> None:
        number = self._ids.procedural()
        self._page.line(f'<ProceduralText TocType="{kind}" id="{number}">{self._say(pair)}</ProceduralText>')

    def _intervention(self, item: dict[str, Any]) -> None:
        page, language = self._page, self._language
        member = member_by_id(SPEAKER_ID if item.get("speaker") else item["person"])
        if "floor" in item:
            page.line(floor_language(item["floor"], language))
        kind = item.get("type", "Debate")
        is_chair = bool(item.get("speaker"))
        toc = pick(("The Speaker", "Le Président"), language) if is_chair else toc_text(member, language)
        page.open(
            f'Intervention Type="{kind}" ToC="{"No" if is_chair else "Yes"}" ToCText="{toc}"'
            f' id="{self._ids.document()}"'
        )
        if is_chair:
            label, role_type = toc, 15
        else:
            role = tuple(item["role"]) if "role" in item else None
            first = member.person_id not in self._seen
            spoken = full_title(member, language, role, self._sitting["date"])
            label, role_type = spoken if first else spoken.partition(" (")[0], item.get("role_type", 2)
            self._seen.add(member.person_id)
        page.open("PersonSpeaking")
        colon = "" if item.get("moves") else ": "
        affiliation = f'<Affiliation DbId="{affiliation_id(member)}" Type="{role_type}">{label}</Affiliation>'
        # the real files close PersonSpeaking on the line of the colon
        page.line(f"{affiliation}{colon}</PersonSpeaking>" if colon else affiliation)
        page.depth -= 1
        if not colon:
            page.line("</PersonSpeaking>")
        page.open("Content")
        for entry in item["content"]:
            self._content(entry)
        page.close("Content")
        page.close("Intervention")

    def _content(self, entry: dict[str, Any]) -> None:
        if "p" in entry:
            self._para(self._say(entry["p"]))
        elif "only_en" in entry:
            number = self._ids.paragraph()
            if self._language == "en":
                self._page.line(f'<ParaText id="{number}">{entry["only_en"]}</ParaText>')
        elif "time" in entry:
            self._page.line(timestamp(entry["time"]))
        elif "quote" in entry:
            self._page.open(f'ParaText id="{self._ids.paragraph()}"')
            self._page.open("Quote")
            said = self._say(entry["quote"])
            self._page.line(f'<QuotePara Align="Left" IndentFirst="2" IndentRest="1">{said}</QuotePara>')
            self._page.close("Quote")
            self._page.close("ParaText")
        else:
            ((kind, pair),) = entry.items()
            self._procedural(kind.upper(), pair)

    def _question(self, item: dict[str, Any]) -> None:
        page, language = self._page, self._language
        page.line(floor_language("text", language))
        page.open("WrittenQuestionResponse")
        label = (
            f"Question No.<Sup> </Sup>{item['question']}"
            if language == "en"
            else f"Question n<Sup>o</Sup> {item['question']}"
        )
        page.line(f"<QuestionID>{label}—</QuestionID>")
        for tag, person in (("Questioner", item["questioner"]), ("Responder", item["responder"])):
            member = member_by_id(person)
            name = full_title(member, language, None, self._sitting["date"]).partition(" (")[0]
            page.open(tag)
            page.line(f'<Affiliation DbId="{affiliation_id(member)}">{name}</Affiliation>:')
            page.close(tag)
            body = (
                ("QuestionContent", item["asked"])
                if tag == "Questioner"
                else ("ResponseContent", item["answered"])
            )
            page.open(body[0])
            self._para(self._say(body[1]))
            page.close(body[0])
        page.close("WrittenQuestionResponse")

    def _division(self, number: int) -> None:
        page, language = self._page, self._language
        division = self._world.find_division(number)
        cast = self._world.ballots(division) if division else ()
        page.open(f'Division id="{self._ids.document()}" DivisionNumber="{number}"')
        label = f"(Division No. {number})" if language == "en" else f"(Vote n<Sup>o</Sup> {number})"
        page.line(f"<DivisionNumber>{label}</DivisionNumber>")
        kinds = (
            ("Yeas", "Yea", "YEAS", "POUR"),
            ("Nays", "Nay", "NAYS", "CONTRE"),
            ("Paired", "Paired", "PAIRED", "PAIRÉS"),
        )
        for kind, value, english, french in kinds:
            chosen = [ballot.member for ballot in cast if ballot.value == value]
            page.open(f'DivisionType vote-type="{kind}"')
            page.line(f"<Type>{pick((english, french), language)}</Type>")
            page.line(f"<Title>{pick(('Members', 'Députés'), language)}</Title>")
            for member in chosen:
                page.line(
                    f'<Affiliation DbId="{affiliation_id(member)}">{text(member.last_name)}</Affiliation>'
                )
            page.line(f"<Total> -- {len(chosen)}</Total>")
            page.close("DivisionType")
        page.close("Division")


def debate(world: World, sitting: dict[str, Any], language: Language) -> Document:
    """One sitting's debates in one language."""
    return _Debate(world, sitting, language).document()
