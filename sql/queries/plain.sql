-- Whether a definition ($1, an OID) of a root table's owner ($2, an OID) plainly may be run: it goes through no view and no
-- type that is not PostgreSQL's own, and through no function that helpers.sql would name. Where it says no, that query decides.
-- That one takes 6 ms of a new session (docs/PERFORMANCE.md), this one 2.
SELECT NOT EXISTS (
    SELECT
      FROM health_crypto.definition_parts($1) n
      LEFT JOIN pg_catalog.pg_proc p ON n.class = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = n.object
     WHERE p.oid IS NULL
        OR EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = n.object AND d.deptype = 'n'
                      AND d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.refobjid >= 16384)
        OR p.oid >= 16384
       AND (p.prosqlbody IS NULL OR p.provolatile = 'v'
            OR p.proowner <> $2 AND NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.oid = p.proowner))
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                         JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_crypto'
                        WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid
                          AND d.deptype = 'e'))
