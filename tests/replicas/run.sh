#!/usr/bin/env bash
# Three servers: a primary, a streaming standby and a logical subscriber. docs/replicas.md is run as it stands; every
# function is called on the standby; and the subscriber must store what the publisher stores, without computing anything
# again. Prints "checks: N passed, N failed".
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"
# shellcheck source=tests/lib.sh
. "$ROOT/tests/lib.sh"
# shellcheck source=tests/replicas/calls.sh
. "$ROOT/tests/replicas/calls.sh"

place=$(mktemp -d /tmp/hc-replicas.XXXXXX)
on_exit rm -rf "$place"
# The subscriber's server reads it too, to connect to the publisher.
chmod 755 "$place"
export PGSERVICEFILE=$place/services
export data=$ROOT/tests/pg_regress/data
fixtures=$ROOT/tests/fixtures

# ------------------------------------------------------------------------------------------------ three servers

# What has been committed is on its way at once: throw-away clusters commit asynchronously.
cluster_temporary replicas-primary -c wal_level=logical -c synchronous_commit=on
primary=$CLUSTER
createdb hospital
sql -d hospital -c 'CREATE EXTENSION health_crypto' >/dev/null
sql -d hospital -v "fixtures=$fixtures" -f "$fixtures/lived_in.sql" >/dev/null
cluster_temporary replicas-standby --standby-of "$primary" -c hot_standby_feedback=on
standby=$CLUSTER
cluster_temporary replicas-subscriber
subscriber=$CLUSTER
for name in primary standby subscriber; do
    cluster=${!name}
    printf '[%s]\nhost=%s\nport=%s\nuser=postgres\ndbname=hospital\n\n' "$name" \
        "$(cat "$WORK/clusters/$cluster/socket_directory")" "$(cat "$WORK/clusters/$cluster/port")" >>"$PGSERVICEFILE"
done
unset PGHOST PGPORT PGUSER PGDATABASE
ask() { sql_value "$2" -d "service=$1"; }

# wait_for SERVER: until it has replayed, or applied, all that the primary has written.
wait_for() {
    local now
    now=$(ask primary 'SELECT pg_current_wal_flush_lsn()')
    for _ in $(seq 300); do
        case $1 in
            standby) [ "$(ask standby "SELECT pg_last_wal_replay_lsn() >= '$now'")" = t ] && return 0 ;;
            subscriber)
                [ "$(ask subscriber "SELECT bool_and(srsubstate = 'r') FROM pg_subscription_rel")" = t ] &&
                    [ "$(ask primary "SELECT confirmed_flush_lsn >= '$now' FROM pg_replication_slots WHERE slot_name = 'hospital'")" = t ] &&
                    return 0
                ;;
        esac
        sleep 0.1
    done
    # Into a file: the page's commands have their standard error looked through for PostgreSQL's.
    {
        say "FAILED: $1 does not follow"
        log_tail "$log_of_subscriber" 20
    } >>"$place/not-following"
    return 1
}

# compared NAME: the state of publisher and subscriber, and how many rows each has written since last asked, of each
# table that is published. Left out: that the subscriber is one, and the register's sequence, which does not travel.
compared() {
    local server
    for server in primary subscriber; do
        sql -d "service=$server" -f "$fixtures/state.sql" 2>&1 | grep -v '"subscribed table"\|^register: next' >"$place/$server.$1.state"
    done
}
written() {
    local server
    # A backend reports its rows when it has been idle for a second, or with its next transaction.
    for server in primary subscriber; do
        ask "$server" "SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables WHERE relname ~ '^(gnuhealth_|measurement_|finding|register_entry|certificate)' ORDER BY 1" \
            >"$place/$server.rows.$1"
    done
}
since() {
    paste -d '|' "$place/$1.rows.copied" "$place/$1.rows.changed" |
        awk -F '|' '{ print $1, $6 - $2, $7 - $3, $8 - $4 }'
}
# What the page calls: waits for the subscriber, and compares it. The second time there have been changes of every kind.
page_wait_for() {
    if [ ! -e "$place/primary.copied.state" ]; then
        wait_for "$1"
        compared copied
        return
    fi
    sleep 1.5
    written copied
    sql -d service=primary -f "$ROOT/tests/replicas/changes.sql" >/dev/null
    wait_for "$1"
    compared changed
    for _ in $(seq 20); do
        sql -d service=primary -c "INSERT INTO finding (note) VALUES (NULL)"
        wait_for "$1"
        sleep 1
        written changed
        [ "$(since primary)" = "$(since subscriber)" ] && break
    done
    since primary >"$place/primary.written"
    since subscriber >"$place/subscriber.written"
}

# ------------------------------------------------------------------------------------------------ the standby

header "every function on the standby"
wait_for standby
# call SERVER STATEMENT: its answer; or, of an error, the SQLSTATE.
call() {
    {
        # The secret key stands in the statements, so the server keeps none of them.
        printf '\\set secret `cat "$data/laboratory.secret.asc"`\n\\set certificate `cat "$data/keyring/omar.asc"`\n'
        printf '\\set signature `cat "$data/prescription-1.cameron.sig"`\n\\set VERBOSITY sqlstate\n'
        printf '%s;\n' "$2"
    } | PGOPTIONS='-c log_min_error_statement=panic -c timezone=UTC' psql -X -q -A -t -d "service=$1" 2>&1
}
for statement in "${reading[@]}" "${random[@]}"; do
    call primary "$statement" >"$place/primary.answer"
    call standby "$statement" >"$place/standby.answer"
    same "on the standby: $statement" "$place/primary.answer" "$place/standby.answer"
    check "an answer to: $statement" yes "$(grep -q '^ERROR' "$place/standby.answer" || echo yes)"
done
for statement in "${writing[@]}"; do
    check "refused: $statement" 'ERROR:  25006' "$(call standby "$statement" | head -n 1)"
done
# Every function that can be called is in one of the lists.
for function in $(ask primary "SELECT DISTINCT p.proname FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e'
        JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_crypto'
        WHERE d.classid = 'pg_proc'::regclass AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
        ORDER BY 1"); do
    check "function $function() is tried in tests/replicas/calls.sh" yes \
        "$(grep -q "health_crypto\.$function(" "$ROOT/tests/replicas/calls.sh" && echo yes)"
done

# ------------------------------------------------------------------------------------------------ the page

header "docs/replicas.md"
export -f log_tail wait_for ask sql_value sql say page_wait_for compared written since
log_of_subscriber=$(cluster_log "$subscriber")
export place fixtures ROOT log_of_subscriber
status=0
sed 's/^wait_for subscriber$/page_wait_for subscriber/' "$ROOT/docs/replicas.md" >"$place/page.md"
"$ROOT/tools/docs.sh" run "$place/page.md" "$place" >"$place/result" || status=1
counted "$place/result"
cat "$place/not-following" 2>/dev/null || true
[ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1

# ------------------------------------------------------------------------------------------------ the subscriber

header "publisher and subscriber"
check "documents compared after the first copy" 14 "$(grep -c '^verdict: ' "$place/primary.copied.state")"
same "after the first copy" "$place/primary.copied.state" "$place/subscriber.copied.state"
check "documents compared after changes" 22 "$(grep -c '^verdict: ' "$place/primary.changed.state")"
# A definition that reads other columns has other triggers, which do not travel; the page says what to do.
for name in primary subscriber; do
    sed 's/^\(trigger: measurement.*_update_measurement AFTER UPDATE\).*/\1/' "$place/$name.changed.state" >"$place/$name.compared"
done
same "after changes of every kind" "$place/primary.compared" "$place/subscriber.compared"
check "seals and signatures in the register since" yes \
    "$([ "$(diff "$place/primary.copied.state" "$place/primary.changed.state" | grep -c '^> register: .*"event":"\(seal\|signature\|reopening\|certificate\|protection\)"')" -ge 8 ] && echo yes)"
# A subscriber that computed a digest again, or entered a seal, would write more rows than came.
same "rows written since, of each table" "$place/primary.written" "$place/subscriber.written"
check "there were such rows" yes "$(grep -q 'gnuhealth_prescription_order [1-9][0-9]* [1-9][0-9]* [1-9]' "$place/primary.written" && echo yes)"
for cluster in "$primary" "$standby" "$subscriber"; do
    check "content or keys in the log of $cluster" 0 "$(grep -c 'M4RKER\|PRIVATE KEY' "$(cluster_log "$cluster")" || true)"
    check "crashes of $cluster" 0 "$(grep -c 'PANIC\|terminated by signal' "$(cluster_log "$cluster")" || true)"
done
say "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
