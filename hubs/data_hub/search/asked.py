"""What is searched for: counted in memory, written down now and then, without a word about who asked."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

from sqlalchemy.orm import Session, sessionmaker

from hubs.data_hub.search.repository import SearchRepository
from hubs.data_hub.text import fold
from shared.db.session import transaction

MAX_TERM_CHARS = 100
MAX_HELD = 5_000
KEEP_DAYS = 90


class AskedTerms:
    """Counts queries; a crash loses the counts of the last seconds, which is all that they are worth."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions
        self._lock = threading.Lock()
        self._counts: dict[tuple[date, str, str], list[int]] = {}

    def note(self, text: str, lang: str, total: int) -> None:
        """Count a query that was just answered."""
        folded = fold(text)[:MAX_TERM_CHARS]
        # An address or a number is nobody's trend.
        if not folded or "@" in text or sum(c.isdigit() for c in folded) > 6:
            return
        key = (datetime.now(UTC).date(), folded, lang)
        with self._lock:
            if key in self._counts or len(self._counts) < MAX_HELD:
                counts = self._counts.setdefault(key, [0, 0])
                counts[0] += 1
                counts[1] += total == 0

    def write_down(self) -> None:
        """Add what was counted to the table.

        Raises: Unavailable; then it is kept for the next time.
        """
        with self._lock:
            counts, self._counts = self._counts, {}
        if not counts:
            return
        rows = [
            {"day": day, "folded": folded, "lang": lang, "asked": asked, "in_vain": in_vain}
            for (day, folded, lang), (asked, in_vain) in sorted(counts.items())
        ]
        try:
            with transaction(self._sessions) as session:
                repository = SearchRepository(session)
                repository.count_terms(rows)
                repository.forget_terms(datetime.now(UTC).date() - timedelta(days=KEEP_DAYS))
        except BaseException:
            with self._lock:
                for key, (asked, in_vain) in counts.items():
                    kept = self._counts.setdefault(key, [0, 0])
                    kept[0] += asked
                    kept[1] += in_vain
            raise
