-- Other people's triggers and rules.
--
-- Each case in a database of its own. tests/reliability/transactions.py reads this file and says what its headings mean.
-- Statements of a block `then` end with a semicolon at the end of the line. `kept`: every digest is that of the rows.
-- `refused CODE`: so it is too, because a statement was refused with that code. `shown`: verify_all() or
-- protection_gaps() say that something is wrong, in these words.

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
