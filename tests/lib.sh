# What the shell tests and the benchmarks share. Sourced after tools/lib.sh. Each ends with "checks: N passed, N failed".
# shellcheck shell=bash

passed=0 failed=0
# ok WHAT, not_ok WHAT: count a check, and say what it was.
ok() {
    passed=$((passed + 1))
    say "ok: $1"
}
not_ok() {
    failed=$((failed + 1))
    say "FAILED: $1"
}
# check WHAT EXPECTED ACTUAL: says what does not hold; with `telling=yes` what holds too.
check() {
    if [ "$2" != "$3" ]; then
        not_ok "$1: expected $2, got ${3:-nothing}"
    elif [ "${telling:-no}" = yes ]; then
        ok "$1"
    else
        passed=$((passed + 1))
    fi
}
# same WHAT FILE FILE: whether two files are equal; shows where not.
same() {
    if cmp -s "$2" "$3"; then
        passed=$((passed + 1))
    else
        not_ok "$1:"
        diff "$2" "$3" | cut -c 1-400 | head -n 40 || true
    fi
}
# counted LOG: shows what another test printed, and adds its checks to the sum; sets `good` and `bad`. One that counted
# nothing has failed.
counted() {
    good=0 bad=1
    grep -v '^checks: ' "$1" || true
    read -r good bad < <(sed -n 's/^checks: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$1") || good=0 bad=1
    passed=$((passed + good)) failed=$((failed + bad))
}
