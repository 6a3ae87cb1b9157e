#!/usr/bin/env bash
# ALTER EXTENSION UPDATE. Of every released version: its scripts are as they were released; updated, it is the same as a
# fresh installation, object for object. And the check itself is checked: with an earlier version made for the purpose,
# an update script that leaves out any of its statements, or a released script that was touched, must be found. Prints
# "checks: N passed, N failed".
#
#     tests/upgrade/run.sh            on the last build
#     tests/upgrade/run.sh --suite    and the whole regression suite after each update
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"
# shellcheck source=tests/lib.sh
. "$ROOT/tests/lib.sh"
# shellcheck source=tools/released.sh
. "$ROOT/tools/released.sh"

suite=no
[ "${1:-}" != --suite ] || suite=yes
place=$(mktemp -d /tmp/hc-upgrade.XXXXXX)
on_exit rm -rf "$place"

cluster_temporary upgrade
scripts=$("$PG_BIN/pg_config" --sharedir)/extension
current=$(sed -n "s/^default_version = '\(.*\)'$/\1/p" "$scripts/health_crypto.control")
check "the version that is built is that of Cargo.toml" "$(version_of_source)" "$current"

# script FILE NAME: puts a script where PostgreSQL looks for it, for the time of this test.
script() {
    cp "$1" "$scripts/$2"
    on_exit rm -f "$scripts/$2"
}
# catalogue NAME STATEMENT...: what a database has after these; status 1 if they fail.
catalogue() {
    local name=$1 statements=() statement
    shift
    for statement in "$@"; do statements+=(-c "$statement"); done
    dropdb --if-exists upgraded 2>/dev/null
    createdb upgraded
    sql -d upgraded "${statements[@]}" >"$place/$name.log" 2>&1 || return 1
    sql -d upgraded -f "$ROOT/tests/upgrade/catalogue.sql" >"$place/$name"
}
# equal NAME: whether it is what a fresh installation gives; shows where not, with VERBOSE set.
equal() { diff "$place/fresh" "$place/$1" >"$place/difference"; }

catalogue fresh 'CREATE EXTENSION health_crypto' || die "CREATE EXTENSION fails: $(cat "$place/fresh.log")"
check "facts about the extension" yes "$([ "$(wc -l <"$place/fresh")" -gt 300 ] && echo yes)"

# ------------------------------------------------------------------------------------------------ released versions

header "released versions"
check "released scripts are as they were released" "" "$(check_released "$ROOT/sql")"
[ -n "$(released_versions)" ] || say "none yet"
for version in $(released_versions); do
    if [ "$version" = "$current" ]; then
        # After a release the source may not give other objects under the same version.
        script "$ROOT/sql/released/health_crypto--$version.sql" "health_crypto--$version.released.sql"
        catalogue "$version" "CREATE EXTENSION health_crypto VERSION '$version.released'" || cat "$place/$version.log"
    else
        script "$ROOT/sql/released/health_crypto--$version.sql" "health_crypto--$version.sql"
        catalogue "$version" "CREATE EXTENSION health_crypto VERSION '$version'" 'ALTER EXTENSION health_crypto UPDATE' ||
            cat "$place/$version.log"
    fi
    check "$version, updated, is what a fresh installation gives" equal "$(equal "$version" && echo equal)"
    head -n 20 "$place/difference"
    [ "$suite" = no ] || [ "$version" = "$current" ] || from_version "$version" "$current"
done

# ------------------------------------------------------------------------------------------------ the check itself

header "a version made for the purpose"
# The earlier version: today's, with things changed at its end that an update has to put right. Each in its own way: a
# function that is new, one that is gone, one of another volatility, words, rights, a column, an index, a trigger, what
# is dumped.
definition_of() { awk -v name="$1" 'index($0, "CREATE FUNCTION health_crypto." name "(") { on = 1 } on { print } on && /^COMMENT ON FUNCTION/ { words = 1 } words && /;$/ { exit }' "$ROOT/sql/functions.sql"; }
cp "$scripts/health_crypto--$current.sql" "$place/earlier.sql"
cat >>"$place/earlier.sql" <<'SQL'
DROP FUNCTION health_crypto.enable_triggers();
CREATE FUNCTION health_crypto.retired() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
ALTER FUNCTION health_crypto.python_str(text) VOLATILE;
COMMENT ON FUNCTION health_crypto.protection_gaps() IS 'in other words';
GRANT EXECUTE ON FUNCTION health_crypto.protection_gaps() TO PUBLIC;
ALTER TABLE health_crypto.encrypted_column ALTER COLUMN recovery DROP NOT NULL;
DROP INDEX health_crypto.register_entry_document_key;
ALTER TABLE health_crypto.register_entry ENABLE TRIGGER append_only;
ALTER TABLE health_crypto.certificate OWNER TO CURRENT_USER;
SELECT pg_catalog.pg_extension_config_dump('health_crypto.certificate', 'WHERE false');
SQL
definition_of enable_triggers >"$place/definition"
check "the definition of a function is found" yes "$(grep -q 'COMMENT ON FUNCTION' "$place/definition" && echo yes)"
# One statement a file.
n=0
put() {
    n=$((n + 1))
    cat >"$place/statement.$(printf %02d "$n").sql"
}
put <"$place/definition"
put <<<"REVOKE ALL ON FUNCTION health_crypto.enable_triggers() FROM PUBLIC;"
put <<<"DROP FUNCTION health_crypto.retired();"
put <<<"ALTER FUNCTION health_crypto.python_str(text) IMMUTABLE;"
put <<<"COMMENT ON FUNCTION health_crypto.protection_gaps() IS '$(sql_value "SELECT obj_description('health_crypto.protection_gaps()'::regprocedure, 'pg_proc')" -d upgraded)';"
put <<<"REVOKE ALL ON FUNCTION health_crypto.protection_gaps() FROM PUBLIC;"
put <<<"ALTER TABLE health_crypto.encrypted_column ALTER COLUMN recovery SET NOT NULL;"
put <<<"CREATE INDEX register_entry_document_key ON health_crypto.register_entry (document, key, entry);"
put <<<"COMMENT ON INDEX health_crypto.register_entry_document_key IS '$(sql_value "SELECT obj_description('health_crypto.register_entry_document_key'::regclass, 'pg_class')" -d upgraded)';"
put <<<"ALTER TABLE health_crypto.register_entry ENABLE ALWAYS TRIGGER append_only;"
put <<<"ALTER TABLE health_crypto.certificate OWNER TO health_crypto_registrar;"
put <<<"SELECT pg_catalog.pg_extension_config_dump('health_crypto.certificate', '');"
script "$place/earlier.sql" health_crypto--0.0.1.sql
update() {
    cat "$place"/statement.*.sql >"$place/update.sql"
    script "$place/update.sql" "health_crypto--0.0.1--$current.sql"
    catalogue updated "CREATE EXTENSION health_crypto VERSION '0.0.1'" 'ALTER EXTENSION health_crypto UPDATE' || return 1
}
update || cat "$place/updated.log"
check "updated, it is what a fresh installation gives" equal "$(equal updated && echo equal)"
head -n 20 "$place/difference"
for statement in "$place"/statement.*.sql; do
    mv "$statement" "$statement.out"
    # Without the function there is nothing to revoke from either: then the update itself fails.
    if update && equal updated; then
        check "an update without: $(head -n 1 "$statement.out")" different equal
    else
        check "an update without: $(head -n 1 "$statement.out")" different different
    fi
    mv "$statement.out" "$statement"
done
[ "$suite" = no ] || { update && from_version 0.0.1 "$current"; }

# Released scripts: one that was touched, one that nobody listed, one that is gone, and the list itself.
frozen=$place/sql
mkdir -p "$frozen/released"
cp "$place/earlier.sql" "$frozen/released/health_crypto--0.0.1.sql"
cp "$place/update.sql" "$frozen/health_crypto--0.0.1--0.0.2.sql"
freeze "$frozen" released/health_crypto--0.0.1.sql health_crypto--0.0.1--0.0.2.sql
check "scripts as released" "" "$(check_released "$frozen")"
printf '\n' >>"$frozen/released/health_crypto--0.0.1.sql"
check "an installation script that was touched" "sql/released/health_crypto--0.0.1.sql is not as it was released" "$(check_released "$frozen")"
cp "$place/earlier.sql" "$frozen/released/health_crypto--0.0.1.sql"
printf '\n' >>"$frozen/health_crypto--0.0.1--0.0.2.sql"
check "an update script that was touched" "sql/health_crypto--0.0.1--0.0.2.sql is not as it was released" "$(check_released "$frozen")"
cp "$place/update.sql" "$frozen/health_crypto--0.0.1--0.0.2.sql"
cp "$place/earlier.sql" "$frozen/released/health_crypto--0.0.3.sql"
check "a script that is not listed" "sql/released/health_crypto--0.0.3.sql is not in sql/released/SHA256SUMS" "$(check_released "$frozen")"
rm "$frozen/released/health_crypto--0.0.3.sql" "$frozen/released/health_crypto--0.0.1.sql"
check "a script that is gone" "sql/released/health_crypto--0.0.1.sql is not as it was released" "$(check_released "$frozen")"

say "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
