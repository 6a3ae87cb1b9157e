-- How rows are written: cascades, upserts, MERGE, COPY, TRUNCATE, views, whole loads.
--
-- Each case in a database of its own. tests/reliability/transactions.py reads this file and says what its headings mean.
-- Statements of a block `then` end with a semicolon at the end of the line. `kept`: every digest is that of the rows.
-- `refused CODE`: so it is too, because a statement was refused with that code. `shown`: verify_all() or
-- protection_gaps() say that something is wrong, in these words.

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

-- case: writes through an updatable view => kept
-- after
CREATE VIEW words AS SELECT id, doc, word FROM line WHERE doc < 3 WITH CHECK OPTION;
-- then
UPDATE words SET word = 'x' WHERE id = 11;
INSERT INTO words VALUES (13, 1, 'y');
DELETE FROM words WHERE id = 21;

-- case: a line that belonged to nobody comes to what is sealed => refused 23000
-- then
INSERT INTO line VALUES (91, NULL, 'x');
UPDATE line SET doc = 1 WHERE id = 91;
UPDATE line SET doc = NULL WHERE id = 91;
UPDATE line SET doc = 3 WHERE id = 91;

-- case: a statement that writes the same document's lines twice, through a data-modifying WITH => kept
-- then
WITH a AS (DELETE FROM line WHERE id = 11 RETURNING *), b AS (UPDATE line SET word = 'x' WHERE id = 12 RETURNING *) INSERT INTO line SELECT id + 2, doc, word || '!' FROM a;

-- case: a foreign key that cascades the deletion of a document to its lines => kept
-- then
BEGIN;
UPDATE line SET word = 'x' WHERE id = 11;
DELETE FROM doc WHERE id = 1;
COMMIT;
