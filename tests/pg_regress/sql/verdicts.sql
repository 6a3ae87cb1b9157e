-- Each word of the content column, by doing what it means.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\i `echo $PG_ABS_SRCDIR/fixtures/gnuhealth.sql`
SET client_min_messages = warning;
SELECT count(*) FROM health_crypto.protect_gnuhealth();
RESET client_min_messages;
\set cameron `cat $PG_ABS_SRCDIR/data/cameron.asc`
\set one_cameron `cat $PG_ABS_SRCDIR/data/prescription-1.cameron.sig`
SELECT health_crypto.import_certificate(:'cameron') \g /dev/null
\set ECHO all
CREATE FUNCTION triggers(what text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
    EXECUTE (SELECT string_agg(format('ALTER TABLE %s %s TRIGGER %I', t.tgrelid::regclass, what, t.tgname), ';')
               FROM pg_trigger t WHERE t.tgname LIKE 'health_crypto%');
END $$;
INSERT INTO gnuhealth_prescription_order (id, prescription_id, prescription_date, patient, healthprof, notes)
SELECT n, 'PRES00' || n, '2026-01-05 10:30:00', 1, 1, 'With food' FROM generate_series(1, 12) n;
INSERT INTO gnuhealth_prescription_line (id, presc_order, medicament, dose, route, form)
SELECT n, n, 1, n, 1, 1 FROM generate_series(1, 12) n UNION ALL SELECT n + 100, n, 2, 5, 1, 1 FROM generate_series(1, 12) n;
UPDATE gnuhealth_prescription_order SET state = 'validated' WHERE id >= 3;
SELECT triggers('DISABLE');
UPDATE gnuhealth_prescription_line SET dose = 20 WHERE id = 2;
UPDATE gnuhealth_prescription_line SET dose = 40, short_comment = 'sly' WHERE id = 4;
DELETE FROM gnuhealth_prescription_line WHERE id = 5;
INSERT INTO gnuhealth_prescription_line (id, presc_order, medicament) VALUES (206, 6, 3);
UPDATE gnuhealth_prescription_order SET notes = 'changed', healthprof = 2 WHERE id = 7;
-- Content and both columns made to agree: the register knows better.
UPDATE gnuhealth_prescription_line SET dose = 80 WHERE id = 8;
UPDATE gnuhealth_prescription_order SET serializer = health_crypto.serialize('prescription', 8), document_digest = health_crypto.digest('prescription', 8) WHERE id = 8;
UPDATE gnuhealth_prescription_order SET serializer = replace(serializer, 'With', 'Without') WHERE id = 9;
DELETE FROM gnuhealth_prescription_line WHERE presc_order = 10;
DELETE FROM gnuhealth_prescription_order WHERE id = 10;
-- The same numbers in other rows: a line moved away and one like it put in its place is the same document.
UPDATE gnuhealth_prescription_order SET state = 'draft' WHERE id = 11;
SELECT triggers('ENABLE ALWAYS');
SELECT key, ok, content, signature, changes, detail FROM health_crypto.verify_all('prescription') ORDER BY key::int;
-- Drift: what it refers to was corrected, renamed or translated.
UPDATE party_party SET lastname = 'Betz de la Cruz' WHERE id = 2;
UPDATE gnuhealth_drug_route SET name = 'by mouth' WHERE id = 1;
INSERT INTO ir_translation (name, type, lang, res_id, value) VALUES ('product.template,name', 'model', 'en', 2, 'Ibuprofen BP');
SELECT key, ok, content, changes FROM health_crypto.verify_all('prescription') WHERE key IN ('3', '4', '12') ORDER BY key::int;
SELECT health_crypto.(health_crypto.verify('prescription', '001')).key;
-- Not in the register (sealed before it was protected): judged by its fields, in every language.
SELECT triggers('DISABLE');
INSERT INTO gnuhealth_prescription_order (id, prescription_id, patient, healthprof, state, notes) SELECT n, 'OLD' || n, 1, 1, 'validated', '' FROM generate_series(21, 23) n;
INSERT INTO gnuhealth_prescription_line (id, presc_order, medicament, route, form) SELECT n, n, 1, 1, 1 FROM generate_series(21, 23) n;
UPDATE gnuhealth_prescription_order SET serializer = health_crypto.serialize('prescription', id, CASE id WHEN 21 THEN 'fr' ELSE 'en' END) WHERE id > 20;
UPDATE gnuhealth_prescription_order SET document_digest = encode(sha512(convert_to(serializer, 'UTF8')), 'hex') WHERE id > 20;
UPDATE gnuhealth_prescription_line SET dose = 3 WHERE id = 22;
UPDATE gnuhealth_prescription_order SET patient = 2 WHERE id = 23;
SELECT triggers('ENABLE ALWAYS');
SELECT key, ok, content, language, changes, detail FROM health_crypto.verify_all('prescription') WHERE key > '20' AND length(key) = 2 ORDER BY key;
-- They are guarded all the same.
\set VERBOSITY sqlstate
UPDATE gnuhealth_prescription_line SET dose = 4 WHERE id = 21;
DELETE FROM gnuhealth_prescription_order WHERE id = 21;
\set VERBOSITY default
-- The whole of one verdict.
SELECT document, key, ok, content, signature, signer, signer_name, signed_at, sealed_at IS NOT NULL AS sealed, language, definition, changes, detail, policy_time FROM health_crypto.verify('prescription', 3, '2026-02-01 00:00+00') \gx
-- Whoever asks with a parallel plan gets the same answers: verification takes subtransactions, and a parallel worker would
-- know nothing of the Unicode table that is being tried. The definition has two statements, so that it is not inlined.
CREATE TABLE remark (id int PRIMARY KEY, body text, state text);
INSERT INTO remark VALUES (1, U&'\+01FAE8', 'sent'), (2, 'plain', 'open');
CREATE FUNCTION remark_document(keys int[], language text) RETURNS TABLE (key int, "Body" text) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT 1, ''; SELECT r.id, health_crypto.python_repr(r.body) FROM remark r WHERE r.id = ANY (keys); END;
SELECT health_crypto.protect('remark', 'remark', 'remark_document(int[], text)', signature_column => NULL, state_column => 'state', sealed_states => '{sent}', add_columns => true);
ALTER TABLE remark DISABLE TRIGGER USER;
SET health_crypto.python_unicode = '3.14';
UPDATE remark SET serializer = words, document_digest = encode(sha512(convert_to(words, 'UTF8')), 'hex')
  FROM (SELECT health_crypto.serialize('remark', 1) AS words) s WHERE id = 1;
RESET health_crypto.python_unicode;
ALTER TABLE remark ENABLE TRIGGER USER;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SELECT v.key, v.ok, v.content FROM remark r CROSS JOIN LATERAL health_crypto.verify('remark', r.id) v ORDER BY 1;
SELECT id, (health_crypto.verify('remark', id)).content FROM remark ORDER BY 1;
SELECT key, ok, content FROM health_crypto.verify_all('remark') ORDER BY 1;
