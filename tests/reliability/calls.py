#!/usr/bin/env python3
"""Every function of the extension, as the catalogue lists them, called over and over in one session with arguments that
it refuses: resident memory stays flat, and the session is as it was."""

import itertools
import re

import psycopg2

import harness
import nonsense
from harness import rows, run, value

options = harness.options(__doc__, calls=("calls of each function instead of 100,000 or 600", 0))
part = harness.Part("calls", options)
CALLS = options.calls or (100_000 if options.full else 200)
WARM = max(100, CALLS // 50)
# Growth that is not a leak of 100,000 calls: the allocator's and the caches' own.
FLAT_KIB = 1024

FLAT = part.case(
    "functions called with arguments that they refuse", f"resident memory flat: at most {FLAT_KIB} KiB more at the end")
SAME = part.case("sessions after that", "settings, role, locks and snapshot as before, and usable")
SUM = part.case("calls that were refused", "an SQLSTATE that is not XX000")

def trigger_calls():
    """Functions that only a trigger may call: on a table that is not protected, and where they belong."""
    return {
        "health_crypto.guard()": [
            "INSERT INTO strange_guard VALUES (1)", "UPDATE letter SET subject = 'x' WHERE id = 1"],
        "health_crypto.keep()": ["INSERT INTO strange_keep VALUES (1)", "SELECT failing_flush()"],
        "health_crypto.encrypt_written()": ["INSERT INTO strange_encrypt_written VALUES (1)"],
        "health_crypto.append_only()": ["UPDATE health_crypto.register_entry SET key = key"],
    }


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


# One in twenty is sent by itself: its error ends a transaction. The others fail in an exception block.
def single(connection, calls, count):
    """That many calls, each a transaction of its own."""
    failed = 0
    for call in itertools.islice(itertools.cycle(calls), count):
        try:
            run(connection, call)
        except psycopg2.Error as error:
            failed += error.pgcode != "XX000"
    return failed


# Calls that are not refused and have an inside that fails or is left in the middle: they count for memory too.
HARD = {
    "health_crypto.verify(text,text,timestamp with time zone)": ["SELECT * FROM health_crypto.verify('failing', '1')"],
    "health_crypto.verify_all(text,timestamp with time zone)": [
        "SELECT (health_crypto.verify_all('letter')).key LIMIT 1", "SELECT key FROM health_crypto.verify_all('failing')"],
}


def measure(database, signature, calls, count):
    """Memory before and after so many calls, and the session; the number of refused calls."""
    connection = harness.connect(database)
    pid = value(connection, "SELECT pg_backend_pid()")
    run(connection, "SET client_min_messages = error")
    many(connection, calls, WARM)
    single(connection, calls, 20)
    before, session = harness.resident(pid), rows(connection, nonsense.SESSION)
    failed, bugs = many(connection, calls, count - count // 20)
    failed += single(connection, calls, count // 20)
    grown = harness.resident(pid) - before
    part.check(FLAT, grown <= FLAT_KIB, f"{signature}: {grown} KiB more after {count} calls")
    now = rows(connection, nonsense.SESSION)
    part.check(SAME, now == session and value(connection, "SELECT 1") == 1, f"{signature}: {session} then {now}")
    part.check(SUM, bugs == 0, f"{signature}: XX000 {bugs} times", times=max(failed, 1))
    connection.close()
    return failed, grown


database = harness.database("calls")
connection = harness.connect(database)
nonsense.prepare(connection)
known, never, most = trigger_calls(), [], 0
for signature, name, returns, types in nonsense.functions(connection):
    if signature == "health_crypto.registrations_changed()":
        # A trigger of another kind: it looks at nothing that could be wrong.
        calls, peaceful, codes = [], ["INSERT INTO strange_registrations_changed VALUES (1)"], []
    elif returns == "trigger":
        calls, peaceful, codes = known.pop(signature), [], ["a trigger"]
    else:
        calls, peaceful, codes = nonsense.refused_calls(connection, name, types, 1000 if options.full else 150)
    if not calls:
        never.append(signature)
    # What refuses nothing is called less often: protection_gaps() looks at the whole catalogue each time.
    count = CALLS if calls else CALLS // 20
    failed, grown = measure(database, signature, (calls or peaceful) + HARD.get(signature, []), count)
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
