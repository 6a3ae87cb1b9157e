-- The README's quick start: what is shown there is this, and tools/check_readme.py compares the two.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\i `echo $PG_ABS_SRCDIR/fixtures/gnuhealth.sql`
\set certificate `cat $PG_ABS_SRCDIR/data/cameron.asc`
\set signed_digest `cat $PG_ABS_SRCDIR/data/prescription-1.cameron.sig`
\set ECHO all
-- CREATE EXTENSION health_crypto;  (done)
SELECT * FROM health_crypto.protect_gnuhealth();

SELECT health_crypto.import_certificate(:'certificate', documents => '{prescription}');

BEGIN;
INSERT INTO gnuhealth_prescription_order (id, prescription_id, prescription_date, patient, healthprof, notes)
VALUES (1, 'PRES001', '2026-01-05 10:30:00', 1, 1, 'With food');
INSERT INTO gnuhealth_prescription_line (presc_order, medicament, dose, dose_unit, route, form, indication, short_comment)
VALUES (1, 1, 500, 1, 1, 1, 1, 'every 8 hours'),
       (1, 2, 5, 1, 1, 1, 2, 'only if fever is over 38.5°');
COMMIT;

SELECT left(serializer, 85) || '…' AS serializer, left(document_digest, 16) || '…' AS document_digest
  FROM gnuhealth_prescription_order WHERE id = 1;

UPDATE gnuhealth_prescription_order SET state = 'validated' WHERE id = 1;

SELECT content, signature, ok FROM health_crypto.attach_signature('prescription', 1, :'signed_digest');

UPDATE gnuhealth_prescription_line SET dose = 50 WHERE presc_order = 1 AND medicament = 1;

BEGIN;
ALTER TABLE gnuhealth_prescription_line DISABLE TRIGGER ALL;
UPDATE gnuhealth_prescription_line SET dose = 50 WHERE presc_order = 1 AND medicament = 1;
SELECT document, key, ok, content, signature, signer_name, changes FROM health_crypto.verify_all() \gx

SELECT relation, gap, detail FROM health_crypto.protection_gaps() LIMIT 2;
ROLLBACK;

UPDATE party_party SET lastname = 'Betz de la Cruz' WHERE id = 2;
SELECT ok, content, signature, changes FROM health_crypto.verify('prescription', 1);

SELECT * FROM health_crypto.status();
