-- Hostile values in rows of protected tables and in the extension's own tables, and trigger functions in shapes that
-- protect() and encrypt_column() do not make. Every outcome goes to `call`, as those of calls.sql do.

-- What is written to a document and its lines. Size as in setup.sql.
SELECT format('CALL one(%L, %L, %L)', 'row of doc', h.label,
              format('INSERT INTO doc (id, title) VALUES (100, %s); SET CONSTRAINTS ALL IMMEDIATE; SELECT * FROM health_crypto.verify(''doc'', 100)', h.expression))
  FROM hostile_text h WHERE h.size <= :most ORDER BY h.size, h.label
\gexec
SELECT format('CALL one(%L, %L, %L)', 'row of line', h.label,
              format('INSERT INTO line (id, doc, txt) VALUES (100, 2, %s); SET CONSTRAINTS ALL IMMEDIATE; SELECT * FROM health_crypto.verify(''doc'', 2)', h.expression))
  FROM hostile_text h WHERE h.size <= least(:most, 1) ORDER BY h.size, h.label
\gexec
SELECT format('CALL one(%L, %L, %L)', 'number of doc', h.label,
              format('INSERT INTO doc (id, w) VALUES (100, %s); SET CONSTRAINTS ALL IMMEDIATE; SELECT * FROM health_crypto.verify(''doc'', 100)', h.expression))
  FROM hostile h WHERE h.type = 'double precision'
\gexec
SELECT format('CALL one(%L, %L, %L)', 'time of doc', h.label,
              format('INSERT INTO doc (id, at) VALUES (100, %s); SET CONSTRAINTS ALL IMMEDIATE; SELECT * FROM health_crypto.verify(''doc'', 100)', h.expression))
  FROM hostile h WHERE h.type = 'timestamp without time zone'
\gexec
-- What is stored as a signature, or brought as text and digest.
SELECT format('CALL one(%L, %L, %L)', 'signature of doc', h.label,
              format('UPDATE doc SET digital_signature = %s WHERE id = 2; SET CONSTRAINTS ALL IMMEDIATE; SELECT * FROM health_crypto.verify(''doc'', 2)', h.expression))
  FROM hostile_text h WHERE h.size <= :most ORDER BY h.size, h.label
\gexec
SELECT format('CALL one(%L, %L, %L)', 'text of doc', h.label,
              format('UPDATE doc SET serializer = %s, state = ''done'' WHERE id = 2; SET CONSTRAINTS ALL IMMEDIATE; SELECT * FROM health_crypto.verify(''doc'', 2)', h.expression))
  FROM hostile_text h WHERE h.size <= least(:most, 1) ORDER BY h.size, h.label
\gexec
SELECT format('CALL one(%L, %L, %L)', 'text of doc, triggers off', h.label,
              format('ALTER TABLE doc DISABLE TRIGGER USER; UPDATE doc SET serializer = %1$s, document_digest = %1$s, digital_signature = %1$s WHERE id = 1; SELECT * FROM health_crypto.verify(''doc'', 1); SELECT health_crypto.evidence(''doc'', 1)', h.expression))
  FROM hostile_text h WHERE h.size <= least(:most, 1) ORDER BY h.size, h.label
\gexec
-- Encrypted columns.
SELECT format('CALL one(%L, %L, %L)', 'encrypted column', h.label,
              format('UPDATE doc SET note = %s WHERE id = 2; SELECT health_crypto.decrypt_column(''doc'', ''note'', 2, material(''key without passphrase''), '''')', h.expression))
  FROM hostile_text h WHERE h.size <= :most ORDER BY h.size, h.label
\gexec
-- What would become longer than a value can be: refused before it is written. Its field is not in an index.
DROP INDEX doc_title;
CALL one('limit', 'repr() of 270 MB', $$SELECT health_crypto.python_repr(repeat(repeat(chr(1), 100000), 2700))$$);
-- (Writing it takes most of a minute.)
SELECT $call$CALL one('limit', 'a field of 140 MB', $$INSERT INTO doc (id, title) VALUES (100, repeat(repeat(chr(1), 100000), 1400)); SET CONSTRAINTS ALL IMMEDIATE$$)$call$ WHERE :most > 0
\gexec
CALL one('encrypted column', 'a row without key', $$INSERT INTO doc (id, note) VALUES (NULL, 'x')$$);
CALL one('encrypted column', 'its column gone', $$ALTER TABLE doc RENAME note TO other; UPDATE doc SET other = 'x' WHERE id = 2$$);
CALL one('encrypted column', 'its type changed', $$ALTER TABLE doc ALTER note TYPE varchar(10) USING 'x'; UPDATE doc SET note = 'y' WHERE id = 2$$);
CALL one('document', 'its primary key gone', $$ALTER TABLE line DROP CONSTRAINT line_doc_fkey; ALTER TABLE doc DROP CONSTRAINT doc_pkey; ALTER TABLE doc ALTER id DROP NOT NULL;
    INSERT INTO doc (id, title) VALUES (NULL, 'x'); SET CONSTRAINTS ALL IMMEDIATE$$);
CALL one('document', 'its definition gone', $$DROP FUNCTION def(int[], text); UPDATE doc SET title = 'x' WHERE id = 2; SET CONSTRAINTS ALL IMMEDIATE$$);
CALL one('document', 'its table gone', $$DROP TABLE doc CASCADE; SELECT count(*) FROM health_crypto.verify_all()$$);
CALL one('document', 'its digest column gone', $$ALTER TABLE doc DROP document_digest CASCADE; SELECT count(*) FROM health_crypto.verify_all()$$);
CALL one('document', 'its state of another type', $$ALTER TABLE doc ALTER state TYPE int USING 1; UPDATE doc SET title = 'x' WHERE id = 2; SET CONSTRAINTS ALL IMMEDIATE$$);

-- The extension's tables, edited by a superuser: each column of each set to each hostile value that it takes, then asked.
CREATE PROCEDURE tampered(relation regclass, attribute text, its_type text, every boolean) LANGUAGE plpgsql AS $$
DECLARE
    h record; asked text;
BEGIN
    FOR h IN SELECT v.label, v.expression FROM hostile v
              WHERE v.size = 0 AND (every OR v.label = ANY ('{null,empty,quote,other document,null element,"two dimensions",zero,least,infinity,"zero byte",false}'))
                AND v.type = CASE WHEN its_type IN ('name', 'text') THEN 'text' WHEN its_type = 'name[]' THEN 'text[]' ELSE its_type END LOOP
        FOREACH asked IN ARRAY ARRAY[
            $q$SELECT count(*) FROM health_crypto.verify_all()$q$, $q$SELECT count(*) FROM health_crypto.protection_gaps()$q$,
            $q$UPDATE doc SET title = title || 'x', note = 'y' WHERE id = 2; SET CONSTRAINTS ALL IMMEDIATE$q$,
            $q$SELECT health_crypto.evidence('doc', 1), (SELECT count(*) FROM health_crypto.certificates), (SELECT count(*) FROM health_crypto.signers('doc', 1))$q$,
            $q$SELECT health_crypto.encrypt('x', ARRAY['ward3@example.org']), (SELECT count(*) FROM health_crypto.reencrypt('doc', 'note'))$q$,
            $q$SELECT count(*) FROM health_crypto.adopt()$q$, $q$SELECT health_crypto.reopen('doc', 1, 'x')$q$]
        LOOP
            CALL one('tampered ' || relation, attribute || ': ' || h.label,
                     format('SET LOCAL session_replication_role = replica; ALTER TABLE %1$s DISABLE TRIGGER USER; UPDATE %1$s SET %2$I = (%3$s)::%4$s; ',
                            relation, attribute, h.expression, its_type) || asked);
        END LOOP;
    END LOOP;
END $$;
SELECT format('CALL tampered(%L, %L, %L, %L)', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), :most > 0)
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
 WHERE c.relnamespace = 'health_crypto'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
   AND (:most > 0 OR c.relname IN ('protected_document', 'definition', 'watched_table', 'register_entry', 'certificate', 'encrypted_column'))
 ORDER BY c.relname, a.attnum
\gexec

-- Trigger functions, by anybody who may create a trigger, in every shape and with every kind of argument.
SELECT format('CALL one(%L, %L, %L)', f.name || ' as a trigger', concat_ws(' ', t.timing, e.event, l.level, 'arguments ' || a.arguments),
              format('CREATE TRIGGER zz_odd %s %s ON %s FOR EACH %s EXECUTE FUNCTION health_crypto.%s(%s); %s',
                     t.timing, e.event, CASE t.timing WHEN 'INSTEAD OF' THEN 'seen' ELSE b.relation END, l.level, f.name, a.arguments,
                     CASE e.event WHEN 'TRUNCATE' THEN format('TRUNCATE %s CASCADE', b.relation)
                                  WHEN 'INSERT' THEN format('INSERT INTO %s (%s) SELECT 77', CASE t.timing WHEN 'INSTEAD OF' THEN 'seen' ELSE b.relation END, b.first)
                                  WHEN 'UPDATE' THEN format('UPDATE %1$s SET %2$s = %2$s', CASE t.timing WHEN 'INSTEAD OF' THEN 'seen' ELSE b.relation END, b.first)
                                  ELSE format('DELETE FROM %s', CASE t.timing WHEN 'INSTEAD OF' THEN 'seen' ELSE b.relation END) END))
  FROM (SELECT proname AS name FROM pg_proc WHERE pronamespace = 'health_crypto'::regnamespace AND prorettype = 'trigger'::regtype) f
 CROSS JOIN unnest('{BEFORE,AFTER,"INSTEAD OF"}'::text[]) t (timing)
 CROSS JOIN unnest('{INSERT,UPDATE,DELETE,TRUNCATE}'::text[]) e (event)
 CROSS JOIN unnest('{ROW,STATEMENT}'::text[]) l (level)
 CROSS JOIN (VALUES ($$$$), ($$'doc'$$), ($$'doc', 'public', 'doc'$$), ($$'', '', ''$$), ($$'doc', 'public', 'line', 'x', 'y'$$), ($$'note', repeat$$)) a (arguments)
 CROSS JOIN (VALUES ('doc', 'id'), ('line', 'id'), ('keyless', 'note'), ('parted', 'id')) b (relation, first)
\gexec
