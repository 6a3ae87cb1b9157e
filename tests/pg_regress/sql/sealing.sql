-- Sealing by state: what is refused, what stays possible, the register, reopen, the maintenance door.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\i `echo $PG_ABS_SRCDIR/fixtures/gnuhealth.sql`
\set ECHO all
SELECT document, outcome FROM health_crypto.protect_gnuhealth();
\set VERBOSITY sqlstate
INSERT INTO gnuhealth_prescription_order (id, prescription_id, prescription_date, patient, healthprof) SELECT n, 'P' || n, '2026-01-05 10:30', 1, 1 FROM generate_series(1, 6) n;
INSERT INTO gnuhealth_prescription_line (id, presc_order, medicament, dose) SELECT n, n, 1, n FROM generate_series(1, 6) n;
UPDATE gnuhealth_prescription_order SET state = 'validated' WHERE id IN (1, 2);
SELECT event, document, key, definition, profile, language, digest = document_digest AS digest, own_digest IS NOT NULL AS own FROM health_crypto.register r JOIN gnuhealth_prescription_order o ON o.id::text = r.key ORDER BY entry;
-- Refused, each at its statement.
UPDATE gnuhealth_prescription_order SET notes = 'x' WHERE id = 1;
UPDATE gnuhealth_prescription_order SET healthprof = 2 WHERE id = 1;
UPDATE gnuhealth_prescription_order SET document_digest = NULL WHERE id = 1;
UPDATE gnuhealth_prescription_order SET serializer = serializer || ' ' WHERE id = 1;
UPDATE gnuhealth_prescription_order SET id = 99 WHERE id = 1;
DELETE FROM gnuhealth_prescription_order WHERE id = 1;
UPDATE gnuhealth_prescription_line SET dose = 9 WHERE id = 1;
UPDATE gnuhealth_prescription_line SET presc_order = 3 WHERE id = 1;
UPDATE gnuhealth_prescription_line SET presc_order = 1 WHERE id = 3;
DELETE FROM gnuhealth_prescription_line WHERE id = 1;
INSERT INTO gnuhealth_prescription_line (id, presc_order, medicament) VALUES (900, 1, 2);
TRUNCATE gnuhealth_prescription_line;
TRUNCATE gnuhealth_prescription_order CASCADE;
COPY gnuhealth_prescription_line (id, presc_order, medicament) FROM stdin;
901	1	1
\.
MERGE INTO gnuhealth_prescription_line l USING (VALUES (1)) v (id) ON l.id = v.id WHEN MATCHED THEN DELETE;
-- The error fields that clients read.
\set VERBOSITY default
DO $$
DECLARE c text; s text; t text;
BEGIN
    UPDATE gnuhealth_prescription_line SET dose = 9 WHERE id = 1;
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS c = CONSTRAINT_NAME, s = SCHEMA_NAME, t = TABLE_NAME;
    RAISE NOTICE 'constraint %, schema %, table %', c, s, t;
END $$;
UPDATE gnuhealth_prescription_line SET dose = 9 WHERE id = 1;
\set VERBOSITY sqlstate
-- Possible: columns that are no part of the document, writing what is there, the state.
UPDATE gnuhealth_prescription_order SET pharmacy = 2, write_date = now(), notes = notes WHERE id = 1;
UPDATE gnuhealth_prescription_line SET prnt = true, dose = dose WHERE id = 1;
UPDATE gnuhealth_prescription_order SET state = 'done' WHERE id = 2;
SELECT key, ok, content FROM health_crypto.verify_all('prescription') ORDER BY key;
-- Seal and lines in one transaction, in any order.
BEGIN;
INSERT INTO gnuhealth_prescription_order (id, prescription_id, prescription_date, patient, healthprof, state) VALUES (7, 'P7', '2026-01-05 10:30', 1, 1, 'validated');
INSERT INTO gnuhealth_prescription_line (id, presc_order, medicament, dose) VALUES (7, 7, 1, 7);
UPDATE gnuhealth_prescription_line SET dose = 77 WHERE id = 7;
COMMIT;
SELECT ok, content FROM health_crypto.verify('prescription', 7);
-- Sealed within the transaction by a flush: guarded from then on.
BEGIN;
UPDATE gnuhealth_prescription_order SET state = 'validated' WHERE id = 3;
SET CONSTRAINTS ALL IMMEDIATE;
UPDATE gnuhealth_prescription_line SET dose = 9 WHERE id = 3;
ROLLBACK;
SELECT content FROM health_crypto.verify('prescription', 3);
-- GNU Health's way: text, digest and state at once. The text must be what some language gives.
CREATE FUNCTION seal(id int, text text) RETURNS void LANGUAGE sql AS $$
    UPDATE gnuhealth_prescription_order o SET serializer = seal.text, document_digest = encode(sha512(convert_to(seal.text, 'UTF8')), 'hex'), state = 'validated' WHERE o.id = seal.id $$;
UPDATE gnuhealth_prescription_line SET route = 1, form = 1 WHERE id IN (3, 4);
SELECT seal(3, health_crypto.serialize('prescription', 3, 'fr'));
SELECT content, language FROM health_crypto.verify('prescription', 3);
SELECT seal(4, replace(health_crypto.serialize('prescription', 4), '4.0', '400.0'));
\set VERBOSITY default
SELECT seal(4, replace(health_crypto.serialize('prescription', 4), '4.0', '400.0'));
\set VERBOSITY sqlstate
UPDATE gnuhealth_prescription_order SET document_digest = repeat('0', 128), state = 'validated' WHERE id = 4;
SELECT content FROM health_crypto.verify('prescription', 4);
-- reopen(): an administrator's, with a reason.
SELECT health_crypto.reopen('prescription', 4, 'not sealed');
SELECT health_crypto.reopen('prescription', 1, '  ');
SELECT health_crypto.reopen('prescription', 1, 'wrong dose');
SELECT ok, content, detail FROM health_crypto.verify('prescription', 1);
UPDATE gnuhealth_prescription_order SET state = 'draft' WHERE id = 1;
UPDATE gnuhealth_prescription_line SET dose = 2.5 WHERE id = 1;
UPDATE gnuhealth_prescription_order SET state = 'validated' WHERE id = 1;
UPDATE gnuhealth_prescription_line SET dose = 1 WHERE id = 1;
SELECT ok, content, detail FROM health_crypto.verify('prescription', 1);
SELECT event, reason FROM health_crypto.register WHERE key = '1' ORDER BY entry;
-- The maintenance door: open, and entered.
SET health_crypto.enforcement = 'record';
UPDATE gnuhealth_prescription_line SET dose = 8 WHERE id = 1;
RESET health_crypto.enforcement;
SELECT ok, content, changes FROM health_crypto.verify('prescription', 1);
SELECT event, reason FROM health_crypto.register WHERE key = '1' AND event = 'override';
-- A document protected to record.
SELECT health_crypto.protect('prescription', 'gnuhealth_prescription_order', 'gnuhealth_documents.prescription_5_0(int[], text)', profile => 'gnuhealth-1', state_column => 'state', sealed_states => '{validated}', on_alteration => 'record');
UPDATE gnuhealth_prescription_line SET dose = 8 WHERE id = 7;
SELECT ok, content, changes FROM health_crypto.verify('prescription', 7);
SELECT event, key, reason FROM health_crypto.register WHERE event = 'alteration';
-- The register is append-only, also for who may write it.
UPDATE health_crypto.register_entry SET reason = 'x';
DELETE FROM health_crypto.register_entry;
TRUNCATE health_crypto.register_entry;
SELECT health_crypto.unprotect('prescription');
