#!/usr/bin/env bash
# docs/reports.md run as it stands, with the real pg_cron; then what it promises: alerts come once, and again after a
# document was mended; two runs at once; a run by pg_cron itself; metrics by postgres_exporter and as text, read by
# Prometheus' own parser; dispensing in two sessions. Prints "checks: N passed, N failed".
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"
# shellcheck source=tests/lib.sh
. "$ROOT/tests/lib.sh"

here=$ROOT/tests/reports
place=$(mktemp -d /tmp/hc-reports.XXXXXX)
on_exit rm -rf "$place"
export data=$ROOT/tests/pg_regress/data
private_module pg_cron || die "pg_cron is not installed for PostgreSQL $PG_MAJOR (Debian: postgresql-$PG_MAJOR-cron)"
python_venv reports "$here/requirements.txt"

cluster_temporary reports -c shared_preload_libraries=pg_cron -c cron.database_name=hospital -c cron.use_background_workers=on \
    -c max_worker_processes=20
createdb hospital
export PGDATABASE=hospital
sql -v "fixtures=$ROOT/tests/fixtures" -f "$here/setup.sql" >/dev/null
# as ROLE STATEMENT: its answer, or its SQLSTATE.
as() { psql -X -q -A -t -v VERBOSITY=sqlstate -U "$1" -c "$2" 2>&1; }

# Where the Python tests' way of counting is.
export PYTHONPATH=$ROOT/tests/gnuhealth
sessions() {
    "$(psycopg_python)" "$here/sessions.py" "$1" >"$place/sessions" 2>&1 || true
    counted "$place/sessions"
}

header "docs/reports.md"
"$ROOT/tools/docs.sh" run "$ROOT/docs/reports.md" "$place" >"$place/result" 2>&1 || true
counted "$place/result"

header "metrics"
# A user id with all that must be escaped, of a certificate that expires.
holder=$'Eve "the" \\ Nurse\\n\nward="3"} 1 <eve@hospital.example>'
sq key generate --userid "$holder" --expires-in 1y --export "$place/eve.secret" >/dev/null 2>&1
sq key extract-cert --output "$place/eve.cert" "$place/eve.secret"
sql >/dev/null <<SQL
\set certificate \`cat "$place/eve.cert"\`
SELECT health_crypto.import_certificate(:'certificate', '{}');
SQL
"$ROOT/tools/docs.sh" extract "$ROOT/docs/reports.md" "$place"
# certificates shows a character in place of what would end a line; the rule for labels is for any text, so that is tried too.
psql -X -A -t -U night_watch -v "holder=$holder" >"$place/label.prom" <<'SQL'
SELECT 'health_crypto_label{' || audit.label('holder', :'holder') || '} 1';
SQL
psql -X -A -t -U exporter -c 'SELECT line FROM audit.prometheus' >"$place/text.prom"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
DATA_SOURCE_NAME="host=$PGHOST port=$PGPORT user=exporter dbname=hospital sslmode=disable" prometheus-postgres-exporter \
    --extend.query-path="$place/exporter.yaml" --disable-default-metrics --disable-settings-metrics \
    --no-collector.database --no-collector.bgwriter --web.listen-address="127.0.0.1:$port" >"$place/exporter.log" 2>&1 &
exporter=$!
on_exit kill "$exporter"
"$VENV/bin/python" "$here/metrics.py" "$place/text.prom" "$place/label.prom" "http://127.0.0.1:$port/metrics" "$holder" >"$place/metrics" 2>&1 ||
    log_tail "$place/exporter.log"
counted "$place/metrics"
check "the exporter may read no table of the hospital" "ERROR:  42501" "$(as exporter 'SELECT FROM gnuhealth_prescription_order')"
check "nor the history itself" "ERROR:  42501" "$(as exporter 'SELECT FROM audit.failure')"
check "nor verify" "ERROR:  42501" "$(as exporter 'SELECT FROM health_crypto.verify_all()')"

header "alerts"
alerts() { sql_value "SELECT string_agg(key || ' ' || content || CASE WHEN mended IS NULL THEN '' ELSE ' mended' END, ', ' ORDER BY alert) FROM audit.alert"; }
night() { sql_value 'SELECT audit.verify_everything() IS NOT NULL' -U night_watch; }
# dose KEY VALUE: behind the triggers, as their owner can.
dose() {
    sql -U gnuhealth -c 'ALTER TABLE gnuhealth_prescription_line DISABLE TRIGGER USER' \
        -c "UPDATE gnuhealth_prescription_line SET dose = $2 WHERE presc_order = $1"
    sql -c 'SELECT FROM health_crypto.enable_triggers()' >/dev/null
}
check "alerts of the first run" "3 altered, 5 missing" "$(alerts)"
night >/dev/null
check "who failed yesterday raises no new alert" "3 altered, 5 missing" "$(alerts)"
dose 2 20
night >/dev/null
check "who newly fails does" "3 altered, 5 missing, 2 altered" "$(alerts)"
dose 3 3
night >/dev/null
check "who was mended is no longer open" "3 altered mended, 5 missing, 2 altered" "$(alerts)"
dose 3 30
night >/dev/null
check "and raises one again when he fails again" "3 altered mended, 5 missing, 2 altered, 3 altered" "$(alerts)"
check "every run is in the history" 5 "$(sql_value 'SELECT count(*) FROM audit.verification WHERE finished IS NOT NULL AND gaps = 0')"
check "and what failed in it" "2,2,3,2,3" "$(sql_value 'SELECT string_agg(n::text, $$,$$ ORDER BY run) FROM (SELECT run, count(*) n FROM audit.failure GROUP BY run) f')"
check "counts of each run" "5,5,5,5,5" "$(sql_value 'SELECT string_agg(n::text, $$,$$ ORDER BY run) FROM (SELECT run, sum(documents) n FROM audit.verdict_count GROUP BY run) f')"

header "two runs at once"
sessions verifications

header "a run by pg_cron, and meanwhile two sessions that dispense"
check "the dashboard may not schedule" "ERROR:  42501" "$(as dashboard "SELECT cron.schedule('x', '* * * * *', 'SELECT 1')")"
dose 2 2
night >/dev/null
dose 2 22
before=$(sql_value 'SELECT max(run) FROM audit.verification')
# Once a minute is as often as the pg_cron of Debian 12 goes.
sql -U night_watch -c "SELECT cron.schedule('verify everything', '* * * * *', 'SELECT audit.verify_everything()')" >/dev/null
sessions dispensing
for _ in $(seq 150); do
    [ "$(sql_value "SELECT count(*) FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')")" = 0 ] || break
    sleep 0.5
done
sql -U night_watch -c "SELECT cron.unschedule('verify everything')" >/dev/null
check "what pg_cron says of it" "night_watch succeeded" \
    "$(sql_value "SELECT username || ' ' || status FROM cron.job_run_details ORDER BY runid LIMIT 1")"
check "a run more" t "$(sql_value "SELECT max(run) > $before FROM audit.verification WHERE finished IS NOT NULL")"
check "who newly fails raises an alert, once" 1 "$(sql_value "SELECT count(*) FROM audit.alert WHERE key = '2' AND mended IS NULL AND run > $before")"
check "content in the log" 0 "$(grep -c 'PRES00\|Amoxicillin' "$(cluster_log "$CLUSTER")" || true)"
check "crashes" 0 "$(grep -c 'PANIC\|terminated by signal' "$(cluster_log "$CLUSTER")" || true)"
say "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
