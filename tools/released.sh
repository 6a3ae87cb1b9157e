# shellcheck shell=bash
# What has been released, and that it stays as it was; to be sourced after tools/lib.sh.
#
# sql/released/health_crypto--VERSION.sql is the installation script of each released version, as cargo pgrx made it
# then; sql/health_crypto--A--B.sql are the update scripts, which cargo pgrx installs. sql/released/SHA256SUMS lists
# both: what is listed is frozen. An update script that is not listed belongs to the version that is being worked on.

# version_of_source: the version in Cargo.toml.
version_of_source() { sed -n 's/^version = "\(.*\)"$/\1/p' "$ROOT/Cargo.toml" | head -n 1; }

# released_versions: those that have an installation script, the earliest first.
released_versions() {
    [ -d "$ROOT/sql/released" ] || return 0
    find "$ROOT/sql/released" -name 'health_crypto--*.sql' -printf '%f\n' |
        sed 's/^health_crypto--\(.*\)\.sql$/\1/' | sort -V
}

# freeze DIRECTORY FILE...: adds scripts to its list.
freeze() {
    (cd "$1" && shift && sha256sum "$@" >>released/SHA256SUMS)
}

# check_released DIRECTORY: prints what is not as it was released; nothing if all is.
check_released() {
    local directory=$1 sum file tag list=$1/released/SHA256SUMS
    if [ -f "$list" ]; then
        while read -r sum file; do
            [ "$(sha256sum "$directory/$file" 2>/dev/null | cut -d ' ' -f 1)" = "$sum" ] || say "sql/$file is not as it was released"
        done <"$list"
    fi
    for file in "$directory"/released/*.sql; do
        [ -e "$file" ] || continue
        grep -qs "  released/${file##*/}$" "$list" || say "sql/released/${file##*/} is not in sql/released/SHA256SUMS"
    done
    # The list itself: every tag of a release that this clone has must be found in it, word for word.
    [ "$directory" = "$ROOT/sql" ] || return 0
    for tag in $(git -C "$ROOT" tag --list 'v[0-9]*' 2>/dev/null); do
        git -C "$ROOT" show "$tag:sql/released/SHA256SUMS" 2>/dev/null | while read -r line; do
            grep -qsxF "$line" "$list" || say "sql/released/SHA256SUMS lacks a line of release $tag"
        done
    done
}

# from_version VERSION CURRENT: the regression suite, with every CREATE EXTENSION being one of that version and an
# update: without an installation script for the current one, PostgreSQL takes that way by itself. Adds to passed and
# failed of the caller.
from_version() {
    local good bad log=$LOGS/regress-from-$1.log script
    script=$("$PG_BIN/pg_config" --sharedir)/extension/health_crypto--$2.sql
    mv "$script" "$script.hidden"
    on_exit eval "[ ! -e '$script.hidden' ] || mv '$script.hidden' '$script'"
    "$ROOT/tools/regress.sh" >"$log" 2>&1 </dev/null || true
    mv "$script.hidden" "$script"
    read -r good bad < <(sed -n 's/^checks: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$log")
    [ $((good + bad)) -gt 0 ] || bad=1
    [ "$bad" -eq 0 ] || log_tail "$log" 60
    say "the regression suite after an update from $1: $good passed, $bad failed"
    passed=$((passed + good)) failed=$((failed + bad))
}
