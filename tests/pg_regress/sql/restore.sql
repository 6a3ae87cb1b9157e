-- A dump restored into another database: the same verdicts, the register and the keyring whole, no gaps, still guarded.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\i `echo $PG_ABS_SRCDIR/fixtures/gnuhealth.sql`
\set cameron `cat $PG_ABS_SRCDIR/data/cameron.asc`
SET client_min_messages = warning;
SELECT count(*) FROM health_crypto.protect_gnuhealth();
SELECT health_crypto.import_certificate(:'cameron', '{prescription}') \g /dev/null
INSERT INTO gnuhealth_prescription_order (id, prescription_id, patient, healthprof) SELECT n, 'R' || n, 1, 1 FROM generate_series(1, 3) n;
INSERT INTO gnuhealth_prescription_line (id, presc_order, medicament, dose) SELECT n, n, 1, n FROM generate_series(1, 3) n;
UPDATE gnuhealth_prescription_order SET state = 'validated' WHERE id > 1;
UPDATE party_party SET lastname = 'Betz de la Cruz' WHERE id = 2;
\set laboratory `cat $PG_ABS_SRCDIR/data/laboratory.asc`
\set secret `cat $PG_ABS_SRCDIR/data/laboratory.secret.asc`
SELECT health_crypto.import_certificate(:'laboratory', '{}') \g /dev/null
CREATE TABLE finding (id int PRIMARY KEY, note text);
SELECT health_crypto.encrypt_column('finding', 'note', ARRAY['laboratory@example.org']) \g /dev/null
INSERT INTO finding VALUES (1, 'before the dump'), (2, NULL);
CREATE DATABASE regress_restored TEMPLATE template0;
\set ECHO all
\! "$BINDIR"/pg_dump -Fc contrib_regression > "$PG_ABS_SRCDIR/regression.dump" && "$BINDIR"/pg_restore -d regress_restored "$PG_ABS_SRCDIR/regression.dump" && echo restored
SELECT key, ok, content, changes, detail FROM health_crypto.verify_all() ORDER BY key;
SELECT count(*) AS entries, max(entry) AS last FROM health_crypto.register;
\c regress_restored
SELECT key, ok, content, changes FROM health_crypto.verify_all() ORDER BY key;
SELECT count(*) AS entries, max(entry) AS last FROM health_crypto.register;
SELECT user_ids, documents FROM health_crypto.certificates ORDER BY 1;
-- Messages are as they were, readable in their place, and what is written is encrypted, with the same place.
INSERT INTO finding VALUES (3, 'after the restore');
SELECT id, health_crypto.decrypt_column('finding', 'note', id, :'secret', '') FROM finding ORDER BY id;
SELECT state, rows FROM health_crypto.reencrypt('finding', 'note');
SELECT * FROM health_crypto.protection_gaps();
\set VERBOSITY sqlstate
UPDATE gnuhealth_prescription_line SET dose = 9 WHERE id = 2;
INSERT INTO gnuhealth_prescription_line (id, presc_order, medicament) VALUES (9, 1, 2);
UPDATE gnuhealth_prescription_order SET state = 'validated' WHERE id = 1;
SELECT ok, content FROM health_crypto.verify('prescription', 1);
SELECT event, key FROM health_crypto.register WHERE key = '1';
\c contrib_regression
DROP DATABASE regress_restored;
