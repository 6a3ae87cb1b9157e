-- The definitions that documents of a type ($1) may have been sealed by, newest first, resolved against the catalogue for
-- keys of a type ($2, its name) and a root table's owner ($3, an OID). Columns 6-10 are NULL or false where the function
-- is gone.
SELECT e.edition, e.definition, e.profile, pg_catalog.array_remove(e.reference_fields, NULL), e.source,
       f.oid, pg_catalog.quote_ident(e.definition_schema) || '.' || pg_catalog.quote_ident(e.definition_name),
       (SELECT pg_catalog.array_agg(a.name ORDER BY a.place)
          FROM unnest(f.proargnames, f.proargmodes) WITH ORDINALITY a (name, mode, place)
         WHERE a.mode = 't' AND a.name <> 'key'),
       (SELECT pg_catalog.array_agg(a.type::regtype::text ORDER BY a.place)
          FROM unnest(f.proallargtypes, f.proargmodes, f.proargnames)
               WITH ORDINALITY a (type, mode, name, place)
         WHERE a.mode = 't' AND a.name <> 'key'),
       f.proowner = $3 OR o.rolsuper
  FROM health_crypto.definition e
  LEFT JOIN LATERAL (SELECT p.oid, p.proowner, p.proargnames, p.proargmodes, p.proallargtypes
                       FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
                      WHERE n.nspname = e.definition_schema AND p.proname = e.definition_name
                        AND p.pronargs = 2 AND p.proargtypes[1] = 'pg_catalog.text'::pg_catalog.regtype
                        AND p.proargtypes[0] = pg_catalog.to_regtype($2 || '[]')) f ON true
  LEFT JOIN pg_catalog.pg_roles o ON o.oid = f.proowner
 WHERE e.document = $1
 ORDER BY e.edition DESC
