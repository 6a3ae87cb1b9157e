-- What can come between a write and its flush, each case in a database of its own. tests/reliability/transactions.py reads
-- this file and says what its headings mean. Statements of a block `then` end with a semicolon at the end of the line.
-- `kept`: every digest is that of the rows. `refused CODE`: so it is too, because a statement was refused with that code.
-- `shown`: verify_all() or protection_gaps() say that something is wrong, in these words.

-- case: a flush in a savepoint that is rolled back => kept
-- then
BEGIN;
UPDATE line SET word = 'x' WHERE id = 11;
SAVEPOINT s;
UPDATE line SET word = 'y' WHERE id = 12;
SET CONSTRAINTS ALL IMMEDIATE;
ROLLBACK TO s;
COMMIT;

-- case: a flush in a released savepoint inside one that is rolled back => kept
-- then
BEGIN;
UPDATE line SET word = 'x' WHERE id = 11;
SAVEPOINT outside;
SAVEPOINT inside;
SET CONSTRAINTS ALL IMMEDIATE;
RELEASE inside;
ROLLBACK TO outside;
UPDATE line SET word = 'z' WHERE id = 21;
COMMIT;

-- case: a flush of some triggers by name, of the others at the end => kept
-- then
BEGIN;
INSERT INTO line VALUES (13, 1, 'x');
UPDATE line SET word = 'y' WHERE id = 11;
SET CONSTRAINTS t.health_crypto_keep_rows_doc IMMEDIATE;
UPDATE line SET word = 'z' WHERE id = 12;
COMMIT;

-- case: a statement that fails after its flush, in an exception block => kept
-- then
BEGIN;
SET CONSTRAINTS ALL IMMEDIATE;
DO $$ BEGIN UPDATE line SET word = 'x' WHERE id = 11; UPDATE line SET id = 12 WHERE id = 11; EXCEPTION WHEN unique_violation THEN NULL; END $$;
COMMIT;

-- case: COMMIT and ROLLBACK inside of a procedure => kept
-- then
DO $$ BEGIN UPDATE line SET word = 'x' WHERE id = 11; COMMIT; UPDATE line SET word = 'y' WHERE id = 12; ROLLBACK; UPDATE line SET word = 'z' WHERE id = 21; END $$;

-- case: COMMIT AND CHAIN => kept
-- then
BEGIN;
UPDATE line SET word = 'x' WHERE id = 11;
COMMIT AND CHAIN;
UPDATE line SET word = 'y' WHERE id = 12;
COMMIT;

-- case: a prepared transaction, committed in another session's time => kept
-- then
BEGIN;
UPDATE line SET word = 'x' WHERE id = 11;
UPDATE doc SET state = 'sealed' WHERE id = 2;
PREPARE TRANSACTION 'p';
INSERT INTO doc VALUES (4, 'four');
COMMIT PREPARED 'p';
UPDATE line SET word = 'y' WHERE id = 12;

-- case: reopening in the transaction that seals => kept
-- then
BEGIN;
UPDATE doc SET state = 'sealed', subject = 'x' WHERE id = 1;
SELECT health_crypto.reopen('doc', 1, 'test');
COMMIT;

-- case: reopening, an edit, and the seal again in one transaction => kept
-- then
BEGIN;
SELECT health_crypto.reopen('doc', 3, 'test');
UPDATE doc SET state = 'draft' WHERE id = 3;
UPDATE line SET word = 'x' WHERE id = 31;
UPDATE doc SET state = 'sealed' WHERE id = 3;
SELECT health_crypto.reopen('doc', 3, 'test again');
UPDATE line SET word = 'y' WHERE id = 31;
COMMIT;

-- case: a reopening that is rolled back, and the edit after it => refused 23000
-- then
BEGIN;
SAVEPOINT s;
SELECT health_crypto.reopen('doc', 3, 'test');
ROLLBACK TO s;
UPDATE line SET word = 'x' WHERE id = 31;
COMMIT;

-- case: a seal that is rolled back, and the edit after it => kept
-- then
BEGIN;
SAVEPOINT s;
UPDATE doc SET state = 'sealed' WHERE id = 1;
SET CONSTRAINTS ALL IMMEDIATE;
ROLLBACK TO s;
UPDATE line SET word = 'x' WHERE id = 11;
COMMIT;

-- case: a cursor WITH HOLD whose query writes when the transaction ends => kept
-- after
CREATE FUNCTION writing(integer) RETURNS integer LANGUAGE sql VOLATILE AS
    'UPDATE t.line SET word = $1::text WHERE doc = 1 RETURNING 1';
-- then
BEGIN;
DECLARE c CURSOR WITH HOLD FOR SELECT writing(n) FROM generate_series(1, 3) n;
FETCH 1 FROM c;
UPDATE line SET word = 'x' WHERE id = 21;
COMMIT;
FETCH ALL FROM c;

-- case: a cursor WITH HOLD over verify_all(), and a write after it => kept
-- then
BEGIN;
DECLARE c CURSOR WITH HOLD FOR SELECT key, ok FROM health_crypto.verify_all('doc');
FETCH 1 FROM c;
UPDATE line SET word = 'x' WHERE id = 11;
COMMIT;
FETCH ALL FROM c;
CLOSE c;

-- case: a deferred trigger of others that fires before ours and writes a line => kept
-- after
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN UPDATE t.line SET word = word || '!' WHERE id IN (12, 21) AND length(word) < 3; RETURN NULL; END$$;
CREATE CONSTRAINT TRIGGER a AFTER UPDATE ON line DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION other();
-- then
UPDATE line SET word = 'x' WHERE id = 11;

-- case: a deferred trigger of others that fires after ours and writes a line => kept
-- after
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN UPDATE t.line SET word = word || '!' WHERE id IN (12, 21) AND length(word) < 3; RETURN NULL; END$$;
CREATE CONSTRAINT TRIGGER z AFTER UPDATE ON line DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION other();
-- then
UPDATE line SET word = 'x' WHERE id = 11;

-- case: a deferred trigger of others that writes to what is sealed => refused 23000
-- after
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN UPDATE t.line SET word = 'y' WHERE id = 31; RETURN NULL; END$$;
CREATE CONSTRAINT TRIGGER z AFTER UPDATE ON line DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION other();
-- then
UPDATE line SET word = 'x' WHERE id = 11;

-- case: a deferred trigger of others on a table that is not watched => kept
-- after
CREATE TABLE news (id integer);
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN UPDATE t.line SET word = 'y' WHERE id = 21; RETURN NULL; END$$;
CREATE CONSTRAINT TRIGGER z AFTER INSERT ON news DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION other();
-- then
BEGIN;
UPDATE line SET word = 'x' WHERE id = 21;
INSERT INTO news VALUES (1);
SET CONSTRAINTS t.health_crypto_keep_update_doc IMMEDIATE;
SET CONSTRAINTS t.health_crypto_keep_update_doc DEFERRED;
COMMIT;

-- case: a cascading foreign key deletes lines => kept
-- after
CREATE TABLE product (id integer PRIMARY KEY);
INSERT INTO product VALUES (1), (2);
ALTER TABLE line ADD COLUMN product integer REFERENCES product ON DELETE CASCADE;
UPDATE line SET product = 1 WHERE id IN (11, 21);
-- then
DELETE FROM product WHERE id = 1;

-- case: a cascading foreign key deletes a line of what is sealed => refused 23000
-- after
CREATE TABLE product (id integer PRIMARY KEY);
INSERT INTO product VALUES (1);
ALTER TABLE line ADD COLUMN product integer REFERENCES product ON DELETE CASCADE;
UPDATE line SET product = 1;
-- then
DELETE FROM product;

-- case: a cascading foreign key changes the root's key => kept
-- then
UPDATE doc SET id = 7 WHERE id = 1;

-- case: the keys of two documents are exchanged => kept
-- then
BEGIN;
UPDATE line SET word = 'x' WHERE id = 11;
UPDATE doc SET id = 9 WHERE id = 1;
UPDATE doc SET id = 1 WHERE id = 2;
UPDATE doc SET id = 2 WHERE id = 9;
COMMIT;

-- case: the key of a sealed document changes => refused 23000
-- then
UPDATE doc SET id = 7 WHERE id = 3;

-- case: a foreign key with ON DELETE SET NULL => kept
-- tables
CREATE SCHEMA t; SET search_path = t;
CREATE TABLE doc (id integer PRIMARY KEY, subject text, state text DEFAULT 'draft', extra text);
CREATE TABLE line (id integer PRIMARY KEY, doc integer REFERENCES doc ON DELETE SET NULL, word text, extra text);
-- then
BEGIN;
DELETE FROM doc WHERE id = 1;
UPDATE line SET doc = 2 WHERE id = 11;
COMMIT;

-- case: lines before their document, under a deferred foreign key => kept
-- tables
CREATE SCHEMA t; SET search_path = t;
CREATE TABLE doc (id integer PRIMARY KEY, subject text, state text DEFAULT 'draft', extra text);
CREATE TABLE line (id integer PRIMARY KEY, doc integer REFERENCES doc DEFERRABLE INITIALLY DEFERRED, word text, extra text);
-- then
BEGIN;
INSERT INTO line VALUES (41, 4, 'x');
INSERT INTO doc VALUES (4, 'four', 'sealed');
INSERT INTO line VALUES (42, 4, 'y');
COMMIT;

-- case: a document deleted and written again under its key => kept
-- then
BEGIN;
DELETE FROM doc WHERE id = 1;
INSERT INTO doc VALUES (1, 'new');
INSERT INTO line VALUES (11, 1, 'x');
COMMIT;

-- case: INSERT ON CONFLICT DO UPDATE of rows and lines => kept
-- then
INSERT INTO doc VALUES (1, 'x'), (4, 'four') ON CONFLICT (id) DO UPDATE SET subject = EXCLUDED.subject;
INSERT INTO line VALUES (11, 2, 'x'), (41, 4, 'y') ON CONFLICT (id) DO UPDATE SET (doc, word) = (EXCLUDED.doc, EXCLUDED.word);
INSERT INTO line VALUES (12, 2, 'never') ON CONFLICT DO NOTHING;

-- case: INSERT ON CONFLICT DO UPDATE of a line of what is sealed => refused 23000
-- then
INSERT INTO line VALUES (31, 3, 'x') ON CONFLICT (id) DO UPDATE SET word = EXCLUDED.word;

-- case: MERGE with all its branches => kept
-- then
MERGE INTO line l USING (VALUES (11, 'x'), (12, NULL), (22, 'y')) v (id, word) ON l.id = v.id WHEN MATCHED AND v.word IS NULL THEN DELETE WHEN MATCHED THEN UPDATE SET word = v.word, doc = 2 WHEN NOT MATCHED THEN INSERT VALUES (v.id, 1, v.word);

-- case: MERGE into what is sealed => refused 23000
-- then
MERGE INTO line l USING (VALUES (11, 'x'), (31, 'y')) v (id, word) ON l.id = v.id WHEN MATCHED THEN UPDATE SET word = v.word;

-- case: COPY of documents and lines => kept
-- then
BEGIN;
COPY doc (id, subject, state) FROM STDIN
5	five	sealed
6	six	draft
;
COPY line (id, doc, word) FROM STDIN
51	5	x
61	6	y
13	1	z
;
COMMIT;

-- case: COPY of a line of what is sealed => refused 23000
-- then
COPY line (id, doc, word) FROM STDIN
13	1	z
32	3	x
;

-- case: writes in WITH, of a document and its lines at once => kept
-- then
WITH d AS (INSERT INTO doc VALUES (4, 'four', 'sealed') RETURNING id), l AS (UPDATE line SET word = 'x' WHERE id = 11 RETURNING 1) INSERT INTO line SELECT 41, id, 'y' FROM d;
WITH l AS (UPDATE line SET word = 'z' WHERE doc = 1 RETURNING 1) UPDATE doc SET state = 'sealed' WHERE id = 1;

-- case: TRUNCATE of lines while a document is sealed => refused 23000
-- then
TRUNCATE line;

-- case: TRUNCATE of lines of drafts, once kept and once rolled back => kept
-- rows
INSERT INTO doc (id, subject) VALUES (1, 'one'), (2, 'two');
INSERT INTO line (id, doc, word) VALUES (11, 1, 'a'), (21, 2, 'c');
-- then
BEGIN;
SAVEPOINT s;
TRUNCATE line;
ROLLBACK TO s;
UPDATE line SET word = 'x' WHERE id = 11;
COMMIT;
BEGIN;
TRUNCATE line;
INSERT INTO line VALUES (22, 2, 'y');
COMMIT;

-- case: TRUNCATE CASCADE of a table that lines refer to => refused 23000
-- after
CREATE TABLE product (id integer PRIMARY KEY);
ALTER TABLE line ADD COLUMN product integer REFERENCES product;
-- then
TRUNCATE product CASCADE;

-- case: a line that moves between partitions => kept
-- tables
CREATE SCHEMA t; SET search_path = t;
CREATE TABLE doc (id integer PRIMARY KEY, subject text, state text DEFAULT 'draft', extra text);
CREATE TABLE line (id integer, doc integer REFERENCES doc, word text, extra text DEFAULT 'a', PRIMARY KEY (id, extra)) PARTITION BY LIST (extra);
CREATE TABLE line_a PARTITION OF line FOR VALUES IN ('a');
CREATE TABLE line_b (extra text NOT NULL DEFAULT 'b', word text, doc integer, id integer NOT NULL);
ALTER TABLE line ATTACH PARTITION line_b FOR VALUES IN ('b');
-- then
UPDATE line SET extra = 'b', word = 'x' WHERE id = 11;
UPDATE line SET extra = 'b', doc = 2 WHERE id = 12;
UPDATE line_b SET word = 'y' WHERE id = 12;
INSERT INTO line_b (id, doc, word) VALUES (22, 2, 'z');

-- case: a line of what is sealed that moves between partitions => refused 23000
-- tables
CREATE SCHEMA t; SET search_path = t;
CREATE TABLE doc (id integer PRIMARY KEY, subject text, state text DEFAULT 'draft', extra text);
CREATE TABLE line (id integer, doc integer REFERENCES doc, word text, extra text DEFAULT 'a', PRIMARY KEY (id, extra)) PARTITION BY LIST (extra);
CREATE TABLE line_a PARTITION OF line FOR VALUES IN ('a');
CREATE TABLE line_b PARTITION OF line FOR VALUES IN ('b');
-- then
UPDATE line SET extra = 'b' WHERE id = 31;

-- case: a partition of lines attached to drafts => shown: stale, unprotected partition
-- tables
CREATE SCHEMA t; SET search_path = t;
CREATE TABLE doc (id integer PRIMARY KEY, subject text, state text DEFAULT 'draft', extra text);
CREATE TABLE line (id integer, doc integer REFERENCES doc, word text, extra text DEFAULT 'a', PRIMARY KEY (id, extra)) PARTITION BY LIST (extra);
CREATE TABLE line_a PARTITION OF line FOR VALUES IN ('a');
-- then
CREATE TABLE line_b (LIKE line);
INSERT INTO line_b VALUES (13, 1, 'x', 'b');
ALTER TABLE line ATTACH PARTITION line_b FOR VALUES IN ('b');

-- case: a partition of lines attached to what is sealed => shown: altered, unprotected partition
-- tables
CREATE SCHEMA t; SET search_path = t;
CREATE TABLE doc (id integer PRIMARY KEY, subject text, state text DEFAULT 'draft', extra text);
CREATE TABLE line (id integer, doc integer REFERENCES doc, word text, extra text DEFAULT 'a', PRIMARY KEY (id, extra)) PARTITION BY LIST (extra);
CREATE TABLE line_a PARTITION OF line FOR VALUES IN ('a');
-- then
CREATE TABLE line_b (LIKE line);
INSERT INTO line_b VALUES (32, 3, 'x', 'b');
ALTER TABLE line ATTACH PARTITION line_b FOR VALUES IN ('b');

-- case: an empty partition attached, then written to => shown: unprotected partition
-- tables
CREATE SCHEMA t; SET search_path = t;
CREATE TABLE doc (id integer PRIMARY KEY, subject text, state text DEFAULT 'draft', extra text);
CREATE TABLE line (id integer, doc integer REFERENCES doc, word text, extra text DEFAULT 'a', PRIMARY KEY (id, extra)) PARTITION BY LIST (extra);
CREATE TABLE line_a PARTITION OF line FOR VALUES IN ('a');
-- then
CREATE TABLE line_b (LIKE line);
ALTER TABLE line ATTACH PARTITION line_b FOR VALUES IN ('b');
INSERT INTO line_b VALUES (13, 1, 'x', 'b');
SET session_replication_role = replica;
INSERT INTO line VALUES (14, 1, 'y', 'b');

-- case: a partition of lines detached => shown: altered, stale
-- tables
CREATE SCHEMA t; SET search_path = t;
CREATE TABLE doc (id integer PRIMARY KEY, subject text, state text DEFAULT 'draft', extra text);
CREATE TABLE line (id integer, doc integer REFERENCES doc, word text, extra text DEFAULT 'a', PRIMARY KEY (id, extra)) PARTITION BY LIST (extra);
CREATE TABLE line_a PARTITION OF line FOR VALUES IN ('a');
-- then
ALTER TABLE line DETACH PARTITION line_a;

-- case: a partition of documents detached => shown: missing
-- tables
CREATE SCHEMA t; SET search_path = t;
CREATE TABLE doc (id integer PRIMARY KEY, subject text, state text DEFAULT 'draft', extra text) PARTITION BY RANGE (id);
CREATE TABLE doc_low PARTITION OF doc FOR VALUES FROM (0) TO (3);
CREATE TABLE doc_high PARTITION OF doc FOR VALUES FROM (3) TO (100);
CREATE TABLE line (id integer PRIMARY KEY, doc integer, word text, extra text);
ALTER TABLE line ADD FOREIGN KEY (doc) REFERENCES doc ON UPDATE CASCADE;
-- then
DELETE FROM line WHERE doc <> 3;
ALTER TABLE line DROP CONSTRAINT line_doc_fkey;
ALTER TABLE doc DETACH PARTITION doc_high;

-- case: a document that moves between partitions => kept
-- tables
CREATE SCHEMA t; SET search_path = t;
CREATE TABLE doc (id integer PRIMARY KEY, subject text, state text DEFAULT 'draft', extra text) PARTITION BY RANGE (id);
CREATE TABLE doc_low PARTITION OF doc FOR VALUES FROM (0) TO (10);
CREATE TABLE doc_high PARTITION OF doc FOR VALUES FROM (10) TO (100);
CREATE TABLE line (id integer PRIMARY KEY, doc integer REFERENCES doc ON UPDATE CASCADE, word text, extra text);
-- then
UPDATE doc SET id = 50, subject = 'x' WHERE id = 1;
UPDATE line SET word = 'y' WHERE doc = 50;

-- case: a sealed document that moves between partitions => refused 23000
-- tables
CREATE SCHEMA t; SET search_path = t;
CREATE TABLE doc (id integer PRIMARY KEY, subject text, state text DEFAULT 'draft', extra text) PARTITION BY RANGE (id);
CREATE TABLE doc_low PARTITION OF doc FOR VALUES FROM (0) TO (10);
CREATE TABLE doc_high PARTITION OF doc FOR VALUES FROM (10) TO (100);
CREATE TABLE line (id integer PRIMARY KEY, doc integer REFERENCES doc ON UPDATE CASCADE, word text, extra text);
-- then
UPDATE doc SET id = 50 WHERE id = 3;

-- case: ALTER TYPE USING on a column that the definition reads => refused 0A000
-- then
ALTER TABLE line ALTER COLUMN word TYPE varchar USING upper(word);

-- case: ALTER TYPE USING on the column that joins a line to its document => refused 0A000
-- then
ALTER TABLE line ALTER COLUMN doc TYPE integer USING 2;

-- case: ALTER TYPE USING on a column of the seal => refused 0A000
-- then
ALTER TABLE doc ALTER COLUMN document_digest TYPE text USING 'x';

-- case: ALTER TYPE USING on a column that nobody reads => kept
-- then
ALTER TABLE line ALTER COLUMN extra TYPE integer USING 0;

-- case: the definition dropped => shown: unusable definition, verify_all() fails with 22023
-- then
DROP FUNCTION doc_document(integer[], text);

-- case: a watched column renamed, and another put in its place => shown: changed definition
-- then
ALTER TABLE line RENAME COLUMN word TO other;
ALTER TABLE line ADD COLUMN word text;
UPDATE line SET word = other;

-- case: a table renamed and another put in its place => refused 22023, shown: changed definition, missing trigger
-- then
ALTER TABLE line RENAME TO former;
CREATE TABLE line AS SELECT * FROM former;
DELETE FROM former WHERE id = 11;

-- case: ALTER TABLE while a flush waits => refused 55006
-- then
BEGIN;
UPDATE line SET word = 'x' WHERE id = 11;
ALTER TABLE line DISABLE TRIGGER ALL;
COMMIT;

-- case: a trigger dropped while a flush waits => shown: missing trigger, stale, unwatched column
-- then
BEGIN;
UPDATE line SET word = 'x' WHERE id = 11;
DROP TRIGGER health_crypto_keep_update_doc ON line;
COMMIT;

-- case: protect() again while a flush waits => refused 55006
-- then
BEGIN;
UPDATE line SET word = 'x' WHERE id = 11;
SELECT health_crypto.protect('doc', 'doc', 'doc_document(integer[], text)', state_column => 'state', sealed_states => ARRAY['sealed']);
COMMIT;

-- case: unprotect() while a flush waits => shown: verify_all() fails with 22023
-- then
BEGIN;
UPDATE line SET word = 'x' WHERE id = 11;
SELECT health_crypto.unprotect('doc');
COMMIT;

-- case: triggers disabled, a draft written => shown: disabled trigger, stale
-- then
ALTER TABLE line DISABLE TRIGGER ALL;
UPDATE line SET word = 'x' WHERE id = 11;

-- case: triggers disabled, a sealed document written => shown: altered, disabled trigger
-- then
ALTER TABLE line DISABLE TRIGGER ALL;
UPDATE line SET word = 'x' WHERE id = 31;

-- case: the immediate trigger disabled, a draft written => shown: disabled trigger
-- then
ALTER TABLE line DISABLE TRIGGER health_crypto_guard_update_doc;
UPDATE line SET word = 'x' WHERE id = 11;

-- case: the immediate trigger disabled, a sealed document written => refused 23000, shown: disabled trigger
-- then
ALTER TABLE line DISABLE TRIGGER health_crypto_guard_update_doc;
UPDATE line SET word = 'x' WHERE id = 31;

-- case: the immediate trigger disabled within a transaction that has flushed before => shown: disabled trigger, stale
-- then
BEGIN;
UPDATE line SET word = 'x' WHERE id = 11;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
ALTER TABLE line DISABLE TRIGGER health_crypto_guard_update_doc;
UPDATE line SET word = 'y' WHERE id = 11;
COMMIT;

-- case: session_replication_role = replica => kept
-- then
SET session_replication_role = replica;
UPDATE line SET word = 'x' WHERE id = 11;
DELETE FROM line WHERE id = 12;

-- case: session_replication_role = replica, a sealed document written => refused 23000
-- then
SET session_replication_role = replica;
UPDATE line SET word = 'x' WHERE id = 31;

-- case: a rule that writes lines of other documents instead => kept
-- after
CREATE TABLE other (id integer, word text);
INSERT INTO other VALUES (1, 'a');
CREATE RULE r AS ON UPDATE TO other DO INSTEAD UPDATE line SET word = NEW.word WHERE id IN (11, 21);
-- then
UPDATE other SET word = 'x';

-- case: a rule that also writes to what is sealed => refused 23000
-- after
CREATE TABLE other (id integer, word text);
INSERT INTO other VALUES (1, 'a');
CREATE RULE r AS ON UPDATE TO other DO ALSO UPDATE line SET word = NEW.word WHERE id = 31;
-- then
UPDATE other SET word = 'x';

-- case: a rule that makes nothing of updates of the root => refused 0A000
-- after
CREATE RULE r AS ON UPDATE TO doc DO INSTEAD NOTHING;
-- then
UPDATE line SET word = 'x' WHERE id = 11;

-- case: a rule that drops some updates of the root => refused 0A000
-- after
CREATE RULE r AS ON UPDATE TO doc WHERE NEW.document_digest <> OLD.document_digest DO INSTEAD NOTHING;
-- then
UPDATE line SET word = 'x' WHERE id = 11;

-- case: writes through an updatable view => kept
-- after
CREATE VIEW words AS SELECT id, doc, word FROM line WHERE doc < 3 WITH CHECK OPTION;
-- then
UPDATE words SET word = 'x' WHERE id = 11;
INSERT INTO words VALUES (13, 1, 'y');
DELETE FROM words WHERE id = 21;

-- case: a BEFORE trigger of others that changes lines => kept
-- after
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN NEW.word := upper(NEW.word); NEW.doc := CASE NEW.doc WHEN 1 THEN 2 ELSE NEW.doc END; RETURN NEW; END$$;
CREATE TRIGGER zz BEFORE INSERT OR UPDATE ON line FOR EACH ROW EXECUTE FUNCTION other();
-- then
UPDATE line SET extra = 'x' WHERE id = 11;
INSERT INTO line VALUES (13, 1, 'y');

-- case: a BEFORE trigger of others that changes lines of what is sealed => refused 23000
-- after
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.word := upper(NEW.word); RETURN NEW; END$$;
CREATE TRIGGER zz BEFORE INSERT OR UPDATE ON line FOR EACH ROW EXECUTE FUNCTION other();
-- then
UPDATE line SET extra = 'x' WHERE id = 31;

-- case: a BEFORE trigger of others that changes the content when the digest is stored, once => kept
-- after
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN IF length(NEW.subject) < 6 THEN NEW.subject := NEW.subject || '!'; END IF; RETURN NEW; END$$;
CREATE TRIGGER zz BEFORE UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION other();
-- then
UPDATE line SET word = 'x' WHERE id = 11;

-- case: a BEFORE trigger of others that changes the content each time the digest is stored => refused 22023
-- after
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.subject := NEW.subject || '!'; RETURN NEW; END$$;
CREATE TRIGGER zz BEFORE UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION other();
-- then
UPDATE line SET word = 'x' WHERE id = 11;

-- case: a BEFORE trigger of others that changes the digest as it is stored => refused 22023
-- after
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.document_digest := 'spoilt'; RETURN NEW; END$$;
CREATE TRIGGER zz BEFORE UPDATE ON doc FOR EACH ROW WHEN (NEW.id = 1) EXECUTE FUNCTION other();
-- then
UPDATE line SET word = 'x' WHERE id = 11;

-- case: a BEFORE trigger of others that changes the text as it is stored => refused 22023
-- after
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.serializer := upper(NEW.serializer); RETURN NEW; END$$;
CREATE TRIGGER zz BEFORE UPDATE ON doc FOR EACH ROW WHEN (NEW.id = 1) EXECUTE FUNCTION other();
-- then
UPDATE line SET word = 'x' WHERE id = 11;

-- case: a BEFORE trigger of others that changes the digest while a document is sealed => refused 22023 or refused 23000
-- after
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.document_digest := 'spoilt'; RETURN NEW; END$$;
CREATE TRIGGER zz BEFORE UPDATE ON doc FOR EACH ROW WHEN (NEW.id = 1) EXECUTE FUNCTION other();
-- then
UPDATE doc SET state = 'sealed', subject = 'x' WHERE id = 1;

-- case: a BEFORE trigger of others that keeps the digest from being stored => refused 22023
-- after
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$;
CREATE TRIGGER zz BEFORE UPDATE ON doc FOR EACH ROW WHEN (NEW.id = 1) EXECUTE FUNCTION other();
-- then
UPDATE line SET word = 'x' WHERE id IN (11, 21);

-- case: an AFTER trigger of others that spoils the digest once it is stored, every time => refused 22023
-- after
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN UPDATE t.doc SET document_digest = 'spoilt' WHERE id = 1 AND document_digest <> 'spoilt'; RETURN NULL; END$$;
CREATE TRIGGER zz AFTER UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION other();
-- then
UPDATE line SET word = 'x' WHERE id = 11;

-- case: an AFTER trigger of others that spoils the digest of another draft => kept
-- after
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN IF OLD.id = 1 THEN UPDATE t.doc SET document_digest = 'spoilt' WHERE id = 2; END IF; RETURN NULL; END$$;
CREATE TRIGGER zz AFTER UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION other();
-- then
UPDATE line SET word = 'x' WHERE id IN (11, 21);

-- case: an AFTER trigger of others that spoils the digest of what is sealed => refused 23000
-- after
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN IF OLD.id = 1 THEN UPDATE t.doc SET document_digest = 'spoilt' WHERE id = 3; END IF; RETURN NULL; END$$;
CREATE TRIGGER aa AFTER UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION other();
-- then
UPDATE line SET word = 'x' WHERE id = 11;

-- case: an AFTER trigger of others that writes a line when the digest is stored => kept
-- after
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN UPDATE t.line SET word = word || '!' WHERE doc = OLD.id AND length(word) < 4; RETURN NULL; END$$;
CREATE TRIGGER zz AFTER UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION other();
-- then
UPDATE line SET word = 'x' WHERE id IN (11, 21);

-- case: an AFTER trigger of others that forces a flush within the flush => kept
-- after
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN UPDATE t.line SET word = word || '!' WHERE id = 21 AND length(word) < 4; SET CONSTRAINTS ALL IMMEDIATE; RETURN NULL; END$$;
CREATE TRIGGER zz AFTER UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION other();
-- then
UPDATE line SET word = 'x' WHERE id IN (11, 12);

-- case: a trigger of others that fails when the digest is stored => refused P0001
-- after
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$;
CREATE TRIGGER zz BEFORE UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION other();
-- then
UPDATE line SET word = 'x' WHERE id = 11;

-- case: a trigger of others that fails when the digest is stored, in an exception block => kept
-- after
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.id = 1 THEN RAISE 'no'; END IF; RETURN NEW; END$$;
CREATE TRIGGER zz BEFORE UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION other();
-- then
BEGIN;
UPDATE line SET word = 'x' WHERE id = 21;
DO $$ BEGIN UPDATE line SET word = 'x' WHERE id = 11; SET CONSTRAINTS ALL IMMEDIATE; EXCEPTION WHEN OTHERS THEN UPDATE line SET word = 'y' WHERE id = 21; END $$;
COMMIT;

-- case: a generated column that is watched => kept
-- tables
CREATE SCHEMA t; SET search_path = t;
CREATE TABLE doc (id integer PRIMARY KEY, subject text, state text DEFAULT 'draft', extra text);
CREATE TABLE line (id integer PRIMARY KEY, doc integer REFERENCES doc, plain text, extra text,
    word text GENERATED ALWAYS AS (lower(plain)) STORED);
-- rows
INSERT INTO doc (id, subject) VALUES (1, 'one'), (2, 'two');
INSERT INTO line (id, doc, plain) VALUES (11, 1, 'A'), (21, 2, 'B');
-- then
UPDATE line SET plain = 'X' WHERE id = 11;
UPDATE line SET plain = 'b' WHERE id = 21;

-- case: a generated column of what is sealed => refused 23000
-- tables
CREATE SCHEMA t; SET search_path = t;
CREATE TABLE doc (id integer PRIMARY KEY, subject text, state text DEFAULT 'draft', extra text);
CREATE TABLE line (id integer PRIMARY KEY, doc integer REFERENCES doc, plain text, extra text,
    word text GENERATED ALWAYS AS (lower(plain)) STORED);
-- rows
INSERT INTO doc (id, subject) VALUES (1, 'one');
INSERT INTO line (id, doc, plain) VALUES (11, 1, 'A');
UPDATE doc SET state = 'sealed';
-- then
UPDATE line SET plain = 'a' WHERE id = 11;
UPDATE line SET plain = 'X' WHERE id = 11;

-- case: a table that inherits from the lines, made after the protection and written to => shown: stale, unusable definition
-- then
CREATE TABLE more_lines () INHERITS (line);
INSERT INTO more_lines (id, doc, word) VALUES (14, 1, 'x');

-- case: a table that inherits from the lines, empty => shown: unusable definition
-- then
CREATE TABLE more_lines () INHERITS (line);

-- case: the definition replaced between the write and its flush => shown: changed definition
-- then
BEGIN;
UPDATE line SET word = 'x' WHERE id = 11;
CREATE OR REPLACE FUNCTION doc_document(keys integer[], language text) RETURNS TABLE (key integer, subject text, words json) LANGUAGE sql STABLE BEGIN ATOMIC SELECT r.id, r.subject || '', (SELECT json_agg(l.word ORDER BY l.id) FROM line l WHERE l.doc = r.id) FROM doc r WHERE r.id = ANY (keys); END;
COMMIT;

-- case: a line that belonged to nobody comes to what is sealed => refused 23000
-- then
INSERT INTO line VALUES (91, NULL, 'x');
UPDATE line SET doc = 1 WHERE id = 91;
UPDATE line SET doc = NULL WHERE id = 91;
UPDATE line SET doc = 3 WHERE id = 91;

-- case: a sealed document altered where that is recorded => shown: altered
-- after
SELECT health_crypto.protect('doc', 'doc', 'doc_document(integer[], text)', state_column => 'state',
    sealed_states => ARRAY['sealed'], on_alteration => 'record');
-- then
BEGIN;
UPDATE line SET word = 'y' WHERE id = 11;
UPDATE line SET word = 'x' WHERE id = 31;
UPDATE doc SET state = 'draft' WHERE id = 3;
COMMIT;

-- case: a sealed document altered through the maintenance door => shown: altered
-- then
SET health_crypto.enforcement = record;
UPDATE line SET word = 'x' WHERE id = 31;

-- case: a document sealed before its protection, then a line of it written => refused 23000, shown: forged
-- rows
INSERT INTO doc (id, subject) VALUES (1, 'one');
INSERT INTO line (id, doc, word) VALUES (11, 1, 'a');
-- then
SELECT health_crypto.unprotect('doc');
INSERT INTO doc (id, subject, state) VALUES (4, 'four', 'sealed');
INSERT INTO line (id, doc, word) VALUES (41, 4, 'x');
SELECT health_crypto.protect('doc', 'doc', 'doc_document(integer[], text)', state_column => 'state', sealed_states => ARRAY['sealed']);
UPDATE line SET word = 'y' WHERE id = 41;

-- case: row security that hides rows from their own table's owner => kept
-- after
CREATE ROLE row_owner;
GRANT ALL ON SCHEMA t TO row_owner;
ALTER TABLE doc OWNER TO row_owner;
ALTER TABLE line OWNER TO row_owner;
ALTER FUNCTION doc_document(integer[], text) OWNER TO row_owner;
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
ALTER TABLE doc FORCE ROW LEVEL SECURITY;
ALTER TABLE line ENABLE ROW LEVEL SECURITY;
ALTER TABLE line FORCE ROW LEVEL SECURITY;
-- then
UPDATE line SET word = 'x' WHERE id = 11;

-- case: an AFTER trigger of others whose flush within the flush fails in an exception block => kept
-- after
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
    BEGIN UPDATE t.line SET word = 'lost' WHERE id = 21; SET CONSTRAINTS ALL IMMEDIATE; RAISE 'no'; EXCEPTION WHEN OTHERS THEN NULL; END;
    UPDATE t.line SET word = 'once' WHERE id = 21 AND word <> 'once'; RETURN NULL; END$$;
CREATE TRIGGER zz AFTER UPDATE ON doc FOR EACH ROW WHEN (OLD.id = 1) EXECUTE FUNCTION other();
-- then
UPDATE line SET word = 'x' WHERE id IN (11, 12);

-- case: an AFTER trigger of others that seals another document when the digest is stored => kept
-- after
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN UPDATE t.doc SET state = 'sealed', subject = 'by trigger' WHERE id = 2 AND state = 'draft'; RETURN NULL; END$$;
CREATE TRIGGER zz AFTER UPDATE ON doc FOR EACH ROW WHEN (OLD.id = 1) EXECUTE FUNCTION other();
-- then
UPDATE line SET word = 'x' WHERE id IN (11, 21);

-- case: a BEFORE trigger of others that deletes the row whose digest is being stored => refused 27000 or refused 22023
-- after
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN DELETE FROM t.doc WHERE id = NEW.id; RETURN NEW; END$$;
CREATE TRIGGER zz BEFORE UPDATE ON doc FOR EACH ROW WHEN (OLD.id = 1) EXECUTE FUNCTION other();
-- then
UPDATE line SET word = 'x' WHERE id = 11;

-- case: 2,000 documents in one transaction, half of them in savepoints that are rolled back => kept
-- then
BEGIN;
DO $$ BEGIN FOR i IN 1..20 LOOP BEGIN INSERT INTO doc SELECT n, 'n', CASE n % 3 WHEN 0 THEN 'sealed' ELSE 'draft' END FROM generate_series(i * 100, i * 100 + 99) n; INSERT INTO line SELECT n, n, 'w' FROM generate_series(i * 100, i * 100 + 99) n; IF i % 2 = 0 THEN SET CONSTRAINTS ALL IMMEDIATE; RAISE 'back'; END IF; EXCEPTION WHEN raise_exception THEN NULL; END; SET CONSTRAINTS ALL DEFERRED; END LOOP; END $$;
COMMIT;

-- case: a statement that writes the same document's lines twice, through a data-modifying WITH => kept
-- then
WITH a AS (DELETE FROM line WHERE id = 11 RETURNING *), b AS (UPDATE line SET word = 'x' WHERE id = 12 RETURNING *) INSERT INTO line SELECT id + 2, doc, word || '!' FROM a;

-- case: a foreign key that cascades the deletion of a document to its lines => kept
-- then
BEGIN;
UPDATE line SET word = 'x' WHERE id = 11;
DELETE FROM doc WHERE id = 1;
COMMIT;

-- case: SET CONSTRAINTS ALL IMMEDIATE for a whole load => kept
-- then
BEGIN;
SET CONSTRAINTS ALL IMMEDIATE;
INSERT INTO doc VALUES (5, 'five');
INSERT INTO line VALUES (51, 5, 'x');
UPDATE line SET word = 'y' WHERE id = 51;
UPDATE doc SET state = 'sealed' WHERE id = 5;
COMMIT;

-- case: SET CONSTRAINTS ALL IMMEDIATE, lines after the seal => refused 23000
-- then
BEGIN;
SET CONSTRAINTS ALL IMMEDIATE;
INSERT INTO doc VALUES (5, 'five', 'sealed');
INSERT INTO line VALUES (51, 5, 'x');
COMMIT;
