"""Two consolidated Acts as Justice Canada publishes them, in a few sections of our own.

Format: laws-lois.justice.gc.ca/eng/XML/S-8.xml, /fra/XML/S-8.xml.
"""

from services.miniature.facts.model import Language, pick
from services.miniature.render.document import TEXT_XML, Document, text

_ACTS = {
    "S-8": (
        ("An Act respecting seeds", "Loi concernant les semences"),
        ("Seeds Act", "Loi sur les semences"),
    ),
    "F-9": (
        ("An Act respecting feeds", "Loi concernant les aliments du bétail"),
        ("Feeds Act", "Loi relative aux aliments du bétail"),
    ),
}
_SECTIONS = (
    ("1", ("Short title", "Titre abrégé"), ("This Act may be cited as the {0}.", "{0}.")),
    ("2", ("Definitions", "Définitions"), ("The following apply in this Act.", "Pour la présente loi.")),
    (
        "3",
        ("Regulations", "Règlements"),
        (
            "The Governor in Council may make regulations.",
            "Le gouverneur en conseil peut prendre des règlements.",
        ),
    ),
)


def act(number: str, language: Language) -> Document | None:
    """The Act with this number, or None."""
    told = _ACTS.get(number.upper())
    if told is None:
        return None
    long_title, short_title = (pick(title, language) for title in told)
    sections = "".join(
        '<Section lims:lastAmendedDate="2024-06-20">'
        f"<MarginalNote>{text(pick(note, language))}</MarginalNote>"
        f"<Label>{label}</Label><Text>{text(pick(words, language).format(short_title))}</Text></Section>"
        for label, note, words in _SECTIONS
    )
    return Document(
        (
            '<?xml version="1.0" encoding="utf-8"?>'
            '<Statute lims:current-date="2026-05-11" bill-origin="commons" '
            f'xml:lang="{language}" in-force="yes" xmlns:lims="http://justice.gc.ca/lims"><Identification>'
            f'<LongTitle>{text(long_title)}</LongTitle><ShortTitle status="official">{text(short_title)}'
            f'</ShortTitle><Chapter><ConsolidatedNumber official="yes">{number.upper()}</ConsolidatedNumber>'
            f"</Chapter></Identification><Body>{sections}</Body></Statute>"
        ).encode(),
        TEXT_XML,
    )
