-- Functions, views and types that a definition ($1, an OID) goes through and that cannot be used: their bodies cannot be
-- followed, or somebody other than the root table's owner ($2, an OID) or a superuser may change them.
-- Types too: a domain's CHECK and a cast to json are code that runs with the definition.
WITH RECURSIVE node AS (
    SELECT n.class, n.object FROM health_crypto.definition_parts($1) n
), type (object) AS (
    SELECT d.refobjid
      FROM node n
      JOIN pg_catalog.pg_depend d ON d.classid = n.class AND d.objid = n.object AND d.deptype = 'n'
       AND d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass
  UNION
    SELECT x.object
      FROM type t
      JOIN pg_catalog.pg_type y ON y.oid = t.object
     CROSS JOIN LATERAL (
           SELECT y.typbasetype UNION ALL SELECT y.typelem
         UNION ALL
           SELECT a.atttypid FROM pg_catalog.pg_attribute a
            WHERE y.typtype = 'c' AND a.attrelid = y.typrelid AND a.attnum > 0 AND NOT a.attisdropped) x (object)
     WHERE x.object <> 0
), object AS (
    SELECT p.oid::pg_catalog.regprocedure::text AS name, p.proowner AS owner,
           p.provolatile = 'v'
             OR p.prosqlbody IS NULL AND NOT (l.lanname IN ('c', 'internal') AND p.provolatile = 'i') AS untracked, p.oid
      FROM node n
      JOIN pg_catalog.pg_proc p ON n.class = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = n.object
      JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  UNION ALL
    SELECT c.oid::pg_catalog.regclass::text, c.relowner, false, c.oid
      FROM node n
      JOIN pg_catalog.pg_rewrite w ON n.class = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND w.oid = n.object
      JOIN pg_catalog.pg_class c ON c.oid = w.ev_class
  UNION ALL
    SELECT y.oid::pg_catalog.regtype::text, y.typowner, false, y.oid
      FROM type t
      JOIN pg_catalog.pg_type y ON y.oid = t.object
  UNION ALL
    SELECT p.oid::pg_catalog.regprocedure::text, p.proowner, false, p.oid
      FROM type t
      JOIN pg_catalog.pg_constraint k ON k.contypid = t.object
      JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND d.objid = k.oid
       AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
      JOIN pg_catalog.pg_proc p ON p.oid = d.refobjid
)
SELECT o.name, o.untracked
  FROM object o
  JOIN pg_catalog.pg_roles r ON r.oid = o.owner
 WHERE o.oid >= 16384
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                     JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_crypto'
                    WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = o.oid AND d.deptype = 'e')
   AND (o.untracked OR NOT (r.rolsuper OR o.owner = $2))
 ORDER BY o.untracked DESC, o.name
 LIMIT 1
