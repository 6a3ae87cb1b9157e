-- The tables that the definitions of a document ($1) read, edition by edition; the OID is NULL for a table that is gone.
SELECT w.edition, w.table_schema::text, w.table_name::text, w.part, pg_catalog.array_remove(w.columns, NULL)::text[], w.depth, w.link_column::text,
       w.parent_schema::text, w.parent_table::text, w.parent_column::text, c.oid,
       ARRAY(SELECT u.name::text FROM pg_catalog.unnest(w.columns) WITH ORDINALITY u (name, place)
              WHERE EXISTS (SELECT FROM pg_catalog.pg_attribute a
                             WHERE a.attrelid = c.oid AND a.attname = u.name AND NOT a.attisdropped)
              ORDER BY u.place)
  FROM health_crypto.watched_table w
  LEFT JOIN (pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace)
    ON n.nspname = w.table_schema AND c.relname = w.table_name
 WHERE w.document = $1
 ORDER BY w.edition, w.depth, w.table_schema, w.table_name
