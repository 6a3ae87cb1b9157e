#!/usr/bin/env bash
# The extension under the real GNU Health: its documents compared with GNU Health's own texts and those of older
# releases (oracle.py), documents of all releases adopted and changed afterwards (history.py), a prescription's life
# from draft to attack (scenario.py), every way round a seal tried on each document (tests/bypass), docs/gnuhealth.md as it
# stands, an update of GNU Health included (administrators.py), and the verdict on GNU Health's printed prescription, by the
# module of docs/reports.md (printing.py). Uses the extension of the last build.
#
#     tests/gnuhealth/run.sh [--seed N] [--count N] [--part oracle|history|scenario|bypass|administrators|printing]
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
wanted() { [ -z "$only" ] || [ "$only" = "$1" ]; }
# part NAME COMMAND...: runs it on a copy of the database, and adds its checks to the sum. Or on $database, which is there,
# as $configuration says.
part() {
    local name=$1 log=$LOGS/gnuhealth-$1.log status=0 good=0 bad=0
    wanted "$name" || return 0
    shift
    header "$name"
    [ -n "${database:-}" ] || createdb -T gnuhealth "$name"
    "$@" --config "$configuration" --database "${database:-$name}" --seed "$seed" >"$log" 2>"$log.stderr" </dev/null || status=$?
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

# What follows is a hospital whose GNU Health connects as the tables' owner, and not as a superuser.
as_owner() {
    createuser gnuhealth && createdb -O gnuhealth hospital &&
        pg_restore -d hospital --no-owner --role gnuhealth --exit-on-error "$dump" && createdb -T hospital -O gnuhealth printing
}
# The module of docs/reports.md, as trytond finds modules; and one that adds a column to a protected table.
modules() {
    local name site=$home/site
    rm -rf "$site"
    for name in health_verdict health_verdict_batch; do
        mkdir -p "$site/$name" "$site/$name-1.0.dist-info"
        printf '[trytond.modules]\n%s = %s\n' "$name" "$name" >"$site/$name-1.0.dist-info/entry_points.txt"
        printf 'Metadata-Version: 2.1\nName: %s\nVersion: 1.0\n' "$name" >"$site/$name-1.0.dist-info/METADATA"
    done
    "$ROOT/tools/docs.sh" extract "$ROOT/docs/reports.md" "$site" && mv "$site/gnuhealth_report.py" "$site/health_verdict/__init__.py"
    printf '[tryton]\nversion=7.0.0\ndepends:\n    health_crypto\n' >"$site/health_verdict/tryton.cfg"
    printf '[tryton]\nversion=7.0.0\ndepends:\n    health_verdict\n' >"$site/health_verdict_batch/tryton.cfg"
    cat >"$site/health_verdict_batch/__init__.py" <<'PYTHON'
from trytond.model import fields
from trytond.pool import Pool, PoolMeta


class Line(metaclass=PoolMeta):
    __name__ = 'gnuhealth.prescription.line'

    batch = fields.Char('Batch')


def register():
    Pool.register(Line, module='health_verdict_batch', type_='model')
PYTHON
}
# trytond imports what it finds, so this site is seen by nothing else.
install_modules() {
    sql -d printing -c 'CREATE EXTENSION health_crypto' -c 'SELECT * FROM health_crypto.protect_gnuhealth()' &&
        PYTHONPATH=$home/site "$venv/bin/trytond-admin" -c "$configuration" -d printing -u health_verdict health_verdict_batch -v
}
if wanted administrators || wanted printing; then
    # It is the only one with the extension: undoing all drops the extension's roles, which belong to the whole cluster.
    for part in oracle history scenario bypass; do dropdb --if-exists "$part" 2>/dev/null; done
    step "the same, of the role gnuhealth" as_owner
    configuration=$home/trytond-owner.conf
    printf '[database]\nuri = postgresql://gnuhealth@/\npath = %s\n' "$home/attachments" >"$configuration"
    database=hospital part administrators "${python[@]}" "$here/administrators.py"
    # docs/gnuhealth.md undoes all, the roles too, so this comes after it.
    if wanted printing; then
        modules
        step "modules of a hospital, with trytond-admin -u" install_modules
        PYTHONPATH=$home/site database=printing part printing "${python[@]}" "$here/printing.py"
    fi
fi

header "all of GNU Health"
if grep -E 'PANIC|terminated by signal' "$(cluster_log "$CLUSTER")"; then
    failed=$((failed + 1))
fi
# tools/test.sh adds up lines that begin with "checks: N", so those of the parts are shown as "checks: of NAME: N".
say "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
