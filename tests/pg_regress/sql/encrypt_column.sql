-- Encrypted columns: whatever writes, what is stored is encrypted, bound to its row, and only the recipients read it.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
SET client_min_messages = warning;
CREATE TABLE keys (name text PRIMARY KEY, value text);
GRANT SELECT ON keys TO regress_owner, regress_writer, regress_reader;
\set value `cat $PG_ABS_SRCDIR/data/laboratory.secret.asc`
INSERT INTO keys VALUES ('laboratory', :'value');
\set value `cat $PG_ABS_SRCDIR/data/recovery.secret.asc`
INSERT INTO keys VALUES ('recovery', :'value');
CREATE FUNCTION key(text) RETURNS text LANGUAGE sql AS 'SELECT value FROM public.keys WHERE name = $1';
\set ward `cat $PG_ABS_SRCDIR/data/ward.asc`
\set laboratory `cat $PG_ABS_SRCDIR/data/laboratory.asc`
\set recovery `cat $PG_ABS_SRCDIR/data/recovery.asc`
\set lapsed `cat $PG_ABS_SRCDIR/data/lapsed.asc`
SELECT health_crypto.import_certificate(:'ward'::text, '{}') AS ward \gset
SELECT health_crypto.import_certificate(:'laboratory'::text, '{}') AS laboratory \gset
SELECT health_crypto.import_certificate(:'recovery'::text, '{}') AS recovery \gset
SELECT health_crypto.import_certificate(:'lapsed'::text, '{}') AS lapsed \gset
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA health_crypto TO regress_owner;
RESET client_min_messages;
SET ROLE regress_owner;
CREATE TABLE finding (id serial PRIMARY KEY, code text UNIQUE, note text, other text, CONSTRAINT c CHECK (note <> ''));
GRANT SELECT, INSERT, UPDATE, DELETE ON finding TO regress_writer;
GRANT USAGE ON SEQUENCE finding_id_seq TO regress_writer;
GRANT SELECT ON finding TO regress_reader;
INSERT INTO finding (code, note) VALUES ('A', 'old finding'), ('B', NULL), ('C', 'another old finding');
\set ECHO all
\set VERBOSITY default
\set SHOW_CONTEXT never
-- A column that cannot be encrypted is said to be one, and nothing is changed.
CREATE TABLE odd (id int PRIMARY KEY, n int, s varchar(20), g text GENERATED ALWAYS AS ('x') STORED, u text UNIQUE, e text,
                  f text REFERENCES finding (code));
CREATE INDEX ON odd (lower(e));
CREATE TABLE keyless (note text);
CREATE TABLE parent (id int PRIMARY KEY, note text);
CREATE TABLE child () INHERITS (parent);
ALTER TABLE child ADD PRIMARY KEY (id);
SELECT health_crypto.encrypt_column('odd', 'n', ARRAY[:'ward']);
SELECT health_crypto.encrypt_column('odd', 's', ARRAY[:'ward']);
SELECT health_crypto.encrypt_column('odd', 'g', ARRAY[:'ward']);
SELECT health_crypto.encrypt_column('odd', 'u', ARRAY[:'ward']);
SELECT health_crypto.encrypt_column('odd', 'e', ARRAY[:'ward']);
SELECT health_crypto.encrypt_column('odd', 'f', ARRAY[:'ward']);
SELECT health_crypto.encrypt_column('odd', 'id', ARRAY[:'ward']);
SELECT health_crypto.encrypt_column('odd', 'x', ARRAY[:'ward']);
SELECT health_crypto.encrypt_column('keyless', 'note', ARRAY[:'ward']);
SELECT health_crypto.encrypt_column('parent', 'note', ARRAY[:'ward']);
SELECT health_crypto.encrypt_column('child', 'note', ARRAY[:'ward']);
SELECT health_crypto.encrypt_column('finding', 'note', ARRAY[:'lapsed']);
SELECT health_crypto.encrypt_column('finding', 'note', '{}');
SELECT health_crypto.encrypt_column('pg_class', 'relname', ARRAY[:'ward']);
SELECT count(*) AS triggers FROM pg_trigger WHERE tgname LIKE 'zz_health%';
-- Encrypted, with the hospital's recovery key as a reader that is always there. What is stored already stays, for now.
SELECT health_crypto.encrypt_column('finding', 'note', ARRAY['laboratory@example.org'], recovery => ARRAY[:'recovery']);
SELECT id, note ~ '^-----BEGIN PGP MESSAGE' AS encrypted FROM finding ORDER BY id;
-- Whatever writes: INSERT, UPDATE, COPY, MERGE, upserts, another BEFORE trigger.
SET ROLE regress_writer;
INSERT INTO finding (code, note) VALUES ('D', 'inserted');
UPDATE finding SET note = 'updated' WHERE code = 'B';
COPY finding (code, note) FROM STDIN;
E	copied
F	\N
\.
MERGE INTO finding f USING (VALUES ('B', 'merged'), ('G', 'merged, new')) v (code, note) ON f.code = v.code
 WHEN MATCHED THEN UPDATE SET note = v.note WHEN NOT MATCHED THEN INSERT (code, note) VALUES (v.code, v.note);
-- The row that is there has another key than the one the sequence gave for the row that was to be inserted.
INSERT INTO finding (code, note) VALUES ('D', 'upserted'), ('H', 'upserted, new')
    ON CONFLICT (code) DO UPDATE SET note = EXCLUDED.note;
SELECT code, note ~ '^-----BEGIN PGP MESSAGE' AS encrypted,
       CASE WHEN note LIKE '-----%' THEN health_crypto.decrypt_column('finding', 'note', id, key('laboratory'), '') END AS note
  FROM finding ORDER BY code;
-- The recovery key reads it too, nobody else does, and decrypt() does not ask for the place.
SELECT health_crypto.decrypt_column('finding', 'note', id, key('recovery'), ''), health_crypto.decrypt(note, key('recovery'), '')
  FROM finding WHERE code = 'E';
-- A message that was moved to another row is noticed.
UPDATE finding SET note = (SELECT note FROM finding WHERE code = 'D') WHERE code = 'E';
SELECT health_crypto.decrypt_column('finding', 'note', id, key('laboratory'), '') FROM finding WHERE code = 'E';
SELECT health_crypto.decrypt(note, key('laboratory'), '') FROM finding WHERE code = 'E';
-- So is one that was written without a place; message_place() is for clients that encrypt by themselves.
UPDATE finding SET note = health_crypto.encrypt('from a client', ARRAY[:'laboratory', :'recovery']) WHERE code = 'E';
SELECT health_crypto.decrypt_column('finding', 'note', id, key('laboratory'), '') FROM finding WHERE code = 'E';
SELECT health_crypto.message_place('finding', 'note', '6') ~ '^health_crypto:[0-9a-f]{64}$' AS place,
       health_crypto.message_place('finding', 'note', '6') = health_crypto.message_place('finding', 'note', '7') AS same;
-- Moved to another column of the same row, it is noticed too.
RESET ROLE;
SET ROLE regress_owner;
SELECT health_crypto.encrypt_column('finding', 'other', ARRAY['laboratory@example.org'], recovery => ARRAY[:'recovery']);
RESET ROLE;
SET ROLE regress_writer;
UPDATE finding SET other = note WHERE code = 'D';
SELECT health_crypto.decrypt_column('finding', 'note', id, key('laboratory'), '') FROM finding WHERE code = 'D';
SELECT health_crypto.decrypt_column('finding', 'other', id, key('laboratory'), '') FROM finding WHERE code = 'D';
RESET ROLE;
SET ROLE regress_owner;
SELECT health_crypto.unencrypt_column('finding', 'other');
UPDATE finding SET other = NULL;
SET ROLE regress_writer;
-- A message to others is refused; a text that only looks like a message is a text.
UPDATE finding SET note = health_crypto.encrypt('to the ward', ARRAY[:'ward']) WHERE code = 'E';
UPDATE finding SET note = health_crypto.encrypt('to one more', ARRAY[:'laboratory', :'recovery', :'ward']) WHERE code = 'E';
UPDATE finding SET note = health_crypto.encrypt('to one less', ARRAY[:'laboratory']) WHERE code = 'E';
UPDATE finding SET note = E'-----BEGIN PGP MESSAGE-----\n\nhello' WHERE code = 'E';
SELECT health_crypto.decrypt_column('finding', 'note', id, key('laboratory'), '') FROM finding WHERE code = 'E';
-- The key of a row cannot change while its message stays.
UPDATE finding SET id = 100 WHERE code = 'E';
UPDATE finding SET id = 100, note = 'moved with its text' WHERE code = 'E';
SELECT health_crypto.decrypt_column('finding', 'note', 100, key('laboratory'), '');
UPDATE finding SET id = 101 WHERE code = 'F';
-- A write that leaves the column alone leaves the message alone.
CREATE TEMP TABLE before AS SELECT * FROM finding;
UPDATE finding SET other = 'x', note = note;
SELECT count(*) AS changed FROM finding f JOIN before b ON b.code = f.code AND b.note IS DISTINCT FROM f.note;
-- Another BEFORE trigger that puts clear text in comes first, whatever the statement names.
RESET ROLE;
SET ROLE regress_owner;
CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := 'meddled'; RETURN NEW; END $$;
CREATE TRIGGER meddle BEFORE UPDATE ON finding FOR EACH ROW WHEN (NEW.code = 'H') EXECUTE FUNCTION meddle();
UPDATE finding SET other = 'y' WHERE code = 'H';
SELECT health_crypto.decrypt_column('finding', 'note', id, key('laboratory'), ''), note ~ 'meddled' AS clear FROM finding WHERE code = 'H';
DROP TRIGGER meddle ON finding;
-- session_replication_role does not get past it.
RESET ROLE;
SET session_replication_role = replica;
INSERT INTO finding (code, note) VALUES ('R', 'as a replica');
SELECT note ~ '^-----BEGIN PGP MESSAGE' AS encrypted FROM finding WHERE code = 'R';
RESET session_replication_role;
-- What is there already is encrypted on demand.
SET ROLE regress_owner;
SELECT * FROM health_crypto.reencrypt('finding', 'note');
SELECT health_crypto.encrypt_column('finding', 'note', ARRAY['laboratory@example.org'], encrypt_existing => true);
SELECT code, health_crypto.decrypt_column('finding', 'note', id, key('laboratory'), '') FROM finding WHERE code IN ('A', 'C') ORDER BY code;
SELECT state, rows FROM health_crypto.reencrypt('finding', 'note');
-- Another recipient: the recovery key stays without being named. What is stored is for those of before, until it is encrypted
-- anew with a key that reads it.
SELECT health_crypto.encrypt_column('finding', 'note', ARRAY['ward3@example.org']);
INSERT INTO finding (code, note) VALUES ('I', 'for the ward');
SELECT state, readers = CASE state WHEN 'current' THEN ARRAY(SELECT unnest(ARRAY[:'ward', :'recovery']) ORDER BY 1)
                                   ELSE ARRAY(SELECT unnest(ARRAY[:'laboratory', :'recovery']) ORDER BY 1) END AS as_expected, rows
  FROM health_crypto.reencrypt('finding', 'note');
UPDATE finding SET note = (SELECT note FROM finding WHERE code = 'D') WHERE code = 'C';
ALTER TABLE finding DISABLE TRIGGER USER;
UPDATE finding SET note = (SELECT note FROM finding WHERE code = 'D') WHERE code = 'C';
ALTER TABLE finding ENABLE TRIGGER USER;
SELECT state, rows FROM health_crypto.reencrypt('finding', 'note', key('laboratory'));
SELECT health_crypto.decrypt_column('finding', 'note', id, key('laboratory'), '') FROM finding WHERE code = 'D';
SELECT health_crypto.decrypt_column('finding', 'note', id, key('recovery'), '') FROM finding WHERE code = 'D';
-- Renamed: the column is found by its trigger.
SET client_min_messages = warning;
SELECT health_crypto.encrypt_column('finding', 'note', ARRAY['laboratory@example.org'], recovery => '{}');
ALTER TABLE finding RENAME TO result;
INSERT INTO result (code, note) VALUES ('J', 'after a rename');
SELECT health_crypto.decrypt_column('result', 'note', id, key('laboratory'), '') FROM result WHERE code = 'J';
ALTER TABLE result RENAME note TO remark;
INSERT INTO result (code, remark) VALUES ('K', 'not written');
SELECT health_crypto.encrypt_column('result', 'remark', ARRAY['laboratory@example.org']);
INSERT INTO result (code, remark) VALUES ('K', 'written');
SELECT code, health_crypto.decrypt_column('result', 'remark', id, key('laboratory'), '') FROM result WHERE code IN ('J', 'K') ORDER BY code;
RESET ROLE;
SELECT table_name, column_name, key_column, recipients = ARRAY[:'laboratory'] AS recipients, recovery, encrypted_by FROM health_crypto.encrypted_column;
SELECT event, regexp_replace(regexp_replace(reason, '[0-9A-F]{40}', 'FINGERPRINT', 'g'), '[0-9a-f-]{36}$', 'ID') AS reason, by FROM health_crypto.register WHERE event = 'protection' ORDER BY entry;
-- A recipient that is gone from the keyring stops the writing, not the encrypting.
BEGIN;
DELETE FROM health_crypto.certificate WHERE fingerprint = :'laboratory';
INSERT INTO result (code, remark) VALUES ('L', 'x');
ROLLBACK;
-- Who may not.
SET ROLE regress_reader;
SELECT health_crypto.encrypt_column('result', 'remark', ARRAY['ward3@example.org']);
SELECT health_crypto.reencrypt('result', 'remark');
SELECT health_crypto.decrypt_column('result', 'remark', 1, key('laboratory'), '') IS NOT NULL AS reads;
SELECT health_crypto.decrypt_column('result', 'remark', 99999, key('laboratory'), '');
SELECT health_crypto.decrypt_column('result', 'remark', 'x', key('laboratory'), '');
SELECT health_crypto.decrypt_column('result', 'other', 1, key('laboratory'), '');
RESET ROLE;
GRANT EXECUTE ON FUNCTION health_crypto.encrypt_column(regclass, name, text[], boolean, text[]) TO regress_outsider;
SET ROLE regress_outsider;
SELECT health_crypto.encrypt_column('result', 'remark', ARRAY['ward3@example.org']);
SELECT health_crypto.decrypt_column('result', 'remark', 1, '9:' || repeat('00', 32));
RESET ROLE;
-- Partitions.
SET ROLE regress_owner;
CREATE TABLE visit (id int, day date, note text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM (0) TO (100);
SELECT health_crypto.encrypt_column('visit', 'note', ARRAY['laboratory@example.org']);
CREATE TABLE visit_2 PARTITION OF visit FOR VALUES FROM (100) TO (200);
INSERT INTO visit VALUES (1, '2026-01-05', 'first'), (101, '2026-01-05', 'second');
INSERT INTO visit_1 VALUES (2, '2026-01-05', 'third');
SELECT id, health_crypto.decrypt_column('visit', 'note', id, key('laboratory'), '') FROM visit ORDER BY id;
SELECT tgrelid::regclass, tgenabled, count(*) FROM pg_trigger WHERE tgname LIKE 'zz_health%' AND tgrelid::regclass::text LIKE 'visit%' GROUP BY 1, 2 ORDER BY 1;
-- A digested column: what is digested is what is stored, the message; a sealed document keeps its messages as they are.
CREATE TABLE report (id int PRIMARY KEY, note text, state text, document_digest text, serializer text);
CREATE FUNCTION report_1(keys int[], language text) RETURNS TABLE (key int, "Note" text) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT r.id, r.note FROM report r WHERE r.id = ANY (keys); END;
INSERT INTO report (id, note) VALUES (1, 'clear when sealed');
SELECT health_crypto.protect('report', 'report', 'report_1(int[], text)', signature_column => NULL, state_column => 'state', sealed_states => '{sealed}');
UPDATE report SET state = 'sealed';
SELECT health_crypto.encrypt_column('report', 'note', ARRAY['laboratory@example.org'], encrypt_existing => true);
SELECT count(*) AS triggers FROM pg_trigger WHERE tgname LIKE 'zz_health%' AND tgrelid = 'report'::regclass;
SELECT health_crypto.encrypt_column('report', 'note', ARRAY['laboratory@example.org']);
INSERT INTO report (id, note) VALUES (2, 'encrypted, then sealed');
UPDATE report SET state = 'sealed' WHERE id = 2;
SELECT key, ok, content FROM health_crypto.verify_all('report') ORDER BY key;
SELECT serializer = health_crypto.canonicalize(json_build_object('Note', note), 'jcs-1') AS of_the_message,
       document_digest = encode(sha512(convert_to(serializer, 'UTF8')), 'hex') AS digested,
       health_crypto.decrypt_column('report', 'note', 2, key('laboratory'), '') FROM report WHERE id = 2;
SELECT health_crypto.encrypt_column('report', 'note', ARRAY['ward3@example.org']);
SELECT * FROM health_crypto.reencrypt('report', 'note', key('laboratory'));
UPDATE report SET note = 'changed' WHERE id = 2;
SELECT health_crypto.encrypt_column('report', 'note', ARRAY['laboratory@example.org']);
-- A sealed copy for outside.
SELECT health_crypto.decrypt(health_crypto.encrypt_document('report', 2, ARRAY['laboratory@example.org']), key('laboratory'), '')
       = serializer || E'\n' || document_digest || E'\n' AS copy FROM report WHERE id = 2;
SELECT health_crypto.encrypt_document('report', 99, ARRAY['laboratory@example.org']);
SELECT health_crypto.encrypt_document('report', 2, ARRAY['nobody@example.org']);
SET ROLE regress_outsider;
SELECT health_crypto.encrypt_document('report', 2, ARRAY['laboratory@example.org']);
SET ROLE regress_owner;
-- No more: what is encrypted stays so.
SELECT health_crypto.unencrypt_column('result', 'remark');
INSERT INTO result (code, remark) VALUES ('Z', 'clear again');
SELECT remark FROM result WHERE code = 'Z';
SELECT health_crypto.decrypt(remark, key('laboratory'), '') FROM result WHERE code = 'K';
SELECT health_crypto.unencrypt_column('result', 'remark');
SELECT health_crypto.decrypt_column('result', 'remark', 1, key('laboratory'), '');
-- A trigger of ours that encrypt_column() did not make does nothing but raise.
CREATE TABLE stray (id int, note text);
CREATE TRIGGER stray BEFORE INSERT ON stray FOR EACH ROW EXECUTE FUNCTION health_crypto.encrypt_written('x', 'note');
INSERT INTO stray VALUES (1, 'x');
CREATE TRIGGER stray_after AFTER UPDATE ON stray FOR EACH ROW EXECUTE FUNCTION health_crypto.encrypt_written('x', 'note');
DROP TRIGGER stray ON stray;
INSERT INTO stray VALUES (1, 'x');
UPDATE stray SET id = 2;
SELECT health_crypto.encrypt_written();
RESET ROLE;
SET client_min_messages = warning;
SELECT health_crypto.unprotect('report');
DROP OWNED BY regress_owner, regress_outsider CASCADE;
GRANT CREATE, USAGE ON SCHEMA public TO regress_owner;
