"""Every query of the facts. Formulas are stated beside each indicator in ``definitions``."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, insert, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from hubs.intelligence_hub.analytics.models import BallotFact, BillFact, FeedPosition, VoteFact

_POSITION = 1
# The line of a party in a vote: what most of its members who said yes or no said; a tie is no line.
_LINES = """
    lines AS (
        SELECT b.vote_key, b.party,
               count(*) FILTER (WHERE b.option = 'yes') AS yes,
               count(*) FILTER (WHERE b.option = 'no') AS no
        FROM intelligence.ballot_fact b
        JOIN intelligence.vote_fact v USING (vote_key)
        WHERE b.party <> '' AND (:session = '' OR v.session = :session)
              AND (:organization = '' OR v.organization_key = :organization)
        GROUP BY b.vote_key, b.party
    )"""
PARTY_UNITY = f"""
    WITH {_LINES}
    SELECT party,
           count(*) AS votes,
           sum(greatest(yes, no)) AS with_line,
           sum(least(yes, no)) AS against_line,
           round(avg(greatest(yes, no)::numeric / (yes + no)), 4)::float8 AS unity
    FROM lines WHERE yes + no > 0 GROUP BY party ORDER BY unity DESC, party"""
VOTE_UNITY = f"""
    WITH {_LINES}
    SELECT v.slug AS vote, v.date, l.party, l.yes, l.no,
           CASE WHEN l.yes = l.no THEN 'tie' WHEN l.yes > l.no THEN 'yes' ELSE 'no' END AS line,
           least(l.yes, l.no) AS dissents,
           round(greatest(l.yes, l.no)::numeric / (l.yes + l.no), 4)::float8 AS unity
    FROM lines l JOIN intelligence.vote_fact v USING (vote_key)
    WHERE l.yes + l.no > 0 AND (:vote = '' OR v.slug = :vote OR v.vote_key = :vote)
    ORDER BY v.date DESC, v.slug, l.party"""
MEMBER_DISSENT = f"""
    WITH {_LINES}
    SELECT b.member_key AS member, max(b.name) AS name, max(b.party) AS party,
           count(*) AS votes,
           count(*) FILTER (WHERE (l.yes > l.no) <> (b.option = 'yes')) AS dissents,
           round((count(*) FILTER (WHERE (l.yes > l.no) <> (b.option = 'yes')))::numeric / count(*), 4)::float8
               AS dissent_rate
    FROM intelligence.ballot_fact b
    JOIN lines l ON l.vote_key = b.vote_key AND l.party = b.party AND l.yes <> l.no
    WHERE b.option IN ('yes', 'no') AND (:member = '' OR b.member_key = :member)
    GROUP BY b.member_key ORDER BY dissent_rate DESC, votes DESC, member"""
ATTENDANCE = """
    WITH held AS (
        SELECT vote_key, date, session, organization_key FROM intelligence.vote_fact
        WHERE (:session = '' OR session = :session) AND (:organization = '' OR organization_key = :organization)
    ), first AS (
        SELECT b.member_key, h.organization_key, max(b.name) AS name, min(h.date) AS since,
               count(*) FILTER (WHERE b.option NOT IN ('absent', 'not voting')) AS took_part
        FROM intelligence.ballot_fact b JOIN held h USING (vote_key)
        GROUP BY b.member_key, h.organization_key
    )
    SELECT f.member_key AS member, f.name, f.took_part,
           (SELECT count(*) FROM held h WHERE h.date >= f.since AND h.organization_key = f.organization_key) AS held,
           round(f.took_part::numeric
                 / (SELECT count(*) FROM held h
                    WHERE h.date >= f.since AND h.organization_key = f.organization_key), 4)::float8 AS attendance
    FROM first f WHERE :member = '' OR f.member_key = :member
    ORDER BY attendance DESC, member"""
AGREEMENT = """
    SELECT o.member_key AS member, max(o.name) AS name, max(o.party) AS party,
           count(*) AS votes,
           count(*) FILTER (WHERE o.option = m.option) AS agreed,
           round((count(*) FILTER (WHERE o.option = m.option))::numeric / count(*), 4)::float8 AS agreement
    FROM intelligence.ballot_fact m
    JOIN intelligence.ballot_fact o ON o.vote_key = m.vote_key AND o.member_key <> m.member_key
    JOIN intelligence.vote_fact v ON v.vote_key = m.vote_key
    WHERE m.member_key = :member AND m.option IN ('yes', 'no') AND o.option IN ('yes', 'no')
          AND (:session = '' OR v.session = :session)
          AND (:organization = '' OR v.organization_key = :organization)
    GROUP BY o.member_key ORDER BY agreement DESC, votes DESC, member"""
PARTY_AGREEMENT = f"""
    WITH {_LINES}
    SELECT a.party, b.party AS other, count(*) AS votes,
           round((count(*) FILTER (WHERE (a.yes > a.no) = (b.yes > b.no)))::numeric / count(*), 4)::float8
               AS agreement
    FROM lines a JOIN lines b ON a.vote_key = b.vote_key AND a.party < b.party
    WHERE a.yes <> a.no AND b.yes <> b.no
    GROUP BY a.party, b.party ORDER BY agreement DESC, a.party, b.party"""
BILL_STATUS = """
    SELECT status_code AS status, max(status_en) AS status_en, max(status_fr) AS status_fr, count(*) AS bills
    FROM intelligence.bill_fact WHERE (:session = '' OR session = :session)
    GROUP BY status_code ORDER BY bills DESC, status"""
BILL_VELOCITY = """
    SELECT b.number AS bill, b.session, b.introduced_on, s ->> 'chamber' AS chamber, s ->> 'code' AS stage,
           s ->> 'name_en' AS stage_en, s ->> 'name_fr' AS stage_fr, (s ->> 'date')::date AS reached_on,
           (s ->> 'date')::date - b.introduced_on AS days
    FROM intelligence.bill_fact b, jsonb_array_elements(b.stages) s
    WHERE b.introduced_on IS NOT NULL AND s ->> 'date' IS NOT NULL
          AND (:session = '' OR b.session = :session)
    ORDER BY b.session, b.number, reached_on, chamber, stage"""
BILL_OUTCOME = """
    SELECT CASE WHEN is_government THEN 'government' WHEN NOT is_government THEN 'other' ELSE 'unknown' END AS kind,
           count(*) AS introduced,
           count(royal_assent_on) AS became_law,
           round(count(royal_assent_on)::numeric / count(*), 4)::float8 AS success,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY royal_assent_on - introduced_on) AS median_days_to_law
    FROM intelligence.bill_fact WHERE (:session = '' OR session = :session)
    GROUP BY 1 ORDER BY introduced DESC, kind"""
SPONSORSHIP = """
    SELECT sponsor_key AS member, max(sponsor_name) AS name, count(*) AS bills, count(royal_assent_on) AS became_law
    FROM intelligence.bill_fact
    WHERE sponsor_name <> '' AND (:session = '' OR session = :session)
    GROUP BY sponsor_key, CASE WHEN sponsor_key = '' THEN sponsor_name END
    ORDER BY bills DESC, name"""


class AnalyticsRepository:
    """Keeps facts and counts them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def position(self) -> int:
        """Return how far the change feed was read."""
        found = self._session.get(FeedPosition, _POSITION)
        return found.seq if found else 0

    def move_to(self, seq: int) -> None:
        """Note how far the change feed was read."""
        self._session.execute(
            upsert(FeedPosition)
            .values(id=_POSITION, seq=seq)
            .on_conflict_do_update(index_elements=["id"], set_={"seq": seq})
        )

    def clear(self) -> None:
        """Forget everything, for a rebuild."""
        for table in (BallotFact, VoteFact, BillFact, FeedPosition):
            self._session.execute(delete(table))

    def put_vote(self, vote: dict[str, Any], ballots: list[dict[str, Any]]) -> None:
        """Keep one vote with its ballots in place of what was there."""
        self.drop_vote(str(vote["vote_key"]))
        self._session.execute(insert(VoteFact), [vote])
        if ballots:
            self._session.execute(insert(BallotFact), ballots)

    def drop_vote(self, key: str) -> None:
        """Remove a vote."""
        self._session.execute(delete(BallotFact).where(BallotFact.vote_key == key))
        self._session.execute(delete(VoteFact).where(VoteFact.vote_key == key))

    def put_bill(self, bill: dict[str, Any]) -> None:
        """Keep one bill in place of what was there."""
        self.drop_bill(str(bill["bill_key"]))
        self._session.execute(insert(BillFact), [bill])

    def drop_bill(self, key: str) -> None:
        """Remove a bill."""
        self._session.execute(delete(BillFact).where(BillFact.bill_key == key))

    def rows(self, statement: str, parameters: dict[str, Any], limit: int) -> list[dict[str, Any]]:
        """Return the rows of one of the statements above."""
        found = self._session.execute(
            text(f"{statement} LIMIT :row_limit"), {**parameters, "row_limit": limit}
        )
        return [dict(row) for row in found.mappings()]
