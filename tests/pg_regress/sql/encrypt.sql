-- encrypt() and decrypt(): recipients, what comes back, what is refused, and that all failures are one.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
SET client_min_messages = warning;
-- Keys are kept in a table so that no statement shows them: statements that fail are logged.
CREATE TABLE keys (name text PRIMARY KEY, value text);
\set value `cat $PG_ABS_SRCDIR/data/ward.secret.asc`
INSERT INTO keys VALUES ('ward', :'value');
\set value `cat $PG_ABS_SRCDIR/data/laboratory.secret.asc`
INSERT INTO keys VALUES ('laboratory', :'value');
\set value `cat $PG_ABS_SRCDIR/data/ward.session-key`
INSERT INTO keys VALUES ('session', :'value');
\set value `cat $PG_ABS_SRCDIR/data/ward.message.asc`
INSERT INTO keys VALUES ('message', :'value');
\set value `cat $PG_ABS_SRCDIR/data/bomb.asc`
INSERT INTO keys VALUES ('bomb', :'value');
\set value `cat $PG_ABS_SRCDIR/data/bomb.session-key`
INSERT INTO keys VALUES ('bomb session', :'value');
\set ward `cat $PG_ABS_SRCDIR/data/ward.asc`
\set laboratory `cat $PG_ABS_SRCDIR/data/laboratory.asc`
\set lapsed `cat $PG_ABS_SRCDIR/data/lapsed.asc`
\set twin `cat $PG_ABS_SRCDIR/data/twin.asc`
\set cameron `cat $PG_ABS_SRCDIR/data/cameron.asc`
\set rfc9580 `cat $PG_ABS_SRCDIR/data/rfc9580.asc`
SELECT health_crypto.import_certificate(:'ward'::text, '{}') AS ward \gset
SELECT health_crypto.import_certificate(:'laboratory'::text, '{}') AS laboratory \gset
SELECT health_crypto.import_certificate(:'lapsed'::text, '{}') AS lapsed \gset
SELECT health_crypto.import_certificate(:'cameron'::text, '{}') AS cameron \gset
SELECT health_crypto.import_certificate(:'rfc9580'::text, '{}') AS six \gset
CREATE FUNCTION key(text) RETURNS text LANGUAGE sql AS 'SELECT value FROM keys WHERE name = $1';
\set ECHO all
\set VERBOSITY default
\set SHOW_CONTEXT never
-- What a message looks like: nothing of the text, and no two alike.
CREATE TABLE m AS SELECT health_crypto.encrypt('Amoxicillin 500 mg', ARRAY['ward3@example.org']) AS message;
SELECT split_part(message, E'\n', 1) AS first_line, message ~ 'Amoxicillin' AS shows_it,
       message = health_crypto.encrypt('Amoxicillin 500 mg', ARRAY['ward3@example.org']) AS repeats
  FROM m;
-- Who is named reads it, by fingerprint in any spelling or by address.
SELECT health_crypto.decrypt(message, key('ward'), 'open sesame') FROM m;
SELECT health_crypto.decrypt(health_crypto.encrypt('to both', ARRAY[:'ward', lower(:'laboratory')]), key(name), 'open sesame')
  FROM keys WHERE name IN ('ward', 'laboratory');
SELECT health_crypto.decrypt(health_crypto.encrypt('twice', ARRAY[:'laboratory', 'laboratory@example.org']), key('laboratory'), NULL);
-- Text and bytes come back as they were; nothing is nothing; NULL stays NULL.
SELECT health_crypto.decrypt(health_crypto.encrypt(E'día\r\n\tñ', ARRAY[:'laboratory']), key('laboratory'), '') = E'día\r\n\tñ' AS same;
SELECT health_crypto.decrypt_bytea(health_crypto.encrypt('\x00ff0d0a'::bytea, ARRAY[:'laboratory']), key('laboratory'), '');
SELECT health_crypto.decrypt(health_crypto.encrypt('', ARRAY[:'laboratory']), key('laboratory'), '') = '' AS empty;
SELECT health_crypto.encrypt(NULL::text, ARRAY[:'laboratory']) IS NULL AS "null",
       health_crypto.decrypt(NULL, 'x') IS NULL AS "null", health_crypto.decrypt_bytea(NULL, 'x', 'y') IS NULL AS "null";
SELECT length(health_crypto.decrypt(health_crypto.encrypt(repeat('x', 16 << 20), ARRAY[:'laboratory']), key('laboratory'), ''));
-- Version 6, and AEAD where every recipient reads it: the packet's version is the octet after its length.
SELECT name, substring(decode(regexp_replace(message, '-----[^\n]*|=....\n', '', 'g'), 'base64') FROM 1 FOR 3) AS begins
  FROM (VALUES ('version 6', health_crypto.encrypt('x', ARRAY[:'six'])), ('both', health_crypto.encrypt('x', ARRAY[:'six', :'laboratory']))) v (name, message);
-- gpg's own message, compressed as gpg does; by its session key and by the secret key.
SELECT length(health_crypto.decrypt(key('message'), key('session'))), left(health_crypto.decrypt(key('message'), key('ward'), 'open sesame'), 19);
SELECT length(health_crypto.decrypt_bytea(key('message'), key('session')));
-- Recipients that are none. They are named by their place: what stands there may be anything.
SELECT health_crypto.encrypt('x', NULL);
SELECT health_crypto.encrypt('x', '{}');
SELECT health_crypto.encrypt('x', ARRAY['ward3@example.org', NULL]);
SELECT health_crypto.encrypt('x', ARRAY['ward3@example.org', 'nobody@example.org']);
SELECT health_crypto.encrypt('x', ARRAY['Ward3@example.org']);
SELECT health_crypto.encrypt('x', ARRAY['ward3@example.or']);
SELECT health_crypto.encrypt('x', ARRAY['Ward 3 <ward3@example.org>']);
SELECT health_crypto.encrypt('x', ARRAY[right(:'ward', 16)]);
SELECT health_crypto.encrypt('x', ARRAY[:'lapsed']);
SELECT health_crypto.encrypt('x', ARRAY['cameron@example.org']);
SELECT health_crypto.encrypt('x', array_fill(:'ward'::text, ARRAY[65]));
SELECT health_crypto.import_certificate(:'twin'::text, '{}') = :'laboratory' AS same_certificate;
SELECT health_crypto.encrypt('x', ARRAY['laboratory@example.org']);
SELECT health_crypto.encrypt('x', ARRAY[:'laboratory']) IS NOT NULL AS by_fingerprint;
SELECT health_crypto.encrypt(repeat('x', (16 << 20) + 1), ARRAY[:'laboratory']);
-- Every failure to decrypt is the same.
CREATE TABLE failure (what text, message text, sqlstate text, words text);
CREATE FUNCTION failure(what text, message text, secret text, passphrase text DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
DECLARE d text; h text; c text;
BEGIN
    IF secret LIKE '%:%' AND secret NOT LIKE '-----%' THEN PERFORM health_crypto.decrypt(message, secret);
    ELSE PERFORM health_crypto.decrypt(message, secret, passphrase); END IF;
    INSERT INTO failure VALUES (what, NULL, 'none');
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
    INSERT INTO failure VALUES (what, concat_ws('|', SQLERRM, nullif(d, ''), nullif(h, '')), SQLSTATE);
END $$;
SELECT failure('wrong session key', message, '9:' || repeat('00', 32)), failure('session key of AES-128', message, '7:' || repeat('00', 16)),
       failure('wrong secret key', message, key('laboratory'), ''), failure('wrong passphrase', message, key('ward'), 'open barley'),
       failure('no passphrase', message, key('ward')), failure('truncated', left(message, -200), key('ward'), 'open sesame'),
       failure('text after it', message || 'x', key('ward'), 'open sesame'), failure('twice', message || message, key('ward'), 'open sesame'),
       failure('not UTF-8', health_crypto.encrypt('\xff'::bytea, ARRAY[:'laboratory']), key('laboratory'), ''),
       failure('NUL', health_crypto.encrypt('\x00'::bytea, ARRAY[:'laboratory']), key('laboratory'), '')
  FROM m \g /dev/null
-- Each third character of a message in turn, past the checksum of its armor.
CREATE TABLE whole AS SELECT regexp_replace(health_crypto.encrypt('Amoxicillin 500 mg', ARRAY[:'laboratory']), '\n=....\n', E'\n') AS message;
SELECT health_crypto.decrypt(message, key('laboratory'), '') FROM whole;
SELECT failure('changed', overlay(message PLACING CASE substring(message FROM n FOR 1) WHEN 'A' THEN 'B' ELSE 'A' END FROM n FOR 1), key('laboratory'), '')
  FROM whole, generate_series(30, length(message) - 30, 3) n
 WHERE substring(message FROM n FOR 1) NOT IN (E'\n', '=') \g /dev/null
SELECT what, message, sqlstate, count(*) > 50 AS many FROM failure GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
-- What is no message, no session key, no secret key.
SELECT health_crypto.decrypt('hello', key('session'));
SELECT health_crypto.decrypt(E'-----BEGIN PGP SIGNATURE-----\n\nZm9v\n-----END PGP SIGNATURE-----', key('session'));
SELECT health_crypto.decrypt(key('message') || repeat(E'\n', 24 << 20), key('session'));
SELECT health_crypto.decrypt(message, '9:xyz') FROM m;
SELECT health_crypto.decrypt(message, 'open sesame') FROM m;
SELECT health_crypto.decrypt(message, NULL) FROM m;
SELECT health_crypto.decrypt(message, 'open sesame', 'x') FROM m;
SELECT health_crypto.decrypt(message, replace(:'ward', 'x', 'y'), 'x') FROM m;
SELECT health_crypto.decrypt(message, NULL, NULL) FROM m;
\set VERBOSITY sqlstate
SELECT health_crypto.encrypt('x', ARRAY['nobody@example.org']);
SELECT health_crypto.encrypt('x', ARRAY[:'lapsed']);
SELECT health_crypto.encrypt('x', NULL);
SELECT health_crypto.encrypt(repeat('x', (16 << 20) + 1), ARRAY[:'laboratory']);
SELECT health_crypto.decrypt('hello', key('session'));
SELECT health_crypto.decrypt(key('message') || repeat(E'\n', 24 << 20), key('session'));
SELECT health_crypto.decrypt(message, '9:xyz') FROM m;
SELECT health_crypto.decrypt(message, 'open sesame', 'x') FROM m;
SELECT health_crypto.decrypt(message, '9:' || repeat('00', 32)) FROM m;
\set VERBOSITY default
-- A bomb: 20 MiB of zeros in 30 kB, refused like any other.
SELECT health_crypto.decrypt_bytea(key('bomb'), key('bomb session'));
-- A certificate that was taken back is no recipient any more, nor is one that is gone.
\set recovery `cat $PG_ABS_SRCDIR/data/recovery.asc`
BEGIN;
SAVEPOINT a;
SELECT health_crypto.import_certificate(:'recovery'::text, '{}') IS NOT NULL AS imported;
SELECT health_crypto.encrypt('x', ARRAY['recovery@example.org']) IS NOT NULL AS encrypts;
ROLLBACK TO a;
SELECT health_crypto.encrypt('x', ARRAY['recovery@example.org']) IS NOT NULL AS encrypts;
ROLLBACK;
BEGIN;
SELECT health_crypto.encrypt('x', ARRAY['ward3@example.org']) IS NOT NULL AS encrypts;
DELETE FROM health_crypto.certificate WHERE fingerprint = :'ward';
SELECT health_crypto.encrypt('x', ARRAY['ward3@example.org']) IS NOT NULL AS encrypts;
ROLLBACK;
-- Anybody may encrypt and decrypt; nobody reads the keyring by it.
SET ROLE regress_outsider;
SELECT health_crypto.encrypt('x', ARRAY['ward3@example.org']) IS NOT NULL AS encrypts;
SELECT count(*) FROM health_crypto.certificate;
SELECT count(*) FROM health_crypto.encrypted_column;
RESET ROLE;
