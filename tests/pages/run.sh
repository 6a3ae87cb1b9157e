#!/usr/bin/env bash
# README.md, docs/any-table.md and docs/PERFORMANCE.md run as they stand, and `make install` before them, as the README
# has it. Other pages are run by tests of their own: tools/docs/pages.tsv. Prints "checks: N passed, N failed".
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"
# shellcheck source=tests/lib.sh
. "$ROOT/tests/lib.sh"

place=$(mktemp -d /tmp/hc-pages.XXXXXX)
on_exit rm -rf "$place"
export data=$ROOT/tests/pg_regress/data

# page FILE [OPTION]...: runs a page, and adds its checks to the sum.
page() {
    local name good bad status=0
    name=$(basename "$1" .md)
    header "$1"
    mkdir -p "$place/$name"
    "$ROOT/tools/docs.sh" run "$ROOT/$1" "$place/$name" "${@:2}" >"$place/$name.log" 2>&1 || status=$?
    counted "$place/$name.log"
    say "$1: $good blocks as shown, $bad not"
    [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || failed=$((failed + 1))
}

# ------------------------------------------------------------------------------------------------ make install

# Into the private PostgreSQL, by the profile of the tests, because a release takes minutes; and with what the tests built.
header "make install"
cargo_env
module=$("$PG_BIN/pg_config" --pkglibdir)/health_crypto.so
built=$place/built.so
cp -p "$module" "$built"
# The build of the tests has points in it that panic when they are told to.
on_exit cp -p --remove-destination "$built" "$module"
rm "$module"
status=0
HC_PROFILE=$PROFILE make -C "$ROOT" install PG_CONFIG="$PG_BIN/pg_config" >"$LOGS/make-install.log" 2>&1 || status=$?
check "make install PG_CONFIG=…" 0 "$status"
[ "$status" -eq 0 ] || log_tail "$LOGS/make-install.log"
check "make install says what to do next" 1 "$(grep -c 'CREATE EXTENSION health_crypto' "$LOGS/make-install.log")"
check "what make install put there is another build" no "$(cmp -s "$built" "$module" && echo yes || echo no)"

# ------------------------------------------------------------------------------------------------ pages

cluster_temporary pages
createdb hospital
sql -d hospital -f "$ROOT/tests/fixtures/gnuhealth.sql"
export PGDATABASE=hospital
page README.md --setup "$ROOT/tests/pages/README.sql"
check "report.html is a page" 1 "$(grep -c -i '<!doctype html>' "$place/README/report.html")"
page docs/PERFORMANCE.md
createdb consents
PGDATABASE=consents page docs/any-table.md --setup "$ROOT/tests/pages/any-table.sql"

# ------------------------------------------------------------------------------------------------ the check itself

# A page that shows what is not so must fail; so must one whose blocks are not run, and the reasons must be reasons.
header "what must be found"
refused() {
    local what=$1
    printf '%s\n' "${@:2}" >"$place/wrong.md"
    mkdir -p "$place/wrong"
    check "found: $what" 1 "$("$ROOT/tools/docs.sh" run "$place/wrong.md" "$place/wrong" >"$place/wrong.log" 2>&1 && echo 0 || echo 1)"
    check "and said" 1 "$(grep -c -m 1 '^FAILED: wrong.md' "$place/wrong.log")"
}
refused "other output of sql" '```sql' 'SELECT 1 AS one;' '```' '' '```text' ' one' '-----' '   2' '(1 row)' '```'
refused "other output of sh" '```sh' 'echo one' '```' '' '```text' 'two' '```'
refused "an error that is not shown" '```sql' 'SELECT 1/0;' '```'
refused "a command that fails" '```sh' 'false' '```'
refused "a block after bash has ended" '```sh' 'exit 0' '```' '' '```sh' 'true' '```'
refused "a page without blocks" 'Nothing.'

# The same of tools/docs.sh check, on a copy of the files: what is appended to a page there must be found, and said.
copy=$place/copy
mkdir "$copy"
tar -C "$ROOT" --exclude=./target --exclude=./.git --exclude=./fuzz -cf - . | tar -C "$copy" -xf -
HC_STATE=$STATE "$copy/tools/docs.sh" check >"$place/check.log" 2>&1 || log_tail "$place/check.log"
check "the copy is as good as the files" 0 "$(grep -c '^FAILED' "$place/check.log")"
found() {
    local what=$1 file=$2 words=$3
    cp "$copy/$file" "$place/kept"
    printf '\n' >>"$copy/$file"
    printf '%s\n' "${@:4}" >>"$copy/$file"
    HC_STATE=$STATE "$copy/tools/docs.sh" check >"$place/check.log" 2>&1 || true
    cp "$place/kept" "$copy/$file"
    check "found: $what" 1 "$(grep -c -m 1 "^FAILED: .*$words" "$place/check.log")"
    check "nothing else is found: $what" 1 "$(grep -c '^FAILED' "$place/check.log")"
}
found "a command that nothing runs" README.md 'commands.tsv does not know: make fuzz' '```sh' 'make fuzz' '```'
found "a block that is not run, without a reason" docs/DESIGN.md 'gives its reason' '<!-- not run: no -->' '```sql' 'SELECT 1;' '```'
found "SQL on a page that no test runs" docs/DESIGN.md 'names the test that runs docs/DESIGN.md' '```sql' 'SELECT 1;' '```'
found "SQL in a fence without a language" docs/encryption.md 'a fence with one of' '```' 'SELECT 1;' '```'
found "SQL that is only indented" docs/encryption.md 'a fence with one of' '## More' '' '    SELECT 1;'
found "text that is nobody's output" docs/DESIGN.md 'is the output of a block before it' '```text' '1' '```'
found "a target that the Makefile has not" README.md 'make nothing is a target' 'Run `make nothing`.'
found "a function that is not there" README.md 'function nothing()' 'See `health_crypto.nothing()`.'
found "a heading that is not there" README.md 'there is no such heading' '[there](#nowhere-at-all)'
say "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
