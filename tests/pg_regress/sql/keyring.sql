-- The keyring: what is imported is merged and never dropped, every change is in the register, removal has its reason.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\i `echo $PG_ABS_SRCDIR/fixtures/gnuhealth.sql`
\set nora1 `cat $PG_ABS_SRCDIR/data/keyring/nora-1.asc`
\set nora2 `cat $PG_ABS_SRCDIR/data/keyring/nora-2.asc`
\set nora3 `cat $PG_ABS_SRCDIR/data/keyring/nora-3.asc`
\set nora4 `cat $PG_ABS_SRCDIR/data/keyring/nora-4.asc`
\set nora5 `cat $PG_ABS_SRCDIR/data/keyring/nora-5.asc`
\set nora_signed `cat $PG_ABS_SRCDIR/data/keyring/nora.sig`
\set nora_late `cat $PG_ABS_SRCDIR/data/keyring/nora-late.sig`
\set omar `cat $PG_ABS_SRCDIR/data/keyring/omar.asc`
\set omar_retired `cat $PG_ABS_SRCDIR/data/keyring/omar-retired.asc`
\set omar_before `cat $PG_ABS_SRCDIR/data/keyring/omar-before.sig`
\set omar_after `cat $PG_ABS_SRCDIR/data/keyring/omar-after.sig`
\set staff `base64 $PG_ABS_SRCDIR/data/keyring/staff.pgp`
\set cameron `cat $PG_ABS_SRCDIR/data/cameron.asc`
\set aurora `cat $PG_ABS_SRCDIR/data/aurora.asc`
\set mallory `cat $PG_ABS_SRCDIR/data/mallory.asc`
\set secret `cat $PG_ABS_SRCDIR/data/secret.asc`
\set one `cat $PG_ABS_SRCDIR/data/prescription-1.digest`
\set one_cameron `cat $PG_ABS_SRCDIR/data/prescription-1.cameron.sig`
\set one_detached `cat $PG_ABS_SRCDIR/data/prescription-1.detached.sig`
SET client_min_messages = warning;
SELECT count(*) FROM health_crypto.protect_gnuhealth() \g /dev/null
CREATE FUNCTION word(payload text, signature text, at timestamptz DEFAULT '2026-04-01 00:00+00') RETURNS text LANGUAGE sql AS
    $$ SELECT string_agg(v.signature || coalesce(' ' || v.signer_name, ''), '; ') FROM health_crypto.verify_signature(payload, signature, at) v $$;
-- The certificate as it says of itself then; how many keys of it a signature may name; how large it is.
CREATE FUNCTION shows(fingerprint text, at timestamptz) RETURNS TABLE (user_ids text[], expires timestamptz, revoked boolean, can_sign boolean, keys bigint, bytes int) LANGUAGE sql AS
    $$ SELECT d.user_ids, d.expires, d.revoked, d.can_sign, (SELECT count(*) FROM health_crypto.certificate_key k WHERE k.fingerprint = c.fingerprint), length(c.certificate)
         FROM health_crypto.certificate c, health_crypto.certificate_description(c.certificate, at) d WHERE c.fingerprint = shows.fingerprint $$;
CREATE FUNCTION changes() RETURNS TABLE (signer text, signer_name text, reason text) LANGUAGE sql AS
    $$ SELECT left(r.signer, 8), r.signer_name, r.reason FROM health_crypto.register r WHERE r.event = 'certificate' ORDER BY r.entry $$;
-- The statements offer secret keys, so the log is told not to keep them.
SET log_min_error_statement = panic;
\set ECHO all
-- Each import adds what is new: a user id, a subkey and another year, a withdrawn user id.
SELECT health_crypto.import_certificate(:'nora1') AS nora \gset
SELECT * FROM shows(:'nora', '2026-01-08 00:00+00');
SELECT word(:'one', :'nora_signed') AS signed, word(:'one', :'nora_late') AS by_a_subkey_that_is_not_there_yet;
SELECT health_crypto.import_certificate(:'nora2') = :'nora' AS same;
SELECT * FROM shows(:'nora', '2026-01-08 00:00+00');
SELECT health_crypto.import_certificate(:'nora3') = :'nora' AS same;
SELECT * FROM shows(:'nora', '2026-01-08 00:00+00');
-- gpg has put the new self-signature in place of the old one; the keyring has both, so the early signature stays good.
SELECT word(:'one', :'nora_signed') AS signed, word(:'one', :'nora_late') AS by_the_subkey;
SELECT health_crypto.import_certificate(:'nora4') = :'nora' AS same;
SELECT * FROM shows(:'nora', '2026-04-01 00:00+00');
-- An older state brings nothing, and takes nothing away; nor is it entered.
SELECT health_crypto.import_certificate(:'nora1') = :'nora' AND health_crypto.import_certificate(:'nora3') = :'nora' AS same;
SELECT * FROM shows(:'nora', '2026-04-01 00:00+00');
-- Compromised: a hard revocation counts for every signature, whenever it was made.
SELECT health_crypto.import_certificate(:'nora5') = :'nora' AS same;
SELECT * FROM shows(:'nora', '2026-04-01 00:00+00');
SELECT word(:'one', :'nora_signed') AS signed, word(:'one', :'nora_late') AS by_the_subkey;
SELECT health_crypto.import_certificate(:'nora4') = :'nora' AS not_taken_back, word(:'one', :'nora_signed') AS signed;
-- Retired: a soft revocation counts from its own time.
SELECT health_crypto.import_certificate(:'omar') AS omar \gset
SELECT word(:'one', :'omar_before') AS before, word(:'one', :'omar_after') AS after;
SELECT health_crypto.import_certificate(:'omar_retired') = :'omar' AS same;
SELECT word(:'one', :'omar_before') AS before, word(:'one', :'omar_after') AS after;
SELECT word(:'one', :'omar_before', '2026-01-15 00:00+00') AS as_of_then;
SELECT * FROM changes();
-- Documents: a list restricts, NULL keeps the list, '{*}' lifts it; every change of it is in the register.
SELECT health_crypto.import_certificate(:'cameron', '{prescription}') AS signer \gset
SELECT health_crypto.import_certificate(:'cameron', '{prescription}') = :'signer' AND health_crypto.import_certificate(:'cameron') = :'signer';
SELECT documents FROM health_crypto.certificates WHERE fingerprint = :'signer';
SELECT health_crypto.import_certificate(:'cameron', '{}') IS NOT NULL AS none, word(:'one', :'one_cameron') AS signed;
SELECT health_crypto.import_certificate(:'cameron', '{*}') IS NOT NULL AS all_of_them, word(:'one', :'one_cameron') AS signed;
SELECT * FROM changes() WHERE signer_name ~ 'Cameron';
-- Removal: by full fingerprint, with a reason.
INSERT INTO gnuhealth_prescription_order (id, prescription_id, prescription_date, patient, healthprof, notes)
VALUES (1, 'PRES001', '2026-01-05 10:30:00', 1, 1, 'With food');
INSERT INTO gnuhealth_prescription_line (presc_order, medicament, dose, dose_unit, route, form, indication, short_comment) VALUES
    (1, 1, 500, 1, 1, 1, 1, 'every 8 hours'), (1, 2, 5, 1, 1, 1, 2, 'only if fever is over 38.5°');
SELECT content, signature FROM health_crypto.attach_signature('prescription', 1, :'one_cameron');
\set VERBOSITY terse
SELECT health_crypto.remove_certificate(right(:'signer', 16), 'a key id');
SELECT health_crypto.remove_certificate('', 'nothing');
SELECT health_crypto.remove_certificate(repeat('A', 40), 'nobody');
SELECT health_crypto.remove_certificate(:'signer', ' ');
SELECT health_crypto.remove_certificate(:'signer', NULL);
SELECT health_crypto.remove_certificate(NULL, 'nobody');
\set VERBOSITY sqlstate
SELECT health_crypto.remove_certificate(repeat('A', 40), 'nobody');
SELECT health_crypto.remove_certificate(right(:'signer', 16), 'a key id');
SET ROLE regress_auditor;
SELECT health_crypto.remove_certificate(:'signer', 'because');
SELECT * FROM health_crypto.import_keyring(:'aurora');
RESET ROLE;
\set VERBOSITY default
-- As people write fingerprints: lower case, in groups.
SELECT health_crypto.remove_certificate(regexp_replace(lower(:'signer'), '(.{4})', '\1 ', 'g'), 'left the hospital');
SELECT ok, content, signature, signer FROM health_crypto.verify('prescription', 1);
SELECT signature, signer FROM health_crypto.verify_all();
SELECT count(*) AS certificates, (SELECT count(*) FROM health_crypto.certificate_key WHERE fingerprint = :'signer') AS keys FROM health_crypto.certificates WHERE fingerprint = :'signer';
SELECT event, left(signer, 8) AS signer, signer_name, reason, by FROM health_crypto.register ORDER BY entry DESC LIMIT 1;
-- What it signed is sealed all the same, and it can come back.
\set VERBOSITY sqlstate
UPDATE gnuhealth_prescription_order SET notes = 'x' WHERE id = 1;
SELECT health_crypto.remove_certificate(:'signer', 'again');
\set VERBOSITY default
SELECT health_crypto.import_certificate(:'cameron') IS NOT NULL AS back;
SELECT ok, signature FROM health_crypto.verify('prescription', 1);
-- A file of many: each is reported, and neither a secret key nor a bad certificate keeps the others out.
SELECT health_crypto.remove_certificate(:'signer', 'to begin anew');
SELECT * FROM health_crypto.import_keyring(decode(:'staff', 'base64'), '{prescription}');
SELECT left(fingerprint, 8) AS fingerprint, user_ids, documents FROM health_crypto.certificates ORDER BY user_ids;
SELECT * FROM health_crypto.import_keyring(decode(:'staff', 'base64'));
SELECT * FROM health_crypto.import_keyring(concat_ws(E'\n', :'aurora', :'secret', 'a note', :'mallory', :'one_detached', replace(:'cameron', '=', '?'), :'mallory'), '{}');
SELECT * FROM changes() OFFSET 12;
-- Secret keys leave nothing behind: no entry, no word, and above not even the certificate that they hold.
SELECT count(*) FROM health_crypto.import_keyring(:'secret');
SELECT count(*) AS traces FROM health_crypto.register WHERE reason ~* 'secret';
\set VERBOSITY sqlstate
SELECT * FROM health_crypto.import_keyring('no armor'::text);
SELECT * FROM health_crypto.import_keyring(''::text);
SELECT * FROM health_crypto.import_keyring('\x'::bytea);
SELECT * FROM health_crypto.import_keyring(NULL::text);
SELECT * FROM health_crypto.import_keyring(:'aurora', '{no_such_document}');
SELECT * FROM health_crypto.import_keyring(repeat('A', 17000000));
\set VERBOSITY terse
SELECT * FROM health_crypto.import_keyring(repeat('A', 17000000));
-- A signature that names its signer by key id only has no known signer, though gpg calls it good: key ids can be forged.
\set ECHO none
\set keyid `cat $PG_ABS_SRCDIR/data/keyring/key-id-only.sig`
\set keyid_signer `cat $PG_ABS_SRCDIR/data/keyring/key-id-only.asc`
\set ECHO all
SELECT health_crypto.import_certificate(:'keyid_signer') IS NOT NULL AS imported;
SELECT signature, signer, detail FROM health_crypto.verify_signature(:'one', :'keyid');
