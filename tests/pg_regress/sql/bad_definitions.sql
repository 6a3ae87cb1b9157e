-- Definitions, and rows of theirs, that cannot be documents: the SQLSTATE, the name of the field and never its value, and
-- nothing changed by it: no row, no digest, no entry of the register.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\set ECHO all
CREATE SCHEMA bad;
SET search_path = bad;
CREATE DOMAIN amount AS numeric;
CREATE TYPE pair AS (name text, value numeric);
CREATE TYPE dose AS (label text, pair pair, rate double precision);
CREATE TABLE form (
    id int PRIMARY KEY, whole bigint, exact numeric, float double precision, small real, amount amount,
    wholes bigint[], exacts numeric[], floats double precision[], smalls real[], amounts amount[],
    pair pair, pairs pair[], dose dose, json json, jsonb jsonb, state text DEFAULT 'open');
CREATE FUNCTION form_1(keys int[], language text)
    RETURNS TABLE (key int, "Whole" bigint, "Exact" numeric, "Float" double precision, "Small" real, "Amount" amount,
                   "Wholes" bigint[], "Exacts" numeric[], "Floats" double precision[], "Smalls" real[], "Amounts" amount[],
                   "Pair" pair, "Pairs" pair[], "Dose" dose, "Json" json, "Jsonb" jsonb)
    LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT f.id, f.whole, f.exact, f.float, f.small, f.amount, f.wholes, f.exacts, f.floats, f.smalls, f.amounts,
           f.pair, f.pairs, f.dose, f.json, f.jsonb FROM form f WHERE f.id = ANY (keys);
END;
SELECT health_crypto.protect('form', 'form', 'form_1(int[], text)', state_column => 'state', sealed_states => '{closed}', add_columns => true);
INSERT INTO form (id) VALUES (1), (2);
UPDATE form SET state = 'closed' WHERE id = 2;
-- All that must not change.
CREATE FUNCTION all_there_is() RETURNS text LANGUAGE sql AS $$
    SELECT md5((SELECT string_agg(f::text, E'\n' ORDER BY f.id) FROM form f)
        || (SELECT count(*) FROM health_crypto.register)
        || (SELECT string_agg(d::text, E'\n' ORDER BY d.document) FROM health_crypto.protected_document d)
        || (SELECT string_agg(w::text, E'\n' ORDER BY w.document, w.table_name) FROM health_crypto.watched_table w)
        || (SELECT string_agg(concat(tgrelid, tgname, tgenabled), E'\n' ORDER BY tgrelid, tgname) FROM pg_trigger)
        || (SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'form'::regclass)) $$;
-- What becomes of a statement and of the flush after it: the SQLSTATE and the message, or the text of row 1. `value` is
-- a pattern of what no message may hold.
CREATE FUNCTION outcome(statement text, value text, OUT state text, OUT outcome text, OUT unchanged boolean, OUT told boolean)
LANGUAGE plpgsql AS $$
DECLARE
    before text := all_there_is();
    detail text; hint text;
BEGIN
    BEGIN
        EXECUTE statement;
        SET CONSTRAINTS ALL IMMEDIATE;
        state := 'accepted';
        SELECT string_agg(m.key || ': ' || m.value, ', ') INTO outcome FROM form f, json_each(f.serializer::json) m
         WHERE f.id = 1 AND m.value::text <> 'null';
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, outcome = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        told := concat_ws(' ', outcome, detail, hint) ~* value;
        unchanged := all_there_is() = before;
    END;
END $$;
CREATE FUNCTION written(field text, value text, OUT state text, OUT outcome text, OUT unchanged boolean, OUT told boolean)
    LANGUAGE sql AS $$ SELECT * FROM outcome(format('DELETE FROM bad.form WHERE id = 1; INSERT INTO bad.form (id, %I) VALUES (1, %L)', field, value), '[0-9]{5}|nan|inf|e[-+]?[0-9]+') $$;

-- Numbers that jcs-1 holds, up to the last one. All of one value print as one text.
SELECT v.field, v.value, w.state, w.outcome FROM (VALUES
    (1, 'whole', '9007199254740991'), (2, 'whole', '-9007199254740991'),
    (3, 'exact', '0.1'), (4, 'exact', '12.50'), (5, 'exact', '-0.000'), (6, 'exact', '123456789012345.6'),
    (7, 'float', '0.1'), (8, 'float', '1e23'), (9, 'float', '5e-324'), (10, 'float', '-0'), (11, 'float', '1.7976931348623157e308'),
    (12, 'small', '0.1'), (13, 'small', '3e38'), (14, 'amount', '0.10'),
    (20, 'wholes', '{9007199254740991,NULL}'), (21, 'exacts', '{0.1,12.50,0.100000000000000000000,-0.0}'),
    (22, 'floats', '{0.1,1e23,9.5e-7,5e-324,1.7976931348623157e308,562949953421312.25,0.30000000000000004,2e15,123456789012345.67}'),
    (23, 'smalls', '{0.1,3e38,1e-10,16777217}'), (24, 'amounts', '{0.10}'), (25, 'pair', '(x,12.50)'), (26, 'pairs', '{"(x,0.1)"}'),
    (27, 'dose', '(x,"(y,0.1)",1e-7)'), (30, 'json', '{"a": [1, 0.5, 1E2, 12.50, -0.0, 1000]}'), (31, 'json', '[1, 0.5, 1E2, 12.50, -0.0, 0.1e-6, 1000e-3]'),
    (32, 'jsonb', '{"a": [9007199254740991, 0.10, 1e2, 1e-30]}')) v (place, field, value), written(field, value) w ORDER BY place;

-- Numbers that it does not hold: by themselves, and inside arrays, composites, domains and JSON.
SELECT v.field, v.value, w.state, w.outcome, w.unchanged, w.told FROM (VALUES
    (1, 'whole', '9007199254740992'), (2, 'whole', '9007199254740993'), (3, 'whole', '-9007199254740992'),
    (4, 'exact', '9007199254740993'), (5, 'exact', '1e40'), (6, 'exact', '0.10000000000000000001'), (7, 'exact', '9007199254740991.5'),
    (8, 'exact', 'NaN'), (9, 'exact', 'Infinity'), (10, 'exact', '-Infinity'),
    (11, 'float', 'NaN'), (12, 'float', 'Infinity'), (13, 'float', '-Infinity'),
    (14, 'small', 'NaN'), (15, 'small', 'Infinity'), (16, 'small', '-Infinity'),
    (17, 'amount', '9007199254740993'), (18, 'amount', '0.10000000000000000001'),
    (20, 'wholes', '{1,9007199254740993}'), (21, 'exacts', '{1,9007199254740993}'), (22, 'exacts', '{0.5,0.10000000000000000001}'),
    (23, 'amounts', '{0.10000000000000000001}'), (24, 'pair', '(x,9007199254740993)'), (25, 'pair', '(x,0.10000000000000000001)'),
    (26, 'pairs', '{"(x,1)","(y,0.10000000000000000001)"}'), (27, 'dose', '(x,"(y,0.10000000000000000001)",1)'),
    (30, 'json', '9007199254740993'), (31, 'json', '{"a": [1, 9007199254740993]}'), (32, 'json', '{"a": [1, 0.10000000000000000001]}'),
    (33, 'json', '{"a": [1, 1e400]}'), (34, 'json', '1e400'), (35, 'json', '1.0000000000000000001e0'), (36, 'json', '1e-400'),
    (40, 'jsonb', '{"a": [1, 9007199254740993]}'), (41, 'jsonb', '{"a": [1, 0.10000000000000000001]}'), (42, 'jsonb', '1e400'),
    (43, 'jsonb', '1e-400')) v (place, field, value), written(field, value) w ORDER BY place;

-- As PostgreSQL prints doubles in an array, whatever their digits: each is taken, and as itself.
SELECT w.state FROM outcome($$DELETE FROM bad.form WHERE id = 1; INSERT INTO bad.form (id, floats) SELECT 1, array_agg((m || 'e' || e)::double precision)
    FROM generate_series(-290, 290) e, unnest('{1,2,9.5,1.7976931348623157,1234567890.123456789}'::numeric[]) m$$, '') w;
SELECT cardinality(floats) AS floats, (SELECT array_agg(x::text::double precision ORDER BY n) FROM json_array_elements(f.serializer::json -> 'Floats') WITH ORDINALITY x (x, n)) = f.floats AS the_same FROM form f WHERE id = 1;
-- NaN and infinities, of which to_json makes strings; a text of those letters is a text.
SELECT v.field, v.value, w.state, w.outcome, w.unchanged, w.told FROM (VALUES (1, 'amount', 'NaN'), (2, 'exacts', '{1,NaN}'), (3, 'exacts', '{{1,2},{3,Infinity}}'),
    (4, 'floats', '{1,Infinity}'), (5, 'floats', '{{{-Infinity}}}'), (6, 'smalls', '{NaN}'), (7, 'amounts', '{NaN}'), (8, 'pair', '(x,NaN)'), (9, 'pairs', '{"(x,1)","(x,-Infinity)"}'),
    (10, 'dose', '(x,,Infinity)'), (11, 'dose', '(x,"(y,NaN)",1)'), (20, 'pair', '(NaN,1)'), (21, 'pairs', '{"(Infinity,1)",NULL}'), (22, 'exacts', '{{1,2},{3,NULL}}'),
    (23, 'json', '["NaN"]')) v (place, field, value), written(field, value) w ORDER BY place;

-- JSON that is not I-JSON.
SELECT left(v.value, 40) AS value, w.state, w.outcome, w.unchanged, w.told FROM (VALUES (1, '{"a": 12345, "a": 12345}'), (2, '[{"x": {"12345": 1, "\u00312345": 2}}]'),
    (3, '"12345\ud800"'), (4, repeat('[', 200) || '12345' || repeat(']', 200))) v (place, value), written('json', v.value) w ORDER BY place;

-- Back to what was.
DELETE FROM form WHERE id = 1;
INSERT INTO form (id) VALUES (1);
-- The same at a real end of a transaction, and by a write that would seal: nothing is kept of it.
SELECT all_there_is() AS before \gset
INSERT INTO form (id, exact) VALUES (3, 'NaN');
UPDATE form SET state = 'closed', exacts = '{0.10000000000000000001}' WHERE id = 1;
BEGIN;
UPDATE form SET whole = 9007199254740993 WHERE id = 1;
INSERT INTO form (id, whole) VALUES (4, 1);
COMMIT;
SELECT all_there_is() = :'before' AS nothing_changed;
-- A statement that mends it before the end of the transaction.
BEGIN;
UPDATE form SET whole = 9007199254740993 WHERE id = 1;
UPDATE form SET whole = 1 WHERE id = 1;
COMMIT;
SELECT (serializer::json ->> 'Whole') AS whole FROM form WHERE id = 1;
-- Rows that went round the triggers: a verdict, with the field's name; and none of the other verdicts is lost.
BEGIN;
ALTER TABLE form DISABLE TRIGGER ALL;
UPDATE form SET exact = 'NaN' WHERE id = 1;
UPDATE form SET pair = '(x,0.10000000000000000001)' WHERE id = 2;
INSERT INTO form (id) VALUES (5);
SELECT key, ok, content, changes, detail FROM health_crypto.verify_all('form') ORDER BY key;
SELECT health_crypto.serialize('form', 1);
ROLLBACK;
-- Digits that no double carries are another content: found, also round the triggers.
UPDATE form SET exacts = '{0.1}', pair = '(x,0.1)', jsonb = '{"a": 0.1}' WHERE id = 1;
UPDATE form SET state = 'closed' WHERE id = 1;
BEGIN;
ALTER TABLE form DISABLE TRIGGER ALL;
UPDATE form SET jsonb = '{"a": 0.10000000000000000001}' WHERE id = 1;
SELECT key, ok, content FROM health_crypto.verify_all('form') ORDER BY key;
ROLLBACK;

-- Definitions whose rows are the fault: a null key, two rows for one key, none, a row of another's. Each is good as long as
-- the rows are, so that it is a write that meets it.
CREATE TABLE sheet (id int PRIMARY KEY, word text, fault text, state text);
CREATE FUNCTION sheet_1(keys int[], language text) RETURNS TABLE (key int, "Word" text) LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT CASE s.fault WHEN 'unnamed' THEN NULL WHEN 'other' THEN -s.id ELSE s.id END, s.word
      FROM sheet s CROSS JOIN generate_series(1, CASE s.fault WHEN 'two' THEN 2 WHEN 'none' THEN 0 ELSE 1 END)
     WHERE s.id = ANY (keys);
END;
SELECT health_crypto.protect('sheet', 'sheet', 'sheet_1(int[], text)', signature_column => NULL, state_column => 'state', sealed_states => '{closed}', add_columns => true);
INSERT INTO sheet VALUES (1, 'MARKER1'), (2, 'MARKER2');
UPDATE sheet SET state = 'closed' WHERE id = 2;
CREATE OR REPLACE FUNCTION all_there_is() RETURNS text LANGUAGE sql AS $$
    SELECT md5((SELECT string_agg(s::text, E'\n' ORDER BY s.id) FROM sheet s) || (SELECT count(*) FROM health_crypto.register)
        || (SELECT string_agg(d::text, E'\n' ORDER BY d.document) FROM health_crypto.protected_document d)
        || (SELECT string_agg(concat(tgrelid, tgname, tgenabled), E'\n' ORDER BY tgrelid, tgname) FROM pg_trigger)
        || (SELECT string_agg(attname, ',' ORDER BY attrelid, attnum) FROM pg_attribute WHERE attrelid IN ('sheet'::regclass, 'form'::regclass))) $$;
SELECT v.fault, w.state, w.outcome, w.unchanged, w.told FROM unnest('{unnamed,two,none,other}'::text[]) v (fault),
    outcome(format('UPDATE bad.sheet SET fault = %L WHERE id = 1', v.fault), 'marker') w;
SELECT v.fault, w.state, w.outcome, w.unchanged, w.told FROM unnest('{unnamed,two,none,other}'::text[]) v (fault),
    outcome(format('UPDATE bad.sheet SET fault = %L, state = ''closed'' WHERE id = 1', v.fault), 'marker') w;
-- Among good ones in one transaction: all or nothing.
SELECT v.fault, w.state, w.outcome, w.unchanged, w.told FROM unnest('{unnamed,two,none,other}'::text[]) v (fault),
    outcome(format('INSERT INTO bad.sheet (id, word, fault) SELECT n, ''MARKER'' || n, CASE n WHEN 13 THEN %L END FROM generate_series(10, 20) n', v.fault), 'marker') w;
-- Rows that are there already: protect() of another document over them changes nothing.
ALTER TABLE sheet DISABLE TRIGGER ALL;
INSERT INTO sheet VALUES (3, 'MARKER3', 'unnamed'), (4, 'MARKER4', 'two'), (5, 'MARKER5', 'none');
ALTER TABLE sheet ENABLE TRIGGER ALL;
SELECT key, ok, content, detail FROM health_crypto.verify_all('sheet') ORDER BY key;
SELECT w.state, w.outcome, w.unchanged, w.told
  FROM outcome($$SELECT health_crypto.protect('other', 'bad.sheet', 'bad.sheet_1(int[], text)', digest_column => 'd2', serializer_column => 's2', signature_column => NULL, add_columns => true)$$, 'marker') w;
-- Two names for one field. PostgreSQL refuses to create such a function; a superuser's hand in its catalogue does not ask it.
\set VERBOSITY sqlstate
CREATE FUNCTION twice(keys int[], language text) RETURNS TABLE (key int, "A" text, "A" text) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT s.id, s.word, s.fault FROM sheet s WHERE s.id = ANY (keys); END;
\set VERBOSITY default
CREATE FUNCTION twice(keys int[], language text) RETURNS TABLE (key int, "A" text, "B" text) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT s.id, s.word, s.fault FROM sheet s WHERE s.id = ANY (keys); END;
UPDATE pg_proc SET proargnames = '{keys,language,key,A,A}' WHERE oid = 'twice'::regproc;
SELECT w.state, w.outcome, w.unchanged, w.told
  FROM outcome($$SELECT health_crypto.protect('other', 'bad.sheet', 'bad.twice(int[], text)', digest_column => 'd2', serializer_column => 's2', signature_column => NULL, add_columns => true)$$, 'marker') w;
-- Done to a definition that is in use: nothing comes past it, and every verdict says so.
UPDATE pg_proc SET proargnames = '{keys,language,key,Word,Word}', proallargtypes = proallargtypes || 'text'::regtype::oid, proargmodes = proargmodes || '{t}'::"char"[] WHERE oid = 'sheet_1'::regproc;
SELECT w.state, w.outcome, w.unchanged, w.told FROM outcome($$UPDATE bad.sheet SET word = 'MARKER' WHERE id = 1$$, 'marker') w;
SELECT key, ok, content, detail FROM health_crypto.verify_all('sheet') ORDER BY key;

-- One that does not come to an end: the cancellation ends the statement, and leaves no transaction behind either.
CREATE TABLE slow (id int PRIMARY KEY, turns int);
CREATE FUNCTION slow_1(keys int[], language text) RETURNS TABLE (key int, "N" bigint) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT s.id, (SELECT count(*) FROM generate_series(1, s.turns)) FROM slow s WHERE s.id = ANY (keys); END;
SELECT health_crypto.protect('slow', 'slow', 'slow_1(int[], text)', signature_column => NULL, add_columns => true);
INSERT INTO slow VALUES (1, 1), (2, 1);
ALTER TABLE slow DISABLE TRIGGER ALL;
UPDATE slow SET turns = 2000000000 WHERE id = 2;
ALTER TABLE slow ENABLE TRIGGER ALL;
SET statement_timeout = '300ms';
SELECT count(*) FROM health_crypto.verify_all('slow');
RESET statement_timeout;
SELECT key, ok, content FROM health_crypto.verify('slow', 1);
SELECT health_crypto.unprotect('slow');

-- Types that no profile knows, by themselves and inside others: refused by protect(), with the field's name.
CREATE DOMAIN scan AS bytea;
CREATE TYPE timed AS (name text, lasts interval);
CREATE TYPE deep AS (label text, timed timed[]);
CREATE TABLE empty (id int PRIMARY KEY);
CREATE FUNCTION of_type(type text, OUT state text, OUT outcome text) LANGUAGE plpgsql AS $$ BEGIN
    EXECUTE format('CREATE FUNCTION bad.typed(keys int[], language text) RETURNS TABLE (key int, "Good" text, "Field of that type" %s) LANGUAGE sql STABLE
        BEGIN ATOMIC SELECT e.id, ''good'', NULL::%1$s FROM bad.empty e WHERE e.id = ANY (keys); END', type);
    PERFORM health_crypto.protect('typed', 'bad.empty', 'bad.typed(int[], text)', add_columns => true);
    RAISE EXCEPTION 'taken' USING ERRCODE = 'P0001';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, outcome = MESSAGE_TEXT;
END $$;
SELECT t.type, o.state, o.outcome FROM unnest('{bytea,interval,money,inet,cidr,macaddr,xml,point,box,int4range,datemultirange,tsvector,oid,regclass,bit,timetz,pg_lsn,jsonpath,bytea[],bad.scan,bad.scan[],bad.timed,bad.deep,bad.deep[]}'::text[])
    WITH ORDINALITY t (type, place), of_type(type) o ORDER BY place;
SELECT t.type, o.state, o.outcome FROM unnest('{text,varchar(5),char(3),name,boolean,int2,int4,int8,real,float8,numeric(12\,2),date,time,timestamp,timestamptz,uuid,json,jsonb,text[],int4[],bad.pair,bad.pair[],bad.dose,bad.amount,bad.amount[]}'::text[])
    WITH ORDINALITY t (type, place), of_type(type) o ORDER BY place;
SELECT count(*) AS nothing_left FROM pg_attribute WHERE attrelid = 'empty'::regclass AND attnum > 1;
SET client_min_messages = warning;
DROP SCHEMA bad CASCADE;
