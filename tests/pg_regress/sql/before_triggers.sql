-- By what an UPDATE makes the triggers fire: the columns that the statement names, or the bytes of the row.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\set ECHO all
CREATE SCHEMA firing;
SET search_path = firing;
CREATE TABLE doc (id int PRIMARY KEY, body text, other text, state text DEFAULT 'draft', digest text, serializer text);
CREATE TABLE line (id int, doc int REFERENCES doc, word text, extra text, PRIMARY KEY (id, extra)) PARTITION BY LIST (extra);
CREATE TABLE line_a PARTITION OF line FOR VALUES IN ('a');
CREATE FUNCTION def(keys int[], language text) RETURNS TABLE (key int, "Body" text, "Lines" json) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT d.id, d.body, (SELECT json_agg(l.word ORDER BY l.id) FROM line l WHERE l.doc = d.id) FROM doc d WHERE d.id = ANY (keys); END;
INSERT INTO doc (id, body) VALUES (1, 'one'), (2, 'two');
INSERT INTO line VALUES (1, 1, 'w', 'a');
SELECT health_crypto.protect('doc', 'doc', 'def(int[], text)', digest_column => 'digest', signature_column => NULL, state_column => 'state', sealed_states => '{done}');
CREATE VIEW fired AS
    SELECT t.tgrelid::regclass AS relation, t.tgname, t.tgenabled AS enabled,
           COALESCE((SELECT string_agg(a.attname, ' ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = t.tgrelid AND a.attnum = ANY (t.tgattr::int2[])), 'bytes') AS by
      FROM pg_trigger t WHERE t.tgname LIKE 'health_crypto_%_update_doc' ORDER BY 1, 2;
CREATE VIEW state AS SELECT id, serializer, digest = encode(sha512(convert_to(serializer, 'UTF8')), 'hex') AND digest = health_crypto.digest('doc', id) AS fresh FROM doc ORDER BY id;
TABLE fired;
-- A statement that names no watched column fires nothing. One that names one and leaves it as it is changes no digest, and
-- nothing of what is sealed.
EXPLAIN (ANALYZE, BUFFERS OFF, COSTS OFF, TIMING OFF, SUMMARY OFF) UPDATE doc SET other = 'x' WHERE id = 1;
UPDATE doc SET state = 'done' WHERE id = 2;
UPDATE doc SET body = body, digest = digest, other = 'x' WHERE id = 2;
UPDATE doc SET body = 'forged' WHERE id = 2;
TABLE state;
-- A BEFORE trigger, of somebody who does not own the table.
CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.body := NEW.body || '!'; RETURN NEW; END $$;
GRANT USAGE, CREATE ON SCHEMA firing TO regress_writer;
GRANT TRIGGER ON doc TO regress_writer;
SET ROLE regress_writer;
CREATE TRIGGER meddle BEFORE UPDATE OF other ON doc FOR EACH ROW EXECUTE FUNCTION meddle();
RESET ROLE;
TABLE fired;
UPDATE doc SET other = 'y' WHERE id = 1;
UPDATE doc SET other = 'y' WHERE id = 2;
TABLE state;
SELECT document, gap, detail FROM health_crypto.protection_gaps() WHERE document = 'doc' AND gap <> 'foreign trigger';
-- Protected anew without it, they fire by name again; and a BEFORE trigger counts that is disabled now.
DROP TRIGGER meddle ON doc;
CREATE PROCEDURE again() LANGUAGE sql BEGIN ATOMIC
    SELECT health_crypto.protect('doc', 'doc', 'def(int[], text)', digest_column => 'digest', signature_column => NULL, state_column => 'state', sealed_states => '{done}');
END;
CALL again();
SELECT DISTINCT by FROM fired WHERE relation = 'doc'::regclass;
CREATE TRIGGER meddle BEFORE UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION meddle();
ALTER TABLE doc DISABLE TRIGGER meddle;
CALL again();
SELECT DISTINCT by FROM fired WHERE relation = 'doc'::regclass;
DROP TRIGGER meddle ON doc;
CALL again();
-- In the transaction that has written the table it cannot come.
BEGIN;
UPDATE doc SET body = 'b' WHERE id = 1;
CREATE TRIGGER meddle BEFORE UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION meddle();
ROLLBACK;
-- With a partition. What somebody has disabled stays so.
ALTER TABLE line DISABLE TRIGGER health_crypto_guard_update_doc;
CREATE TABLE line_b (LIKE line);
CREATE FUNCTION meddle_line() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.word := NEW.word || '!'; RETURN NEW; END $$;
CREATE TRIGGER meddle BEFORE UPDATE OF extra ON line_b FOR EACH ROW EXECUTE FUNCTION meddle_line();
INSERT INTO line_b VALUES (7, 1, 'v', 'b');
ALTER TABLE line ATTACH PARTITION line_b FOR VALUES IN ('b');
TABLE fired;
SELECT relation, "trigger" FROM health_crypto.enable_triggers() ORDER BY 1, 2;
UPDATE line SET extra = 'b' WHERE id = 7;
TABLE state;
-- While the event trigger is off nothing notices; then the gaps say it, and one call mends it.
ALTER EVENT TRIGGER health_crypto_tables_changed DISABLE;
CREATE TRIGGER meddle BEFORE UPDATE OF other ON doc FOR EACH ROW EXECUTE FUNCTION meddle();
UPDATE doc SET other = 'z' WHERE id = 1;
TABLE state;
SELECT key, ok, content FROM health_crypto.verify_all('doc');
SELECT relation, gap, detail FROM health_crypto.protection_gaps() WHERE gap <> 'missing trigger' AND gap <> 'unprotected partition';
SELECT relation, "trigger" FROM health_crypto.enable_triggers();
TABLE fired;
UPDATE doc SET other = 'zz' WHERE id = 1;
TABLE state;
SELECT health_crypto.unprotect('doc');
DROP SCHEMA firing CASCADE;
