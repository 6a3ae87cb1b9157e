# What the shell tests share. Sourced after tools/lib.sh. A test ends with "checks: N passed, N failed".
# shellcheck shell=bash

passed=0 failed=0
# check WHAT EXPECTED ACTUAL
check() {
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        say "FAILED: $1: expected $2, got ${3:-nothing}"
    fi
}
# same WHAT FILE FILE: whether two files are equal; shows where not.
same() {
    if cmp -s "$2" "$3"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        say "FAILED: $1:"
        diff "$2" "$3" | cut -c 1-400 | head -n 40 || true
    fi
}
