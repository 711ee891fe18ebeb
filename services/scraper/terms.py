"""When councils and legislatures are elected anew, and which lists of people that makes doubtful.

A list that was last read before a general election names a council that may be gone; a file whose own name
tells a term that has ended does so for certain. Nothing here hides a source: it says what is known.
"""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import unquote

from services.scraper.sources import Jurisdiction, Source, Status

MUNICIPAL: dict[str, tuple[str, ...]] = {
    "nl": ("2017-09-26", "2021-09-28", "2025-10-02", "2029-09-25"),
    "pe": ("2018-11-05", "2022-11-07", "2026-11-02", "2030-11-04"),
    "ns": ("2016-10-15", "2020-10-17", "2024-10-19", "2028-10-21"),
    "nb": ("2016-05-09", "2021-05-10", "2026-05-11", "2030-05-13"),
    "qc": ("2017-11-05", "2021-11-07", "2025-11-02", "2029-11-04"),
    "on": ("2018-10-22", "2022-10-24", "2026-10-26", "2030-10-28"),
    "mb": ("2018-10-24", "2022-10-26", "2026-10-28", "2030-10-23"),
    "sk": ("2016-10-26", "2020-11-09", "2024-11-13", "2028-11-08"),
    "ab": ("2017-10-16", "2021-10-18", "2025-10-20", "2029-10-15"),
    "bc": ("2018-10-20", "2022-10-15", "2026-10-17", "2030-10-19"),
    "yt": ("2018-10-18", "2021-10-21", "2024-10-17"),
}
"""Days of general municipal elections; those after the middle of 2025 are the law's, not yet checked."""

LEGISLATIVE: dict[str, tuple[str, ...]] = {
    "ca": ("2019-10-21", "2021-09-20", "2025-04-28"),
    "nl": ("2019-05-16", "2021-03-25", "2025-10-14"),
    "pe": ("2019-04-23", "2023-04-03"),
    "ns": ("2017-05-30", "2021-08-17", "2024-11-26"),
    "nb": ("2018-09-24", "2020-09-14", "2024-10-21"),
    "qc": ("2018-10-01", "2022-10-03", "2026-10-05"),
    "on": ("2018-06-07", "2022-06-02", "2025-02-27"),
    "mb": ("2019-09-10", "2023-10-03"),
    "sk": ("2016-04-04", "2020-10-26", "2024-10-28"),
    "ab": ("2019-04-16", "2023-05-29"),
    "bc": ("2020-10-24", "2024-10-19"),
    "yt": ("2021-04-12", "2025-11-03"),
    "nt": ("2019-10-01", "2023-11-14"),
    "nu": ("2021-10-25", "2025-10-27"),
}
"""Days of general elections of Parliament and of the legislatures."""

STALE_AFTER_DAYS = 365
"""A list of people that did not change for so long is doubtful even without an election."""

_CENSUS = {
    "10": "nl", "11": "pe", "12": "ns", "13": "nb", "24": "qc", "35": "on", "46": "mb", "47": "sk",
    "48": "ab", "59": "bc", "60": "yt", "61": "nt", "62": "nu",
}  # fmt: skip
_YEARS = re.compile(r"(?<!\d)(20[0-4]\d)(?:\D{1,5}(20[0-4]\d))?(?!\d{5})")


def province_of(jurisdiction: Jurisdiction) -> str:
    """Return the letters of the province or territory, ``ca`` for Parliament."""
    division = jurisdiction.division_id
    match = re.search(r"/(?:csd|cd):(\d\d)|/(?:province|territory):([a-z]{2})", division)
    if match is None:
        return "ca"
    return match[2] or _CENSUS.get(match[1], "ca")


def latest_election(jurisdiction: Jurisdiction, today: date) -> date | None:
    """Return the day of the last general election on or before ``today``, None when none is known."""
    table = LEGISLATIVE if jurisdiction.level in {"federal", "provincial"} else MUNICIPAL
    days = [date.fromisoformat(day) for day in table.get(province_of(jurisdiction), ())]
    return max((day for day in days if day <= today), default=None)


def csv_stale(jurisdiction: Jurisdiction, today: date, *, url: str = "", modified: date | None = None) -> str:
    """Return why a list of people is doubtful, or ``""``.

    ``modified`` is the day on which the list last changed, as far as its server tells; the years in its
    address count as well.
    """
    election = latest_election(jurisdiction, today)
    told = _term_in(url)
    if (
        election is not None
        and told is not None
        and told <= election.year
        and not _is_new_term(url, election)
    ):
        return f"its name says {told}; a general election took place on {election}"
    if modified is not None and election is not None and modified < election:
        return f"unchanged since {modified.isoformat()}; a general election took place on {election}"
    if modified is not None and (today - modified).days > STALE_AFTER_DAYS:
        return f"unchanged since {modified}, for more than {STALE_AFTER_DAYS} days"
    return ""


def _term_in(url: str) -> int | None:
    """Return the last year that the name of a file tells: ``2022-2026`` ends in 2026."""
    name = unquote(url.partition("?")[0]).rpartition("/")[2]
    years = [int(end or start) for start, end in _YEARS.findall(name)]
    return max(years, default=None)


def _is_new_term(url: str, election: date) -> bool:
    # A single year that is the election's own may name the council that was elected then.
    name = unquote(url.partition("?")[0]).rpartition("/")[2]
    return all(not end and int(start) == election.year for start, end in _YEARS.findall(name))


def standing(source: Source, today: date) -> tuple[Status, str]:
    """Return a source's status on a day and why: an election makes a checked list of people stale.

    An unverified source stays unverified; that an election came after its last reading is said as well.
    """
    if source.status == "blocked" or "membership" not in source.kinds:
        return source.status, source.reason
    election = latest_election(source.jurisdiction, today)
    doubt = csv_stale(source.jurisdiction, today, url=source.start[0].url if source.start else "")
    if not doubt and source.checked_on and election is not None and source.checked_on < election:
        doubt = f"last read on {source.checked_on}; a general election took place on {election}"
    if not doubt:
        return source.status, source.reason
    status: Status = "stale" if source.status in {"active", "stale"} else source.status
    return status, "; ".join(part for part in (source.reason, doubt) if part)
