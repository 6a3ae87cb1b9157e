#!/usr/bin/env bash
# Bad bytes: every function of the surface, every text that can be stored in a document, every column of the extension's
# tables and every shape of a trigger, with NULLs, nothing, nonsense and too much. Whatever is answered has an SQLSTATE of
# the contract or is PostgreSQL's own word for a bad call; nothing is an internal error, nothing ends the server.
#
#     tests/badbytes/run.sh [--full] [--seed N]
#
# The short form leaves out what is larger than a few kilobytes; --full goes up to the gigabyte that a value can have, and
# takes half an hour and 8 GB. What was tried goes to target/reliability/badbytes.tsv, one line a function.
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"
# shellcheck source=tests/lib.sh
. "$ROOT/tests/lib.sh"

here=$ROOT/tests/badbytes
sizes=(0) combinations=5 most=0 seed=$((RANDOM % 1000))
while [ $# -gt 0 ]; do
    case $1 in
        --full) sizes=(0 1 2 3) combinations=100 most=3 && shift ;;
        --seed) seed=${2:?--seed needs a number} && shift 2 ;;
        *) die "usage: tests/badbytes/run.sh [--full] [--seed N]" ;;
    esac
done
mkdir -p "$STATE/reliability"
telling=yes

cluster_temporary badbytes -c log_min_messages=error
createdb bad
export PGDATABASE=bad PGOPTIONS='-c client_min_messages=error'
data=$ROOT/tests/pg_regress/data sql -f "$here/setup.sql" >/dev/null
say "seed $seed"
parts=()
for size in "${sizes[@]}"; do parts+=("calls $size"); done
parts+=("rows $most")
sql -c 'CREATE TABLE outcome (function text, label text, state text, message text, length int, ms float8)'
for part in "${parts[@]}"; do
    read -r file size <<<"$part"
    started=$SECONDS
    sql -c 'DROP TABLE IF EXISTS call, surface; DROP PROCEDURE IF EXISTS one, calls, tampered'
    [ "$file" = calls ] || sql -v seed="0.$seed" -v least=9 -v most=9 -v combinations=0 -f "$here/calls.sql" >/dev/null
    # Without ON_ERROR_STOP: what one statement comes to must not hide the others.
    psql -X -q -v seed="0.$seed" -v least="$size" -v most="$size" -v combinations=$combinations -f "$here/$file.sql" \
        >"$LOGS/badbytes-$file-$size.log" 2>&1 || true
    grep -h 'FAILED' "$LOGS/badbytes-$file-$size.log" >"$LOGS/badbytes-missing" || true
    check "values for every type of the surface ($file $size)" "" "$(cat "$LOGS/badbytes-missing")"
    check "no statement of the test itself failed, no connection was lost ($file $size, $((SECONDS - started)) s)" 0 \
        "$(grep -c 'ERROR\|connection' "$LOGS/badbytes-$file-$size.log" || true)"
    sql -c 'INSERT INTO outcome SELECT function, label, state, message, length, ms FROM call'
done

header "outcomes"
sql_value "SELECT state || ': ' || count(*) FROM outcome GROUP BY state ORDER BY state"
# Codes of the contract; and of PostgreSQL itself: an argument of the wrong type, an object that is not there or not of
# that kind, a value outside of a type's range.
allowed="'00000','0A000','22000','22003','22023','22030','22032','22P02','22P03','23000','42501','54000','25006',
         '22007','22008','22001','2201B','23502','23503','23505','23514','42601','42703','42704','42804','42809','42846','42883','42P01','42P17','54001','55000','55006','42611','42710','42P07','42P16','0AM00'"
check "outcomes outside of the contract" 0 "$(sql_value "SELECT count(*) FROM outcome WHERE state NOT IN ($allowed)")"
sql_value "SELECT concat_ws(' | ', function, label, state, left(message, 200)) FROM outcome WHERE state NOT IN ($allowed) ORDER BY 1 LIMIT 30"
check "messages that repeat what was passed" 0 "$(sql_value "SELECT count(*) FROM outcome WHERE length > 1000")"
sql_value "SELECT concat_ws(' | ', function, label, state, left(message, 80)) FROM outcome WHERE length > 1000 ORDER BY 1 LIMIT 10"
check "valid calls that failed" 0 "$(sql_value "SELECT count(*) FROM outcome WHERE label = 'valid' AND state <> '00000'
    AND function NOT LIKE 'health_crypto.attach%' AND function NOT LIKE 'health_crypto.decrypt_column%,text)'")"
sql_value "SELECT concat_ws(' | ', function, label, state, left(message, 80)) FROM outcome WHERE label = 'valid' AND state <> '00000' ORDER BY 1 LIMIT 10"
check "what would be longer than a value can be is over the limit" 54000 "$(sql_value "SELECT string_agg(DISTINCT state, ' ') FROM outcome WHERE function = 'limit'")"
check "thousands of calls were made ($(sql_value 'SELECT count(*) FROM outcome'))" t "$(sql_value "SELECT count(*) > 4000 FROM outcome")"
sql_value "SELECT 'slowest: ' || concat_ws(' | ', function, label, round(ms) || ' ms') FROM outcome ORDER BY ms DESC LIMIT 5"
sql_value "SELECT function || E'\t' || count(*) || E'\tno internal error, no crash\t' || count(*) FILTER (WHERE state LIKE 'XX%') || ' internal errors; codes '
              || string_agg(DISTINCT state, ' ' ORDER BY state) FROM outcome GROUP BY function ORDER BY function" >"$STATE/reliability/badbytes.tsv"

header "interrupts"
# A keyring of 16 MiB whose every certificate is as dear to judge as the limits allow can be cancelled.
python3 "$here/dear_keyring.py" "$ROOT/tests/pg_regress/data/cameron.asc" >"$STATE/dear-keyring"
sql -c 'CREATE TABLE dear (keyring text)'
sql -c "\\copy dear FROM '$STATE/dear-keyring'"
rm -f "$STATE/dear-keyring"
started=$(date +%s%N)
got=$(psql -X -q -A -t -v VERBOSITY=sqlstate -c "SET statement_timeout = '1s'" \
    -c "SELECT count(*) FROM (SELECT decode(keyring, 'hex') AS k FROM dear) d CROSS JOIN LATERAL health_crypto.import_keyring(d.k) i" 2>&1 | tail -n 1 || true)
took=$((($(date +%s%N) - started) / 1000000))
check "import_keyring() of a dear file is cancelled" "ERROR:  57014" "$got"
check "within $took ms of a limit of 1000" soon "$([ $took -lt 4000 ] && echo soon)"

cp "$(cluster_log "$CLUSTER")" "$LOGS/badbytes-server.log"
check "the server did not crash" 0 "$(grep -c -E 'PANIC|terminated by signal' "$LOGS/badbytes-server.log" || true)"
say "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
