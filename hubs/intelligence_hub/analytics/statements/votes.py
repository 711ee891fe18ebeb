"""Recorded votes: lines of parties, dissent, attendance, agreement."""

from __future__ import annotations

# Words for members of no party, who have no line in common.
_ALONE = (
    "independent", "independents", "indépendant", "indépendante", "indépendants", "ind", "ind.", "non-affiliated",
    "non affiliated", "unaffiliated", "no affiliation", "non affilié", "non affiliée", "non-affilié",
    "non-affiliée", "sans affiliation", "none", "aucun", "aucune",
)  # fmt: skip
# The line of a party in a vote: what most of its members who said yes or no said; a tie is no line.
_LINES = f"""
    lines AS (
        SELECT b.vote_key, b.party,
               count(*) FILTER (WHERE b.option = 'yes') AS yes,
               count(*) FILTER (WHERE b.option = 'no') AS no
        FROM intelligence.ballot_fact b
        JOIN intelligence.vote_fact v USING (vote_key)
        WHERE b.party <> '' AND lower(b.party) NOT IN ({", ".join(f"'{word}'" for word in _ALONE)})
              AND (:session = '' OR v.session = :session)
              AND (:organization = '' OR v.organization_key = :organization)
        GROUP BY b.vote_key, b.party
    )"""


def _last(column: str) -> str:
    """Return what a column said in the last of the votes ``v`` of a group: members change parties and names."""
    return f"(array_agg({column} ORDER BY v.date DESC, v.vote_key DESC))[1]"


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
    SELECT b.member_key AS member, {_last("b.name")} AS name, {_last("b.party")} AS party,
           count(*) AS votes,
           count(*) FILTER (WHERE (l.yes > l.no) <> (b.option = 'yes')) AS dissents,
           round((count(*) FILTER (WHERE (l.yes > l.no) <> (b.option = 'yes')))::numeric / count(*), 4)::float8
               AS dissent_rate
    FROM intelligence.ballot_fact b
    JOIN lines l ON l.vote_key = b.vote_key AND l.party = b.party AND l.yes <> l.no
    JOIN intelligence.vote_fact v ON v.vote_key = b.vote_key
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
AGREEMENT = f"""
    SELECT o.member_key AS member, {_last("o.name")} AS name, {_last("o.party")} AS party,
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
AGREEMENT_MATRIX = """
    WITH cast_ AS (
        SELECT b.vote_key, b.member_key, b.name, b.option = 'yes' AS is_yes
        FROM intelligence.ballot_fact b
        JOIN intelligence.vote_fact v USING (vote_key)
        WHERE b.option IN ('yes', 'no') AND b.party = :party
              AND (:session = '' OR v.session = :session)
              AND (:organization = '' OR v.organization_key = :organization)
    )
    SELECT a.member_key AS member, max(a.name) AS name, b.member_key AS other, max(b.name) AS other_name,
           count(*) AS votes, count(*) FILTER (WHERE a.is_yes = b.is_yes) AS agreed,
           round((count(*) FILTER (WHERE a.is_yes = b.is_yes))::numeric / count(*), 4)::float8 AS agreement
    FROM cast_ a JOIN cast_ b ON a.vote_key = b.vote_key AND a.member_key < b.member_key
    GROUP BY a.member_key, b.member_key ORDER BY agreement DESC, votes DESC, member, other"""
