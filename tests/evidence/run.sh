#!/usr/bin/env bash
# Runs the commands of docs/evidence.md as they stand there: makes a document that two have signed in a database of its
# own, exports the evidence, and checks it with nothing but sha512sum, gpg and python3. Then tampers with the file, and
# sees the check fail that the page names for it, and no check before it.
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"
# shellcheck source=tests/lib.sh
. "$ROOT/tests/lib.sh"

data=$ROOT/tests/pg_regress/data
telling=yes

# run NAME DIRECTORY: runs that block there.
run() {
    [ -f "$blocks/$1.sh" ] || die "docs/evidence.md has no commands \"$1\""
    (cd "$2" && bash -eu -o pipefail "$blocks/$1.sh") >"$2/$1.log" 2>&1
}

# Short, because gpg's sockets have long names.
place=$(mktemp -d /tmp/hcev.XXXXXX)
on_exit rm -rf "$place"
# The page's blocks by their names; it fails if one has none.
blocks=$place/blocks
mkdir "$blocks"
"$ROOT/tools/docs.sh" extract "$ROOT/docs/evidence.md" "$blocks" --all || die "docs/evidence.md cannot be run"

# verdict_of DIRECTORY [HOW]: the first check that does not hold, or "holds". Checks stop at the first that fails, as an
# auditor would.
verdict_of() {
    local name how=${2:-signature}
    mkdir "$1/work"
    cp "$1"/{evidence.json,known.txt} "$1/work"
    for name in 'take apart' digest "$how" signers register verdict; do
        if [ "$name" = detached ]; then
            mkdir -m 700 "$1/work/gnupg"
            gpg --homedir "$1/work/gnupg" --quiet --import "$1/work/certificates.asc" 2>/dev/null
        fi
        run "$name" "$1/work" || {
            echo "$name"
            return
        }
    done
    echo holds
}
# why DIRECTORY NAME: the words of that check.
why() { log_tail "$1/work/$2.log" 20; }

# ------------------------------------------------------------------------------------------------ the hospital

cluster_temporary evidence
sql -c 'CREATE DATABASE hospital'
export PGDATABASE=hospital PGOPTIONS='-c timezone=UTC -c client_min_messages=warning'
sql -c 'CREATE EXTENSION health_crypto' >/dev/null
sql -f "$ROOT/tests/fixtures/gnuhealth.sql" >/dev/null
sql >/dev/null <<SQL
SELECT * FROM health_crypto.protect_gnuhealth();
\set cameron \`cat $data/cameron.asc\`
\set aurora \`cat $data/aurora.asc\`
\set omar \`cat $data/keyring/omar.asc\`
\set pia \`cat $data/keyring/pia.asc\`
\set one_cameron \`cat $data/prescription-1.cameron.sig\`
\set one_omar \`cat $data/keyring/omar-before.sig\`
SELECT health_crypto.import_certificate(c) FROM unnest(ARRAY[:'cameron', :'aurora', :'omar', :'pia']) c;
INSERT INTO gnuhealth_prescription_order (id, prescription_id, prescription_date, patient, healthprof, notes)
VALUES (1, 'PRES001', '2026-01-05 10:30:00', 1, 1, 'With food');
INSERT INTO gnuhealth_prescription_line (presc_order, medicament, dose, dose_unit, route, form, indication, short_comment) VALUES
    (1, 1, 500, 1, 1, 1, 1, 'every 8 hours'), (1, 2, 5, 1, 1, 1, 2, 'only if fever is over 38.5°');
SELECT health_crypto.attach_signature('prescription', 1, :'one_cameron');
SELECT health_crypto.attach_signature('prescription', 1, :'one_omar');
SQL

good=$place/good
mkdir "$good"
run export "$good" || die "the export failed: $(cat "$good/export.log")"
# What the auditor has from the signers themselves: here, from their certificate files.
for signer in cameron aurora keyring/omar keyring/pia; do
    mkdir -p -m 700 "$place/show"
    gpg --homedir "$place/show" --quiet --with-colons --show-keys "$data/$signer.asc" 2>/dev/null |
        sed -n '0,/^fpr/s/^fpr:*\([0-9A-F]*\):/\1/p'
done >"$good/known.txt"
check "the auditor knows four fingerprints" 4 "$(wc -l <"$good/known.txt")"

got=$(verdict_of "$good")
check "evidence of a document that two have signed holds" holds "$got"
[ "$got" = holds ] || why "$good" "$got"
check "gpg names both signers" 2 "$(wc -l <"$good/work/valid.txt")"
check "the text is byte for byte the stored one" same \
    "$(cmp "$good/work/document.txt" <(sql_value 'SELECT serializer FROM gnuhealth_prescription_order WHERE id = 1' | tr -d '\n') && echo same)"
psql -X -A -t -c "SELECT digital_signature FROM gnuhealth_prescription_order WHERE id = 1" >"$good/column.asc"
check "gpg --verify takes the column's text as it is" good \
    "$(gpg --homedir "$good/work/gnupg" --verify "$good/column.asc" >/dev/null 2>&1 && echo good)"

# ------------------------------------------------------------------------------------------------ tampering

# tampered NAME CHECK PYTHON: changes the evidence `e`; CHECK is where it must be found.
tampered() {
    local directory=$place/$1 got
    mkdir "$directory"
    cp "$good/known.txt" "$directory"
    python3 - "$good/evidence.json" "$directory/evidence.json" "$data" <<PYTHON || die "tampering failed: $1"
import base64, hashlib, json, sys
source, target, data = sys.argv[1:]
e = json.load(open(source, encoding='utf-8'))
before = json.dumps(e)
read = lambda name: open(f'{data}/{name}', encoding='utf-8').read()
sha512 = lambda text: hashlib.sha512(text.encode()).hexdigest()
$3
assert json.dumps(e) != before
json.dump(e, open(target, 'w', encoding='utf-8'))
PYTHON
    got=$(verdict_of "$directory")
    check "tampered with, $1" "$2" "$got"
    # The check fails for its reason, not for want of a file.
    if grep -E 'No such file|command not found|Traceback' "$directory/work/$got.log" 2>/dev/null; then
        check "the check itself, $1" whole broken
    fi
}

tampered text digest "e['text'] = e['text'].replace('500.0', '50.0')"
tampered digest digest "e['digest'] = sha512('another text')"
tampered text-and-digest signature "
e['text'] = e['text'].replace('500.0', '50.0')
e['digest'] = sha512(e['text'])"
tampered text-digest-and-block signature "
old = e['digest']
e['text'] = e['text'].replace('500.0', '50.0')
e['digest'] = sha512(e['text'])
e['signature'] = e['signature'].replace(old, e['digest'])"
tampered signature-of-another-text signature "e['signature'] = read('prescription-2.cameron.sig')"
tampered no-signature signature "e['signature'] = None"
tampered certificate-left-out signature "e['certificates'] = e['certificates'][:1]"
tampered certificate-exchanged signature "
for c in e['certificates']: c['certificate'] = read('mallory.asc')"
tampered revoked-since signature "
e['certificates'].append({'fingerprint': '', 'certificate': read('keyring/omar-retired.asc')})"
# A good signature over the right digest, with its certificate, by somebody who calls himself what he likes.
tampered somebody-else signers "
e['signature'] = read('prescription-1.mallory.sig')
e['certificates'] = [{'fingerprint': '', 'certificate': read('mallory.asc')}]
e['signers'] = [dict(e['signers'][0], signer='8F0F6032CE236EC6AB3A6800841587B5E00D6502')]"
tampered signer-left-out signers "
e['signature'] = read('prescription-1.cameron.sig')"
tampered signer-left-out-everywhere register "
e['signature'] = read('prescription-1.cameron.sig')
e['signers'] = e['signers'][:1]"
tampered register register "
for r in e['register']:
    if r['event'] == 'seal': r['digest'] = sha512('another text')"
tampered reopened register "
e['register'].append(dict(e['register'][0], event='reopening', entry=e['register'][-1]['entry'] + 1))"
tampered verdict verdict "e['verdict']['ok'] = False"

# ------------------------------------------------------------------------- the database's own word, and other forms

altered=$place/altered
mkdir "$altered"
cp "$good/known.txt" "$altered"
sql >/dev/null <<'SQL'
ALTER TABLE gnuhealth_prescription_line DISABLE TRIGGER ALL;
UPDATE gnuhealth_prescription_line SET dose = 50 WHERE presc_order = 1 AND medicament = 1;
SQL
run export "$altered"
check "rows changed with the triggers off: all holds but the verdict" verdict "$(verdict_of "$altered")"
check "and the verdict says altered" 1 "$(grep -c -x 'content: altered' "$altered/work/verdict.txt")"
sql >/dev/null <<SQL
UPDATE gnuhealth_prescription_line SET dose = 500 WHERE presc_order = 1 AND medicament = 1;
ALTER TABLE gnuhealth_prescription_line ENABLE TRIGGER ALL;
SELECT health_crypto.reopen('prescription', 1, 'to be signed in another form');
\set detached \`cat $data/prescription-1.detached.sig\`
\set pia \`cat $data/keyring/pia.detached.sig\`
SELECT health_crypto.attach_signature('prescription', 1, :'detached');
SELECT health_crypto.attach_signature('prescription', 1, :'pia');
SQL
detached=$place/detached
mkdir "$detached"
cp "$good/known.txt" "$detached"
run export "$detached"
got=$(verdict_of "$detached" detached)
check "two detached signatures hold" holds "$got"
[ "$got" = holds ] || why "$detached" "$got"
check "gpg names both" 2 "$(wc -l <"$detached/work/valid.txt")"

# Every block of the page was run. (Most run in subshells, which leave their logs.)
for block in "$blocks"/*.sh; do
    name=$(basename "$block" .sh)
    check "the block \"$name\" of the page was run" 1 "$(find "$place" -name "$name.log" | grep -c -m 1 .)"
done
say "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
