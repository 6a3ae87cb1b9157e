-- A sealed, signed prescription is amended, sealed and signed again: the register tells the story, the verdict is on the
-- newest seal, and neither the earlier text nor the earlier signature counts any more.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\i `echo $PG_ABS_SRCDIR/fixtures/gnuhealth.sql`
\set cameron `cat $PG_ABS_SRCDIR/data/cameron.asc`
\set noor `cat $PG_ABS_SRCDIR/data/noor.asc`
\set first_digest `cat $PG_ABS_SRCDIR/data/prescription-1.digest`
\set first_signature `cat $PG_ABS_SRCDIR/data/prescription-1.cameron.sig`
\set second_digest `cat $PG_ABS_SRCDIR/data/prescription-1-amended.digest`
\set second_signature `cat $PG_ABS_SRCDIR/data/prescription-1-amended.noor.sig`
SET client_min_messages = warning;
SELECT count(*) FROM health_crypto.protect_gnuhealth();
RESET client_min_messages;
\set ECHO all
SELECT count(health_crypto.import_certificate(c, '{prescription}')) FROM (VALUES (:'cameron'), (:'noor')) v (c);
-- The story so far, without what differs from run to run.
CREATE FUNCTION story(OUT entry bigint, OUT event text, OUT digest text, OUT language text, OUT signer_name text, OUT verdict text,
                      OUT signature text, OUT reason text, OUT by name)
    RETURNS SETOF record LANGUAGE sql AS $$
    SELECT row_number() OVER (ORDER BY r.entry), r.event, left(r.digest, 8), r.language, r.signer_name, r.verdict,
           left(encode(sha512(convert_to(r.signature, 'UTF8')), 'hex'), 8), r.reason, r.by
      FROM health_crypto.register r WHERE r.document = 'prescription' AND r.key = '1' ORDER BY r.entry $$;
SELECT left(:'first_digest', 8) AS first, left(:'second_digest', 8) AS second,
       left(encode(sha512(convert_to(:'first_signature', 'UTF8')), 'hex'), 8) AS first_signature,
       left(encode(sha512(convert_to(:'second_signature', 'UTF8')), 'hex'), 8) AS second_signature;
-- Written, sealed, signed.
BEGIN;
INSERT INTO gnuhealth_prescription_order (id, prescription_id, prescription_date, patient, healthprof, notes)
VALUES (1, 'PRES001', '2026-01-05 10:30:00', 1, 1, 'With food');
INSERT INTO gnuhealth_prescription_line (id, presc_order, medicament, dose, dose_unit, route, form, indication, short_comment)
VALUES (1, 1, 1, 500, 1, 1, 1, 1, 'every 8 hours'), (2, 1, 2, 5, 1, 1, 1, 2, 'only if fever is over 38.5°');
COMMIT;
UPDATE gnuhealth_prescription_order SET state = 'validated' WHERE id = 1;
SELECT ok, content, signature, signer_name FROM health_crypto.attach_signature('prescription', 1, :'first_signature');
SELECT * FROM story();
-- Refused as long as it is sealed.
\set VERBOSITY terse
UPDATE gnuhealth_prescription_line SET dose = 250 WHERE id = 1;
UPDATE gnuhealth_prescription_order SET digital_signature = NULL WHERE id = 1;
-- Who reopens gives a reason, and not without the right to.
SELECT health_crypto.reopen('prescription', 1, '');
SET ROLE regress_writer;
SELECT health_crypto.reopen('prescription', 1, 'no right to');
RESET ROLE;
-- A reopening that is rolled back has not happened.
BEGIN;
SELECT health_crypto.reopen('prescription', 1, 'rolled back');
UPDATE gnuhealth_prescription_line SET dose = 250 WHERE id = 1;
ROLLBACK;
UPDATE gnuhealth_prescription_line SET dose = 250 WHERE id = 1;
SELECT ok, content, signature, signer_name FROM health_crypto.verify('prescription', 1);
-- Reopened: a draft without a signature, though its state still says validated.
SELECT health_crypto.reopen('prescription', 1, 'dose of a child');
SELECT o.state, o.digital_signature IS NULL AS unsigned, v.ok, v.content, v.signature, v.signer_name, v.sealed_at IS NULL AS no_seal
  FROM gnuhealth_prescription_order o, health_crypto.verify('prescription', 1) v WHERE o.id = 1;
SELECT health_crypto.reopen('prescription', 1, 'it is open already');
-- Amended; text and digest follow. The earlier signature is over another text now.
UPDATE gnuhealth_prescription_line SET dose = 250 WHERE id = 1;
SELECT document_digest = :'second_digest' AS amended, document_digest = health_crypto.digest('prescription', 1) AS kept FROM gnuhealth_prescription_order WHERE id = 1;
SELECT health_crypto.attach_signature('prescription', 1, :'first_signature');
UPDATE gnuhealth_prescription_order SET digital_signature = :'first_signature' WHERE id = 1;
SELECT count(*) AS entries FROM story();
-- Sealed again by reaching the sealed state anew, then signed by another.
UPDATE gnuhealth_prescription_order SET state = 'draft' WHERE id = 1;
UPDATE gnuhealth_prescription_order SET state = 'validated' WHERE id = 1;
UPDATE gnuhealth_prescription_line SET dose = 125 WHERE id = 1;
SELECT ok, content, signature FROM health_crypto.verify('prescription', 1);
SELECT ok, content, signature, signer_name FROM health_crypto.attach_signature('prescription', 1, :'second_signature');
UPDATE gnuhealth_prescription_order SET digital_signature = :'first_signature' WHERE id = 1;
SELECT * FROM story();
-- The newest seal: its time, its signer. (What detail says of the earlier ones is tested in verdicts.sql.)
SELECT v.ok, v.content, v.signature, v.signer_name, v.changes,
       v.sealed_at = (SELECT max(r.at) FROM health_crypto.register r WHERE r.event = 'seal' AND r.key = '1') AS sealed_last
  FROM health_crypto.verify('prescription', 1) v;
-- What went before does not pass for it: the earlier content with its text, digest and signature, all of which once held.
BEGIN;
ALTER TABLE gnuhealth_prescription_order DISABLE TRIGGER USER;
ALTER TABLE gnuhealth_prescription_line DISABLE TRIGGER USER;
UPDATE gnuhealth_prescription_line SET dose = 500 WHERE id = 1;
UPDATE gnuhealth_prescription_order SET serializer = health_crypto.serialize('prescription', 1), document_digest = :'first_digest', digital_signature = :'first_signature' WHERE id = 1;
SELECT ok, content, signature, signer_name, changes FROM health_crypto.verify('prescription', 1);
ROLLBACK;
-- Signing an amended draft seals it as well: no state needed.
SELECT health_crypto.reopen('prescription', 1, 'once more');
UPDATE gnuhealth_prescription_order SET state = 'draft' WHERE id = 1;
SELECT ok, content, signature FROM health_crypto.attach_signature('prescription', 1, :'second_signature');
UPDATE gnuhealth_prescription_order SET notes = 'x' WHERE id = 1;
SELECT event, signer_name, verdict, reason FROM story() WHERE entry > 5;
-- Reopened, amended and sealed within one transaction, as a script would.
BEGIN;
SELECT health_crypto.reopen('prescription', 1, 'by a script');
UPDATE gnuhealth_prescription_order SET notes = 'After meals' WHERE id = 1;
UPDATE gnuhealth_prescription_order SET state = 'validated' WHERE id = 1;
COMMIT;
UPDATE gnuhealth_prescription_order SET notes = 'x' WHERE id = 1;
SELECT ok, content, signature FROM health_crypto.verify('prescription', 1);
SELECT event, signer_name, verdict, reason FROM story() WHERE entry > 8;
SELECT health_crypto.unprotect('prescription');
