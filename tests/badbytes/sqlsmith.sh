#!/usr/bin/env bash
# Random queries over the extension's functions, made by sqlsmith, from a role that owns a protected table, may call all
# functions and is nobody otherwise:
#
#     tests/badbytes/sqlsmith.sh [--minutes N] [--seed N]        (30)
#
# Fails if the server crashes or an internal error (XX000) comes from the extension. What PostgreSQL itself raises for
# such queries is only counted. Needs Debian's sqlsmith: tools/setup.sh check-packages.
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"

here=$ROOT/tests/badbytes
minutes=30 seed=$((RANDOM * 32768 + RANDOM))
while [ $# -gt 0 ]; do
    case $1 in
        --minutes) minutes=${2:?--minutes needs a number} && shift 2 ;;
        --seed) seed=${2:?--seed needs a number} && shift 2 ;;
        *) die "usage: tests/badbytes/sqlsmith.sh [--minutes N] [--seed N]" ;;
    esac
done
command -v sqlsmith >/dev/null || die "sqlsmith is missing: tools/setup.sh check-packages"
mkdir -p "$STATE/reliability"

cluster_temporary sqlsmith -c log_min_messages=error -c log_error_verbosity=verbose -c log_min_error_statement=panic
createdb smith
data=$ROOT/tests/pg_regress/data sql -d smith -f "$here/setup.sql" >/dev/null
sql -d smith -f "$here/sqlsmith.sql" >/dev/null
# As in a test of its own, to see that what counts is counted.
psql -X -q -d smith -c "SELECT health_crypto.serialize('nonesuch', 'x')" >/dev/null 2>&1 || true
log=$(cluster_log "$CLUSTER")
: >"$LOGS/sqlsmith.log"
deadline=$((SECONDS + minutes * 60)) runs=0 lost=0
while [ $SECONDS -lt $deadline ]; do
    # sqlsmith ends by itself when it loses the connection, or trips over its own feet; then it goes on with another seed.
    timeout $((deadline - SECONDS)) nice -n 19 sqlsmith --target="host=$PGHOST port=$PGPORT dbname=smith user=smith
        options='-c search_path=focus,public,health_crypto,pg_catalog -c client_min_messages=error'" \
        --seed=$((seed + runs)) --exclude-catalog --verbose >>"$LOGS/sqlsmith.log" 2>&1 </dev/null || true
    runs=$((runs + 1))
    sql_value 'SELECT 1' >/dev/null 2>&1 || {
        lost=$((lost + 1))
        sleep 5
    }
    [ $runs -lt 500 ] || die "sqlsmith does not get on: $(tail -n 3 "$LOGS/sqlsmith.log")"
    sleep 1
done

cp "$log" "$LOGS/sqlsmith-server.log"
log=$LOGS/sqlsmith-server.log
queries=$(tr '\r' '\n' <"$LOGS/sqlsmith.log" | sed -n 's/^queries: \([0-9]*\).*/\1/p' | sort -n | tail -n 1)
# Errors that the extension raised: the line LOCATION, some lines after the message, says where; ours come from Rust.
errors_of_ours() {
    awk '/ERROR:  / { sub(/.*ERROR:  /, ""); message = $0 }
         /LOCATION:  / { if (message && /\.rs:|health_crypto:/) print message; message = "" }' "$log"
}
ours=$(errors_of_ours | cut -c 1-5 | sort | uniq -c | awk '{ printf "%s %s; ", $1, $2 }')
internal=$(errors_of_ours | grep '^XX' | sort | uniq -c || true)
theirs=$(grep -c 'ERROR:  XX' "$log" || true)
crashes=$(grep -c -E 'PANIC|terminated by signal' "$log" || true)
say "seed $seed: ${queries:-0} queries and more in $runs runs; errors of the extension: ${ours:-none}"
say "internal errors in all: $theirs; of the extension: $(printf '%s' "$internal" | grep -c . || true)"
[ -z "$internal" ] || say "$internal"
passed=0 failed=0
if [ "$crashes" -eq 0 ] && [ "$lost" -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)) && say "FAILED: crashes: $crashes, connections lost: $lost"; fi
if [ -z "$internal" ]; then passed=$((passed + 1)); else failed=$((failed + 1)) && say "FAILED: internal errors of the extension"; fi
if [ -n "$ours" ]; then passed=$((passed + 1)); else failed=$((failed + 1)) && say "FAILED: no query has reached the extension"; fi
printf 'sqlsmith, %s minutes: queries\t%s\tcrashes: 0, internal errors of the extension: 0\tcrashes: %s, internal errors of the extension: %s\n' \
    "$minutes" "${queries:-0}" "$crashes" "$(printf '%s' "$internal" | grep -c . || true)" >"$STATE/reliability/sqlsmith.tsv"
say "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
