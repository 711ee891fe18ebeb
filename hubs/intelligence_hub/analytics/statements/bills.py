"""Bills: where they stand, how fast they go, what becomes of them, who brings them."""

from __future__ import annotations

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
          AND (:bill = '' OR b.bill_key = :bill OR lower(b.number) = lower(:bill))
    ORDER BY b.session, b.number, reached_on, chamber, stage"""
BILL_OUTCOME = """
    SELECT CASE WHEN is_government THEN 'government' WHEN NOT is_government THEN 'other' ELSE 'unknown' END
               AS kind,
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
BILL_STAGE_TIMES = """
    WITH reached AS (
        SELECT b.bill_key, s ->> 'chamber' AS chamber, s ->> 'code' AS stage, max(s ->> 'name_en') AS stage_en,
               max(s ->> 'name_fr') AS stage_fr, max((s ->> 'date')::date) - b.introduced_on AS days
        FROM intelligence.bill_fact b, jsonb_array_elements(b.stages) s
        WHERE b.introduced_on IS NOT NULL AND s ->> 'date' IS NOT NULL
              AND (:session = '' OR b.session = :session)
        GROUP BY b.bill_key, b.introduced_on, s ->> 'chamber', s ->> 'code'
    )
    SELECT chamber, stage, max(stage_en) AS stage_en, max(stage_fr) AS stage_fr, count(*) AS bills,
           percentile_disc(0.25) WITHIN GROUP (ORDER BY days) AS first_quartile_days,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY days) AS median_days,
           percentile_disc(0.75) WITHIN GROUP (ORDER BY days) AS third_quartile_days
    FROM reached GROUP BY chamber, stage ORDER BY median_days, chamber, stage"""
# Kaplan and Meier: at each day on which a bill became law, the share of those still watched that had not.
BILL_SURVIVAL = """
    WITH watched AS (
        SELECT CASE WHEN is_government THEN 'government' WHEN NOT is_government THEN 'other' ELSE 'unknown' END
                   AS kind,
               royal_assent_on IS NOT NULL AS is_law,
               greatest(0, coalesce(royal_assent_on, latest_activity_on) - introduced_on) AS days
        FROM intelligence.bill_fact
        WHERE introduced_on IS NOT NULL AND coalesce(royal_assent_on, latest_activity_on) IS NOT NULL
              AND (:session = '' OR session = :session)
    ), days AS (
        SELECT kind, days, count(*) FILTER (WHERE is_law) AS became_law, count(*) AS left_
        FROM watched GROUP BY kind, days
    ), risk AS (
        SELECT kind, days, became_law,
               sum(left_) OVER (PARTITION BY kind ORDER BY days DESC) AS at_risk
        FROM days
    )
    SELECT kind, days, at_risk::bigint AS at_risk, became_law,
           round(CASE WHEN bool_or(became_law = at_risk) OVER upto THEN 0
                      ELSE exp(sum(ln(greatest(1 - became_law / at_risk, 1e-300))) OVER upto) END::numeric, 4)::float8
               AS not_yet_law
    FROM risk WHERE became_law > 0
    WINDOW upto AS (PARTITION BY kind ORDER BY days)
    ORDER BY kind, days"""
PRIVATE_MEMBER_SUCCESS = """
    SELECT session, chamber, count(*) AS introduced,
           count(*) FILTER (WHERE EXISTS (
               SELECT FROM jsonb_array_elements(stages) s
               WHERE s ->> 'code' = 'third-reading' AND s ->> 'chamber' = bill_fact.chamber
                     AND (s ->> 'date' IS NOT NULL AND s ->> 'state' = 'Completed')
           )) AS passed_first_chamber,
           count(royal_assent_on) AS became_law,
           round(count(royal_assent_on)::numeric / count(*), 4)::float8 AS success,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY royal_assent_on - introduced_on) AS median_days_to_law
    FROM intelligence.bill_fact
    WHERE is_private_member AND (:session = '' OR session = :session)
    GROUP BY session, chamber ORDER BY session DESC, chamber"""
