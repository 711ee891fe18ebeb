"""Names and addresses: what is the same although it is typed, or only looks, differently.

The skeleton follows the idea of Unicode Technical Standard 39: characters that look alike become one, so that
``аdmin`` with a Cyrillic first letter is taken as soon as ``admin`` is.
"""

from __future__ import annotations

import re
import unicodedata

from hubs.security_hub.accounts.errors import BadAddress, BadName

MAX_EMAIL = 254
_RESERVED = (
    *("admin", "administrator", "administrateur", "root", "system", "support", "security", "securite"),
    *("openpolicy", "moderator", "moderateur", "staff", "help", "aide", "info", "contact", "webmaster"),
    *("postmaster", "hostmaster", "abuse", "noreply", "api", "www", "mail", "null", "undefined"),
    *("anonymous", "anonyme", "operator"),
)
# Letters of other scripts, and pairs, that pass for Latin ones at a glance.
_LOOKALIKES = {
    "а": "a", "ɑ": "a", "α": "a", "е": "e", "ε": "e", "о": "o", "ο": "o", "σ": "o", "օ": "o", "р": "p",
    "ρ": "p", "с": "c", "ϲ": "c", "у": "y", "γ": "y", "х": "x", "χ": "x", "і": "i", "ι": "i", "ı": "i",
    "ɩ": "i", "ј": "j", "ѕ": "s", "һ": "h", "ԁ": "d", "ԛ": "q", "ԝ": "w", "ω": "w", "к": "k", "κ": "k",
    "м": "m", "т": "t", "τ": "t", "в": "b", "β": "b", "н": "h", "η": "n", "п": "n", "ո": "n", "г": "r",
    "υ": "u", "ս": "u", "ν": "v", "ѵ": "v", "ց": "g", "ɡ": "g", "ł": "l", "ø": "o", "đ": "d", "ƒ": "f",
    "0": "o", "1": "l", "3": "e", "5": "s", "|": "l", "æ": "ae", "œ": "oe", "ß": "ss", "ꓲ": "l", "ӏ": "l",
}  # fmt: skip
_USERNAME = re.compile(r"^[^\W_](?:[^\W]|[._-](?=[^\W_])){1,31}$")
_LOCAL = re.compile(r"^[^\s@\"(),:;<>\[\]\\\x00-\x1f\x7f]{1,64}$")
_LABEL = re.compile(r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")


def email_key(email: str) -> str:
    """Return the form of an address under which it is unique.

    Raises: BadAddress.
    """
    if len(email) > MAX_EMAIL:
        raise BadAddress(f"an address has at most {MAX_EMAIL} characters")
    local, at, domain = unicodedata.normalize("NFKC", email.strip()).rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        ascii_domain = ""
    labels = ascii_domain.split(".")
    if (
        not at
        or not _LOCAL.match(local)
        or len(labels) < 2
        or not all(_LABEL.match(label) for label in labels)
    ):
        raise BadAddress("this is no e-mail address")
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise BadAddress("this is no e-mail address")
    return f"{local.casefold()}@{ascii_domain}"


def clean_username(name: str) -> str:
    """Return a user name in normal form.

    Raises: BadName when it mixes scripts, hides characters, is reserved, or is not 2 to 32 letters, digits,
    . _ -
    """
    normal = unicodedata.normalize("NFKC", name)
    if normal != unicodedata.normalize("NFC", name) or not _USERNAME.match(normal):
        raise BadName("a user name is 2 to 32 letters, digits, dots, dashes or underscores")
    if any(unicodedata.category(c) in ("Cf", "Cc", "Co", "Cn", "Mn") for c in normal):
        raise BadName("the user name holds characters that cannot be seen")
    scripts = {_script(c) for c in normal if c.isalpha()}
    if len(scripts) > 1:
        raise BadName("the user name mixes letters of several scripts")
    if skeleton(normal) in {skeleton(word) for word in _RESERVED}:
        raise BadName("this user name is reserved")
    return normal


def skeleton(name: str) -> str:
    """Return what a name looks like at a glance: equal for names that one would mistake for one another."""
    folded = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(c for c in folded if not unicodedata.combining(c))
    text = "".join(_LOOKALIKES.get(c, c) for c in bare)
    text = re.sub(r"[._-]", "", text)
    # Pairs that look like one letter, once every letter has its plain form.
    return text.replace("rn", "m").replace("vv", "w").replace("cl", "d").replace("i", "l")


def clean_display_name(name: str) -> str:
    """Return a display name in one line, without control or direction characters."""
    normal = unicodedata.normalize("NFC", name)
    kept = "".join(
        c if unicodedata.category(c) not in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp") else " " for c in normal
    )
    return " ".join(kept.split())[:100]


def _script(letter: str) -> str:
    # The first word of a letter's Unicode name is its script: LATIN SMALL LETTER A, CYRILLIC SMALL LETTER A.
    return unicodedata.name(letter, "UNKNOWN").partition(" ")[0]
