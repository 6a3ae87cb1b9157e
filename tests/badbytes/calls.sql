-- Calls every function of the surface with hostile values: each argument by itself while the others are valid, all NULL, and
-- random combinations. The calls are generated from the catalogue, so that a new function is covered by being there.
CREATE TABLE call (number bigserial, function text, label text, state text, message text, length int, ms float8);
CREATE TABLE surface AS
    SELECT p.oid::regprocedure::text AS function, p.oid, p.proname::text AS name, a.place, COALESCE(a.name, '') AS argument, a.type::regtype::text AS type,
           COALESCE(own.expression, of_name.expression, any_function.expression,
                    (SELECT h.expression FROM hostile h WHERE h.type = a.type::regtype::text AND h.size = 0 AND h.expression <> 'NULL' ORDER BY h.label LIMIT 1)) AS expression
      FROM pg_proc p
     CROSS JOIN LATERAL unnest(p.proargtypes::oid[], p.proargnames[1:p.pronargs]) WITH ORDINALITY a (type, name, place)
      LEFT JOIN base own ON 'health_crypto.' || own.function = p.oid::regprocedure::text AND own.argument = a.name
      LEFT JOIN base of_name ON of_name.function = p.proname AND of_name.argument = a.name
      LEFT JOIN base any_function ON any_function.function = '*' AND any_function.argument = a.name
     WHERE p.pronamespace = 'health_crypto'::regnamespace AND p.prorettype <> 'trigger'::regtype;
-- A type that there are no values for would be a function that is not tested.
SELECT DISTINCT 'FAILED: no hostile values of type ' || s.type FROM surface s WHERE NOT EXISTS (SELECT FROM hostile h WHERE h.type = s.type);

CREATE PROCEDURE one(function text, label text, statement text) LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp(); state text; message text;
BEGIN
    BEGIN
        EXECUTE statement;
        SET CONSTRAINTS ALL IMMEDIATE;
        RAISE EXCEPTION USING ERRCODE = 'HC000';  -- it went well; undone all the same
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
    END;
    INSERT INTO call (function, label, state, message, length, ms)
    VALUES (function, label, CASE state WHEN 'HC000' THEN '00000' ELSE state END, left(message, 300), length(message),
            extract(epoch FROM clock_timestamp() - started) * 1000);
END $$;

CREATE PROCEDURE calls(which oid, least_size int, most_size int, combinations int) LANGUAGE plpgsql AS $$
DECLARE
    h record; n int; arguments text[]; labels text; name text := which::regproc::text; s record;
    base text[] := ARRAY(SELECT COALESCE(f.expression, 'NULL') || '::' || f.type FROM surface f WHERE f.oid = which ORDER BY f.place);
    types text[] := ARRAY(SELECT f.type FROM surface f WHERE f.oid = which ORDER BY f.place);
    names text[] := ARRAY(SELECT f.argument FROM surface f WHERE f.oid = which ORDER BY f.place);
BEGIN
    IF least_size = 0 THEN
        CALL one(which::regprocedure::text, 'valid', format('SELECT count(t) FROM %s(%s) t', name, array_to_string(base, ', ')));
        arguments := ARRAY(SELECT 'NULL::' || x FROM unnest(types) x);
        CALL one(which::regprocedure::text, 'all null', format('SELECT count(t) FROM %s(%s) t', name, array_to_string(arguments, ', ')));
    END IF;
    FOR place IN 1 .. cardinality(types) LOOP
        FOR h IN SELECT * FROM hostile v WHERE v.type = types[place] AND v.size BETWEEN least_size AND most_size
                 AND (v.size < 3 OR names[place] IN ('value', 'plaintext', 'payload', 'signature', 'message', 'certificate', 'keyring')) LOOP
            arguments := base;
            arguments[place] := format('(%s)::%s', h.expression, h.type);
            CALL one(which::regprocedure::text, names[place] || ': ' || h.label, format('SELECT count(t) FROM %s(%s) t', name, array_to_string(arguments, ', ')));
        END LOOP;
    END LOOP;
    FOR combination IN 1 .. CASE WHEN least_size = 0 THEN combinations ELSE 0 END LOOP
        arguments := base;
        labels := '';
        FOR place IN 1 .. cardinality(types) LOOP
            CONTINUE WHEN random() < 0.4;
            SELECT * INTO h FROM hostile v WHERE v.type = types[place] AND v.size = 0 ORDER BY random() LIMIT 1;
            arguments[place] := format('(%s)::%s', h.expression, h.type);
            labels := labels || names[place] || ': ' || h.label || '; ';
        END LOOP;
        CALL one(which::regprocedure::text, labels, format('SELECT count(t) FROM %s(%s) t', name, array_to_string(arguments, ', ')));
    END LOOP;
END $$;

SELECT setseed(:seed);
-- One statement a function, so that the last one in the log is what crashed.
SELECT format('CALL calls(%s, %s, %s, %s)', s.oid, :least, :most, :combinations) FROM (SELECT DISTINCT oid, function FROM surface) s ORDER BY s.function
\gexec
