#!/usr/bin/env bash
# Throw-away PostgreSQL clusters below target/, reachable only through a Unix socket.
#
#     tools/cluster.sh start NAME [--port N] [--fsync] [--replace] [-c setting=value]...
#     tools/cluster.sh stop NAME                 stops and removes it
#     tools/cluster.sh env NAME                  for: eval "$(tools/cluster.sh env NAME)"
#     tools/cluster.sh psql NAME [psql arguments]
#     tools/cluster.sh log NAME                  prints the path of the server's log
#     tools/cluster.sh list
#     tools/cluster.sh clean                     stops and removes all
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    sed -n '4,10s/^# \{0,5\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

names() {
    work_place
    find "$WORK/clusters" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' 2>/dev/null | sort
}

[ $# -ge 1 ] || usage
command=$1
shift
case $command in
    start | stop | env | psql | log) [ $# -ge 1 ] || usage ;;
esac
case $command in
    start) cluster_start "$@" && say "cluster $1 runs; connect with: tools/cluster.sh psql $1" ;;
    stop)
        work_place
        [ -d "$WORK/clusters/$1" ] || die "there is no cluster $1"
        cluster_stop "$1"
        ;;
    env) cluster_env "$1" ;;
    psql)
        cluster_use "$1"
        shift
        exec psql "$@"
        ;;
    log) cluster_log "$1" ;;
    list)
        for name in $(names); do
            if cluster_running "$name"; then say "$name  runs"; else say "$name  stopped"; fi
        done
        ;;
    clean)
        work_place
        for name in $(names); do
            say "removing cluster $name"
            cluster_stop "$name"
        done
        # The place below /tmp that work_place falls back to is not removed with target/.
        [ "$WORK" = "$STATE" ] || rm -rf "$WORK"
        ;;
    *) usage ;;
esac
