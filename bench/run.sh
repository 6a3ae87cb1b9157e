#!/usr/bin/env bash
# All benchmarks, then their figures against what is wanted: a table and a plot. `make bench`, about 10 minutes.
#
#     bench/run.sh [--smoke] [--no-build]
#
# bench/write.sh (writing), bench/verify.sh (verifying), bench/encrypt.sh (encrypting): each says what it measures.
# --smoke: tiny counts, for continuous integration: does it all still run?
# --no-build: with the extension as last built, instead of a release built first.
# Leaves target/bench/results.tsv (raw values), targets.md and targets.svg.
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tools/lib.sh"
# shellcheck source=bench/lib.sh
. "$ROOT/bench/lib.sh"

smoke=() build=yes
while [ $# -gt 0 ]; do
    case $1 in
        --smoke) smoke=(--smoke) build=no && shift ;;
        --no-build) build=no && shift ;;
        *) sed -n '4s/^# *//p' "${BASH_SOURCE[0]}" >&2 && exit 2 ;;
    esac
done
library "$build"

venv=$home/venv
make_venv() {
    [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
}
step "what draws the plot" make_venv

part=0
for script in write verify; do
    part=$((part + 1))
    header "part $part of 3: bench/$script.sh"
    options=("${smoke[@]}")
    # As many as fit into the ten minutes; bench/verify.sh alone takes as many as the targets name.
    [ "$script${smoke[*]}" != verify ] || options=(--documents 30000 --signatures 1500 --sizes "10000 60000")
    bash "$here/$script.sh" --no-build "${options[@]}" || failed=$((failed + 1))
done
# It prints its own figures, which are in docs/PERFORMANCE.md under Encryption.
header "part 3 of 3: bench/encrypt.sh"
bash "$here/encrypt.sh" --no-build "${smoke[@]}" || failed=$((failed + 1))

header "against what is wanted"
"$venv/bin/python" "$here/targets.py" "$results" "$home/targets.md" "$home/targets.svg" || failed=$((failed + 1))
[ -s "$home/targets.svg" ] && passed=$((passed + 1))
say "plot: ${home#"$ROOT/"}/targets.svg"
[ "${#smoke[@]}" -eq 0 ] || say "(smoke run: these figures mean nothing)"
say "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
