-- adopt(): what was sealed before the extension came, in any language and by any Python.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
SET ROLE regress_owner;
\i `echo $PG_ABS_SRCDIR/fixtures/gnuhealth.sql`
RESET ROLE;
CREATE PROCEDURE triggers(what text) LANGUAGE plpgsql AS $$
DECLARE t record;
BEGIN
    FOR t IN SELECT tgrelid::regclass AS r, tgname FROM pg_trigger WHERE tgname LIKE 'health_crypto%' LOOP
        EXECUTE format('ALTER TABLE %s %s TRIGGER %I', t.r, what, t.tgname);
    END LOOP;
END $$;
SET client_min_messages = warning;
\set cameron `cat $PG_ABS_SRCDIR/data/cameron.asc`
\set one_cameron `cat $PG_ABS_SRCDIR/data/prescription-1.cameron.sig`
SELECT health_crypto.import_certificate(:'cameron') \g /dev/null
\set ECHO all
SELECT * FROM health_crypto.protect_gnuhealth();
-- A hospital's past: written and sealed without the extension. Characters of Unicode 14, 15, 15.1 and 16 came into
-- Python's repr() with 3.11, 3.12, 3.13 and 3.14.
CALL triggers('DISABLE');
INSERT INTO gnuhealth_prescription_order (id, prescription_id, prescription_date, patient, healthprof, state, notes)
SELECT n, 'OLD' || n, '2025-01-01', 1, 1, 'validated', 'note ' || n FROM generate_series(1, 18) n;
INSERT INTO gnuhealth_prescription_line (id, presc_order, medicament, dose, route, form, short_comment)
SELECT n, n, 1, 5, 1, 1, CASE WHEN n > 12 THEN U&'\0870 \+01FAE8 \+02EBF0 \+01FAE9 it''s' END FROM generate_series(1, 18) n;
CREATE PROCEDURE seal_as(key int, language text, python text) LANGUAGE plpgsql AS $$
DECLARE words text;
BEGIN
    PERFORM set_config('health_crypto.python_unicode', python, true);
    words := health_crypto.serialize('prescription', key, language);
    UPDATE gnuhealth_prescription_order o SET serializer = words, document_digest = encode(sha512(convert_to(words, 'UTF8')), 'hex')
     WHERE o.id = key;
    PERFORM set_config('health_crypto.python_unicode', '3.11', true);
END $$;
CALL seal_as(1, 'en', '3.11'); CALL seal_as(2, 'fr', '3.11'); CALL seal_as(3, 'es', '3.11'); CALL seal_as(4, 'es_419', '3.11');
CALL seal_as(5, 'en', '3.11'); CALL seal_as(6, 'fr', '3.11'); CALL seal_as(7, 'en', '3.11'); CALL seal_as(8, 'fr', '3.11');
CALL seal_as(9, 'en', '3.11'); CALL seal_as(10, 'fr', '3.11'); CALL seal_as(11, 'en', '3.11');
CALL seal_as(13, 'en', '3.10'); CALL seal_as(14, 'en', '3.11'); CALL seal_as(15, 'fr', '3.12'); CALL seal_as(16, 'fr', '3.13');
CALL seal_as(17, 'es', '3.14'); CALL seal_as(18, 'fr', '3.14');
SELECT id, serializer LIKE '%u0870%' AS escaped_3_10, serializer LIKE '%U0001fae8%' AS escaped_3_11, serializer LIKE '%U0002ebf0%' AS escaped_3_12, serializer LIKE '%U0001fae9%' AS escaped_3_13 FROM gnuhealth_prescription_order WHERE id > 12 ORDER BY id;
-- What has happened to them since: a line edited (5, 6), added (7), deleted (8), the patient exchanged (9), the text
-- rewritten (10) with another digest (11); 12 was sealed without digest and text. 18: edited.
UPDATE gnuhealth_prescription_line SET dose = 7.5 WHERE id IN (5, 6, 18);
INSERT INTO gnuhealth_prescription_line (id, presc_order, medicament) VALUES (70, 7, 3);
DELETE FROM gnuhealth_prescription_line WHERE id = 8;
UPDATE gnuhealth_prescription_order SET patient = 2 WHERE id = 9;
UPDATE gnuhealth_prescription_order SET serializer = replace(serializer, 'note', 'no') WHERE id IN (10, 11);
UPDATE gnuhealth_prescription_order SET document_digest = encode(sha512(convert_to(serializer, 'UTF8')), 'hex') WHERE id = 11;
-- A signature over another document: what it is on was sealed before, and does not hold.
UPDATE gnuhealth_prescription_order SET digital_signature = :'one_cameron' WHERE id = 13;
CALL triggers('ENABLE ALWAYS');
SELECT key, ok, content, language, definition, changes FROM health_crypto.verify_all() ORDER BY key::int;
CREATE TABLE unadopted AS SELECT key, ok, content, language FROM health_crypto.verify_all();
BEGIN;
INSERT INTO ir_lang (code, name, translatable) VALUES ('aa', 'Afar', true);
INSERT INTO ir_translation (name, type, lang, res_id, value) VALUES ('product.template,name', 'model', 'aa', 1, 'amoksi');
SELECT count(*) AS changed FROM unadopted b FULL JOIN health_crypto.verify_all() a USING (key, ok, content, language) WHERE a.key IS NULL OR b.key IS NULL;
ROLLBACK;
CREATE TABLE before AS SELECT o.ctid AS place, o.* FROM gnuhealth_prescription_order o;
-- Not everybody's.
\set VERBOSITY sqlstate
SET ROLE regress_owner;
SELECT * FROM health_crypto.adopt();
RESET ROLE;
SELECT * FROM health_crypto.adopt('nothing');
\set VERBOSITY default
SELECT key, content, signature, changes, detail FROM health_crypto.adopt() ORDER BY key::int;
SELECT event, document, key, definition, edition, profile, language, own_digest IS NOT NULL AS own, verdict, reason
  FROM health_crypto.register WHERE event = 'adoption' ORDER BY key::int;
SELECT count(*) AS same_rows FROM before b JOIN gnuhealth_prescription_order o ON o.ctid = b.place AND o.* IS NOT DISTINCT FROM (b.id, b.prescription_id, b.prescription_date, b.notes, b.patient, b.healthprof, b.pharmacy, b.state, b.serializer, b.document_digest, b.digital_signature, b.write_date)::gnuhealth_prescription_order;
-- Again: nothing is entered twice, and what does not hold is said again.
SELECT key, content FROM health_crypto.adopt('prescription') ORDER BY key::int;
SELECT key, signer_name, verdict, signature = :'one_cameron' AS kept FROM health_crypto.register WHERE event = 'signature';
SELECT count(*) AS adoptions FROM health_crypto.register WHERE event = 'adoption';
SELECT count(*) FILTER (WHERE policy_time IS NULL) AS without_time FROM health_crypto.register WHERE verdict IS NOT NULL;
-- A language that is switched on later, with texts of its own, changes nothing, adopted or not.
CREATE TABLE verdicts AS SELECT key, ok, content, language FROM health_crypto.verify_all();
INSERT INTO ir_lang (code, name, translatable) VALUES ('de', 'Deutsch', true), ('es_AR', 'Español (Argentina)', true);
INSERT INTO ir_translation (name, type, lang, res_id, value) VALUES
    ('product.template,name', 'model', 'de', 1, 'Amoxicillin-Trihydrat'), ('gnuhealth.drug.route,name', 'model', 'es_AR', 1, 'por boca');
SELECT count(*) AS changed FROM verdicts b FULL JOIN health_crypto.verify_all() a USING (key, ok, content, language) WHERE a.key IS NULL OR b.key IS NULL;
-- From now on an exchanged product is an alteration, a renamed one is not, in the language of each.
UPDATE product_template SET name = 'Amoxicillin trihydrate' WHERE id = 1;
UPDATE ir_translation SET value = 'amoxicilina' WHERE id = 3;
CALL triggers('DISABLE');
UPDATE gnuhealth_prescription_line SET medicament = 2 WHERE id IN (1, 2);
CALL triggers('ENABLE ALWAYS');
SELECT key, ok, content, language, changes FROM health_crypto.verify_all() WHERE key IN ('1', '2', '3', '4', '13', '16', '17') ORDER BY key::int;
-- A row that was adopted and is gone is missed.
CALL triggers('DISABLE');
DELETE FROM gnuhealth_prescription_line WHERE presc_order = 4;
DELETE FROM gnuhealth_prescription_order WHERE id = 4;
CALL triggers('ENABLE ALWAYS');
SELECT key, ok, content, language FROM health_crypto.verify_all() WHERE key = '4';
-- Adopted is sealed: guarded, and reopened like any other.
\set VERBOSITY sqlstate
UPDATE gnuhealth_prescription_line SET dose = 1 WHERE id = 3;
DELETE FROM gnuhealth_prescription_order WHERE id = 11;
\set VERBOSITY default
SELECT health_crypto.reopen('prescription', 3, 'dose');
UPDATE gnuhealth_prescription_line SET dose = 1 WHERE id = 3;
UPDATE gnuhealth_prescription_order SET state = 'draft' WHERE id = 3;
UPDATE gnuhealth_prescription_order SET state = 'validated' WHERE id = 3;
SELECT ok, content, replace(detail, e.entry::text, 'N') AS detail FROM health_crypto.verify('prescription', 3), health_crypto.register e WHERE e.event = 'adoption' AND e.key = '3';
-- A seal made under the extension holds whatever Python comes later, and an application may bring its own Python's text.
SET health_crypto.python_unicode = '3.10';
INSERT INTO gnuhealth_prescription_order (id, prescription_id, patient, healthprof, state) VALUES (31, 'NEW31', 1, 1, 'draft'), (32, 'NEW32', 1, 1, 'draft'), (33, 'NEW33', 1, 1, 'draft');
INSERT INTO gnuhealth_prescription_line (id, presc_order, medicament, short_comment) SELECT n, n, 1, U&'\0870 \+01FAE8' FROM generate_series(31, 33) n;
UPDATE gnuhealth_prescription_order SET state = 'validated' WHERE id = 31;
SET health_crypto.python_unicode = '3.14';
SELECT health_crypto.serialize('prescription', 32, 'fr') AS words \gset
SET health_crypto.python_unicode = '3.11';
UPDATE gnuhealth_prescription_order SET serializer = :'words', document_digest = encode(sha512(convert_to(:'words', 'UTF8')), 'hex'), state = 'validated' WHERE id = 32;
\set VERBOSITY terse
UPDATE gnuhealth_prescription_order SET serializer = :'words', document_digest = encode(sha512(convert_to(:'words', 'UTF8')), 'hex'), state = 'validated' WHERE id = 33;
\set VERBOSITY default
SET health_crypto.python_unicode = '3.12';
SELECT key, ok, content, language, detail FROM health_crypto.verify_all() WHERE key IN ('31', '32', '33') ORDER BY key;
-- What a transaction has written itself is sealed by its flush, with all that this asks for, before adopt() looks.
SET health_crypto.python_unicode = '3.11';
BEGIN;
INSERT INTO gnuhealth_prescription_order (id, prescription_id, patient, healthprof, state, serializer) VALUES (34, 'NEW34', 1, 1, 'validated', '{"made": "up"}');
\set VERBOSITY sqlstate
SELECT key, content FROM health_crypto.adopt() WHERE key = '34';
\set VERBOSITY default
ROLLBACK;
BEGIN;
INSERT INTO gnuhealth_prescription_order (id, prescription_id, patient, healthprof, state) VALUES (35, 'NEW35', 1, 1, 'validated');
SELECT key, content FROM health_crypto.adopt() WHERE key = '35';
COMMIT;
SELECT event, key, verdict FROM health_crypto.register WHERE key IN ('34', '35');
