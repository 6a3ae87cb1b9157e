#!/usr/bin/env bash
# The extension on every major version of PostgreSQL that Cargo.toml names: compiled for all, and tested on those that
# can be had here: the regression suite, two sessions at once, dumps, replicas, federation, and pg_upgrade from each to
# every later one.
#
#     tools/matrix.sh                 all versions
#     tools/matrix.sh 17 18           these; pg_upgrade among them and from the one that is installed
#     tools/matrix.sh --fetch 17      only fetches that version
#     tools/matrix.sh --clean         removes what it fetched and built
#
# A version is had, in this order, because it is installed; or, on Debian, from the packages of another release of
# Debian, taken from the mirror that apt uses: they are not installed but unpacked below target/matrix/VERSION, together
# with the libraries that they need, the C library included, and their programs are told to use those (patchelf). So
# they run here without a container, without root, and without a trace in the system. A version that cannot be had is
# compiled with the bindings that pgrx ships, and that is said.
#
# What is had stays for the next run. Building takes minutes a version the first time, testing three to four.
# Logs: target/logs/matrix-VERSION-STEP.log. The last line is the sum: "N passed, N failed".
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"

# Which release of Debian has a version that the others have not.
declare -A suites=([17]=trixie [18]=forky)
steps=(regress isolation dump replicas federation pages)

known=$(sed -n 's/^pg\([0-9]*\) = .*/\1/p' Cargo.toml)
work_place
matrix=$WORK/matrix

fetch_only=no wanted=()
for argument in "$@"; do
    case $argument in
        --fetch) fetch_only=yes ;;
        --clean)
            rm -rf "$matrix"
            for version in $known; do
                [ "$version" = "$PG_MAJOR" ] || rm -rf "$WORK/postgres/$version" "$STATE/pgrx-$version"
            done
            exit 0
            ;;
        *)
            [[ " ${known//$'\n'/ } " == *" $argument "* ]] || die "Cargo.toml has no PostgreSQL $argument; it has: ${known//$'\n'/ }"
            wanted+=("$argument")
            ;;
    esac
done
# shellcheck disable=SC2206 # a list of words
[ "${#wanted[@]}" -gt 0 ] || wanted=($known)

# ------------------------------------------------------------------------------------------------ having a version

# have VERSION: whether it is there, or can be fetched; fetches it.
have() {
    (PG_MAJOR=$1 && system_pg_config >/dev/null) && return 0
    [ -n "${suites[$1]:-}" ] && command -v apt-get dpkg-deb >/dev/null || return 1
    [ -n "$(debian_mirror)" ] || return 1
    HC_MATRIX=1 tools/setup.sh packages
    step "[$1] from Debian ${suites[$1]}" fetch "$1" "${suites[$1]}"
}

# fetch VERSION SUITE: unpacks its packages and all that they depend on. apt resolves and downloads; in a place of its
# own, with no package taken for installed, it does not touch the system's lists.
fetch() {
    local version=$1 suite=$2 apt=$matrix/apt-$1 root=$matrix/$1 new=$matrix/$1.new package program loader libraries
    rm -rf "$apt" "$new"
    mkdir -p "$apt"/{lists/partial,cache/archives/partial,etc/apt.conf.d,etc/preferences.d} "$new"
    : >"$apt/status"
    printf 'deb [signed-by=%s] %s %s main\n' /usr/share/keyrings/debian-archive-keyring.gpg "$(debian_mirror)" "$suite" >"$apt/sources.list"
    # Check-Valid-Until: a mirror may lag behind on releases that are not out yet; what it has is signed all the same.
    cat >"$apt/apt.conf" <<APT
Dir::Etc "$apt/etc";
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "-";
Dir::State "$apt";
Dir::State::Lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
APT::Sandbox::User "$(id -un)";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
APT
    export APT_CONFIG=$apt/apt.conf
    apt-get update
    apt-get install --yes --download-only "postgresql-$version"
    # What this one depends on (a compiler) is not needed here; its headers and test programs are.
    (cd "$apt/cache/archives" && apt-get download "postgresql-server-dev-$version")
    unset APT_CONFIG
    for package in "$apt"/cache/archives/*.deb; do
        dpkg-deb -x "$package" "$new"
    done
    rm -rf "$apt" "$root"
    mv "$new" "$root"
    loader=$(find "$root/usr/lib" -name 'ld-linux*.so.*' | head -n 1)
    [ -n "$loader" ] || die "the packages have no dynamic loader"
    libraries=$(dirname "$loader")
    find "$root/usr/lib/postgresql/$version/bin" "$root/usr/lib/postgresql/$version/lib/pgxs" -type f -perm /111 |
        while read -r program; do
            # Scripts among them have no interpreter of this kind. DT_RPATH counts for what a program loads later, too.
            patchelf --print-interpreter "$program" >/dev/null 2>&1 || continue
            patchelf --set-interpreter "$loader" --force-rpath --set-rpath "$libraries" "$program"
        done
    "$root/usr/lib/postgresql/$version/bin/postgres" --version
}

# compile VERSION: with the bindings that pgrx ships for its documentation. They are chosen by a cfg that other crates
# know as well, so only pgrx's gets it.
compile() {
    local wrapper=$matrix/rustc
    mkdir -p "$matrix"
    cat >"$wrapper" <<'RUSTC'
#!/bin/sh
case " $* " in
    *" --crate-name pgrx_pg_sys "*) exec "$@" --cfg docsrs ;;
    *) exec "$@" ;;
esac
RUSTC
    chmod 755 "$wrapper"
    # Built as far as the library, with what is built already of its dependencies; a check would check them all again.
    DOCS_RS=1 RUSTC_WRAPPER=$wrapper cargo_shared build --lib --profile "$PROFILE" --no-default-features --features "pg$1"
}

# ------------------------------------------------------------------------------------------------ the matrix

passed=0 failed=0 had=() table=()
# run VERSION NAME COMMAND...: a step of a version, with what it counted.
run() {
    local version=$1 name=$2 log=$LOGS/matrix-$1-$2.log started=$SECONDS status=0 good bad
    shift 2
    printf '[%s] %s ... ' "$version" "$name"
    PG_MAJOR=$version "$@" >"$log" 2>&1 </dev/null || status=$?
    read -r good bad < <(awk '/^checks: [0-9]+ passed, [0-9]+ failed$/ { p += $2; f += $4 } END { print p + 0, f + 0 }' "$log")
    [ $((good + bad)) -gt 0 ] || { [ "$status" -eq 0 ] && good=1; }
    [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
    passed=$((passed + good)) failed=$((failed + bad))
    if [ "$bad" -eq 0 ]; then
        say "$good passed, $((SECONDS - started)) s"
        table+=("$version $name: $good passed")
        return 0
    fi
    say "FAILED: $good passed, $bad failed, $((SECONDS - started)) s"
    table+=("$version $name: FAILED, $good passed, $bad failed")
    [ "$name" != regress ] || cp "$STATE/regress/regression.diffs" "$LOGS/matrix-$version-regression.diffs" 2>/dev/null || true
    log_tail "$log" 60
    return 1
}

tools/setup.sh
for version in "${wanted[@]}"; do
    if have "$version"; then
        had+=("$version")
        [ "$fetch_only" = no ] || continue
        header "PostgreSQL $version: $(PG_MAJOR=$version && "$(system_pg_config)" --version)"
        run "$version" build tools/build.sh || continue
        for name in "${steps[@]}"; do
            script=tests/$name/run.sh
            [ "$name" != regress ] || script=tools/regress.sh
            run "$version" "$name" "$script" || true
        done
    else
        [ "$fetch_only" = no ] || die "PostgreSQL $version cannot be had here: install it"
        header "PostgreSQL $version: cannot be had here, so it is only compiled"
        run "$version" compile compile "$version" || true
    fi
done
[ "$fetch_only" = no ] || exit 0

header "pg_upgrade"
# From what is installed, too.
[[ " ${had[*]} " == *" $PG_MAJOR "* ]] || ! system_pg_config >/dev/null || had=("$PG_MAJOR" "${had[@]}")
for old in "${had[@]}"; do
    for new in "${had[@]}"; do
        [ "$new" -gt "$old" ] || continue
        run "$old" "upgrade-to-$new" tests/upgrade/cluster.sh "$old" "$new" || true
    done
done

header "sum"
printf '  %s\n' "${table[@]}"
say "$SECONDS s"
say "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
