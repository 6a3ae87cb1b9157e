#!/usr/bin/env bash
# A day in a hospital's database, told in a terminal on a throw-away PostgreSQL: applications write, health professionals
# sign with gpg, somebody with the owner's rights tampers, an auditor asks one question. Every verdict is checked against
# what the story says; the last count is "checks: N passed, N failed".
#
#     tools/demo.sh            tells it and leaves the server running, to look around
#     tools/demo.sh --check    the same, and stops and removes the server at the end
#     tools/demo.sh --stop     stops and removes the server of an earlier run
#
# It builds what has changed since the last build (tools/build.sh).
# shellcheck source=tools/demo/stage.sh
. "$(dirname "${BASH_SOURCE[0]}")/demo/stage.sh"

keep=yes
case ${1:-} in
    '') ;;
    --check) keep=no ;;
    --stop)
        server_stop
        say "the demo's server is stopped and removed"
        exit
        ;;
    *) die "usage: tools/demo.sh [--check | --stop]" ;;
esac

# What the story says of each prescription at its end: key, content, signature, ok, and why.
story() {
    cat <<'STORY'
1|intact|valid|t|signed by a plain UPDATE, never touched
2|intact|valid|t|signed through attach_signature()
3|altered|valid|f|a line's dose was edited with the triggers off
4|intact|wrong_subject|f|carries the signature of 5
5|intact|wrong_subject|f|carries the signature of 4
6|forged|wrong_subject|f|edited, text and digest recomputed to match
7|drifted|valid|t|its patient's name was corrected
8|missing|absent|f|its row was deleted with the triggers off
9|intact|absent|t|sealed, waiting for its signature
10|draft|absent|t|a draft that was edited, as drafts are
11|stale|absent|f|a draft that was edited with the triggers off
STORY
}

title "health_crypto: what holds of a hospital's documents, whoever writes them"
server_start "$keep"
keyring_open

# ------------------------------------------------------------------------------------------------ writing and signing

scene "A hospital's database, and one call" \
    "The tables are GNU Health's and belong to its role gnuhealth. The application is not changed."
run postgres "$STAGE/cast.sql"
run gnuhealth "$ROOT/tests/fixtures/gnuhealth.sql"
run gnuhealth "$STAGE/patient.sql"
show postgres <<'SQL'
CREATE EXTENSION health_crypto;
SELECT document, root, outcome FROM health_crypto.protect_gnuhealth();
SQL
check "the prescription is protected" 1 "$(ask "SELECT count(*) FROM health_crypto.protected_document")"

scene "Two health professionals, two OpenPGP keys" \
    "The secret keys stay with gpg. The database gets the certificates, and what each may sign."
make_key cordara 'Cameron Cordara <cordara@hospital.example>' ed25519
make_key vidal 'Aurora Vidal <vidal@hospital.example>' rsa3072
VARIABLES=(-v cordara="$(certificate cordara)" -v vidal="$(certificate vidal)")
show postgres <<'SQL'
SELECT health_crypto.import_certificate(:'cordara');
SELECT health_crypto.import_certificate(:'vidal', documents => '{prescription}');
SELECT left(fingerprint, 8) AS certificate, user_ids[1] AS signer, algorithm, documents
  FROM health_crypto.certificates ORDER BY imported_at;
SQL
check "two certificates can sign" 2 "$(ask "SELECT count(*) FROM health_crypto.certificates WHERE can_sign")"

scene "Three applications write, and none knows of the extension" \
    "The first is GNU Health: prescriptions with their lines, in plain INSERTs."
show gnuhealth <<'SQL'
BEGIN;
INSERT INTO gnuhealth_prescription_order
       (prescription_id, prescription_date, patient, healthprof) VALUES
       ('PRES001', '2026-03-02 09:10', 1, 1), ('PRES002', '2026-03-02 09:40', 2, 2),
       ('PRES003', '2026-03-02 10:05', 1, 1), ('PRES004', '2026-03-02 10:20', 2, 1);
INSERT INTO gnuhealth_prescription_line
       (presc_order, medicament, dose, dose_unit, route, form) VALUES
       (1, 1, 500, 1, 1, 1), (1, 3, 1000, 1, 1, 1), (2, 2, 400, 1, 1, 1),
       (3, 1, 500, 1, 1, 1), (4, 3, 10, 2, 2, 2);
COMMIT;
SQL
explain "The second is a nightly job with a role of its own, copying what another system prescribed."
show etl <<'SQL'
BEGIN;
COPY gnuhealth_prescription_order
     (id, prescription_id, prescription_date, patient, healthprof, notes) FROM STDIN CSV;
5,PRES005,2026-03-02 23:00,1,1,
6,PRES006,2026-03-02 23:00,2,2,
7,PRES007,2026-03-02 23:00,3,2,
8,PRES008,2026-03-02 23:00,1,1,
9,PRES009,2026-03-02 23:00,2,1,
10,PRES010,2026-03-02 23:00,1,2,
11,PRES011,2026-03-02 23:00,2,2,with meals
\.
COPY gnuhealth_prescription_line
     (presc_order, medicament, dose, dose_unit, route, form) FROM STDIN CSV;
5,2,200,1,1,1
6,3,500,1,1,1
7,1,250,1,1,1
8,2,600,1,1,1
9,3,1000,1,1,1
10,1,500,1,1,1
11,2,400,1,1,1
\.
COMMIT;
SQL
explain "Nobody computed a digest, and every document has one:"
show gnuhealth <<'SQL'
SELECT o.id, prescription_id, state, count(l) AS lines, length(serializer) AS length,
       left(document_digest, 24) || '…' AS document_digest
  FROM gnuhealth_prescription_order o
  JOIN gnuhealth_prescription_line l ON l.presc_order = o.id
 GROUP BY o.id ORDER BY o.id;
SQL
check "every document has its digest" 11 "$(ask "SELECT count(*) FROM gnuhealth_prescription_order o
    WHERE document_digest = health_crypto.digest('prescription', o.id)")"
explain "The text is the one GNU Health writes itself, byte for byte; the digest is its SHA-512:"
show_folded gnuhealth <<'SQL'
SELECT serializer FROM gnuhealth_prescription_order WHERE id = 1;
SQL
check "coreutils' sha512sum agrees" "$(ask "SELECT serializer FROM gnuhealth_prescription_order WHERE id = 1" |
    tr -d '\n' | sha512sum | cut -d ' ' -f 1)" "$(digest_of 1)"

explain "The third is somebody at psql, who corrects a draft. The digest follows the line, at COMMIT:"
before=$(digest_of 10)
show gnuhealth <<'SQL'
UPDATE gnuhealth_prescription_line SET dose = 250 WHERE presc_order = 10;
SQL
after=$(digest_of 10)
printf '  before  %s…\n  after   %s…\n' "${before:0:64}" "${after:0:64}"
check "the digest follows an edited draft" "changed, draft" \
    "$([ "$before" = "$after" ] || echo changed), $(ask "SELECT content FROM health_crypto.verify('prescription', 10)")"

scene "Sealed, then signed with gpg" \
    "Reaching the state 'validated' seals a prescription: it enters an append-only register."
show gnuhealth <<'SQL'
UPDATE gnuhealth_prescription_order SET state = 'validated' WHERE id <= 9;
SQL
check "nine seals are in the register" 9 "$(ask "SELECT count(*) FROM health_crypto.register WHERE event = 'seal'")"
explain "GNU Health's client signs the 128 hexadecimal digits with gpg and stores the armored text:"
signature=$(clearsign cordara "$(digest_of 1)")
show_clearsigned "$signature"
VARIABLES=(-v signature="$signature")
show gnuhealth <<'SQL'
UPDATE gnuhealth_prescription_order SET digital_signature = :'signature' WHERE id = 1;
SQL
explain "Newer software can store it and have the verdict in one call:"
VARIABLES=(-v signature="$(clearsign vidal "$(ask "SELECT health_crypto.signing_payload('prescription', 2)")")")
show gnuhealth <<'SQL'
SELECT key, ok, content, signature, signer_name
  FROM health_crypto.attach_signature('prescription', 2, :'signature');
SQL
for key in 3:cordara 4:cordara 5:cordara 6:vidal 7:vidal 8:cordara; do
    store_signature "${key%:*}" "${key#*:}"
done
explain "3 to 8 are signed the same way. 9 waits for its signature; 10 and 11 are still drafts."
show gnuhealth <<'SQL'
SELECT key, ok, content, signature, signer_name
  FROM health_crypto.verify('prescription', 1);
SQL
check "eight documents are signed, all eleven hold" "8 11" "$(ask "SELECT count(*) FILTER (WHERE signature = 'valid')
    || ' ' || count(*) FILTER (WHERE ok) FROM health_crypto.verify_all()")"
check "gpg itself accepts what is stored" "$(fingerprint cordara)" "$(gpg_signer 1)"

# ----------------------------------------------------------------------------------------------------------- refused

scene "What is sealed refuses" \
    "Application, script or owner of the table: whoever writes gets an integrity error."
refused 23000 health_crypto_sealed gnuhealth <<'SQL'
UPDATE gnuhealth_prescription_line SET dose = 5000 WHERE presc_order = 1;
SQL
explain "Columns that are no part of the document stay writable:"
show gnuhealth <<'SQL'
UPDATE gnuhealth_prescription_order SET write_date = now() WHERE id = 1;
SQL

scene "A signature that cannot be verified is refused too" \
    "A stranger makes a key in Cameron Cordara's name and signs the right digest of prescription 9."
make_key stranger 'Cameron Cordara <cordara@hospital.example>' ed25519
VARIABLES=(-v signature="$(clearsign stranger "$(digest_of 9)")")
refused 23000 health_crypto_signature gnuhealth <<'SQL'
UPDATE gnuhealth_prescription_order SET digital_signature = :'signature' WHERE id = 9;
SQL
check "the reason is an unknown signer" unknown_signer "$(sed -n 's/.*does not verify: //p' <<<"$REFUSAL")"

# ---------------------------------------------------------------------------------------------------------- attacked

scene "Somebody with the owner's rights switches the triggers off and raises a dose (3)" \
    "No trigger stops the owner of its table. Verification needs none: it serialises and hashes again."
show gnuhealth <<'SQL'
ALTER TABLE gnuhealth_prescription_line DISABLE TRIGGER USER;
UPDATE gnuhealth_prescription_line SET dose = 5000 WHERE presc_order = 3;
SQL
explain "The verdict names what changed (first line, second value: the dose):"
show postgres <<'SQL'
SELECT key, ok, content, signature, jsonb_pretty(changes) AS changes
  FROM health_crypto.verify('prescription', 3);
SQL
explain "And the open doors have names:"
show postgres <<'SQL'
SELECT replace(relation, 'public.', '') AS relation, gap, detail AS trigger
  FROM health_crypto.protection_gaps();
SQL
check "the changed field is named" 'Prescription_line[0][1] 500.0 5000.0' \
    "$(ask "SELECT f || ' ' || (c ->> 'sealed') || ' ' || (c ->> 'current')
              FROM health_crypto.verify('prescription', 3) v, jsonb_each(v.changes) e (f, c)")"
check "the disabled triggers are named" "$(ask "SELECT string_agg(tgname, ' ' ORDER BY tgname) FROM pg_trigger
         WHERE tgrelid = 'gnuhealth_prescription_line'::regclass AND NOT tgisinternal")" \
    "$(ask "SELECT string_agg(detail, ' ' ORDER BY detail) FROM health_crypto.protection_gaps()
             WHERE gap = 'disabled trigger' AND relation = 'public.gnuhealth_prescription_line'")"

scene "He swaps two signatures (4 and 5)" \
    "Both are good signatures of Cameron Cordara. Each now stands under the other document."
show gnuhealth <<'SQL'
ALTER TABLE gnuhealth_prescription_order DISABLE TRIGGER USER;
UPDATE gnuhealth_prescription_order o SET digital_signature = other.digital_signature
  FROM gnuhealth_prescription_order other WHERE (o.id, other.id) IN ((4, 5), (5, 4));
SELECT key, ok, content, signature, signer_name
  FROM health_crypto.verify('prescription', 4);
SQL

scene "He edits another line and recomputes text and digest, so that all agree (6)" \
    "The row agrees with itself. It disagrees with the register, and with what the signer signed."
show gnuhealth <<'SQL'
UPDATE gnuhealth_prescription_line SET dose = 9999 WHERE presc_order = 6;
UPDATE gnuhealth_prescription_order
   SET serializer = health_crypto.serialize('prescription', 6),
       document_digest = health_crypto.digest('prescription', 6) WHERE id = 6;
SELECT key, ok, content, signature, replace(detail, '; ', E';\n') AS detail
  FROM health_crypto.verify('prescription', 6);
SQL

scene "He deletes a sealed prescription (8) and edits a draft (11)" \
    "The register remembers the row that is gone. The draft's digest is not that of its content."
show gnuhealth <<'SQL'
DELETE FROM gnuhealth_prescription_line WHERE presc_order = 8;
DELETE FROM gnuhealth_prescription_order WHERE id = 8;
UPDATE gnuhealth_prescription_order SET notes = 'before meals' WHERE id = 11;
SELECT key, ok, content, detail FROM health_crypto.verify('prescription', 8) UNION ALL
SELECT key, ok, content, detail FROM health_crypto.verify('prescription', 11);
SQL

scene "He switches the triggers on again, and that shows too" \
    "They were ENABLE ALWAYS. As they are now, a session that plays a replica passes them."
show gnuhealth <<'SQL'
ALTER TABLE gnuhealth_prescription_line ENABLE TRIGGER USER;
ALTER TABLE gnuhealth_prescription_order ENABLE TRIGGER USER;
SQL
show postgres <<'SQL'
SELECT relation, gap, count(*) AS triggers FROM health_crypto.protection_gaps()
 GROUP BY relation, gap ORDER BY relation;
SQL
check "all twelve triggers are reported" "12 origin-only trigger" \
    "$(ask "SELECT count(*) || ' ' || gap FROM health_crypto.protection_gaps() GROUP BY gap")"

scene "No attack: a patient's name is corrected (7)" \
    "The prescription shows the name but does not hold it: it has drifted, and is in order."
show gnuhealth <<'SQL'
UPDATE party_party SET lastname = 'Ibarra' WHERE name = 'Ruth' AND lastname = 'Ibara';
SELECT key, ok, content, changes
  FROM health_crypto.verify('prescription', 7);
SQL

# ------------------------------------------------------------------------------------------------------------- audit

scene "An auditor asks one question" \
    "The view audit is health_crypto.verify_all(), with fingerprints cut to fit the page."
run postgres "$STAGE/audit.sql"
show auditor <<'SQL'
TABLE audit;
SQL
width=$(wc -L <<<"$SHOWN")
check "the table fits 100 columns" "$((width < 100 ? width : 100))" "$width"

scene "Is that what the story said?" "Every verdict, compared with what was done to the prescription."
check_verdicts
report_checks
if [ "$keep" = yes ]; then
    server_keep
fi
[ "$CHECKS_FAILED" -eq 0 ]
