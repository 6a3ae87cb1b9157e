-- What a definition ($1, an OID) reads, followed through helper functions, operators and views, and the part that each
-- table plays for a root ($2, an OID). PostgreSQL records the columns in pg_depend when a BEGIN ATOMIC body is created.
WITH RECURSIVE node AS (
    SELECT n.class, n.object FROM health_crypto.definition_parts($1) n
), body AS MATERIALIZED (
    -- A whole-row reference leaves no trace of its columns in pg_depend. In the stored tree it is a Var without column
    -- number, of the table's row type.
    SELECT n.class, n.object, COALESCE(p.prosqlbody::text, w.ev_action::text, '') AS tree
      FROM node n
      LEFT JOIN pg_catalog.pg_proc p ON n.class = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = n.object
      LEFT JOIN pg_catalog.pg_rewrite w ON n.class = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND w.oid = n.object
), touched AS MATERIALIZED (
    -- Each tree is searched once for each table: it can have a megabyte, and its columns are a hundred.
    SELECT u.class, u.object, u.relation, b.tree LIKE '%:varattno 0 :vartype ' || c.reltype || ' %' AS is_whole
      FROM (SELECT DISTINCT n.class, n.object, d.refobjid AS relation
              FROM node n
              JOIN pg_catalog.pg_depend d ON d.classid = n.class AND d.objid = n.object
               AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'n') u
      JOIN body b ON b.class = u.class AND b.object = u.object
      JOIN pg_catalog.pg_class c ON c.oid = u.relation AND c.relkind IN ('r', 'p', 'm', 'f')
), reading AS (
    SELECT t.relation, a.attname, a.attnum
      FROM touched t
      JOIN pg_catalog.pg_depend d ON d.classid = t.class AND d.objid = t.object
       AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = t.relation AND d.deptype = 'n'
      LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = t.relation AND a.attnum > 0 AND NOT a.attisdropped
       AND (a.attnum = d.refobjsubid OR t.is_whole)
), relation AS (
    SELECT r.relation, c.relname, s.nspname, c.relkind,
           COALESCE(pg_catalog.array_agg(DISTINCT r.attname::text) FILTER (WHERE r.attname IS NOT NULL), '{}') AS names
      FROM reading r
      JOIN pg_catalog.pg_class c ON c.oid = r.relation
      JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace
     GROUP BY r.relation, c.relname, s.nspname, c.relkind
), part (relation, depth, link, parent, parent_column) AS (
    SELECT $2::oid, 0, NULL::text COLLATE "C", NULL::oid, NULL::text COLLATE "C"
  UNION ALL
    SELECT k.conrelid, p.depth + 1, l.attname::text, k.confrelid, f.attname::text
      FROM part p
      JOIN pg_catalog.pg_constraint k ON k.contype = 'f' AND k.confrelid = p.relation AND k.conrelid <> p.relation
       AND k.conrelid <> $2 AND pg_catalog.cardinality(k.conkey) = 1
      JOIN relation r ON r.relation = k.conrelid
      JOIN pg_catalog.pg_attribute l ON l.attrelid = k.conrelid AND l.attnum = k.conkey[1] AND l.attname::text = ANY (r.names)
      JOIN pg_catalog.pg_attribute f ON f.attrelid = k.confrelid AND f.attnum = k.confkey[1]
     WHERE p.depth < 8
), nearest AS (
    SELECT DISTINCT ON (relation) relation, depth, link, parent, parent_column
      FROM part ORDER BY relation, depth, link
)
SELECT r.nspname::text, r.relname::text,
       CASE WHEN r.relation = $2 THEN 'root' WHEN n.relation IS NOT NULL THEN 'child' ELSE 'reference' END,
       (SELECT COALESCE(pg_catalog.array_agg(a.attname::text ORDER BY a.attnum), '{}')
          FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = r.relation AND NOT a.attisdropped AND a.attname::text = ANY (r.names)),
       COALESCE(n.depth, 0), n.link, ps.nspname::text, pc.relname::text, n.parent_column, r.relkind::text, r.relation,
       (SELECT pg_catalog.count(DISTINCT (p.link, p.parent)) FROM part p WHERE p.relation = r.relation AND p.depth > 0) > 1
         OR EXISTS (SELECT FROM pg_catalog.pg_constraint k
                     WHERE k.contype = 'f' AND k.conrelid = r.relation AND r.relation <> $2
                       AND k.confrelid IN (SELECT p.relation FROM part p) AND pg_catalog.cardinality(k.conkey) > 1),
       EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = r.relation) AND r.relkind = 'r'
         OR EXISTS (SELECT FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhparent
                     WHERE i.inhrelid = r.relation AND c.relkind = 'r')
  FROM relation r
  LEFT JOIN nearest n ON n.relation = r.relation
  LEFT JOIN pg_catalog.pg_class pc ON pc.oid = n.parent
  LEFT JOIN pg_catalog.pg_namespace ps ON ps.oid = pc.relnamespace
 ORDER BY COALESCE(n.depth, 0), 1, 2
