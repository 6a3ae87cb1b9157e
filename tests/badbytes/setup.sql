-- A database in which every function of the surface has something to work on, and the values that it is called with.
-- `data` is the folder of the regression tests' certificates and messages.
SET client_min_messages = warning;
CREATE EXTENSION health_crypto;
-- Statements hold secret keys of the tests and a gigabyte here and there: not for the log.
ALTER DATABASE :"DBNAME" SET log_min_error_statement = panic;
CREATE TABLE material (name text PRIMARY KEY, value text);
\set value `cat $data/ward.secret.asc`
INSERT INTO material VALUES ('secret key', :'value');
\set value `cat $data/laboratory.secret.asc`
INSERT INTO material VALUES ('key without passphrase', :'value');
\set value `cat $data/secret.asc`
INSERT INTO material VALUES ('other secret key', :'value');
\set value `cat $data/ward.session-key`
INSERT INTO material VALUES ('session key', :'value');
\set value `cat $data/ward.message.asc`
INSERT INTO material VALUES ('message', :'value');
\set value `cat $data/bomb.asc`
INSERT INTO material VALUES ('bomb', :'value');
\set value `cat $data/ward.asc`
INSERT INTO material VALUES ('certificate', :'value');
\set value `cat $data/keyring/key-id-only.asc`
INSERT INTO material VALUES ('other certificate', :'value');
\set value `cat $data/prescription-1.cameron.sig`
INSERT INTO material VALUES ('signature', :'value');
\set value `cat $data/prescription-1.inline.sig`
INSERT INTO material VALUES ('inline signature', :'value');
\set value `cat $data/prescription-1.digest`
INSERT INTO material VALUES ('digest', trim(:'value'));
\set value `base64 -w 0 $data/keyring/staff.pgp`
INSERT INTO material VALUES ('staff', :'value');
CREATE FUNCTION material(name text) RETURNS text LANGUAGE sql STABLE AS 'SELECT m.value FROM public.material m WHERE m.name = $1';
\set cameron `cat $data/cameron.asc`
SELECT health_crypto.import_certificate(material('certificate'), '{}') AS ward \gset
SELECT health_crypto.import_certificate(:'cameron'::text) AS cameron \gset
\set laboratory `cat $data/laboratory.asc`
SELECT health_crypto.import_certificate(:'laboratory'::text, '{}') AS laboratory \gset
INSERT INTO material VALUES ('message to the laboratory', health_crypto.encrypt('plain', ARRAY[:'laboratory']));
INSERT INTO material VALUES ('fingerprint', :'ward'), ('signer', :'cameron');

CREATE TABLE doc (id int PRIMARY KEY, title text, w float8, at timestamp, state text, document_digest text, serializer text,
                  digital_signature text, spare_digest text, spare_serializer text, note text, serial int);
CREATE TABLE line (id int PRIMARY KEY, doc int REFERENCES doc, txt text, w numeric);
CREATE FUNCTION def(keys int[], language text) RETURNS TABLE (key int, "Title" text, "W" float8, "At" timestamp, "Lines" json, "Repr" text)
    LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT d.id, d.title, d.w, d.at, (SELECT json_agg(json_build_object('txt', l.txt, 'w', l.w) ORDER BY l.id) FROM line l WHERE l.doc = d.id),
           health_crypto.python_repr(d.title)
      FROM doc d WHERE d.id = ANY (keys);
END;
CREATE FUNCTION other_def(keys int[], language text) RETURNS TABLE (key int, "Title" text)
    LANGUAGE sql STABLE BEGIN ATOMIC SELECT d.id, d.title FROM doc d WHERE d.id = ANY (keys); END;
SELECT health_crypto.protect('doc', 'doc', 'def(int[], text)', 'gnuhealth-1', state_column => 'state', sealed_states => '{done}');
BEGIN;
INSERT INTO doc (id, title, w, state) VALUES (1, 'a', 1, 'done'), (2, 'b', 2, 'open');
INSERT INTO line VALUES (1, 1, 'x', 1.5), (2, 2, 'y', 2.5);
COMMIT;
SELECT health_crypto.encrypt_column('doc', 'note', ARRAY['ward3@example.org', 'laboratory@example.org']);
UPDATE doc SET note = 'secret' WHERE id = 2;
CREATE TABLE plain (id bigint PRIMARY KEY, note text, document_digest text, serializer text, digital_signature text);
INSERT INTO plain VALUES (1, 'n'), (2, NULL);
CREATE TABLE keyless (note text);
CREATE VIEW seen AS SELECT * FROM doc;
CREATE TABLE parted (id int PRIMARY KEY, note text) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (9);
CREATE SEQUENCE counted;
CREATE TYPE odd AS (a int, b text);
CREATE INDEX doc_title ON doc (title);

-- What a valid call looks like, by argument: of this function, of all functions of this name, of any function. Whatever is not here gets a value by its type.
CREATE TABLE base (function text, argument text, expression text, PRIMARY KEY (function, argument));
INSERT INTO base VALUES
    ('*', 'document', $$'doc'$$), ('*', 'key', $$'2'$$), ('*', 'language', $$'en'$$), ('*', 'profile', $$'jcs-1'$$),
    ('protect', 'document', $$'plain'$$), ('protect', 'root', $$'plain'$$), ('protect', 'definition', $$'plain_def(bigint[], text)'$$),
    ('add_definition', 'definition', $$'other_def(int[], text)'$$), ('definition_parts', 'definition', $$'def(int[], text)'::regprocedure$$),
    ('reopen', 'key', '1'), ('qr_svg', 'key', '1'), ('verify_all', 'share', '1'), ('verify_all', 'shares', '1'),
    ('*', 'root', $$'doc'$$), ('*', 'column_name', $$'note'$$), ('encrypt_column', 'root', $$'plain'$$),
    ('*', 'digest_column', $$'document_digest'$$), ('*', 'serializer_column', $$'serializer'$$),
    ('*', 'signature_column', $$'digital_signature'$$), ('*', 'state_column', $$NULL$$), ('*', 'sealed_states', $$NULL$$),
    ('*', 'reference_fields', $$NULL$$), ('*', 'on_alteration', $$'reject'$$), ('*', 'on_unverified_signature', $$'reject'$$),
    ('*', 'reason', $$'because'$$), ('*', 'at', $$now()$$), ('*', 'signature', $$material('signature')$$),
    ('*', 'payload', $$material('digest')$$), ('*', 'documents', $$NULL$$),
    ('*', 'certificate', $$material('certificate')$$), ('certificate_description', 'certificate', $$(SELECT c.certificate FROM health_crypto.certificate c LIMIT 1)$$),
    ('*', 'keyring', $$material('certificate')$$), ('*', 'fingerprint', $$material('fingerprint')$$),
    ('*', 'recipients', $$ARRAY['ward3@example.org']$$), ('*', 'recovery', $$NULL$$), ('*', 'plaintext', $$'plain'$$),
    ('*', 'message', $$material('message')$$), ('*', 'session_key', $$material('session key')$$),
    ('*', 'secret_key', $$material('key without passphrase')$$), ('*', 'passphrase', $$''$$), ('*', 'value', $$'1'$$),
    -- Without a passphrase, whose derivation takes a second on purpose.
    ('decrypt(text,text,text)', 'message', $$material('message to the laboratory')$$), ('decrypt_bytea(text,text,text)', 'message', $$material('message to the laboratory')$$),
    ('python_repr(double precision)', 'value', '1'), ('python_str(date)', 'value', $$'2000-02-29'$$), ('python_str(timestamp without time zone)', 'value', $$'2000-02-29 12:00'$$),
    ('*', 'encrypt_existing', $$true$$), ('*', 'add_columns', $$false$$);
CREATE FUNCTION plain_def(keys bigint[], language text) RETURNS TABLE (key bigint, "Note" text)
    LANGUAGE sql STABLE BEGIN ATOMIC SELECT p.id, p.note FROM plain p WHERE p.id = ANY (keys); END;

-- Values by type. Size: 0 small; 1 up to 20 MB; 2 the gigabyte that a value can have; 3 as much or less, and dear to make,
-- for the arguments that are worth it.
CREATE TABLE hostile (type text, label text, size int DEFAULT 0, expression text);
CREATE TABLE hostile_text (label text, size int DEFAULT 0, expression text);
INSERT INTO hostile_text VALUES
    ('null', 0, 'NULL'), ('empty', 0, $$''$$), ('blanks', 0, $$E' \t\n\r '$$), ('quote', 0, $$'x'') OR true; --'$$),
    ('dollar', 0, $x$'$$;DROP TABLE doc;$$'$x$), ('backslash', 0, $$'\'$$), ('percent', 0, $$'%s%n%x%p'$$), ('star', 0, $$'*'$$),
    ('controls', 0, $$(SELECT string_agg(chr(n), '') FROM generate_series(1, 159) n)$$),
    ('unicode', 0, $$U&'\FEFF\200B\202E\00E9\0065\0301\FFFE\FFFF\+10FFFF\+01F600\+01F1E6'$$),
    ('names', 0, $$'__proto__.constructor[0]["a"]'$$), ('name of 64', 0, $$repeat('n', 64)$$),
    ('minus', 0, $$'-1'$$), ('huge number', 0, $$repeat('9', 400)$$), ('nan', 0, $$'NaN'$$), ('float key', 0, $$'1e0'$$), ('hex', 0, $$'0x1'$$),
    ('digest', 0, $$repeat('0', 128)$$), ('fingerprint', 0, $$repeat('A', 40)$$), ('fingerprint 6', 0, $$repeat('b', 64)$$), ('key id', 0, $$'0123456789ABCDEF'$$),
    ('other document', 0, $$'plain'$$), ('profile', 0, $$'gnuhealth-1'$$), ('record', 0, $$'record'$$),
    ('signature', 0, $$material('signature')$$), ('inline', 0, $$material('inline signature')$$), ('message', 0, $$material('message')$$), ('bomb', 0, $$material('bomb')$$),
    ('certificate', 0, $$material('certificate')$$), ('other certificate', 0, $$material('other certificate')$$), ('secret key', 0, $$material('secret key')$$),
    ('other secret key', 0, $$material('other secret key')$$),
    ('armor without body', 0, $$E'-----BEGIN PGP MESSAGE-----\n\n-----END PGP MESSAGE-----\n'$$),
    ('armor of one byte', 0, $$E'-----BEGIN PGP MESSAGE-----\n\nwQ==\n-----END PGP MESSAGE-----\n'$$),
    ('armored signature of a huge length', 0, $$E'-----BEGIN PGP SIGNATURE-----\n\nwv//////\n-----END PGP SIGNATURE-----\n'$$),
    ('armored key of a huge length', 0, $$E'-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nxv//////BAAA\n-----END PGP PUBLIC KEY BLOCK-----\n'$$),
    ('armor that breaks off', 0, $$left(material('message'), 200)$$), ('certificate that breaks off', 0, $$left(material('certificate'), 300)$$),
    ('cleartext without signature', 0, $$E'-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nx\n'$$),
    ('session key of zeros', 0, $$'9:' || repeat('0', 64)$$), ('session key of no algorithm', 0, $$'255:00'$$), ('session key of a letter', 0, $$'x'$$),
    ('lines', 1, $$repeat(E'-----BEGIN PGP MESSAGE-----\n', 300000)$$), ('dashes', 1, $$repeat(repeat('-', 5000), 1000)$$),
    ('begin lines', 1, $$repeat(E'-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nxv8=\n', 100000)$$),
    ('armor of 20 MB', 1, $$E'-----BEGIN PGP MESSAGE-----\n\n' || repeat(repeat('A', 64) || E'\n', 310000) || E'-----END PGP MESSAGE-----\n'$$),
    ('20 MB', 1, $$repeat(repeat('x', 10000), 2000)$$), ('20 MB of controls', 1, $$repeat(repeat(chr(1), 10000), 2000)$$), ('20 MB of emoji', 1, $$repeat(repeat(U&'\+01F600', 5000), 1000)$$),
    ('300 MB of controls', 3, $$repeat(repeat(chr(1), 100000), 3000)$$), ('300 MB of newer letters', 3, $$repeat(repeat(U&'\+01E4D0', 10000), 7500)$$), ('1 GB', 2, $$repeat(repeat('x', 100000), 10737)$$), ('1 GB of lines', 3, $$repeat(repeat(E'-\n', 50000), 10737)$$),
    ('armor of 1 GB', 3, $$E'-----BEGIN PGP MESSAGE-----\n\n' || repeat(repeat('A', 100000), 10000)$$);
INSERT INTO hostile SELECT t.type, x.label, x.size, x.expression FROM hostile_text x CROSS JOIN (VALUES ('text')) t (type);
INSERT INTO hostile SELECT 'name', x.label, 0, left(x.expression, 60) FROM hostile_text x WHERE x.label IN ('null', 'empty', 'blanks', 'quote', 'percent', 'star', 'names', 'name of 64');
INSERT INTO hostile (type, label, expression) SELECT 'name', n, quote_literal(n) FROM unnest('{id,title,digital_signature,document_digest,note,ctid,tableoid,xmin,serial,nonesuch}'::text[]) n;
INSERT INTO hostile (type, label, expression) VALUES
    ('bigint', 'null', 'NULL'), ('bigint', 'zero', '0'), ('bigint', 'minus one', '-1'), ('bigint', 'least', '-9223372036854775808'), ('bigint', 'most', '9223372036854775807'),
    ('integer', 'null', 'NULL'), ('integer', 'least', '-2147483648'), ('integer', 'most', '2147483647'),
    ('boolean', 'null', 'NULL'), ('boolean', 'true', 'true'), ('boolean', 'false', 'false'),
    ('double precision', 'null', 'NULL'), ('double precision', 'nan', $$'NaN'$$), ('double precision', 'infinity', $$'Infinity'$$), ('double precision', '-infinity', $$'-Infinity'$$),
    ('double precision', '-0', $$'-0'$$), ('double precision', 'denormal', '5e-324'), ('double precision', 'most', '1.7976931348623157e308'),
    ('oid', 'null', 'NULL'), ('oid', 'zero', '0'), ('oid', 'most', '4294967295'), ('oid', 'class', $$'pg_class'::regclass::oid$$), ('oid', 'built in', $$'pg_catalog.now()'::regprocedure::oid$$);
INSERT INTO hostile (type, label, expression)
    SELECT t.type, v, CASE v WHEN 'null' THEN 'NULL' ELSE quote_literal(v) END
      FROM unnest('{"null",infinity,-infinity,epoch,0001-01-01,"4713-01-01 BC",9999-12-31,294276-12-31,1969-12-31,2106-02-07,2286-11-20}'::text[]) v
     CROSS JOIN (VALUES ('timestamp with time zone'), ('timestamp without time zone'), ('date')) t (type);
INSERT INTO hostile (type, label, size, expression) VALUES
    ('bytea', 'null', 0, 'NULL'), ('bytea', 'empty', 0, $$''$$), ('bytea', 'zero byte', 0, $$'\x00'$$), ('bytea', 'all bytes', 0, $$(SELECT string_agg(set_byte('\x00', 0, n), '') FROM generate_series(0, 255) n)$$),
    ('bytea', 'key of a huge length', 0, $$'\xc6ffffffffff04'$$), ('bytea', 'old key of a huge length', 0, $$'\x9affffffff04'$$), ('bytea', 'partial lengths', 0, $$'\xc6e004e1e2fe'$$),
    ('bytea', 'mpi of a huge length', 0, $$'\xc60a0400000000 01ffffff01'$$), ('bytea', 'version 6 key of a huge length', 0, $$'\xc60a060000000001ffffffff'$$),
    ('bytea', 'secret key', 0, $$'\xc50104'$$), ('bytea', 'staff', 0, $$decode(material('staff'), 'base64')$$), ('bytea', 'armor as bytes', 0, $$convert_to(material('certificate'), 'UTF8')$$),
    ('bytea', 'broken staff', 0, $$overlay(decode(material('staff'), 'base64') placing '\xff' from 200)$$),
    ('bytea', 'invalid utf-8', 0, $$'\xc328ff80'$$), ('bytea', 'keys', 1, $$decode(repeat('c60104', 100000), 'hex')$$),
    ('bytea', 'user ids', 1, $$decode('c60104' || repeat('cd0141', 300000), 'hex')$$),
    ('bytea', '17 MB of zeros', 1, $$decode(repeat('00', 17000000), 'hex')$$), ('bytea', '15 MB of ones', 1, $$decode(repeat('c6', 15000000), 'hex')$$),
    ('bytea', '1 GB', 2, $$convert_to(repeat(repeat('x', 100000), 10737), 'UTF8')$$),
    ('text[]', 'null', 0, 'NULL'), ('text[]', 'empty', 0, $$'{}'$$), ('text[]', 'null element', 0, $$'{NULL}'$$), ('text[]', 'empty element', 0, $$'{""}'$$),
    ('text[]', 'two dimensions', 0, $$'{{a,b},{c,d}}'$$), ('text[]', 'lower bound', 0, $$'[5:6]={a,b}'$$), ('text[]', 'star', 0, $$'{*}'$$), ('text[]', 'star and more', 0, $$'{*,doc}'$$),
    ('text[]', 'document', 0, $$'{doc}'$$), ('text[]', 'twice', 0, $$'{doc,doc}'$$), ('text[]', 'patterns', 0, $$'{"[",Lines[],"Lines[].","..",Title}'$$),
    ('text[]', 'recipient twice', 0, $$ARRAY['ward3@example.org', 'ward3@example.org', material('fingerprint')]$$), ('text[]', 'signer', 0, $$ARRAY[material('signer')]$$),
    ('text[]', 'many', 1, $$(SELECT array_agg('n' || n) FROM generate_series(1, 200000) n)$$), ('text[]', 'many readers', 1, $$(SELECT array_agg('ward3@example.org'::text) FROM generate_series(1, 20000) n)$$),
    ('text[]', '20 MB element', 1, $$ARRAY[repeat(repeat('x', 10000), 2000)]$$),
    ('json', 'null', 0, 'NULL'), ('json', 'json null', 0, $$'null'$$), ('json', 'twice', 0, $$'{"a":1,"a":2}'$$), ('json', 'nul', 0, $$'"\u0000"'$$), ('json', 'surrogate', 0, $$'"\ud800"'$$),
    ('json', 'number', 0, $$'1e999'$$), ('json', 'small number', 0, $$'1e-999'$$), ('json', 'digits', 0, $$('0.' || repeat('1', 5000))::json$$), ('json', 'minus zero', 0, $$'-0'$$), ('json', 'big', 0, $$'18446744073709551616'$$),
    ('json', 'deep', 0, $$(repeat('[', 2000) || repeat(']', 2000))::json$$), ('json', 'deep objects', 0, $$(repeat('{"a":', 2000) || '1' || repeat('}', 2000))::json$$),
    ('json', 'wide', 1, $$(SELECT json_agg(n) FROM generate_series(1, 1000000) n)$$), ('json', 'many keys', 1, $$(SELECT json_object_agg('k' || n, n) FROM generate_series(1, 200000) n)$$),
    ('json', 'digits of 10 MB', 1, $$repeat(repeat('9', 10000), 1000)::json$$), ('json', '20 MB', 1, $$to_json(repeat(repeat('x', 10000), 2000))$$), ('json', '1 GB', 2, $$to_json(repeat(repeat('x', 100000), 10737))$$);
INSERT INTO hostile (type, label, expression)
    SELECT 'regclass', v, CASE v WHEN 'null' THEN 'NULL' WHEN 'zero' THEN '0::regclass' WHEN 'gone' THEN '4294967295::oid::regclass' ELSE quote_literal(v) || '::regclass' END
      FROM unnest('{"null",zero,gone,doc,line,plain,keyless,seen,parted,parted_1,counted,odd,doc_title,pg_class,pg_catalog.pg_settings,health_crypto.register_entry,health_crypto.register,health_crypto.certificate,health_crypto.protected_document,information_schema.tables}'::text[]) v;
INSERT INTO hostile (type, label, expression)
    SELECT 'regprocedure', v, CASE v WHEN 'null' THEN 'NULL' WHEN 'zero' THEN '0::regprocedure' WHEN 'gone' THEN '4294967295::oid::regprocedure' ELSE quote_literal(v) || '::regprocedure' END
      FROM unnest('{"null",zero,gone,"def(int[], text)","other_def(int[], text)","plain_def(bigint[], text)",now(),"count(\"any\")","lag(anyelement)","health_crypto.guard()","health_crypto.python_str(text)","pg_catalog.unnest(anyarray)","health_crypto.verify_all(text, timestamptz)"}'::text[]) v;
