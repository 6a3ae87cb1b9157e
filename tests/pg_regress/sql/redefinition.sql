-- Protected again: what was renamed, replaced or tampered with meanwhile neither stands in the way nor opens a gap.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\set ECHO all
SET ROLE regress_owner;
CREATE TABLE author (id int PRIMARY KEY, name text);
CREATE TABLE letter (id int PRIMARY KEY, title text, body text, author int REFERENCES author, state text DEFAULT 'open');
CREATE TABLE page (id int PRIMARY KEY, letter int REFERENCES letter, text text);
CREATE TABLE word (id int PRIMARY KEY, page int REFERENCES page, text text);
INSERT INTO author VALUES (1, 'Ada'), (2, 'Grace');
CREATE FUNCTION letter_1(keys int[], language text) RETURNS TABLE (key int, "Title" text, "Author" text) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT l.id, l.title, a.name FROM letter l LEFT JOIN author a ON a.id = l.author WHERE l.id = ANY (keys); END;
CREATE FUNCTION letter_2(keys int[], language text) RETURNS TABLE (key int, "Title" text, "Author" text, "Body" text, "Pages" json) LANGUAGE sql STABLE
    BEGIN ATOMIC
    SELECT l.id, l.title, a.name, l.body, (SELECT json_agg(p.text ORDER BY p.id) FROM page p WHERE p.letter = l.id)
      FROM letter l LEFT JOIN author a ON a.id = l.author WHERE l.id = ANY (keys);
END;
CREATE FUNCTION letter_3(keys int[], language text) RETURNS TABLE (key int, "Title" text, "Author" text, "Words" json) LANGUAGE sql STABLE
    BEGIN ATOMIC
    SELECT l.id, l.title, a.name, (SELECT json_agg(w.text ORDER BY w.id) FROM page p JOIN word w ON w.page = p.id WHERE p.letter = l.id)
      FROM letter l LEFT JOIN author a ON a.id = l.author WHERE l.id = ANY (keys);
END;
CREATE PROCEDURE past_the_triggers(statement text) LANGUAGE plpgsql AS $$
BEGIN
    ALTER TABLE letter DISABLE TRIGGER USER;
    EXECUTE statement;
    ALTER TABLE letter ENABLE TRIGGER USER;
END $$;
RESET ROLE;
CREATE PROCEDURE protect(root regclass, definition regprocedure, profile text DEFAULT 'jcs-1', on_alteration text DEFAULT 'reject') LANGUAGE sql AS $$
    SELECT health_crypto.protect('letter', root, definition, profile, signature_column => NULL, state_column => 'state', sealed_states => '{sent}',
        reference_fields => '{Author}', on_alteration => on_alteration, add_columns => true);
$$;
CALL protect('letter', 'letter_1(int[], text)');
INSERT INTO letter VALUES (1, 'First', 'body', 1, 'sent'), (9, 'Ninth', 'body', 1, 'open');
-- Another profile, or another body, gives drafts other texts: they follow. With the same definition a stale draft is
-- evidence.
CALL protect('letter', 'letter_1(int[], text)', 'gnuhealth-1');
SELECT key, content, detail FROM health_crypto.verify_all('letter');
CREATE OR REPLACE FUNCTION letter_1(keys int[], language text) RETURNS TABLE (key int, "Title" text, "Author" text) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT l.id, l.title, COALESCE(a.name, '') || CASE WHEN l.id = 9 THEN '!' ELSE '' END FROM letter l LEFT JOIN author a ON a.id = l.author WHERE l.id = ANY (keys); END;
SELECT key, content FROM health_crypto.verify_all('letter');
CALL protect('letter', 'letter_1(int[], text)', 'gnuhealth-1');
SELECT key, content FROM health_crypto.verify_all('letter');
CALL past_the_triggers($$UPDATE letter SET title = 'unseen' WHERE id = 9$$);
CALL protect('letter', 'letter_1(int[], text)', 'gnuhealth-1');
SELECT key, content FROM health_crypto.verify_all('letter');
-- A registered document that was altered, its state put back, does not keep the others from being protected anew; a
-- reopened one follows like any draft, whatever its state says.
CALL protect('letter', 'letter_2(int[], text)');
INSERT INTO letter VALUES (2, 'Second', 'body', 1, 'sent'), (3, 'Third', 'body', 1, 'sent');
UPDATE letter SET state = 'open' WHERE id = 2;
CALL past_the_triggers($$UPDATE letter SET title = 'altered' WHERE id = 2$$);
SELECT health_crypto.reopen('letter', 3, 'typing error');
CALL protect('letter', 'letter_3(int[], text)');
SELECT key, content, detail FROM health_crypto.verify_all('letter');
INSERT INTO letter VALUES (4, 'Fourth', 'body', 1, 'sent');
CALL past_the_triggers($$UPDATE letter SET title = 'Second', state = 'sent' WHERE id = 2$$);
CALL protect('letter', 'letter_2(int[], text)');
UPDATE letter SET title = 'Third, amended' WHERE id = 3;
-- What add_definition() is told anew of a definition is entered in the register, what it knows already is not.
SELECT count(*) FROM health_crypto.register WHERE event = 'protection';
SELECT health_crypto.add_definition('letter', 'letter_2(int[], text)', reference_fields => '{Author,Body}');
SELECT health_crypto.add_definition('letter', 'letter_2(int[], text)', reference_fields => '{Author,Body}');
SELECT health_crypto.add_definition('letter', 'letter_2(int[], text)', reference_fields => '{Author}');
SELECT count(*) FROM health_crypto.register WHERE event = 'protection';
-- TRUNCATE is a breach of what was sealed by a definition that reads the table. Let through, drafts follow, wherever
-- they stand among the sealed ones.
\set VERBOSITY sqlstate
TRUNCATE word;
\set VERBOSITY default
CALL protect('letter', 'letter_2(int[], text)', on_alteration => 'record');
INSERT INTO letter SELECT n, 'Draft', 'body', 1, 'open' FROM generate_series(2000, 3100) n;
INSERT INTO page VALUES (20, 2, 'a page'), (21, 2000, 'a page'), (22, 3100, 'a page');
TRUNCATE word, page;
SELECT event, key, reason FROM health_crypto.register WHERE event = 'alteration';
SELECT key, content FROM health_crypto.verify_all('letter') WHERE key IN ('2', '2000', '3100') OR NOT ok;
DELETE FROM letter WHERE id >= 2000;
CALL protect('letter', 'letter_2(int[], text)');
INSERT INTO letter VALUES (5, 'Fifth', 'body', 1, 'open'), (6, 'Sixth', 'body', 1, 'open');
INSERT INTO page VALUES (50, 5, 'a page'), (51, 5, 'a page');
UPDATE letter SET state = 'sent' WHERE id IN (5, 6);
-- A foreign key is renamed. Until it is protected again nothing can be written.
ALTER TABLE page RENAME COLUMN letter TO belongs_to;
\set VERBOSITY terse
UPDATE page SET text = 'rewritten' WHERE id = 50;
CALL protect('letter', 'letter_2(int[], text)');
UPDATE page SET text = 'rewritten' WHERE id = 50;
UPDATE page SET belongs_to = 9 WHERE id = 50;
INSERT INTO page VALUES (52, 5, 'a page'), (60, 6, 'a page');
UPDATE letter SET title = 'changed' WHERE id IN (1, 5);
SELECT key, ok, content, definition FROM health_crypto.verify_all('letter');
-- Drift is told by the same definition under the present names, where it is known: the fourth was sealed by another.
BEGIN;
UPDATE author SET name = 'Augusta Ada' WHERE id = 1;
SELECT key, ok, content FROM health_crypto.verify_all('letter') WHERE key > '3';
ROLLBACK;
-- A table between is renamed: its lines' lines do not belong to the document whose key their number happens to be.
ALTER TABLE page RENAME TO sheet;
CALL protect('letter', 'letter_2(int[], text)');
INSERT INTO sheet VALUES (4, 9, 'a sheet');
INSERT INTO word VALUES (1, 4, 'a word');
UPDATE sheet SET text = 'rewritten' WHERE id = 50;
SELECT DISTINCT relation, gap, detail FROM health_crypto.protection_gaps();
-- The root is renamed: seals find their definitions again once these are known under its new name.
ALTER TABLE letter RENAME TO brief;
UPDATE brief SET title = 'x' WHERE id = 9;
SELECT health_crypto.unprotect('letter');
CALL protect('brief', 'letter_2(int[], text)');
SELECT health_crypto.add_definition('letter', 'letter_1(int[], text)', reference_fields => '{Author}') > 0 AS added;
SELECT health_crypto.add_definition('letter', 'letter_3(int[], text)') > 0 AS added;
SELECT key, ok, content, definition FROM health_crypto.verify_all('letter');
UPDATE brief SET body = 'not read by what sealed it' WHERE id = 4;
UPDATE brief SET title = 'read' WHERE id = 4;
UPDATE author SET name = 'Augusta Ada' WHERE id = 1;
SELECT key, ok, content, changes FROM health_crypto.verify_all('letter');
