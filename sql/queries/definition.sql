-- What a function ($1, an OID) looks like as a definition for keys of a type ($2, its name).
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) || '('
         || pg_catalog.array_to_string(ARRAY(SELECT pg_catalog.format_type(t, NULL)
              FROM pg_catalog.unnest(p.proargtypes::oid[]) WITH ORDINALITY a (t, place) ORDER BY place), ', ') || ')',
       l.lanname = 'sql' AND p.prosqlbody IS NOT NULL,
       p.prokind = 'f' AND p.proretset AND p.provolatile <> 'v' AND NOT p.prosecdef AND p.proconfig IS NULL,
       p.pronargs = 2 AND p.proargtypes[0] = pg_catalog.to_regtype($2 || '[]')
         AND p.proargtypes[1] = 'pg_catalog.text'::pg_catalog.regtype,
       (SELECT pg_catalog.array_agg(a.name ORDER BY a.place)
          FROM unnest(p.proargnames, p.proargmodes) WITH ORDINALITY a (name, mode, place) WHERE a.mode = 't'),
       (SELECT a.name
          FROM unnest(p.proargnames, p.proargmodes, p.proallargtypes) WITH ORDINALITY a (name, mode, type, place)
         WHERE a.mode = 't'
           AND EXISTS (
               WITH RECURSIVE t (oid) AS (
                   SELECT a.type
                 UNION
                   SELECT x.oid FROM t JOIN pg_catalog.pg_type y ON y.oid = t.oid
                    CROSS JOIN LATERAL (
                        SELECT y.typelem WHERE y.typcategory = 'A' AND y.typelem <> 0
                      UNION ALL SELECT y.typbasetype WHERE y.typtype = 'd'
                      UNION ALL SELECT f.atttypid FROM pg_catalog.pg_attribute f
                                 WHERE y.typtype = 'c' AND f.attrelid = y.typrelid AND f.attnum > 0 AND NOT f.attisdropped
                    ) x (oid))
               SELECT FROM t JOIN pg_catalog.pg_type y ON y.oid = t.oid
                WHERE NOT (y.typcategory = 'A' OR y.typtype IN ('d', 'c', 'e'))
                  AND y.oid <> ALL (ARRAY['bool', 'int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'text', 'varchar',
                      'bpchar', 'name', 'date', 'time', 'timestamp', 'timestamptz', 'uuid', 'json', 'jsonb'
                      ]::pg_catalog.regtype[]::oid[]))
         ORDER BY a.place LIMIT 1),
       n.nspname::text, p.proname::text
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
 WHERE p.oid = $1
