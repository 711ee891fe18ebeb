"""Readable reports of a run, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from shared.contracts.events.importing import KindReport

# Singular and plural, English and French; kinds as in shared.contracts.records.
NAMES: dict[str, tuple[str, str, str, str]] = {
    "jurisdiction": ("jurisdiction", "jurisdictions", "administration", "administrations"),
    "division": ("division", "divisions", "division", "divisions"),
    "session": ("session", "sessions", "session", "sessions"),
    "organization": ("organization", "organizations", "organisation", "organisations"),
    "post": ("seat", "seats", "siège", "sièges"),
    "person": ("person", "people", "personne", "personnes"),
    "membership": ("membership", "memberships", "affiliation", "affiliations"),
    "election": ("election", "elections", "élection", "élections"),
    "candidacy": ("candidacy", "candidacies", "candidature", "candidatures"),
    "bill": ("bill", "bills", "projet de loi", "projets de loi"),
    "bill_text": ("bill text", "bill texts", "texte de projet de loi", "textes de projets de loi"),
    "event": ("meeting", "meetings", "réunion", "réunions"),
    "vote_event": ("recorded vote", "recorded votes", "vote par appel nominal", "votes par appel nominal"),
    "debate": ("debate", "debates", "débat", "débats"),
    "speech": ("speech", "speeches", "intervention", "interventions"),
    "document": ("document", "documents", "document", "documents"),
}
_HEADINGS = (
    ("inserted", "Added", "Ajouts"),
    ("updated", "Changed", "Modifications"),
    ("tombstoned", "Gone", "Disparitions"),
    ("revived", "Back again", "Retours"),
    ("skipped", "Left out", "Omissions"),
)


def summarize(report: Mapping[str, KindReport]) -> tuple[str, str]:
    """Return what an import did, in English and in French."""
    english, french = [], []
    for field, heading_en, heading_fr in _HEADINGS:
        counts = {kind: getattr(one, field) for kind, one in report.items() if getattr(one, field)}
        if counts:
            english.append(f"{heading_en}: {', '.join(_count(k, n, 0) for k, n in counts.items())}.")
            french.append(f"{heading_fr} : {', '.join(_count(k, n, 2) for k, n in counts.items())}.")
    unchanged = sum(one.unchanged for one in report.values())
    if not english:
        return f"Nothing changed; {unchanged} records are as before.", (
            f"Aucun changement; {unchanged} enregistrements demeurent tels quels."
        )
    if unchanged:
        english.append(f"Unchanged: {unchanged}.")
        french.append(f"Inchangés : {unchanged}.")
    return " ".join(english), " ".join(french)


def plural_names(kind: str) -> tuple[str, str]:
    """Return what many records of a kind are called, in English and in French."""
    names = NAMES.get(kind, (kind, kind, kind, kind))
    return names[1], names[3]


def _count(kind: str, count: int, language: int) -> str:
    names = NAMES.get(kind, (kind, kind, kind, kind))
    return f"{count} {names[language] if count == 1 else names[language + 1]}"
