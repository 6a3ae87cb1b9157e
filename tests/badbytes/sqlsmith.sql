-- What sqlsmith is to work with: it makes queries of what it finds in pg_proc, by that unqualified name. So it finds the
-- functions of the extension and a few to combine them with, instead of three thousand of PostgreSQL's; relations with
-- values that the functions can do something with; and views for the functions that return sets, which it cannot call.
SET client_min_messages = warning;
CREATE ROLE smith LOGIN IN ROLE health_crypto_auditor;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA health_crypto TO smith;
GRANT ALL ON ALL TABLES IN SCHEMA public TO smith;
GRANT CREATE, USAGE ON SCHEMA public TO smith;
CREATE SCHEMA focus;
GRANT USAGE ON SCHEMA focus TO smith;
CREATE VIEW focus.pg_proc AS
    SELECT p.* FROM pg_catalog.pg_proc p
     WHERE p.pronamespace = 'health_crypto'::regnamespace
        OR p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY ('{concat,lower,upper,left,right,repeat,replace,reverse,md5,chr,quote_literal,convert_to,encode,sha512,to_json,to_jsonb,array_append,array_cat,string_to_array,now,count,max,min,array_agg,string_agg,bool_or,length,coalesce,abs,int4,int8,text,float8,timestamptz,row_to_json,json_agg}'::text[]);
GRANT SELECT ON focus.pg_proc TO smith;
CREATE TABLE stuff AS
    SELECT material('secret key') AS secret_key, material('key without passphrase') AS other_key, material('session key') AS session_key,
           material('message') AS message, material('certificate') AS certificate, material('signature') AS signature, material('digest') AS payload,
           'doc'::text AS document, n::text AS key, n::bigint AS number, 'doc'::regclass AS root, 'note'::name AS column_name,
           'def(int[], text)'::regprocedure AS definition, decode(material('staff'), 'base64') AS keyring, '{doc}'::text[] AS documents,
           ARRAY['ward3@example.org'] AS recipients, '{"a":[1,2.5,"x"]}'::json AS value, 'jcs-1'::text AS profile, now() AS at, '2000-01-01'::date AS day,
           '2000-01-01 12:00'::timestamp AS moment, 1.5::float8 AS w, true AS flag, 'open sesame'::text AS passphrase, 'en'::text AS language
      FROM generate_series(1, 3) n;
CREATE TABLE odd_words (word text, size int);
DO $$
DECLARE
    h record; word text;
BEGIN
    FOR h IN SELECT * FROM hostile_text WHERE size = 0 LOOP
        EXECUTE 'SELECT ' || h.expression INTO word;
        INSERT INTO odd_words VALUES (word, length(word));
    END LOOP;
END $$;
CREATE VIEW verdicts AS SELECT * FROM health_crypto.verify_all();
CREATE VIEW gaps AS SELECT * FROM health_crypto.protection_gaps();
CREATE VIEW signature_verdicts AS SELECT v.* FROM stuff s CROSS JOIN LATERAL health_crypto.verify_signature(s.payload, s.signature) v;
CREATE VIEW odd_signatures AS SELECT v.* FROM odd_words s CROSS JOIN LATERAL health_crypto.verify_signature(s.word, s.word) v;
CREATE VIEW document_signers AS SELECT v.* FROM stuff s CROSS JOIN LATERAL health_crypto.signers(s.document, s.key) v;
CREATE VIEW imported AS SELECT i.* FROM stuff s CROSS JOIN LATERAL health_crypto.import_keyring(s.keyring) i;
ALTER TABLE doc OWNER TO smith;
ALTER TABLE line OWNER TO smith;
ALTER TABLE plain OWNER TO smith;
ALTER FUNCTION def(int[], text) OWNER TO smith;
ALTER FUNCTION other_def(int[], text) OWNER TO smith;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO smith;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO smith;
