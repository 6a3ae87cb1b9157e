# shellcheck shell=bash disable=SC2034
# Functions that every script of tools/, tests/, bench/ and the demo shares; to be sourced:
#
#     . "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
#
# Variables a caller may set:
#   PG_MAJOR    PostgreSQL major version to build and test with (15)
#   HC_STATE    where private trees, clusters, logs and tools go (target/ of this checkout)
#   HC_PROFILE  cargo profile of test and demo builds (quick if Cargo.toml has it, else release)
# Variables it offers: ROOT, STATE, LOGS, PG_MAJOR, PROFILE, PG_TREE, PG_BIN (after private_postgres), PGRX_VERSION.

set -euo pipefail

ROOT=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
STATE=${HC_STATE:-$ROOT/target}
case $STATE in /*) ;; *) STATE=$ROOT/$STATE ;; esac
LOGS=$STATE/logs
PG_MAJOR=${PG_MAJOR:-15}
# The one place that says which pgrx is used is Cargo.toml.
PGRX_VERSION=$(sed -n 's/^pgrx = .*"=\([0-9][0-9.]*\)".*/\1/p' "$ROOT/Cargo.toml" | head -n 1)
if [ -n "${HC_PROFILE:-}" ]; then
    PROFILE=$HC_PROFILE
elif grep -q '^\[profile\.quick\]' "$ROOT/Cargo.toml"; then
    PROFILE=quick
else
    PROFILE=release
fi

# A developer's own connection settings must not lead a test to another server.
unset PGHOST PGHOSTADDR PGPORT PGUSER PGDATABASE PGPASSWORD PGPASSFILE PGSERVICE PGSERVICEFILE PGOPTIONS PGDATA \
    PGSSLMODE PGREQUIREPEER PGCLIENTENCODING PGTZ PGDATESTYLE PSQLRC
export LC_ALL=C.UTF-8
# With it pgrx puts a backtrace into the DETAIL of PostgreSQL's errors, and expected outputs differ.
unset RUST_BACKTRACE RUST_LIB_BACKTRACE

mkdir -p "$LOGS"

# ---------------------------------------------------------------------------------------------------- messages

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# header TEXT: announces a part of the work.
header() { printf '\n== %s\n' "$*"; }

# step TEXT COMMAND...: runs a command with its output in a log, says how long it took, shows the log's end if it fails.
step() {
    local text=$1 log status=0 started=$SECONDS
    shift
    log=$LOGS/step-$(printf '%s' "$text" | tr -cs 'A-Za-z0-9' '-').log
    printf '%s ... ' "$text"
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if [ "$status" -ne 0 ]; then
        printf 'FAILED after %d s (status %d)\n' $((SECONDS - started)) "$status"
        log_tail "$log"
        return "$status"
    fi
    printf '%d s\n' $((SECONDS - started))
}

# log_tail FILE [LINES]: the end of a log, indented, with its name.
log_tail() {
    [ -s "$1" ] || return 0
    printf '  --- end of %s\n' "$1"
    tail -n "${2:-40}" "$1" | cut -c 1-400 | sed 's/^/  | /'
}

HC_ON_EXIT=()
# on_exit COMMAND...: runs it when the script ends, however it ends; the last registered runs first.
on_exit() {
    HC_ON_EXIT+=("$(printf '%q ' "$@")")
    trap run_on_exit EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
}
run_on_exit() {
    local status=$? i
    for ((i = ${#HC_ON_EXIT[@]} - 1; i >= 0; i--)); do
        eval "${HC_ON_EXIT[i]}" || true
    done
    HC_ON_EXIT=()
    exit "$status"
}

# as_root COMMAND...: directly or through sudo. Without a terminal sudo must not ask for a password.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif ! command -v sudo >/dev/null; then
        die "must be root, or have sudo, to run: $*"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

# debian_mirror: the mirror of Debian that apt uses here; prints nothing if there is none.
debian_mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 2>/dev/null | head -n 1
}

# ------------------------------------------------------------------------------------------------ cargo and pgrx

# cargo_env: what cargo and cargo-pgrx need to find the private PostgreSQL; exported into this shell.
cargo_env() {
    private_postgres
    export PGRX_HOME=$STATE/pgrx PGRX_PG_CONFIG_PATH=$PG_BIN/pg_config
    # pgrx is built anew when what it is told changes, so each further version is told in a place of its own.
    [ "$PG_MAJOR" = 15 ] || PGRX_HOME=$STATE/pgrx-$PG_MAJOR
    export PATH=$STATE/tools/bin:$PATH
    local config
    config=$(printf '[configs]\npg%s = "%s"\n' "$PG_MAJOR" "$PGRX_PG_CONFIG_PATH")
    mkdir -p "$PGRX_HOME"
    # pgrx's build script runs again whenever this file is missing or newer, so it is written only when it differs.
    if [ "$(cat "$PGRX_HOME/config.toml" 2>/dev/null)" != "$config" ]; then
        printf '%s\n' "$config" >"$PGRX_HOME/config.toml"
    fi
}

# cargo_shared ARGUMENTS...: cargo with the flags that `cargo pgrx install` gives it, so that both use the same built
# dependencies instead of compiling each twice.
cargo_shared() {
    cargo --config \
        'target.'\''cfg(all(target_family = "unix", not(target_os = "macos")))'\''.rustflags = ["-C", "link-arg=-Wl,--no-gc-sections"]' \
        "$@"
}

# ---------------------------------------------------------------------------------------------- PostgreSQL's files

# system_pg_config: path of the installed pg_config of PG_MAJOR; status 1 if there is none.
system_pg_config() {
    local candidate
    work_place
    # The third is what tools/matrix.sh provides of versions that this system does not have.
    for candidate in "/usr/lib/postgresql/$PG_MAJOR/bin/pg_config" "/usr/pgsql-$PG_MAJOR/bin/pg_config" \
        "$WORK/matrix/$PG_MAJOR/usr/lib/postgresql/$PG_MAJOR/bin/pg_config" "$(command -v pg_config || true)"; do
        [ -x "$candidate" ] || continue
        case $("$candidate" --version 2>/dev/null) in
            "PostgreSQL $PG_MAJOR"[!0-9]*)
                # Debian's /usr/bin/pg_config is a wrapper; the program stands in its own bindir.
                printf '%s\n' "$("$candidate" --bindir)/pg_config"
                return 0
                ;;
        esac
    done
    return 1
}

# private_postgres: makes (or renews, when the system's PostgreSQL changed) a private copy of PostgreSQL's programs and
# files, into which the extension is installed; sets PG_TREE, PG_BIN, PG_REGRESS. PostgreSQL finds its files relative to
# its programs, so a copy with the same relative paths works anywhere, and the system's own stays as it was.
private_postgres() {
    local system version stamp from
    work_place
    system=$(system_pg_config) || die "PostgreSQL $PG_MAJOR is not installed; run: make setup"
    PG_TREE=$WORK/postgres/$PG_MAJOR
    PG_BIN=$PG_TREE$("$system" --bindir)
    PG_REGRESS=$PG_TREE$("$system" --pkglibdir)/pgxs/src/test/regress/pg_regress
    version="$("$system" --version) $(stat -c %Y "$("$system" --bindir)/postgres") $PG_TREE"
    stamp=$PG_TREE/.copied-from
    [ "$(cat "$stamp" 2>/dev/null)" = "$version" ] && return 0
    say "copying $("$system" --version) to ${PG_TREE#"$ROOT/"}"
    rm -rf "$PG_TREE"
    for from in "$("$system" --bindir)" "$("$system" --pkglibdir)" "$("$system" --sharedir)"; do
        # On Debian pkglibdir and bindir are siblings, elsewhere one may lie within another: copy what is not there yet.
        mkdir -p "$PG_TREE$from"
        cp -a --no-preserve=ownership "$from/." "$PG_TREE$from/"
    done
    # Of headers the system's own are as good, and larger than all the rest. pg_config wants its libdir to exist.
    from=$("$system" --includedir)
    mkdir -p "$PG_TREE$(dirname "$from")" "$PG_TREE$("$system" --libdir)"
    ln -sfn "$from" "$PG_TREE$from"
    [ "$("$PG_BIN/pg_config" --sharedir)" = "$PG_TREE$("$system" --sharedir)" ] ||
        die "this PostgreSQL cannot be moved: $PG_BIN/pg_config --sharedir is $("$PG_BIN/pg_config" --sharedir)"
    printf '%s\n' "$version" >"$stamp"
}

# private_module NAME: another extension's files from the system's PostgreSQL into the private copy; status 1 if the system
# does not have it.
private_module() {
    local system
    private_postgres
    system=$(system_pg_config)
    [ -f "$("$system" --pkglibdir)/$1.so" ] || return 1
    cp -u "$("$system" --pkglibdir)/$1.so" "$("$PG_BIN/pg_config" --pkglibdir)/"
    cp -u "$("$system" --sharedir)/extension/$1"* "$("$PG_BIN/pg_config" --sharedir)/extension/"
}

# ----------------------------------------------------------------------------------------- who runs the server, where

# work_place: sets WORK (where the private tree and the clusters lie) and SERVER (words to put before a command so that
# it runs as the server's user).
#
# PostgreSQL refuses to run as root. As root we start it as `postgres`, or `nobody`. That user must reach the checkout,
# which may lie below a directory only root may enter (root's home, a mktemp directory). So, in this order: it can; it can
# with the capability to pass directories (of no other use to it, it opens nothing it was not told to); or everything the
# server needs is put below /tmp, which is said.
work_place() {
    [ -n "${WORK:-}" ] && return 0
    WORK=$STATE
    SERVER=()
    SERVER_USER=$(id -un)
    [ "$(id -u)" -eq 0 ] || return 0
    local capability probe=$STATE/reach
    SERVER_USER=nobody
    id postgres >/dev/null 2>&1 && SERVER_USER=postgres
    mkdir -p "$probe"
    chown "$SERVER_USER" "$probe"
    local identity=(setpriv --reuid "$SERVER_USER" --regid "$(id -gn "$SERVER_USER")" --clear-groups)
    SERVER=("${identity[@]}" --)
    can_reach "$probe" && return 0
    for capability in dac_read_search dac_override; do
        # Without no_setuid_fixup the kernel takes the capability away inside access(2), which PostgreSQL uses.
        SERVER=("${identity[@]}" --securebits +no_setuid_fixup
            --inh-caps "+$capability" --ambient-caps "+$capability" --)
        can_reach "$probe" && return 0
    done
    SERVER=("${identity[@]}" --)
    WORK=/tmp/health_crypto-$(printf '%s' "$STATE" | sha256sum | cut -c 1-12)
    [ -d "$WORK" ] || mkdir -m 755 "$WORK"
    if [ -L "$WORK" ] || [ ! -O "$WORK" ]; then die "$WORK belongs to somebody else"; fi
    warn "note: user $SERVER_USER cannot reach $STATE; PostgreSQL's private copy and the clusters go to $WORK"
    can_reach "$WORK" || die "user $SERVER_USER cannot reach $WORK either"
}
# bash's own test would ask faccessat with the effective user; a program is started as PostgreSQL would be.
can_reach() { (cd / && "${SERVER[@]}" /usr/bin/test -x "$1") 2>/dev/null; }

# as_server COMMAND...: as the server's user, from a directory it can be in, without our file descriptors.
as_server() { (cd / && "${SERVER[@]}" "$@" 9>&-); }

# ------------------------------------------------------------------------------------------------------- clusters

# cluster_start NAME [--port N] [--fsync] [--replace] [--standby-of NAME] [--initdb OPTION]... [-c setting=value]...
# A fresh cluster: UTF-8, C.UTF-8, superuser postgres without password, a Unix socket and no network. --replace stops and
# removes one of that name first. --standby-of makes a streaming standby of a cluster that runs. Fails if one of that name
# runs.
cluster_start() {
    local name=$1 port=5432 fsync=off replace=no primary='' options=() settings=() home log
    shift
    [[ $name =~ ^[a-z][a-z0-9_-]{0,30}$ ]] || die "not a cluster name: $name"
    while [ $# -gt 0 ]; do
        case $1 in
            --port) port=${2:?--port needs a number} && shift 2 ;;
            --fsync) fsync=on && shift ;;
            --replace) replace=yes && shift ;;
            --standby-of) primary=${2:?--standby-of needs the name of a cluster} && shift 2 ;;
            --initdb) options+=("${2:?--initdb needs an option}") && shift 2 ;;
            -c) settings+=("${2:?-c needs setting=value}") && shift 2 ;;
            *) die "cluster_start: unknown option $1" ;;
        esac
    done
    private_postgres
    home=$WORK/clusters/$name log=$WORK/clusters/$name/log
    if cluster_running "$name"; then
        [ "$replace" = yes ] || die "cluster $name runs already; stop it with: tools/cluster.sh stop $name"
        warn "note: stopping the cluster $name that an earlier run left"
        cluster_stop "$name"
    fi
    cluster_remove "$name"
    mkdir -p "$home/data" "$home/socket"
    local socket=$home/socket
    # 107 bytes is what the kernel takes; the rest are characters PostgreSQL reads as part of a list.
    if [ "$(printf '%s' "$socket/.s.PGSQL.$port" | wc -c)" -gt 107 ] || [[ $socket == *[,\"\'\\]* ]]; then
        socket=$(mktemp -d /tmp/health_crypto.XXXXXX)
        chmod 755 "$socket"
    fi
    printf '%s\n' "$socket" >"$home/socket_directory"
    printf '%s\n' "$port" >"$home/port"
    : >"$log"
    chmod 700 "$home/data"
    [ "${#SERVER[@]}" -eq 0 ] || chown "$SERVER_USER" "$home/data" "$socket" "$log"
    if [ -n "$primary" ]; then
        set -- "$PG_BIN/pg_basebackup" -D "$home/data" -R --checkpoint=fast --no-sync -U postgres \
            -h "$(cat "$WORK/clusters/$primary/socket_directory")" -p "$(cat "$WORK/clusters/$primary/port")"
    else
        set -- "$PG_BIN/initdb" -D "$home/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync \
            "${options[@]+"${options[@]}"}"
    fi
    as_server "$@" >"$home/initdb.log" 2>&1 || {
        log_tail "$home/initdb.log" >&2
        die "initdb of cluster $name failed"
    }
    {
        printf "listen_addresses = ''\nport = %s\nunix_socket_directories = '%s'\n" "$port" "$socket"
        # Trust authentication is safe only because nobody but the server's user and root can open the socket.
        printf 'unix_socket_permissions = 0700\n'
        printf 'fsync = %s\nsynchronous_commit = %s\nfull_page_writes = %s\n' "$fsync" "$fsync" "$fsync"
        printf "lc_messages = 'C'\ntimezone = 'UTC'\nlog_timezone = 'UTC'\n"
        printf "log_min_messages = warning\nlog_line_prefix = '%%m [%%p] %%q%%u@%%d '\n"
        # A container's /dev/shm is often too small for PostgreSQL's usual choice.
        printf 'dynamic_shared_memory_type = mmap\n'
        printf '%s\n' "${settings[@]+"${settings[@]}"}"
    } >>"$home/data/postgresql.conf"
    if ! as_server "$PG_BIN/pg_ctl" -D "$home/data" -l "$log" -w -t 60 -s start >"$home/pg_ctl.log" 2>&1; then
        { log_tail "$home/pg_ctl.log" && log_tail "$log"; } >&2
        die "cluster $name does not start"
    fi
}

# cluster_running NAME: whether its server runs.
cluster_running() {
    work_place
    [ -f "$WORK/clusters/$1/data/postmaster.pid" ] || return 1
    [ -n "${PG_BIN:-}" ] || private_postgres
    as_server "$PG_BIN/pg_ctl" -D "$WORK/clusters/$1/data" status >/dev/null 2>&1
}

# cluster_stop NAME: stops and removes it; nothing to do is no error.
cluster_stop() {
    if cluster_running "$1"; then
        as_server "$PG_BIN/pg_ctl" -D "$WORK/clusters/$1/data" -m fast -w -t 30 -s stop >/dev/null 2>&1 ||
            as_server "$PG_BIN/pg_ctl" -D "$WORK/clusters/$1/data" -m immediate -w -t 30 -s stop ||
            die "cluster $1 does not stop"
    fi
    cluster_remove "$1"
}
cluster_remove() {
    local home=$WORK/clusters/$1 socket
    [ -d "$home" ] || return 0
    if [ -f "$home/socket_directory" ]; then
        socket=$(cat "$home/socket_directory")
        case $socket in /tmp/health_crypto.*) rm -rf "$socket" ;; esac
    fi
    rm -rf "$home"
}

# cluster_temporary NAME [options of cluster_start]: a cluster for the time of this script. The name is unique to it,
# so that two scripts do not meet; sets CLUSTER and the connection variables of this shell.
cluster_temporary() {
    local home
    work_place
    # Those of scripts that were killed before they could clean up.
    for home in "$WORK/clusters/$1"-*[0-9]; do
        [ ! -d "$home" ] || [ -d "/proc/${home##*-}" ] || cluster_stop "${home##*/}"
    done
    CLUSTER=$1-$$
    shift
    on_exit cluster_stop "$CLUSTER"
    cluster_start "$CLUSTER" "$@"
    cluster_use "$CLUSTER"
}

# cluster_use NAME: this shell's psql, pg_dump, libpq and so on talk to that cluster.
cluster_use() {
    local settings
    settings=$(cluster_env "$1") || exit 1
    eval "$settings"
}

# cluster_env NAME: prints what cluster_use evaluates.
cluster_env() {
    cluster_running "$1" || die "cluster $1 does not run; start it with: tools/cluster.sh start $1"
    local home=$WORK/clusters/$1
    # shellcheck disable=SC2016 # PATH is for the reader's shell to expand
    printf 'export PGHOST=%q PGPORT=%q PGUSER=postgres PGDATABASE=postgres PATH=%q:"$PATH"\n' \
        "$(cat "$home/socket_directory")" "$(cat "$home/port")" "$PG_BIN"
}

# cluster_log NAME: path of the server's log.
cluster_log() {
    work_place
    printf '%s\n' "$WORK/clusters/$1/log"
}

# psycopg_python: prints a Python that has psycopg2; the first python3 may be one that does not see Debian's packages.
psycopg_python() {
    local candidate
    for candidate in python3 /usr/bin/python3; do
        "$candidate" -c 'import psycopg2' 2>/dev/null || continue
        printf '%s\n' "$candidate"
        return 0
    done
    return 1
}

# python_venv NAME REQUIREMENTS: a Python environment target/tools/NAME with what that file lists; sets VENV.
python_venv() {
    local stamp log=$LOGS/venv-$1.log
    VENV=$STATE/tools/$1
    stamp=$(python3 -c 'import sys; print(sys.version, sys.executable)' | cat - "$2" <(printf '%s' "$VENV") | sha256sum)
    [ "$(cat "$VENV/.complete" 2>/dev/null)" != "$stamp" ] || return 0
    rm -rf "$VENV"
    { python3 -m venv "$VENV" && "$VENV/bin/pip" install -q --disable-pip-version-check --no-input -r "$2"; } \
        >"$log" 2>&1 </dev/null || {
        log_tail "$log" >&2
        die "pip could not install ${2#"$ROOT/"}"
    }
    printf '%s\n' "$stamp" >"$VENV/.complete"
}

# sql [psql arguments]: psql on the cluster in use, without anybody's psqlrc, stopping at the first error.
sql() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }
# sql_value QUERY [psql arguments]: the bare value or rows, unaligned.
sql_value() {
    local query=$1
    shift
    psql -X -q -A -t -v ON_ERROR_STOP=1 "$@" -c "$query"
}
