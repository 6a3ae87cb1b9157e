-- No error of ours carries record content: every text column holds a marker, and every kind of refusal is provoked.
-- (tools/regress.sh also looks for the marker in the server's log.)
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\i `echo $PG_ABS_SRCDIR/fixtures/gnuhealth.sql`
SET client_min_messages = warning;
SELECT count(*) FROM health_crypto.protect_gnuhealth();
SELECT nextval('gnuhealth_prescription_line_id_seq') > 0 AS ready;
\set secret `cat $PG_ABS_SRCDIR/data/secret.asc`
\set ECHO none
INSERT INTO gnuhealth_prescription_order (id, prescription_id, patient, healthprof, notes) VALUES (1, 'M4RKER', 1, 1, 'M4RKER'), (2, 'M4RKER', 1, 1, 'M4RKER');
INSERT INTO gnuhealth_prescription_line (id, presc_order, medicament, short_comment) VALUES (1, 1, 1, 'M4RKER');
UPDATE party_party SET name = 'M4RKER', lastname = 'M4RKER', ref = 'M4RKER' || id;
UPDATE gnuhealth_prescription_order SET state = 'validated' WHERE id = 1;
CREATE TABLE probe (statement text, sqlstate text, clean boolean);
CREATE FUNCTION probe(statement text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE m text; d text; h text; c text; s text;
BEGIN
    EXECUTE statement;
    SET CONSTRAINTS ALL IMMEDIATE;
    SET CONSTRAINTS ALL DEFERRED;
    INSERT INTO probe VALUES (statement, 'none', NULL);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT, c = PG_EXCEPTION_CONTEXT, s = RETURNED_SQLSTATE;
    INSERT INTO probe VALUES (statement, s, concat(m, d, h, replace(c, statement, '')) !~ 'M4RKER|PRIVATE KEY');
END $$;
SELECT probe($$UPDATE gnuhealth_prescription_order SET notes = notes || 'x' WHERE id = 1$$),
       probe($$UPDATE gnuhealth_prescription_order SET digital_signature = notes WHERE id = 1$$),
       probe($$UPDATE gnuhealth_prescription_order SET digital_signature = notes WHERE id = 2$$),
       probe($$UPDATE gnuhealth_prescription_order SET serializer = notes, state = 'validated' WHERE id = 2$$),
       probe($$UPDATE gnuhealth_prescription_order SET serializer = '{"Notes": "M4RKER"}', document_digest = notes, state = 'validated' WHERE id = 2$$),
       probe($$DELETE FROM gnuhealth_prescription_order WHERE id = 1$$),
       probe($$UPDATE gnuhealth_prescription_line SET short_comment = 'y' WHERE id = 1$$),
       probe($$TRUNCATE gnuhealth_prescription_line$$),
       probe($$SELECT health_crypto.attach_signature('prescription', 2, notes) FROM gnuhealth_prescription_order WHERE id = 2$$),
       probe($$SELECT health_crypto.verify('prescription', notes) FROM gnuhealth_prescription_order WHERE id = 2$$),
       probe($$SELECT health_crypto.verify(notes, '1') FROM gnuhealth_prescription_order WHERE id = 2$$),
       probe($$SELECT health_crypto.import_certificate(notes) FROM gnuhealth_prescription_order WHERE id = 2$$),
       probe($$SELECT health_crypto.canonicalize(('{"a": "' || notes || '", "a": 1}')::json, 'jcs-1') FROM gnuhealth_prescription_order WHERE id = 2$$),
       probe($$SELECT health_crypto.canonicalize('{"a": 9007199254740993}', 'jcs-1')$$),
       probe($$SELECT health_crypto.reopen('prescription', 2, notes) FROM gnuhealth_prescription_order WHERE id = 2$$),
       probe($$SELECT health_crypto.signers('prescription', notes) FROM gnuhealth_prescription_order WHERE id = 2$$),
       probe($$SELECT health_crypto.evidence('prescription', notes) FROM gnuhealth_prescription_order WHERE id = 2$$),
       probe($$SELECT health_crypto.evidence(notes, '1') FROM gnuhealth_prescription_order WHERE id = 2$$),
       probe($$SELECT health_crypto.import_keyring(notes) FROM gnuhealth_prescription_order WHERE id = 2$$),
       probe($$SELECT health_crypto.remove_certificate(notes, notes) FROM gnuhealth_prescription_order WHERE id = 2$$),
       probe($$SELECT health_crypto.remove_certificate(repeat('A', 40), notes) FROM gnuhealth_prescription_order WHERE id = 2$$),
       probe(format('SELECT health_crypto.import_keyring(%L, ARRAY[%L])', :'secret', 'M4RKER')),
       probe(format('SELECT health_crypto.import_certificate(%L)', :'secret')) \g /dev/null
SELECT sqlstate, clean, left(split_part(statement, E'\n', 1), 90) AS statement FROM probe;

-- The same, uncaught, so that the server's log has them: verbose, but without the statements themselves, which are the
-- user's own words.
SET log_min_error_statement = panic;
SET log_error_verbosity = verbose;
\set VERBOSITY sqlstate
UPDATE gnuhealth_prescription_order SET notes = notes || 'x' WHERE id = 1;
UPDATE gnuhealth_prescription_order SET digital_signature = notes WHERE id = 2;
UPDATE gnuhealth_prescription_order SET serializer = '{"Notes": "M4RKER"}', document_digest = notes, state = 'validated' WHERE id = 2;
UPDATE gnuhealth_prescription_line SET short_comment = 'y' WHERE id = 1;
SELECT health_crypto.verify('prescription', notes) FROM gnuhealth_prescription_order WHERE id = 2;
SELECT health_crypto.import_certificate(:'secret' || 'M4RKER');
SELECT outcome FROM health_crypto.import_keyring(:'secret' || E'\nM4RKER');
SELECT health_crypto.remove_certificate('M4RKER', 'M4RKER');
CREATE TABLE bad (id int PRIMARY KEY, n text, document_digest text, serializer text);
CREATE FUNCTION bad_def(keys int[], language text) RETURNS TABLE (key int, "N" int) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT b.id, b.n::int FROM bad b WHERE b.id = ANY (keys); END;
SELECT health_crypto.protect('bad', 'bad', 'bad_def(int[], text)', signature_column => NULL);
INSERT INTO bad VALUES (1, 'M4RKER');
ALTER TABLE gnuhealth_prescription_order ADD CONSTRAINT c CHECK (notes NOT LIKE 'M4RKER%') NOT VALID;
INSERT INTO gnuhealth_prescription_line (id, presc_order, medicament) VALUES (77, 2, 1);
