"""What is said: words and time of members, sittings as a whole, words that set somebody apart."""

from __future__ import annotations

_CHOSEN = """
    chosen AS (
        SELECT s.*, d.date, d.session, d.organization_key
        FROM intelligence.speech_fact s
        JOIN intelligence.debate_fact d USING (debate_key)
        WHERE (:session = '' OR d.session = :session)
              AND (:organization = '' OR d.organization_key = :organization)
              AND (:debate = '' OR d.debate_key = :debate)
    )"""
# A stamp holds until the next one of its sitting; that span is shared among what was said in it, by words.
# Spans over 30 minutes are breaks or gaps and count for nobody; nothing is known of the last span's end.
_TIMED = """
    spans AS (
        SELECT debate_key, time,
               lead(time) OVER (PARTITION BY debate_key ORDER BY time) - time AS span
        FROM chosen WHERE time IS NOT NULL GROUP BY debate_key, time
    ), timed AS (
        SELECT c.*,
               CASE WHEN p.span <= interval '30 minutes'
                    THEN extract(epoch FROM p.span) / 60 * c.words_en
                         / nullif(sum(c.words_en) OVER (PARTITION BY c.debate_key, c.time), 0) END AS minutes
        FROM chosen c LEFT JOIN spans p ON p.debate_key = c.debate_key AND p.time = c.time
    )"""
SPEAKING_TIME = f"""
    WITH {_CHOSEN}, {_TIMED}
    SELECT member_key AS member, max(name) AS name, count(DISTINCT debate_key) AS sittings,
           count(*) AS speeches, sum(words_en) AS words_en, sum(words_fr) AS words_fr,
           round(sum(minutes)::numeric, 1)::float8 AS minutes,
           round(sum(words_en)::numeric / count(*), 1)::float8 AS words_per_speech
    FROM timed
    WHERE NOT is_procedural AND (:member = '' OR member_key = :member)
    GROUP BY member_key ORDER BY words_en DESC, member"""
DEBATE_ACTIVITY = f"""
    WITH {_CHOSEN}, {_TIMED}
    SELECT debate_key AS debate, min(date) AS date, min(session) AS session,
           min(organization_key) AS organization, count(*) AS speeches,
           count(DISTINCT member_key) AS speakers, sum(words_en) AS words_en, sum(words_fr) AS words_fr,
           round(sum(minutes)::numeric, 1)::float8 AS minutes
    FROM timed GROUP BY debate_key ORDER BY date DESC, debate"""
# Log-odds with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008): the prior are 1,000 words in
# the proportions of the whole chamber.
_LOG_ODDS = """
    , chamber AS (
        SELECT w.word, sum(w.n)::float8 AS n
        FROM intelligence.word_fact w
        JOIN intelligence.debate_fact d USING (debate_key)
        WHERE w.lang = :lang AND d.organization_key IN (SELECT organization_key FROM bodies)
              AND (:session = '' OR d.session = :session)
        GROUP BY w.word
    ), size AS (
        SELECT (SELECT sum(n) FROM target) AS ours, (SELECT sum(n) FROM chamber) AS everybodys
    ), odds AS (
        SELECT t.word, t.n AS y, c.n - t.n AS z, 1000 * c.n / everybodys AS a, ours AS ny,
               everybodys - ours AS nz
        FROM target t JOIN chamber c USING (word), size
        WHERE t.n >= 2
    ), scored AS (
        SELECT word, y, z, ny, nz,
               ln((y + a) / (ny + 1000 - y - a)) - ln((z + a) / (nz + 1000 - z - a)) AS log_odds,
               sqrt(1 / (y + a) + 1 / (z + a)) AS deviation
        FROM odds WHERE ny + 1000 - y - a > 0 AND nz + 1000 - z - a > 0
    )
    SELECT word, y::bigint AS said, z::bigint AS said_by_others,
           round(log_odds::numeric, 4)::float8 AS log_odds,
           round((log_odds / deviation)::numeric, 4)::float8 AS z_score
    FROM scored ORDER BY z_score DESC, word"""
_COUNTS = "jsonb_each_text(CASE WHEN :lang = 'fr' THEN s.counts_fr ELSE s.counts_en END) w(word, n)"
MEMBER_WORDS = f"""
    WITH spoken AS (
        SELECT s.counts_en, s.counts_fr, d.organization_key
        FROM intelligence.speech_fact s JOIN intelligence.debate_fact d USING (debate_key)
        WHERE s.member_key = :member AND (:session = '' OR d.session = :session)
              AND (:organization = '' OR d.organization_key = :organization)
    ), bodies AS (SELECT DISTINCT organization_key FROM spoken),
    target AS (SELECT w.word, sum(w.n::int)::float8 AS n FROM spoken s, {_COUNTS} GROUP BY w.word)
    {_LOG_ODDS}"""
DEBATE_WORDS = f"""
    WITH bodies AS (SELECT organization_key FROM intelligence.debate_fact WHERE debate_key = :debate),
    target AS (
        SELECT word, n::float8 AS n FROM intelligence.word_fact WHERE debate_key = :debate AND lang = :lang
    )
    {_LOG_ODDS}"""
