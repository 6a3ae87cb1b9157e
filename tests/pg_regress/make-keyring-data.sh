#!/usr/bin/env bash
# Makes what the tests of the keyring read from data/keyring/: one certificate at several stages of its life, signatures
# made at some of them, and a keyring file. Run once, the results are committed, because expected outputs show their
# fingerprints. Secret keys are thrown away, but for those that are there to be refused. Needs gpg.
# key-id-only.* are not made here: gpg always names the issuer by fingerprint. They are Sequoia's, with
# SignatureBuilder::set_issuer() alone.
set -euo pipefail
cd "$(dirname "$0")/data"
mkdir -p keyring
home=$(mktemp -d /tmp/hcXXXXXX)
trap 'gpgconf --homedir "$home" --kill all >/dev/null 2>&1 || true; rm -rf "$home"' EXIT
at=20260105T090000
gpg() { command gpg --homedir "$home" --batch --yes --quiet --pinentry-mode loopback --passphrase '' --faked-system-time "$at!" "$@"; }
fingerprint() { gpg --with-colons --list-keys "$1" | sed -n '0,/^fpr/s/^fpr:*\([0-9A-F]*\):/\1/p'; }
stage() { gpg --armor --export "$nora" >"keyring/nora-$1.asc"; }
clearsign() { gpg --local-user "$1" --clearsign <prescription-1.digest >"keyring/$2.sig"; }

# Nora: a key of 30 days; a second user id; a signing subkey and another year; the first user id withdrawn; compromised.
gpg --quick-gen-key 'Dr Nora Quist <nora@example.org>' ed25519 sign 30d
nora=$(fingerprint nora@example.org)
stage 1
at=20260105T110000 && clearsign "$nora!" nora
at=20260106T090000 && gpg --quick-add-uid "$nora" 'Dr Nora Lund <lund@example.org>' && stage 2
at=20260107T090000 && gpg --quick-set-expire "$nora" 1y && gpg --quick-add-key "$nora" ed25519 sign never && stage 3
# gpg signs with the newest subkey.
at=20260301T090000 && clearsign "$nora" nora-late
at=20260302T090000 && gpg --quick-revoke-uid "$nora" 'Dr Nora Quist <nora@example.org>' && stage 4
at=20260303T090000 && sed 's/^:-----/-----/' "$home/openpgp-revocs.d/$nora.rev" | gpg --import && stage 5

# Omar: retired, which is a soft revocation; one signature before it and one after.
at=20260105T090000
gpg --quick-gen-key 'Dr Omar Haddad <omar@example.org>' ed25519 sign never
omar=$(fingerprint omar@example.org)
gpg --armor --export "$omar" >keyring/omar.asc
at=20260110T090000 && clearsign "$omar" omar-before
at=20260210T090000 && clearsign "$omar" omar-after

# Pia: detached signatures over the digest as it stands and with a line feed, and a text that she and Omar sign at once.
at=20260105T090000
gpg --quick-gen-key 'Dr Pia Roth <pia@example.org>' rsa2048 sign never
gpg --armor --export pia@example.org >keyring/pia.asc
at=20260111T090000
tr -d '\n' <prescription-1.digest | gpg --local-user pia@example.org --armor --detach-sign >keyring/pia.detached.sig
{ tr -d '\n' <prescription-1.digest && echo; } | gpg --local-user pia@example.org --armor --detach-sign >keyring/pia.detached-line.sig
gpg --local-user "$omar" --local-user pia@example.org --clearsign <prescription-2.digest >keyring/both.sig

# Omar retires.
at=20260201T090000
printf 'y\n3\n\ny\n' | command gpg --homedir "$home" --no-tty --quiet --pinentry-mode loopback --passphrase '' \
    --faked-system-time "$at!" --command-fd 0 --output "$home/omar.rev" --gen-revoke "$omar" 2>/dev/null
gpg --import "$home/omar.rev"
gpg --armor --export "$omar" >keyring/omar-retired.asc

# A keyring file as it should not be: two certificates, between them a secret key and a certificate of version 9.
at=20260105T090000
{
    gpg --dearmor <cameron.asc
    gpg --dearmor <secret.asc
    printf '\xc6\x0a\x09\x00\x00\x00\x00\x16\x00\x00\x00\x00\xcd\x0bFrom beyond'
    gpg --dearmor <aurora.asc
} >keyring/staff.pgp
