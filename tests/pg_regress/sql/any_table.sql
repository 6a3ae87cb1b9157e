-- Tables of all kinds: keys, children, partitions, names, types, what is refused. Much of it is the session of
-- docs/any-table.md, which tests/pages runs itself; here it is looked at whole, and in every version of PostgreSQL.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\set certificate `cat $PG_ABS_SRCDIR/data/noor.asc`
\set signed_digest `cat $PG_ABS_SRCDIR/data/consent-2.noor.sig`
\set signed_amendment `cat $PG_ABS_SRCDIR/data/consent-2-amended.noor.sig`
\set ECHO all
-- CREATE EXTENSION health_crypto;  (done)
CREATE TABLE ward (
    code text PRIMARY KEY,
    name text NOT NULL);

CREATE TABLE consent (
    id        uuid PRIMARY KEY,
    patient   text NOT NULL,
    ward      text REFERENCES ward,
    operation text NOT NULL,
    planned   date,
    fee       numeric(12,2),
    explained timestamptz,
    risks     text[],
    extra     jsonb,
    state     text NOT NULL DEFAULT 'draft',
    printed   integer NOT NULL DEFAULT 0);

CREATE TABLE consent_answer (
    id        integer PRIMARY KEY,
    consent   uuid NOT NULL REFERENCES consent,
    question  text NOT NULL,
    answer    boolean,
    remark    text);

INSERT INTO ward VALUES ('S1', 'Surgery 1'), ('S2', 'Surgery 2');

CREATE FUNCTION consent_1(keys uuid[], language text)
    RETURNS TABLE (key uuid, "Patient" text, "Ward" text, "Operation" text, "Planned" date, "Fee" numeric,
                   "Explained" timestamptz, "Risks" text[], "Extra" jsonb, "Answers" json)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT c.id, c.patient, w.name, c.operation, c.planned, c.fee, c.explained, c.risks, c.extra,
           (SELECT json_agg(json_build_object('question', a.question, 'answer', a.answer, 'remark', a.remark)
                            ORDER BY a.id)
              FROM consent_answer a
             WHERE a.consent = c.id)
      FROM consent c
      LEFT JOIN ward w ON w.code = c.ward
     WHERE c.id = ANY (keys);
END;

SELECT health_crypto.protect('consent', 'consent', 'consent_1(uuid[], text)', profile => 'jcs-1',
           state_column => 'state', sealed_states => '{given}', add_columns => true);

SELECT table_name, part, columns FROM health_crypto.watched_table WHERE document = 'consent' ORDER BY depth, part DESC;

BEGIN;
INSERT INTO consent (id, patient, ward, operation, planned, fee, explained, risks, extra)
VALUES ('5f0c1a52-0000-4000-8000-000000000001', 'Betz, Ana', 'S1', 'Appendectomy', '2026-01-12', 1250.50,
        '2026-01-05 10:30:00+01', '{bleeding,infection}', '{"interpreter": null, "bmi": 22.5}');
INSERT INTO consent_answer (id, consent, question, answer, remark)
VALUES (1, '5f0c1a52-0000-4000-8000-000000000001', 'risks', true, NULL),
       (2, '5f0c1a52-0000-4000-8000-000000000001', 'transfusion', true, 'once');
COMMIT;

SELECT regexp_split_to_table(serializer, ',(?="[A-Z])') AS text FROM consent;

SELECT left(document_digest, 16) || '…' AS document_digest,
       document_digest = encode(sha512(convert_to(serializer, 'UTF8')), 'hex') AS is_that_of_the_text
  FROM consent;

UPDATE consent_answer SET answer = false WHERE id = 2;
SELECT key, ok, content, signature, detail FROM health_crypto.verify_all('consent');

UPDATE consent SET state = 'given' WHERE id = '5f0c1a52-0000-4000-8000-000000000001';

UPDATE consent SET fee = 950 WHERE id = '5f0c1a52-0000-4000-8000-000000000001';

UPDATE consent_answer SET answer = true WHERE id = 2;

DELETE FROM consent_answer WHERE id = 2;

INSERT INTO consent_answer VALUES (3, '5f0c1a52-0000-4000-8000-000000000001', 'photographs', true, NULL);

DO $$
DECLARE
    name text; of_table text;
BEGIN
    UPDATE consent_answer SET answer = true WHERE id = 2;
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS name = CONSTRAINT_NAME, of_table = TABLE_NAME;
    RAISE NOTICE 'refused: constraint % of table %', name, of_table;
END $$;

UPDATE consent SET printed = printed + 1, state = 'archived' WHERE id = '5f0c1a52-0000-4000-8000-000000000001';
SELECT key, ok, content, signature, detail FROM health_crypto.verify_all('consent');

SELECT health_crypto.import_certificate(:'certificate', documents => '{consent}');

BEGIN;
INSERT INTO consent (id, patient, ward, operation, planned, fee)
VALUES ('5f0c1a52-0000-4000-8000-000000000002', 'Zenon, John', 'S1', 'Cataract surgery', '2026-01-13', 800);
INSERT INTO consent_answer (id, consent, question, answer)
VALUES (4, '5f0c1a52-0000-4000-8000-000000000002', 'risks', true);
COMMIT;

SELECT left(health_crypto.signing_payload('consent', '5f0c1a52-0000-4000-8000-000000000002'), 16) || '…' AS payload;

SELECT content, signature, signer_name, ok
  FROM health_crypto.attach_signature('consent', '5f0c1a52-0000-4000-8000-000000000002', :'signed_digest');

UPDATE consent SET digital_signature = :'signed_digest' WHERE id = '5f0c1a52-0000-4000-8000-000000000001';

UPDATE consent SET operation = 'Cataract surgery, left' WHERE id = '5f0c1a52-0000-4000-8000-000000000002';

BEGIN;
ALTER TABLE consent DISABLE TRIGGER ALL;
ALTER TABLE consent_answer DISABLE TRIGGER ALL;
UPDATE consent SET fee = 950 WHERE id = '5f0c1a52-0000-4000-8000-000000000001';
UPDATE consent_answer SET answer = false WHERE id = 4;
SELECT right(key, 2) AS key, ok, content, signature, changes FROM health_crypto.verify_all('consent') \gx

SELECT relation, gap, detail FROM health_crypto.protection_gaps() LIMIT 3;

ROLLBACK;

SELECT count(*) AS gaps FROM health_crypto.protection_gaps();

UPDATE ward SET name = 'General surgery' WHERE code = 'S1';
SELECT right(key, 2) AS key, ok, content, signature, changes FROM health_crypto.verify_all('consent');

SELECT health_crypto.reopen('consent', '5f0c1a52-0000-4000-8000-000000000002', 'the left eye is meant');

UPDATE consent SET operation = 'Cataract surgery, left' WHERE id = '5f0c1a52-0000-4000-8000-000000000002';
SELECT ok, content, signature, detail FROM health_crypto.verify('consent', '5f0c1a52-0000-4000-8000-000000000002');

SELECT content, signature, ok
  FROM health_crypto.attach_signature('consent', '5f0c1a52-0000-4000-8000-000000000002', :'signed_amendment');

SELECT event, left(digest, 8) || '…' AS digest, signer_name, verdict, reason
  FROM health_crypto.register
 WHERE document = 'consent' AND key = '5f0c1a52-0000-4000-8000-000000000002' ORDER BY entry;

CREATE TYPE outcome AS ENUM ('normal', 'raised', 'critical');
CREATE TYPE reading AS (analyte text, value numeric, outcome outcome);

CREATE TABLE lab_report (
    id       bigint PRIMARY KEY,
    sample   bigint,
    outcome  outcome,
    readings reading[],
    dilution double precision);

CREATE FUNCTION lab_report_1(keys bigint[], language text)
    RETURNS TABLE (key bigint, "Sample" bigint, "Outcome" outcome, "Readings" reading[], "Dilution" double precision)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT r.id, r.sample, r.outcome, r.readings, r.dilution FROM lab_report r WHERE r.id = ANY (keys);
END;

SELECT health_crypto.protect('lab_report', 'lab_report', 'lab_report_1(bigint[], text)', add_columns => true);

INSERT INTO lab_report VALUES (1, 20260001, 'raised', '{"(CRP,12.40,raised)","(Hb,13,normal)"}', 0.1);
SELECT regexp_split_to_table(serializer, ',(?="[A-Z])') AS text FROM lab_report;

INSERT INTO lab_report VALUES (2, 9007199254740993, 'normal', '{}', 1);

INSERT INTO lab_report VALUES (2, 20260002, 'normal', '{}', 'NaN');

INSERT INTO lab_report VALUES (2, 20260002, 'normal', '{"(CRP,0.1234567890123456789,normal)"}', 1);

CREATE FUNCTION lab_report_2(keys bigint[], language text)
    RETURNS TABLE (key bigint, "Sample" text, "Outcome" outcome, "Readings" json, "Dilution" text)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT r.id, r.sample::text, r.outcome,
           (SELECT json_agg(json_build_array(x.analyte, x.value::text, x.outcome) ORDER BY x.place)
              FROM unnest(r.readings) WITH ORDINALITY x (analyte, value, outcome, place)),
           r.dilution::text
      FROM lab_report r WHERE r.id = ANY (keys);
END;

SELECT health_crypto.protect('lab_report', 'lab_report', 'lab_report_2(bigint[], text)');

INSERT INTO lab_report
VALUES (2, 9007199254740993, 'normal', '{"(CRP,0.1234567890123456789,normal)"}', 'NaN');
SELECT serializer FROM lab_report ORDER BY id;

CREATE TABLE note (
    id      uuid,
    written date NOT NULL,
    words   text,
    PRIMARY KEY (id, written)
) PARTITION BY RANGE (written);

CREATE FUNCTION note_1(keys uuid[], language text) RETURNS TABLE (key uuid, "Written" date, "Words" text)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT n.id, n.written, n.words FROM note n WHERE n.id = ANY (keys);
END;

SELECT health_crypto.protect('note', 'note', 'note_1(uuid[], text)', add_columns => true);

DROP FUNCTION note_1;
DROP TABLE note;

CREATE TABLE note (
    id      uuid PRIMARY KEY,
    written date NOT NULL,
    words   text,
    state   text NOT NULL DEFAULT 'draft'
) PARTITION BY RANGE (id);
CREATE TABLE note_2026_01 PARTITION OF note
    FOR VALUES FROM ('019b76da-a800-0000-0000-000000000000') TO ('019c167f-cc00-0000-0000-000000000000');

CREATE FUNCTION note_1(keys uuid[], language text) RETURNS TABLE (key uuid, "Written" date, "Words" text)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT n.id, n.written, n.words FROM note n WHERE n.id = ANY (keys);
END;

SELECT health_crypto.protect('note', 'note', 'note_1(uuid[], text)', signature_column => NULL,
           state_column => 'state', sealed_states => '{final}', add_columns => true);

INSERT INTO note VALUES ('019b8cd4-0e80-7000-8000-000000000001', '2026-01-05', 'Walks without help', 'final');
UPDATE note_2026_01 SET words = 'Walks with help';

CREATE TABLE note_2026_02 PARTITION OF note
    FOR VALUES FROM ('019c167f-cc00-0000-0000-000000000000') TO ('019ca6b1-dc00-0000-0000-000000000000');
INSERT INTO note VALUES ('019c2af6-a280-7000-8000-000000000001', '2026-02-05', 'Goes home', 'final');
DELETE FROM note_2026_02;

SELECT relation, gap, detail FROM health_crypto.protection_gaps();

SELECT health_crypto.protect('note', 'note', 'note_1(uuid[], text)', signature_column => NULL,
           state_column => 'state', sealed_states => '{final}');
SELECT count(*) AS gaps FROM health_crypto.protection_gaps();

TRUNCATE note_2026_02;

ALTER TABLE note DETACH PARTITION note_2026_01;
SELECT key, ok, content, detail FROM health_crypto.verify_all('note') ORDER BY key;

ALTER TABLE note ATTACH PARTITION note_2026_01
    FOR VALUES FROM ('019b76da-a800-0000-0000-000000000000') TO ('019c167f-cc00-0000-0000-000000000000');
SELECT key, ok, content, detail FROM health_crypto.verify_all('note') ORDER BY key;
SELECT relation, gap FROM health_crypto.protection_gaps();

CREATE SCHEMA "Clinic";
CREATE TABLE "Clinic"."Consent Form" (
    "ID"             integer PRIMARY KEY,
    "Patient's name" text,
    "Signed On"      date,
    "State"          text NOT NULL DEFAULT 'Open');
CREATE TABLE "Clinic"."Answer" (
    "No"   integer PRIMARY KEY,
    "Form" integer NOT NULL REFERENCES "Clinic"."Consent Form",
    "Said" text);

CREATE FUNCTION "Clinic"."Consent Form 1"("Keys" integer[], "Language" text)
    RETURNS TABLE (key integer, "Patient's name" text, "Signed On" date, "Answers" text[])
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT f."ID", f."Patient's name", f."Signed On",
           ARRAY(SELECT a."Said" FROM "Clinic"."Answer" a WHERE a."Form" = f."ID" ORDER BY a."No")
      FROM "Clinic"."Consent Form" f
     WHERE f."ID" = ANY ("Keys");
END;

SELECT health_crypto.protect('clinic_consent', '"Clinic"."Consent Form"', '"Clinic"."Consent Form 1"(integer[], text)',
           digest_column => 'Digest', serializer_column => 'Canonical Text', signature_column => 'Signature',
           state_column => 'State', sealed_states => '{Given}', add_columns => true);

BEGIN;
INSERT INTO "Clinic"."Consent Form" VALUES (1, 'Betz, Ana', '2026-01-05', 'Given');
INSERT INTO "Clinic"."Answer" VALUES (1, 1, 'Yes'), (2, 1, 'No');
COMMIT;
SELECT "ID", "Canonical Text", left("Digest", 16) || '…' AS "Digest" FROM "Clinic"."Consent Form";

UPDATE "Clinic"."Answer" SET "Said" = 'Yes' WHERE "No" = 2;

SELECT document, key, ok, content FROM health_crypto.verify_all('clinic_consent');

CREATE TABLE leaflet (
    id   integer PRIMARY KEY,
    ward text REFERENCES ward,
    body text,
    scan bytea);
INSERT INTO leaflet VALUES (1, 'S1', 'After the operation'), (2, NULL, 'Visiting hours');

CREATE FUNCTION a_string(keys integer[], language text) RETURNS TABLE (key integer, "Body" text)
    LANGUAGE sql STABLE AS 'SELECT l.id, l.body FROM leaflet l WHERE l.id = ANY (keys)';
SELECT health_crypto.protect('leaflet', 'leaflet', 'a_string(integer[], text)', add_columns => true);

CREATE FUNCTION short(body text) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN left(body, 10); END $$;
CREATE FUNCTION a_helper(keys integer[], language text) RETURNS TABLE (key integer, "Body" text)
    LANGUAGE sql STABLE BEGIN ATOMIC SELECT l.id, short(l.body) FROM leaflet l WHERE l.id = ANY (keys); END;
SELECT health_crypto.protect('leaflet', 'leaflet', 'a_helper(integer[], text)', add_columns => true);

CREATE FUNCTION a_type(keys integer[], language text) RETURNS TABLE (key integer, "Scan" bytea)
    LANGUAGE sql STABLE BEGIN ATOMIC SELECT l.id, l.scan FROM leaflet l WHERE l.id = ANY (keys); END;
SELECT health_crypto.protect('leaflet', 'leaflet', 'a_type(integer[], text)', add_columns => true);

CREATE FUNCTION a_join(keys integer[], language text) RETURNS TABLE (key integer, "Ward" text)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT l.id, w.name FROM leaflet l JOIN ward w ON w.code = l.ward WHERE l.id = ANY (keys);
END;
SELECT health_crypto.protect('leaflet', 'leaflet', 'a_join(integer[], text)', add_columns => true);

CREATE FUNCTION two_rows(keys integer[], language text) RETURNS TABLE (key integer, "Ward" text)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT l.id, w.name FROM leaflet l LEFT JOIN ward w ON l.ward IS NULL OR w.code = l.ward WHERE l.id = ANY (keys);
END;
SELECT health_crypto.protect('leaflet', 'leaflet', 'two_rows(integer[], text)', add_columns => true);

CREATE FUNCTION its_own_digest(keys uuid[], language text) RETURNS TABLE (key uuid, "Digest" text)
    LANGUAGE sql STABLE BEGIN ATOMIC SELECT c.id, c.document_digest FROM consent c WHERE c.id = ANY (keys); END;
SELECT health_crypto.protect('consent', 'consent', 'its_own_digest(uuid[], text)');

SELECT count(*) AS leaflets FROM leaflet;
SELECT count(*) AS triggers FROM pg_trigger WHERE tgrelid = 'leaflet'::regclass AND tgname LIKE 'health_crypto%';

ALTER TABLE consent DROP COLUMN fee;

SELECT health_crypto.unprotect('clinic_consent');

-- Not in the tutorial. A label of an enum that is renamed is another text, and the rows' own.
ALTER TABLE lab_report ADD COLUMN state text;
SELECT health_crypto.protect('lab_report', 'lab_report', 'lab_report_2(bigint[], text)', state_column => 'state', sealed_states => '{final}');
UPDATE lab_report SET state = 'final' WHERE id = 1;
ALTER TYPE outcome RENAME VALUE 'raised' TO 'high';
SELECT key, ok, content, changes FROM health_crypto.verify_all('lab_report') ORDER BY key;
-- A table that is attached brings a draft without a digest.
CREATE TABLE note_2026_03 (LIKE note INCLUDING ALL);
INSERT INTO note_2026_03 VALUES ('019ca6b1-dc00-7000-8000-000000000001', '2026-03-01', 'Back again');
ALTER TABLE note ATTACH PARTITION note_2026_03 FOR VALUES FROM ('019ca6b1-dc00-0000-0000-000000000000') TO ('019d4000-0000-0000-0000-000000000000');
SELECT content, detail FROM health_crypto.verify('note', '019ca6b1-dc00-7000-8000-000000000001');
SELECT health_crypto.protect('note', 'note', 'note_1(uuid[], text)', signature_column => NULL, state_column => 'state', sealed_states => '{final}');
SELECT content, detail FROM health_crypto.verify('note', '019ca6b1-dc00-7000-8000-000000000001');
-- A partition that is detached keeps the triggers for TRUNCATE that protect() gave it.
ALTER TABLE note DETACH PARTITION note_2026_01;
SELECT tgname FROM pg_trigger WHERE tgrelid = 'note_2026_01'::regclass ORDER BY 1;
UPDATE note_2026_01 SET words = 'anything';
TRUNCATE note_2026_01;
SELECT health_crypto.unprotect('note');
TRUNCATE note_2026_01;
SELECT relation, gap FROM health_crypto.protection_gaps();
-- A child of a partitioned root, and a partitioned child.
CREATE TABLE visit (id bigint PRIMARY KEY, ward text, state text) PARTITION BY HASH (id);
CREATE TABLE visit_0 PARTITION OF visit FOR VALUES WITH (modulus 2, remainder 0);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES WITH (modulus 2, remainder 1) PARTITION BY LIST (id);
CREATE TABLE visit_1_all PARTITION OF visit_1 DEFAULT;
CREATE TABLE visit_line (visit bigint NOT NULL REFERENCES visit, place int, said text, PRIMARY KEY (visit, place)) PARTITION BY RANGE (place);
CREATE TABLE visit_line_low PARTITION OF visit_line FOR VALUES FROM (0) TO (10);
CREATE FUNCTION visit_1(keys bigint[], language text) RETURNS TABLE (key bigint, "Ward" text, "Said" text[]) LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT v.id, v.ward, ARRAY(SELECT l.said FROM visit_line l WHERE l.visit = v.id ORDER BY l.place) FROM visit v WHERE v.id = ANY (keys);
END;
SELECT health_crypto.protect('visit', 'visit', 'visit_1(bigint[], text)', signature_column => NULL, state_column => 'state', sealed_states => '{closed}', add_columns => true);
SELECT table_name, part, link_column FROM health_crypto.watched_table WHERE document = 'visit' ORDER BY depth, table_name;
INSERT INTO visit SELECT n, 'S1' FROM generate_series(1, 8) n;
INSERT INTO visit_line SELECT n, 0, 'said ' || n FROM generate_series(1, 8) n;
CREATE TABLE visit_line_high PARTITION OF visit_line FOR VALUES FROM (10) TO (20);
INSERT INTO visit_line_high SELECT n, 10, 'later' FROM generate_series(1, 8) n;
SELECT content, count(*) FROM health_crypto.verify_all('visit') GROUP BY 1;
SELECT serializer FROM visit WHERE id = 3;
UPDATE visit SET state = 'closed' WHERE id > 4;
\set VERBOSITY terse
UPDATE visit_line_high SET said = '';
DELETE FROM visit_line WHERE visit = 6;
UPDATE visit_line SET place = 15 WHERE visit = 5 AND place = 0;
INSERT INTO visit VALUES (9, 'S1', 'closed');
UPDATE visit SET id = 100 WHERE id = 9;
DELETE FROM visit_1_all WHERE id = 9;
DELETE FROM visit_0 WHERE id = 9;
TRUNCATE visit_line_low;
-- The one that is new since protect().
TRUNCATE visit_line_high;
\set VERBOSITY default
-- Moved from partition to partition, and still the same line.
UPDATE visit_line SET place = 15 WHERE visit = 1 AND place = 0;
SELECT serializer FROM visit WHERE id = 1;
SELECT content, count(*) FROM health_crypto.verify_all('visit') GROUP BY 1 ORDER BY 1;
SET client_min_messages = warning;
DROP SCHEMA "Clinic" CASCADE;
