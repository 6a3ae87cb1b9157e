-- What a table ($1, an OID) looks like as a root.
SELECT n.nspname::text, c.relname::text, c.relkind IN ('r', 'p') AND c.relpersistence <> 't', c.relowner,
       k.columns, k.types,
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity = ''
                AND a.atttypmod = -1
                AND a.atttypid = ANY ('{text, character varying}'::pg_catalog.regtype[]::oid[]) ORDER BY a.attnum),
       ARRAY(SELECT x.name::text FROM health_crypto.protected_document d
              CROSS JOIN LATERAL (VALUES (d.digest_column), (d.serializer_column), (d.signature_column)) x (name)
              WHERE d.root_schema = n.nspname AND d.root_table = c.relname AND d.document <> $2 AND x.name IS NOT NULL)
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN LATERAL (SELECT pg_catalog.array_agg(a.attname::text ORDER BY u.place) AS columns,
                            pg_catalog.array_agg(pg_catalog.format_type(COALESCE(NULLIF(t.typbasetype, 0), t.oid), NULL) ORDER BY u.place) AS types
                       FROM pg_catalog.pg_constraint k
                      CROSS JOIN LATERAL pg_catalog.unnest(k.conkey) WITH ORDINALITY u (attnum, place)
                       JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum
                       JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
                      WHERE k.conrelid = c.oid AND k.contype = 'p') k ON true
 WHERE c.oid = $1
