#!/usr/bin/env bash
# Makes data/hostile.asc: a certificate whose user ids would be markup or turn the direction of writing, and which expires on
# 2026-05-01. Run once, the result is committed, because expected outputs show its fingerprint. Needs gpg.
set -euo pipefail
cd "$(dirname "$0")/data"
home=$(mktemp -d /tmp/hcXXXXXX)
trap 'gpgconf --homedir "$home" --kill all >/dev/null 2>&1 || true; rm -rf "$home"' EXIT
gpg() {
    command gpg --homedir "$home" --batch --yes --quiet --pinentry-mode loopback --passphrase '' --allow-freeform-uid \
        --faked-system-time '20260105T090000!' "$@"
}
gpg --quick-gen-key "$(printf 'Eve <script>alert("1")</script> %s]]>&amp; \u202Egro.elpmaxe@eve' "' -->")" ed25519 sign 2026-05-01
fingerprint=$(gpg --with-colons --list-keys | sed -n '0,/^fpr/s/^fpr:*\([0-9A-F]*\):/\1/p')
gpg --quick-add-uid "$fingerprint" "$(printf '</td></table><img src=http://example.org/x onerror=alert(2)>')"
gpg --armor --export "$fingerprint" >hostile.asc
