-- Digests follow the content, whoever writes and however.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\set ECHO all
CREATE SCHEMA keeping;
SET search_path = keeping;
CREATE TABLE doc (id int PRIMARY KEY, body text, other text, digest text, serializer text);
CREATE TABLE line (id int PRIMARY KEY, doc int REFERENCES doc ON DELETE CASCADE ON UPDATE CASCADE, n float8, remark text);
CREATE FUNCTION def(keys int[], language text) RETURNS TABLE (key int, "Body" text, "Lines" json) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT d.id, d.body, (SELECT json_agg(l.n ORDER BY l.id) FROM line l WHERE l.doc = d.id) FROM doc d WHERE d.id = ANY (keys); END;
-- Rows that were there before get their digests.
INSERT INTO doc (id, body) VALUES (100, 'old');
SELECT health_crypto.protect('doc', 'doc', 'def(int[], text)', digest_column => 'digest', signature_column => NULL);
CREATE VIEW state AS SELECT id, serializer, digest = encode(sha512(convert_to(serializer, 'UTF8')), 'hex') AND digest = health_crypto.digest('doc', id) AS fresh FROM doc ORDER BY id;
TABLE state;
-- One flush a transaction, also for lines before their document.
BEGIN;
INSERT INTO doc (id, body) VALUES (1, 'a');
INSERT INTO line VALUES (1, 1, 5), (2, 1, 1e-7);
SELECT digest IS NULL AS not_yet FROM doc WHERE id = 1;
COMMIT;
TABLE state;
COPY doc (id, body) FROM stdin;
2	b
3	c
\.
COPY line (id, doc, n) FROM stdin;
3	2	1
4	3	2
\.
TABLE state;
-- A line that moves marks both documents.
UPDATE line SET doc = 3 WHERE id = 3;
TABLE state;
-- Upsert, MERGE, DELETE, cascade of a key.
INSERT INTO doc (id, body) VALUES (2, 'b2') ON CONFLICT (id) DO UPDATE SET body = EXCLUDED.body;
MERGE INTO line l USING (VALUES (4, 9.5), (5, 7)) v (id, n) ON l.id = v.id WHEN MATCHED THEN UPDATE SET n = v.n WHEN NOT MATCHED THEN INSERT VALUES (v.id, 1, v.n);
DELETE FROM line WHERE id = 2;
UPDATE doc SET id = 33 WHERE id = 3;
TABLE state;
-- -0 and 0 are equal numbers and different texts.
UPDATE line SET n = 0 WHERE id = 5;
UPDATE line SET n = '-0' WHERE id = 5;
SELECT serializer FROM doc WHERE id = 1;
-- Savepoints, exception blocks and a flush that is rolled back.
BEGIN;
UPDATE doc SET body = 'one' WHERE id = 1;
SAVEPOINT s;
UPDATE doc SET body = 'two' WHERE id = 1;
SET CONSTRAINTS ALL IMMEDIATE;
SELECT serializer FROM doc WHERE id = 1;
ROLLBACK TO s;
SELECT serializer FROM doc WHERE id = 1;
COMMIT;
SELECT serializer, fresh FROM state WHERE id = 1;
BEGIN;
SAVEPOINT s;
UPDATE doc SET body = 'three' WHERE id = 1;
SET CONSTRAINTS ALL IMMEDIATE;
RELEASE s;
UPDATE doc SET body = 'four' WHERE id = 1;
COMMIT;
SELECT serializer, fresh FROM state WHERE id = 1;
DO $$ BEGIN
    UPDATE doc SET body = 'five' WHERE id = 1;
    BEGIN
        UPDATE line SET n = 55 WHERE doc = 1;
        SET CONSTRAINTS ALL IMMEDIATE;
        RAISE division_by_zero;
    EXCEPTION WHEN division_by_zero THEN NULL;
    END;
END $$;
SELECT serializer, fresh FROM state WHERE id = 1;
-- A BEFORE trigger that changes a watched column which the statement does not name.
CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.body := NEW.body || '!'; RETURN NEW; END $$;
CREATE TRIGGER meddle BEFORE UPDATE OF other ON doc FOR EACH ROW EXECUTE FUNCTION meddle();
UPDATE doc SET other = 'x' WHERE id = 1;
SELECT serializer, fresh FROM state WHERE id = 1;
DROP TRIGGER meddle ON doc;
-- Replication role, and a write of the digest by the application, which is put right.
SET session_replication_role = replica;
UPDATE doc SET body = 'replica' WHERE id = 1;
RESET session_replication_role;
UPDATE doc SET digest = 'mine' WHERE id = 1;
SELECT serializer, fresh FROM state WHERE id = 1;
-- TRUNCATE of the lines.
TRUNCATE line;
TABLE state;
-- Written round the triggers.
ALTER TABLE doc DISABLE TRIGGER ALL;
UPDATE doc SET body = 'sly' WHERE id = 1;
ALTER TABLE doc ENABLE TRIGGER ALL;
SELECT key, ok, content, changes FROM health_crypto.verify_all('doc');
SELECT relation, gap, detail FROM health_crypto.protection_gaps();
SELECT health_crypto.unprotect('doc');
