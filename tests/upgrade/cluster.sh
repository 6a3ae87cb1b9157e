#!/usr/bin/env bash
# pg_upgrade of a server whose database has been lived in, from one major version to another: every verdict, the
# register, the keyring, encrypted columns, triggers, owners and grants must be as before, and what is written
# afterwards must be kept as before. Both versions must be built (tools/matrix.sh does it). Prints "checks: N passed, N
# failed".
#
#     tests/upgrade/cluster.sh OLD NEW
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"
# shellcheck source=tests/lib.sh
. "$ROOT/tests/lib.sh"

[ $# -eq 2 ] || die "usage: tests/upgrade/cluster.sh OLD NEW"
old=$1 new=$2
place=$(mktemp -d /tmp/hc-upgrade.XXXXXX)
on_exit rm -rf "$place"
export data=$ROOT/tests/pg_regress/data
fixtures=$ROOT/tests/fixtures
state() { sql -d hospital -f "$fixtures/state.sql" >"$place/$1.state" 2>&1 || cat "$place/$1.state"; }
# version MAJOR: the programs of that version from now on.
version() {
    PG_MAJOR=$1
    unset PG_BIN
    private_postgres
    export PATH=$PG_BIN:$PATH
}

# ------------------------------------------------------------------------------------------------ before

version "$old"
old_bin=$PG_BIN
cluster_temporary "upgrade-from-$old"
from=$CLUSTER
createdb hospital
sql -d hospital -c 'CREATE EXTENSION health_crypto' >/dev/null
sql -d hospital -v "fixtures=$fixtures" -f "$fixtures/lived_in.sql" >/dev/null
state before
check "documents before" 14 "$(grep -c '^verdict: ' "$place/before.state")"
check "gaps before" 0 "$(grep -c '^gap: ' "$place/before.state" || true)"
checksums=$(sql_value 'SHOW data_checksums')
# Minor releases of November 2026 note a version with every column (pg_attver), which earlier ones of a later major
# version cannot read: pg_upgrade goes to a release that is as new. If what is to be had is not, the notes are taken
# away, as in a database from before; that is said.
if grep -q pg_attver "$old_bin/postgres" && ! (version "$new" >/dev/null && grep -q pg_attver "$PG_BIN/postgres"); then
    say "note: $("$old_bin/postgres" --version) is a newer minor release than that of $new: its notes of column versions are removed"
    sql -d hospital -c "UPDATE pg_attribute SET attoptions = NULL WHERE attoptions::text LIKE '{pg_attver=%}'"
fi
as_server "$old_bin/pg_ctl" -D "$WORK/clusters/$from/data" -m fast -w -s stop

# ------------------------------------------------------------------------------------------------ pg_upgrade

version "$new"
# Both must have checksums or none; since 18 they are on unless one says otherwise.
options=()
[ "$checksums" = on ] && options=(--initdb --data-checksums)
[ "$checksums" = on ] || [ "$new" -lt 18 ] || options=(--initdb --no-data-checksums)
cluster_temporary "upgrade-to-$new" "${options[@]+"${options[@]}"}"
to=$CLUSTER
as_server "$PG_BIN/pg_ctl" -D "$WORK/clusters/$to/data" -m fast -w -s stop
# It writes its files where it is started, and puts its socket there.
work=$WORK/clusters/$to/socket
upgrade() {
    (cd "$work" && "${SERVER[@]+"${SERVER[@]}"}" "$PG_BIN/pg_upgrade" -U postgres -b "$old_bin" -B "$PG_BIN" \
        -d "$WORK/clusters/$from/data" -D "$WORK/clusters/$to/data" -s "$work" "$@")
}
step "pg_upgrade --check" upgrade --check || failed=$((failed + 1))
step "pg_upgrade" upgrade || {
    failed=$((failed + 1))
    for log in "$WORK/clusters/$to"/data/pg_upgrade_output.d/*/log/*; do
        grep -l 'error: ' "$log" >/dev/null && { say "$log" && grep -A 5 'error: ' "$log" | cut -c 1-400 | head -n 20; }
    done
    die "the rest needs the upgraded server"
}
as_server "$PG_BIN/pg_ctl" -D "$WORK/clusters/$to/data" -l "$(cluster_log "$to")" -w -t 60 -s start >/dev/null 2>&1
cluster_use "$to"
check "the server is of version $new" "$new" "$(sql_value "SELECT current_setting('server_version_num')::int / 10000")"

# ------------------------------------------------------------------------------------------------ after

state after
# Another version may spell a body otherwise: then a gap says that, and protect() again ends it. All else must be equal.
spelt='^gap: .*"gap":"changed definition"'
grep -v "$spelt" "$place/after.state" >"$place/after.rest"
# Since 17 all rights on a table are one letter more.
for name in before.state after.rest; do
    sed '/^owner: /s/arwdDxtm/arwdDxt/g' "$place/$name" >"$place/$name.compared"
done
same "verdicts, register, keyring, messages, triggers, owners" "$place/before.state.compared" "$place/after.rest.compared"
say "$(grep -c "$spelt" "$place/after.state" || true) definitions are spelt otherwise by PostgreSQL $new"
sql -d hospital >/dev/null <<'SQL'
SET client_min_messages = warning;
SELECT FROM health_crypto.protect_gnuhealth();
SELECT health_crypto.protect('measurement', 'measurement', 'measurement_1(uuid[], text)', profile => 'jcs-1',
    digest_column => 'digest', signature_column => 'signature', state_column => 'state', sealed_states => '{final}',
    on_alteration => 'record', on_unverified_signature => 'record');
SQL
check "gaps after protect()" 0 "$(sql_value 'SELECT count(*) FROM health_crypto.protection_gaps()' -d hospital)"
state again
grep '^verdict: \|^prescription: \|^measurement: \|^certificate: ' "$place/before.state" >"$place/before.verdicts"
grep '^verdict: \|^prescription: \|^measurement: \|^certificate: ' "$place/again.state" >"$place/again.verdicts"
same "verdicts after protect()" "$place/before.verdicts" "$place/again.verdicts"

# It lives: digests follow, sealed documents are guarded, the register goes on.
sql -d hospital >/dev/null <<'SQL'
SET ROLE physician;
BEGIN;
INSERT INTO gnuhealth_prescription_order (id, prescription_id, prescription_date, patient, healthprof) VALUES (90, 'PRES90', '2026-02-01', 1, 1);
INSERT INTO gnuhealth_prescription_line (id, presc_order, medicament, dose) VALUES (90, 90, 1, 2.5);
COMMIT;
UPDATE gnuhealth_prescription_order SET state = 'validated' WHERE id = 90;
SQL
check "a new prescription" "t|intact" "$(sql_value "SELECT ok, content FROM health_crypto.verify('prescription', 90)" -d hospital)"
check "its seal is the register's last" "seal|90" "$(sql_value 'SELECT event, key FROM health_crypto.register ORDER BY entry DESC LIMIT 1' -d hospital)"
check "a sealed line is guarded" "23000" \
    "$(psql -X -A -t -d hospital -v VERBOSITY=sqlstate -c 'UPDATE gnuhealth_prescription_line SET dose = 1 WHERE presc_order = 1' 2>&1 | sed -n 's/^ERROR:  //p')"
check "crashes" 0 "$(grep -c 'PANIC\|terminated by signal' "$(cluster_log "$to")" || true)"
say "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
