-- What tables are, and what is done to them: partitions, ALTER TABLE, disabled triggers, inheritance, definitions.
--
-- Each case in a database of its own. tests/reliability/transactions.py reads this file and says what its headings mean.
-- Statements of a block `then` end with a semicolon at the end of the line. `kept`: every digest is that of the rows.
-- `refused CODE`: so it is too, because a statement was refused with that code. `shown`: verify_all() or
-- protection_gaps() say that something is wrong, in these words.

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

-- case: a watched column renamed, another put in its place, and what is sealed written => shown: altered, changed definition
-- then
ALTER TABLE line RENAME COLUMN word TO former;
ALTER TABLE line ADD COLUMN word text;
UPDATE line SET word = former;
UPDATE line SET former = 'x' WHERE id = 31;
