"""The page docs/sources.md, made from the registry: ``python -m services.scraper.catalogue``."""

from __future__ import annotations

import sys
from collections import Counter

from services.scraper.sources import Registry, Source, registry

_HEAD = """# Sources

What can be scraped: one line per source of the registry (`services/scraper/jurisdictions.toml` and the
folder of the same name). This page is made by `python -m services.scraper.catalogue > docs/sources.md`; a
test keeps it current.

- **active**: its reader was checked against a real document of this very source, named in *checked
  against*.
- **unverified**: nobody here could check it against a document of this source. Its reader may have been
  checked against the same format elsewhere (then named); an entry of its own kind is not thereby known to
  work.
- **stale**: known to be of an earlier council or of a site that is gone.
- **blocked**: a bot wall answers; it is not bypassed. A list can still be given as a file.

A general election makes every list of people that was last read before it doubtful:
`services/scraper/terms.py` holds the days of elections, `openpolicy sources` shows what follows from them
today, and a list whose own name tells an ended term raises the alarm `csv-stale` in its run.

`openpolicy sources detect URL` names the platform behind an address; `openpolicy parse SOURCE FILE` reads a
file. Every source of people also reads a Represent CSV (xls, xlsx, zip), a Represent import file, GeoJSON
and JSON given as a file.

What the readers of platforms were checked against besides: Legistar (Web API: events, matters, bodies,
persons, office records; pages: calendar, meeting, legislation, people), eSCRIBE (calendar, both agenda
templates; recorded votes only against the miniature and fragments of London's minutes), CivicPlus, Granicus,
PrimeGov and CivicClerk against recorded documents of United States councils. Where the reason of a source
speaks of parts, they are fragments that other public readers of the site keep as examples: they show that
the names and the nesting are right, not that a whole page holds nothing else. Alberta's CSV was checked
against the columns that such a reader expects, Ontario's Drupal nodes against their documented names only.

Readings that are choices: an item behind closed doors on eSCRIBE is a note of the item before it; a meeting
that CivicClerk took down is shown as cancelled; one name in two seats of a council is one person unless the
registry says otherwise; seats that share a place are numbered in the order of the list.
"""


def render(known: Registry) -> str:
    """Return the page."""
    sources = known.list()
    counts = Counter(source.status for source in sources)
    told = ", ".join(f"{counts[status]} {status}" for status in ("active", "unverified", "stale", "blocked"))
    lines = [
        _HEAD,
        f"{len(known.jurisdictions)} jurisdictions, {len(sources)} sources: {told}.",
        "",
        "| Source | Jurisdiction | Kind | Status | Checked against | Yields | Why |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_line(source) for source in sources]
    return "\n".join(lines) + "\n"


def _line(source: Source) -> str:
    step = source.start[0].step if source.start else "on request"
    cells = (
        f"`{source.id}`",
        source.jurisdiction.name_en,
        f"{source.parser.removeprefix('platforms.') or 'none'}: {step}",
        source.status,
        f"`{source.verified_with}`" if source.verified_with else "",
        ", ".join(source.kinds),
        source.reason,
    )
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


if __name__ == "__main__":
    sys.stdout.write(render(registry()))
