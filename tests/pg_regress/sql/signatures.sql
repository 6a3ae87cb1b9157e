-- What is stored as a signature is judged, in the words of the README.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\i `echo $PG_ABS_SRCDIR/fixtures/gnuhealth.sql`
\set cameron `cat $PG_ABS_SRCDIR/data/cameron.asc`
\set aurora `cat $PG_ABS_SRCDIR/data/aurora.asc`
\set mallory `cat $PG_ABS_SRCDIR/data/mallory.asc`
\set expired `cat $PG_ABS_SRCDIR/data/expired.asc`
\set secret `cat $PG_ABS_SRCDIR/data/secret.asc`
\set one `cat $PG_ABS_SRCDIR/data/prescription-1.digest`
\set two `cat $PG_ABS_SRCDIR/data/prescription-2.digest`
\set one_cameron `cat $PG_ABS_SRCDIR/data/prescription-1.cameron.sig`
\set one_mallory `cat $PG_ABS_SRCDIR/data/prescription-1.mallory.sig`
\set one_early `cat $PG_ABS_SRCDIR/data/prescription-1.early.sig`
\set one_detached `cat $PG_ABS_SRCDIR/data/prescription-1.detached.sig`
\set one_inline `cat $PG_ABS_SRCDIR/data/prescription-1.inline.sig`
\set two_cameron `cat $PG_ABS_SRCDIR/data/prescription-2.cameron.sig`
\set two_aurora `cat $PG_ABS_SRCDIR/data/prescription-2.aurora.sig`
SET client_min_messages = warning;
SELECT count(*) FROM health_crypto.protect_gnuhealth();
RESET client_min_messages;
\set ECHO none
-- The keyring. The statements offer a secret key, so the log is told not to keep them.
SET log_min_error_statement = panic;
SELECT health_crypto.import_certificate(:'cameron', '{prescription}');
SELECT health_crypto.import_certificate(:'aurora', '{}');
SELECT health_crypto.import_certificate(:'expired');
SELECT health_crypto.import_certificate(:'cameron') AS again_keeps_its_documents;
SELECT user_ids, algorithm, created, expires, revoked, can_sign, can_encrypt, documents FROM health_crypto.certificates ORDER BY user_ids;
\set VERBOSITY sqlstate
SELECT health_crypto.import_certificate(:'secret');
SELECT health_crypto.import_certificate(:'one_cameron');
SELECT health_crypto.import_certificate('no armor'::text);
SELECT health_crypto.import_certificate('\x0102'::bytea);
SELECT health_crypto.import_certificate(:'aurora', '{no_such_document}');
SELECT health_crypto.import_certificate(:'aurora' || :'cameron');
SELECT health_crypto.import_certificate(repeat('A', 3000000));
\set VERBOSITY default
SELECT health_crypto.import_certificate(:'secret');
-- verify_signature(): any payload.
CREATE FUNCTION word(payload text, signature text, at timestamptz DEFAULT now()) RETURNS text LANGUAGE sql AS
    $$ SELECT string_agg(v.signature || coalesce(' ' || v.signer_name, ''), '; ') FROM health_crypto.verify_signature(payload, signature, at) v $$;
SELECT word(:'one', :'one_cameron') AS clearsigned, word(:'one', :'one_detached') AS detached, word(:'one', :'one_inline') AS inline;
SELECT word(:'one', :'two_cameron') AS other_payload, word(:'one', :'one_mallory') AS not_in_keyring, word(:'two', :'two_aurora') AS may_sign_nothing;
SELECT word(:'one', :'one_cameron', '2026-01-05 10:59:59+00') AS from_the_future, word(:'one', :'one_cameron', '2026-01-05 11:00:00+00') AS in_time;
SELECT word(:'one', :'one_early') AS expired_since, word(:'one', overlay(:'one_cameron' placing '0' from 300)) AS damaged;
SELECT word(:'one', 'x' || :'one_cameron') AS text_before, word(:'one', :'one_cameron' || 'x') AS text_after, word(:'one', :'one_cameron' || E'\n' || :'one_cameron') AS two_blocks,
       word(:'one', replace(:'one_cameron', E'Hash: SHA256\n', E'Hash: SHA256\nX: y\n')) AS header, word(:'one', :'cameron') AS a_certificate, word(:'one', '') AS empty;
-- On documents.
INSERT INTO gnuhealth_prescription_order (id, prescription_id, prescription_date, patient, healthprof, notes)
VALUES (1, 'PRES001', '2026-01-05 10:30:00', 1, 1, 'With food'), (2, 'PRES002', '2026-01-05 10:45:00', 2, 2, NULL);
BEGIN;
INSERT INTO gnuhealth_prescription_line (presc_order, medicament, dose, dose_unit, route, form, indication, short_comment) VALUES
    (1, 1, 500, 1, 1, 1, 1, 'every 8 hours'), (1, 2, 5, 1, 1, 1, 2, 'only if fever is over 38.5°'),
    (2, 3, 1e-05, 2, NULL, 2, NULL, E'it''s "quoted"');
COMMIT;
SELECT health_crypto.signing_payload('prescription', 1) = :'one' AS one, health_crypto.signing_payload('prescription', 2) = :'two' AS two;
\set VERBOSITY sqlstate
UPDATE gnuhealth_prescription_order SET digital_signature = :'one_mallory' WHERE id = 1;
UPDATE gnuhealth_prescription_order SET digital_signature = :'two_cameron' WHERE id = 1;
UPDATE gnuhealth_prescription_order SET digital_signature = 'junk' WHERE id = 1;
SELECT health_crypto.attach_signature('prescription', 2, :'two_aurora');
\set VERBOSITY default
UPDATE gnuhealth_prescription_order SET digital_signature = :'one_mallory' WHERE id = 1;
\set VERBOSITY sqlstate
\set VERBOSITY default
DO $$
DECLARE c text; s text; t text;
BEGIN
    PERFORM health_crypto.attach_signature('prescription', 2, 'junk');
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS c = CONSTRAINT_NAME, s = SCHEMA_NAME, t = TABLE_NAME;
    RAISE WARNING 'constraint %, schema %, table %', c, s, t;
END $$;
\set VERBOSITY sqlstate
-- A draft that gets a good signature is sealed by it.
UPDATE gnuhealth_prescription_order SET digital_signature = :'one_cameron' WHERE id = 1;
SELECT ok, content, signature, signer_name, signed_at FROM health_crypto.verify('prescription', 1);
UPDATE gnuhealth_prescription_order SET notes = 'x' WHERE id = 1;
UPDATE gnuhealth_prescription_order SET digital_signature = NULL WHERE id = 1;
SELECT health_crypto.attach_signature('prescription', 1, :'one_cameron');
-- A sealed document gets its signature later.
UPDATE gnuhealth_prescription_order SET state = 'validated' WHERE id = 2;
UPDATE gnuhealth_prescription_order SET digital_signature = :'one_cameron' WHERE id = 2;
SELECT ok, content, signature, signer_name FROM health_crypto.attach_signature('prescription', 2, :'two_cameron');
SELECT event, key, signer_name, verdict FROM health_crypto.register WHERE event IN ('seal', 'signature') ORDER BY entry;
-- As of a time before it was signed.
SELECT ok, signature, detail FROM health_crypto.verify('prescription', 1, '2026-01-05 10:00+00');
-- The keyring is asked each time: an authorization that is taken away counts at once.
SELECT health_crypto.import_certificate(:'cameron', '{}') IS NOT NULL AS taken_away;
SELECT key, ok, content, signature FROM health_crypto.verify_all('prescription') ORDER BY key;
SELECT health_crypto.import_certificate(:'cameron', '{*}') IS NOT NULL AS given_again;
SELECT key, ok, content, signature FROM health_crypto.verify_all('prescription') ORDER BY key;
-- Stored without verifying, where a document is protected so: kept, and said.
SELECT health_crypto.protect('prescription', 'gnuhealth_prescription_order', 'gnuhealth_documents.prescription_5_0(int[], text)', profile => 'gnuhealth-1', state_column => 'state', sealed_states => '{validated}', on_unverified_signature => 'record');
INSERT INTO gnuhealth_prescription_order (id, prescription_id, patient, healthprof, digital_signature) VALUES (3, 'PRES003', 1, 1, 'junk');
SELECT ok, content, signature FROM health_crypto.verify('prescription', 3);
SELECT event, verdict FROM health_crypto.register WHERE key = '3' ORDER BY entry;
-- No verdict is stored without the time as of which it was given.
SELECT count(*) > 0 AS verdicts, count(*) FILTER (WHERE policy_time IS NULL OR policy_time > at) AS without_time FROM health_crypto.register WHERE verdict IS NOT NULL;
