-- Doors that are open: triggers of protected documents that are missing or do not always fire, on the watched tables and
-- on their partitions.
WITH watched AS (
    SELECT w.document, w.part, w.table_schema, w.table_name, c.oid AS relation
      FROM health_crypto.watched_table w
      LEFT JOIN (pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace)
        ON n.nspname = w.table_schema AND c.relname = w.table_name
     WHERE w.part <> 'reference'
), covered AS (
    SELECT w.document, w.relation, w.relation AS top FROM watched w WHERE w.relation IS NOT NULL
  UNION ALL
    SELECT w.document, t.relid::oid, w.relation
      FROM watched w
     CROSS JOIN LATERAL pg_catalog.pg_partition_tree(w.relation) t
     WHERE w.relation IS NOT NULL AND t.relid::oid <> w.relation
), wanted AS (
    SELECT c.document, c.relation, c.top, k.kind, 'health_crypto_' || k.kind || '_' || c.document AS name
      FROM covered c
     CROSS JOIN (VALUES ('guard_rows'), ('guard_update'), ('guard_truncate'),
                        ('keep_rows'), ('keep_update'), ('keep_truncate')) k (kind)
)
SELECT w.document, w.table_schema || '.' || w.table_name, 'missing table', 'the watched table is gone or was renamed'
  FROM watched w WHERE w.relation IS NULL
UNION ALL
SELECT w.document, w.relation::pg_catalog.regclass::text, 'missing column', c.name
  FROM watched w
  JOIN health_crypto.watched_table t ON (t.document, t.table_schema, t.table_name) = (w.document, w.table_schema, w.table_name)
 CROSS JOIN LATERAL pg_catalog.unnest(t.columns::text[]) c (name)
 WHERE w.relation IS NOT NULL
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = w.relation AND a.attname::text = c.name AND NOT a.attisdropped)
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
