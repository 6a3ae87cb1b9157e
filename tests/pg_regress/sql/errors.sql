-- SQLSTATEs and hints of misuse; nothing is changed by any of it.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\i `echo $PG_ABS_SRCDIR/fixtures/gnuhealth.sql`
SET client_min_messages = warning;
\set ECHO all
SELECT health_crypto.verify('prescription', 1);
SELECT * FROM health_crypto.verify_all('nope');
SELECT document, outcome FROM health_crypto.protect_gnuhealth();
SELECT health_crypto.verify('prescription', 1);
SELECT health_crypto.serialize('prescription', 'one');
SELECT health_crypto.serialize('prescription', '99999999999999999999');
SELECT health_crypto.signing_payload('prescription', 1);
SELECT health_crypto.attach_signature('prescription', 1, 'x');
SELECT health_crypto.reopen('prescription', 1, NULL);
SELECT health_crypto.unprotect('nope');
SELECT health_crypto.verify('prescription', 1, 'infinity');
SELECT health_crypto.verify(NULL, 1);
SELECT * FROM health_crypto.verify_signature(NULL, 'x');
\set VERBOSITY sqlstate
SELECT health_crypto.digest('prescription', NULL::text);
SELECT health_crypto.guard();
SELECT * FROM health_crypto.verify_all('prescription', '1960-01-01');
SELECT health_crypto.protect('prescription', 'party_party', 'gnuhealth_documents.prescription_5_0(int[], text)', add_columns => true, profile => 'gnuhealth-1');
-- A trigger of ours on a table that no document watches does nothing but raise.
CREATE TABLE stray (id int);
CREATE TRIGGER stray AFTER INSERT ON stray FOR EACH ROW EXECUTE FUNCTION health_crypto.guard('prescription', 'public', 'gnuhealth_prescription_order');
INSERT INTO stray VALUES (1);
-- A definition that fails: its message may quote content, so only its SQLSTATE is passed on.
CREATE TABLE bad (id int PRIMARY KEY, n text, document_digest text, serializer text);
CREATE FUNCTION bad_def(keys int[], language text) RETURNS TABLE (key int, "N" int) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT b.id, b.n::int FROM bad b WHERE b.id = ANY (keys); END;
SELECT health_crypto.protect('bad', 'bad', 'bad_def(int[], text)', signature_column => NULL);
INSERT INTO bad VALUES (1, '17');
\set VERBOSITY default
INSERT INTO bad VALUES (2, 'SECRET CONTENT');
SELECT id, serializer FROM bad;
-- The definition is replaced by one that cannot be used: said at once, and by protection_gaps().
ALTER FUNCTION bad_def(int[], text) RENAME TO gone;
INSERT INTO bad VALUES (3, '18');
SELECT document, gap, detail FROM health_crypto.protection_gaps();
-- Arguments that nothing else bounds: one byte too many is over the limit (54000), and the most that there can be is not.
CREATE FUNCTION pg_temp.answer(call text, length int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT count(c.c::text) FROM (SELECT ' || call || ') c (c)' USING repeat('1', length);
    RETURN '00000';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
\set cameron `cat $PG_ABS_SRCDIR/data/cameron.asc`
CREATE TEMP TABLE offered AS SELECT :'cameron'::text AS certificate;
SELECT c.call, pg_temp.answer(c.call, c.most + 1) AS beyond, pg_temp.answer(c.call, c.most) NOT LIKE '54000%' AS at_the_limit
  FROM (VALUES ('health_crypto.verify($1, 1)', 1024), ('health_crypto.verify(''prescription'', $1)', 1048576),
               ('health_crypto.serialize(''prescription'', 1, $1)', 1024), ('health_crypto.reopen(''prescription'', 1, $1)', 65536),
               ('health_crypto.remove_certificate($1, ''x'')', 1024), ('health_crypto.remove_certificate(''x'', $1)', 65536),
               ('health_crypto.verify_signature($1, ''x'')', 16777216), ('health_crypto.encrypt(''x'', ARRAY[$1])', 1024),
               ('health_crypto.decrypt(''x'', $1)', 1024), ('health_crypto.decrypt(''x'', ''x'', $1)', 65536),
               ('health_crypto.decrypt_column(''pg_class'', ''relname'', $1, ''x'')', 1048576),
               ('health_crypto.message_place(''pg_class'', ''relname'', $1)', 1048576),
               ('health_crypto.protect(''limited'', ''pg_class'', ''now()'', reference_fields => ARRAY[$1])', 1024),
               ('health_crypto.protect(''limited'', ''pg_class'', ''now()'', state_column => ''x'', sealed_states => ARRAY[$1])', 1024),
               ('health_crypto.protect(''limited'', ''pg_class'', ''now()'', reference_fields => string_to_array(repeat(''a,'', length($1) - 1) || ''a'', '',''))', 1024),
               ('health_crypto.import_certificate((SELECT o.certificate FROM offered o), ARRAY[$1])', 1024),
               ('health_crypto.import_certificate((SELECT o.certificate FROM offered o), array_fill(''x''::text, ARRAY[length($1)]))', 1024)
       ) c (call, most);
-- A database that is not UTF-8.
SET client_min_messages = warning;
CREATE DATABASE regress_latin1 ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0;
\c regress_latin1
\set VERBOSITY default
-- PostgreSQL 18 shows the whole script as context.
\set SHOW_CONTEXT never
CREATE EXTENSION health_crypto;
\set SHOW_CONTEXT errors
\set VERBOSITY sqlstate
CREATE EXTENSION health_crypto;
SELECT count(*) AS nothing_left FROM pg_namespace WHERE nspname = 'health_crypto';
\c contrib_regression
DROP DATABASE regress_latin1;
