#!/usr/bin/env bash
# Makes the certificates and secret keys that the regression tests of encryption read from data/: run once, the results
# are committed, because expected outputs show their fingerprints. The secret keys are nobody's but the tests'. Needs gpg.
set -euo pipefail
cd "$(dirname "$0")/data"
home=$(mktemp -d /tmp/hcXXXXXX)
trap 'gpgconf --homedir "$home" --kill all >/dev/null 2>&1 || true; rm -rf "$home"' EXIT
at=20260105T090000
passphrase=
gpg() {
    command gpg --homedir "$home" --batch --yes --quiet --pinentry-mode loopback --passphrase "$passphrase" \
        --faked-system-time "$at!" "$@"
}
# key FILE USER-ID ALGORITHM-OF-THE-SUBKEY [EXPIRY-OF-THE-SUBKEY]
key() {
    gpg --quick-gen-key "$2" ed25519 sign never
    gpg --quick-add-key "$(fingerprint "$2")" "$3" encr "${4:-never}"
    gpg --armor --export "$2" >"$1.asc"
}
fingerprint() { gpg --with-colons --list-keys "=$1" | awk -F : '$1 == "fpr" { print $10; exit }'; }

passphrase='open sesame'
key ward 'Ward 3 <ward3@example.org>' cv25519
gpg --armor --export-secret-keys 'ward3@example.org' >ward.secret.asc
passphrase=
key laboratory 'Laboratory <laboratory@example.org>' rsa3072
gpg --armor --export-secret-keys 'laboratory@example.org' >laboratory.secret.asc
key recovery 'Recovery of the hospital <recovery@example.org>' nistp256
gpg --armor --export-secret-keys 'recovery@example.org' >recovery.secret.asc
key lapsed 'Lapsed <lapsed@example.org>' cv25519 1d
key twin 'The other laboratory <laboratory@example.org>' cv25519
# A message of gpg's to the ward, as gpg writes it by default (compressed), and its session key.
printf 'Amoxicillin 500 mg; %.0s' {1..40} |
    gpg --trust-model always --armor --recipient ward3@example.org --encrypt >ward.message.asc
passphrase='open sesame'
gpg --show-session-key --decrypt ward.message.asc 2>&1 >/dev/null |
    sed -n "s/.*session key: '\(.*\)'/\1/p" >ward.session-key
# The sample certificate of RFC 9580, appendix A.3: version 6, reads AEAD.
cat >rfc9580.asc <<'CERTIFICATE'
-----BEGIN PGP PUBLIC KEY BLOCK-----

xioGY4d/4xsAAAAg+U2nu0jWCmHlZ3BqZYfQMxmZu52JGggkLq2EVD34laPCsQYf
GwoAAABCBYJjh3/jAwsJBwUVCg4IDAIWAAKbAwIeCSIhBssYbE8GCaaX5NUt+mxy
KwwfHifBilZwj2Ul7Ce62azJBScJAgcCAAAAAK0oIBA+LX0ifsDm185Ecds2v8lw
gyU2kCcUmKfvBXbAf6rhRYWzuQOwEn7E/aLwIwRaLsdry0+VcallHhSu4RN6HWaE
QsiPlR4zxP/TP7mhfVEe7XWPxtnMUMtf15OyA51YBM4qBmOHf+MZAAAAIIaTJINn
+eUBXbki+PSAld2nhJh/LVmFsS+60WyvXkQ1wpsGGBsKAAAALAWCY4d/4wKbDCIh
BssYbE8GCaaX5NUt+mxyKwwfHifBilZwj2Ul7Ce62azJAAAAAAQBIKbpGG2dWTX8
j+VjFM21J0hqWlEg+bdiojWnKfA5AQpWUWtnNwDEM0g12vYxoWM8Y81W+bHBw805
I8kWVkXU6vFOi+HWvv/ira7ofJu16NnoUkhclkUrk0mXubZvyl4GBg==
-----END PGP PUBLIC KEY BLOCK-----
CERTIFICATE
# A message that is 20 kB and holds 20 MiB.
head -c $((20 << 20)) /dev/zero |
    gpg --trust-model always --armor --compress-level 9 --recipient ward3@example.org --encrypt >bomb.asc
gpg --show-session-key --decrypt bomb.asc 2>&1 >/dev/null | sed -n "s/.*session key: '\(.*\)'/\1/p" >bomb.session-key
