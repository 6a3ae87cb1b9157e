#!/usr/bin/env bash
# Signs digests as GNU Health's client does, gpg --clearsign, with keys of its own, and keeps keys and signatures for the
# next run: gpg takes 10-40 ms a signature. The keys protect nothing; they sign the benchmark's prescriptions only.
#
#     bench/sign.sh DIRECTORY ed25519|rsa4096 < digests      (one a line)
#
# Makes DIRECTORY/ALGORITHM/certificate.asc and DIRECTORY/ALGORITHM/DIGEST.asc.
set -euo pipefail
[ $# -eq 2 ] || { sed -n '5s/^# *//p' "$0" >&2; exit 2; }
case $2 in
    ed25519 | rsa4096) ;;
    *) echo "error: ed25519 or rsa4096, not $2" >&2 && exit 2 ;;
esac
algorithm=$2
mkdir -p "$1/$algorithm"
cd -P "$1/$algorithm"

missing=()
while read -r digest; do
    [ -s "$digest.asc" ] || missing+=("$digest")
done
[ "${#missing[@]}" -gt 0 ] || { echo "  $algorithm: all signatures are there" && exit 0; }

# gpg's agent makes sockets in its home, whose path must be short.
home=$(mktemp -d /tmp/gnupg-XXXXXX)
export GNUPGHOME=$home
clean() {
    gpgconf --kill all >/dev/null 2>&1 || true
    rm -rf "$home"
}
trap clean EXIT
gpg=(gpg --batch --yes --quiet --no-tty --pinentry-mode loopback --passphrase '')
if [ -s secret.gpg ] && [ -s certificate.asc ]; then
    "${gpg[@]}" --import secret.gpg 2>/dev/null
else
    rm -f ./*.asc secret.gpg
    "${gpg[@]}" --quick-generate-key "Bench $algorithm <$algorithm@hospital.example>" "$algorithm" sign never 2>/dev/null
    (umask 077 && "${gpg[@]}" --export-secret-keys >secret.gpg)
    "${gpg[@]}" --armor --export >certificate.asc
fi

started=$SECONDS
sign() { printf '%s' "$1" | gpg --batch --yes --quiet --no-tty --clearsign >"$1.new" && mv "$1.new" "$1.asc"; }
export -f sign
for ((i = 0; i < ${#missing[@]}; i += 250)); do
    # More than one gpg at a time keeps the agent, which does the arithmetic, busy.
    printf '%s\n' "${missing[@]:i:250}" | xargs -P 4 -I '{}' bash -c 'sign {}'
    last=$((i + 250 < ${#missing[@]} ? i + 250 : ${#missing[@]}))
    echo "  $algorithm: $last of ${#missing[@]} signed, $((SECONDS - started)) s"
done
