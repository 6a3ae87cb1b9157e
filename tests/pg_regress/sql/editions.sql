-- Editions: a document is held to the definition that it was sealed by.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\set ECHO all
SET ROLE regress_owner;
CREATE TABLE author (id int PRIMARY KEY, name text);
CREATE TABLE letter (id int PRIMARY KEY, title text, body text, author int REFERENCES author, state text DEFAULT 'open');
CREATE TABLE page (id int PRIMARY KEY, letter int REFERENCES letter, text text, footer text);
INSERT INTO author VALUES (1, 'Ada'), (2, 'Grace');
CREATE FUNCTION letter_1(keys int[], language text) RETURNS TABLE (key int, "Title" text, "Author" text) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT l.id, l.title, a.name FROM letter l LEFT JOIN author a ON a.id = l.author WHERE l.id = ANY (keys); END;
CREATE FUNCTION letter_2(keys int[], language text) RETURNS TABLE (key int, "Title" text, "Author" text, "Body" text, "Pages" json) LANGUAGE sql STABLE
    BEGIN ATOMIC
    SELECT l.id, l.title, a.name, l.body, (SELECT json_agg(json_build_array(p.text, a.name) ORDER BY p.id) FROM page p WHERE p.letter = l.id)
      FROM letter l LEFT JOIN author a ON a.id = l.author WHERE l.id = ANY (keys);
END;
RESET ROLE;
SELECT health_crypto.protect('letter', 'letter', 'letter_1(int[], text)', signature_column => NULL, state_column => 'state', sealed_states => '{sent}', add_columns => true);
INSERT INTO letter VALUES (1, 'First', 'body', 1, 'sent');
SELECT health_crypto.protect('letter', 'letter', 'letter_2(int[], text)', signature_column => NULL, state_column => 'state', sealed_states => '{sent}', reference_fields => '{Author,"Pages[][1]"}');
INSERT INTO letter VALUES (2, 'Second', 'body', 1, 'sent');
SELECT document, edition, definition, profile, reference_fields FROM health_crypto.definition ORDER BY edition;
SELECT edition, table_name, part, columns FROM health_crypto.watched_table ORDER BY edition, table_name;
SELECT event, key, definition, edition FROM health_crypto.register ORDER BY entry;
SELECT key, ok, content, definition, detail FROM health_crypto.verify_all('letter');
-- What the first letter was sealed by has neither body nor pages: they stay writable. The second has them.
UPDATE letter SET body = 'another' WHERE id = 1;
INSERT INTO page VALUES (10, 1, 'a page', 'x');
UPDATE page SET text = 'rewritten';
\set VERBOSITY sqlstate
UPDATE letter SET title = 'changed' WHERE id = 1;
UPDATE letter SET body = 'another' WHERE id = 2;
INSERT INTO page VALUES (20, 2, 'a page', 'x');
UPDATE page SET letter = 2;
TRUNCATE page;
\set VERBOSITY default
SELECT key, ok, content, changes FROM health_crypto.verify_all('letter');
SELECT * FROM health_crypto.protection_gaps();
-- Drift and alteration by each seal's own edition.
CREATE PROCEDURE past_the_triggers(statement text) LANGUAGE plpgsql AS $$
BEGIN
    ALTER TABLE letter DISABLE TRIGGER USER;
    EXECUTE statement;
    ALTER TABLE letter ENABLE TRIGGER USER;
END $$;
UPDATE author SET name = 'Augusta Ada' WHERE id = 1;
CALL past_the_triggers($$UPDATE letter SET body = 'unseen'$$);
SELECT key, ok, content, changes, detail FROM health_crypto.verify_all('letter');
CALL past_the_triggers($$UPDATE letter SET author = 2$$);
SELECT key, ok, content, changes FROM health_crypto.verify_all('letter');
CALL past_the_triggers($$UPDATE letter SET author = 1, body = 'body'$$);
UPDATE author SET name = 'Ada' WHERE id = 1;
SELECT count(*) FILTER (WHERE ok) AS ok FROM health_crypto.verify_all('letter');
-- A letter that was sealed before the extension came, by yet another definition, which is made known.
CREATE FUNCTION letter_0(keys int[], language text) RETURNS TABLE (key int, "Title" text, "By" int) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT l.id, l.title, l.author FROM letter l WHERE l.id = ANY (keys); END;
ALTER TABLE letter DISABLE TRIGGER USER;
INSERT INTO letter (id, title, author, state, serializer, document_digest)
SELECT 3, 'Old', 1, 'sent', s, encode(sha512(convert_to(s, 'UTF8')), 'hex') FROM (VALUES ('{"By":1,"Title":"Old"}')) v (s);
ALTER TABLE letter ENABLE TRIGGER USER;
SELECT ok, content, definition FROM health_crypto.verify('letter', 3);
SELECT health_crypto.add_definition('letter', 'letter_0(int[], text)');
SELECT ok, content, definition, detail FROM health_crypto.verify('letter', 3);
-- Made known again it is what it was; new seals go on using the current one.
SELECT health_crypto.add_definition('letter', 'letter_0(int[], text)');
INSERT INTO letter VALUES (4, 'Fourth', 'body', 2, 'sent');
SELECT key, definition, edition FROM health_crypto.register WHERE key = '4';
SELECT event, document, definition, edition, reason FROM health_crypto.register WHERE event = 'protection' ORDER BY entry;
-- Bad input changes nothing.
\set VERBOSITY terse
SELECT health_crypto.add_definition('letters', 'letter_0(int[], text)');
SELECT health_crypto.add_definition('letter', NULL);
SELECT health_crypto.add_definition('letter', 'letter_0(int[], text)', 'xml');
SELECT health_crypto.add_definition('letter', 'letter_0(int[], text)', reference_fields => '{Titl}');
SELECT health_crypto.protect('letter', 'letter', 'letter_2(int[], text)', signature_column => NULL, reference_fields => '{Body,Pages[][1],Pagess}');
SELECT health_crypto.add_definition('letter', 'letter_0(int[], text)', reference_fields => '{Title|}');
CREATE TABLE other (id int PRIMARY KEY);
CREATE FUNCTION of_other(keys int[], language text) RETURNS TABLE (key int, "I" int) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT o.id, o.id FROM other o; END;
SELECT health_crypto.add_definition('letter', 'of_other(int[], text)');
GRANT EXECUTE ON FUNCTION health_crypto.add_definition TO regress_writer;
SET ROLE regress_writer;
SELECT health_crypto.add_definition('letter', 'letter_0(int[], text)');
RESET ROLE;
SELECT count(*) FROM health_crypto.definition;
-- A child that another definition reaches by another foreign key: one link could not guard both.
ALTER TABLE page ADD COLUMN copy_of int REFERENCES letter;
CREATE FUNCTION letter_copy(keys int[], language text) RETURNS TABLE (key int, "Pages" json) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT l.id, (SELECT json_agg(p.text ORDER BY p.id) FROM page p WHERE p.copy_of = l.id) FROM letter l WHERE l.id = ANY (keys); END;
SELECT health_crypto.add_definition('letter', 'letter_copy(int[], text)');
SELECT count(*) FROM health_crypto.definition;
-- A definition that its root's owner may not run any more: an answer about what was sealed by it, and about nothing else.
REVOKE EXECUTE ON FUNCTION letter_0 FROM PUBLIC;
SELECT key, ok, content, detail FROM health_crypto.verify_all('letter');
GRANT EXECUTE ON FUNCTION letter_0 TO PUBLIC;
-- A definition that is gone: the verdict says so, of what was sealed by it; the others stand.
DROP FUNCTION letter_1;
SELECT key, ok, content, definition, detail FROM health_crypto.verify_all('letter');
SELECT document, relation, gap FROM health_crypto.protection_gaps();
-- The register's seals find their editions again after the protection was taken away for a while; what no seal refers to
-- is forgotten.
SELECT health_crypto.unprotect('letter');
SELECT edition, definition FROM health_crypto.definition ORDER BY edition;
SELECT health_crypto.protect('letter', 'letter', 'letter_2(int[], text)', signature_column => NULL, state_column => 'state', sealed_states => '{sent}');
SELECT edition, definition FROM health_crypto.definition ORDER BY edition;
SELECT key, ok, content, definition FROM health_crypto.verify_all('letter');
