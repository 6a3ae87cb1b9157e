#!/usr/bin/env python3
"""Every function of the extension, as the catalogue lists them, called over and over in one session with arguments that
it refuses: resident memory stays flat, and the session is as it was. Two sessions run at a time.

In full it takes an hour of two processors. What came of each function is kept in target/reliability/calls as soon as it is
known; with --resume a run that was stopped goes on with the others."""

import concurrent.futures
import itertools
import json
import re
import statistics
import time

import psycopg2

import harness
import nonsense
from harness import rows, run, value

options = harness.options(
    __doc__, calls=("calls of each function instead of 100,000 or 200", 0),
    only=("only the functions whose signature has this in it", ""),
    resume=("1: not the functions whose outcome an earlier run with as many calls has left", 0))
part = harness.Part("calls", options)
CALLS = options.calls or (100_000 if options.full else 200)
WARM = max(100, CALLS // 50)
# Growth that is not a leak of 100,000 calls: the allocator's and the caches' own.
FLAT_KIB = 1024
# These query the whole catalogue, with a plan of some hundred nodes, which is made anew when statistics have changed.
LARGE_PLANS, LARGE_KIB = ("health_crypto.status()", "health_crypto.protection_gaps()"), 4096
# A leak grows with every call, the caches do not: bytes a call in the second half. The smallest thing that palloc or
# malloc hands out is 16 bytes. Fewer calls than this are lost in the pages of the process.
FLAT_BYTES, SLOPE_CALLS = 4.0, 20_000

FLAT = part.case(
    f"functions called {CALLS:,} times in one session, with arguments that they refuse if they refuse any",
    f"resident memory flat: at most {FLAT_KIB} KiB more at the end than after {WARM:,} calls, {LARGE_KIB} of those that"
    " query the whole catalogue")
SLOPE = part.case(
    "slope of that memory over the second half of the calls", f"at most {FLAT_BYTES:.0f} bytes a call")
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


def many(connection, calls, count, tell=lambda done: None):
    """That many calls in exception blocks; how many failed, and how many of those are bugs. A transaction has about a
    thousand; after each, `tell` hears how many were made."""
    loop = " ".join(
        f"BEGIN {re.sub('^SELECT', 'PERFORM', call)}; EXCEPTION WHEN OTHERS THEN n := n + 1;"
        " IF SQLSTATE = 'XX000' THEN RAISE LOG 'bug: %', SQLERRM; x := x + 1; END IF; END;" for call in calls)
    failed = bugs = 0
    block = f"DO $do$ DECLARE n integer := 0; x integer := 0; BEGIN FOR i IN 1..@times@ LOOP {loop} END LOOP;" \
            " PERFORM set_config('calls.failed', n::text, false), set_config('calls.bugs', x::text, false); END $do$"
    done = 0
    while done < count:
        times = -(-min(1000, count - done) // len(calls))
        run(connection, block.replace("@times@", str(times)))
        failed += int(value(connection, "SELECT current_setting('calls.failed')"))
        bugs += int(value(connection, "SELECT current_setting('calls.bugs')"))
        done += times * len(calls)
        tell(done)
    return failed, bugs


def slope(samples):
    """Bytes a call, of [(calls, KiB)]: the median of the slopes between any two, so that one step is not taken for
    growth (Theil and Sen)."""
    return statistics.median(
        (later[1] - former[1]) * 1024 / (later[0] - former[0]) for former, later in itertools.combinations(samples, 2))


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


def kept(signature):
    """Where the outcome of a function is kept."""
    folder = harness.STATE / "reliability" / "calls"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / (re.sub(r"[^a-z0-9_]+", "-", signature) + ".json")


def measure(database, signature, calls, count):
    """Memory before and after so many calls, and the session before and after; how many calls were refused."""
    connection = harness.connect(database)
    pid = value(connection, "SELECT pg_backend_pid()")
    run(connection, "SET client_min_messages = error")
    run(connection, "SET statement_timeout = '600s'")
    many(connection, calls, WARM)
    single(connection, calls, 20)
    before, session, samples = harness.resident(pid), rows(connection, nonsense.SESSION), []
    failed = single(connection, calls, count // 20)
    more, bugs = many(
        connection, calls, count - count // 20, lambda done: samples.append((done, harness.resident(pid))))
    grown = harness.resident(pid) - before
    rise = slope(samples[len(samples) // 2:]) if count >= SLOPE_CALLS else None
    now = rows(connection, nonsense.SESSION)
    same = now == session and value(connection, "SELECT 1") == 1
    connection.close()
    return {"calls": count, "failed": failed + more, "bugs": bugs, "grown": grown, "rise": rise, "same": same}


def trial(database, signature, calls, refuses, codes):
    """One function, measured now or by an earlier run; what came of it."""
    place = kept(signature)
    if options.resume and place.exists() and json.loads(place.read_text())["calls"] == CALLS:
        got = json.loads(place.read_text())
    else:
        started = time.monotonic()
        got = measure(database, signature, calls + HARD.get(signature, []), CALLS)
        got["ms"] = (time.monotonic() - started) / CALLS * 1000
        place.write_text(json.dumps(got))
    most = LARGE_KIB if signature in LARGE_PLANS else FLAT_KIB
    part.check(FLAT, got["grown"] <= most, f"{signature}: {got['grown']} KiB more after {CALLS} calls")
    if got["rise"] is not None:
        part.check(SLOPE, got["rise"] <= FLAT_BYTES, f"{signature}: {got['rise']:.1f} bytes a call")
    part.check(SAME, got["same"], f"{signature}: the session is another")
    part.check(SUM, got["bugs"] == 0, f"{signature}: XX000 {got['bugs']} times", times=max(got["failed"], 1))
    if refuses:
        part.check(SUM, got["failed"] > 0, f"{signature}: nothing was refused")
    print(
        f"{signature}: {got['failed']:,} refused with {', '.join(map(str, codes)) or 'nothing'}, {got['grown']} KiB,"
        f" {got['rise'] or 0:.2f} bytes a call, {got['ms']:.2f} ms a call", flush=True)
    return got["grown"], got["rise"] or 0.0


database = harness.database("calls")
connection = harness.connect(database)
nonsense.prepare(connection)
known, never, trials = trigger_calls(), [], []
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
    if options.only in signature:
        trials.append((signature, calls or peaceful, bool(calls), codes))
if known:
    raise AssertionError(f"no such trigger functions any more: {known}")
# What refuses nothing and looks at the whole catalogue takes longest, and begins first.
trials.sort(key=lambda one: one[0] not in LARGE_PLANS)
with concurrent.futures.ThreadPoolExecutor(2) as sessions:
    results = list(sessions.map(lambda one: trial(database, *one), trials))
print(f"never refuse, called all the same: {', '.join(never)}")
part.got(FLAT, f"at most {max(grown for grown, _ in results)} KiB more")
if CALLS >= SLOPE_CALLS:
    part.got(SLOPE, f"at most {max(rise for _, rise in results):.2f} bytes a call")
else:
    part.without(SLOPE, f"{CALLS:,} calls are too few to tell a slope from the pages of a process")
connection.close()
part.end()
