#!/usr/bin/env python3
"""Long calls that are interrupted: by statement_timeout, by pg_cancel_backend(), by a client that vanishes. The answer
is 57014 (or nobody is there to hear it) within a second, and nothing is left behind: no lock, snapshot, temporary file,
memory."""

import random
import socket
import threading
import time

import psycopg2
import psycopg2.errors

import harness
from harness import rows, run, value

options = harness.options(__doc__)
part = harness.Part("interruptions", options)
rng = random.Random(options.seed)
LETTERS = 8_000 if options.full else 2_000
SECOND = 1.0

TIMEOUT = part.case("statement_timeout at a random moment", "57014 within a second of it")
CANCEL = part.case("pg_cancel_backend() at a random moment", "57014 within a second of it")
VANISHED = part.case(
    "a client that vanishes at a random moment, with client_connection_check_interval",
    "its backend is gone within a second more")
CLEAN = part.case("sessions after an interruption", "usable; no lock, snapshot or temporary file left")
FLAT = part.case("memory after interruptions", "flat: at most 4 MiB more after all of them than after the first three")
WRITES = part.case("letters after interrupted writes", "every stored text and digest is that of the rows")

# What takes long, and what has to be there for it.
CALLS = {
    "verify_all() in FROM": "SELECT count(*) FROM health_crypto.verify_all('letter')",
    "verify_all() row by row": "SELECT count((v).ok) FROM (SELECT health_crypto.verify_all('letter') v) v",
    "verify() of each": "SELECT count(*) FROM letter r, LATERAL health_crypto.verify('letter', r.id) v",
    "serialize() of each": "SELECT sum(length(health_crypto.serialize('letter', r.id))) FROM letter r",
    "the flush of a large write": "BEGIN; UPDATE letter_line SET text = text || '!'; COMMIT",
    "adopt()": "SELECT count(*) FROM health_crypto.adopt('adopted')",
    "the guard of a large write": "BEGIN; UPDATE letter SET subject = subject || '?'; ROLLBACK",
    "protect()": f"BEGIN; {harness.PROTECT_AGAIN}; ROLLBACK",
}


def left(watcher, pid):
    """What a session that does nothing holds."""
    return rows(watcher, """
        SELECT (SELECT count(*) FROM pg_locks WHERE pid = %(pid)s), (SELECT count(*) FROM pg_ls_tmpdir()),
               (SELECT backend_xmin IS NULL AND backend_xid IS NULL AND state = 'idle' FROM pg_stat_activity
                 WHERE pid = %(pid)s)""",
        {"pid": pid})[0]


def interrupted(connection, call, wait):
    """Sends a call, which is interrupted; the SQLSTATE and when the error came. None if it was done before."""
    code = None
    try:
        run(connection, call)
    except psycopg2.Error as error:
        code = error.pgcode
    ended = time.monotonic()
    try:
        run(connection, "ROLLBACK")
    except psycopg2.errors.QueryCanceled:
        # The call was done, and the request came for this.
        run(connection, "ROLLBACK")
    return code, ended


def clean(watcher, connection, pid, name):
    """The session after an interruption."""
    part.check(
        CLEAN, value(connection, "SELECT 1") == 1 and left(watcher, pid) == (0, 0, True),
        f"{name}: {left(watcher, pid)}")


def duration(connection, call):
    """How long a call takes when nobody interrupts it."""
    started = time.monotonic()
    run(connection, call)
    return time.monotonic() - started


def calls_of(watcher, database, name, call):
    """All interruptions of one call."""
    connection = harness.connect(database)
    pid = value(connection, "SELECT pg_backend_pid()")
    took = duration(connection, call)
    early = None
    times = 20 if options.full else 4 if name.startswith("verify_all") else 1
    for number in range(times):
        # By the server's own clock.
        moment = max(0.01, rng.uniform(0.05, 0.9) * took)
        run(connection, f"SET statement_timeout = {int(moment * 1000) + 1}")
        started = time.monotonic()
        code, ended = interrupted(connection, call, moment)
        run(connection, "SET statement_timeout = '120s'")
        if code is not None:
            part.check(
                TIMEOUT, code == "57014" and ended - started - moment < SECOND,
                f"{name}: {code} after {ended - started:.2f} s of {moment:.2f} s")
        clean(watcher, connection, pid, name)
        # By another session.
        moment = rng.uniform(0.05, 0.9) * took
        sent = []
        timer = threading.Timer(
            moment, lambda: sent.append((time.monotonic(), run(watcher, "SELECT pg_cancel_backend(%s)", (pid,)))))
        timer.start()
        code, ended = interrupted(connection, call, moment)
        timer.join()
        if code is not None:
            part.check(
                CANCEL, code == "57014" and ended - sent[0][0] < SECOND,
                f"{name}: {code} {ended - sent[0][0]:.2f} s after the request")
        clean(watcher, connection, pid, name)
        if number == 2:
            early = harness.resident(pid)
    if early is not None:
        grown = harness.resident(pid) - early
        part.check(FLAT, grown <= 4096, f"{name}: {grown} KiB more")
        part.tell(f"{name}: {took:.1f} s uninterrupted, {grown} KiB more")
    connection.close()
    for _ in range(10 if options.full else 1):
        vanish(watcher, database, name, call, rng.uniform(0.05, 0.6) * took)


def vanish(watcher, database, name, call, moment):
    """A client whose socket closes in the middle of a call."""
    connection = harness.connect(database)
    run(connection, "SET client_connection_check_interval = '100ms'")
    pid = value(connection, "SELECT pg_backend_pid()")
    # The socket is closed under the driver, which must not say good-bye: libpq's cancel and Terminate are not sent.
    line = socket.socket(fileno=connection.fileno())
    thread = threading.Thread(target=lambda: silently(connection, call))
    thread.start()
    time.sleep(moment)
    line.shutdown(socket.SHUT_RDWR)
    gone = time.monotonic()
    is_there = True
    while is_there and time.monotonic() - gone < 5:
        time.sleep(0.02)
        is_there = value(watcher, "SELECT count(*) FROM pg_stat_activity WHERE pid = %s", (pid,)) > 0
    took = time.monotonic() - gone
    part.check(VANISHED, not is_there and took < SECOND + 0.2, f"{name}: {took:.2f} s")
    held = rows(
        watcher, "SELECT (SELECT count(*) FROM pg_locks WHERE pid = %s), (SELECT count(*) FROM pg_ls_tmpdir())",
        (pid,))[0]
    part.check(CLEAN, held == (0, 0), f"{name}, vanished: {held}")
    thread.join()
    line.detach()


def silently(connection, call):
    """A call whose end nobody waits for."""
    try:
        run(connection, call)
    except psycopg2.Error:
        pass


database = harness.database("interruptions")
connection = harness.connect(database)
run(connection, "INSERT INTO letter (id, subject) SELECT n, 'subject ' || n FROM generate_series(1, %s) n", (LETTERS,))
run(connection, "INSERT INTO letter_line (letter, text, amount) SELECT id, 'line', 1 FROM letter")
harness.adopted(connection, 4 * LETTERS)
watcher = harness.connect(database)
for name, call in CALLS.items():
    if name == "adopt()":
        # What is adopted is not adopted again: rolled back where it is not interrupted.
        call = f"BEGIN; {call}; ROLLBACK"
    calls_of(watcher, database, name, call)
wrong, compared = harness.disagreements(connection)
part.check(WRITES, not wrong, wrong[:5], times=compared)
part.end()
