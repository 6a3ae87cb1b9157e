#!/usr/bin/env bash
# What the extension puts into a database, and who can use it:
#
#     tests/surface/run.sh             compares, checks, attacks
#     tests/surface/run.sh --accept    takes today's objects as expected, for review
#
# 1. Every object, its owner, rights and what matters for its safety, against objects.tsv. A new or changed object fails
#    until somebody has looked at it and accepted it.
# 2. sql/privileges.sql has a reason for each role, and for each object that everybody or the auditors may use; it grants
#    what the catalogue says they may use, and nothing else.
# 3. pgspot on the generated install script, against pgspot.tsv, which has a reason for each finding that stays.
# 4. Attacks by names, by rights and by rows (hostile.sql): each is tried as the role that would try it.
#
# What 4 tried goes to target/reliability/privileges.tsv.
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"
# shellcheck source=tests/lib.sh
. "$ROOT/tests/lib.sh"

here=$ROOT/tests/surface
work=$STATE/surface
mkdir -p "$work" "$STATE/reliability"

cluster_temporary surface
createdb surface
export PGDATABASE=surface
sql -c 'CREATE EXTENSION health_crypto'

header "objects"
sql -f "$here/objects.sql" >"$work/objects.tsv"
if [ "${1:-}" = --accept ]; then
    cp "$work/objects.tsv" "$here/objects.tsv"
    say "accepted tests/surface/objects.tsv; read it before you commit it"
    exit 0
fi
count=$(wc -l <"$work/objects.tsv")
if diff -u "$here/objects.tsv" "$work/objects.tsv" >"$work/objects.diff"; then
    ok "$count objects are as reviewed"
else
    not_ok "objects differ from what was reviewed; look at each, then tests/surface/run.sh --accept:"
    cut -c 1-300 "$work/objects.diff"
fi
# What psql shows a DBA: \dx+ the members, \df+ each function with its comment.
members=$(sql_value "SELECT count(*) FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
                      WHERE e.extname = 'health_crypto' AND d.deptype = 'e'")
shown=$(psql -X -A -t -c '\dx+ health_crypto' | grep -c '[a-z] .*health_crypto')
functions=$(psql -X -A -t -F '|' -P null='no comment' -c '\df+ health_crypto.*' | grep -c '^health_crypto|')
bare=$(psql -X -A -t -F '|' -P null='no comment' -c '\df+ health_crypto.*' | grep -c '|no comment$' || true)
if [ "$members" -gt 80 ] && [ "$shown" = "$members" ] && [ "$functions" -gt 60 ] && [ "$bare" = 0 ]; then
    ok "\\dx+ shows $shown objects, \\df+ $functions functions with their comments"
else
    not_ok "of $members objects \\dx+ shows $shown; of $functions functions \\df+ shows $bare without a comment"
fi
# Rules that hold for every object, whatever was accepted.
rule() {
    local text=$1 found
    found=$(awk -F '\t' "$2" "$work/objects.tsv")
    if [ -z "$found" ]; then ok "$text"; else not_ok "$text: $found"; fi
}
# But one, of an event trigger: whoever has the right TRIGGER on a table need not own it. Nobody can call it; it puts one shape
# of the extension's own triggers in place of the other, by names from the catalogue, quoted, and runs no expression of others.
rule "no function is SECURITY DEFINER but that of the event trigger" '$1 == "function" && $5 ~ /SECURITY DEFINER/ \
    && !($2 == "health_crypto.tables_changed()" && $4 == "nobody else" && $5 ~ /set search_path=pg_catalog, pg_temp; returns event_trigger/) { print $2 }'
rule "no function looks names up when it is called" '$1 == "function" && $5 ~ /NAMES LOOKED UP/ { print $2 }'
# Objects, their columns, triggers and indexes, and the roles. Row and array types are their tables' and types'.
uncommented=$(sql_value "
    WITH member AS (
        SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
         WHERE e.extname = 'health_crypto' AND d.deptype = 'e'),
    part (classid, objid, objsubid) AS (
        SELECT classid, objid, 0 FROM member m
         WHERE NOT EXISTS (SELECT FROM pg_type t WHERE m.classid = 'pg_type'::regclass AND t.oid = m.objid
                              AND (t.typelem <> 0 OR EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind <> 'c')))
        UNION ALL
        SELECT 'pg_class'::regclass, c.oid, a.attnum FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'm', 'c', 'f', 'p')
           AND (EXISTS (SELECT FROM member WHERE classid = 'pg_class'::regclass AND objid = c.oid)
                OR EXISTS (SELECT FROM member WHERE classid = 'pg_type'::regclass AND objid = c.reltype))
        UNION ALL
        SELECT 'pg_trigger'::regclass, t.oid, 0 FROM pg_trigger t JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = t.tgrelid
         WHERE NOT t.tgisinternal
        UNION ALL
        SELECT 'pg_class'::regclass, i.indexrelid, 0 FROM pg_index i JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = i.indrelid
         WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)),
    said AS (SELECT pg_describe_object(p.classid, p.objid, p.objsubid) AS what, d.description FROM part p
               LEFT JOIN pg_description d ON (d.classoid, d.objoid, d.objsubid) = (p.classid, p.objid, p.objsubid)
             UNION ALL
             SELECT 'role ' || rolname, shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname LIKE 'health_crypto%')
    SELECT count(*)::text FROM said
    UNION ALL
    (SELECT what FROM said WHERE length(coalesce(description, '')) < 5 ORDER BY what)")
commented=$(head -n 1 <<<"$uncommented") uncommented=$(tail -n +2 <<<"$uncommented")
if [ "$commented" -ge 200 ] && [ -z "$uncommented" ]; then
    ok "each of $commented objects, columns, triggers, indexes and roles has a comment"
else
    not_ok "of $commented objects, columns, triggers, indexes and roles, these have no comment: $uncommented"
fi
rule "every table is dumped" '$1 == "table" && $5 !~ /dumped true/ { print $2 }'
rule "tables, views and sequences belong to the registrar" '$1 ~ /^(table|view|sequence)$/ && $3 != "health_crypto_registrar" { print $2 }'
rule "nobody but the registrar may write a table" '$1 ~ /^(table|view|sequence|column)$/ && $4 ~ /INSERT|UPDATE|DELETE|TRUNCATE|TRIGGER|REFERENCES|USAGE/ { print $2, $4 }'
rule "nobody may grant further" '$4 ~ /\*/ { print $2, $4 }'
rule "the roles cannot log in, and have no attributes" '$1 == "role" && $5 ~ /LOGIN|SUPERUSER|CREATE|REPLICATION|BYPASSRLS/ { print $2 }'
rule "the registrar has no members" '$2 == "health_crypto_registrar" && $4 != "members none" { print $4 }'
rule "settings are a superuser's" '$1 == "setting" && $4 != "context superuser" { print $2 }'

header "reasons"
reasons() { python3 "$here/reasons.py" "$ROOT/sql/privileges.sql" "$1"; }
# Each with its reason, and nothing else: what the catalogue says, whatever made it so.
reasons grants >"$work/grants.sql"
sql -A -t -c 'SET search_path = pg_catalog' -f "$work/grants.sql" | LC_ALL=C sort >"$work/granted.tsv"
awk -F '\t' '$4 ~ /PUBLIC=|health_crypto_auditor=/ && $1 != "role" { print $1 "\t" $2 "\t" $4 }' "$work/objects.tsv" |
    LC_ALL=C sort >"$work/open.tsv"
if diff -u "$work/granted.tsv" "$work/open.tsv" >"$work/open.diff"; then
    ok "each of $(wc -l <"$work/open.tsv") objects that others may use is granted with its reason in sql/privileges.sql"
else
    not_ok "sql/privileges.sql and the catalogue differ (- granted there, + now):"
    grep '^[-+][^-+]' "$work/open.diff" || true
fi
# Roles that own something or may use something, and everybody.
roles=$(awk -F '\t' '{ if ($1 == "role") print $2; if ($3 != "" && $3 != "installer") print $3; if ($4 ~ /PUBLIC=/) print "PUBLIC" }' "$work/objects.tsv" |
    LC_ALL=C sort -u)
if [ "$roles" = "$(reasons roles | LC_ALL=C sort)" ]; then
    ok "each of $(wc -l <<<"$roles") roles has its reason in sql/privileges.sql"
else
    not_ok "roles of the catalogue: $(xargs <<<"$roles"); with a reason in sql/privileges.sql: $(reasons roles | xargs)"
fi
bare=$(reasons bare)
if [ -z "$bare" ]; then ok "every statement of sql/privileges.sql has its reason"; else not_ok "without a reason: $bare"; fi

header "pgspot"
python_venv pgspot "$here/requirements.txt"
version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" "$("$PG_BIN/pg_config" --sharedir)/extension/health_crypto.control")
script=$("$PG_BIN/pg_config" --sharedir)/extension/health_crypto--$version.sql
"$VENV/bin/python" "$here/spot.py" "$script" >"$work/script.sql"
# The last line counts what was found; without it pgspot gave up half-way.
"$VENV/bin/pgspot" "$work/script.sql" >"$work/pgspot.out" 2>&1 || true
if grep -q 'Errors: [0-9]* Warnings: [0-9]* Unknown: 0' "$work/pgspot.out" && ! grep -q 'syntax error\|Traceback\|out of range' "$work/pgspot.out"; then
    ok "pgspot read all of the install script ($(grep -c ';$' "$work/script.sql") statements)"
else
    not_ok "pgspot did not read all of it: $(tail -n 3 "$work/pgspot.out")"
fi
grep '^PS[0-9]*:' "$work/pgspot.out" | sed 's/ at line [0-9]*$//' | LC_ALL=C sort -u >"$work/pgspot.findings" || true
if diff -u <(cut -f 1 "$here/pgspot.tsv" | grep -v '^#' | LC_ALL=C sort -u) "$work/pgspot.findings" >"$work/pgspot.diff"; then
    ok "pgspot finds nothing but what pgspot.tsv explains ($(wc -l <"$work/pgspot.findings") findings)"
else
    not_ok "pgspot finds otherwise than pgspot.tsv says:"
    grep '^[-+][^-+]' "$work/pgspot.diff" || true
fi
# That it can find something at all.
printf 'CREATE FUNCTION health_crypto.f() RETURNS int LANGUAGE sql SECURITY DEFINER AS $$ SELECT now() = now() $$;\n' >"$work/bad.sql"
if "$VENV/bin/pgspot" "$work/bad.sql" >"$work/bad.out" 2>&1; then
    not_ok "pgspot finds nothing wrong with a function that is"
else
    ok "pgspot finds what is wrong with a function that is"
fi

header "attacks"
table=$STATE/reliability/privileges.tsv
data=$ROOT/tests/pg_regress/data sql -v fixtures="$ROOT/tests/fixtures" -f "$here/hostile.sql" >"$work/hostile.out" 2>"$work/hostile.err" || {
    not_ok "hostile.sql ended early: $(tail -n 5 "$work/hostile.err")"
}
# What the errors said is shown where an attack ends otherwise than expected.
sql_value 'SELECT concat(number, $$: $$, tried, $$: $$, said) FROM attack.outcome WHERE got <> expected' >"$work/said" || true
psql -X -q -A -t -F "$(printf '\t')" \
    -c 'SELECT concat("case", $$: $$, tried), 1, expected, got FROM attack.outcome ORDER BY number' >"$table"
while IFS=$'\t' read -r case _ expected got; do
    if [ "$expected" = "$got" ]; then ok "$case: $got"; else not_ok "$case: expected $expected, got $got"; fi
done <"$table"
cat "$work/said"
[ "$(wc -l <"$table")" -ge 40 ] || not_ok "only $(wc -l <"$table") attacks were tried"
if grep -E 'PANIC|terminated by signal' "$(cluster_log "$CLUSTER")"; then not_ok "the server crashed"; fi

say "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
