"""Committees and councils: how often they met, for how long, with what on the agenda."""

from __future__ import annotations

COMMITTEE_ACTIVITY = """
    WITH met AS (
        SELECT organization_key,
               count(*) FILTER (WHERE status <> 'cancelled') AS meetings,
               count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
               count(*) FILTER (WHERE status <> 'cancelled' AND ends_at > starts_at) AS timed,
               sum(extract(epoch FROM ends_at - starts_at) / 3600)
                   FILTER (WHERE status <> 'cancelled' AND ends_at > starts_at) AS hours,
               max(start_date) FILTER (WHERE status <> 'cancelled') AS last_met
        FROM intelligence.event_fact
        WHERE (:session = '' OR session = :session) GROUP BY organization_key
    ), heard AS (
        SELECT d.organization_key, count(DISTINCT d.debate_key) AS evidence, count(s.speech_key) AS speeches,
               coalesce(sum(s.words_en), 0) AS words_en, max(d.date) AS last_heard
        FROM intelligence.debate_fact d LEFT JOIN intelligence.speech_fact s USING (debate_key)
        WHERE d.document_type = 'evidence' AND (:session = '' OR d.session = :session)
        GROUP BY d.organization_key
    )
    SELECT o.organization_key AS organization, o.name_en, o.name_fr, o.jurisdiction,
           coalesce(m.meetings, 0) AS meetings, coalesce(m.cancelled, 0) AS cancelled,
           coalesce(m.timed, 0) AS meetings_with_times, round(m.hours::numeric, 2)::float8 AS hours,
           coalesce(h.evidence, 0) AS evidence, coalesce(h.speeches, 0) AS speeches,
           coalesce(h.words_en, 0) AS words_en, greatest(m.last_met, h.last_heard) AS last_met
    FROM intelligence.organization_fact o
    LEFT JOIN met m USING (organization_key) LEFT JOIN heard h USING (organization_key)
    WHERE o.classification IN ('committee', 'subcommittee')
          AND (m.organization_key IS NOT NULL OR h.organization_key IS NOT NULL)
          AND (:organization = '' OR o.organization_key = :organization)
          AND (:jurisdiction = '' OR o.jurisdiction = :jurisdiction)
    ORDER BY meetings DESC, evidence DESC, organization"""
MUNICIPAL_MEETINGS = """
    SELECT jurisdiction, coalesce(nullif(e.body_name, ''), o.name_en, e.name_en) AS body,
           count(*) FILTER (WHERE e.status <> 'cancelled') AS meetings,
           count(*) FILTER (WHERE e.status = 'cancelled') AS cancelled,
           sum(e.agenda_items) AS agenda_items, sum(e.motions) AS motions,
           sum(e.recorded_votes) AS recorded_votes,
           min(e.start_date) AS first_on, max(e.start_date) AS last_on
    FROM intelligence.event_fact e
    LEFT JOIN intelligence.organization_fact o USING (organization_key, jurisdiction)
    WHERE (jurisdiction LIKE '%/csd:%' OR jurisdiction LIKE '%/cd:%')
          AND (:jurisdiction = '' OR jurisdiction = :jurisdiction)
    GROUP BY jurisdiction, body ORDER BY meetings DESC, jurisdiction, body"""
