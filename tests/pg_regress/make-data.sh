#!/usr/bin/env bash
# Makes the certificates and signatures that the regression tests read from data/: run once for each set, the results
# are committed, because expected outputs show their fingerprints. Secret keys are thrown away, so a set is made as a
# whole: when one of its digests changes, its key and all of its signatures are new. The digests are those the tests
# give, 128 characters and no line feed. Needs gpg.
#
#     tests/pg_regress/make-data.sh prescriptions    cameron, aurora, mallory, expired; what they sign of prescriptions
#     tests/pg_regress/make-data.sh amendments       noor: the amended prescription (reopen), consents (any_table)
set -euo pipefail
[ $# -eq 1 ] || { sed -n '7,8s/^# *//p' "$0" >&2; exit 2; }
cd "$(dirname "$0")/data"
home=$(mktemp -d /tmp/hcXXXXXX)
trap 'gpgconf --homedir "$home" --kill all >/dev/null 2>&1 || true; rm -rf "$home"' EXIT
at=20260105T090000
gpg() { command gpg --homedir "$home" --batch --yes --quiet --pinentry-mode loopback --passphrase '' --faked-system-time "$at!" "$@"; }

key() { gpg --quick-gen-key "$2" "$3" sign "${4:-never}"; gpg --armor --export "$1" > "$1.asc"; }
# signature NAME KEY TIME PAYLOAD-FILE
signature() { at=$3; gpg --local-user "$2" --clearsign < "$4" > "$1.sig"; at=20260105T090000; }

prescriptions() {
    key cameron 'Dr Cameron Cordara <cameron@example.org>' ed25519
    key aurora 'Dr Aurora Vidal <aurora@example.org>' rsa2048
    key mallory 'Mallory <mallory@example.org>' ed25519
    key expired 'Expired <expired@example.org>' ed25519 1d
    gpg --armor --export-secret-keys mallory > secret.asc

    signature prescription-1.cameron cameron 20260105T110000 prescription-1.digest
    signature prescription-1.mallory mallory 20260105T110000 prescription-1.digest
    signature prescription-2.cameron cameron 20260105T110000 prescription-2.digest
    signature prescription-2.aurora aurora 20260105T110000 prescription-2.digest
    at=20260105T110000
    gpg --local-user cameron --armor --detach-sign < prescription-1.digest > prescription-1.detached.sig
    gpg --local-user cameron --armor --compress-algo none --sign < prescription-1.digest > prescription-1.inline.sig
    # Before the key expires, so that the signature stays good afterwards.
    signature prescription-1.early expired 20260105T110000 prescription-1.digest
}

amendments() {
    key noor 'Dr Noor Haddad <noor@example.org>' ed25519
    signature consent-2.noor noor 20260105T110000 consent-2.digest
    signature consent-2-amended.noor noor 20260105T120000 consent-2-amended.digest
    signature prescription-1-amended.noor noor 20260105T120000 prescription-1-amended.digest
}

case $1 in
    prescriptions | amendments) "$1" ;;
    *) echo "no such set: $1" >&2 && exit 2 ;;
esac
