#!/usr/bin/env bash
# Reliability: many sessions, transactions of every shape, killed servers, full disks, cancelled and failing calls, panics.
#
#     tests/reliability/run.sh                       all parts in their short form
#     tests/reliability/run.sh --full                all parts as docs/RELIABILITY.md tells of them, half an hour and more
#     tests/reliability/run.sh [--full] PART...      some of: concurrency transactions crashes disk interruptions calls panics
#     tests/reliability/run.sh --seed 7 PART         repeats a run's choices
#     tests/reliability/run.sh --full --resume calls goes on where a full run of it was stopped
#
# Each part has a cluster of its own and writes target/reliability/PART.tsv, from which tools/reliability_table makes the
# tables of docs/RELIABILITY.md. Prints "checks: N passed, N failed" for each.
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"

here=$ROOT/tests/reliability
all=(concurrency transactions crashes disk interruptions calls panics)
arguments=() parts=()
while [ $# -gt 0 ]; do
    case $1 in
        --full | --short) arguments+=("$1") && shift ;;
        --seed) arguments+=("$1" "${2:?--seed needs a number}") && shift 2 ;;
        --resume) arguments+=("$1" 1) && shift ;;
        -*) die "unknown option $1" ;;
        *) [[ " ${all[*]} " == *" $1 "* ]] || die "no part $1; parts: ${all[*]}" && parts+=("$1") && shift ;;
    esac
done
[ "${#parts[@]}" -gt 0 ] || parts=("${all[@]}")
python=$(psycopg_python) || die "no Python with psycopg2; run: make setup"
export STATE PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
mkdir -p "$STATE/reliability"

# server_script start|stop: a program that starts or stops the cluster's server, as its user.
server_script() {
    local file=$WORK/clusters/$CLUSTER/$1
    {
        printf '#!/bin/sh\ncd / && exec'
        printf ' %q' "${SERVER[@]}" "$PG_BIN/pg_ctl" -D "$HC_PGDATA" -l "$(cluster_log "$CLUSTER")" -m fast -w -t 60 -s
        printf ' %s\n' "$1"
    } >"$file"
    chmod 755 "$file"
    printf '%s\n' "$file"
}

# unmount_all DIRECTORY: what a run that was stopped has left mounted.
unmount_all() {
    local place
    for place in "$1"/*; do
        ! mountpoint -q "$place" || umount --lazy "$place"
    done
    rm -rf "$1"
}

status=0
for part in "${parts[@]}"; do
    header "$part"
    # A crash must not lose what was committed: without synchronous_commit a killed postmaster would. fsync is for the
    # machine's crash, not the server's.
    settings=(-c max_connections=120 -c max_prepared_transactions=20 -c synchronous_commit=on)
    cluster_temporary "reliability-$part" "${settings[@]}"
    HC_PGDATA=$WORK/clusters/$CLUSTER/data
    HC_GNUPGHOME=$(mktemp -d /tmp/hcrel.XXXXXX)
    on_exit rm -rf "$HC_GNUPGHOME"
    HC_SERVER_START=$(server_script start)
    HC_SERVER_STOP=$(server_script stop)
    export HC_PGDATA HC_GNUPGHOME HC_SERVER_START HC_SERVER_STOP
    if [ "$part" = disk ]; then
        HC_MOUNTS=$(mktemp -d /tmp/hcmnt.XXXXXX)
        export HC_MOUNTS
        chmod 755 "$HC_MOUNTS"
        on_exit unmount_all "$HC_MOUNTS"
    fi
    "$python" "$here/$part.py" "${arguments[@]+"${arguments[@]}"}" || status=1
    log=$LOGS/reliability-$part-server.log
    cp "$(cluster_log "$CLUSTER")" "$log"
    # Only these two kill or starve the server on purpose.
    case $part in
        crashes | disk) ;;
        *)
            if grep -E 'PANIC|terminated by signal' "$log" >/dev/null; then
                say "--- the server crashed:" && log_tail "$log"
                say "checks: 0 passed, 1 failed"
                status=1
            fi
            ;;
    esac
    cluster_stop "$CLUSTER"
done
exit "$status"
