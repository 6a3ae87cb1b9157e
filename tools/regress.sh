#!/usr/bin/env bash
# Runs tests/pg_regress with PostgreSQL's own pg_regress on a cluster of its own, in database contrib_regression.
# tests/pg_regress/schedule names the tests in order; the first, setup, creates the extension and the roles.
#
#     tools/regress.sh                  all
#     tools/regress.sh NAME...          setup and these
#     tools/regress.sh --accept NAME... copies the results of the last run to tests/pg_regress/expected, for review
#
# pg_regress sets the session's time zone to PST8PDT and datestyle to Postgres, MDY.
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

tests=$ROOT/tests/pg_regress
output=$STATE/regress

if [ "${1:-}" = --accept ]; then
    shift
    [ $# -gt 0 ] || die "say which tests: make regress-accept TESTS='name name'"
    for name in "$@"; do
        [ -f "$output/results/$name.out" ] || die "no result of test $name: run make regress TESTS=$name first"
        cp "$output/results/$name.out" "$tests/expected/$name.out"
        say "accepted tests/pg_regress/expected/$name.out; read it before you commit it"
    done
    exit 0
fi

scheduled=$(sed -n 's/^test: *//p' "$tests/schedule")
for file in "$tests"/sql/*.sql; do
    name=$(basename "$file" .sql)
    [[ " ${scheduled//$'\n'/ } " == *" $name "* ]] || die "tests/pg_regress/sql/$name.sql is not in tests/pg_regress/schedule"
done

rm -rf "$output"
mkdir -p "$output/input/sql" "$output/input/expected"
cp "$tests"/sql/*.sql "$output/input/sql/"
# Certificates and signatures; tests read them with `cat $PG_ABS_SRCDIR/data/...`.
cp -r "$tests/data" "$ROOT/tests/fixtures" "$output/input/"
cp "$tests"/expected/*.out "$output/input/expected/" 2>/dev/null || true
# For a new test pg_regress would stop instead of showing the result.
for name in $scheduled; do
    [ -f "$tests/sql/$name.sql" ] || die "tests/pg_regress/schedule names $name, and there is no sql/$name.sql"
    compgen -G "$output/input/expected/$name*.out" >/dev/null || : >"$output/input/expected/$name.out"
done
schedule=$output/schedule
if [ $# -gt 0 ]; then
    echo 'test: setup' >"$schedule"
    for name in "$@"; do
        [ -f "$tests/sql/$name.sql" ] || die "no such test: $name"
        [ "$name" = setup ] || echo "test: $name" >>"$schedule"
    done
else
    cp "$tests/schedule" "$schedule"
fi

cluster_temporary regress
# For tests that run pg_dump.
export BINDIR=$PG_BIN PGUSER=postgres
log=$output/pg_regress.log
status=0
"$PG_REGRESS" --bindir="$PG_BIN" --inputdir="$output/input" --outputdir="$output" --schedule="$schedule" \
    --dbname=contrib_regression --host="$PGHOST" --port="$PGPORT" --user=postgres --encoding=UTF8 \
    --max-connections=20 </dev/null 2>&1 | tee "$log" || status=$?
if [ -s "$output/regression.diffs" ]; then
    say "--- ${output#"$ROOT/"}/regression.diffs"
    head -n 300 "$output/regression.diffs" | cut -c 1-500
    lines=$(wc -l <"$output/regression.diffs")
    [ "$lines" -le 300 ] || say "--- $((lines - 300)) more lines in that file"
fi
cp "$(cluster_log "$CLUSTER")" "$LOGS/regress-server.log"
if grep -E 'PANIC|terminated by signal|server closed the connection' "$LOGS/regress-server.log" "$log" >/dev/null; then
    say "--- the server crashed:"
    log_tail "$LOGS/regress-server.log"
    [ "$status" -ne 0 ] || status=1
fi
# The test markers put this word into every text column and switched the logging of statements off.
if grep -n 'M4RKER\|PRIVATE KEY' "$LOGS/regress-server.log" >/dev/null; then
    say "--- record content in the server's log:"
    grep -n 'M4RKER\|PRIVATE KEY' "$LOGS/regress-server.log" | head -n 20 | cut -c 1-300
    [ "$status" -ne 0 ] || status=1
fi
# "test x ... ok" until PostgreSQL 15, "ok 1 - x" from 16.
passed=$(grep -cE '(\.\.\. ok( |$)|^ok +[0-9])' "$log" || true)
failed=$(grep -cE '(\.\.\. FAILED|^not ok +[0-9])' "$log" || true)
[ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
say "checks: $passed passed, $failed failed"
exit "$status"
