"""Contact details as upstreams write them: telephone numbers, e-mail addresses, photos, names in capitals."""

from __future__ import annotations

import re
from urllib.parse import unquote

from services.scraper.parsers.text import clean

_EMAIL = re.compile(r"[A-Za-z0-9._%+'\-]{1,64}@[A-Za-z0-9.\-]{1,190}\.[A-Za-z]{2,24}")
_OBFUSCATED_AT = re.compile(r"\s*(?:\[at\]|\(at\)|\{at\}|\[arobase\]|\(arobase\)|\s+at\s+)\s*", re.I)
_OBFUSCATED_DOT = re.compile(r"\s*(?:\[dot\]|\(dot\)|\{dot\}|\[point\]|\(point\))\s*", re.I)
_LABEL = re.compile(
    r"^\s*(?:phone|telephone|tel|téléphone|tél|fax|télécopieur|téléc|cell|cellular|cellulaire"
    r"|mobile)\.?\s*[:.]\s*",
    re.I,
)
_EXTENSION = re.compile(r"\s*(?:,|;)?\s*(?:ext(?:ension)?|poste|x)\.?\s*:?\s*(\d{1,6})\b.*$", re.I)
_PLACEHOLDER = re.compile(
    r"(?:^|[/_\-.])(?:place-?holder|no[-_ ]?(?:photo|image|picture)|default(?:[-_ ]?(?:photo|image"
    r"|avatar|user))?"
    r"|silhouette|blank|avatar|spacer|generic|coming[-_ ]?soon|pixel|transparent)(?:[-_.\d]|$)",
    re.I,
)


def email(text: str) -> str:
    """Return the e-mail address that ``text`` holds, or ``""``; of several lines the last one counts."""
    lines = [line for line in re.split(r"[\r\n;]+", text or "") if line.strip()]
    for line in reversed(lines):
        plain = unquote(line) if "%40" in line else line
        plain = re.sub(r"^\s*mailto:", "", plain, flags=re.I)
        plain = _OBFUSCATED_DOT.sub(".", _OBFUSCATED_AT.sub("@", plain)) if "@" not in plain else plain
        found = _EMAIL.search(plain)
        if found:
            return found[0].strip(".'")
    return ""


def shielded_email(hex_text: str) -> str:
    """Return the address behind Cloudflare's ``data-cfemail``, or ``""``."""
    try:
        data = bytes.fromhex(hex_text.strip()[:512])
    except ValueError:
        return ""
    if len(data) < 2:
        return ""
    return email(bytes(each ^ data[0] for each in data[1:]).decode("utf-8", "replace"))


def phone(text: str) -> str:
    """Return a telephone number as ``613-580-2424 x16875``; what is no such number stays as it is.

    What follows a semicolon or a line end is another number and left out.
    """
    first = next((part for part in re.split(r"[;\r\n]", text or "") if part.strip()), "")
    plain = clean(_LABEL.sub("", unquote(re.sub(r"^\s*tel:", "", first, flags=re.I))))
    extension = _EXTENSION.search(plain)
    number = plain[: extension.start()] if extension else plain
    digits = re.sub(r"\D", "", number)
    if not digits:
        # "Pending", "n/a"
        return ""
    if (
        re.search(r"[A-Za-z/]", number)
        or len(digits) not in {10, 11}
        or (len(digits) == 11 and digits[0] != "1")
    ):
        return plain
    tail = digits[-10:]
    written = f"{tail[:3]}-{tail[3:6]}-{tail[6:]}"
    return f"{written} x{extension[1]}" if extension else written


def photo(url: str) -> str:
    """Return the address of a portrait, or ``""`` for a placeholder or an inline image."""
    plain = clean(url)
    name = plain.partition("?")[0].rstrip("/").rpartition("/")[2]
    if not plain.lower().startswith(("http://", "https://", "/")) or _PLACEHOLDER.search("/" + name):
        return ""
    return plain


def web(url: str) -> str:
    """Return a web address with its scheme, or ``""`` for what is none."""
    plain = clean(url)
    if re.match(r"(?i)^https?://[^\s/]+\.[^\s]+$", plain):
        return plain
    if re.match(r"(?i)^(?:www\.|[a-z0-9\-]+\.[a-z]{2,}/)\S+$", plain):
        return f"https://{plain}"
    return ""


def social(url: str, host: str) -> str:
    """Return the address of a social media page given as an address or as ``@name``."""
    plain = clean(url)
    if re.match(r"^@?[A-Za-z0-9_.]{2,50}$", plain) and "." not in plain:
        return f"https://{host}/{plain.lstrip('@')}"
    return web(plain)


def uncapitalised(name: str) -> str:
    """Return a name without words in capitals: ``DE COTIS`` is ``De Cotis``, ``MCDONALD`` ``McDonald``.

    Initials, Roman numerals and names that are not all capitals stay as published.
    """
    words = clean(name).split(" ")
    if not any(_is_shouted(word) for word in words):
        return " ".join(words)
    return " ".join(_lowered(word) if _is_shouted(word) else word for word in words)


def _is_shouted(word: str) -> bool:
    letters = [letter for letter in word if letter.isalpha()]
    return len(letters) > 1 and all(letter.isupper() for letter in letters) and not _is_kept(word)


def _is_kept(word: str) -> bool:
    return re.fullmatch(r"(?:[A-Z]\.){1,4}|II|III|IV|(?:[A-Z]\.-[A-Z]\.)|JJ|JP|CPA|MD", word) is not None


def _lowered(word: str) -> str:
    parts = re.split(r"([-'’–—.])", word)
    told = "".join(part.capitalize() if len(part) > 1 or part.isalpha() else part for part in parts)
    return re.sub(r"\b(Mc)([a-z])", lambda match: match[1] + match[2].upper(), told)
