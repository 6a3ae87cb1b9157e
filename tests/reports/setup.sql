-- A hospital for docs/reports.md: five prescriptions, of which one is signed, one sealed, one altered behind the
-- triggers, one a draft, and one gone. To be run as a superuser in an empty database.
CREATE ROLE gnuhealth LOGIN;
GRANT CREATE ON SCHEMA public TO gnuhealth;
CREATE EXTENSION health_crypto;
SET ROLE gnuhealth;
\i :fixtures/gnuhealth.sql
RESET ROLE;
SELECT document FROM health_crypto.protect_gnuhealth() \g /dev/null
\set cameron `cat "$data/cameron.asc"`
\set aurora `cat "$data/aurora.asc"`
\set signature `cat "$data/prescription-1.cameron.sig"`
SELECT health_crypto.import_certificate(c, '{prescription}') FROM unnest(ARRAY[:'cameron', :'aurora']) c \g /dev/null
SET ROLE gnuhealth;
INSERT INTO gnuhealth_prescription_order (id, prescription_id, prescription_date, patient, healthprof, notes)
VALUES (1, 'PRES001', '2026-01-05 10:30:00', 1, 1, 'With food');
INSERT INTO gnuhealth_prescription_line (presc_order, medicament, dose, dose_unit, route, form, indication, short_comment) VALUES
    (1, 1, 500, 1, 1, 1, 1, 'every 8 hours'), (1, 2, 5, 1, 1, 1, 2, 'only if fever is over 38.5°');
SELECT FROM health_crypto.attach_signature('prescription', 1, :'signature') \g /dev/null
INSERT INTO gnuhealth_prescription_order (id, prescription_id, prescription_date, patient, healthprof) VALUES
    (2, 'PRES002', '2026-01-12 16:00:00', 2, 1), (3, 'PRES003', '2026-01-20 09:00:00', 2, 2),
    (4, 'PRES004', '2026-02-02 11:15:00', 1, 2), (5, 'PRES005', '2026-02-03 08:00:00', 1, 1);
INSERT INTO gnuhealth_prescription_line (presc_order, medicament, dose, dose_unit) SELECT n, 1, n, 1 FROM generate_series(2, 5) n;
UPDATE gnuhealth_prescription_order SET state = 'validated' WHERE id IN (2, 3, 5);
-- Behind the triggers.
ALTER TABLE gnuhealth_prescription_order DISABLE TRIGGER USER;
ALTER TABLE gnuhealth_prescription_line DISABLE TRIGGER USER;
UPDATE gnuhealth_prescription_line SET dose = 30 WHERE presc_order = 3;
DELETE FROM gnuhealth_prescription_line WHERE presc_order = 5;
DELETE FROM gnuhealth_prescription_order WHERE id = 5;
RESET ROLE;
SELECT FROM health_crypto.enable_triggers() \g /dev/null
