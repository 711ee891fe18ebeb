-- The tip of the audit log's hash chain; nothing when the log does not exist yet.
SELECT to_regclass('intelligence.audit_entries') IS NOT NULL AS has_audit \gset
\if :has_audit
SELECT 'entries ' || count(*) || ' tip ' || coalesce(max(id)::text, '-') FROM intelligence.audit_entries;
\endif
