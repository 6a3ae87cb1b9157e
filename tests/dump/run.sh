#!/usr/bin/env bash
# A database that has been lived in is dumped in every form and restored into another server, with another locale and
# other settings: every verdict, the register, the keyring, encrypted columns, triggers, owners and grants must be as
# before; nothing may be digested, sealed or encrypted again by restoring; and a write must set off exactly what it did
# before. Prints "checks: N passed, N failed".
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"
# shellcheck source=tests/lib.sh
. "$ROOT/tests/lib.sh"

place=$(mktemp -d /tmp/hc-dump.XXXXXX)
on_exit rm -rf "$place"
export data=$ROOT/tests/pg_regress/data
fixtures=$ROOT/tests/fixtures
state() { sql -d "${2:-hospital}" -f "$fixtures/state.sql" >"$place/$1.state" 2>&1 || cat "$place/$1.state"; }

# A write of each kind, in one transaction that is rolled back: how often did our functions run, and what was stored?
# The deferred ones run at SET CONSTRAINTS. The counts are of this transaction.
cat >"$place/write.sql" <<'SQL'
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
SET track_functions = 'all';
SET lc_messages = 'C';
\set VERBOSITY sqlstate
BEGIN;
SET LOCAL ROLE physician;
INSERT INTO gnuhealth_prescription_order (id, prescription_id, prescription_date, patient, healthprof) VALUES (50, 'PRES50', '2026-02-01', 1, 1);
INSERT INTO gnuhealth_prescription_line (id, presc_order, medicament, dose) VALUES (50, 50, 1, 2.5), (51, 50, 2, 0.1);
UPDATE gnuhealth_prescription_line SET dose = 3 WHERE id = 51;
INSERT INTO measurement (id, taken_at, day, value, raw, span, remark)
VALUES ('5f0c1a52-0000-4000-8000-000000000050', '2026-07-01 12:00:00+00', '2026-07-01', 0.1, '\xc3a9', '90 minutes', 'M4RKER new');
UPDATE finding SET note = 'M4RKER new' WHERE id = 2;
SET CONSTRAINTS ALL IMMEDIATE;
UPDATE gnuhealth_prescription_order SET state = 'validated' WHERE id = 50;
UPDATE measurement SET state = 'final' WHERE id = '5f0c1a52-0000-4000-8000-000000000050';
SAVEPOINT refused;
UPDATE gnuhealth_prescription_line SET dose = 9 WHERE id = 51;
ROLLBACK TO refused;
UPDATE gnuhealth_prescription_order SET notes = 'changed' WHERE id = 1;
ROLLBACK TO refused;
DELETE FROM gnuhealth_prescription_order WHERE id = 3;
ROLLBACK TO refused;
RESET ROLE;
SELECT 'prescription: ' || serializer || ' ' || document_digest FROM gnuhealth_prescription_order WHERE id = 50;
SELECT 'measurement: ' || (serializer::jsonb - 'Remark')::text || ' ' || (digest = encode(sha512(convert_to(serializer, 'UTF8')), 'hex'))
       || ' ' || left(remark, 27) FROM measurement WHERE id::text LIKE '%50';
SELECT 'finding: ' || left(note, 27) FROM finding WHERE id = 2;
SELECT 'register: ' || entry || ' ' || event || ' ' || document || ' ' || key FROM health_crypto.register WHERE key ~ '50$' ORDER BY entry;
SELECT 'calls: ' || funcname || ' ' || calls FROM pg_stat_xact_user_functions WHERE schemaname = 'health_crypto'
   AND funcname IN ('guard', 'keep', 'encrypt_written') ORDER BY funcname;
ROLLBACK;
SQL
write() { sql -d "${2:-hospital}" -v ON_ERROR_STOP=0 -f "$place/write.sql" >"$place/$1.write" 2>&1 || true; }

# ------------------------------------------------------------------------------------------------ the hospital

cluster_temporary dump-source
source=$CLUSTER
createdb hospital
sql -d hospital -c 'CREATE EXTENSION health_crypto'
sql -d hospital -v "fixtures=$fixtures" -f "$fixtures/lived_in.sql" >/dev/null
state before
write before
# A number that a transaction took which was rolled back leaves a gap in the register's numbers; put back, to compare.
rewind() {
    sql -d "${1:-hospital}" -c "SELECT setval('health_crypto.register_entry_number', max(entry)) FROM health_crypto.register_entry" >/dev/null
}
rewind

check "documents before" 14 "$(grep -c '^verdict: ' "$place/before.state")"
check "kinds of content" "altered draft drifted forged intact missing stale" \
    "$(sed -n 's/^verdict: .*"content":"\([a-z]*\)".*/\1/p' "$place/before.state" | sort -u | tr '\n' ' ' | sed 's/ $//')"
check "kinds of signatures" "absent valid wrong_subject" \
    "$(sed -n 's/^verdict: .*,"signature":"\([a-z_]*\)".*/\1/p' "$place/before.state" | sort -u | tr '\n' ' ' | sed 's/ $//')"
check "gaps before" 0 "$(grep -c '^gap: ' "$place/before.state" || true)"
check "refused writes" 3 "$(grep -c 23000 "$place/before.write")"

dumps() {
    # Dumped from a session whose settings are not the usual ones.
    export PGOPTIONS="-c timezone=America/St_Johns -c datestyle=German -c extra_float_digits=-3 -c bytea_output=escape -c intervalstyle=sql_standard"
    pg_dumpall -f "$place/all.sql" &&
        pg_dumpall --globals-only -f "$place/globals.sql" &&
        pg_dump -Fc -f "$place/custom" hospital &&
        pg_dump -Fd -j 2 -f "$place/directory" hospital &&
        pg_dump --column-inserts -f "$place/inserts.sql" hospital &&
        pg_dump --schema-only -f "$place/schema.sql" hospital &&
        pg_dump --data-only --disable-triggers -f "$place/data.sql" hospital &&
        sql -d hospital -c 'CREATE ROLE backup LOGIN IN ROLE pg_read_all_data' &&
        PGUSER=backup pg_dump -Fc -f "$place/backup" hospital &&
        sql -d hospital -c 'DROP ROLE backup'
    unset PGOPTIONS
}
step "dumps of every form" dumps
state dumped
same "dumping changes nothing" "$place/before.state" "$place/dumped.state"

# No secret, no content, no certificate, no stored message in what is called the schema.
grep -v '^COMMENT ON EXTENSION' "$place/schema.sql" | grep -n 'M4RKER\|PGP\|Betz\|Cameron\|[0-9a-f]\{64\}\|[0-9A-F]\{40\}' >"$place/secrets" || true
check "content or key material in --schema-only" 0 "$(wc -l <"$place/secrets")"
cut -c 1-200 "$place/secrets"
check "the same words are in a dump with data" yes \
    "$([ "$(grep -c 'M4RKER\|PGP\|Betz\|Cameron' "$place/all.sql")" -gt 10 ] && echo yes)"

# ------------------------------------------------------------------------------------------------ another server

cluster_temporary dump-target -c "datestyle='German'" -c "timezone='Pacific/Chatham'" -c extra_float_digits=0 \
    -c "bytea_output='escape'" -c "intervalstyle='sql_standard'" -c shared_preload_libraries=health_crypto
target=$CLUSTER

# restored NAME: the database is what it was, nothing was done by restoring it, and it lives.
restored() {
    state "$1"
    same "$1: the same in every respect" "$place/before.state" "$place/$1.state"
    lives "$1"
}
lives() {
    # Statistics of the loading session arrive when it ends. What a row was given when it came, it keeps: no update.
    check "$1: no row was written again" 0 "$(sql_value "SELECT sum(n_tup_upd + n_tup_del) FROM pg_stat_user_tables" -d hospital)"
    write "$1"
    same "$1: a write does what it did before, and as often" "$place/before.write" "$place/$1.write"
    rewind
}
fresh() {
    sql -d postgres -c 'DROP DATABASE IF EXISTS hospital' 2>/dev/null
    sql -d postgres -c "CREATE DATABASE hospital TEMPLATE template0 ${*:-}"
}
header "pg_dumpall, into a server that has nothing, with another locale"
# The superuser is there already.
sed -i '/^CREATE ROLE postgres;$/d' "$place/all.sql"
step "pg_dumpall, psql" sql -d postgres -f "$place/all.sql"
restored everything

header "pg_restore"
restore() { pg_restore --exit-on-error -d hospital "$@"; }
fresh
step "custom" restore "$place/custom"
restored custom
fresh
step "custom, in one transaction" restore --single-transaction "$place/custom"
restored single
fresh
step "directory, two jobs" restore -j 2 "$place/directory"
restored directory
fresh "LOCALE_PROVIDER icu ICU_LOCALE 'tr' LC_COLLATE 'C' LC_CTYPE 'C'"
sql -d hospital -c "ALTER DATABASE hospital SET search_path = ''" -c "ALTER DATABASE hospital SET search_path = pg_catalog, public" \
    -c 'ALTER DATABASE hospital SET quote_all_identifiers = on'
step "by a role that may only read, into a Turkish database" restore "$place/backup"
restored turkish
fresh
step "plain, with INSERT" sql -d hospital -1 -f "$place/inserts.sql"
restored inserts
# PostgreSQL's own: of partitions pg_restore --clean also drops what they inherit, and goes on when that is refused.
clean() {
    pg_restore --clean --if-exists -d hospital "$place/custom" 2>"$place/clean.errors" || true
    sed -n 's/^pg_restore: error: .*ERROR: *//p' "$place/clean.errors" | grep -v '^cannot drop inherited constraint'
    cat "$place/clean.errors"
    ! sed -n 's/^pg_restore: error: .*ERROR: *//p' "$place/clean.errors" | grep -qv '^cannot drop inherited constraint'
}
step "over what is there, --clean" clean
restored clean

header "schema and data apart"
schema_and_data() { sql -d hospital -f "$place/schema.sql" && sql -d hospital -f "$place/data.sql"; }
fresh
step "schema only, then data only with --disable-triggers" schema_and_data
state apart
# What --disable-triggers leaves behind is said, with the remedy, and the remedy is one call.
check "origin-only triggers, of most" yes "$([ "$(grep -c '^trigger: [^ ]* O ' "$place/apart.state")" -ge 30 ] && echo yes)"
check "gaps that name the remedy" "$(grep -c '^trigger: [^ ]* O ' "$place/apart.state")" \
    "$(grep -c '^gap: .*"origin-only trigger".*call health_crypto.enable_triggers()' "$place/apart.state")"
grep -v '^gap: \|^trigger: ' "$place/before.state" >"$place/before.rest"
grep -v '^gap: \|^trigger: ' "$place/apart.state" >"$place/apart.rest"
same "all else is the same" "$place/before.rest" "$place/apart.rest"
sql -d hospital -c 'SET client_min_messages = warning' -c 'SELECT FROM health_crypto.enable_triggers()' >/dev/null
restored apart

# A data-only restore with the triggers on is refused rather than half right.
fresh
sql -d hospital -f "$place/schema.sql" >/dev/null
grep -v 'ABLE TRIGGER ALL' "$place/data.sql" >"$place/triggers-on.sql"
check "data only without --disable-triggers" refused \
    "$(sql -d hospital -1 -f "$place/triggers-on.sql" >/dev/null 2>&1 || echo refused)"

for cluster in "$source" "$target"; do
    check "content in the log of $cluster" 0 "$(grep -c 'M4RKER' "$(cluster_log "$cluster")" || true)"
done
say "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
