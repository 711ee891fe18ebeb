"""Two languages: messages, French typography, dates and numbers as each language writes them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

Lang = Literal["en", "fr"]
LANGS: tuple[Lang, ...] = get_args(Lang)
OTTAWA = ZoneInfo("America/Toronto")
"""Time zone of Parliament: moments are shown in it."""

_MESSAGES = Path(__file__).parents[1] / "messages"
_NBSP, _THIN = "\u00a0", "\u202f"
_MONTHS: dict[Lang, tuple[str, ...]] = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
    "fr": ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
           "novembre", "décembre"),
}  # fmt: skip


def other(lang: Lang) -> Lang:
    """Return the language that this one is not."""
    return "fr" if lang == "en" else "en"


def french_spaces(text: str) -> str:
    """Return a French text with unbreakable spaces where its typography wants them.

    A full one before a colon and inside guillemets, a thin one before ; ? and !, one in numbers and
    before a percent sign.
    """
    text = re.sub(r"[ \u00a0]+:(?=\s|$|\{)", f"{_NBSP}:", text)
    text = re.sub(r"[ \u00a0]+([;?!])|(?<=[\w)}»])([;?!])(?=\s|$)", rf"{_THIN}\1\2", text)
    text = re.sub(r"«[ \u00a0]*", f"«{_NBSP}", text)
    text = re.sub(r"[ \u00a0]*»", f"{_NBSP}»", text)
    text = re.sub(r"(?<=\d)[ ](?=\d{3}\b)", _NBSP, text)
    return re.sub(r"[ ]+(?=[%$])", _NBSP, text)


class Catalogue:
    """Every message of the pages, each in both languages; plurals are pairs of pairs."""

    def __init__(self, messages: Mapping[str, tuple[str, str]]) -> None:
        self._messages = {
            "en": {key: pair[0] for key, pair in messages.items()},
            "fr": {key: french_spaces(pair[1]) for key, pair in messages.items()},
        }

    def __contains__(self, key: object) -> bool:
        return key in self._messages["en"]

    def __iter__(self) -> Iterator[str]:
        return iter(self._messages["en"])

    def text(self, lang: Lang, key: str, /, **values: Any) -> str:
        """Return a message with its places filled in.

        Raises: KeyError for a message that does not exist.
        """
        message = self._messages[lang][key]
        return message.format(**values) if values else message

    def count(self, lang: Lang, key: str, n: int, /, **values: Any) -> str:
        """Return a message about a number of things; French counts 0 in the singular, English does not."""
        is_one = abs(n) < 2 if lang == "fr" else n == 1
        form = f"{key}.one" if is_one else f"{key}.other"
        return self._messages[lang][form].format(n=number(n, lang), **values)

    def find(self, lang: Lang, key: str, default: str = "") -> str:
        """Return a message, or a default when there is none (words that an upstream chose)."""
        return self._messages[lang].get(key, default)


def read_catalogue(*folders: Path) -> Catalogue:
    """Read every message file of some folders; of our own when none is named.

    Raises: ValueError for a message that lacks a language.
    """
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(path for folder in folders or (_MESSAGES,) for path in folder.glob("*.toml")):
        _collect(tomllib.loads(path.read_text(encoding="utf-8")), "", found, path.name)
    return Catalogue(found)


def _collect(node: Mapping[str, Any], prefix: str, found: dict[str, tuple[str, str]], file: str) -> None:
    for name, value in node.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict):
            _collect(value, f"{key}.", found, file)
            continue
        if not (isinstance(value, list) and len(value) == len(LANGS) and all(map(_is_text, value))):
            raise ValueError(f"{file}: {key} needs a text in English and one in French")
        if key in found:
            raise ValueError(f"{file}: {key} stands in another file too")
        found[key] = (value[0], value[1])


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def number(value: float, lang: Lang, digits: int = 0) -> str:
    """Return a number with the separators of a language."""
    text = f"{value:,.{digits}f}"
    if lang == "en":
        return text
    return text.replace(",", _NBSP).replace(".", ",")


def percent(share: float, lang: Lang, digits: int = 0) -> str:
    """Return a share of one as a percentage."""
    return number(share * 100, lang, digits) + (f"{_NBSP}%" if lang == "fr" else "%")


def as_day(value: Any) -> date | None:
    """Return the day that a record states (ISO text, date or moment), None when it states none."""
    if isinstance(value, datetime):
        return value.astimezone(OTTAWA).date() if value.tzinfo else value.date()
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or len(value) < 10:
        return None
    try:
        return date.fromisoformat(value) if len(value) == 10 else as_day(as_moment(value))
    except ValueError:
        return None


def as_moment(value: Any) -> datetime | None:
    """Return the moment that a record states, None when it states none."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not value:
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def day(value: Any, lang: Lang) -> str:
    """Return a day in words: May 25, 2026 or 25 mai 2026; empty for none."""
    found = as_day(value)
    if found is None:
        return ""
    month = _MONTHS[lang][found.month - 1]
    if lang == "en":
        return f"{month} {found.day}, {found.year}"
    ordinal = "1er" if found.day == 1 else str(found.day)
    return f"{ordinal}{_NBSP}{month} {found.year}"


def moment(value: Any, lang: Lang) -> str:
    """Return a moment in Ottawa's time: May 25, 2026, 3:35 p.m. or 25 mai 2026, 15 h 35."""
    found = as_moment(value)
    if found is None:
        return ""
    local = found.astimezone(OTTAWA)
    if lang == "en":
        half = "a.m." if local.hour < 12 else "p.m."
        return f"{day(local, lang)}, {local.hour % 12 or 12}:{local.minute:02d}{_NBSP}{half}"
    return f"{day(local, lang)}, {local.hour}{_NBSP}h{_NBSP}{local.minute:02d}"
