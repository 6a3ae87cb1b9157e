#!/usr/bin/env bash
# Everything that continuous integration runs, in order. Each step says how long it took; if it fails, the end of its log.
# The last line is the sum: "N passed, N failed".
#
#     tools/test.sh             all steps
#     tools/test.sh STEP...     some of: format clippy core build readme regress surface badbytes gnuhealth adoption isolation
#                               reliability evidence encryption interop report reports pages dump replicas federation upgrade
#                               packages demo bench
#     tools/test.sh --list      the steps and what each runs
#
# A step counts: cargo test, its tests; a script that prints "checks: N passed, N failed", those; any other, one.
# Logs: target/logs/test-STEP.log. V=1 shows them as they are written.
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"

# What runs the extension as built.
running=(regress surface badbytes gnuhealth adoption isolation reliability evidence encryption interop report reports pages
    dump replicas federation upgrade packages demo bench)
all=(format clippy core build readme "${running[@]}")
list=no
[ "${1:-}" != --list ] || { list=yes && shift; }
[ $# -gt 0 ] || set -- "${all[@]}"
for name in "$@"; do
    [[ " ${all[*]} " == *" $name "* ]] || die "no step $name; steps: ${all[*]}"
done
steps=(set-up "$@")

features=(--no-default-features --features "pg$PG_MAJOR")
# The extension's own library has no test harness outside PostgreSQL; should Cargo.toml not say so, name only the core.
core=(--workspace)
grep -q '^test = false' Cargo.toml || core=(-p health_crypto_core)

passed=0 failed=0 number=0
failures=()
build_failed=no

# command_of STEP: sets `command`; leaves it empty, with `reason`, when there is no build to run it with.
command_of() {
    command=() reason=
    case $1 in
        set-up) command=(tools/setup.sh) ;;
        format) command=(cargo fmt --all --check) ;;
        clippy) command=(tools/cargo.sh clippy --profile "$PROFILE" --workspace --all-targets "${features[@]}" -- -D warnings) ;;
        # The whole workspace is named, though only the core has cargo tests, because cargo chooses the features of
        # dependencies by what is named: so the core's tests and the extension share one build of them all.
        core) command=(tools/cargo.sh test --profile "$PROFILE" "${core[@]}" "${features[@]}" --no-fail-fast) ;;
        build) command=(tools/build.sh) ;;
        regress) command=(tools/regress.sh) ;;
        surface) script tests/surface/run.sh ;;
        badbytes) script tests/badbytes/run.sh ;;
        readme) command=(tools/docs.sh check) ;;
        gnuhealth) script tests/gnuhealth/run.sh ;;
        adoption) script tests/adoption/run.sh --count 4000 ;;
        isolation) script tests/isolation/run.sh ;;
        reliability) script tests/reliability/run.sh --short ;;
        evidence) script tests/evidence/run.sh ;;
        encryption) script tests/encryption/run.sh ;;
        report) script tests/report/run.sh ;;
        reports) script tests/reports/run.sh ;;
        pages) script tests/pages/run.sh ;;
        interop) script tests/interop/run.sh ;;
        dump) script tests/dump/run.sh ;;
        replicas) script tests/replicas/run.sh ;;
        federation) script tests/federation/run.sh ;;
        upgrade) script tests/upgrade/run.sh ;;
        packages) script tests/packages/run.sh ;;
        demo) script tools/demo.sh --check ;;
        bench) script bench/run.sh --smoke ;;
    esac
    if [[ " ${running[*]} " == *" $1 "* ]] && [ "$build_failed" != no ]; then
        command=() reason="the build failed"
    fi
}
# A script that is missing is not left out: bash fails for want of it.
script() { command=(bash "$@"); }

if [ "$list" = yes ]; then
    for name in "${steps[@]}"; do
        command_of "$name"
        printf '%s\t%s\n' "$name" "${command[*]#bash}"
    done
    exit 0
fi

# Two runs in one checkout would share target/logs and the private PostgreSQL.
exec 9>"$STATE/test.lock"
if ! flock -n 9; then
    say "another test run holds ${STATE#"$ROOT/"}/test.lock; waiting for it"
    flock 9
fi

# count STEP LOG: sets `good` and `bad` from what the log says.
count() {
    good=0 bad=0
    case $1 in
        core)
            read -r good bad < <(awk '/^test result: / {
                for (i = 2; i <= NF; i++) { if ($i ~ /^passed/) p += $(i - 1); if ($i ~ /^failed/) f += $(i - 1) }
            } END { print p + 0, f + 0 }' "$2")
            ;;
        *)
            read -r good bad < <(awk '/^checks: [0-9]+ passed, [0-9]+ failed$/ { p += $2; f += $4 }
                END { print p + 0, f + 0 }' "$2")
            ;;
    esac
}

for name in "${steps[@]}"; do
    number=$((number + 1))
    command_of "$name"
    if [ "${#command[@]}" -eq 0 ]; then
        say "[$number/${#steps[@]}] $name: skipped, $reason"
        continue
    fi
    log=$LOGS/test-$name.log
    started=$SECONDS status=0
    say "[$number/${#steps[@]}] $name: ${command[*]}"
    if [ "${V:-0}" != 0 ]; then
        "${command[@]}" </dev/null 2>&1 9>&- | tee "$log" || status=$?
    else
        "${command[@]}" </dev/null >"$log" 2>&1 9>&- || status=$?
    fi
    count "$name" "$log"
    case $name in
        set-up | format | clippy | build | readme | bench) [ $((good + bad)) -gt 0 ] || [ "$status" -ne 0 ] || good=1 ;;
        *)
            # No count at all means that nothing was checked, which is no success.
            if [ $((good + bad)) -eq 0 ]; then
                [ "$status" -ne 0 ] || say "    printed no count of checks" && status=$((status > 0 ? status : 1))
            fi
            ;;
    esac
    [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
    [ "$bad" -eq 0 ] || [ "$status" -ne 0 ] || status=1
    passed=$((passed + good)) failed=$((failed + bad))
    if [ "$status" -eq 0 ]; then
        say "    ok: $good passed, $((SECONDS - started)) s"
        continue
    fi
    failures+=("$name")
    say "    FAILED: $good passed, $bad failed, $((SECONDS - started)) s"
    log_tail "$log" 100
    [ "$name" != build ] || build_failed=yes
    [ "$name" != set-up ] || {
        say "nothing else can run without it"
        break
    }
done

say ""
[ "${#failures[@]}" -eq 0 ] || say "failed: ${failures[*]} (logs: ${LOGS#"$ROOT/"})"
say "$SECONDS s"
say "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
