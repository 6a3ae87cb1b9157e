#!/usr/bin/env python3
"""Every function of the extension, as the catalogue lists them, called over and over in one session with arguments that it
refuses: resident memory stays flat, and the session is as it was."""

import itertools
import re

import psycopg2

import harness
import writes
from harness import rows, run, value

options = harness.options(__doc__, calls=("calls of each function instead of 100,000 or 600", 0))
part = harness.Part("calls")
CALLS = options.calls or (100_000 if options.full else 600)
# Those that a client sends one by one: the error ends a transaction each time. The others fail in an exception block.
SINGLE = CALLS // 20
WARM = max(200, CALLS // 50)
# Growth that is not a leak of 100,000 calls: the allocator's and the caches' own.
FLAT_KIB = 1024

FLAT = part.case("functions called with arguments that they refuse", f"resident memory flat: at most {FLAT_KIB} KiB more at the end")
SAME = part.case("sessions after that", "settings, role, locks and snapshot as before, and usable")
SUM = part.case("calls that were refused", "an SQLSTATE that is not XX000")

# By type: what is nonsense, what is empty, what is large, what is nobody's.
NONSENSE = {
    "text": ["'nonsense'", "''", "repeat('x', 3000)", "'letter'", "NULL"],
    "text[]": ["ARRAY['nobody@example.org']", "ARRAY[]::text[]", "NULL"],
    "bytea": [r"'\x00ff'", r"'\x'", "NULL"],
    "bigint": ["-1", "NULL"], "integer": ["-1", "NULL"],
    "boolean": ["true", "NULL"], "double precision": ["'NaN'::float8", "NULL"],
    "json": ["""'{"a": 1, "a": 2}'::json""", "'[1e400]'::json", "NULL"],
    "timestamp with time zone": ["now()", "'infinity'::timestamptz", "NULL"],
    "timestamp without time zone": ["'infinity'::timestamp", "NULL"], "date": ["'infinity'::date", "NULL"],
    "regclass": ["'pg_class'::regclass", "'letter'::regclass", "0::regclass", "NULL"],
    "regprocedure": ["'pg_backend_pid()'::regprocedure", "0::regprocedure", "NULL"],
    "name": ["'nonsense'::name", "'subject'::name", "NULL"], "oid": ["0::oid", "NULL"],
}
SESSION = """SELECT current_user, session_user, (SELECT string_agg(name || '=' || setting, ',' ORDER BY name) FROM pg_settings
    WHERE source = 'session' OR name IN ('search_path', 'datestyle', 'timezone', 'role', 'plan_cache_mode', 'enable_seqscan')),
    (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype NOT IN ('virtualxid', 'relation')),
    (SELECT count(*) FROM pg_cursors), (SELECT count(*) FROM pg_prepared_statements)"""


def resident(pid):
    """KiB of the backend's own memory: shared buffers, which it touches one after the other, are not counted."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"RssAnon:\s+(\d+) kB", status.read())[1])


def functions(connection):
    """All functions: how to spell a call, and the types of the arguments."""
    listed = rows(connection, """
        SELECT p.oid::regprocedure::text, p.oid::regproc::text, p.prorettype::regtype::text,
               ARRAY(SELECT t::regtype::text FROM unnest(p.proargtypes) t)
          FROM pg_proc p WHERE p.pronamespace = 'health_crypto'::regnamespace AND p.prokind = 'f' ORDER BY 1""")
    for signature, name, returns, types in listed:
        unknown = [t for t in types if t not in NONSENSE]
        if unknown:
            raise AssertionError(f"no nonsense for the types {unknown} of {signature}")
        yield signature, name, returns, types


def refused_calls(connection, name, types):
    """Calls that fail, at most four, each for another reason; else calls that do not."""
    reasons, peaceful = {}, []
    for arguments in itertools.islice(itertools.product(*(NONSENSE[t] for t in types)), 400):
        call = f"SELECT * FROM {name}({', '.join(f'{a}::{t}' for a, t in zip(arguments, types))})"
        run(connection, "BEGIN")
        try:
            run(connection, call)
            peaceful.append(call)
        except psycopg2.Error as error:
            reasons.setdefault((error.pgcode, str(error).split("\n", 1)[0]), call)
        run(connection, "ROLLBACK")
    return list(reasons.values())[:4], peaceful[:4], sorted({code for code, _ in reasons})


def trigger_calls():
    """Functions that only a trigger may call: on a table that is not protected, and where they belong."""
    return {
        "health_crypto.guard()": ["INSERT INTO strange_guard VALUES (1)", "UPDATE letter SET subject = 'x' WHERE id = 1"],
        "health_crypto.keep()": ["INSERT INTO strange_keep VALUES (1)", "SELECT flushed()"],
        "health_crypto.encrypt_written()": ["INSERT INTO strange_encrypt_written VALUES (1)"],
        "health_crypto.append_only()": ["UPDATE health_crypto.register_entry SET key = key"],
    }


def prepare(connection):
    """A sealed letter, a document whose definition fails, tables with triggers where they do not belong."""
    run(connection, "INSERT INTO letter (id, subject, state) VALUES (1, 'a', 'sealed')")
    for name in ("guard", "keep", "encrypt_written"):
        timing = "BEFORE" if name == "encrypt_written" else "AFTER"
        run(connection, f"CREATE TABLE strange_{name} (id integer)")
        run(connection, f"CREATE TRIGGER t {timing} INSERT ON strange_{name} FOR EACH ROW EXECUTE FUNCTION health_crypto.{name}('x', 'y', 'z')")
    run(connection, """
        CREATE TABLE failing (id integer PRIMARY KEY, n integer);
        CREATE FUNCTION failing_document(keys integer[], language text) RETURNS TABLE (key integer, n integer)
            LANGUAGE sql STABLE BEGIN ATOMIC SELECT r.id, 1 / r.n FROM failing r WHERE r.id = ANY (keys); END;
        SELECT health_crypto.protect('failing', 'failing', 'failing_document(integer[], text)', add_columns => true);
        CREATE FUNCTION flushed() RETURNS void LANGUAGE plpgsql AS $$BEGIN
            INSERT INTO failing VALUES (1, 0); SET CONSTRAINTS ALL IMMEDIATE; END$$""")


def many(connection, calls, count):
    """That many calls in exception blocks; how many failed, and the codes that are bugs."""
    loop = " ".join(
        f"BEGIN {re.sub('^SELECT', 'PERFORM', call)}; EXCEPTION WHEN OTHERS THEN n := n + 1;"
        " IF SQLSTATE = 'XX000' THEN RAISE LOG 'bug: %', SQLERRM; x := x + 1; END IF; END;" for call in calls)
    failed = bugs = 0
    block = f"DO $do$ DECLARE n integer := 0; x integer := 0; BEGIN FOR i IN 1..@times@ LOOP {loop} END LOOP;" \
            " PERFORM set_config('calls.failed', n::text, false), set_config('calls.bugs', x::text, false); END $do$"
    for start in range(0, count, 1000 * len(calls)):
        run(connection, block.replace("@times@", str(min(1000, -(-(count - start) // len(calls))))))
        failed += int(value(connection, "SELECT current_setting('calls.failed')"))
        bugs += int(value(connection, "SELECT current_setting('calls.bugs')"))
    return failed, bugs


def single(connection, calls, count):
    """That many calls, each a transaction of its own."""
    failed = 0
    for call in itertools.islice(itertools.cycle(calls), count):
        try:
            run(connection, call)
        except psycopg2.Error as error:
            failed += error.pgcode != "XX000"
    return failed


def measure(database, signature, calls):
    """Memory before and after, and the session; the number of refused calls."""
    connection = harness.connect(database)
    pid = value(connection, "SELECT pg_backend_pid()")
    run(connection, "SET client_min_messages = error")
    many(connection, calls, WARM)
    single(connection, calls, 20)
    before, session = resident(pid), rows(connection, SESSION)
    failed, bugs = many(connection, calls, CALLS - SINGLE)
    failed += single(connection, calls, SINGLE)
    grown = resident(pid) - before
    part.check(FLAT, grown <= FLAT_KIB, f"{signature}: {grown} KiB more after {CALLS} calls")
    now = rows(connection, SESSION)
    part.check(SAME, now == session and value(connection, "SELECT 1") == 1, f"{signature}: {session} then {now}")
    part.check(SUM, bugs == 0, f"{signature}: XX000 {bugs} times", times=max(failed, 1))
    connection.close()
    return failed, grown


database = harness.database("calls")
connection = harness.connect(database)
prepare(connection)
known, never, most = trigger_calls(), [], 0
for signature, name, returns, types in functions(connection):
    if returns == "trigger":
        calls, peaceful, codes = known.pop(signature), [], ["a trigger"]
    else:
        calls, peaceful, codes = refused_calls(connection, name, types)
    if not calls:
        never.append(signature)
    failed, grown = measure(database, signature, calls or peaceful)
    if calls:
        part.check(SUM, failed > 0, f"{signature}: nothing was refused")
    most = max(most, grown)
    part.tell(f"{signature}: {failed} refused with {', '.join(map(str, codes)) or 'nothing'}, {grown} KiB")
if known:
    raise AssertionError(f"no such trigger functions any more: {known}")
print(f"never refuse, called all the same: {', '.join(never)}")
part.got(FLAT, f"at most {most} KiB more after {CALLS:,} calls each")
connection.close()
part.end()
