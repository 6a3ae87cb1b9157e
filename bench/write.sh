#!/usr/bin/env bash
# Measures, on one throw-away PostgreSQL, what keeping digests costs whoever writes. Part of `make bench`.
#
#     bench/write.sh [--smoke] [--no-build] [--seconds N] [--repetitions N] [--only unwatched|prescribe|copy]
#
# prescribe: a prescription with three lines, then sealed, in one transaction     (pgbench, transactions a second)
# prescribe-fsync: the same with fsync on
# unwatched: a write that touches no watched column; instead of A, (U) the rows of C after unprotect()
# copy: COPY of 20,000 prescriptions and their 60,000 lines in one transaction    (seconds)
# and the first three by processor time (of server and client), transactions in a second of it;
#    each (A) without triggers, (B) with plpgsql_trigger.sql, (C) with the extension, in turn: A B C A B C ...
#    prescribe also (F): a trigger that stores a constant text and enters a seal, the least that one with a register writes,
#    and (G): the same with the prescription's text, by the least query that makes it
#
# --smoke: tiny counts, for continuous integration: does it all still run, and are both serialisers' texts the same?
# --no-build: with the extension as last built, instead of a release built first.
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tools/lib.sh"
# shellcheck source=bench/lib.sh
. "$ROOT/bench/lib.sh"

smoke=no build=yes seconds=3 repetitions=5 copied=20000 prefilled=2000 clients=2 only=
while [ $# -gt 0 ]; do
    case $1 in
        --smoke) smoke=yes build=no seconds=0 repetitions=1 copied=40 prefilled=40 && shift ;;
        --no-build) build=no && shift ;;
        --seconds) seconds=${2:?--seconds needs a number} && shift 2 ;;
        --repetitions) repetitions=${2:?--repetitions needs a number} && shift 2 ;;
        --only) only=${2:?--only needs a measure} && shift 2 ;;
        *) sed -n '4s/^# *//p' "${BASH_SOURCE[0]}" >&2 && exit 2 ;;
    esac
done
wanted() { [ -z "$only" ] || [ "$only" = "$1" ]; }
library "$build"
for measure in unwatched prescribe copy; do
    ! wanted "$measure" || forget "$measure"
done
! wanted prescribe || forget disk

header "databases"
# Nothing but the measured work is to happen while it is measured: no autovacuum, no checkpoint by time or size.
cluster_temporary bench -c autovacuum=off -c checkpoint_timeout=1h -c max_wal_size=16GB -c shared_buffers=512MB \
    -c jit=off -c max_parallel_workers_per_gather=0 -c synchronous_commit=on
say "$("$PG_BIN/postgres" --version), $(nproc) processors, $clients clients, prepared statements"

make_databases() {
    local database
    hospital A B C
    for database in A B C; do
        createdb -T "$database" "copy-$database"
        # Tables that are not empty, so that no plan is made for empty ones.
        sql -d "$database" -c "CALL bench_prescribe(1, $prefilled)" -c 'VACUUM ANALYZE'
    done
    # The same rows without triggers, for writes whose cost is that of copying the row.
    createdb -T C U
    sql -d U -c "SELECT health_crypto.unprotect('prescription')" -c 'VACUUM ANALYZE' -o /dev/null
    createdb -T U F
    createdb -T U G
    sql -d F -f "$here/least_trigger.sql"
    sql -d G -v triggers=true -f "$here/least_definition.sql"
}
step "hospital without triggers (A), with plpgsql (B), with the least triggers (F, G), with the extension (C)" make_databases

# -------------------------------------------------------------------------------------------------- are they the same?

header "same text"
# The plpgsql functions beside the extension, and cases that are hard to write right.
same_text() {
    createdb -T C same
    sql -d same -v triggers=false -f "$here/plpgsql_trigger.sql" -f "$here/least_definition.sql" -f "$here/edge_cases.sql"
}
step "prescriptions with difficult content" same_text
count=$(sql_value 'SELECT count(*) FROM gnuhealth_prescription_order' -d same)
for language in es es_419 fr en; do
    sql -d same -c "UPDATE ir_configuration SET language = '$language'"
    check "texts that differ in language $language" 0 "$(sql_value "SELECT count(*) FROM gnuhealth_prescription_order
        WHERE bench_prescription_text(id) IS DISTINCT FROM health_crypto.serialize('prescription', id)" -d same)"
done
sql -d same -c "UPDATE ir_configuration SET language = 'es'"
check "texts that the least query gives otherwise, in es" 0 "$(sql_value "SELECT count(*) FROM bench_one
    WHERE text IS DISTINCT FROM health_crypto.serialize('prescription', id)" -d same)"
digests='SELECT md5(string_agg(document_digest, $$,$$ ORDER BY id)), count(document_digest) FROM gnuhealth_prescription_order'
check "digests kept by plpgsql and by the extension" "$(sql_value "$digests" -d B)" "$(sql_value "$digests" -d C)"
check "prescriptions with a digest" "$prefilled" "$(sql_value "$digests" -d C | cut -d '|' -f 2)"
say "  $count prescriptions compared in 4 languages"

# ----------------------------------------------------------------------------------------------------------- pgbench

# Processor time of the backends that have ended and of the programs that this script has run, in seconds. On a machine with
# other work the clock measures that work too.
postmaster=$(head -n 1 "$(sql_value 'SHOW data_directory')/postmaster.pid")
processor_time() {
    awk '{ sub(/.*\)/, ""); ticks += $14 + $15 } END { printf "%.2f\n", ticks / 100 }' "/proc/$postmaster/stat" "/proc/$$/stat"
}

# pgbench_run DATABASE SCRIPT TRANSACTIONS-A-CLIENT: sets `tps`, transactions a second, and `tpp`, transactions in a second
# of processor time, and `wal`, bytes of write-ahead log a transaction; fails if a transaction did.
pgbench_run() {
    local log=$home/pgbench.log before start
    sql -d "$1" -c CHECKPOINT
    sleep 0.1
    before=$(processor_time) start=$(sql_value 'SELECT pg_current_wal_insert_lsn()')
    "$PG_BIN/pgbench" -n -M prepared -c "$clients" -j "$clients" -t "$3" -D documents="$prefilled" \
        -f "$here/$2.pgbench" "$1" >"$log" 2>&1 || {
        log_tail "$log"
        die "pgbench $2 on $1 failed"
    }
    # Until the postmaster has seen its backends end.
    sleep 0.2
    tps=$(sed -n 's/^tps = \([0-9.]*\).*/\1/p' "$log")
    tpp=$(awk -v n=$(($3 * clients)) -v a="$before" -v b="$(processor_time)" 'BEGIN { printf "%.1f", n / (b > a ? b - a : 0.01) }')
    wal=$(sql_value "SELECT round((pg_current_wal_insert_lsn() - '$start') / ($3.0 * $clients))")
    check "failed transactions of $2 on $1" 0 "$(sed -n 's/^number of failed transactions: \([0-9]*\).*/\1/p' "$log")"
}

# alternate MEASURE SCRIPT DATABASE...
alternate() {
    local measure=$1 script=$2 database repetition line
    local -A transactions=()
    shift 2
    header "$measure"
    for database in "$@"; do
        # As many transactions as take about the time wanted. The first run of each is not counted.
        transactions[$database]=20
        pgbench_run "$database" "$script" $((seconds > 0 ? 300 : 20))
        [ "$seconds" -eq 0 ] ||
            transactions[$database]=$(awk -v t="$tps" -v s="$seconds" -v c="$clients" 'BEGIN { print int(t * s / c) + 1 }')
    done
    for ((repetition = 1; repetition <= repetitions; repetition++)); do
        line="  $repetition of $repetitions:"
        for database in "$@"; do
            pgbench_run "$database" "$script" "${transactions[$database]}"
            result "$measure" "$database" "$repetition" "$tps"
            result "$measure by processor time" "$database" "$repetition" "$tpp"
            result "$measure, WAL" "$database" "$repetition" "$wal"
            line+=" $database ${tps%.*} (${tpp%.*})"
        done
        say "$line"
    done
}

sealed() { sql_value "SELECT count(*) FROM health_crypto.register WHERE event = 'seal'" -d C; }

! wanted unwatched || alternate unwatched unwatched U C
if wanted prescribe; then
    alternate prescribe prescribe A B F G C
    # Throw-away clusters run with fsync, full_page_writes and synchronous_commit off.
    sql -c 'ALTER SYSTEM SET fsync = on' -c 'ALTER SYSTEM SET full_page_writes = on' -c 'SELECT pg_reload_conf()' -o /dev/null
    alternate prescribe-fsync prescribe A C
    sql -c 'ALTER SYSTEM RESET fsync' -c 'ALTER SYSTEM RESET full_page_writes' -c 'SELECT pg_reload_conf()' -o /dev/null
fi

check "prescriptions in the register" "$(sql_value "SELECT count(*) FROM gnuhealth_prescription_order
    WHERE state = 'validated'" -d C)" "$(sealed)"
check "prescriptions with another digest than a fresh one" 0 "$(sql_value "SELECT count(*) FROM health_crypto.verify_all()
    WHERE NOT ok" -d C)"
# A sealed prescription refuses, in both.
for database in B C; do
    wanted prescribe || break
    refused=$(sql_value "DO \$\$ BEGIN
            UPDATE gnuhealth_prescription_line SET dose = dose + 1
             WHERE presc_order = (SELECT min(id) FROM gnuhealth_prescription_order WHERE state = 'validated');
        EXCEPTION WHEN integrity_constraint_violation THEN RAISE WARNING 'refused'; END \$\$" -d "$database" 2>&1 |
        grep -c refused) || true
    check "writes to a sealed prescription refused in $database" 1 "$refused"
done

# What a seal takes on disk: its entry with its share of the indexes, and the columns of the row.
! wanted prescribe || result "disk" entry 1 "$(sql_value "SELECT round(pg_total_relation_size('health_crypto.register_entry') / count(*)::numeric)
    FROM health_crypto.register_entry" -d C)"
! wanted prescribe || result "disk" columns 1 "$(sql_value "SELECT round(avg(pg_column_size(serializer) + pg_column_size(document_digest)))
    FROM gnuhealth_prescription_order WHERE state = 'validated'" -d C)"

# -------------------------------------------------------------------------------------------------------------- COPY

header "copy"
columns_of_order="id, prescription_id, prescription_date, notes, patient, healthprof"
columns_of_line="presc_order, medicament, dose, dose_unit, route, form, indication, short_comment"
written() {
    createdb -T copy-A source
    sql -d source -c "CALL bench_prescribe(1, $copied)" \
        -c "\\copy (SELECT $columns_of_order FROM gnuhealth_prescription_order ORDER BY id) TO '$home/orders.csv'" \
        -c "\\copy (SELECT $columns_of_line FROM gnuhealth_prescription_line ORDER BY id) TO '$home/lines.csv'"
}
! wanted copy || step "$copied prescriptions to copy" written
# copy VARIANT: sets `took`, seconds, and `digests`. Each time into a database of its own without prescriptions.
copy() {
    createdb -T "copy-$1" copied
    sql -d copied -c CHECKPOINT
    took=$(psql -X -q -A -t -v ON_ERROR_STOP=1 -d copied <<<"
        SELECT clock_timestamp() AS started \\gset
        BEGIN;
        \\copy gnuhealth_prescription_order ($columns_of_order) FROM '$home/orders.csv'
        \\copy gnuhealth_prescription_line ($columns_of_line) FROM '$home/lines.csv'
        COMMIT;
        SELECT round(extract(epoch FROM clock_timestamp() - :'started'::timestamptz), 3);")
    digested=$(sql_value 'SELECT count(document_digest) FROM gnuhealth_prescription_order' -d copied)
    dropdb copied
}
for ((repetition = 1; repetition <= repetitions; repetition++)); do
    wanted copy || break
    line="  $repetition of $repetitions:"
    for variant in A B C; do
        # It takes a minute and a half, twenty times as long as the others: once is enough to see that.
        [ "$variant" != B ] || [ "$repetition" -eq 1 ] || continue
        copy "$variant"
        [ "$variant" = A ] || check "prescriptions with a digest after COPY in $variant" "$copied" "$digested"
        result copy "$variant" "$repetition" "$took"
        line+=" $variant $took s"
    done
    say "$line"
done
if grep -E 'PANIC|terminated by signal' "$(cluster_log "$CLUSTER")"; then
    failed=$((failed + 1))
fi

header "results"
for measure in unwatched prescribe prescribe-fsync; do
    variants=(A C)
    [ "$measure" != prescribe ] || variants=(A B F G C)
    [ "$measure" != unwatched ] || variants=(U C)
    table "$measure" "a second" "${variants[@]}"
    table "$measure by processor time" "a second" "${variants[@]}"
    table "$measure, WAL" "bytes a transaction" "${variants[@]}"
done
table copy "seconds" A B C
table disk "bytes a seal" entry columns
say ""
[ "$smoke" = no ] || say "(smoke run: these figures mean nothing)"
say "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
