#!/usr/bin/env bash
# Runs the fuzz targets of fuzz/, one after the other, and says what each did. Fails if one found something, or
# could not be run.
#
#     tools/fuzz.sh                     all targets, 600 seconds each
#     tools/fuzz.sh -s 60 framing       some of: framing signature certificate keyring combine
#                                       canonical_json; for so many seconds
#
# What was learnt is kept in target/fuzz/corpus and used again; what breaks a rule is in target/fuzz/artifacts, and
#     tools/fuzz.sh -r FILE TARGET      runs that one again.
# A stable toolchain will do: without a sanitizer libFuzzer needs only the compiler's coverage counters. (The core has
# no unsafe code for a sanitizer to watch; OpenSSL is Debian's.)
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"

all=(framing signature certificate keyring combine canonical_json)
seconds=600 repeat=''
while getopts 's:r:' option; do
    case $option in
        s) seconds=$OPTARG ;;
        r) repeat=$OPTARG ;;
        *) die "usage: tools/fuzz.sh [-s SECONDS] [-r FILE] [TARGET]..." ;;
    esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || set -- "${all[@]}"
for target in "$@"; do
    [[ " ${all[*]} " == *" $target "* ]] || die "no target $target; targets: ${all[*]}"
done

FUZZ=$STATE/fuzz
mkdir -p "$FUZZ"

cargo_fuzz_version=0.13.2
cargo_fuzz=$STATE/tools/bin/cargo-fuzz
if [ "$("$cargo_fuzz" --version 2>/dev/null)" != "cargo-fuzz $cargo_fuzz_version" ]; then
    say "building cargo-fuzz $cargo_fuzz_version, once, about two minutes (log: ${LOGS#"$ROOT/"}/cargo-fuzz.log)"
    (cd "$STATE" && CARGO_TARGET_DIR=$STATE/tools/build-fuzz CARGO_PROFILE_DEV_DEBUG=0 cargo install cargo-fuzz \
        --version "$cargo_fuzz_version" --locked --debug --force --root "$STATE/tools") \
        >"$LOGS/cargo-fuzz.log" 2>&1 </dev/null || {
        log_tail "$LOGS/cargo-fuzz.log" >&2
        die "cargo-fuzz $cargo_fuzz_version could not be built"
    }
    rm -rf "$STATE/tools/build-fuzz"
fi

# fuzz COMMAND TARGET ...: cargo-fuzz, which asks for the nightly toolchain's flags by their stable names.
fuzz() {
    local command=$1
    shift
    RUSTC_BOOTSTRAP=1 PATH=$STATE/tools/bin:$PATH cargo fuzz "$command" --fuzz-dir fuzz --sanitizer none \
        --target-dir "$FUZZ/build" "$@"
}

# ---- seeds: the certificates, signatures and documents of the repository's own tests

# bytes_of FILE: what is armored in it, without gpg, so that a broken block is a seed as well.
bytes_of() {
    sed -n '/^-----BEGIN PGP \(SIGNATURE\|MESSAGE\|PUBLIC KEY BLOCK\)-----/,/^-----END/p' "$1" |
        sed -e '1,/^$/d' -e '/^=/d' -e '/^-----/d' | base64 -d
}
seeds() {
    local target=$1 folder=$FUZZ/seeds/$1 file number=0
    rm -rf "$folder"
    mkdir -p "$folder" "$FUZZ/corpus/$target" "$FUZZ/artifacts/$target"
    for file in tests/pg_regress/data/*; do
        case $target:$file in
            framing:*.sig | combine:*.sig | framing:*.asc | certificate:*.asc | keyring:*.asc) cp "$file" "$folder/" ;;
        esac
        case $target:$file in
            signature:*.sig | certificate:*.asc | keyring:*.asc) bytes_of "$file" >"$folder/$(basename "$file").bin" ;;
        esac
    done
    if [ "$target" = canonical_json ]; then
        cp META.json "$folder/"
        while IFS= read -r line; do
            number=$((number + 1))
            printf '%s' "$line" >"$folder/document-$number"
        done < <(cat tests/pg_regress/expected/*.out | grep -o '{"[^|]*}' | sort -u | head -n 200)
    fi
    [ -n "$(ls "$folder")" ] || die "there is no seed for $target"
}

say "building the targets (log: ${LOGS#"$ROOT/"}/fuzz-build.log)"
fuzz build >"$LOGS/fuzz-build.log" 2>&1 </dev/null || {
    log_tail "$LOGS/fuzz-build.log" >&2
    die "the fuzz targets could not be built"
}

if [ -n "$repeat" ]; then
    [ $# -eq 1 ] || die "one target, please, to repeat $repeat with"
    fuzz run "$1" "$repeat"
    exit
fi

found=() broken=()
for target in "$@"; do
    seeds "$target"
    log=$LOGS/fuzz-$target.log status=0 options=()
    [ ! -f "fuzz/dictionaries/$target.dict" ] || options=("-dict=fuzz/dictionaries/$target.dict")
    # An input that takes longer than 5 seconds, or a process beyond 1 GiB, is a finding like a panic.
    fuzz run "$target" "$FUZZ/corpus/$target" "$FUZZ/seeds/$target" -- -max_total_time="$seconds" -timeout=5 \
        -rss_limit_mb=1024 -malloc_limit_mb=256 -max_len=16384 -print_final_stats=1 -verbosity=1 \
        -artifact_prefix="$FUZZ/artifacts/$target/" "${options[@]}" >"$log" 2>&1 </dev/null || status=$?
    stat() { sed -n "s/^stat::$1: *//p" "$log" | tail -n 1; }
    # libFuzzer sums up what it found. Whatever else ends a run (cargo cannot build, a dictionary cannot be read, the process
    # is killed) says nothing of the code that is fuzzed.
    outcome='nothing found'
    if [ "$status" -ne 0 ] && grep -q '^SUMMARY: libFuzzer' "$log"; then
        found+=("$target") outcome="FOUND SOMETHING (status $status)"
    elif [ "$status" -ne 0 ] || [ -z "$(stat number_of_executed_units)" ]; then
        broken+=("$target") outcome="NOT FUZZED to the end (status $status)"
    fi
    say "$target: $(stat number_of_executed_units) executions in $seconds s, $(stat average_exec_per_sec) a second," \
        "peak $(stat peak_rss_mb) MiB, corpus $(find "$FUZZ/corpus/$target" -type f | wc -l) files, $outcome"
    [ "$outcome" = 'nothing found' ] || log_tail "$log"
done
[ "${#broken[@]}" -eq 0 ] || warn "error: could not be fuzzed: ${broken[*]}; nothing is known of them"
[ "${#found[@]}" -eq 0 ] || warn "error: found something: ${found[*]}; inputs are in ${FUZZ#"$ROOT/"}/artifacts"
[ $((${#broken[@]} + ${#found[@]})) -eq 0 ]
