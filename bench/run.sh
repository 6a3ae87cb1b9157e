#!/usr/bin/env bash
# Measures, on one throw-away PostgreSQL, what keeping costs. `make bench`; what verifying costs is in verify.sh.
#
#     bench/run.sh [--smoke] [--no-build] [--seconds N] [--repetitions N]
#
# 1. insert: a prescription with three lines, one transaction          (pgbench, transactions a second)
# 2. seal: a draft set to 'validated'                                   (pgbench, transactions a second)
#    each (A) without triggers, (B) with plpgsql_trigger.sql, (C) with the extension, in turn: A B C A B C ...
#
# What counts are the ratios: all variants run in turn on one machine, so that its speed and what else it does cancel out.
# --smoke: tiny counts, for continuous integration: does it all still run, and are both serialisers' texts the same?
# --no-build: with the extension as last built, instead of a release built first.
# Raw values: target/bench/results.tsv (measure, variant, repetition, value).
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tools/lib.sh"

here=$ROOT/bench
smoke=no build=yes seconds=4 repetitions=5 prefilled=1000 clients=2
while [ $# -gt 0 ]; do
    case $1 in
        --smoke) smoke=yes build=no seconds=0 repetitions=1 prefilled=40 && shift ;;
        --no-build) build=no && shift ;;
        --seconds) seconds=${2:?--seconds needs a number} && shift 2 ;;
        --repetitions) repetitions=${2:?--repetitions needs a number} && shift 2 ;;
        *) sed -n '4s/^# *//p' "${BASH_SOURCE[0]}" >&2 && exit 2 ;;
    esac
done
home=$STATE/bench
results=$home/results.tsv
mkdir -p "$home"
: >"$results"

passed=0 failed=0
# check WHAT EXPECTED ACTUAL
check() {
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        say "  FAILED: $1: expected $2, got ${3:-nothing}"
    fi
}
# result MEASURE VARIANT REPETITION VALUE
result() { printf '%s\t%s\t%s\t%s\n' "$@" >>"$results"; }

# ------------------------------------------------------------------------------------------------------- the library

header "library"
release=$home/release.sha256
library_sum() { sha256sum <"$("$PG_BIN/pg_config" --pkglibdir)/health_crypto.so"; }
private_postgres
if [ "$build" = yes ]; then
    HC_PROFILE=release step "release build" "$ROOT/tools/build.sh"
    library_sum >"$release"
fi
[ -f "$("$PG_BIN/pg_config" --pkglibdir)/health_crypto.so" ] || die "the extension is not built; run: make build"
if [ "$(cat "$release" 2>/dev/null)" = "$(library_sum)" ]; then
    say "release build: its figures may be quoted"
else
    say "the last build, perhaps not a release: do not quote its figures"
fi

# ------------------------------------------------------------------------------------------------------ the databases

header "databases"
# Nothing but the measured work is to happen while it is measured: no autovacuum, no checkpoint by time or size.
cluster_temporary bench -c autovacuum=off -c checkpoint_timeout=1h -c max_wal_size=16GB -c shared_buffers=512MB \
    -c jit=off -c max_parallel_workers_per_gather=0
say "$("$PG_BIN/postgres" --version), $(nproc) processors, fsync off, $clients clients, prepared statements"

make_databases() {
    createdb A
    sql -d A -f "$ROOT/tests/fixtures/gnuhealth.sql" -f "$here/hospital.sql" -c 'VACUUM ANALYZE'
    createdb -T A B
    sql -d B -v triggers=true -f "$here/plpgsql_trigger.sql"
    createdb -T A C
    sql -d C -c 'CREATE EXTENSION health_crypto' -c 'SELECT * FROM health_crypto.protect_gnuhealth()'
    for database in A B C; do
        # Tables that are not empty, so that no plan is made for empty ones.
        sql -d "$database" -c "CALL bench_prescribe(1, $prefilled)" -c 'VACUUM ANALYZE'
    done
}
step "hospital without triggers (A), with plpgsql (B), with the extension (C)" make_databases

# -------------------------------------------------------------------------------------------------- are they the same?

header "same text"
# The plpgsql functions beside the extension, and cases that are hard to write right.
same_text() {
    createdb -T C same
    sql -d same -v triggers=false -f "$here/plpgsql_trigger.sql" -f "$here/edge_cases.sql"
}
step "prescriptions with difficult content" same_text
count=$(sql_value 'SELECT count(*) FROM gnuhealth_prescription_order' -d same)
for language in es es_419 fr en; do
    sql -d same -c "UPDATE ir_configuration SET language = '$language'"
    check "texts that differ in language $language" 0 "$(sql_value "SELECT count(*) FROM gnuhealth_prescription_order
        WHERE bench_prescription_text(id) IS DISTINCT FROM health_crypto.serialize('prescription', id)" -d same)"
done
digests='SELECT md5(string_agg(document_digest, $$,$$ ORDER BY id)), count(document_digest) FROM gnuhealth_prescription_order'
check "digests kept by plpgsql and by the extension" "$(sql_value "$digests" -d B)" "$(sql_value "$digests" -d C)"
check "prescriptions with a digest" "$prefilled" "$(sql_value "$digests" -d C | cut -d '|' -f 2)"
say "  $count prescriptions compared in 4 languages"

# ------------------------------------------------------------------------------------------------- 1 and 2: pgbench

# pgbench_run DATABASE SCRIPT TRANSACTIONS-A-CLIENT: sets `tps`; fails if a transaction did.
pgbench_run() {
    local log=$home/pgbench.log
    "$PG_BIN/pgbench" -n -M prepared -c "$clients" -j "$clients" -t "$3" -f "$here/$2.pgbench" "$1" >"$log" 2>&1 || {
        log_tail "$log"
        die "pgbench $2 on $1 failed"
    }
    tps=$(sed -n 's/^tps = \([0-9.]*\).*/\1/p' "$log")
    check "failed transactions of $2 on $1" 0 "$(sed -n 's/^number of failed transactions: \([0-9]*\).*/\1/p' "$log")"
}
# drafts DATABASE COUNT: makes that many and points the sequence at the first.
drafts() {
    local first
    first=$(sql_value 'SELECT COALESCE(max(id), 0) + 1 FROM gnuhealth_prescription_order' -d "$1")
    sql -d "$1" -c "CALL bench_prescribe($first, $2)" -c 'VACUUM ANALYZE' \
        -c "SELECT setval('bench_next_draft', (SELECT min(id) FROM gnuhealth_prescription_order WHERE id >= $first), false)" \
        -o /dev/null
}
# measure SCRIPT DATABASE TRANSACTIONS-A-CLIENT
measure() {
    local before after
    [ "$1" != seal ] || drafts "$2" $(($3 * clients))
    before=$(sql_value "SELECT count(*) FILTER (WHERE state = 'validated') FROM gnuhealth_prescription_order" -d "$2")
    sql -d "$2" -c CHECKPOINT
    pgbench_run "$2" "$1" "$3"
    [ "$1" = seal ] || return 0
    after=$(sql_value "SELECT count(*) FILTER (WHERE state = 'validated') FROM gnuhealth_prescription_order" -d "$2")
    check "prescriptions sealed in $2" $(($3 * clients)) $((after - before))
}

for script in insert seal; do
    header "$script"
    # As many transactions as take about the time wanted, so that the sealing runs know how many drafts to make.
    declare -A transactions=()
    for database in A B C; do
        transactions[$database]=20
        [ "$seconds" -eq 0 ] || {
            measure "$script" "$database" 300
            transactions[$database]=$(awk -v t="$tps" -v s="$seconds" -v c="$clients" 'BEGIN { print int(t * s / c) + 1 }')
        }
    done
    for ((repetition = 1; repetition <= repetitions; repetition++)); do
        line="  $repetition of $repetitions:"
        for database in A B C; do
            measure "$script" "$database" "${transactions[$database]}"
            result "$script" "$database" "$repetition" "$tps"
            line+=" $database ${tps%.*}"
        done
        say "$line"
    done
    [ "$script" = insert ] || continue
    # What stands in the columns after pgbench is what the definition gives.
    check "drafts with another digest than a fresh one" 0 "$(sql_value "SELECT count(*) FROM health_crypto.verify_all()
        WHERE NOT ok OR content <> 'draft'" -d C)"
done

# A sealed prescription refuses, in both.
for database in B C; do
    refused=$(sql_value "DO \$\$ BEGIN
            UPDATE gnuhealth_prescription_line SET dose = dose + 1
             WHERE presc_order = (SELECT min(id) FROM gnuhealth_prescription_order WHERE state = 'validated');
        EXCEPTION WHEN integrity_constraint_violation THEN RAISE WARNING 'refused'; END \$\$" -d "$database" 2>&1 |
        grep -c refused) || true
    check "writes to a sealed prescription refused in $database" 1 "$refused"
done

if grep -E 'PANIC|terminated by signal' "$(cluster_log "$CLUSTER")"; then
    failed=$((failed + 1))
fi

# ------------------------------------------------------------------------------------------------------------ results

# table MEASURE VARIANT...: a Markdown table of the repetitions and their median, and the ratio to the first variant and
# of the last to the others. A ratio is the median of the ratios within each repetition, whose runs followed each other
# and so met the same machine; medians of different times would not have.
table() {
    local measure=$1
    shift
    awk -F '\t' -v measure="$measure" -v list="$*" -v repetitions="$repetitions" '
        $1 == measure { value[$2, $3] = $4 }
        # Of the values of v, or of their ratios to those of w in the same repetition.
        function median(v, w,   n, i, j, t, a) {
            n = repetitions
            for (i = 1; i <= n; i++) a[i] = value[v, i] / (w == "" ? 1 : value[w, i])
            for (i = 2; i <= n; i++) for (j = i; j > 1 && a[j - 1] > a[j]; j--) { t = a[j]; a[j] = a[j - 1]; a[j - 1] = t }
            return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
        }
        END {
            k = split(list, variant, " ")
            printf "\n| %s, a second |", measure; for (i = 1; i <= repetitions; i++) printf " %d |", i
            printf " median | of %s | least-most |\n|---|", variant[1]; for (i = 1; i <= repetitions + 3; i++) printf "---|"; print ""
            for (j = 1; j <= k; j++) {
                printf "| %s |", variant[j]
                least = most = value[variant[j], 1] + 0
                for (i = 1; i <= repetitions; i++) {
                    x = value[variant[j], i] + 0
                    printf " %d |", x
                    if (x < least) least = x
                    if (x > most) most = x
                }
                m = median(variant[j], "")
                printf " %d | %.2f | %d %% |\n", m, median(variant[j], variant[1]), m ? 100 * (most - least) / m : 0
            }
            for (j = 2; j < k; j++) printf "%s / %s: %.2f\n", variant[k], variant[j], median(variant[k], variant[j])
        }' "$results"
}
header "results"
table insert A B C
table seal A B C
say ""
[ "$smoke" = no ] || say "(smoke run: these figures mean nothing)"
say "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
