-- What a table ($1, an OID) and its column ($2) look like to encrypt_column().
-- Triggers do not follow INHERITS: what is written to a child would stay in clear.
SELECT n.nspname::text, c.relname::text,
       c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND NOT c.relispartition
           AND (c.relkind = 'p' OR NOT EXISTS (SELECT FROM pg_catalog.pg_inherits h
                                                WHERE c.oid IN (h.inhparent, h.inhrelid))),
       c.relowner, k.columns, k.types,
       a.attnum IS NOT NULL,
       a.attgenerated = '' AND a.attidentity = '' AND a.atttypmod = -1
           AND a.atttypid = ANY ('{text, character varying}'::pg_catalog.regtype[]::oid[]),
       EXISTS (SELECT FROM pg_catalog.pg_index i
                WHERE i.indrelid = c.oid AND (a.attnum = ANY (i.indkey) OR EXISTS
                      (SELECT FROM pg_catalog.pg_depend d
                        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = i.indexrelid
                          AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = c.oid
                          AND d.refobjsubid = a.attnum))),
       EXISTS (SELECT FROM pg_catalog.pg_constraint f
                WHERE f.conrelid = c.oid AND f.contype = 'f' AND a.attnum = ANY (f.conkey)),
       EXISTS (SELECT FROM pg_catalog.pg_partitioned_table p WHERE p.partrelid = c.oid AND a.attnum = ANY (p.partattrs))
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_attribute a
    ON a.attrelid = c.oid AND a.attname::text = $2 AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN LATERAL (SELECT pg_catalog.array_agg(b.attname::text ORDER BY u.place) AS columns,
                            pg_catalog.array_agg(pg_catalog.format_type(COALESCE(NULLIF(t.typbasetype, 0), t.oid), NULL) ORDER BY u.place) AS types
                       FROM pg_catalog.pg_constraint x
                      CROSS JOIN LATERAL pg_catalog.unnest(x.conkey) WITH ORDINALITY u (attnum, place)
                       JOIN pg_catalog.pg_attribute b ON b.attrelid = x.conrelid AND b.attnum = u.attnum
                       JOIN pg_catalog.pg_type t ON t.oid = b.atttypid
                      WHERE x.conrelid = c.oid AND x.contype = 'p') k ON true
 WHERE c.oid = $1
