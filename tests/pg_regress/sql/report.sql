-- report_html(), status(), qr_svg(): what they show, to whom, and that nothing of a record is markup. tests/report/run.sh reads
-- the page as a browser does and scans the codes.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\i `echo $PG_ABS_SRCDIR/fixtures/gnuhealth.sql`
\set cameron `cat $PG_ABS_SRCDIR/data/cameron.asc`
\set hostile `cat $PG_ABS_SRCDIR/data/hostile.asc`
\set one_cameron `cat $PG_ABS_SRCDIR/data/prescription-1.cameron.sig`
SET client_min_messages = warning;
SELECT count(*) FROM health_crypto.protect_gnuhealth() \g /dev/null
CREATE TABLE note (id text PRIMARY KEY, body text, extra jsonb, state text NOT NULL DEFAULT 'draft', digest text, serializer text, signature text);
CREATE FUNCTION note_1(keys text[], language text) RETURNS TABLE (key text, "Body<b>" text, "Extra" jsonb) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT n.id, n.body, n.extra FROM note n WHERE n.id = ANY (keys); END;
SELECT health_crypto.protect('note', 'note', 'note_1(text[], text)', digest_column => 'digest', signature_column => 'signature', state_column => 'state', sealed_states => '{final}') \g /dev/null
SELECT health_crypto.import_certificate(c) FROM unnest(ARRAY[:'cameron', :'hostile']) c \g /dev/null
INSERT INTO gnuhealth_prescription_order (id, prescription_id, prescription_date, patient, healthprof, notes)
VALUES (1, 'PRES001', '2026-01-05 10:30:00', 1, 1, 'With food'), (2, 'PRES002', '2026-01-05 10:45:00', 2, 2, NULL);
INSERT INTO gnuhealth_prescription_line (presc_order, medicament, dose, dose_unit, route, form, indication, short_comment) VALUES
    (1, 1, 500, 1, 1, 1, 1, 'every 8 hours'), (1, 2, 5, 1, 1, 1, 2, 'only if fever is over 38.5°');
SELECT health_crypto.attach_signature('prescription', 1, :'one_cameron') \g /dev/null
INSERT INTO note (id, body, extra) VALUES
    (E'<script>alert("k")</script>\' ]]> \u202Ek', E'<script>alert("old")</script>\' ]]>\t\u202Eold\u0001 ', '{"<i>": ["</td>", 1.5, null]}'),
    ('two words', 'a note', NULL), ('draft', 'a draft', NULL), (repeat('k', 2500), 'a long key', NULL);
CREATE TABLE longest AS SELECT 1 AS id, 'x' AS body, ''::text AS document_digest, ''::text AS serializer;
ALTER TABLE longest ADD PRIMARY KEY (id);
CREATE FUNCTION longest_1(keys int[], language text) RETURNS TABLE (key int, "Body" text) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT n.id, n.body FROM longest n WHERE n.id = ANY (keys); END;
UPDATE note SET state = 'final' WHERE id <> 'draft';
CREATE FUNCTION section(page text, title text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT regexp_split_to_table(regexp_replace(regexp_replace(substring(page FROM '<h2>' || title || '.*?</section>'),
               '20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC', '(time)', 'g'), '[0-9a-f]{128}', '(digest)', 'g'), '(?=<(?:tr|p|article|h2|h3|li|header|rect)[ >])') $$;
RESET client_min_messages;
\set ECHO all
\pset format unaligned
-- All holds.
SELECT health_crypto.report_html('2026-04-01 00:00+00') AS page \gset
SELECT section(:'page', 'Verdicts');
SELECT section(:'page', 'Documents that do not hold');
SELECT section(:'page', 'Gaps');
-- Hostile user ids.
SELECT section(:'page', 'Certificates');
\pset format aligned
SELECT * FROM health_crypto.status();
\pset format unaligned
-- Somebody writes past the triggers.
ALTER TABLE note DISABLE TRIGGER ALL;
UPDATE note SET body = E'</bdi></article><script src="http://example.org/x.js">\u2067new\u0002', extra = '{"<i>": ["</td>", 1.5]}' WHERE id ~ 'script';
ALTER TABLE gnuhealth_prescription_line DISABLE TRIGGER ALL;
UPDATE gnuhealth_prescription_line SET dose = 50 WHERE presc_order = 1 AND medicament = 1;
SELECT health_crypto.report_html('2026-04-01 00:00+00') AS page \gset
SELECT section(:'page', 'Documents that do not hold');
SELECT section(:'page', 'Gaps');
\pset format aligned
-- No element but those of the page's own templates; no attribute that loads or runs anything; no character that a reader does not see.
SELECT DISTINCT lower(m[1]) AS element FROM regexp_matches(:'page', '<([a-zA-Z!][a-zA-Z0-9]*)', 'g') m ORDER BY 1;
SELECT DISTINCT lower(m[1]) AS attribute FROM regexp_matches(regexp_replace(:'page', '<style>.*</style>', ''), '<[^>]*?\s([a-zA-Z:-]+)=', 'g') m ORDER BY 1;
SELECT :'page' ~ '[\u0001-\u0009\u000B-\u001F\u007F-\u009F\u200B-\u200F\u202A-\u202E\u2060-\u206F]' AS unseen;
SELECT substring(:'page' FROM 'Content-Security-Policy" content="([^;]*;[^;]{0,24})') AS policy, :'page' ~ '@import|url\(' AS loads;
-- 80 columns, with a long name; counted, not verified: what was altered stands as sealed.
BEGIN;
SELECT health_crypto.protect('a23456789_123456789_123456789_1234', 'longest', 'longest_1(int[], text)', signature_column => NULL) \g /dev/null
\o | awk '{ if (length($0) > longest) longest = length($0); print } END { print "longest line: " (longest <= 80 ? "within 80" : longest) }'
SELECT * FROM health_crypto.status();
\o
ROLLBACK;
-- The same page from the same state, whatever the session's settings, and without writing.
BEGIN READ ONLY;
SET LOCAL timezone = 'Asia/Tokyo';
SET LOCAL datestyle = 'German';
SELECT regexp_replace(health_crypto.report_html('2026-04-01 00:00+00'), 'Page made .*? UTC', '') = regexp_replace(:'page', 'Page made .*? UTC', '') AS same;
COMMIT;
-- A code is for what is sealed and holds.
SELECT health_crypto.qr_svg('note', 'two words') ~ '^<svg xmlns="http://www.w3.org/2000/svg" [^>]*><title>QR code of a sealed document</title><path fill="#fff" d="[^"]*"></path><path fill="#000" d="[Mhvz0-9 -]*"></path></svg>$' AS svg;
SELECT health_crypto.qr_svg('note', 'draft');
SELECT health_crypto.qr_svg('note', E'<script>alert("k")</script>\' ]]> \u202Ek');
SELECT health_crypto.qr_svg('prescription', 2);
SELECT health_crypto.qr_svg('prescription', 1);
\set VERBOSITY sqlstate
SELECT health_crypto.qr_svg('prescription', 77);
SELECT health_crypto.qr_svg('nothing', 1);
SELECT health_crypto.qr_svg(NULL, 'x');
SELECT health_crypto.report_html(NULL);
SELECT health_crypto.report_html('infinity');
SELECT health_crypto.qr_svg('note', repeat('k', 2500));
\set VERBOSITY default
-- A type that cannot be verified keeps no other off the page.
BEGIN;
ALTER FUNCTION note_1(text[], text) VOLATILE;
SELECT section(health_crypto.report_html('2026-04-01 00:00+00'), 'Verdicts');
ROLLBACK;
-- Rights: the page and the summary are the auditor's; who was granted them sees the documents that he may read, or an error.
GRANT SELECT ON note TO regress_reader;
SET ROLE regress_reader;
SELECT health_crypto.report_html();
SELECT * FROM health_crypto.status();
SELECT length(health_crypto.qr_svg('note', 'two words')) > 1000 AS svg;
SELECT health_crypto.qr_svg('prescription', 1);
RESET ROLE;
SET ROLE regress_outsider;
SELECT health_crypto.report_html();
SELECT * FROM health_crypto.status();
SELECT health_crypto.qr_svg('note', 'two words');
RESET ROLE;
GRANT EXECUTE ON FUNCTION health_crypto.report_html(timestamptz), health_crypto.status() TO regress_reader;
SET ROLE regress_reader;
SELECT health_crypto.report_html();
SELECT * FROM health_crypto.status();
RESET ROLE;
SELECT health_crypto.unprotect('prescription');
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON note USING (id = 'two words');
SET ROLE regress_reader;
-- Nothing of rows that row security hides: neither an alteration nor a count.
SELECT s AS failing, p ~ 'alert.&quot;k' AS hidden_one, p ~ '<b>1</b> intact' AS own_one
  FROM health_crypto.report_html('2026-04-01 00:00+00') p, section(p, 'Documents that do not hold') s;
SELECT * FROM health_crypto.status();
RESET ROLE;
SET ROLE regress_auditor;
SELECT document, documents, sealed FROM health_crypto.status() WHERE document = 'note';
SELECT health_crypto.report_html('2026-04-01 00:00+00') ~ 'alert.&quot;k' AS shows_all;
RESET ROLE;
REVOKE ALL ON FUNCTION health_crypto.report_html(timestamptz), health_crypto.status() FROM regress_reader;
SELECT health_crypto.unprotect(document) FROM health_crypto.protected_document \g /dev/null
