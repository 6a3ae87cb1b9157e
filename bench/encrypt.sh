#!/usr/bin/env bash
# Measures encrypt() and decrypt() against pgcrypto's pgp_pub_encrypt() and pgp_pub_decrypt(), on one throw-away PostgreSQL.
#
#     bench/encrypt.sh [--smoke] [--no-build] [--repetitions N]
#
# Texts of 100 B, 10 kB and 1 MB that do not compress; the same RSA-3072 key for both, and X25519 for us, which pgcrypto
# does not know. Both give and take armored text, as it is stored in a column of type text. All variants run in turn on one
# machine: what counts are the ratios of processor time. Memory is the growth of the backend's peak over a run of 1 MB texts.
# --smoke: tiny counts, for continuous integration: does it still run, and does each read what the other wrote?
# --no-build: with the extension as last built, instead of a release built first.
# Raw values: target/bench/encrypt.tsv (measure, variant, repetition, value).
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tools/lib.sh"
# shellcheck source=tests/lib.sh
. "$ROOT/tests/lib.sh"

smoke=no build=yes repetitions=9
while [ $# -gt 0 ]; do
    case $1 in
        --smoke) smoke=yes build=no repetitions=1 && shift ;;
        --no-build) build=no && shift ;;
        --repetitions) repetitions=${2:?--repetitions needs a number} && shift 2 ;;
        *) sed -n '4s/^# *//p' "${BASH_SOURCE[0]}" >&2 && exit 2 ;;
    esac
done
home=$STATE/bench results=$STATE/bench/encrypt.tsv
mkdir -p "$home"
: >"$results"

private_postgres
if [ ! -f "$("$PG_BIN/pg_config" --sharedir)/extension/pgcrypto.control" ]; then
    say "skipped: this PostgreSQL has no pgcrypto"
    say "checks: 1 passed, 0 failed"
    exit 0
fi
[ "$build" = no ] || HC_PROFILE=release step "release build" "$ROOT/tools/build.sh"

header "keys"
GNUPGHOME=$(mktemp -d /tmp/hc-gpg.XXXXXX)
export GNUPGHOME
on_exit rm -rf "$GNUPGHOME"
on_exit gpgconf --kill all
gnupg() { gpg --batch --quiet --no-tty --yes --pinentry-mode loopback --passphrase '' "$@"; }
gnupg --quick-gen-key 'rsa@example.org' rsa3072 default never 2>/dev/null
fingerprint() { gpg --with-colons --list-keys "$1" | awk -F : '$1 == "fpr" { print $10; exit }'; }
gnupg --quick-add-key "$(fingerprint rsa@example.org)" rsa3072 encr never
gnupg --quick-gen-key 'x25519@example.org' ed25519 sign never 2>/dev/null
gnupg --quick-add-key "$(fingerprint x25519@example.org)" cv25519 encr never
say "RSA-3072 and X25519, made by $(gpg --version | head -n 1)"

cluster_temporary encrypt -c autovacuum=off -c jit=off -c max_parallel_workers_per_gather=0 -c shared_buffers=256MB
sql -c 'CREATE EXTENSION health_crypto' -c 'CREATE EXTENSION pgcrypto' \
    -c 'CREATE TABLE k (name text PRIMARY KEY, certificate text, secret text, fingerprint text)'
for name in rsa x25519; do
    gpg --armor --export "$name@example.org" >"$home/$name.asc"
    gnupg --armor --export-secret-keys "$name@example.org" >"$home/$name.secret.asc"
    sql -v name="$name" <<SQL
\set certificate \`cat "$home/$name.asc"\`
\set secret \`cat "$home/$name.secret.asc"\`
INSERT INTO k VALUES (:'name', :'certificate', :'secret', health_crypto.import_certificate(:'certificate'::text, '{}'));
SQL
done
# Hexadecimal digits of hashes: a text like any other to a cipher, and no two texts are the same.
sql <<'SQL'
CREATE FUNCTION a_text(size int, n int) RETURNS text LANGUAGE sql AS
    $$ SELECT left(string_agg(md5(n || '/' || i), '' ORDER BY i), size) FROM generate_series(1, size / 32 + 1) i $$;
SQL

# encrypted VARIANT SIZE COUNT: the expression that encrypts column body of that many texts.
expression() {
    case $1 in
        ours-rsa) say "health_crypto.encrypt(body, ARRAY[(SELECT fingerprint FROM k WHERE name = 'rsa')])" ;;
        ours-x25519) say "health_crypto.encrypt(body, ARRAY[(SELECT fingerprint FROM k WHERE name = 'x25519')])" ;;
        pgcrypto-rsa) say "armor(pgp_pub_encrypt(body, (SELECT dearmor(certificate) FROM k WHERE name = 'rsa')))" ;;
        pgcrypto-rsa-aes256) say "armor(pgp_pub_encrypt(body, (SELECT dearmor(certificate) FROM k WHERE name = 'rsa'), 'cipher-algo=aes256'))" ;;
    esac
}
opening() {
    case $1 in
        ours-rsa) say "health_crypto.decrypt(message, (SELECT secret FROM k WHERE name = 'rsa'), '')" ;;
        ours-x25519) say "health_crypto.decrypt(message, (SELECT secret FROM k WHERE name = 'x25519'), '')" ;;
        *) say "pgp_pub_decrypt(dearmor(message), (SELECT dearmor(secret) FROM k WHERE name = 'rsa'))" ;;
    esac
}
variants=(pgcrypto-rsa pgcrypto-rsa-aes256 ours-rsa ours-x25519)
# milliseconds SQL: processor time that a new backend takes for it, as Linux counts it: on a machine with other work the
# time on the clock says little.
milliseconds() {
    sql -A -t <<SQL | tail -n 1
SELECT pg_backend_pid() AS pid \gset
\setenv PID :pid
\set before \`cut -d ' ' -f 1 /proc/\$PID/schedstat\`
$1 \g /dev/null
\set after \`cut -d ' ' -f 1 /proc/\$PID/schedstat\`
SELECT (:after - :before) / 1e6;
SQL
}

header "each reads what the others wrote"
sql -c "CREATE TABLE body AS SELECT size, n, a_text(size, n) AS body FROM (VALUES (100), (10000), (1000000)) s (size), generate_series(1, 2) n"
# What gpg, the judge, and decrypt() make of every variant's message of every size.
for variant in "${variants[@]}"; do
    sql -c "SET client_min_messages = warning" -c "DROP TABLE IF EXISTS m" \
        -c "CREATE TABLE m AS SELECT size, n, body, $(expression "$variant") AS message FROM body"
    key=${variant##ours-} key=${key##pgcrypto-} key=${key%%-*}
    check "$variant: who encrypted it reads it" 6 \
        "$(sql_value "SELECT count(*) FROM m WHERE $(opening "$variant") = body")"
    check "$variant: decrypt() reads it" 6 "$(sql_value "SELECT count(*) FROM m WHERE $(opening "ours-$key") = body")"
    [ "$key" != rsa ] || check "$variant: pgcrypto reads it" 6 "$(sql_value "SELECT count(*) FROM m
        WHERE pgp_pub_decrypt_bytea(dearmor(message), (SELECT dearmor(secret) FROM k WHERE name = 'rsa')) = convert_to(body, 'UTF8')")"
    for size in 100 10000 1000000; do
        sql_value "SELECT message FROM m WHERE size = $size AND n = 1" >"$home/message.asc"
        check "$variant: gpg reads $size B" "$(sql_value "SELECT md5(body) FROM m WHERE size = $size AND n = 1")" \
            "$(gnupg --decrypt "$home/message.asc" 2>/dev/null | md5sum | cut -d ' ' -f 1)"
    done
done

header "time"
declare -A counts=([100]=1000 [10000]=400 [1000000]=10)
[ "$smoke" = no ] || counts=([100]=4 [10000]=4 [1000000]=2)
for ((repetition = 1; repetition <= repetitions; repetition++)); do
    for size in 100 10000 1000000; do
        count=${counts[$size]}
        sql -c "SET client_min_messages = warning" -c "DROP TABLE IF EXISTS body" -c "CREATE TABLE body AS SELECT a_text($size, n) AS body FROM generate_series(1, $count) n"
        for variant in "${variants[@]}"; do
            count=${counts[$size]}
            sql -c "SET client_min_messages = warning" -c "DROP TABLE IF EXISTS m" -c "CREATE TABLE m AS SELECT $(expression "$variant") AS message FROM body"
            # In a session of its own: the first message of a session costs each variant its key.
            for measure in encrypt decrypt; do
                if [ "$measure" = encrypt ]; then
                    query="SELECT sum(length($(expression "$variant"))) FROM body"
                else
                    # RSA's secret operation takes long, so fewer of them tell.
                    [ "$count" -le 20 ] || count=20
                    query="SELECT sum(length($(opening "$variant"))) FROM (SELECT message FROM m LIMIT $count) m"
                fi
                printf '%s\t%s\t%s\t%s\n' "$measure-$size" "$variant" "$repetition" \
                    "$(awk -v ms="$(milliseconds "$query")" -v n="$count" 'BEGIN { printf "%.4f", ms / n }')" >>"$results"
            done
        done
    done
done
# median MEASURE VARIANT
median() {
    awk -F '\t' -v m="$1" -v v="$2" '$1 == m && $2 == v { print $4 }' "$results" | sort -n |
        awk '{ a[NR] = $1 } END { print NR % 2 ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2 }'
}
say "milliseconds of processor time a message, median of $repetitions; in brackets as part of pgcrypto's with the RSA key"
for measure in encrypt decrypt; do
    for size in 100 10000 1000000; do
        base=$(median "$measure-$size" pgcrypto-rsa)
        line="  $measure $size B:"
        for variant in "${variants[@]}"; do
            value=$(median "$measure-$size" "$variant")
            line+="  $variant $value ($(awk -v a="$value" -v b="$base" 'BEGIN { printf "%.2f", a / b }'))"
        done
        say "$line"
        if [ "$smoke" = no ] && [ "$measure" = encrypt ]; then
            for variant in ours-rsa ours-x25519; do
                check "encrypt $size B, $variant, is at least as fast" yes \
                    "$(awk -v a="$(median "$measure-$size" "$variant")" -v b="$base" 'BEGIN { print a <= b ? "yes" : "no: " a / b }')"
            done
        fi
    done
done

header "memory"
# peak VARIANT: kB by which the peak of a new backend grows from one text of 100 B to ten of 1 MB.
peak() {
    local expression
    expression=$(expression "$1")
    sql -A -t <<SQL | tail -n 1
CREATE TEMP TABLE one AS SELECT a_text(1000000, n) AS body FROM generate_series(1, 10) n;
SELECT length($expression) FROM (VALUES ('x')) b (body);
SELECT pg_backend_pid() AS pid \gset
\setenv PID :pid
\set before \`sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' /proc/\$PID/status\`
SELECT sum(length($expression)) FROM one;
\set after \`sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' /proc/\$PID/status\`
SELECT :after - :before;
SQL
}
base=$(peak pgcrypto-rsa) ours=$(peak ours-rsa)
say "  peak grows by $base kB with pgcrypto, by $ours kB with us"
printf 'memory\tpgcrypto-rsa\t1\t%s\nmemory\tours-rsa\t1\t%s\n' "$base" "$ours" >>"$results"
check "memory for 1 MB is less than 16 MB more than pgcrypto's" yes "$([ $((ours - base)) -lt 16384 ] && echo yes || echo "$((ours - base)) kB")"

say "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
