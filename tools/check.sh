#!/usr/bin/env bash
# Checks with tools that take minutes to install or to run, so they are no part of `make test`:
#
#     tools/check.sh                all parts
#     tools/check.sh PART...        some of: deny coverage coverage-src miri sqlsmith
#     tools/check.sh --quick        what needs nothing that is not there, in seconds: deny, if cargo-deny is there
#
# deny       licences, bans, sources and advisories of dependencies, by deny.toml. Advisories need the network.
# coverage   which lines of core/ the core's tests reach; fails below 90 %.
# coverage-src  which lines of src/ the tests of regression, isolation, surface and bad bytes reach. Installs an instrumented
#            build, and a plain one after.
# miri       the core's unit tests without OpenPGP under Miri, if a toolchain has it.
# sqlsmith   30 minutes of random queries (MINUTES=n).
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/lib.sh
. "$ROOT/tests/lib.sh"
cd "$ROOT"

all=(deny coverage coverage-src miri sqlsmith)
parts=() quick=no
while [ $# -gt 0 ]; do
    case $1 in
        --quick) quick=yes parts=(deny) && shift ;;
        *) [[ " ${all[*]} " == *" $1 "* ]] || die "no part $1; parts: ${all[*]}" && parts+=("$1") && shift ;;
    esac
done
[ "${#parts[@]}" -gt 0 ] || parts=("${all[@]}")

# ---- dependencies

cargo_deny_version=0.20.2
deny() {
    local tool log=$LOGS/deny.log part
    tool=$(PATH=$STATE/tools/bin:$PATH command -v cargo-deny || true)
    if [ -z "$tool" ]; then
        if [ "$quick" = yes ]; then
            say "deny: skipped, cargo-deny is not there (tools/check.sh deny builds it)"
            return 0
        fi
        say "building cargo-deny $cargo_deny_version, once, some minutes (log: ${LOGS#"$ROOT/"}/cargo-deny.log)"
        (cd "$STATE" && CARGO_TARGET_DIR=$STATE/tools/build-deny CARGO_PROFILE_DEV_DEBUG=0 cargo install cargo-deny \
            --version "$cargo_deny_version" --locked --debug --force --root "$STATE/tools") \
            >"$LOGS/cargo-deny.log" 2>&1 </dev/null || {
            log_tail "$LOGS/cargo-deny.log"
            die "cargo-deny $cargo_deny_version could not be built"
        }
        rm -rf "$STATE/tools/build-deny"
        tool=$STATE/tools/bin/cargo-deny
    fi
    for part in licenses bans sources; do
        if "$tool" --offline check "$part" >"$log" 2>&1; then ok "deny: $part"; else not_ok "deny: $part" && log_tail "$log" 60; fi
    done
    [ "$quick" = no ] || return 0
    if "$tool" check advisories >"$log" 2>&1; then
        ok "deny: advisories"
    elif grep -q 'failed to fetch advisory database' "$log"; then
        say "deny: advisories: the database cannot be reached from here; nothing is said about them"
    else
        not_ok "deny: advisories" && log_tail "$log" 60
    fi
}

# ---- coverage

# Only the workspace's own crates are counted, so that dependencies are those of any other build.
instrumented() {
    printf '#!/bin/sh\ncompiler=$1\nshift\nexec "$compiler" "$@" -C instrument-coverage\n' >"$STATE/coverage/rustc"
    chmod 755 "$STATE/coverage/rustc"
    RUSTC_WORKSPACE_WRAPPER=$STATE/coverage/rustc "$@"
}
# report NAME FOLDER OBJECT...: merges the counters and prints the lines reached, file by file.
report() {
    local name=$1 folder=$2 objects=() object
    shift 2
    for object in "$@"; do objects+=(--object "$object"); done
    "llvm-profdata-$llvm" merge --sparse -o "$STATE/coverage/$name.profdata" "$STATE/coverage/$name"/*.profraw
    # The first object has no flag.
    "llvm-cov-$llvm" report --instr-profile "$STATE/coverage/$name.profdata" "${objects[@]:1}" \
        --ignore-filename-regex "/(registry|rustlib|rustc)/|/core/tests/" --sources "$ROOT/$folder" \
        >"$STATE/coverage/$name.txt"
    awk -v folder="$folder" '/\.rs / { printf "%6.1f %%  %5d lines, %4d not reached  %s/%s\n", 100 * ($8 - $9) / ($8 ? $8 : 1), $8, $9, folder, $1 }' \
        "$STATE/coverage/$name.txt" | sort -n
    total=$(awk '/^TOTAL/ { printf "%.1f", 100 * ($8 - $9) / $8 }' "$STATE/coverage/$name.txt")
    say "$folder: $total % of lines"
}
coverage_begin() {
    llvm=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
    "$ROOT/tools/setup.sh" check-packages
    rm -rf "$STATE/coverage/$1"
    mkdir -p "$STATE/coverage/$1"
    cargo_env
}
coverage() {
    local total objects
    coverage_begin core
    LLVM_PROFILE_FILE=$STATE/coverage/core/%p-%m.profraw instrumented "$ROOT/tools/cargo.sh" test --profile "$PROFILE" \
        -p health_crypto_core --no-fail-fast >"$LOGS/coverage-core.log" 2>&1 </dev/null || {
        log_tail "$LOGS/coverage-core.log"
        not_ok "coverage: the core's tests"
    }
    # shellcheck disable=SC2207 # paths of cargo's own making
    objects=($(sed -n 's/^ *Running .*(\(.*\))$/\1/p' "$LOGS/coverage-core.log"))
    report core core/src "${objects[@]}"
    if awk -v total="$total" 'BEGIN { exit !(total >= 90) }'; then ok "coverage: core/ $total %"; else not_ok "coverage: core/ $total %, below 90 %"; fi
}
coverage_src() {
    local total objects
    coverage_begin src
    instrumented "$ROOT/tools/build.sh" >"$LOGS/coverage-build.log" 2>&1 || {
        log_tail "$LOGS/coverage-build.log"
        die "the extension could not be built"
    }
    # Each backend writes its counters when it ends; the server's user must be able to.
    chmod 777 "$STATE/coverage/src"
    # The server's processes end with exit(), not _exit(), unless they crash; a killed one leaves nothing.
    local test
    for test in tools/regress.sh tests/isolation/run.sh tests/surface/run.sh tests/badbytes/run.sh; do
        LLVM_PROFILE_FILE=$STATE/coverage/src/%p-%m.profraw "$ROOT/$test" >"$LOGS/coverage-test.log" 2>&1 ||
            not_ok "coverage: $test: $(grep -m 3 FAILED "$LOGS/coverage-test.log")"
        say "$test: $(grep '^checks:' "$LOGS/coverage-test.log" | tail -n 1)"
    done
    objects=("$("$PG_BIN/pg_config" --pkglibdir)/health_crypto.so")
    report src src "${objects[@]}"
    ok "coverage: src/ $total %"
    # What others run must not write counters.
    "$ROOT/tools/build.sh" >"$LOGS/coverage-build.log" 2>&1
}

# ---- Miri

miri() {
    local toolchain found=
    for toolchain in $(rustup toolchain list 2>/dev/null | awk '{ print $1 }'); do
        if cargo "+$toolchain" miri --version >/dev/null 2>&1; then found=$toolchain; fi
    done
    if [ -z "$found" ]; then
        say "miri: not checked: no toolchain has the component: $(cargo miri --version 2>&1 | head -n 1)"
        return 0
    fi
    # Sequoia calls OpenSSL, which is not Rust; so what has no OpenPGP in it.
    if CARGO_TARGET_DIR=$STATE/miri cargo "+$found" miri test -p health_crypto_core --lib canonical:: diff:: digest:: \
        >"$LOGS/miri.log" 2>&1 </dev/null; then
        ok "miri: $(grep '^test result' "$LOGS/miri.log" | head -n 1)"
    else
        log_tail "$LOGS/miri.log"
        not_ok "miri"
    fi
}

sqlsmith() {
    "$ROOT/tools/setup.sh" check-packages
    if "$ROOT/tests/badbytes/sqlsmith.sh" --minutes "${MINUTES:-30}" | tee "$LOGS/check-sqlsmith.log"; then ok "sqlsmith"; else not_ok "sqlsmith"; fi
}

for part in "${parts[@]}"; do
    header "$part"
    "${part//-/_}"
done
say ""
say "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
