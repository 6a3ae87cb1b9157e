-- One registered document ($1), resolved against the catalogue. Columns 13 and 14 are NULL if its root table is gone.
SELECT d.root_schema::text, d.root_table::text, d.key_column::text, d.key_type, d.edition,
       d.digest_column::text, d.serializer_column::text, d.signature_column::text, d.state_column::text,
       pg_catalog.array_remove(d.sealed_states, NULL), d.on_alteration, d.on_unverified_signature, r.oid, r.relowner,
       ARRAY['health_crypto.protected_document', 'health_crypto.definition', 'health_crypto.watched_table'
            ]::pg_catalog.regclass[]::oid[]
  FROM health_crypto.protected_document d
  LEFT JOIN LATERAL (SELECT c.oid, c.relowner FROM pg_catalog.pg_class c
                       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                      WHERE n.nspname = d.root_schema AND c.relname = d.root_table) r ON true
 WHERE d.document = $1
