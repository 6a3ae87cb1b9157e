#!/usr/bin/env bash
# Messages of RFC 9580 with another implementation as the judge: rPGP (src/main.rs), because GnuPG 2.2 and Debian's sq know
# neither AEAD messages nor certificates of version 6. In both directions, through SQL, on a throw-away PostgreSQL, for a key
# of every kind. Prints "checks: N passed, N failed".
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"
# shellcheck source=tests/lib.sh
. "$ROOT/tests/lib.sh"

home=$(mktemp -d /tmp/hc-interop.XXXXXX)
on_exit rm -rf "$home"
step "build of the other implementation" \
    env CARGO_TARGET_DIR="$STATE/interop" cargo build --locked --manifest-path "$ROOT/tests/interop/Cargo.toml"
rpgp() { "$STATE/interop/debug/rpgp" "$@"; }

cluster_temporary interop
createdb hospital
sql -d hospital -c 'CREATE EXTENSION health_crypto'
query() { psql -d hospital -X -qAt "$@" 2>&1; }

printf 'Amoxicilina 500 mg ÷ día – 7 días\n%s\n' "$(seq 1 500)" >"$home/text"
printf 'Hello' >"$home/other"
sum() { sha256sum | cut -d ' ' -f 1; }
text=$(sum <"$home/text")

# ours TEXT RECIPIENTS: a message of encrypt().
ours() {
    query -v recipients="$2" <<SQL
\set text \`cat $1\`
SELECT health_crypto.encrypt(:'text', string_to_array(:'recipients', ' '));
SQL
}
# opened SECRET < message: what decrypt() makes of it.
opened() {
    cat >"$home/message"
    query <<SQL
\set message \`cat $home/message\`
\set secret \`cat $1\`
SELECT health_crypto.decrypt(:'message', :'secret', '');
SQL
}

# refused < OUTPUT: whether it is the one error.
refused() { grep -q 'ERROR:  the message cannot be decrypted' && echo refused; }

# psql's \set drops the text's last line end.
printf '%s' "$(cat "$home/text")" >"$home/text.tmp" && mv "$home/text.tmp" "$home/text"
text=$(sum <"$home/text")

rpgp generate "$home" >"$home/kinds"
check "kinds of keys" 15 "$(wc -l <"$home/kinds")"
while read -r name form; do
    certificate=$home/$name.asc secret=$home/$name.secret.asc
    fingerprint=$(query <<SQL
\set certificate \`cat $certificate\`
SELECT health_crypto.import_certificate(:'certificate', documents => '{}');
SQL
    )
    check "$name may receive" t \
        "$(query -c "SELECT can_encrypt FROM health_crypto.certificates WHERE fingerprint = '$fingerprint'")"

    # Ours, by address; the form is what the certificate says, and for AEAD the algorithm that everybody must have.
    ours "$home/text" "$name@example.org" >"$home/ours"
    rpgp decrypt "$secret" <"$home/ours" >"$home/read" 2>"$home/why" || cat "$home/why"
    case $form in v1) expected=v1 ;; *) expected="v2 AES256 Ocb" ;; esac
    check "$name: the form of ours" "$expected" "$(head -n 1 "$home/read")"
    check "$name reads ours" "$text" "$(tail -n +2 "$home/read" | sum)"
    # A changed octet of the encrypted data: so that what was read above was authenticated, too.
    sed '6s/^./\x2f/;6s/^\(.\)./\1+/' "$home/ours" | grep -v '^=' >"$home/changed"
    cmp -s "$home/ours" "$home/changed" && say "nothing was changed"
    check "$name refuses ours when changed" refused \
        "$(rpgp decrypt "$secret" <"$home/changed" >/dev/null 2>&1 && echo read || echo refused)"

    # Theirs: compressed CFB with MDC, or AEAD with the algorithm that everybody must have and one more.
    forms=v1
    [ "$form" = v1 ] || forms="ocb gcm"
    for theirs in $forms; do
        rpgp encrypt "$theirs" "$certificate" <"$home/text" >"$home/theirs"
        check "$name: decrypt() reads theirs ($theirs)" "$text" "$(opened "$secret" <"$home/theirs" | head -c -1 | sum)"
    done
    # For another, and with EAX, which OpenSSL does not have: like any failure.
    other=v4-p256
    [ "$name" != v4-p256 ] || other=v4-x25519
    rpgp encrypt "${forms%% *}" "$home/$other.asc" <"$home/other" >"$home/theirs"
    check "$name: decrypt() refuses what is for another" refused "$(opened "$secret" <"$home/theirs" | refused)"
    [ "$form" = v1 ] || rpgp encrypt eax "$certificate" <"$home/other" >"$home/theirs"
    [ "$form" = v1 ] ||
        check "$name: decrypt() refuses EAX" refused "$(opened "$secret" <"$home/theirs" | refused)"
done <"$home/kinds"

# All at once: version 1, because some read no other; each of them reads it.
mapfile -t names < <(cut -d ' ' -f 1 "$home/kinds")
ours "$home/text" "$(printf '%s@example.org ' "${names[@]}" | sed 's/ $//')" >"$home/ours"
for name in "${names[@]}"; do
    rpgp decrypt "$home/$name.secret.asc" <"$home/ours" >"$home/read" 2>"$home/why" || cat "$home/why"
    check "$name reads the message to all" "v1 $text" "$(head -n 1 "$home/read") $(tail -n +2 "$home/read" | sum)"
done
# All that read AEAD: version 2.
mapfile -t names < <(awk '$2 == "v2" { print $1 }' "$home/kinds")
ours "$home/text" "$(printf '%s@example.org ' "${names[@]}" | sed 's/ $//')" >"$home/ours"
for name in "${names[@]}"; do
    rpgp decrypt "$home/$name.secret.asc" <"$home/ours" >"$home/read" 2>"$home/why" || cat "$home/why"
    check "$name reads the AEAD message to all who can" "v2 AES256 Ocb $text" \
        "$(head -n 1 "$home/read") $(tail -n +2 "$home/read" | sum)"
done

say "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
