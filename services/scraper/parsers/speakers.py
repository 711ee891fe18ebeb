"""Who speaks: the personal name inside an attribution such as ``Hon. Joël Godin (Portneuf, CPC):``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

_HONORIFIC = re.compile(
    r"^(?:The )?(?:(?:Right |Rt\. )?Hon(?:ou?rable|\.)|Mr\.|Mrs\.|Ms\.|Miss|Dr\.|Sir|M\.|Mme|Mlle|Me|"
    r"L['’]hon(?:orable|\.)|L[ea] très hon(?:orable|\.)|Le (?:très )?honorable|Sen\.|Senator|Sén\.|"
    r"(?:Brigadier-|Major-|Lieutenant-)?General|(?:Lieutenant-)?Colonel|LGen|BGen|MGen|LCol|Col|Chief|Commr\.?)\s+",
)
_ROLE = re.compile(
    r"^(?:the|le|la|l['’]|an|un|une|some|des|hon\. members?|right hon\.|assistant|acting|chair|"
    r"une? voix|voices?|honou?rable members?|deputy)\b",
    re.IGNORECASE,
)


class Speaking(Protocol):
    """What names are found in: an attribution and the id of who is behind it."""

    speaker: str
    speaker_id: str


def personal_name(attribution: str) -> str:
    """Return the person's name in an attribution, or the role where it names nobody.

    ``The Chair (Mr. Lloyd Longfield (Guelph, Lib.))`` is Lloyd Longfield; ``The Speaker`` stays.
    """
    outside, _, inside = attribution.partition("(")
    name = _stripped(outside.strip(" :"))
    if _ROLE.match(name) and inside:
        person = inside.partition("(")[0].strip(" ):")
        bare = _stripped(person)
        if bare != person and bare:
            return bare
    return name


def speaker_names(turns: Iterable[Speaking]) -> dict[str, str]:
    """Return the best name of each id: ``The Chair`` is whoever the document says that is."""
    names: dict[str, str] = {}
    for turn in turns:
        name = personal_name(turn.speaker)
        if turn.speaker_id and name and (turn.speaker_id not in names or _ROLE.match(names[turn.speaker_id])):
            names[turn.speaker_id] = name
    return names


def _stripped(text: str) -> str:
    shorter = _HONORIFIC.sub("", text, count=1)
    return shorter if shorter == text else _stripped(shorter)
