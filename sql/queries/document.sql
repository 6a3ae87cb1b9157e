-- One registered document ($1), resolved against the catalogue. Columns 13 and 14 are NULL if its root table is gone.
SELECT d.root_schema::text, d.root_table::text, d.key_column::text, d.key_type, d.edition,
       d.digest_column::text, d.serializer_column::text, d.signature_column::text, d.state_column::text,
       pg_catalog.array_remove(d.sealed_states, NULL), d.on_alteration, d.on_unverified_signature, r.oid, r.relowner,
       (SELECT w.table_schema::text FROM health_crypto.watched_table w
         WHERE w.document = d.document AND w.edition = d.edition AND w.table_name = 'ir_translation' LIMIT 1),
       (SELECT pg_catalog.array_agg(c.oid) FROM pg_catalog.pg_class c
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE (n.nspname, c.relname) IN (SELECT w.table_schema, w.table_name FROM health_crypto.watched_table w
                                           WHERE w.document = d.document AND w.part <> 'reference')
            OR (n.nspname = 'health_crypto' AND c.relname IN ('protected_document', 'definition', 'watched_table')))
  FROM health_crypto.protected_document d
  LEFT JOIN LATERAL (SELECT c.oid, c.relowner FROM pg_catalog.pg_class c
                       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                      WHERE n.nspname = d.root_schema AND c.relname = d.root_table) r ON true
 WHERE d.document = $1
