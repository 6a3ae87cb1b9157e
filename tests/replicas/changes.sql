-- What happens on the publisher while a subscription runs: every kind of write that the extension has to do with.
SET client_min_messages = warning;
\set two_cameron `cat "$data/prescription-2.cameron.sig"`
SET ROLE physician;
INSERT INTO gnuhealth_prescription_order (id, prescription_id, prescription_date, patient, healthprof)
SELECT n, 'PRES' || n, '2026-02-01 08:00:00', 1, 1 FROM generate_series(60, 65) n;
INSERT INTO gnuhealth_prescription_line (id, presc_order, medicament, dose) SELECT n, n, 1, n / 7.0 FROM generate_series(60, 65) n;
UPDATE gnuhealth_prescription_line SET dose = 2.5 WHERE id IN (60, 61);
UPDATE gnuhealth_prescription_order SET state = 'validated' WHERE id IN (61, 62, 63);
DELETE FROM gnuhealth_prescription_line WHERE id = 64;
DELETE FROM gnuhealth_prescription_line WHERE id = 65;
DELETE FROM gnuhealth_prescription_order WHERE id = 65;
INSERT INTO measurement (id, taken_at, value, remark)
VALUES ('5f0c1a52-0000-4000-8000-000000000007', '2026-07-01 11:00+00', 0.7, 'M4RKER remark 7');
UPDATE measurement SET remark = 'M4RKER remark 7, another' WHERE id = '5f0c1a52-0000-4000-8000-000000000007';
INSERT INTO finding (note) VALUES ('M4RKER finding 4');
RESET ROLE;
BEGIN;
SELECT health_crypto.reopen('prescription', 62, 'the dose');
UPDATE gnuhealth_prescription_line SET dose = 5 WHERE id = 62;
UPDATE gnuhealth_prescription_order SET state = 'draft' WHERE id = 62;
UPDATE gnuhealth_prescription_order SET state = 'validated' WHERE id = 62;
COMMIT;
-- A second signer, a signature that is not good, a certificate that comes, one that goes.
INSERT INTO measurement (id, taken_at, value, signature)
VALUES ('5f0c1a52-0000-4000-8000-000000000008', '2026-07-01 11:00+00', 0.8, :'two_cameron');
SELECT health_crypto.remove_certificate(fingerprint, 'a test') FROM health_crypto.certificates WHERE user_ids::text LIKE '%Aurora%';
\set pia `cat "$data/keyring/pia.asc"`
SELECT health_crypto.import_certificate(:'pia', '{prescription}');
UPDATE party_party SET lastname = 'Zenón' WHERE id = 2;
