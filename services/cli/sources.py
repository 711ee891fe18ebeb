"""``openpolicy sources``: what can be scraped, and whether it was ever checked against a real document."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from services.scraper.sources import registry
from services.scraper.terms import standing
from shared.core.clock import utc_now


def show_sources(*, as_json: bool) -> int:
    """Print every source with its status today; unverified, stale and blocked ones say so."""
    sources = registry().list()
    today = utc_now().date()
    if as_json:
        told = []
        for source in sources:
            status, reason = standing(source, today)
            told.append({**source.model_dump(mode="json"), "status": status, "reason": reason})
        print(json.dumps(told, indent=2, ensure_ascii=False))
        return 0
    width = max(len(source.id) for source in sources)
    for source in sources:
        status, reason = standing(source, today)
        note = reason or (f"checked against {source.verified_with}" if source.verified_with else "")
        print(f"{source.id:<{width}}  {status:<10}  {', '.join(source.kinds):<40}  {note}")
    return 0


def show_detection(url: str, page: Path | None, *, as_json: bool) -> int:
    """Print the platform behind an address; 1 when nothing tells.

    Raises: Invalid for what is no public web address, Unavailable when the site does not answer.
    """
    from services.scraper.detect import detect, detect_at

    if page is not None:
        try:
            body = page.read_bytes()
        except OSError as error:
            print(f"openpolicy: {page}: {error.strerror}", file=sys.stderr)
            return 2
        told = detect(url, body)
    else:
        told = detect_at(url)
    if as_json:
        print(json.dumps(told.facts(), indent=2, ensure_ascii=False))
    else:
        print(f"{told.platform or 'unknown'}  ({told.certainty}: {told.evidence})")
        for label, value in (("client", told.client), ("parser", told.parser), ("start", told.start)):
            if value:
                print(f"  {label:<7} {value}")
    return 0 if told.platform else 1
