-- What the audit log amounts to: its size, the digest of every leaf in order, the tree's edge and the newest signed
-- root. Nothing when the log does not exist yet. Leaves are digested in blocks, so that no value grows with the log.
SELECT to_regclass('intelligence.audit_entry') IS NOT NULL AS has_audit \gset
\if :has_audit
SELECT 'leaves ' || coalesce(sum(leaves), 0) || ' sha256 '
    || coalesce(encode(sha256(string_agg(part, ''::bytea ORDER BY block)), 'hex'), '-')
FROM (
    SELECT seq / 65536 AS block, count(*) AS leaves, sha256(string_agg(leaf_hash, ''::bytea ORDER BY seq)) AS part
    FROM intelligence.audit_entry GROUP BY 1
) AS blocks;
SELECT 'tree ' || size || ' edge ' || encode(sha256(edge), 'hex') FROM intelligence.audit_tree ORDER BY id;
SELECT 'checkpoint ' || size || ' root ' || encode(root, 'hex')
FROM intelligence.audit_checkpoint ORDER BY size DESC LIMIT 1;
\endif
