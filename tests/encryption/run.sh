#!/usr/bin/env bash
# docs/encryption.md run as it stands, with the real gpg on a throw-away PostgreSQL; messages of sq; then a logical
# subscriber, which must store what the publisher stores. Prints "checks: N passed, N failed".
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"
# shellcheck source=tests/lib.sh
. "$ROOT/tests/lib.sh"

home=$(mktemp -d /tmp/hc-encryption.XXXXXX)
on_exit rm -rf "$home"
mkdir -m 700 "$home/gnupg"
export GNUPGHOME=$home/gnupg
on_exit gpgconf --kill all
# So that the commands can stand in the document as a person types them.
printf '%s\n' batch quiet no-tty yes 'pinentry-mode loopback' 'passphrase ""' >"$GNUPGHOME/gpg.conf"

cluster_temporary encryption -c wal_level=logical
createdb hospital
sql -d hospital -c 'CREATE EXTENSION health_crypto'
status=0
"$ROOT/tools/docs.sh" run "$ROOT/docs/encryption.md" "$home" >"$home/result" || status=1
counted "$home/result"

# sq, Sequoia's program, as Debian has it: it reads ours, and decrypt() reads its messages however they are compressed.
# (It is too old for AEAD and for certificates of version 6: tests/interop has those.)
printf 'Amoxicilina 500 mg ÷ día – 7 días\n%s' "$(seq 1 2000)" >"$home/text"
sum() { sha256sum | cut -d ' ' -f 1; }
text=$(sum <"$home/text")
for suite in cv25519 rsa3k; do
    sq key generate --cipher-suite "$suite" --userid "<$suite@hospital.example>" --export "$home/$suite.secret"
    sq key extract-cert --output "$home/$suite.cert" "$home/$suite.secret"
    psql -d hospital -qAt >"$home/ours" <<SQL
\set certificate \`cat $home/$suite.cert\`
\set text \`cat $home/text\`
SELECT health_crypto.import_certificate(:'certificate', documents => '{}') \g /dev/null
SELECT health_crypto.encrypt(:'text', ARRAY['$suite@hospital.example']);
SQL
    check "sq reads ours ($suite)" "$text" \
        "$(sq decrypt --recipient-key "$home/$suite.secret" "$home/ours" 2>"$home/why" | sum)"
    for compression in none pad zip zlib bzip2; do
        sq encrypt --compression "$compression" --recipient-cert "$home/$suite.cert" "$home/text" >"$home/message"
        key=$(sq decrypt --dump-session-key --recipient-key "$home/$suite.secret" "$home/message" 2>&1 >/dev/null |
            sed -n 's/.*[Ss]ession key: \([0-9A-Fa-f]*\)$/9:\1/p' | head -n 1)
        # bzip2 is not taken: that is like any other failure.
        case $compression in bzip2) expected="22000 22000" ;; *) expected="t t" ;; esac
        printed=$(psql -d hospital -qAt 2>&1 <<SQL | sed 's/^ERROR: *//' | paste -sd ' '
\set VERBOSITY sqlstate
\set message \`cat $home/message\`
\set secret \`cat $home/$suite.secret\`
\set text \`cat $home/text\`
SELECT health_crypto.decrypt(:'message', :'secret', '') = :'text';
SELECT health_crypto.decrypt(:'message', '$key') = :'text';
SQL
        )
        check "decrypt() on a message of sq, $suite, compressed: $compression" "$expected" "$printed"
    done
done

# The subscriber has the column's registration and triggers, from a dump, and an empty keyring.
createdb replica
pg_dump -d hospital | sql -d replica >/dev/null
sql -d replica -c 'TRUNCATE finding' -c 'DELETE FROM health_crypto.certificate'
sql -d hospital -c 'CREATE PUBLICATION finding FOR TABLE finding' \
    -c "SELECT pg_create_logical_replication_slot('finding', 'pgoutput')" >/dev/null
sql -d replica -c "CREATE SUBSCRIPTION finding CONNECTION 'host=$PGHOST port=$PGPORT user=postgres dbname=hospital'
    PUBLICATION finding WITH (create_slot = false)" 2>/dev/null
sql -d hospital -c "INSERT INTO finding (patient, note) VALUES (7, 'replicated')" \
    -c "UPDATE finding SET note = 'changed and replicated' WHERE id = 3"
state='SELECT count(*), count(note), md5(string_agg(id || coalesce(note, $$-$$), $$,$$ ORDER BY id)) FROM finding'
published=$(sql_value "$state" -d hospital)
subscribed=
for _ in $(seq 100); do
    subscribed=$(sql_value "$state" -d replica)
    [ "$subscribed" = "$published" ] && break
    sleep 0.2
done
check "what the subscriber stores" "$published" "$subscribed"
check "messages on the subscriber" 5 "$(sql_value "SELECT count(*) FROM finding WHERE note LIKE '-----BEGIN PGP MESSAGE%'" -d replica)"
check "certificates on the subscriber" 0 "$(sql_value 'SELECT count(*) FROM health_crypto.certificate' -d replica)"
sql -d replica -c 'ALTER SUBSCRIPTION finding DISABLE' -c 'ALTER SUBSCRIPTION finding SET (slot_name = NONE)' \
    -c 'DROP SUBSCRIPTION finding'

say "checks: $passed passed, $failed failed"
[ "$status" -eq 0 ] && [ "$failed" -eq 0 ]
