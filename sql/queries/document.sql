-- One registered document ($1), resolved against the catalogue. Columns 16-23 are NULL or false where it is gone.
SELECT d.root_schema::text, d.root_table::text, d.key_column::text, d.key_type, d.definition,
       d.profile, d.digest_column::text, d.serializer_column::text, d.signature_column::text, d.state_column::text,
       d.sealed_states, d.reference_fields, d.on_alteration, d.on_unverified_signature,
       f.name, r.oid, r.relowner, f.fields, f.types,
       f.proowner = r.relowner OR pg_catalog.bool_or(o.rolsuper),
       (SELECT w.table_schema::text FROM health_crypto.watched_table w
         WHERE w.document = d.document AND w.table_name = 'ir_translation' LIMIT 1),
       (SELECT pg_catalog.array_agg(c.oid) FROM pg_catalog.pg_class c
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE (n.nspname, c.relname) IN (SELECT w.table_schema, w.table_name FROM health_crypto.watched_table w
                                           WHERE w.document = d.document AND w.part <> 'reference')
            OR (n.nspname = 'health_crypto' AND c.relname IN ('protected_document', 'watched_table'))),
       f.oid
  FROM health_crypto.protected_document d
  LEFT JOIN LATERAL (SELECT c.oid, c.relowner FROM pg_catalog.pg_class c
                       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                      WHERE n.nspname = d.root_schema AND c.relname = d.root_table) r ON true
  LEFT JOIN LATERAL (SELECT p.oid, p.proowner,
                            pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) AS name,
                            (SELECT pg_catalog.array_agg(a.name ORDER BY a.place)
                               FROM unnest(p.proargnames, p.proargmodes) WITH ORDINALITY a (name, mode, place)
                              WHERE a.mode = 't' AND a.name <> 'key') AS fields,
                            (SELECT pg_catalog.array_agg(a.type::regtype::text ORDER BY a.place)
                               FROM unnest(p.proallargtypes, p.proargmodes, p.proargnames)
                                    WITH ORDINALITY a (type, mode, name, place)
                              WHERE a.mode = 't' AND a.name <> 'key') AS types
                       FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
                      WHERE n.nspname = d.definition_schema AND p.proname = d.definition_name
                        AND p.pronargs = 2 AND p.proargtypes[1] = 'pg_catalog.text'::pg_catalog.regtype
                        AND p.proargtypes[0] = pg_catalog.to_regtype(d.key_type || '[]')) f ON true
  LEFT JOIN pg_catalog.pg_roles o ON o.oid = f.proowner
 WHERE d.document = $1
 GROUP BY d.document, f.oid, f.name, f.proowner, f.fields, f.types, r.oid, r.relowner
