"""The platform itself: what scrapes yield, how fresh the record is, and how it is used."""

from __future__ import annotations

SCRAPE_YIELD = """
    SELECT source_id AS source, count(*) AS runs,
           count(*) FILTER (WHERE scrape_outcome IN ('succeeded', 'unchanged')) AS scraped,
           count(*) FILTER (WHERE import_outcome = 'succeeded') AS imported,
           sum(records) AS records, sum(inserted) AS inserted, sum(updated) AS updated,
           sum(tombstoned) AS tombstoned, sum(problems) AS problems, sum(pages) AS pages,
           round(sum(records)::numeric / nullif(sum(pages), 0), 2)::float8 AS records_per_page,
           max(finished_at) AS last_run_at
    FROM intelligence.run_fact
    WHERE (:source = '' OR source_id = :source)
    GROUP BY source_id ORDER BY last_run_at DESC NULLS LAST, source"""
FRESHNESS = """
    SELECT jurisdiction, kind AS type, records, first_date, last_date, read_at,
           round((extract(epoch FROM now() - read_at) / 3600)::numeric, 1)::float8 AS hours_since_read,
           promise_hours,
           read_at IS NULL OR read_at < now() - make_interval(hours => promise_hours) AS is_stale
    FROM intelligence.coverage_fact
    WHERE (:jurisdiction = '' OR jurisdiction = :jurisdiction)
    ORDER BY is_stale DESC, jurisdiction, type"""
PLATFORM_USE = """
    SELECT day, route, sum(requests)::bigint AS requests,
           coalesce(sum(requests) FILTER (WHERE status < 4), 0)::bigint AS answered,
           coalesce(sum(requests) FILTER (WHERE status = 4), 0)::bigint AS refused,
           coalesce(sum(requests) FILTER (WHERE status = 5), 0)::bigint AS failed
    FROM intelligence.use_fact
    GROUP BY day, route ORDER BY day DESC, requests DESC, route"""
