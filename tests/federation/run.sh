#!/usr/bin/env bash
# docs/federation.md run as it stands, on three servers: two hospitals and a coordinator, with postgres_fdw.
# Prints "checks: N passed, N failed".
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"

place=$(mktemp -d /tmp/hc-federation.XXXXXX)
on_exit rm -rf "$place"
export data=$ROOT/tests/pg_regress/data

# hospital NAME NUMBER: a node with some prescriptions, the first of them signed.
hospital() {
    # What was committed before a node crashes must be there after it.
    cluster_temporary "federation-$1" -c synchronous_commit=on
    createdb hospital
    sql -d hospital -c 'CREATE EXTENSION health_crypto' -f "$ROOT/tests/fixtures/gnuhealth.sql" >/dev/null
    sql -d hospital -v "count=$2" >/dev/null <<'SQL'
SET client_min_messages = warning;
SELECT FROM health_crypto.protect_gnuhealth();
\set cameron `cat "$data/cameron.asc"`
\set aurora `cat "$data/aurora.asc"`
\set signature `cat "$data/prescription-1.cameron.sig"`
SELECT health_crypto.import_certificate(c, '{prescription}') FROM unnest(ARRAY[:'cameron', :'aurora']) c;
INSERT INTO gnuhealth_prescription_order (id, prescription_id, prescription_date, patient, healthprof, notes)
VALUES (1, 'PRES001', '2026-01-05 10:30:00', 1, 1, 'With food');
INSERT INTO gnuhealth_prescription_line (presc_order, medicament, dose, dose_unit, route, form, indication, short_comment) VALUES
    (1, 1, 500, 1, 1, 1, 1, 'every 8 hours'), (1, 2, 5, 1, 1, 1, 2, 'only if fever is over 38.5°');
SELECT FROM health_crypto.attach_signature('prescription', 1, :'signature');
INSERT INTO gnuhealth_prescription_order (id, patient, healthprof) SELECT n, 1, 1 FROM generate_series(2, :count) n;
INSERT INTO gnuhealth_prescription_line (presc_order, medicament, dose) SELECT n, 1, n FROM generate_series(2, :count) n;
UPDATE gnuhealth_prescription_order SET state = 'validated' WHERE id > 2;
SQL
}
hospital north 4
north=$CLUSTER
sql -d hospital -c 'ALTER TABLE gnuhealth_prescription_line DISABLE TRIGGER USER' \
    -c 'UPDATE gnuhealth_prescription_line SET dose = 40 WHERE presc_order = 4' \
    -c 'SELECT FROM health_crypto.enable_triggers()' >/dev/null
hospital south 3
south=$CLUSTER
sql -d hospital -c "SELECT health_crypto.remove_certificate(fingerprint, 'a test') FROM health_crypto.certificates WHERE user_ids::text LIKE '%Cameron%'" >/dev/null
cluster_temporary federation-coordinator
coordinator=$CLUSTER
createdb hospital

export PGSERVICEFILE=$place/services
for name in north south coordinator; do
    cluster=${!name}
    host=$(cat "$WORK/clusters/$cluster/socket_directory") port=$(cat "$WORK/clusters/$cluster/port")
    printf '[%s]\nhost=%s\nport=%s\nuser=postgres\ndbname=hospital\n\n' "$name" "$host" "$port" >>"$PGSERVICEFILE"
    [ "$name" = coordinator ] ||
        printf "CREATE SERVER %s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '%s', port '%s', dbname 'hospital');\n" \
            "$name" "$host" "$port" >>"$place/hosts.sql"
done
unset PGHOST PGPORT PGUSER PGDATABASE

south_data=$WORK/clusters/$south/data
# shellcheck disable=SC2317 # the page calls them
stop_south() { as_owner "$PG_BIN/pg_ctl" -D "$south_data" -m immediate -w -t 30 -s stop; }
start_south() { as_owner "$PG_BIN/pg_ctl" -D "$south_data" -l "$(dirname "$south_data")/log" -w -t 30 -s start >/dev/null 2>&1; }
# Arrays are not exported to the page's shell. A server that it starts must not keep the shell's pipes open.
as_owner() {
    (
        cd /
        for descriptor in /proc/self/fd/*; do
            descriptor=${descriptor##*/}
            [ "$descriptor" -le 2 ] || eval "exec $descriptor>&-"
        done
        eval "$server_words"' "$@"'
    )
}
server_words=$(printf '%q ' "${SERVER[@]+"${SERVER[@]}"}")
export -f stop_south start_south as_owner
export south_data server_words PG_BIN
"$ROOT/tools/docs.sh" run "$ROOT/docs/federation.md" "$place"
