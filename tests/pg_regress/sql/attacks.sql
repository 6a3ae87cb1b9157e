-- Ways round the seal that somebody found, or tried: each is refused, or verify() finds it.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\set ECHO all
CREATE TABLE doc (id int PRIMARY KEY, state text DEFAULT 'open', title text, w float8, ref int, document_digest text, serializer text, digital_signature text);
CREATE TABLE line (id int PRIMARY KEY, doc int REFERENCES doc, txt text) PARTITION BY RANGE (id);
ALTER TABLE line DROP CONSTRAINT line_pkey, ADD PRIMARY KEY (id);
CREATE TABLE line_1 PARTITION OF line FOR VALUES FROM (0) TO (1000);
CREATE TABLE ref (id int PRIMARY KEY, v text);
CREATE FUNCTION def(keys int[], language text) RETURNS TABLE (key int, "Title" text, "W" float8, "State" text, "Ref" int, "Lines" json) LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT d.id, d.title, d.w, d.state, (SELECT r.v::int FROM ref r WHERE r.id = d.ref), (SELECT json_agg(l.txt ORDER BY l.id) FROM line l WHERE l.doc = d.id) FROM doc d WHERE d.id = ANY (keys);
END;
INSERT INTO ref VALUES (1, '1'), (2, '2');
-- 50, 51: sealed before the protection, one of them with a digest.
INSERT INTO doc (id, state, title, w) VALUES (50, 'done', 'old', 1), (51, 'done', 'old', 1);
INSERT INTO line VALUES (50, 50, 'old'), (51, 51, 'old');
SELECT health_crypto.protect('doc', 'doc', 'def(int[], text)', state_column => 'state', sealed_states => '{done}');
INSERT INTO doc (id, title, w, ref) SELECT n, 't' || n, 1.5, 1 + n % 2 FROM generate_series(1, 5) n;
INSERT INTO line SELECT n, n, 'x' FROM generate_series(1, 5) n;
UPDATE doc SET state = 'done' WHERE id < 6;
\set VERBOSITY sqlstate
-- The state is content where the definition reads it.
UPDATE doc SET state = 'cancelled' WHERE id = 1;
-- Session settings do not hide a change.
SET extra_float_digits = -15;
UPDATE doc SET w = 1.5000001 WHERE id = 1;
RESET extra_float_digits;
-- A partition is no way round, by row or by TRUNCATE.
UPDATE line_1 SET txt = 'y' WHERE id = 1;
TRUNCATE line_1;
CREATE TABLE line_2 PARTITION OF line FOR VALUES FROM (1000) TO (2000);
INSERT INTO line_2 VALUES (1001, 1, 'new');
SELECT relation, gap, detail FROM health_crypto.protection_gaps();
-- A document that only its state seals: not out of its state, not together with its lines.
UPDATE doc SET state = 'open' WHERE id = 50;
WITH x AS (DELETE FROM line WHERE doc = 50 RETURNING doc) DELETE FROM doc WHERE id IN (SELECT doc FROM x);
WITH x AS (UPDATE line SET txt = 'EVIL' WHERE doc = 51 RETURNING doc) UPDATE doc SET state = 'open', title = 'EVIL' WHERE id IN (SELECT doc FROM x);
WITH x AS (UPDATE doc SET state = 'open' WHERE id = 51 RETURNING id) UPDATE line SET txt = 'EVIL' WHERE doc IN (SELECT id FROM x);
-- Triggers of ours in a shape that protect() does not make.
CREATE TRIGGER zz AFTER INSERT ON doc FOR EACH STATEMENT EXECUTE FUNCTION health_crypto.guard('doc', 'public', 'doc');
INSERT INTO doc (id) VALUES (777);
DROP TRIGGER zz ON doc;
CREATE TRIGGER zz BEFORE UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION health_crypto.guard('doc', 'public', 'doc');
UPDATE doc SET ref = ref WHERE id = 1;
DROP TRIGGER zz ON doc;
CREATE TRIGGER zz AFTER INSERT ON doc FOR EACH ROW EXECUTE FUNCTION health_crypto.keep();
INSERT INTO doc (id) VALUES (777);
DROP TRIGGER zz ON doc;
-- A document that cannot be serialised does not hide the others.
UPDATE ref SET v = 'no number' WHERE id = 2;
SELECT key, ok, content, detail FROM health_crypto.verify_all('doc') ORDER BY key::int;
UPDATE ref SET v = '2' WHERE id = 2;
-- What PostgreSQL would quote of a row that the writer may not read.
GRANT INSERT ON line TO regress_writer;
INSERT INTO doc (id, title) VALUES (9, 'M4RKER');
ALTER TABLE doc ADD CONSTRAINT c CHECK (title NOT LIKE 'M4RKER%') NOT VALID;
SET ROLE regress_writer;
\set VERBOSITY default
INSERT INTO line VALUES (9, 9, 'x');
\set VERBOSITY sqlstate
RESET ROLE;
ALTER TABLE doc DROP CONSTRAINT c;
-- Row security: what one may not see is not "missing".
GRANT SELECT ON doc TO regress_reader;
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON doc USING (id <> 1);
SET ROLE regress_reader;
SELECT health_crypto.verify('doc', 1);
SELECT count(*) FROM health_crypto.verify_all('doc') WHERE key = '1';
RESET ROLE;
ALTER TABLE doc DISABLE ROW LEVEL SECURITY;
-- The table owner cannot use a verification to act as who verifies.
SET ROLE regress_owner;
CREATE TABLE theirs (id int PRIMARY KEY, t text, document_digest text, serializer text);
CREATE TABLE bait (id int);
CREATE FUNCTION e0(t text) RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT t; END;
CREATE FUNCTION e1(keys int[], language text) RETURNS TABLE (key int, "T" text) LANGUAGE sql STABLE BEGIN ATOMIC SELECT t.id, e0(t.t) FROM theirs t WHERE t.id = ANY (keys); END;
RESET ROLE;
SELECT health_crypto.protect('theirs', 'theirs', 'e1(int[], text)', signature_column => NULL);
SET ROLE regress_owner;
INSERT INTO theirs VALUES (1, 'x');
CREATE OR REPLACE FUNCTION e0(t text) RETURNS text LANGUAGE sql VOLATILE BEGIN ATOMIC INSERT INTO bait VALUES (1); SELECT t; END;
RESET ROLE;
SELECT health_crypto.verify('theirs', 1);
SELECT count(*) AS bait_taken FROM bait;
-- Let through because it is protected so: the verdict says what it is.
SELECT health_crypto.protect('doc', 'doc', 'def(int[], text)', state_column => 'state', sealed_states => '{done}', on_alteration => 'record');
INSERT INTO doc (id, state, serializer, document_digest) VALUES (20, 'done', '{"Title":"lie"}', encode(sha512('{"Title":"lie"}'), 'hex'));
SELECT ok, content FROM health_crypto.verify('doc', 20);
-- While a digest is stored, other triggers of the table run with the owner's rights and never under the writer's search_path,
-- also where one came after the session's first document. PostgreSQL's own checks need none; they still check.
CREATE TABLE seen (path text, by name);
CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.seen VALUES (pg_catalog.current_setting('search_path'), current_user);
    RETURN NULL;
END $$;
ALTER TABLE doc ADD FOREIGN KEY (ref) REFERENCES ref DEFERRABLE;
GRANT INSERT, SELECT ON doc TO regress_writer;
GRANT INSERT ON seen TO regress_owner;
ALTER TABLE doc OWNER TO regress_owner;
ALTER TABLE ref OWNER TO regress_owner;
ALTER TABLE line OWNER TO regress_owner;
ALTER FUNCTION def OWNER TO regress_owner;
SET ROLE regress_writer;
SET search_path = public, pg_catalog;
INSERT INTO doc (id, title, ref) VALUES (60, 'x', 1);
RESET ROLE;
CREATE TRIGGER look AFTER UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION look();
SET ROLE regress_writer;
INSERT INTO doc (id, title, ref) VALUES (61, 'x', 1);
RESET ROLE;
SELECT * FROM seen;
DROP TRIGGER look ON doc;
CREATE TRIGGER look AFTER UPDATE ON doc FOR EACH STATEMENT EXECUTE FUNCTION look();
SET ROLE regress_writer;
INSERT INTO doc (id, title, ref) VALUES (62, 'x', 1);
RESET ROLE;
SELECT * FROM seen;
DROP TRIGGER look ON doc;
-- One of its own rows points at nothing: at once, at the end, and after the digest was stored.
SET ROLE regress_writer;
INSERT INTO doc (id, title, ref) VALUES (63, 'x', 99);
BEGIN;
SET CONSTRAINTS ALL DEFERRED;
INSERT INTO doc (id, title, ref) VALUES (63, 'x', 99);
COMMIT;
BEGIN;
SET CONSTRAINTS doc_ref_fkey DEFERRED;
INSERT INTO doc (id, title, ref) VALUES (63, 'x', 99);
SET CONSTRAINTS health_crypto_keep_rows_doc IMMEDIATE;
SELECT document_digest IS NOT NULL AS stored FROM doc WHERE id = 63;
SET CONSTRAINTS doc_ref_fkey IMMEDIATE;
ROLLBACK;
INSERT INTO doc (id, title, ref) VALUES (63, 'x', 2);
RESET ROLE;
RESET search_path;
SELECT key, content FROM health_crypto.verify_all('doc') WHERE key::int BETWEEN 60 AND 63 ORDER BY key;
-- Nor by way of a foreign key that follows the digest, which fires the other table's triggers.
CREATE TABLE followed (id int PRIMARY KEY, t text, document_digest text UNIQUE, serializer text);
CREATE FUNCTION followed_1(keys int[], language text) RETURNS TABLE (key int, "T" text) LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT f.id, f.t FROM followed f WHERE f.id = ANY (keys);
END;
CREATE TABLE follower (digest text REFERENCES followed (document_digest) ON UPDATE CASCADE);
SELECT health_crypto.protect('followed', 'followed', 'followed_1(int[], text)', signature_column => NULL);
INSERT INTO followed VALUES (1, 'x');
INSERT INTO follower SELECT document_digest FROM followed;
CREATE TRIGGER look AFTER UPDATE ON follower FOR EACH ROW EXECUTE FUNCTION look();
TRUNCATE seen;
SET search_path = public, pg_catalog;
UPDATE followed SET t = 'y';
RESET search_path;
SELECT path FROM seen;
SELECT count(*) FROM follower JOIN followed ON digest = document_digest;
-- A check that fails where the digest is stored, because of another trigger: an error, and nothing else.
CREATE FUNCTION lead_astray() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.title = 'astray' THEN NEW.ref := 99; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER astray BEFORE UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION lead_astray();
\set VERBOSITY default
INSERT INTO doc (id, title, ref) VALUES (64, 'astray', 1);
DO $$ BEGIN
    FOR i IN 1..2 LOOP
        BEGIN
            INSERT INTO public.doc (id, title, ref) VALUES (64, 'astray', 1);
            SET CONSTRAINTS ALL IMMEDIATE;
        EXCEPTION WHEN foreign_key_violation THEN RAISE NOTICE 'refused';
        END;
    END LOOP;
END $$;
DROP TRIGGER astray ON doc;
-- A definition, or a trigger, that changes a setting: undone, so that nothing of it is in force for who verifies or writes.
CREATE SCHEMA evil;
CREATE TABLE setter (id int PRIMARY KEY, t text, document_digest text, serializer text);
CREATE FUNCTION setter_1(keys int[], language text) RETURNS TABLE (key int, "T" text, "Set" boolean) LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT s.id, s.t, set_config('search_path', 'evil, pg_catalog', true) IS NOT NULL
                  AND set_config('timezone', 'Asia/Kathmandu', false) IS NOT NULL
                  AND set_config('work_mem', '1MB', false) IS NOT NULL FROM setter s WHERE s.id = ANY (keys);
END;
CREATE FUNCTION settling() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.document_digest IS DISTINCT FROM OLD.document_digest THEN
        PERFORM pg_catalog.set_config('search_path', 'evil', false), pg_catalog.set_config('datestyle', 'German', false);
    END IF;
    RETURN NULL;
END $$;
SELECT health_crypto.protect('setter', 'setter', 'setter_1(int[], text)', signature_column => NULL);
CREATE TRIGGER settling AFTER UPDATE ON setter FOR EACH ROW EXECUTE FUNCTION settling();
CREATE VIEW in_force AS SELECT current_setting('search_path') AS path, current_setting('timezone') AS zone, current_setting('datestyle') AS style, current_setting('work_mem') AS memory;
INSERT INTO setter VALUES (1, 'x');
SELECT (v).content, s.* FROM health_crypto.verify('setter', 1) v, in_force s;
SELECT * FROM in_force;
SET search_path = pg_catalog, pg_temp;
SET timezone = 'UTC';
BEGIN;
INSERT INTO public.setter VALUES (2, 'x');
SET CONSTRAINTS ALL IMMEDIATE;
SELECT * FROM public.in_force;
SELECT content FROM health_crypto.verify('setter', 2);
SELECT * FROM public.in_force;
SELECT count(*) FROM health_crypto.verify_all('setter');
SELECT * FROM public.in_force;
COMMIT;
SELECT * FROM public.in_force;
RESET search_path;
