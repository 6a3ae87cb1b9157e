#!/usr/bin/env bash
# The extension under the real GNU Health: its documents compared with GNU Health's own texts and those of older
# releases (oracle.py), documents of all releases adopted and changed afterwards (history.py), a prescription's life
# from draft to attack (scenario.py), and every way round a seal tried on each document (tests/bypass). Uses the extension
# of the last build.
#
#     tests/gnuhealth/run.sh [--seed N] [--count N] [--part oracle|history|scenario|bypass]
#
# Making GNU Health's database takes over a minute, so a dump of it is kept below target/gnuhealth for the next run.
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"

here=$ROOT/tests/gnuhealth
seed=$((RANDOM * 32768 + RANDOM)) count=300 only=
while [ $# -gt 0 ]; do
    case $1 in
        --seed) seed=${2:?--seed needs a number} && shift 2 ;;
        --part) only=${2:?--part needs a name} && shift 2 ;;
        --count) count=${2:?--count needs a number} && shift 2 ;;
        *) die "usage: tests/gnuhealth/run.sh [--seed N] [--count N] [--part NAME]" ;;
    esac
done

home=$STATE/gnuhealth
configuration=$home/trytond.conf
dump=$home/database.dump
mkdir -p "$home/attachments"

header "GNU Health"
if [ -n "${HC_GNUHEALTH_VENV:-}" ]; then
    venv=$HC_GNUHEALTH_VENV
else
    "$ROOT/tools/gnuhealth-venv.sh" | tee "$LOGS/gnuhealth-venv-path"
    venv=$(tail -n 1 "$LOGS/gnuhealth-venv-path")
fi
python=("$venv/bin/python" -W ignore -B)
"$here/releases.sh" "$venv/bin/python"

cluster_temporary gnuhealth -c max_locks_per_transaction=256
# Without a host in the address libpq takes it from the environment, where the cluster's socket is.
printf '[database]\nuri = postgresql:///\npath = %s\n' "$home/attachments" >"$configuration"

make_database() {
    printf '%s' "$RANDOM$RANDOM$RANDOM" >"$home/password"
    createdb gnuhealth &&
        TRYTONPASSFILE=$home/password "$venv/bin/trytond-admin" -c "$configuration" -d gnuhealth \
            -u health_crypto health_crypto_lab --activate-dependencies --email admin@hospital.example -l es fr -v &&
        pg_dump -Fc -Z 1 -f "$dump.new" gnuhealth && mv "$dump.new" "$dump" && printf '%s\n' "$made_of" >"$dump.made-of"
}
restore_database() {
    createdb gnuhealth && pg_restore -d gnuhealth --no-owner --exit-on-error "$dump"
}
made_of=$(cat "$here/requirements.txt" <("$PG_BIN/postgres" --version) | sha256sum)
if [ -s "$dump" ] && [ "$(cat "$dump.made-of" 2>/dev/null)" = "$made_of" ]; then
    step "database of GNU Health from $(basename "$dump")" restore_database
else
    step "database of GNU Health, new" make_database
fi
sql -d gnuhealth -c 'VACUUM ANALYZE'

passed=0 failed=0
# part NAME COMMAND...: runs it on a copy of the database, and adds its checks to the sum.
part() {
    local name=$1 log=$LOGS/gnuhealth-$1.log status=0 good=0 bad=0
    [ -z "$only" ] || [ "$only" = "$name" ] || return 0
    shift
    header "$name"
    createdb -T gnuhealth "$name"
    "$@" --config "$configuration" --database "$name" --seed "$seed" >"$log" 2>"$log.stderr" </dev/null || status=$?
    sed 's/^checks: /&of '"$name"': /' "$log"
    read -r good bad < <(awk '/^checks: / { p += $2; f += $4 } END { print p + 0, f + 0 }' "$log")
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
        log_tail "$log.stderr" 60
    fi
    passed=$((passed + good)) failed=$((failed + bad))
}

part oracle "${python[@]}" "$here/oracle.py" --count "$count" --releases "$home/releases"
part history "${python[@]}" "$here/history.py" --count "$count" --releases "$home/releases"
part scenario "${python[@]}" "$here/scenario.py"
mkdir -p "$STATE/reliability"
PYTHONPATH=$here part bypass "${python[@]}" "$ROOT/tests/bypass/bypass.py" --table "$STATE/reliability/bypass.tsv"

header "all of GNU Health"
if grep -E 'PANIC|terminated by signal' "$(cluster_log "$CLUSTER")"; then
    failed=$((failed + 1))
fi
# tools/test.sh adds up lines that begin with "checks: N", so those of the parts are shown as "checks: of NAME: N".
say "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
