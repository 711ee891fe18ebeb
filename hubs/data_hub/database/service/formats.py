"""The same records as JSON, CSV, NDJSON or Popolo."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

from hubs.data_hub.database.service.popolo import as_popolo
from shared.core.errors import Invalid, NotAcceptable
from shared.http.json import dumps

FORMATS = ("json", "csv", "ndjson", "popolo")
MEDIA_TYPES = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "ndjson": "application/x-ndjson",
    "popolo": "application/json",
}
_ACCEPTED = {
    "application/json": "json",
    "text/csv": "csv",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "application/*": "json",
    "text/html": "json",
    "text/*": "csv",
    "*/*": "json",
}
# A spreadsheet runs a cell that begins so, in full width too, but for a plain number.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Objects that every record of a listing has, with the same fields: the vote of a ballot.
_SPREAD = ("vote",)
_NUMBER = re.compile(r"-\d+([.,]\d+)?")


def negotiate(asked: str, accept: str) -> str:
    """Return the format of an answer: the parameter's, else the one the Accept header likes best.

    Raises: Invalid for a format nobody writes; NotAcceptable when the header excludes all of them.
    """
    if asked:
        if asked not in FORMATS:
            raise Invalid(f"format: one of {', '.join(FORMATS)}")
        return asked
    best, best_quality = "", 0.0
    for part in accept.split(",") if accept.strip() else ["*/*"]:
        media, _, rest = part.strip().partition(";")
        found = _ACCEPTED.get(media.strip().lower())
        quality = _quality(rest)
        if found and quality > best_quality:
            best, best_quality = found, quality
    if not best:
        raise NotAcceptable("this is served as JSON, CSV or NDJSON", offered=sorted(set(_ACCEPTED)))
    return best


def _quality(rest: str) -> float:
    for part in rest.split(";"):
        name, _, value = part.strip().partition("=")
        if name == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0


class RecordWriter:
    """Writes records as NDJSON or CSV, batch after batch; the first one's fields are a table's columns."""

    def __init__(self, chosen: str, lang: str = "") -> None:
        self._is_table = chosen == "csv"
        self._lang = lang
        self._columns: list[tuple[str, str]] = []
        """Fields, each with the one within it where a column is that."""

    def write(self, records: Sequence[dict[str, Any]]) -> bytes:
        """Return these records as bytes; of a table, the first ones after its header."""
        if not self._is_table:
            return b"".join(dumps(record) + b"\n" for record in records)
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        if is_first := not self._columns:
            names = dict.fromkeys(name for record in records for name in record if name != "sources")
            self._columns = [(name, part) for name in names for part in _parts(records, name)]
            writer.writerow(
                ["_".join(header(one, self._lang) for one in column if one) for column in self._columns]
            )
        for record in records:
            writer.writerow([cell(_value(record, name, part)) for name, part in self._columns])
        # With a byte order mark, or spreadsheets take accents apart.
        return (b"\xef\xbb\xbf" if is_first else b"") + out.getvalue().encode()


def _parts(records: Sequence[dict[str, Any]], name: str) -> Sequence[str]:
    """Return the fields within a field that each become a column; ``""`` for a field that is one itself."""
    value = records[0].get(name) if name in _SPREAD else None
    return tuple(value) if isinstance(value, dict) and value else ("",)


def _value(record: dict[str, Any], name: str, part: str) -> Any:
    value = record.get(name)
    return value.get(part) if part and isinstance(value, dict) else value


def cell(value: Any) -> str:
    """Return a value as text of one CSV cell; nested values as JSON, plain lists joined by ``; ``."""
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        if all(isinstance(item, str | int) for item in value):
            return cell("; ".join(map(str, value)))
        return dumps(value).decode()
    if isinstance(value, dict):
        return dumps(value).decode()
    text = dumps(value).decode().strip('"') if not isinstance(value, str | int | float) else str(value)
    if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


def header(name: str, lang: str) -> str:
    """Return the heading of a column; in French where the answer is."""
    if lang != "fr":
        return name
    stem, _, suffix = name.rpartition("_")
    if suffix in ("en", "fr") and stem in _FRENCH:
        return f"{_FRENCH[stem]}_{suffix}"
    return _FRENCH.get(name, name)


_FRENCH = {
    "type": "type", "key": "cle", "slug": "identifiant_court", "url": "adresse",
    "jurisdiction": "administration", "name": "nom", "given_name": "prenom",
    "family_name": "nom_de_famille", "gender": "genre", "image": "photo", "title": "titre",
    "short_title": "titre_abrege", "number": "numero", "session": "session", "status": "etat",
    "status_code": "code_d_etat", "chamber": "chambre", "introduced_on": "depose_le",
    "latest_activity_on": "derniere_activite_le", "royal_assent_on": "sanction_royale_le",
    "summary": "resume", "sponsors": "parrains", "stages": "etapes", "actions": "actions",
    "versions": "versions", "is_law": "est_loi", "is_government": "est_du_gouvernement",
    "is_private_member": "est_d_initiative_privee", "date": "date", "result": "resultat",
    "subject": "sujet", "motion": "motion", "yes_count": "pour", "no_count": "contre",
    "paired_count": "paires", "ballot_count": "bulletins", "ballots": "votes",
    "is_consistent": "est_coherent", "party_lines": "lignes_de_parti", "option": "vote", "party": "parti",
    "constituency": "circonscription", "is_dissent": "est_dissident", "area": "circonscription",
    "province": "province", "role": "role", "start_date": "debut", "end_date": "fin", "label": "libelle",
    "is_vacant": "est_vacant", "classification": "categorie", "speaker_name": "orateur", "time": "heure",
    "paragraphs": "paragraphes", "created_at": "cree_le", "updated_at": "modifie_le",
    "last_seen_at": "vu_le", "licence": "licence", "identifiers": "identifiants", "contacts": "coordonnees",
    "links": "liens", "description": "description",
}  # fmt: skip


def popolo(records: Sequence[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Return records in the shape of Popolo.

    Raises: Invalid for a kind that Popolo has no class for.
    """
    return [as_popolo(kind, record) for record in records]
