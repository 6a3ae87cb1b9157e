-- For each field of a definition ($1, an OID) the places of its numbers, as JSON: names of a composite's attributes, null
-- for an array's elements, [] for the field itself.
SELECT pg_catalog.json_agg(n.places ORDER BY a.place)::text
  FROM pg_catalog.pg_proc f
 CROSS JOIN LATERAL unnest(f.proallargtypes, f.proargmodes, f.proargnames)
       WITH ORDINALITY a (type, mode, name, place)
 CROSS JOIN LATERAL (
       WITH RECURSIVE part (type, place) AS (
           SELECT a.type, '{}'::text[] COLLATE "C"
         UNION ALL
           SELECT x.type, x.place
             FROM part p
             JOIN pg_catalog.pg_type y ON y.oid = p.type
            CROSS JOIN LATERAL (
                SELECT y.typelem, pg_catalog.array_append(p.place, NULL::text)
                 WHERE y.typcategory = 'A' AND y.typelem <> 0
              UNION ALL SELECT y.typbasetype, p.place WHERE y.typtype = 'd'
              UNION ALL SELECT t.atttypid, pg_catalog.array_append(p.place, t.attname::text)
                          FROM pg_catalog.pg_attribute t
                         WHERE y.typtype = 'c' AND t.attrelid = y.typrelid AND t.attnum > 0 AND NOT t.attisdropped
            ) x (type, place))
       SELECT COALESCE(pg_catalog.json_agg(p.place), '[]') FROM part p
        WHERE p.type = ANY ('{real,double precision,numeric}'::pg_catalog.regtype[]::oid[])) n (places)
 WHERE f.oid = $1 AND a.mode = 't' AND a.name <> 'key'
