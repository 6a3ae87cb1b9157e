-- The extension is there, where it says it is.
SELECT e.extname, n.nspname AS schema, e.extrelocatable AS relocatable
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
 WHERE e.extname = 'health_crypto';
-- Everybody may name its schema; nobody but superusers may create in it.
SELECT r.rolname, has_schema_privilege(r.oid, 'health_crypto', 'USAGE') AS usage,
       has_schema_privilege(r.oid, 'health_crypto', 'CREATE') AS creates
  FROM pg_roles r
 WHERE r.rolname ~ '^regress_'
 ORDER BY r.rolname COLLATE "C";
-- Its library is the one of the installed version.
SELECT e.extversion = v.default_version AS current
  FROM pg_extension e JOIN pg_available_extensions v ON v.name = e.extname
 WHERE e.extname = 'health_crypto';
