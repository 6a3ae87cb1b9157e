-- evidence(): one JSON text for somebody without the database. tests/evidence/run.sh checks one with gpg and sha512sum.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\i `echo $PG_ABS_SRCDIR/fixtures/gnuhealth.sql`
\set cameron `cat $PG_ABS_SRCDIR/data/cameron.asc`
\set omar `cat $PG_ABS_SRCDIR/data/keyring/omar.asc`
\set aurora `cat $PG_ABS_SRCDIR/data/aurora.asc`
\set one `cat $PG_ABS_SRCDIR/data/prescription-1.digest`
\set one_cameron `cat $PG_ABS_SRCDIR/data/prescription-1.cameron.sig`
\set one_omar `cat $PG_ABS_SRCDIR/data/keyring/omar-before.sig`
SET client_min_messages = warning;
SELECT count(*) FROM health_crypto.protect_gnuhealth() \g /dev/null
SELECT health_crypto.import_certificate(c, '{prescription}') FROM unnest(ARRAY[:'cameron', :'omar', :'aurora']) c \g /dev/null
INSERT INTO gnuhealth_prescription_order (id, prescription_id, prescription_date, patient, healthprof, notes)
VALUES (1, 'PRES001', '2026-01-05 10:30:00', 1, 1, 'With food'), (2, 'PRES002', '2026-01-05 10:45:00', 2, 2, NULL);
INSERT INTO gnuhealth_prescription_line (presc_order, medicament, dose, dose_unit, route, form, indication, short_comment) VALUES
    (1, 1, 500, 1, 1, 1, 1, 'every 8 hours'), (1, 2, 5, 1, 1, 1, 2, 'only if fever is over 38.5°');
RESET client_min_messages;
\set ECHO all
-- A draft has no signature, nobody who signed and nothing in the register.
SELECT jsonb_pretty(health_crypto.evidence('prescription', 2, '2026-04-01 00:00+00')::jsonb - 'text');
SELECT health_crypto.attach_signature('prescription', 1, :'one_cameron') \g /dev/null
SELECT health_crypto.attach_signature('prescription', 1, :'one_omar') \g /dev/null
SELECT health_crypto.evidence('prescription', 1, '2026-04-01 00:00+00') AS evidence \gset
SELECT json_object_keys(:'evidence'::json);
-- What it says is what is so.
SELECT e ->> 'text' = r.serializer AS text, e ->> 'digest' = r.document_digest AS digest, e ->> 'digest' = :'one' AS the_one_signed,
       e ->> 'signature' = r.digital_signature AS signature, e ->> 'evidence' AS format, e ->> 'document' AS document, e ->> 'key' AS key, e ->> 'policy_time' AS policy_time
  FROM gnuhealth_prescription_order r, CAST(:'evidence' AS json) e WHERE r.id = 1;
SELECT (s ->> 'ok')::boolean AS ok, s ->> 'signature' AS signature, s ->> 'signer_name' AS signer_name, s ->> 'signed_at' AS signed_at, s ->> 'signer' = s ->> 'signing_key' AS by_primary_key FROM json_array_elements(:'evidence'::json -> 'signers') s;
-- Its certificates are those of the keyring: imported from it, they change nothing. Of others there is none.
SELECT c ->> 'fingerprint' = i.fingerprint AS fingerprint, i.user_id, i.outcome FROM json_array_elements(:'evidence'::json -> 'certificates') c, health_crypto.import_keyring(c ->> 'certificate') i;
SELECT e ->> 'event' AS event, e ->> 'signer_name' AS signer_name, e ->> 'digest' = :'one' AS digest, e ->> 'verdict' AS verdict, e ->> 'definition' AS definition, e ->> 'profile' AS profile, e ->> 'language' AS language, (e ->> 'at')::timestamptz = r.at AS at
  FROM json_array_elements(:'evidence'::json -> 'register') e JOIN health_crypto.register r ON r.entry = (e ->> 'entry')::bigint;
SELECT jsonb_pretty((:'evidence'::jsonb -> 'verdict') - 'sealed_at'::text);
SELECT (:'evidence'::jsonb -> 'verdict' ->> 'sealed_at')::timestamptz = sealed_at AS sealed_at FROM health_crypto.verify('prescription', 1);
-- The same question gives the same bytes, whatever the session's settings; and it is STABLE, so it writes nothing.
BEGIN READ ONLY;
SET LOCAL timezone = 'Asia/Tokyo';
SET LOCAL datestyle = 'German';
SET LOCAL extra_float_digits = 0;
SELECT health_crypto.evidence('prescription', '01', '2026-04-01 00:00+00')::text = :'evidence' AS same;
COMMIT;
-- It follows the state of things: what has changed, who is not known any more, that the row is gone.
ALTER TABLE gnuhealth_prescription_line DISABLE TRIGGER ALL;
UPDATE gnuhealth_prescription_line SET dose = 50 WHERE presc_order = 1 AND medicament = 1;
SELECT v ->> 'content' AS content, v ->> 'ok' AS ok, v ->> 'changes' AS changes FROM CAST(health_crypto.evidence('prescription', 1) -> 'verdict' AS json) v;
SELECT health_crypto.remove_certificate(fingerprint, 'left') FROM health_crypto.certificates WHERE user_ids[1] ~ 'Omar' \g /dev/null
SELECT e -> 'verdict' ->> 'signature' AS signature, json_array_length(e -> 'certificates') AS certificates FROM CAST(health_crypto.evidence('prescription', 1) AS json) e;
ALTER TABLE gnuhealth_prescription_order DISABLE TRIGGER ALL;
DELETE FROM gnuhealth_prescription_line WHERE presc_order = 1;
DELETE FROM gnuhealth_prescription_order WHERE id = 1;
-- The register still has who signed what.
SELECT e ->> 'text' AS text, e ->> 'signature' AS signature, e -> 'verdict' ->> 'content' AS content, json_array_length(e -> 'signers') AS signers, json_array_length(e -> 'certificates') AS certificates, json_array_length(e -> 'register') AS entries FROM CAST(health_crypto.evidence('prescription', 1) AS json) e;
\set VERBOSITY sqlstate
SELECT health_crypto.evidence('prescription', 77);
SELECT health_crypto.evidence('nothing', 1);
SELECT health_crypto.evidence(NULL, '1');
SELECT health_crypto.evidence('prescription', 2, 'infinity');
