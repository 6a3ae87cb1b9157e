-- Any table: a definition is one function, and what it reads is what is watched.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\set ECHO all
CREATE SCHEMA clinic;
SET search_path = clinic;
CREATE TABLE ward (id int PRIMARY KEY, name text);
CREATE TABLE consent (
    id uuid PRIMARY KEY, patient text NOT NULL, given date, at timestamptz, fee numeric(12,2), tags text[],
    extra jsonb, ward int REFERENCES ward, state text DEFAULT 'open', untouched int,
    best_answer int);
CREATE TABLE answer (id int PRIMARY KEY, consent uuid REFERENCES consent, question text, answer boolean, remark text);
CREATE TABLE answer_note (id int PRIMARY KEY, answer int REFERENCES answer, note text);
-- Points at a root, but that column is not read: no child.
CREATE TABLE bystander (id int PRIMARY KEY, consent uuid REFERENCES consent, note text);
CREATE FUNCTION ward_name(ward int) RETURNS text LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT w.name FROM ward w WHERE w.id = ward_name.ward; END;
CREATE VIEW noted AS SELECT a.id, a.consent, a.question, a.answer, n.note FROM answer a LEFT JOIN answer_note n ON n.answer = a.id;
CREATE FUNCTION consent_document(keys uuid[], language text)
    RETURNS TABLE (key uuid, "Patient" text, "Given" date, "At" timestamptz, "Fee" numeric, "Tags" text[], "Extra" jsonb,
                   "Ward" text, "Answers" json, "Bystanders" bigint)
    LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT c.id, c.patient, c.given, c.at, c.fee, c.tags, c.extra, ward_name(c.ward),
           (SELECT json_agg(json_build_object('q', n.question, 'a', n.answer, 'n', n.note) ORDER BY n.id) FROM noted n WHERE n.consent = c.id),
           (SELECT count(b.note) FROM bystander b)
      FROM consent c WHERE c.id = ANY (keys);
END;
SELECT health_crypto.protect('consent', 'consent', 'consent_document(uuid[], text)', state_column => 'state', sealed_states => '{given}', add_columns => true);
SELECT table_name, part, columns, depth, link_column, parent_table FROM health_crypto.watched_table WHERE document = 'consent' ORDER BY depth, table_name;
SELECT tgrelid::regclass AS on_table, tgname, tgenabled, tgdeferrable FROM pg_trigger WHERE tgname LIKE 'health_crypto%' ORDER BY 1, 2;
INSERT INTO ward VALUES (1, 'Maternity');
INSERT INTO consent VALUES ('6b0a4f3e-0000-4000-8000-000000000001', 'Ana "B"', '2026-01-05', '2026-01-05 10:00+02', 12.50, '{x,NULL,"y z"}', '{"b": 1, "a": [1.5, null]}', 1);
INSERT INTO answer VALUES (1, '6b0a4f3e-0000-4000-8000-000000000001', 'Pain?', true), (2, '6b0a4f3e-0000-4000-8000-000000000001', 'Risks?', NULL);
INSERT INTO answer_note VALUES (1, 2, 'asked again');
SELECT serializer FROM consent;
SELECT serializer = health_crypto.serialize('consent', id::text) AND document_digest = encode(sha512(convert_to(serializer, 'UTF8')), 'hex')
   AND document_digest = health_crypto.digest('consent', upper(id::text)) AS kept FROM consent;
-- A child of a child.
UPDATE answer_note SET note = 'explained';
SELECT serializer LIKE '%explained%' AND document_digest = health_crypto.digest('consent', id::text) AS kept FROM consent;
-- Unwatched columns cost nothing: no new row version of the root by the flush.
CREATE TEMP TABLE before AS SELECT ctid AS place FROM consent;
UPDATE answer SET remark = 'unwatched';
UPDATE bystander SET note = note;
SELECT c.ctid = b.place AS untouched FROM consent c, before b;
UPDATE consent SET state = 'given';
\set VERBOSITY sqlstate
UPDATE answer_note SET note = 'changed';
UPDATE answer SET answer = false WHERE id = 2;
\set VERBOSITY default
UPDATE ward SET name = 'Obstetrics';
SELECT ok, content, changes FROM health_crypto.verify('consent', '6b0a4f3e-0000-4000-8000-000000000001');
SELECT health_crypto.unprotect('consent');
SELECT count(*) AS triggers_left FROM pg_trigger WHERE tgname LIKE 'health_crypto%';

-- What is refused.
\set VERBOSITY terse
CREATE FUNCTION string_body(keys uuid[], language text) RETURNS TABLE (key uuid, "A" text) LANGUAGE sql STABLE
    AS 'SELECT c.id, c.patient FROM clinic.consent c WHERE c.id = ANY (keys)';
SELECT health_crypto.protect('x', 'consent', 'string_body(uuid[], text)');
CREATE FUNCTION hidden(id uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT patient FROM clinic.consent c WHERE c.id = hidden.id); END $$;
CREATE FUNCTION hides(keys uuid[], language text) RETURNS TABLE (key uuid, "A" text) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT c.id, hidden(c.id) FROM consent c WHERE c.id = ANY (keys); END;
SELECT health_crypto.protect('x', 'consent', 'hides(uuid[], text)');
CREATE FUNCTION wrong_keys(keys int[], language text) RETURNS TABLE (key uuid, "A" text) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT c.id, c.patient FROM consent c; END;
SELECT health_crypto.protect('x', 'consent', 'wrong_keys(int[], text)');
CREATE FUNCTION no_root(keys uuid[], language text) RETURNS TABLE (key uuid, "A" text) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT k, w.name FROM ward w, unnest(keys) k; END;
SELECT health_crypto.protect('x', 'consent', 'no_root(uuid[], text)');
CREATE FUNCTION raw_bytes(keys uuid[], language text) RETURNS TABLE (key uuid, "Scan" bytea) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT c.id, decode(c.patient, 'hex') FROM consent c WHERE c.id = ANY (keys); END;
SELECT health_crypto.protect('x', 'consent', 'raw_bytes(uuid[], text)');
CREATE FUNCTION own_digest(keys uuid[], language text) RETURNS TABLE (key uuid, "D" text) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT c.id, c.document_digest FROM consent c WHERE c.id = ANY (keys); END;
SELECT health_crypto.protect('x', 'consent', 'own_digest(uuid[], text)');
CREATE FUNCTION fine(keys uuid[], language text) RETURNS TABLE (key uuid, "A" text) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT c.id, c.patient FROM consent c WHERE c.id = ANY (keys); END;
CREATE TABLE heap (id uuid, patient text);
SELECT health_crypto.protect('x', 'heap', 'fine(uuid[], text)');
ALTER TABLE consent DROP COLUMN digital_signature;
SELECT health_crypto.protect('x', 'consent', 'fine(uuid[], text)');
SELECT health_crypto.protect('x', 'consent', 'fine(uuid[], text)', signature_column => NULL, state_column => 'nope', sealed_states => '{a}');
SELECT health_crypto.protect('x', 'consent', 'fine(uuid[], text)', signature_column => NULL, profile => 'xml');
SELECT health_crypto.protect('X!', 'consent', 'fine(uuid[], text)', signature_column => NULL);
SELECT health_crypto.protect(NULL, 'consent', 'fine(uuid[], text)');
SELECT count(*) AS nothing_changed FROM health_crypto.protected_document;
-- One row a document, no null key, a number that the profile holds.
CREATE FUNCTION twice(keys uuid[], language text) RETURNS TABLE (key uuid, "A" text) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT c.id, c.patient FROM consent c, generate_series(1, 2) WHERE c.id = ANY (keys); END;
SELECT health_crypto.protect('x', 'consent', 'twice(uuid[], text)', signature_column => NULL);
CREATE FUNCTION too_exact(keys uuid[], language text) RETURNS TABLE (key uuid, "Fee" numeric) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT c.id, c.fee + 0.00000000000000000001 FROM consent c WHERE c.id = ANY (keys); END;
SELECT health_crypto.protect('x', 'consent', 'too_exact(uuid[], text)', signature_column => NULL);
-- A whole row reads every column.
CREATE FUNCTION whole(keys uuid[], language text) RETURNS TABLE (key uuid, "Row" json) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT c.id, (SELECT json_agg(a) FROM answer a WHERE a.consent = c.id) FROM consent c WHERE c.id = ANY (keys); END;
SELECT health_crypto.protect('x', 'consent', 'whole(uuid[], text)', signature_column => NULL);
SELECT columns FROM health_crypto.watched_table WHERE document = 'x' AND table_name = 'answer';
SELECT health_crypto.unprotect('x');
-- A whole row of a subquery is its columns, which are known; one of the root would contain its own digest.
CREATE FUNCTION inner_rows(keys uuid[], language text) RETURNS TABLE (key uuid, "Row" json) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT c.id, (SELECT json_agg(x) FROM (SELECT a.question FROM answer a WHERE a.consent = c.id) x) FROM consent c WHERE c.id = ANY (keys); END;
SELECT health_crypto.protect('x', 'consent', 'inner_rows(uuid[], text)', signature_column => NULL);
SELECT columns FROM health_crypto.watched_table WHERE document = 'x' AND table_name = 'answer';
SELECT health_crypto.unprotect('x');
CREATE FUNCTION whole_root(keys uuid[], language text) RETURNS TABLE (key uuid, "Row" json) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT c.id, to_json(c) FROM consent c WHERE c.id = ANY (keys); END;
SELECT health_crypto.protect('x', 'consent', 'whole_root(uuid[], text)', signature_column => NULL);
-- Children that the triggers could not follow.
CREATE TABLE pair (id int PRIMARY KEY, a_from uuid REFERENCES consent, b_to uuid REFERENCES consent, note text);
CREATE FUNCTION two_links(keys uuid[], language text) RETURNS TABLE (key uuid, "N" json) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT c.id, (SELECT json_agg(json_build_array(p.a_from, p.note)) FROM pair p WHERE p.b_to = c.id) FROM consent c WHERE c.id = ANY (keys); END;
SELECT health_crypto.protect('x', 'consent', 'two_links(uuid[], text)', signature_column => NULL);
ALTER TABLE consent ADD UNIQUE (id, patient);
CREATE TABLE wide (id int PRIMARY KEY, consent uuid, patient text, note text, FOREIGN KEY (consent, patient) REFERENCES consent (id, patient));
CREATE FUNCTION wide_link(keys uuid[], language text) RETURNS TABLE (key uuid, "N" json) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT c.id, (SELECT json_agg(w.note) FROM wide w WHERE w.consent = c.id) FROM consent c WHERE c.id = ANY (keys); END;
SELECT health_crypto.protect('x', 'consent', 'wide_link(uuid[], text)', signature_column => NULL);
-- Columns that cannot hold a seal.
SELECT health_crypto.protect('x', 'consent', 'fine(uuid[], text)', signature_column => NULL, digest_column => 'untouched');
SELECT health_crypto.protect('x', 'consent', 'fine(uuid[], text)', signature_column => NULL, digest_column => 'serializer');
SELECT health_crypto.protect('one', 'consent', 'fine(uuid[], text)', signature_column => NULL);
SELECT health_crypto.protect('two', 'consent', 'fine(uuid[], text)', signature_column => NULL);
-- A definition that is replaced after the protection: allowed, and named.
CREATE OR REPLACE FUNCTION fine(keys uuid[], language text) RETURNS TABLE (key uuid, "A" text) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT c.id, upper(c.patient) FROM consent c WHERE c.id = ANY (keys); END;
SELECT document, relation, gap FROM health_crypto.protection_gaps();
-- A helper that is replaced by one that writes, after the protection.
CREATE FUNCTION helper(t text) RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT upper(t); END;
CREATE FUNCTION helped(keys uuid[], language text) RETURNS TABLE (key uuid, "A" text) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT c.id, helper(c.patient) FROM consent c WHERE c.id = ANY (keys); END;
SELECT health_crypto.protect('three', 'consent', 'helped(uuid[], text)', digest_column => 'd3', serializer_column => 's3', signature_column => NULL, add_columns => true);
CREATE OR REPLACE FUNCTION helper(t text) RETURNS text LANGUAGE sql VOLATILE BEGIN ATOMIC INSERT INTO heap VALUES (NULL, t); SELECT t; END;
SELECT ok FROM health_crypto.verify('three', '6b0a4f3e-0000-4000-8000-000000000001');
SELECT document, gap FROM health_crypto.protection_gaps();

-- Names at their limits: a document's name of 34 bytes has all its triggers under names that protection_gaps() looks for,
-- and its definition may have a name as long as PostgreSQL takes; one letter more is refused.
\set VERBOSITY default
CREATE TABLE named (id int PRIMARY KEY, subject text);
CREATE FUNCTION a_definition_whose_name_is_just_as_long_as_postgresql_has_names(keys int[], language text) RETURNS TABLE (key int, subject text)
    LANGUAGE sql STABLE BEGIN ATOMIC SELECT n.id, n.subject FROM named n WHERE n.id = ANY (keys); END;
SELECT length(proname), oid::regprocedure AS definition FROM pg_proc WHERE proname LIKE 'a_definition_whose_name%' \gset long_
SELECT :long_length AS bytes_of_the_definitions_name;
SELECT health_crypto.protect(repeat('n', 35), 'named', :'long_definition', add_columns => true);
SELECT health_crypto.protect(repeat('n', 34), 'named', :'long_definition', add_columns => true);
SELECT max(length(tgname)) AS longest, count(*) AS triggers FROM pg_trigger WHERE tgrelid = 'named'::regclass AND tgname LIKE 'health_crypto%';
SELECT relation, gap, detail FROM health_crypto.protection_gaps() WHERE document LIKE 'n%';
INSERT INTO named VALUES (1, 'a');
SELECT content FROM health_crypto.verify(repeat('n', 34), 1);
SELECT health_crypto.unprotect(repeat('n', 34));
SELECT count(*) AS triggers_left FROM pg_trigger WHERE tgrelid = 'named'::regclass;

-- The register outlives a table and the type of its keys: what is no key any more has no row, and is named like any other.
CREATE TABLE slip (id text PRIMARY KEY, subject text, state text);
CREATE FUNCTION slip_1(keys text[], language text) RETURNS TABLE (key text, subject text)
    LANGUAGE sql STABLE BEGIN ATOMIC SELECT s.id, s.subject FROM slip s WHERE s.id = ANY (keys); END;
SELECT health_crypto.protect('slip', 'slip', 'slip_1(text[], text)', state_column => 'state', sealed_states => '{done}', add_columns => true);
INSERT INTO slip VALUES ('ward 3', 'a', 'done'), ('7', 'b', 'done'), ('8', 'c', 'done');
SELECT health_crypto.unprotect('slip');
DROP FUNCTION slip_1;
DROP TABLE slip;
CREATE TABLE slip (id int PRIMARY KEY, subject text, state text, document_digest text, serializer text, digital_signature text);
CREATE FUNCTION slip_2(keys int[], language text) RETURNS TABLE (key int, subject text)
    LANGUAGE sql STABLE BEGIN ATOMIC SELECT s.id, s.subject FROM slip s WHERE s.id = ANY (keys); END;
SELECT health_crypto.protect('slip', 'slip', 'slip_2(int[], text)', state_column => 'state', sealed_states => '{done}');
ALTER TABLE slip DISABLE TRIGGER USER;
INSERT INTO slip SELECT 7, 'b', 'done', encode(sha512(t), 'hex'), convert_from(t, 'UTF8') FROM convert_to('{"subject":"b"}', 'UTF8') t;
ALTER TABLE slip ENABLE TRIGGER USER;
SELECT key, ok, content FROM health_crypto.verify_all('slip') ORDER BY key;
