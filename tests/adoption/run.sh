#!/usr/bin/env bash
# adopt() over the past of a hospital: what each document is found to be against what was done to it, the progress, the
# time, the memory, and that no table of the application is touched. Part of `make test-fidelity`.
#
#     tests/adoption/run.sh [--count N]      (default: 100000)
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"
# shellcheck source=tests/lib.sh
. "$ROOT/tests/lib.sh"

here=$ROOT/tests/adoption
count=100000
while [ $# -gt 0 ]; do
    case $1 in
        --count) count=${2:?--count needs a number} && shift 2 ;;
        *) die "usage: tests/adoption/run.sh [--count N]" ;;
    esac
done

header "a hospital's past, $count prescriptions"
cluster_temporary adoption -c shared_buffers=512MB -c max_wal_size=8GB -c jit=off
export PGDATABASE=hospital
make_past() {
    createdb hospital &&
        sql -f "$ROOT/tests/fixtures/gnuhealth.sql" -f "$ROOT/bench/hospital.sql" -c 'CREATE EXTENSION health_crypto' \
            -c 'SELECT * FROM health_crypto.protect_gnuhealth()' -c "SELECT health_crypto.unprotect('prescription')" &&
        sql -v "count=$count" -f "$here/past.sql"
}
step "written, sealed, changed" make_past
# What there was must stay: row for row, version for version.
tables="SELECT count(*), sum(hashtextextended(o.ctid::text || o::text, 0)) FROM gnuhealth_prescription_order o
        UNION ALL SELECT count(*), sum(hashtextextended(l.ctid::text || l::text, 0)) FROM gnuhealth_prescription_line l"
sql -c 'SELECT * FROM health_crypto.protect_gnuhealth()' >/dev/null
before=$(sql_value "$tables")
sealed=$(sql_value 'SELECT count(*) FROM expected WHERE content IS NOT NULL')

header "adopt()"
# One session: its memory without what it shares is read while it works.
log=$LOGS/adoption.log
: >"$log"
sql -A -t >"$log" 2>&1 <<SQL &
SELECT 'backend: ' || pg_backend_pid();
SELECT count(*) FROM health_crypto.verify_all('prescription') LIMIT 0;
SELECT 'start';
CREATE TABLE found AS SELECT key, content, signature, language, definition, changes FROM health_crypto.adopt();
SELECT 'stop';
SQL
session=$!
on_exit kill "$session"
first=0 peak=0 pid=
while kill -0 "$session" 2>/dev/null; do
    pid=${pid:-$(sed -n 's/^backend: //p' "$log")}
    if [ -n "$pid" ] && grep -q '^start$' "$log"; then
        now=$(awk '/^RssAnon:/ { print $2 }' "/proc/$pid/status" 2>/dev/null) || now=
        if [ -n "$now" ]; then
            [ "$first" -gt 0 ] || first=$now
            [ "$now" -le "$peak" ] || peak=$now
        fi
    fi
    sleep 0.05
done
wait "$session" || { log_tail "$log" && die "adopt() failed"; }
HC_ON_EXIT=("${HC_ON_EXIT[@]:0:${#HC_ON_EXIT[@]}-1}")
grep -a NOTICE "$log" | sed 's/^/  /'
say "  memory of the session beyond what it shares: $((first / 1024)) MB at the start, $((peak / 1024)) MB at most"

wrong="SELECT e.key, e.content, f.content FROM expected e FULL JOIN found f ON f.key = e.key::text
        WHERE CASE WHEN e.content IN ('altered', 'forged') THEN e.content END IS DISTINCT FROM f.content"
sql_value "$wrong ORDER BY 1 LIMIT 10" | sed 's/^/  wrong: /'
check "documents that do not hold, and no others" 0 "$(sql_value "SELECT count(*) FROM ($wrong) w")"
check "documents entered" "$sealed" "$(sql_value "SELECT count(DISTINCT key) FROM health_crypto.register WHERE event = 'adoption'")"
check "entered as what they are" 0 "$(sql_value "SELECT count(*) FROM expected e
    JOIN health_crypto.register r ON r.key = e.key::text AND r.event = 'adoption' AND r.verdict <> e.content")"
check "form of each" 0 "$(sql_value "SELECT count(*) FROM written w JOIN health_crypto.register r ON r.key = w.key::text
    AND r.event = 'adoption' AND r.verdict IN ('intact', 'drifted')
    AND r.definition <> 'gnuhealth_documents.prescription_' || replace(w.form, '.', '_') || '(integer[], text)'")"
check "tables of the application" "$before" "$(sql_value "$tables")"
[ "$count" -lt 20000 ] || check "notices of progress" yes "$([ "$(grep -ac 'NOTICE.*looked at' "$log")" -ge $((count / 10000)) ] && echo yes)"
check "memory grew by less than 64 MB" yes "$([ $((peak - first)) -lt 65536 ] && echo yes)"

header "adopt() again, and verify_all()"
sql -c 'SET client_min_messages = warning' -c 'CREATE TABLE again AS SELECT * FROM health_crypto.adopt()'
check "found again" 0 "$(sql_value 'SELECT count(*) FROM found f FULL JOIN again a USING (key) WHERE f.content IS DISTINCT FROM a.content')"
check "nothing entered twice" "$sealed" "$(sql_value "SELECT count(*) FROM health_crypto.register WHERE event = 'adoption'")"
step "verify_all()" sql -c "CREATE TABLE verified AS SELECT * FROM health_crypto.verify_all()"
check "verdicts of all" 0 "$(sql_value "SELECT count(*) FROM expected e FULL JOIN verified v ON v.key = e.key::text
    WHERE COALESCE(e.content, 'draft') IS DISTINCT FROM v.content")"

# From now on the register tells a product that was exchanged from one that was renamed, which the texts could not.
exchange() {
    sql -c 'ALTER TABLE gnuhealth_prescription_line DISABLE TRIGGER USER' \
        -c "UPDATE gnuhealth_prescription_line l SET medicament = 1 + l.medicament % 300 FROM expected e
             WHERE e.key = l.presc_order AND e.content IN ('intact', 'drifted') AND e.key % 3 = 0
               AND l.id = (SELECT min(x.id) FROM gnuhealth_prescription_line x WHERE x.presc_order = l.presc_order)" \
        -c 'ALTER TABLE gnuhealth_prescription_line ENABLE TRIGGER USER' \
        -c "CREATE TABLE exchanged AS SELECT * FROM health_crypto.verify_all()"
}
step "products exchanged behind the triggers, verify_all()" exchange
check "exchanged products" 0 "$(sql_value "SELECT count(*) FROM expected e JOIN exchanged v ON v.key = e.key::text
    WHERE e.content IN ('intact', 'drifted')
      AND v.content IS DISTINCT FROM CASE WHEN e.key % 3 = 0 THEN 'altered' ELSE e.content END")"
sql_value "SELECT format('  %s: %s', content, count(*)) FROM expected GROUP BY content ORDER BY 1"
say "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
