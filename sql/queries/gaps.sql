-- Doors that are open: triggers that are missing or do not always fire, on the tables of protected documents, on those
-- with encrypted columns, on the partitions of both, and on the register itself; triggers of others on what the flush
-- writes; and what the extension's own tables rest on. What belongs to no document has none.
WITH ours AS (
    SELECT t.tgrelid AS relation, t.tgname AS name, t.tgenabled AS enabled, f.proname AS function
      FROM pg_catalog.pg_trigger t
      JOIN pg_catalog.pg_proc f ON f.oid = t.tgfoid
      JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace AND n.nspname = 'health_crypto'
), current AS (
    SELECT w.document, w.table_schema, w.table_name, w.columns, c.oid AS relation
      FROM health_crypto.protected_document d
      JOIN health_crypto.watched_table w ON (w.document, w.edition) = (d.document, d.edition)
      LEFT JOIN (pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace)
        ON n.nspname = w.table_schema AND c.relname = w.table_name
     WHERE w.part <> 'reference'
), watched AS (
    SELECT c.document, c.relation FROM current c WHERE c.relation IS NOT NULL
  UNION
    -- Tables of earlier definitions for the same root, as far as they are still there.
    SELECT w.document, c.oid
      FROM health_crypto.protected_document d
      JOIN health_crypto.watched_table r ON r.document = d.document AND r.part = 'root'
       AND (r.table_schema, r.table_name) = (d.root_schema, d.root_table)
      JOIN health_crypto.watched_table w ON (w.document, w.edition) = (r.document, r.edition) AND w.part <> 'reference'
      JOIN pg_catalog.pg_namespace n ON n.nspname = w.table_schema
      JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.table_name
), covered AS (
    SELECT w.document, w.relation, w.relation AS top FROM watched w
  UNION ALL
    SELECT w.document, t.relid::oid, w.relation
      FROM watched w
     CROSS JOIN LATERAL pg_catalog.pg_partition_tree(w.relation) t
     WHERE t.relid::oid <> w.relation
), encrypted AS (
    SELECT e.place, e.table_schema, e.table_name, e.column_name, c.oid AS relation
      FROM health_crypto.encrypted_column e
      LEFT JOIN (pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace)
        ON n.nspname = e.table_schema AND c.relname = e.table_name
), wanted (document, relation, top, function, name) AS (
    SELECT c.document, c.relation, c.top, pg_catalog.split_part(k.kind, '_', 1),
           'health_crypto_' || k.kind || '_' || c.document
      FROM covered c
     CROSS JOIN (VALUES ('guard_rows'), ('guard_update'), ('guard_truncate'),
                        ('keep_rows'), ('keep_update'), ('keep_truncate')) k (kind)
  UNION ALL
    SELECT NULL, t.relid::oid, e.relation, 'encrypt_written',
           'zz_health_crypto_encrypt_' || k.kind || '_' || pg_catalog.left(e.place, 8)
      FROM encrypted e
     -- Of a table without partitions there is no tree.
     CROSS JOIN LATERAL (SELECT p.relid FROM pg_catalog.pg_partition_tree(e.relation) p
                         UNION SELECT e.relation WHERE e.relation IS NOT NULL) t
     CROSS JOIN (VALUES ('insert'), ('update')) k (kind)
  UNION ALL
    SELECT NULL, 'health_crypto.register_entry'::pg_catalog.regclass, 'health_crypto.register_entry'::pg_catalog.regclass,
           'append_only', 'append_only'
  UNION ALL
    SELECT NULL, t.relation, t.relation, 'registrations_changed', 'registrations_changed'
      FROM (VALUES ('health_crypto.protected_document'::pg_catalog.regclass), ('health_crypto.definition'),
                   ('health_crypto.watched_table')) t (relation)
)
SELECT c.document, c.table_schema || '.' || c.table_name, 'missing table', 'the watched table is gone or was renamed'
  FROM current c WHERE c.relation IS NULL
UNION ALL
SELECT NULL, e.table_schema || '.' || e.table_name, 'missing table',
       'the table of the encrypted column ' || e.column_name || ' is gone or was renamed'
  FROM encrypted e WHERE e.relation IS NULL
UNION ALL
SELECT c.document, c.relation::pg_catalog.regclass::text, 'missing column', u.name
  FROM current c
 CROSS JOIN LATERAL pg_catalog.unnest(c.columns::text[]) u (name)
 WHERE c.relation IS NOT NULL
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = c.relation AND a.attname::text = u.name AND NOT a.attisdropped)
UNION ALL
SELECT DISTINCT c.document, c.relation::pg_catalog.regclass::text, 'subscribed table',
       'subscription ' || u.subname || ' writes it past the triggers'
  FROM covered c
  JOIN pg_catalog.pg_subscription_rel r ON r.srrelid IN (c.relation, c.top)
  JOIN pg_catalog.pg_subscription u ON u.oid = r.srsubid
UNION ALL
SELECT w.document, w.relation::pg_catalog.regclass::text,
       CASE WHEN o.name IS NULL AND w.relation <> w.top THEN 'unprotected partition'
            WHEN o.name IS NULL THEN 'missing trigger'
            WHEN o.enabled = 'D' THEN 'disabled trigger'
            WHEN o.enabled = 'R' THEN 'replica-only trigger'
            ELSE 'origin-only trigger' END,
       -- Origin-only is what a restore with --disable-triggers leaves behind, so here the remedy is said.
       w.name || CASE WHEN o.enabled = 'O' THEN ': call health_crypto.enable_triggers()' ELSE '' END
  FROM wanted w
  LEFT JOIN ours o ON o.relation = w.relation AND o.name = w.name AND o.function = w.function
 WHERE o.name IS NULL OR o.enabled <> 'A'
UNION ALL
SELECT w.document, w.relation::pg_catalog.regclass::text, 'narrow trigger',
       b.name::text || ' can change columns that no statement names: call health_crypto.enable_triggers()'
  FROM (SELECT DISTINCT c.document, c.top AS relation FROM covered c) w
 CROSS JOIN LATERAL health_crypto.before_triggers(w.relation) b (name)
 WHERE EXISTS (SELECT FROM pg_catalog.pg_trigger t
                WHERE t.tgrelid = w.relation AND pg_catalog.array_length(t.tgattr, 1) > 0
                  AND t.tgname IN ('health_crypto_guard_update_' || w.document, 'health_crypto_keep_update_' || w.document))
UNION ALL
SELECT NULL, 'health_crypto_tables_changed', CASE WHEN e.evtenabled IS NULL THEN 'missing trigger'
            WHEN e.evtenabled = 'D' THEN 'disabled trigger'
            WHEN e.evtenabled = 'R' THEN 'replica-only trigger'
            ELSE 'origin-only trigger' END,
       'event trigger of the database'
  FROM (VALUES ('health_crypto_tables_changed')) w (name)
  LEFT JOIN pg_catalog.pg_event_trigger e
    ON e.evtname = w.name AND e.evtfoid = pg_catalog.to_regprocedure('health_crypto.tables_changed()')
 WHERE e.evtenabled IS DISTINCT FROM 'A'
UNION ALL
-- The flush stores digests as the root's owner, so a trigger there runs with his rights. PostgreSQL lets whoever has the
-- right TRIGGER create one.
SELECT d.document, t.tgrelid::pg_catalog.regclass::text, 'foreign trigger',
       t.tgname::text || ', which calls a function of ' || o.rolname::text
  FROM health_crypto.protected_document d
  JOIN pg_catalog.pg_namespace n ON n.nspname = d.root_schema
  JOIN pg_catalog.pg_class r ON r.relnamespace = n.oid AND r.relname = d.root_table
  JOIN (SELECT DISTINCT c.top, c.relation FROM covered c) c ON c.top = r.oid
  JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.relation AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgparentid = 0
  JOIN pg_catalog.pg_proc f ON f.oid = t.tgfoid AND f.proowner <> r.relowner
  JOIN pg_catalog.pg_roles o ON o.oid = f.proowner AND NOT o.rolsuper
UNION ALL
SELECT NULL, 'health_crypto_registrar', 'usable registrar', x.detail
  FROM pg_catalog.pg_roles r
 CROSS JOIN LATERAL (
       SELECT 'it can log in' WHERE r.rolcanlogin
     UNION ALL SELECT 'it is a superuser' WHERE r.rolsuper
     UNION ALL SELECT 'member: ' || u.rolname::text
                 FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles u ON u.oid = m.member
                WHERE m.roleid = r.oid AND NOT u.rolsuper) x (detail)
 WHERE r.rolname = 'health_crypto_registrar'
UNION ALL
SELECT NULL, c.oid::pg_catalog.regclass::text, 'writable table',
       pg_catalog.string_agg(DISTINCT a.privilege_type, ', ') || ' to '
           || CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::pg_catalog.regrole::text END
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'health_crypto'
 CROSS JOIN LATERAL (
       SELECT x.grantee, x.privilege_type FROM pg_catalog.aclexplode(c.relacl) x
     UNION ALL
       SELECT x.grantee, x.privilege_type
         FROM pg_catalog.pg_attribute t CROSS JOIN LATERAL pg_catalog.aclexplode(t.attacl) x
        WHERE t.attrelid = c.oid AND t.attnum > 0 AND NOT t.attisdropped) a
 WHERE a.grantee <> c.relowner AND a.privilege_type <> 'SELECT'
 GROUP BY c.oid, a.grantee
UNION ALL
SELECT NULL, 'health_crypto.' || c.relname::text, 'not the registrar''s', 'owner: ' || c.relowner::pg_catalog.regrole::text
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'health_crypto'
 WHERE c.relkind IN ('r', 'v', 'S') AND c.relowner <> pg_catalog.to_regrole('health_crypto_registrar')::oid
UNION ALL
-- The maintenance door, where it stands open for more than a session.
SELECT NULL, COALESCE(r.rolname::text, b.datname::text, 'the server'), 'open maintenance door', 'health_crypto.enforcement is record'
  FROM pg_catalog.pg_db_role_setting s
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
  LEFT JOIN pg_catalog.pg_database b ON b.oid = s.setdatabase
 WHERE s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()))
   AND 'health_crypto.enforcement=record' = ANY (s.setconfig)
UNION ALL
SELECT NULL, 'the server', 'open maintenance door', 'health_crypto.enforcement is record'
  FROM pg_catalog.pg_settings s
 WHERE s.name = 'health_crypto.enforcement' AND s.reset_val = 'record' AND s.source IN ('configuration file', 'command line')
UNION ALL
-- What import_certificate() and remove_certificate() left, against what is there.
SELECT NULL, 'health_crypto.certificate', CASE WHEN c.fingerprint IS NULL THEN 'missing certificate' ELSE 'changed certificate' END,
       COALESCE(c.fingerprint, e.signer)
  FROM (SELECT DISTINCT ON (r.signer) r.signer, r.digest FROM health_crypto.register_entry r
         WHERE r.event = 'certificate' ORDER BY r.signer, r.entry DESC) e
  FULL JOIN health_crypto.certificate c ON c.fingerprint = e.signer
 WHERE CASE WHEN c.fingerprint IS NULL THEN e.digest IS NOT NULL
            ELSE health_crypto.certificate_digest(c.certificate, c.documents) IS DISTINCT FROM e.digest END
 ORDER BY 1, 2, 3, 4
