"""How Hansard writes people, bills and times: the parts that debates and committee evidence share."""

import re

from services.miniature.facts.debates import PARTY_LETTERS, affiliation_id, member_by_id
from services.miniature.facts.model import Language, Member, pick
from services.miniature.world import World

_PLACEHOLDER = re.compile(r"\{(bill|member|office):([^}]+)\}")
_OFFICES = {"1": ("Prime Minister", "premier ministre")}


class Ids:
    """Counts paragraph and intervention ids up, so that both language versions get the same ones."""

    def __init__(self, document_id: int) -> None:
        self._document = document_id
        self._paragraph = 9_000_000 + document_id - 14_180_000
        self._procedural = 0

    def document(self) -> int:
        """The next id of an order, a subject, an intervention or a division."""
        self._document += 1
        return self._document

    def paragraph(self) -> int:
        """The next id of a ParaText."""
        self._paragraph += 1
        return self._paragraph

    def procedural(self) -> int:
        """The next id of a ProceduralText, which counts from one."""
        self._procedural += 1
        return self._procedural


def salutation(member: Member, language: Language) -> str:
    """Mr., Ms., Hon. or Right Hon. as Hansard prints it before a name."""
    if member.honorific:
        return pick(
            ("Right Hon.", "Le très hon.") if member.honorific == "Right Hon." else ("Hon.", "L'hon."),
            language,
        )
    return pick(("Ms.", "Mme") if member.salutation == "Ms." else ("Mr.", "M."), language)


def full_title(member: Member, language: Language, role: tuple[str, str] | None, date: str) -> str:
    """A speaker's first mention: salutation, name, then office or riding with the party in brackets."""
    place = pick(role, language) if role else pick(member.riding, language)
    party = pick(PARTY_LETTERS[member.caucus_on(date)], language)
    return f"{salutation(member, language)} {member.name} ({place}, {party})"


def toc_text(member: Member, language: Language) -> str:
    """The short form of a speaker for the table of contents."""
    title = ("Ms.", "Mme") if member.salutation == "Ms." else ("Mr.", "M.")
    return f"{pick(title, language)} {member.last_name}"


def filled(world: World, text: str, language: Language) -> str:
    """A text with its mentioned bills, members and offices as Hansard marks them up."""

    def one(match: re.Match[str]) -> str:
        kind, value = match.group(1), match.group(2)
        if kind == "bill":
            bill = world.find_bill(value)
            number = bill.bill_id if bill else 0
            is_private = bill is not None and bill.kind in ("private_member", "senate_public")
            return f'<Document DbId="{number}" Type="{4 if is_private else 3}">{value}</Document>'
        person, _, office = value.partition(":")
        member = member_by_id(int(person))
        label = pick(_OFFICES[office], language) if kind == "office" else pick(member.riding, language)
        return f'<Affiliation DbId="{affiliation_id(member)}" Type="{office or 2}">{label}</Affiliation>'

    return _PLACEHOLDER.sub(one, text)


def timestamp(clock: str) -> str:
    """`<Timestamp Hr="15" Mn="35">(1535)</Timestamp>` for 15:35."""
    hours, minutes = clock.split(":")
    return f'<Timestamp Hr="{hours}" Mn="{minutes}">({hours}{minutes})</Timestamp>'


def floor_language(spoken: str, language: Language) -> str:
    """The mark of the language spoken on the floor from here on, in the words of the version."""
    names = {
        ("en", "en"): "English",
        ("fr", "en"): "Translation",
        ("fr", "fr"): "Français",
        ("en", "fr"): "Traduction",
        ("text", "en"): "Text",
        ("text", "fr"): "Texte",
    }
    attribute = "Text" if spoken == "text" else spoken.upper()
    return f'<FloorLanguage language="{attribute}">[<I>{names[(spoken, language)]}</I>]</FloorLanguage>'
