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
