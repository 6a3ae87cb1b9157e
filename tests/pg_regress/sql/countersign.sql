-- Several signers: blocks that two have signed, and attach_signature() on a document that is signed already.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\i `echo $PG_ABS_SRCDIR/fixtures/gnuhealth.sql`
\set cameron `cat $PG_ABS_SRCDIR/data/cameron.asc`
\set aurora `cat $PG_ABS_SRCDIR/data/aurora.asc`
\set omar `cat $PG_ABS_SRCDIR/data/keyring/omar.asc`
\set nora `cat $PG_ABS_SRCDIR/data/keyring/nora-1.asc`
\set nora_revoked `cat $PG_ABS_SRCDIR/data/keyring/nora-5.asc`
\set expired `cat $PG_ABS_SRCDIR/data/expired.asc`
\set one_cameron `cat $PG_ABS_SRCDIR/data/prescription-1.cameron.sig`
\set one_omar `cat $PG_ABS_SRCDIR/data/keyring/omar-before.sig`
\set one_omar_again `cat $PG_ABS_SRCDIR/data/keyring/omar-after.sig`
\set one_nora `cat $PG_ABS_SRCDIR/data/keyring/nora.sig`
\set one_early `cat $PG_ABS_SRCDIR/data/prescription-1.early.sig`
\set one_mallory `cat $PG_ABS_SRCDIR/data/prescription-1.mallory.sig`
\set one_detached `cat $PG_ABS_SRCDIR/data/prescription-1.detached.sig`
\set one_inline `cat $PG_ABS_SRCDIR/data/prescription-1.inline.sig`
\set two_cameron `cat $PG_ABS_SRCDIR/data/prescription-2.cameron.sig`
\set two_aurora `cat $PG_ABS_SRCDIR/data/prescription-2.aurora.sig`
\set pia `cat $PG_ABS_SRCDIR/data/keyring/pia.asc`
\set one_pia `cat $PG_ABS_SRCDIR/data/keyring/pia.detached.sig`
\set one_pia_line `cat $PG_ABS_SRCDIR/data/keyring/pia.detached-line.sig`
\set two_both `cat $PG_ABS_SRCDIR/data/keyring/both.sig`
SET client_min_messages = warning;
SELECT count(*) FROM health_crypto.protect_gnuhealth() \g /dev/null
SELECT health_crypto.import_certificate(c) FROM unnest(ARRAY[:'cameron', :'aurora', :'omar', :'nora', :'expired', :'pia']) c \g /dev/null
INSERT INTO gnuhealth_prescription_order (id, prescription_id, prescription_date, patient, healthprof, notes)
VALUES (1, 'PRES001', '2026-01-05 10:30:00', 1, 1, 'With food'), (2, 'PRES002', '2026-01-05 10:45:00', 2, 2, NULL);
INSERT INTO gnuhealth_prescription_line (presc_order, medicament, dose, dose_unit, route, form, indication, short_comment) VALUES
    (1, 1, 500, 1, 1, 1, 1, 'every 8 hours'), (1, 2, 5, 1, 1, 1, 2, 'only if fever is over 38.5°'),
    (2, 3, 1e-05, 2, NULL, 2, NULL, E'it''s "quoted"');
GRANT SELECT, UPDATE (digital_signature) ON gnuhealth_prescription_order TO regress_writer;
RESET client_min_messages;
-- The text of a stored block before the signature, without the Hash headers, and those.
CREATE FUNCTION body(block text) RETURNS text LANGUAGE sql AS $$ SELECT regexp_replace(split_part(block, '-----BEGIN PGP SIGNATURE-----', 1), '^Hash: .*\n', '', 'gn') $$;
CREATE FUNCTION packets(block text) RETURNS bytea LANGUAGE sql AS $$ SELECT decode(regexp_replace(block, '^.*-----BEGIN PGP SIGNATURE-----\n+([^=]*=?=?)\n=.*$', '\1'), 'base64') $$;
CREATE VIEW stored AS SELECT id, digital_signature AS block FROM gnuhealth_prescription_order;
\set ECHO all
-- Signed by one, as any document.
SELECT content, signature, signer_name, detail FROM health_crypto.attach_signature('prescription', 1, :'one_cameron');
-- By another: he signs the same digest on his own machine. The writer has no right but SELECT, and UPDATE of this column.
SET ROLE regress_writer;
SELECT ok, content, signature, signer_name, signed_at, detail FROM health_crypto.attach_signature('prescription', 1, :'one_omar');
RESET ROLE;
SELECT ok, signature, signer_name, signing_key = signer AS by_its_primary_key, signed_at, detail FROM health_crypto.signers('prescription', 1, '2026-04-01 00:00+00');
-- What the first one signed with is there as it was: the text, and the packet; and the second packet is after it.
SELECT body(block) = body(:'one_cameron') AS text, packets(block) = packets(:'one_cameron') || packets(:'one_omar') AS packets, position(:'one_cameron' in block) AS the_same_block_would_be_1 FROM stored WHERE id = 1;
SELECT block FROM stored WHERE id = 1;
SELECT event, signer_name, verdict, signature = :'one_cameron' AS first, signature = :'one_omar' AS second, by FROM health_crypto.register WHERE key = '1' ORDER BY entry;
-- A third.
SELECT signature, signer_name, detail FROM health_crypto.attach_signature('prescription', 1, :'one_early');
SELECT signature, signer_name FROM health_crypto.signers('prescription', 1);
-- The document's policy time is that of each: before the second signed, his signature is from the future.
SELECT ok, signature, signer_name, detail FROM health_crypto.verify('prescription', 1, '2026-01-07 00:00+00');
SELECT ok, signature, signer_name FROM health_crypto.signers('prescription', 1, '2026-01-07 00:00+00');
-- Refused: what is not valid by itself, what the same certificate signs again, another form; and nothing is stored.
CREATE TABLE before AS SELECT block FROM stored WHERE id = 1;
\set VERBOSITY terse
SELECT health_crypto.attach_signature('prescription', 1, :'one_mallory');
SELECT health_crypto.attach_signature('prescription', 1, :'two_aurora');
SELECT health_crypto.attach_signature('prescription', 1, 'junk');
SELECT health_crypto.attach_signature('prescription', 1, :'one_cameron');
SELECT health_crypto.attach_signature('prescription', 1, :'one_omar_again');
SELECT health_crypto.attach_signature('prescription', 1, (SELECT block FROM stored WHERE id = 1));
\set VERBOSITY sqlstate
SELECT health_crypto.attach_signature('prescription', 1, :'one_mallory');
SELECT health_crypto.attach_signature('prescription', 1, :'one_cameron');
SET ROLE regress_reader;
SELECT health_crypto.attach_signature('prescription', 1, :'one_nora');
RESET ROLE;
-- Only attach_signature() adds to a signature: written directly, even what it would store is refused.
UPDATE gnuhealth_prescription_order SET digital_signature = :'one_omar' WHERE id = 1;
UPDATE gnuhealth_prescription_order SET digital_signature = digital_signature || E'\n' WHERE id = 1;
UPDATE gnuhealth_prescription_order SET digital_signature = NULL WHERE id = 1;
SELECT set_config('test.nora', :'one_nora', false) IS NOT NULL AS ready;
DO $$
DECLARE combined text;
BEGIN
    BEGIN
        PERFORM health_crypto.attach_signature('prescription', 1, current_setting('test.nora'));
        SELECT block INTO combined FROM stored WHERE id = 1;
        RAISE EXCEPTION USING ERRCODE = 'ZZ000';
    EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
        RAISE NOTICE 'it is longer: %', length(combined) > (SELECT length(block) FROM before);
    END;
    UPDATE gnuhealth_prescription_order SET digital_signature = combined WHERE id = 1;
END $$;
\set VERBOSITY default
SELECT (SELECT block FROM stored WHERE id = 1) = block AS unchanged, (SELECT count(*) FROM health_crypto.register WHERE key = '1' AND event = 'signature') AS signatures FROM before;
-- A trigger of others that changes what is stored does not get past the guard by it.
CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.digital_signature = OLD.digital_signature || ' '; RETURN NEW; END $$;
CREATE TRIGGER meddle BEFORE UPDATE ON gnuhealth_prescription_order FOR EACH ROW EXECUTE FUNCTION meddle();
SELECT health_crypto.attach_signature('prescription', 1, :'one_nora');
DROP TRIGGER meddle ON gnuhealth_prescription_order;
-- A signer whose certificate is revoked afterwards spoils the whole, and nobody can sign beside him.
SELECT signature FROM health_crypto.attach_signature('prescription', 1, :'one_nora');
SELECT health_crypto.import_certificate(:'nora_revoked') IS NOT NULL AS revoked;
SELECT ok, signature, signer_name, detail FROM health_crypto.verify('prescription', 1);
SELECT ok, signature, signer_name FROM health_crypto.signers('prescription', 1);
\set VERBOSITY terse
SELECT health_crypto.attach_signature('prescription', 1, :'one_omar');
\set VERBOSITY default
-- gpg itself signs with two keys at once; both are in the register, and both may be needed by a report.
UPDATE gnuhealth_prescription_order SET digital_signature = :'two_both' WHERE id = 2;
SELECT ok, content, signature, signer_name, detail FROM health_crypto.verify('prescription', 2);
SELECT ok, signer_name FROM health_crypto.signers('prescription', 2);
SELECT event, signer_name, verdict FROM health_crypto.register WHERE key = '2' ORDER BY entry;
-- In one transaction: a draft that two sign.
SELECT health_crypto.reopen('prescription', 2, 'signed anew');
SELECT count(*) AS signers FROM health_crypto.signers('prescription', 2);
BEGIN;
SELECT content, signature FROM health_crypto.attach_signature('prescription', 2, :'two_aurora');
SELECT content, signature, detail FROM health_crypto.attach_signature('prescription', 2, :'two_cameron');
COMMIT;
SELECT signature, signer_name, detail FROM health_crypto.verify('prescription', 2);
SELECT event, signer_name, verdict FROM health_crypto.register WHERE key = '2' ORDER BY entry OFFSET 3;
-- A draft that is signed directly and by attach_signature() before it was flushed: at its flush both are entered.
SELECT health_crypto.reopen('prescription', 2, 'signed anew');
BEGIN;
UPDATE gnuhealth_prescription_order SET digital_signature = :'two_cameron' WHERE id = 2;
SELECT signature, signer_name, detail FROM health_crypto.attach_signature('prescription', 2, :'two_aurora');
COMMIT;
SELECT event, signer_name, verdict FROM health_crypto.register WHERE key = '2' ORDER BY entry OFFSET 7;
-- Sealed before the protection, and signed by two: adoption enters both.
ALTER TABLE gnuhealth_prescription_order DISABLE TRIGGER USER;
ALTER TABLE gnuhealth_prescription_line DISABLE TRIGGER USER;
INSERT INTO gnuhealth_prescription_order (id, prescription_id, prescription_date, patient, healthprof, notes, state, serializer, document_digest, digital_signature)
SELECT 3, prescription_id, prescription_date, patient, healthprof, notes, state, serializer, document_digest, digital_signature FROM gnuhealth_prescription_order WHERE id = 2;
INSERT INTO gnuhealth_prescription_line (presc_order, medicament, dose, dose_unit, route, form, indication, short_comment)
SELECT 3, medicament, dose, dose_unit, route, form, indication, short_comment FROM gnuhealth_prescription_line WHERE presc_order = 2;
DO $$ BEGIN
    EXECUTE (SELECT string_agg(format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', tgrelid::regclass, tgname), ';') FROM pg_trigger WHERE tgname LIKE 'health_crypto%');
END $$;
SET client_min_messages = warning;
SELECT count(*) AS not_holding FROM health_crypto.adopt('prescription');
RESET client_min_messages;
SELECT event, signer_name, verdict FROM health_crypto.register WHERE key = '3' ORDER BY entry;
-- Both hashes are named, because GnuPG computes only those that are.
SELECT line FROM stored, regexp_split_to_table(block, '\n') line WHERE id = 2 AND line LIKE 'Hash: %';
-- Other forms do not go together; two detached ones do.
SELECT health_crypto.reopen('prescription', 1, 'detached');
SELECT signature FROM health_crypto.attach_signature('prescription', 1, :'one_detached');
SELECT health_crypto.attach_signature('prescription', 1, :'one_omar');
\set VERBOSITY sqlstate
SELECT health_crypto.attach_signature('prescription', 1, :'one_omar');
-- Over the digest and a line feed, and over the digest alone: gpg is given one file, so these two do not go together.
SELECT health_crypto.attach_signature('prescription', 1, :'one_pia_line');
\set VERBOSITY default
SELECT signature, signer_name, detail FROM health_crypto.attach_signature('prescription', 1, :'one_pia');
SELECT health_crypto.reopen('prescription', 1, 'inline');
SELECT signature FROM health_crypto.attach_signature('prescription', 1, :'one_inline');
\set VERBOSITY sqlstate
SELECT health_crypto.attach_signature('prescription', 1, :'one_omar');
\set VERBOSITY default
-- Who may not read a document may not see who signed it.
SET ROLE regress_outsider;
SELECT * FROM health_crypto.signers('prescription', 1);
SET ROLE regress_auditor;
SELECT signer_name FROM health_crypto.signers('prescription', 1);
RESET ROLE;
SELECT * FROM health_crypto.signers('prescription', 77);
-- Round the triggers: the register has a valid signature of a certificate that the row has none of. One of two taken away,
-- both, and one of another certificate in their place; what only looks otherwise is the same signature.
SELECT signature, signer_name, detail FROM health_crypto.verify('prescription', 2);
BEGIN;
ALTER TABLE gnuhealth_prescription_order DISABLE TRIGGER USER;
UPDATE gnuhealth_prescription_order SET digital_signature = replace(digital_signature, E'\n', E'\r\n') WHERE id = 2;
SELECT ok, content, signature FROM health_crypto.verify('prescription', 2);
UPDATE gnuhealth_prescription_order SET digital_signature = :'two_cameron' WHERE id = 2;
SELECT ok, content, signature, signer_name, detail FROM health_crypto.verify('prescription', 2);
UPDATE gnuhealth_prescription_order SET digital_signature = NULL WHERE id = 2;
SELECT ok, content, signature, signer_name, detail FROM health_crypto.verify('prescription', 2);
SELECT key, ok, content, signature FROM health_crypto.verify_all('prescription') WHERE key = '2';
UPDATE gnuhealth_prescription_order SET digital_signature = :'two_both' WHERE id = 2;
SELECT ok, content, signature, signer_name FROM health_crypto.verify('prescription', 2);
-- A line as well: what was changed is the word.
UPDATE gnuhealth_prescription_order SET digital_signature = :'two_cameron' WHERE id = 2;
ALTER TABLE gnuhealth_prescription_line DISABLE TRIGGER USER;
UPDATE gnuhealth_prescription_line SET dose = 77 WHERE presc_order = 2;
SELECT ok, content, signature, detail FROM health_crypto.verify('prescription', 2);
ROLLBACK;
SELECT ok, content, signature FROM health_crypto.verify('prescription', 2);
-- A certificate that is gone has a word of its own, and makes nothing forged.
BEGIN;
SELECT health_crypto.remove_certificate(c.fingerprint, 'left') FROM health_crypto.certificates c WHERE c.user_ids::text LIKE '%Cameron%';
SELECT ok, content, signature FROM health_crypto.verify('prescription', 2);
ROLLBACK;
