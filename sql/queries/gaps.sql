-- Doors that are open: triggers of protected documents that are missing or do not always fire, on the watched tables and
-- on their partitions.
WITH current AS (
    SELECT w.document, w.table_schema, w.table_name, w.columns, c.oid AS relation
      FROM health_crypto.protected_document d
      JOIN health_crypto.watched_table w ON (w.document, w.edition) = (d.document, d.edition)
      LEFT JOIN (pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace)
        ON n.nspname = w.table_schema AND c.relname = w.table_name
     WHERE w.part <> 'reference'
), watched AS (
    SELECT c.document, c.relation FROM current c WHERE c.relation IS NOT NULL
  UNION
    -- Tables of earlier definitions for the same root, as far as they are still there.
    SELECT w.document, c.oid
      FROM health_crypto.protected_document d
      JOIN health_crypto.watched_table r ON r.document = d.document AND r.part = 'root'
       AND (r.table_schema, r.table_name) = (d.root_schema, d.root_table)
      JOIN health_crypto.watched_table w ON (w.document, w.edition) = (r.document, r.edition) AND w.part <> 'reference'
      JOIN pg_catalog.pg_namespace n ON n.nspname = w.table_schema
      JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.table_name
), covered AS (
    SELECT w.document, w.relation, w.relation AS top FROM watched w
  UNION ALL
    SELECT w.document, t.relid::oid, w.relation
      FROM watched w
     CROSS JOIN LATERAL pg_catalog.pg_partition_tree(w.relation) t
     WHERE t.relid::oid <> w.relation
), wanted AS (
    SELECT c.document, c.relation, c.top, k.kind, 'health_crypto_' || k.kind || '_' || c.document AS name
      FROM covered c
     CROSS JOIN (VALUES ('guard_rows'), ('guard_update'), ('guard_truncate'),
                        ('keep_rows'), ('keep_update'), ('keep_truncate')) k (kind)
)
SELECT c.document, c.table_schema || '.' || c.table_name, 'missing table', 'the watched table is gone or was renamed'
  FROM current c WHERE c.relation IS NULL
UNION ALL
SELECT c.document, c.relation::pg_catalog.regclass::text, 'missing column', u.name
  FROM current c
 CROSS JOIN LATERAL pg_catalog.unnest(c.columns::text[]) u (name)
 WHERE c.relation IS NOT NULL
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = c.relation AND a.attname::text = u.name AND NOT a.attisdropped)
UNION ALL
SELECT w.document, w.relation::pg_catalog.regclass::text,
       CASE WHEN t.oid IS NULL AND w.relation <> w.top THEN 'unprotected partition'
            WHEN t.oid IS NULL THEN 'missing trigger'
            WHEN t.tgenabled = 'D' THEN 'disabled trigger'
            WHEN t.tgenabled = 'R' THEN 'replica-only trigger'
            ELSE 'origin-only trigger' END,
       w.name
  FROM wanted w
  LEFT JOIN (pg_catalog.pg_trigger t
             JOIN pg_catalog.pg_proc f ON f.oid = t.tgfoid AND f.proname IN ('guard', 'keep')
             JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace AND n.nspname = 'health_crypto')
    ON t.tgrelid = w.relation AND t.tgname = w.name
 WHERE t.oid IS NULL OR t.tgenabled <> 'A'
 ORDER BY 1, 2, 3, 4
