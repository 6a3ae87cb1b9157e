#!/usr/bin/env bash
# Runs tests/isolation/specs with PostgreSQL's own isolation tester on a cluster of its own: what holds when several
# sessions write one document at once. The extension is created once; each spec makes its own tables.
#
#     tests/isolation/run.sh                  all
#     tests/isolation/run.sh NAME...          these
#     tests/isolation/run.sh --accept NAME... copies the results of the last run to tests/isolation/expected, for review
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"

tests=$ROOT/tests/isolation
output=$STATE/isolation

if [ "${1:-}" = --accept ]; then
    shift
    [ $# -gt 0 ] || die "say which specs"
    for name in "$@"; do
        [ -f "$output/results/$name.out" ] || die "no result of spec $name: run tests/isolation/run.sh $name first"
        mkdir -p "$tests/expected"
        cp "$output/results/$name.out" "$tests/expected/$name.out"
        say "accepted tests/isolation/expected/$name.out; read it before you commit it"
    done
    exit 0
fi

private_postgres
tester=${PG_REGRESS%/regress/pg_regress}/isolation
for program in pg_isolation_regress isolationtester; do
    # They come with the server's development files (postgresql-server-dev, postgresql-devel).
    [ -x "$tester/$program" ] || die "PostgreSQL $PG_MAJOR has no $program; run: make setup"
done

if [ $# -eq 0 ]; then
    for file in "$tests"/specs/*.spec; do
        set -- "$@" "$(basename "$file" .spec)"
    done
fi

rm -rf "$output"
mkdir -p "$output/input/specs" "$output/input/expected"
cp "$tests"/specs/*.spec "$output/input/specs/"
cp "$tests"/expected/*.out "$output/input/expected/" 2>/dev/null || true
for name in "$@"; do
    [ -f "$tests/specs/$name.spec" ] || die "no such spec: $name"
    # For a new spec the tester would stop instead of showing the result.
    compgen -G "$output/input/expected/$name*.out" >/dev/null || : >"$output/input/expected/$name.out"
done

cluster_temporary isolation
log=$output/pg_isolation_regress.log
status=0
# A session that waits for ever is a failure, not a run without end.
PGISOLATIONTIMEOUT=${PGISOLATIONTIMEOUT:-30} "$tester/pg_isolation_regress" --bindir="$PG_BIN" \
    --inputdir="$output/input" --outputdir="$output" --dbname=isolation_regression --host="$PGHOST" --port="$PGPORT" \
    --user=postgres --encoding=UTF8 --load-extension=health_crypto "$@" </dev/null 2>&1 | tee "$log" || status=$?
for diffs in "$output/regression.diffs" "$output/output_iso/regression.diffs"; do
    [ -s "$diffs" ] || continue
    say "--- ${diffs#"$ROOT/"}"
    head -n 300 "$diffs" | cut -c 1-500
done
cp "$(cluster_log "$CLUSTER")" "$LOGS/isolation-server.log"
if grep -E 'PANIC|terminated by signal|server closed the connection' "$LOGS/isolation-server.log" "$log" >/dev/null; then
    say "--- the server crashed:"
    log_tail "$LOGS/isolation-server.log"
    [ "$status" -ne 0 ] || status=1
fi
# "test x ... ok" until PostgreSQL 15, "ok 1 - x" from 16.
passed=$(grep -cE '(\.\.\. ok( |$)|^ok +[0-9])' "$log" || true)
failed=$(grep -cE '(\.\.\. FAILED|^not ok +[0-9])' "$log" || true)
[ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
say "checks: $passed passed, $failed failed"
exit "$status"
