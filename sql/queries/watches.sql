-- The tables that the definition of a document ($1) reads; the OID is NULL for a table that is gone.
SELECT w.table_schema::text, w.table_name::text, w.part, w.columns::text[], w.depth, w.link_column::text,
       w.parent_schema::text, w.parent_table::text, w.parent_column::text,
       (SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = w.table_schema AND c.relname = w.table_name)
  FROM health_crypto.watched_table w
 WHERE w.document = $1
 ORDER BY w.depth, w.table_schema, w.table_name
