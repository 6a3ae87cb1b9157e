-- Attacks by names, rights and rows, each from a session of the role that would try it. What comes of each is in
-- attack.outcome, which tests/surface/run.sh compares and tools/reliability_table shows.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE ROLE hospital LOGIN;   -- owns the tables
CREATE ROLE app LOGIN;        -- writes them, and may not read what they refer to
CREATE ROLE report LOGIN;     -- reads the root
CREATE ROLE auditor LOGIN IN ROLE health_crypto_auditor;
CREATE ROLE mallory LOGIN;    -- nobody
CREATE ROLE personnel LOGIN CREATEROLE;
CREATE SCHEMA attack;
GRANT USAGE ON SCHEMA attack TO PUBLIC;
CREATE TABLE attack.outcome (number bigserial, "case" text, tried text, expected text, got text, said text);
GRANT INSERT ON attack.outcome TO PUBLIC;
GRANT USAGE ON SEQUENCE attack.outcome_number_seq TO PUBLIC;
-- Runs statements, then asks for a value, as the session's role with the search_path given; notes the value, or the
-- SQLSTATE. What went well stays.
CREATE PROCEDURE attack.try("case" text, tried text, expected text, query text, statements text[] DEFAULT '{}',
                            path text DEFAULT 'public, pg_catalog')
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    statement text; got text; said text;
BEGIN
    BEGIN
        PERFORM pg_catalog.set_config('search_path', path, true);
        FOREACH statement IN ARRAY statements LOOP EXECUTE statement; END LOOP;
        EXECUTE query INTO got;
        SET CONSTRAINTS ALL IMMEDIATE;
    EXCEPTION WHEN OTHERS THEN
        got := SQLSTATE;
        said := SQLERRM;
    END;
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    INSERT INTO attack.outcome ("case", tried, expected, got, said) VALUES ("case", tried, expected, COALESCE(got, 'nothing'), said);
END $$;
-- Notes what an earlier statement of psql came to, where a procedure cannot be used.
CREATE PROCEDURE attack.note("case" text, tried text, expected text, got text)
    LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO attack.outcome ("case", tried, expected, got) VALUES ("case", tried, expected, COALESCE(got, 'nothing')) $$;

-- What an error says.
CREATE FUNCTION attack.message(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN EXECUTE query; RETURN 'no error'; EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM; END $$;

GRANT CREATE, USAGE ON SCHEMA public TO hospital;
CREATE SCHEMA mallory AUTHORIZATION mallory;
GRANT USAGE ON SCHEMA mallory TO PUBLIC;
CREATE TABLE vault (id int PRIMARY KEY, word text);
INSERT INTO vault VALUES (1, 'TREASURE');

\connect - hospital
SET client_min_messages = warning;
CREATE TABLE person (id int PRIMARY KEY, name text);
CREATE TABLE doc (id int PRIMARY KEY, person int REFERENCES person, title text, state text DEFAULT 'open', note text,
                  document_digest text, serializer text, digital_signature text);
CREATE TABLE line (id int PRIMARY KEY, doc int REFERENCES doc, txt text);
INSERT INTO person VALUES (1, 'PATIENT'), (2, 'OTHER');
CREATE FUNCTION doc_def(keys int[], language text) RETURNS TABLE (key int, "Person" text, "Title" text, "Lines" json)
    LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT d.id, p.name, d.title, (SELECT json_agg(l.txt ORDER BY l.id) FROM line l WHERE l.doc = d.id)
      FROM doc d LEFT JOIN person p ON p.id = d.person WHERE d.id = ANY (keys);
END;
GRANT INSERT, UPDATE, DELETE ON doc, line TO app;
GRANT SELECT (id, state) ON doc TO app;
GRANT SELECT (id) ON line TO app;
GRANT SELECT ON doc TO report;
\connect - postgres
SET client_min_messages = warning;
SELECT health_crypto.protect('doc', 'doc', 'doc_def(int[], text)', state_column => 'state', sealed_states => '{done}');
\set aurora `cat $data/aurora.asc`
SELECT health_crypto.import_certificate(:'aurora'::text) AS aurora \gset
SELECT set_config('attack.aurora', :'aurora', false);
ALTER DATABASE surface SET attack.aurora = :'aurora';

-- ------------------------------------------------------------------------------------------------ 1. names
-- Everything that an unqualified name could mean, in a schema of mallory's, each noting as whom it runs.
\connect - mallory
SET client_min_messages = warning;
CREATE TABLE mallory.caught (who name, what text);
GRANT INSERT, SELECT ON mallory.caught TO PUBLIC;
CREATE FUNCTION mallory.note(what text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN INSERT INTO mallory.caught VALUES (CURRENT_USER, what); RETURN true; END $$;
DO $$
DECLARE
    o record;
BEGIN
    -- Each comparison and concatenation of the types that catalogue and documents have, and equality of different ones,
    -- which an exact match would win against.
    FOR o IN
        SELECT x.name, l.type AS left_type, r.type AS right_type, x.result
          FROM (VALUES ('='), ('<>'), ('<'), ('>'), ('||'), ('~'), ('~~')) n (name)
         CROSS JOIN unnest('{text,name,int4,int8,oid,bool,"\"char\"",regclass,int2,timestamptz,varchar}'::text[]) l (type)
         CROSS JOIN unnest('{text,name,int4,int8,oid,bool,"\"char\"",regclass,int2,timestamptz,varchar,text[],name[],int4[],oid[],int2vector}'::text[]) r (type)
         CROSS JOIN LATERAL (SELECT n.name, CASE n.name WHEN '||' THEN 'text' ELSE 'boolean' END AS result) x
         WHERE n.name IN ('=', '||') OR l.type = r.type
    LOOP
        EXECUTE format('CREATE FUNCTION mallory.op(%s, %s) RETURNS %s LANGUAGE sql AS %L', o.left_type, o.right_type,
                       CASE WHEN o.name = '||' THEN 'text' ELSE 'boolean' END,
                       format('SELECT mallory.note(%L)%s', 'operator ' || o.name, CASE o.result WHEN 'text' THEN '::text' ELSE '' END));
        EXECUTE format('CREATE OPERATOR mallory.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = mallory.op)', o.name, o.left_type, o.right_type);
        EXECUTE format('ALTER FUNCTION mallory.op(%s, %s) RENAME TO %I', o.left_type, o.right_type, 'op' || md5(o.name));
    END LOOP;
END $$;
CREATE FUNCTION mallory.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT CASE WHEN mallory.note('now') THEN pg_catalog.now() END $$;
CREATE FUNCTION mallory.unnest(text[]) RETURNS SETOF text LANGUAGE sql AS $$ SELECT 'x' WHERE mallory.note('unnest') $$;
CREATE FUNCTION mallory.unnest(name[]) RETURNS SETOF text LANGUAGE sql AS $$ SELECT 'x' WHERE mallory.note('unnest') $$;
CREATE FUNCTION mallory.unnest(int[]) RETURNS SETOF int LANGUAGE sql AS $$ SELECT 1 WHERE mallory.note('unnest') $$;
CREATE FUNCTION mallory.unnest(text[], text[], text[]) RETURNS TABLE (a text, b text, c text) LANGUAGE sql AS $$ SELECT 'x', 'x', 'x' WHERE mallory.note('unnest') $$;
CREATE FUNCTION mallory.quote_ident(text) RETURNS text LANGUAGE sql AS $$ SELECT 'x' WHERE mallory.note('quote_ident') $$;
CREATE FUNCTION mallory.nextval(text) RETURNS bigint LANGUAGE sql AS $$ SELECT 1 WHERE mallory.note('nextval') $$;
CREATE FUNCTION mallory.format_type(oid, int) RETURNS text LANGUAGE sql AS $$ SELECT 'x' WHERE mallory.note('format_type') $$;
CREATE FUNCTION mallory.array_length(text[], int) RETURNS int LANGUAGE sql AS $$ SELECT 1 WHERE mallory.note('array_length') $$;
CREATE FUNCTION mallory.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT CASE WHEN mallory.note('clock_timestamp') THEN pg_catalog.now() END $$;
CREATE FUNCTION mallory.to_json(text) RETURNS json LANGUAGE sql AS $$ SELECT 'null'::json WHERE mallory.note('to_json') $$;
CREATE FUNCTION mallory.length(text) RETURNS int LANGUAGE sql AS $$ SELECT 1 WHERE mallory.note('length') $$;
CREATE VIEW mallory.pg_class AS SELECT c.*, mallory.note('pg_class') AS caught FROM pg_catalog.pg_class c;
CREATE VIEW mallory.pg_trigger AS SELECT t.*, mallory.note('pg_trigger') AS caught FROM pg_catalog.pg_trigger t;
CREATE VIEW mallory.pg_proc AS SELECT p.*, mallory.note('pg_proc') AS caught FROM pg_catalog.pg_proc p;
CREATE VIEW mallory.ir_lang AS SELECT 'en'::text AS code, mallory.note('ir_lang') AS caught;
CREATE VIEW mallory.register_entry AS SELECT 1 AS entry, mallory.note('register_entry') AS caught;
CREATE DOMAIN mallory.text AS pg_catalog.text CHECK (mallory.note('text'));
CREATE DOMAIN mallory.regclass AS pg_catalog.oid CHECK (mallory.note('regclass'));
GRANT SELECT ON ALL TABLES IN SCHEMA mallory TO PUBLIC;
-- That the trap works where names are looked up in mallory's schema.
CALL attack.try('names', 'a caller''s own operator, to see that the trap works', '1 caught',
    $$SELECT pg_catalog.count(*) OPERATOR(pg_catalog.||) ' caught' FROM mallory.caught$$,
    ARRAY[$$SELECT 'a'::pg_catalog.text = 'b'::pg_catalog.text$$], 'mallory, pg_catalog');
DELETE FROM mallory.caught;

-- The whole surface, under a search_path; the answer is how much mallory caught, and whether the work was done.
\connect - postgres
SET client_min_messages = warning;
CREATE PROCEDURE attack.surface(kind text, path text) LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    n int := (SELECT 100 + 10 * count(*) FROM attack.outcome);
BEGIN
    CALL attack.try('names', 'the whole surface with mallory''s names ' || kind, 'sealed, intact, 0 caught',
        format($q$SELECT pg_catalog.concat((SELECT state FROM public.doc WHERE id OPERATOR(pg_catalog.=) %1$s), '', ', ',
                         (SELECT v.content FROM health_crypto.verify('doc', %1$s) v), ', ',
                         (SELECT pg_catalog.count(*) FROM mallory.caught), ' caught')$q$, n),
        ARRAY[
            format($q$INSERT INTO public.doc (id, person, title) VALUES (%s, 1, 'a')$q$, n),
            format($q$INSERT INTO public.line VALUES (%1$s, %1$s, 'x')$q$, n),
            $q$SET CONSTRAINTS ALL IMMEDIATE$q$, $q$SET CONSTRAINTS ALL DEFERRED$q$,
            format($q$UPDATE public.doc SET title = 'b', state = 'sealed' WHERE id OPERATOR(pg_catalog.=) %s$q$, n),
            $q$SET CONSTRAINTS ALL IMMEDIATE$q$, $q$SET CONSTRAINTS ALL DEFERRED$q$,
            $q$SELECT pg_catalog.count(*) FROM health_crypto.verify_all()$q$,
            format($q$SELECT health_crypto.serialize('doc', %1$s), health_crypto.digest('doc', %1$s), health_crypto.signing_payload('doc', %1$s),
                             health_crypto.evidence('doc', %1$s)$q$, n),
            format($q$SELECT pg_catalog.count(*) FROM health_crypto.signers('doc', %s)$q$, n),
            $q$SELECT pg_catalog.count(*) FROM health_crypto.protection_gaps()$q$,
            $q$SELECT pg_catalog.count(*) FROM health_crypto.certificates$q$, $q$SELECT pg_catalog.count(*) FROM health_crypto.register$q$,
            $q$SELECT pg_catalog.count(*) FROM health_crypto.adopt()$q$,
            format($q$SELECT health_crypto.reopen('doc', %s, 'because')$q$, n),
            format($q$UPDATE public.doc SET title = 'c', state = 'open' WHERE id OPERATOR(pg_catalog.=) %s$q$, n),
            $q$SET CONSTRAINTS ALL IMMEDIATE$q$, $q$SET CONSTRAINTS ALL DEFERRED$q$,
            format($q$UPDATE public.doc SET state = 'sealed' WHERE id OPERATOR(pg_catalog.=) %s$q$, n),
            $q$SET CONSTRAINTS ALL IMMEDIATE$q$, $q$SET CONSTRAINTS ALL DEFERRED$q$,
            $q$SELECT pg_catalog.count(*) FROM health_crypto.verify_signature('x', 'y')$q$,
            $q$SELECT health_crypto.canonicalize('{"b":1,"a":"x"}'::pg_catalog.json, 'jcs-1'), health_crypto.python_repr('x'), health_crypto.python_str(1.5::pg_catalog.float8)$q$,
            $q$SELECT health_crypto.encrypt('x', ARRAY[pg_catalog.current_setting('attack.ward')])$q$,
            $q$SELECT health_crypto.encrypt_document('doc', (SELECT pg_catalog.max(id) FROM public.doc), ARRAY[pg_catalog.current_setting('attack.ward')])$q$,
            $q$SELECT health_crypto.encrypt_column('public.doc', 'note', ARRAY[pg_catalog.current_setting('attack.ward')])$q$,
            format($q$UPDATE public.doc SET note = 'secret' WHERE id OPERATOR(pg_catalog.=) %s$q$, n),
            $q$SELECT pg_catalog.count(*) FROM health_crypto.reencrypt('public.doc', 'note')$q$,
            $q$SELECT health_crypto.unencrypt_column('public.doc', 'note')$q$,
            $q$SELECT health_crypto.protect('doc', 'public.doc', 'public.doc_def(int[], pg_catalog.text)', state_column => 'state', sealed_states => '{done,sealed}')$q$,
            $q$SELECT health_crypto.add_definition('doc', 'public.doc_def(int[], pg_catalog.text)', 'gnuhealth-1')$q$
        ], path);
END $$;
\set ward `cat $data/ward.asc`
SELECT health_crypto.import_certificate(:'ward'::text, '{}') AS ward \gset
ALTER DATABASE surface SET attack.ward = :'ward';
SELECT health_crypto.protect('doc', 'doc', 'doc_def(int[], text)', state_column => 'state', sealed_states => '{done,sealed}');
\connect - postgres
CALL attack.surface('nowhere, to see that it works', 'pg_catalog');
CALL attack.surface('first in the caller''s search_path', 'mallory, pg_catalog, public');
ALTER ROLE hospital SET search_path = mallory, pg_catalog, public;
CALL attack.surface('first in the owner''s search_path', 'mallory, pg_catalog, public');
ALTER ROLE hospital RESET search_path;
ALTER DATABASE surface SET search_path = mallory, pg_catalog, public;
\connect - postgres
CALL attack.surface('first in the database''s search_path', 'mallory, pg_catalog, public');
ALTER DATABASE surface RESET search_path;
\connect - postgres
CREATE TEMP TABLE pg_class AS SELECT * FROM pg_catalog.pg_class;
CREATE TEMP TABLE pg_trigger AS SELECT * FROM pg_catalog.pg_trigger LIMIT 0;
CREATE TEMP TABLE pg_proc AS SELECT * FROM pg_catalog.pg_proc LIMIT 0;
CREATE TEMP TABLE doc (LIKE public.doc);
CREATE TEMP TABLE person (id int, name text);
CREATE TEMP TABLE register_entry (entry int);
CREATE TYPE pg_temp.text AS (x int);
CREATE FUNCTION pg_temp.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT CASE WHEN mallory.note('pg_temp.now') THEN pg_catalog.now() END $$;
CREATE FUNCTION pg_temp.unnest(pg_catalog.text[]) RETURNS SETOF pg_catalog.text LANGUAGE sql AS $$ SELECT 'x'::pg_catalog.text WHERE mallory.note('pg_temp.unnest') $$;
CALL attack.surface('in pg_temp, which comes first', 'pg_temp, mallory, pg_catalog, public');
\connect - hospital
-- A definition that is written under such a path is bound to what it found there, and is refused for it.
SET client_min_messages = warning;
CREATE TABLE trapped (id int PRIMARY KEY, title text, document_digest text, serializer text, digital_signature text);
SET search_path = mallory, pg_catalog, public;
CREATE FUNCTION public.trapped_def(keys int[], language pg_catalog.text) RETURNS TABLE (key int, "Same" boolean)
    LANGUAGE sql STABLE BEGIN ATOMIC SELECT d.id, d.title = 'x'::pg_catalog.text FROM public.trapped d WHERE d.id OPERATOR(pg_catalog.=) ANY (keys); END;
\connect - postgres
-- (That mallory's functions are not tracked is found before whose they are.)
CALL attack.try('names', 'a definition that was bound to mallory''s operator', '22023',
    $$SELECT health_crypto.protect('trapped', 'trapped', 'trapped_def(int[], text)')$$);
-- Installing.
CREATE DATABASE surface_install;
ALTER DATABASE surface_install SET search_path = mallory, public, pg_catalog;
\connect surface_install postgres
CREATE SCHEMA mallory AUTHORIZATION mallory;
CREATE TABLE mallory.caught (what text);
CREATE FUNCTION mallory.op(text, text) RETURNS boolean LANGUAGE sql AS $$ INSERT INTO mallory.caught VALUES ('op') RETURNING true $$;
CREATE OPERATOR mallory.= (LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text, FUNCTION = mallory.op);
CREATE OPERATOR mallory.~ (LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text, FUNCTION = mallory.op);
CREATE FUNCTION mallory.getdatabaseencoding() RETURNS text LANGUAGE sql AS $$ INSERT INTO mallory.caught VALUES ('encoding') RETURNING 'UTF8' $$;
CREATE EXTENSION health_crypto;
SET search_path = pg_catalog;
SELECT count(*) || ' caught, ' || (SELECT count(*) FROM pg_depend d WHERE d.refclassid = 'pg_proc'::regclass AND d.refobjid IN
       (SELECT oid FROM pg_proc WHERE pronamespace = 'mallory'::regnamespace) AND d.classid <> 'pg_operator'::regclass)
       || ' objects bound to mallory''s' AS got FROM mallory.caught \gset
\connect surface postgres
DROP DATABASE surface_install;
CALL attack.note('names', 'CREATE EXTENSION with mallory''s names first in the database''s search_path', '0 caught, 0 objects bound to mallory''s', :'got');
-- A schema or function schema that is there beforehand.
CREATE DATABASE surface_install;
\connect surface_install postgres
GRANT CREATE ON DATABASE surface_install TO mallory;
\connect - mallory
CREATE SCHEMA health_crypto;
\connect - postgres
\set ON_ERROR_STOP off
CREATE EXTENSION health_crypto;
\set got :SQLSTATE
\set ON_ERROR_STOP on
\connect surface postgres
CALL attack.note('names', 'CREATE EXTENSION where mallory has made the schema', '42P06', :'got');
\connect surface_install mallory
DROP SCHEMA health_crypto;
CREATE SCHEMA gnuhealth_documents;
\connect - postgres
SET client_min_messages = warning;
CREATE EXTENSION health_crypto;
\i :fixtures/gnuhealth.sql
\set ON_ERROR_STOP off
SELECT count(*) FROM health_crypto.protect_gnuhealth();
\set got :SQLSTATE
\set ON_ERROR_STOP on
\connect surface postgres
CALL attack.note('names', 'protect_gnuhealth() where mallory has made the definitions'' schema', '42501', :'got');
DROP DATABASE surface_install;
\connect - mallory
\set ON_ERROR_STOP off
DROP EXTENSION health_crypto;
\set got :SQLSTATE
\set ON_ERROR_STOP on
CALL attack.note('rights', 'mallory drops the extension', '42501', :'got');

-- ------------------------------------------------------------------------------------------------ 2. definitions
-- mallory may protect tables of his own, and tries to reach the vault by what others run for him.
\connect - postgres
SET client_min_messages = warning;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA health_crypto TO mallory, hospital;
\connect - mallory
SET client_min_messages = warning;
CREATE TABLE mallory.mine (id int PRIMARY KEY, title text, document_digest text, serializer text, digital_signature text);
INSERT INTO mallory.mine VALUES (1, 'a');
CREATE FUNCTION mallory.reads_vault(keys int[], language text) RETURNS TABLE (key int, "Word" text) LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT m.id, (SELECT v.word FROM public.vault v LIMIT 1) FROM mallory.mine m WHERE m.id = ANY (keys); END;
CREATE FUNCTION mallory.helper(t text) RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT t; END;
CREATE FUNCTION mallory.def(keys int[], language text) RETURNS TABLE (key int, "Word" text) LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT m.id, mallory.helper(m.title) FROM mallory.mine m WHERE m.id = ANY (keys); END;
CALL attack.try('definitions', 'mallory protects his table by a definition that reads the vault', '42501',
    $$SELECT health_crypto.protect('mine', 'mallory.mine', 'mallory.reads_vault(int[], text)')$$);
CALL attack.try('definitions', 'mallory protects his table by one of his own', 'kept',
    $$SELECT CASE WHEN document_digest IS NOT NULL THEN 'kept' END FROM mallory.mine$$,
    ARRAY[$$SELECT health_crypto.protect('mine', 'mallory.mine', 'mallory.def(int[], text)')$$]);
CREATE OR REPLACE FUNCTION mallory.helper(t text) RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT (SELECT v.word FROM public.vault v LIMIT 1); END;
\connect - postgres
CALL attack.try('definitions', 'a superuser verifies what the helper was changed for: a verdict without the vault''s word', 'stale, false',
    $$SELECT v.content || ', ' || (v::text ~ 'TREASURE') FROM health_crypto.verify('mine', 1) v$$);
CALL attack.try('definitions', 'a superuser serialises it', '42501', $$SELECT health_crypto.serialize('mine', 1)$$);
CALL attack.try('definitions', 'a superuser writes it', '42501', $$SELECT 'written'$$, ARRAY[$$UPDATE mallory.mine SET title = 'b'$$]);
\connect - mallory
-- A helper that acts.
CREATE OR REPLACE FUNCTION mallory.helper(t text) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN PERFORM mallory.note('helper as ' || CURRENT_USER); RETURN t; END $$;
\connect - postgres
CALL attack.try('definitions', 'a superuser verifies, the helper in PL/pgSQL now', '22023', $$SELECT content FROM health_crypto.verify('mine', 1)$$);
CALL attack.try('definitions', 'and it has not run', '0', $$SELECT count(*) FROM mallory.caught$$);
\connect - mallory
CREATE OR REPLACE FUNCTION mallory.helper(t text) RETURNS text LANGUAGE sql VOLATILE BEGIN ATOMIC SELECT CASE WHEN mallory.note('volatile helper') THEN t END; END;
\connect - postgres
CALL attack.try('definitions', 'the helper volatile', '22023', $$SELECT content FROM health_crypto.verify('mine', 1)$$);
CALL attack.try('definitions', 'and it has not run', '0', $$SELECT count(*) FROM mallory.caught$$);
\connect - mallory
-- What says that it is stable, and calls what does not.
CREATE FUNCTION mallory.acts(t text) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN EXECUTE 'SET SESSION AUTHORIZATION postgres'; RETURN t; END $$;
CREATE OR REPLACE FUNCTION mallory.helper(t text) RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT mallory.acts(t); END;
\connect - postgres
CALL attack.try('definitions', 'the helper calls PL/pgSQL', '22023', $$SELECT content FROM health_crypto.verify('mine', 1)$$);
\connect - mallory
-- By a domain, whose CHECK is code too.
CREATE FUNCTION mallory.checks(t text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM mallory.note('domain as ' || CURRENT_USER); RETURN true; END $$;
CREATE DOMAIN mallory.checked AS pg_catalog.text CHECK (mallory.checks(VALUE));
GRANT USAGE ON TYPE mallory.checked TO PUBLIC;
CREATE OR REPLACE FUNCTION mallory.helper(t text) RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT t::mallory.checked::text; END;
\connect - hospital
SET client_min_messages = warning;
CREATE TABLE lured (id int PRIMARY KEY, title text, document_digest text, serializer text, digital_signature text);
CREATE FUNCTION lured_def(keys int[], language text) RETURNS TABLE (key int, "Title" text) LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT d.id, d.title::mallory.checked::text FROM lured d WHERE d.id = ANY (keys); END;
INSERT INTO lured (id, title) VALUES (1, 'a');
\connect - postgres
CALL attack.try('definitions', 'the hospital''s definition goes through a domain whose CHECK is mallory''s', '42501',
    $$SELECT health_crypto.protect('lured', 'lured', 'lured_def(int[], text)')$$);
CALL attack.try('definitions', 'mallory''s own definition goes through it, and a superuser verifies: it runs as mallory', 'draft',
    $$SELECT content FROM health_crypto.verify('mine', 1)$$);
CALL attack.try('definitions', 'mallory''s domain has run as somebody else', '0', $$SELECT count(*) FROM mallory.caught WHERE who <> 'mallory'$$);
-- A key of a domain, a partition key, an index: what runs when a document is looked up.
\connect - mallory
SET client_min_messages = warning;
DELETE FROM mallory.caught;
CREATE TABLE mallory.by_domain (id mallory.checked PRIMARY KEY, title text, document_digest text, serializer text, digital_signature text);
CREATE FUNCTION mallory.by_domain_def(keys mallory.checked[], language text) RETURNS TABLE (key mallory.checked, "Title" text) LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT d.id, d.title FROM mallory.by_domain d WHERE d.id = ANY (keys); END;
CALL attack.try('definitions', 'mallory''s key is of a domain with code', '22023',
    $$SELECT health_crypto.protect('by_domain', 'mallory.by_domain', 'mallory.by_domain_def(mallory.checked[], text)')$$);

-- ------------------------------------------------------------------------------------------------ 3. triggers
\connect - mallory
SET client_min_messages = warning;
DELETE FROM mallory.caught;
CREATE TABLE mallory.bait (id int PRIMARY KEY, doc int, digital_signature text);
CREATE TRIGGER theirs AFTER INSERT OR UPDATE OR DELETE ON mallory.bait FOR EACH ROW EXECUTE FUNCTION health_crypto.guard('doc', 'public', 'doc');
CALL attack.try('triggers', 'guard() on a table of mallory''s, in the name of the hospital''s document', '22023', $$SELECT 1$$, ARRAY[$$INSERT INTO mallory.bait VALUES (1, 1)$$]);
DROP TRIGGER theirs ON mallory.bait;
CREATE CONSTRAINT TRIGGER theirs AFTER INSERT OR UPDATE ON mallory.bait DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION health_crypto.keep('doc', 'public', 'doc');
CALL attack.try('triggers', 'keep() there', '22023', $$SELECT 1$$, ARRAY[$$INSERT INTO mallory.bait VALUES (1, 1)$$]);
DROP TRIGGER theirs ON mallory.bait;
CREATE TRIGGER theirs BEFORE INSERT OR UPDATE ON mallory.bait FOR EACH ROW EXECUTE FUNCTION health_crypto.encrypt_written('0123', 'public', 'doc', 'note');
CALL attack.try('triggers', 'encrypt_written() there', '22023', $$SELECT 1$$, ARRAY[$$INSERT INTO mallory.bait VALUES (1, 1)$$]);
DROP TRIGGER theirs ON mallory.bait;
CALL attack.try('triggers', 'guard() called as a function', '0A000', $$SELECT health_crypto.guard()$$);
\connect - hospital
GRANT TRIGGER ON doc TO mallory;
\connect - mallory
CREATE FUNCTION mallory.acts_on_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    BEGIN PERFORM mallory.note('write as ' || CURRENT_USER); EXCEPTION WHEN OTHERS THEN NULL; END;
    BEGIN EXECUTE 'SET ROLE postgres'; PERFORM mallory.note('SET ROLE worked'); EXCEPTION WHEN OTHERS THEN NULL; END;
    BEGIN PERFORM word FROM public.vault; PERFORM mallory.note('vault read'); EXCEPTION WHEN OTHERS THEN NULL; END;
    BEGIN DELETE FROM health_crypto.register_entry; PERFORM mallory.note('register written'); EXCEPTION WHEN OTHERS THEN NULL; END;
    RETURN NEW;
END $$;
CREATE TRIGGER theirs BEFORE UPDATE ON public.doc FOR EACH ROW EXECUTE FUNCTION mallory.acts_on_write();
\connect - app
CALL attack.try('triggers', 'app writes a table on which mallory has a trigger: what mallory reached', 'nothing',
    $$SELECT string_agg(DISTINCT what, ', ') FROM mallory.caught WHERE what NOT LIKE 'write as %'$$,
    ARRAY[$$INSERT INTO public.doc (id, person, title) VALUES (50, 1, 'x')$$, $$SET CONSTRAINTS ALL IMMEDIATE$$]);
-- The digest is stored as the table's owner, as PostgreSQL's own foreign keys write; whoever may have triggers there acts
-- as him. protection_gaps() names such a trigger.
CALL attack.try('triggers', 'and as whom mallory''s trigger ran', 'write as hospital', $$SELECT string_agg(DISTINCT what, ', ') FROM mallory.caught$$);
\connect - auditor
CALL attack.try('triggers', 'protection_gaps() names a trigger of somebody else', 'foreign trigger: theirs, which calls a function of mallory',
    $$SELECT gap || ': ' || detail FROM health_crypto.protection_gaps() WHERE document = 'doc' AND relation = 'public.doc'$$);
\connect - hospital
DROP TRIGGER theirs ON doc;
REVOKE TRIGGER ON doc FROM mallory;

-- ------------------------------------------------------------------------------------------------ 4. rights
\connect - postgres
SELECT health_crypto.encrypt_column('doc', 'note', ARRAY[current_setting('attack.ward')]);
\connect - app
CALL attack.try('rights', 'app reads a person', '42501', $$SELECT name FROM public.person$$);
CALL attack.try('rights', 'app seals a document about a person that it may not read', 'done', $$SELECT state FROM public.doc WHERE id = 60$$,
    ARRAY[$$INSERT INTO public.doc (id, person, title) VALUES (60, 1, 'x')$$, $$INSERT INTO public.line VALUES (60, 60, 'l')$$,
          $$UPDATE public.doc SET state = 'done' WHERE id = 60$$]);
CALL attack.try('rights', 'app reads the text of what it wrote', '42501', $$SELECT serializer FROM public.doc WHERE id = 60$$);
CALL attack.try('rights', 'app, with a right to two columns of the root, asks for a verdict', '42501', $$SELECT content FROM health_crypto.verify('doc', 60)$$);
CALL attack.try('rights', 'app changes what is sealed', '23000', $$SELECT 1$$, ARRAY[$$UPDATE public.doc SET title = 'y' WHERE id = 60$$]);
CALL attack.try('rights', 'app changes a line of what is sealed', '23000', $$SELECT 1$$, ARRAY[$$UPDATE public.line SET txt = 'y' WHERE id = 60$$]);
CALL attack.try('rights', 'app has the maintenance door', '42501', $$SELECT set_config('health_crypto.enforcement', 'record', false)$$);
\connect - postgres
CALL attack.try('rights', 'what app sealed is kept with the person''s name', 'intact, true',
    $$SELECT v.content || ', ' || (d.serializer ~ 'PATIENT') FROM health_crypto.verify('doc', 60) v, public.doc d WHERE d.id = 60$$);
-- A setting that is set before the library is there is a placeholder that anybody may set.
\connect - app
SET health_crypto.enforcement = 'record';
CALL attack.try('rights', 'app sets the maintenance door before the library is loaded', '23000', $$SELECT 1$$, ARRAY[$$UPDATE public.doc SET title = 'y' WHERE id = 60$$]);
\connect - postgres
SET ROLE app;
\set ON_ERROR_STOP off
ALTER ROLE app SET health_crypto.enforcement = 'record';
\set ON_ERROR_STOP on
\connect - app
CALL attack.try('rights', 'app sets it for its role', '23000', $$SELECT 1$$, ARRAY[$$UPDATE public.doc SET title = 'y' WHERE id = 60$$]);
\connect - postgres
ALTER ROLE app RESET health_crypto.enforcement;
-- PostgreSQL 15 can give the right to set a parameter.
GRANT SET ON PARAMETER session_replication_role TO app;
\connect - app
CALL attack.try('rights', 'app, granted session_replication_role, as a replica', '23000', $$SELECT 1$$,
    ARRAY[$$SET session_replication_role = replica$$, $$UPDATE public.doc SET title = 'y' WHERE id = 60$$]);
\connect - report
CALL attack.try('rights', 'report verifies', 'intact', $$SELECT content FROM health_crypto.verify('doc', 60)$$);
CALL attack.try('rights', 'report stores a signature', '42501', $$SELECT health_crypto.attach_signature('doc', 60, 'x')$$);
CALL attack.try('rights', 'report reads the register', '42501', $$SELECT count(*) FROM health_crypto.register$$);
CALL attack.try('rights', 'report reads the keyring', '42501', $$SELECT count(*) FROM health_crypto.certificate$$);
\connect - mallory
CALL attack.try('rights', 'mallory, who may call everything, protects the hospital''s table', '42501', $$SELECT health_crypto.protect('theft', 'public.doc', 'public.doc_def(int[], text)')$$);
CALL attack.try('rights', 'and takes its protection away', '42501', $$SELECT health_crypto.unprotect('doc')$$);
CALL attack.try('rights', 'and adds a definition to it', '42501', $$SELECT health_crypto.add_definition('doc', 'mallory.def(int[], text)')$$);
CALL attack.try('rights', 'and adopts its documents', '42501', $$SELECT count(*) FROM health_crypto.adopt('doc')$$);
CALL attack.try('rights', 'and encrypts its column', '42501', $$SELECT health_crypto.encrypt_column('public.doc', 'note', ARRAY[current_setting('attack.ward')])$$);
CALL attack.try('rights', 'and decrypts its column', '42501', $$SELECT health_crypto.decrypt_column('public.doc', 'note', '1', '9:' || repeat('0', 64))$$);
CALL attack.try('rights', 'and reads a document', '42501', $$SELECT health_crypto.serialize('doc', 60)$$);
CALL attack.try('rights', 'and takes a sealed copy of it for a key of his own', '42501', $$SELECT health_crypto.encrypt_document('doc', 60, ARRAY[current_setting('attack.ward')])$$);
CALL attack.try('rights', 'and becomes the registrar', '42501', $$SELECT 1$$, ARRAY['SET ROLE health_crypto_registrar']);
CALL attack.try('rights', 'and makes an object in the extension''s schema', '42501', $$SELECT 1$$, ARRAY['CREATE TABLE health_crypto.t (i int)']);
CALL attack.try('rights', 'and calls the library''s functions by a declaration of his own', '42501', $$SELECT 1$$,
    ARRAY[$$CREATE FUNCTION mallory.f(text, text, text) RETURNS void LANGUAGE c AS '$libdir/health_crypto', 'reopen_wrapper'$$]);
-- Whoever has CREATEROLE may, until PostgreSQL 15, make himself a member of any role that is no superuser.
\connect - postgres
SELECT current_setting('server_version_num')::int < 160000 AS "gives" \gset
\connect - personnel
\set ON_ERROR_STOP off
GRANT health_crypto_registrar TO personnel;
\set ON_ERROR_STOP on
\connect - auditor
SELECT CASE WHEN :'gives' THEN 'usable registrar: member: personnel' ELSE 'nothing' END AS expected \gset
CALL attack.try('rights', 'CREATEROLE makes itself the registrar, which PostgreSQL 15 lets it: protection_gaps()', :'expected',
    $$SELECT gap || ': ' || detail FROM health_crypto.protection_gaps() WHERE relation = 'health_crypto_registrar'$$);
\connect - postgres
REVOKE health_crypto_registrar FROM personnel;

-- ------------------------------------------------------------------------------------------------ 5. the auditor
\connect - auditor
CALL attack.try('auditor', 'verifies every document, of every root', 'true', $$SELECT count(*) FILTER (WHERE document = 'doc') >= 6 FROM health_crypto.verify_all('doc')$$);
CALL attack.try('auditor', 'has evidence of one', 'intact', $$SELECT health_crypto.evidence('doc', 60) -> 'verdict' ->> 'content'$$);
CALL attack.try('auditor', 'reads register and keyring', 'true', $$SELECT (SELECT count(*) FROM health_crypto.register) > 5 AND (SELECT count(*) FROM health_crypto.certificates) = 2$$);
CALL attack.try('auditor', 'reads a table of the hospital itself', '42501', $$SELECT count(*) FROM public.doc$$);
\connect - postgres
-- Generated: no right to write on any relation, nor a function that writes and is his to call.
CALL attack.try('auditor', 'relations that it may write', 'nothing',
    $$SELECT string_agg(c.oid::regclass || ' ' || x, ', ') FROM pg_class c CROSS JOIN unnest('{INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) x
       WHERE c.relkind IN ('r', 'v', 'p', 'f', 'm') AND c.relnamespace IN ('health_crypto'::regnamespace, 'public'::regnamespace, 'attack'::regnamespace)
         AND c.oid <> 'attack.outcome'::regclass AND has_table_privilege('auditor', c.oid, x)$$);
CALL attack.try('auditor', 'functions that write and that it may call', 'attach_signature, encrypt, encrypt_document, encrypt_written, guard, keep',
    $$SELECT string_agg(DISTINCT proname, ', ' ORDER BY proname) FROM pg_proc WHERE pronamespace = 'health_crypto'::regnamespace AND provolatile = 'v'
         AND has_function_privilege('auditor', oid, 'EXECUTE')$$);
SELECT count(*) AS entries FROM health_crypto.register_entry \gset
\connect - auditor
CALL attack.try('auditor', 'stores a signature', '42501', $$SELECT health_crypto.attach_signature('doc', 60, 'x')$$);
CALL attack.try('auditor', 'reopens', '42501', $$SELECT health_crypto.reopen('doc', 60, 'x')$$);
CALL attack.try('auditor', 'removes a certificate', '42501', $$SELECT health_crypto.remove_certificate(current_setting('attack.aurora'), 'x')$$);
\connect - postgres
SELECT count(*) - :entries AS more FROM health_crypto.register_entry \gset
CALL attack.note('auditor', 'register entries after all that', '0', :'more');

-- ------------------------------------------------------------------------------------------------ 6. rows
\connect - hospital
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
ALTER TABLE line ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON doc FOR ALL USING (id <> 60);
CREATE POLICY hidden ON line FOR ALL USING (false);
\connect - report
CALL attack.try('row security', 'report: a hidden document', '22023', $$SELECT content FROM health_crypto.verify('doc', 60)$$);
CALL attack.try('row security', 'report: what is hidden and what is not there say the same', 'true',
    $$SELECT attack.message($q$SELECT content FROM health_crypto.verify('doc', 60)$q$) = attack.message($q$SELECT content FROM health_crypto.verify('doc', 999999)$q$)$$);
CALL attack.try('row security', 'report: its text', '22023', $$SELECT health_crypto.serialize('doc', 60)$$);
CALL attack.try('row security', 'report: its digest', '22023', $$SELECT health_crypto.digest('doc', 60)$$);
CALL attack.try('row security', 'report: its payload', '22023', $$SELECT health_crypto.signing_payload('doc', 60)$$);
CALL attack.try('row security', 'report: its evidence', '22023', $$SELECT health_crypto.evidence('doc', 60)$$);
CALL attack.try('row security', 'report: its code for paper', '22023', $$SELECT health_crypto.qr_svg('doc', 60)$$);
CALL attack.try('row security', 'report: the page', '42501', $$SELECT health_crypto.report_html()$$);
CALL attack.try('row security', 'report: the summary', '42501', $$SELECT count(*) FROM health_crypto.status()$$);
CALL attack.try('row security', 'report: its signers', '22023', $$SELECT count(*) FROM health_crypto.signers('doc', 60)$$);
CALL attack.try('row security', 'report: a sealed copy of it', '22023', $$SELECT health_crypto.encrypt_document('doc', 60, ARRAY[current_setting('attack.ward')])$$);
CALL attack.try('row security', 'report: verify_all() has it', '0', $$SELECT count(*) FROM health_crypto.verify_all('doc') WHERE key = '60'$$);
\connect - auditor
CALL attack.try('row security', 'auditor: verify_all() has it', '1', $$SELECT count(*) FROM health_crypto.verify_all('doc') WHERE key = '60'$$);
\connect - app
CALL attack.try('row security', 'app writes a line that no policy shows it', '42501', $$SELECT 1$$, ARRAY[$$INSERT INTO public.line VALUES (61, 50, 'l')$$]);
CALL attack.try('row security', 'app changes a sealed document that is hidden from it: nothing is there to change', '0', $$WITH u AS (UPDATE public.doc SET title = 'y' WHERE id = 60 RETURNING 1) SELECT count(*) FROM u$$);
\connect - hospital
ALTER TABLE doc FORCE ROW LEVEL SECURITY;
ALTER TABLE line FORCE ROW LEVEL SECURITY;
\connect - postgres
CALL attack.try('row security', 'policies forced on the owner: a draft''s digest is of all its lines', 'draft, true',
    $$SELECT v.content || ', ' || (d.serializer ~ 'second') FROM health_crypto.verify('doc', 70) v, public.doc d WHERE d.id = 70$$,
    ARRAY[$$INSERT INTO public.doc (id, person, title) VALUES (70, 1, 'x')$$, $$INSERT INTO public.line VALUES (70, 70, 'first'), (71, 70, 'second')$$, $$SET CONSTRAINTS ALL IMMEDIATE$$]);
CALL attack.try('row security', 'and what is sealed is guarded', '23000', $$SELECT 1$$, ARRAY[$$UPDATE public.line SET txt = 'y' WHERE id = 60$$]);
CALL attack.try('row security', 'with row_security off', '23000', $$SELECT 1$$, ARRAY['SET LOCAL row_security = off', $$UPDATE public.line SET txt = 'y' WHERE id = 60$$]);
CALL attack.try('row security', 'verified with policies forced', 'intact', $$SELECT content FROM health_crypto.verify('doc', 60)$$);
