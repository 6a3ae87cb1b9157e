-- Who may do what, as the role that would do it.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
SET ROLE regress_owner;
\i `echo $PG_ABS_SRCDIR/fixtures/gnuhealth.sql`
GRANT SELECT, INSERT, UPDATE, DELETE ON gnuhealth_prescription_order, gnuhealth_prescription_line TO regress_writer;
GRANT SELECT ON gnuhealth_prescription_order TO regress_reader;
RESET ROLE;
SET client_min_messages = warning;
SELECT count(*) FROM health_crypto.protect_gnuhealth();
RESET client_min_messages;
\set ECHO all
\set VERBOSITY terse
-- The application needs no right on what a document refers to, nor on the extension's tables.
SET ROLE regress_writer;
INSERT INTO gnuhealth_prescription_order (id, prescription_id, patient, healthprof) VALUES (1, 'A', 1, 1), (2, 'B', 1, 1);
INSERT INTO gnuhealth_prescription_line (id, presc_order, medicament) VALUES (1, 1, 1);
UPDATE gnuhealth_prescription_order SET state = 'validated' WHERE id = 1;
UPDATE gnuhealth_prescription_line SET dose = 1 WHERE id = 1;
SELECT name FROM party_party WHERE id = 2;
SELECT content FROM health_crypto.verify('prescription', 1);
SELECT count(*) FROM health_crypto.register;
INSERT INTO health_crypto.register_entry (event, by) VALUES ('seal', 'me');
SELECT health_crypto.reopen('prescription', 1, 'because');
SELECT health_crypto.unprotect('prescription');
SELECT health_crypto.import_certificate('x'::text);
SELECT health_crypto.import_keyring('x'::text);
SELECT health_crypto.remove_certificate('x', 'because');
SET health_crypto.enforcement = 'record';
SELECT count(*) FROM health_crypto.protection_gaps();
-- A report reads what it may read.
SET ROLE regress_reader;
SELECT count(*) FROM health_crypto.verify_all();
SELECT left(health_crypto.serialize('prescription', 1), 22);
SELECT count(*) FROM health_crypto.signers('prescription', 1);
SELECT health_crypto.evidence('prescription', 1) -> 'verdict' ->> 'content' AS content;
SELECT health_crypto.attach_signature('prescription', 1, 'x');
-- An outsider reads nothing.
SET ROLE regress_outsider;
SELECT * FROM health_crypto.verify('prescription', 1);
SELECT * FROM health_crypto.verify_all();
SELECT health_crypto.serialize('prescription', 1);
SELECT health_crypto.digest('prescription', 1);
SELECT health_crypto.signing_payload('prescription', 1);
SELECT * FROM health_crypto.signers('prescription', 1);
SELECT health_crypto.evidence('prescription', 1);
SELECT * FROM health_crypto.certificates;
-- The auditor verifies everything and writes nothing.
SET ROLE regress_auditor;
SELECT count(*) FROM health_crypto.verify_all();
SELECT count(*) > 0 AS reads FROM health_crypto.register;
SELECT count(*) FROM health_crypto.protection_gaps();
SELECT count(*) FROM gnuhealth_prescription_order;
SELECT health_crypto.reopen('prescription', 1, 'because');
DELETE FROM health_crypto.register_entry;
-- Row security decides what a reader sees, and not what is kept.
RESET ROLE;
ALTER TABLE gnuhealth_prescription_order ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON gnuhealth_prescription_order FOR ALL USING (id = 2);
SET ROLE regress_reader;
SELECT key FROM health_crypto.verify_all();
SELECT health_crypto.serialize('prescription', 1);
SELECT health_crypto.evidence('prescription', 1);
SELECT * FROM health_crypto.signers('prescription', 1);
SET ROLE regress_auditor;
SELECT count(*) FROM health_crypto.verify_all();
SET ROLE regress_writer;
UPDATE gnuhealth_prescription_line SET presc_order = 2 WHERE id = 1;
INSERT INTO gnuhealth_prescription_line (id, presc_order, medicament) VALUES (2, 2, 1);
RESET ROLE;
ALTER TABLE gnuhealth_prescription_order DISABLE ROW LEVEL SECURITY;
SELECT content FROM health_crypto.verify('prescription', 2);
-- Nobody but the owner of a table can protect it, and only with definitions that he or a superuser owns.
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA health_crypto TO regress_owner, regress_outsider;
SET ROLE regress_outsider;
SELECT health_crypto.protect('theirs', 'gnuhealth_prescription_order', 'gnuhealth_documents.prescription_5_0(int[], text)');
RESET ROLE;
CREATE SCHEMA lent;
GRANT CREATE, USAGE ON SCHEMA lent TO regress_outsider, regress_owner;
SET ROLE regress_outsider;
CREATE FUNCTION lent.helper(n int) RETURNS int LANGUAGE sql STABLE BEGIN ATOMIC SELECT n; END;
SET ROLE regress_owner;
CREATE TABLE lent.doc (id int PRIMARY KEY, n int);
CREATE FUNCTION lent.def(keys int[], language text) RETURNS TABLE (key int, "N" int) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT d.id, lent.helper(d.n) FROM lent.doc d WHERE d.id = ANY (keys); END;
SELECT health_crypto.protect('lent', 'lent.doc', 'lent.def(int[], text)', add_columns => true);
RESET ROLE;
-- A hostile search_path and temporary objects change nothing.
CREATE SCHEMA evil;
CREATE FUNCTION evil.unnest(text[], text[], text[]) RETURNS TABLE (a text, b text, c text) LANGUAGE sql AS $$ SELECT 'evil', 'evil', 'evil' $$;
CREATE FUNCTION evil.eq(int, int) RETURNS boolean LANGUAGE sql AS $$ SELECT true $$;
CREATE OPERATOR evil.= (LEFTARG = int, RIGHTARG = int, FUNCTION = evil.eq);
GRANT USAGE ON SCHEMA evil TO regress_writer;
SET ROLE regress_writer;
SET search_path = evil, public, pg_catalog;
UPDATE gnuhealth_prescription_order SET notes = 'followed' WHERE id OPERATOR(pg_catalog.=) 2;
SELECT document_digest OPERATOR(pg_catalog.=) health_crypto.digest('prescription', id) AS kept FROM gnuhealth_prescription_order WHERE id OPERATOR(pg_catalog.=) 2;
RESET search_path;
RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA evil CASCADE;
DROP SCHEMA lent CASCADE;
DROP OWNED BY regress_owner CASCADE;
DROP OWNED BY regress_outsider CASCADE;
GRANT CREATE, USAGE ON SCHEMA public TO regress_owner;
