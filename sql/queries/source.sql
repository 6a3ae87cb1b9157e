-- The source of a definition ($1, an OID) and of everything it goes through, as PostgreSQL spells it.
WITH node AS (
    SELECT n.class, n.object FROM health_crypto.definition_parts($1) n
), source AS (
    SELECT p.oid::pg_catalog.regprocedure::text AS name, pg_catalog.pg_get_function_sqlbody(p.oid) AS body
      FROM node n JOIN pg_catalog.pg_proc p ON n.class = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = n.object
     WHERE p.prosqlbody IS NOT NULL
  UNION ALL
    SELECT c.oid::pg_catalog.regclass::text, pg_catalog.pg_get_viewdef(c.oid)
      FROM node n
      JOIN pg_catalog.pg_rewrite w ON n.class = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND w.oid = n.object
      JOIN pg_catalog.pg_class c ON c.oid = w.ev_class
)
SELECT pg_catalog.string_agg(s.name || E'\n' || s.body, E'\n' ORDER BY s.name COLLATE "C") FROM source s
