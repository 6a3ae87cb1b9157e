-- Every object of the extension, with what matters for its safety. A change here is a change of the contract.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\set ECHO all
SELECT p.oid::regprocedure::text AS function, l.lanname AS language, p.provolatile AS volatility, p.proisstrict AS strict,
       p.proparallel AS parallel, p.prosecdef AS definer, p.proconfig AS settings,
       has_function_privilege('regress_outsider', p.oid, 'EXECUTE') AS everybody,
       has_function_privilege('regress_auditor', p.oid, 'EXECUTE') AS auditor,
       obj_description(p.oid, 'pg_proc') IS NOT NULL AS commented
  FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
 WHERE p.pronamespace = 'health_crypto'::regnamespace ORDER BY p.oid::regprocedure::text COLLATE "C";
SELECT c.relname, c.relkind, c.relowner::regrole AS owner,
       (SELECT string_agg(x, ',') FROM unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE}'::text[]) x WHERE c.relkind <> 'S' AND has_table_privilege('regress_outsider', c.oid, x)) AS everybody,
       (SELECT string_agg(x, ',') FROM unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE}'::text[]) x WHERE c.relkind <> 'S' AND has_table_privilege('regress_auditor', c.oid, x)) AS auditor,
       obj_description(c.oid, 'pg_class') IS NOT NULL OR c.relkind = 'S' AS commented
  FROM pg_class c WHERE c.relnamespace = 'health_crypto'::regnamespace AND c.relkind IN ('r', 'v', 'S') ORDER BY c.relname COLLATE "C";
SELECT t.typname, string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum) AS columns
  FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c' JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
 WHERE t.typnamespace = 'health_crypto'::regnamespace GROUP BY 1 ORDER BY 1;
SELECT name, setting, context FROM pg_settings WHERE name LIKE 'health_crypto.%' ORDER BY name;
SELECT rolname, rolcanlogin, rolsuper, rolinherit, rolbypassrls FROM pg_roles WHERE rolname LIKE 'health_crypto%' ORDER BY 1;
SELECT DISTINCT d.classid::regclass AS members FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid WHERE d.refclassid = 'pg_extension'::regclass AND e.extname = 'health_crypto' ORDER BY 1;
-- Uninstalling leaves the roles, which belong to the cluster, and nothing else.
DROP EXTENSION health_crypto;
SELECT count(*) AS schemas FROM pg_namespace WHERE nspname = 'health_crypto';
CREATE EXTENSION health_crypto;
