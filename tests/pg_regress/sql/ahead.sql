-- verify_all() runs the definition for many more documents than it judges at once, from the second page on: the same
-- verdicts as verify() gives, whatever is wrong with some of them.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\set ECHO all
CREATE TABLE ward (id integer PRIMARY KEY, name text NOT NULL);
INSERT INTO ward SELECT n, 'Ward ' || n FROM generate_series(1, 9) n;
CREATE TABLE note (
    id       bigint PRIMARY KEY,
    ward     integer NOT NULL REFERENCES ward,
    body     text NOT NULL,
    beds     integer NOT NULL DEFAULT 1,
    state    text NOT NULL DEFAULT 'done');
CREATE FUNCTION note_1(keys bigint[], language text) RETURNS TABLE (key bigint, "Ward" text, "Body" text, "Share" integer)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    -- Backwards, so that keys come in another order than they are asked for.
    SELECT n.id, w.name, n.body, 100 / n.beds FROM note n JOIN ward w ON w.id = n.ward WHERE n.id = ANY (keys) ORDER BY n.id DESC;
END;
SELECT health_crypto.protect('note', 'note', 'note_1(bigint[], text)', profile => 'jcs-1', state_column => 'state',
           sealed_states => '{done}', add_columns => true);
INSERT INTO note (id, ward, body) SELECT n, 1 + n % 8, 'Note ' || n FROM generate_series(1, 6400) n;
SELECT content, ok, count(*) FROM health_crypto.verify_all('note') GROUP BY content, ok;
-- What verify_all() says otherwise than verify(), of every 37th document and of those that are attacked below.
CREATE VIEW otherwise AS
SELECT a.key FROM health_crypto.verify_all('note') a
 CROSS JOIN LATERAL health_crypto.verify('note', a.key) v
 WHERE (a.key::bigint % 37 = 0 OR a.key::bigint BETWEEN 699 AND 720 OR a.key::bigint > 6380)
   AND (a.ok, a.content, a.signature, a.sealed_at, a.language, a.definition, a.changes, a.detail)
       IS DISTINCT FROM (v.ok, v.content, v.signature, v.sealed_at, v.language, v.definition, v.changes, v.detail);
SELECT count(*) FROM otherwise;

-- Round the triggers: content; text with its digest; text; digest; both taken away; a reference; rows that are gone, and
-- the last one.
ALTER TABLE note DISABLE TRIGGER ALL;
UPDATE note SET body = 'Another' WHERE id IN (700, 6398);
UPDATE note SET serializer = (SELECT n.serializer FROM note n WHERE n.id = 702), document_digest = (SELECT n.document_digest FROM note n WHERE n.id = 702) WHERE id = 701;
UPDATE note SET serializer = serializer || ' ' WHERE id = 703;
UPDATE note SET document_digest = upper(document_digest) WHERE id = 704;
UPDATE note SET document_digest = NULL, serializer = NULL WHERE id = 705;
UPDATE note SET ward = 9 WHERE id = 706;
DELETE FROM note WHERE id IN (708, 6400);
UPDATE ward SET name = 'Renamed' WHERE id = 8;
SELECT content, ok, count(*) FROM health_crypto.verify_all('note') GROUP BY content, ok ORDER BY content;
SELECT key, content, changes, detail FROM health_crypto.verify_all('note') WHERE content NOT IN ('intact', 'drifted') ORDER BY key::bigint;
SELECT count(*) FROM otherwise;
-- One whose definition fails does not hide the others, nor what is wrong with them.
UPDATE note SET beds = 0 WHERE id = 709;
SELECT content, ok, count(*) FROM health_crypto.verify_all('note') GROUP BY content, ok ORDER BY content;
SELECT key, content, changes, detail FROM health_crypto.verify_all('note') WHERE key = '709';
SELECT count(*) FROM otherwise;
UPDATE note SET beds = 1 WHERE id = 709;
ALTER TABLE note ENABLE TRIGGER ALL;

-- Verdict by verdict: all of what one query saw, whatever was written meanwhile.
BEGIN;
DECLARE slow CURSOR FOR SELECT (health_crypto.verify_all('note')).key;
DECLARE verdicts CURSOR FOR SELECT (v).key, (v).content FROM (SELECT health_crypto.verify_all('note') AS v OFFSET 0) x WHERE (v).key IN ('1', '5998');
FETCH 1 FROM verdicts;
MOVE 1000 FROM slow;
SET LOCAL health_crypto.enforcement = record;
UPDATE note SET body = 'Written meanwhile' WHERE id = 5998;
MOVE FORWARD ALL IN slow;
FETCH ALL FROM verdicts;
ROLLBACK;
-- Nothing of a query that was not read to its end is left open.
BEGIN;
SELECT count(*) FROM (SELECT (health_crypto.verify_all('note')).key LIMIT 700) x;
SELECT count(*) FROM pg_cursors;
ALTER TABLE note ADD COLUMN remark text;
ROLLBACK;

-- Sealed by an earlier edition: judged by it, although what is looked at ahead is the current one.
CREATE FUNCTION note_2(keys bigint[], language text) RETURNS TABLE (key bigint, "Ward" text, "Body" text, "Share" integer, "State" text)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT o.key, o."Ward", o."Body", o."Share", n.state FROM note_1(keys, language) o JOIN note n ON n.id = o.key;
END;
SELECT health_crypto.protect('note', 'note', 'note_2(bigint[], text)', profile => 'jcs-1', state_column => 'state', sealed_states => '{done}');
INSERT INTO note (id, ward, body) VALUES (7000, 1, 'By the second edition');
SELECT content, definition, count(*) FROM health_crypto.verify_all('note') WHERE content IN ('intact', 'drifted') GROUP BY content, definition ORDER BY definition, content;
SELECT count(*) FROM otherwise;

-- Columns of any name.
CREATE TABLE named (id integer PRIMARY KEY, body text, key text NOT NULL DEFAULT 'done', document text, digest text);
CREATE FUNCTION named_1(keys integer[], language text) RETURNS TABLE (key integer, "Body" text) LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT n.id, n.body FROM named n WHERE n.id = ANY (keys);
END;
SELECT health_crypto.protect('named', 'named', 'named_1(integer[], text)', profile => 'jcs-1', state_column => 'key', sealed_states => '{done}',
           digest_column => 'document', serializer_column => 'digest', signature_column => NULL);
INSERT INTO named (id, body) SELECT n, 'Body ' || n FROM generate_series(1, 5600) n;
SELECT content, count(*) FROM health_crypto.verify_all('named') GROUP BY content;
