#!/usr/bin/env python3
"""Full disks: where the tables and the register are, where temporary files go, and where the write-ahead log is. Small
file systems in memory are mounted for it, which needs root; without, the part says so and tries nothing."""

import os
import subprocess
import sys

import psycopg2

import harness
from harness import rows, run, value

options = harness.options(__doc__)
part = harness.Part("disk", options)
PLACE = os.environ["HC_MOUNTS"]
REFUSED = 60 if options.full else 10
# 2 KiB that compression gets nothing out of.
LETTER = """INSERT INTO letter (subject, state)
    SELECT string_agg(md5(random()::text), ''), 'sealed' FROM generate_series(1, 64) RETURNING id"""

TABLES = part.case("writes and seals with the disk of tables and register full", "53100, and nothing of it is there")
ONCE = part.case("seals seen committed before, between and after full disks", "in the register, once")
AGREE = part.case("digests compared after full disks", "every stored text and digest is that of the rows")
VERDICTS = part.case("verdicts after full disks", "ok")
TEMPORARY = part.case(
    "verify_all() with the disk of temporary files full",
    "53100; session usable, no file left; right once there is room")
LOG = part.case("the disk of the write-ahead log full", "the server stops; with room it recovers")


def mounted(name, mebibytes):
    """A new small file system of the server's user; None if it cannot be mounted."""
    place = f"{PLACE}/{name}"
    os.makedirs(place, exist_ok=True)
    owner = os.stat(os.environ["HC_PGDATA"])
    how = f"size={mebibytes}m,mode=700,uid={owner.st_uid},gid={owner.st_gid}"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", how, "health_crypto", place], capture_output=True, text=True, check=False)
    return place if done.returncode == 0 else None


def unmounted(place):
    subprocess.run(["umount", "--lazy", place], check=False)


def resized(place, mebibytes):
    subprocess.run(["mount", "-o", f"remount,size={mebibytes}m", place], check=True)


def judge(connection, committed):
    """All that was seen committed, and all digests."""
    found = dict(rows(connection, "SELECT key::integer, count(*) FROM health_crypto.register"
                                  " WHERE document = 'letter' AND event = 'seal' GROUP BY 1"))
    for key in committed:
        part.check(ONCE, found.get(key) == 1, f"letter {key}: {found.get(key)} times")
    there = {key for key, in rows(connection, "SELECT id FROM letter WHERE state = 'sealed'")}
    part.check(
        TABLES, there == set(committed) == set(found),
        f"{len(there)} letters, {len(committed)} committed, {len(found)} in the register")
    wrong, compared = harness.disagreements(connection)
    part.check(AGREE, not wrong, wrong[:5], times=compared)
    verdicts = rows(connection, "SELECT ok, content, key FROM health_crypto.verify_all()")
    part.check(VERDICTS, all(v[0] for v in verdicts), [v for v in verdicts if not v[0]][:5], times=len(verdicts))


def seal(connection):
    """One letter sealed and committed; its key, or the SQLSTATE."""
    try:
        return value(connection, LETTER), None
    except psycopg2.Error as error:
        return None, error.pgcode


def full_tables(name, mebibytes, moved):
    """Writes until the disk is full, goes on failing, gets room, writes again; `moved` puts what lies on it there."""
    place = mounted(name, mebibytes)
    database = harness.database(f"disk_{name}")
    connection = harness.connect(database)
    run(connection, f"CREATE TABLESPACE {name} LOCATION '{place}'")
    for statement in moved:
        run(connection, statement)
    run(connection, f"CREATE TABLE filler TABLESPACE {name} AS SELECT repeat('x', 1000) FROM generate_series(1, 2000)")
    committed, refused = [], 0
    while refused < REFUSED:
        key, code = seal(connection)
        if code is None:
            committed.append(key)
        else:
            refused += 1
            part.check(TABLES, code == "53100", code)
            run(connection, "ROLLBACK")
        # Also in one transaction with what goes through, and in a savepoint.
        if code is not None and refused % 5 == 0:
            run(connection, "BEGIN")
            run(connection, "SAVEPOINT s")
            key, code = seal(connection)
            run(connection, "ROLLBACK TO s")
            run(connection, "COMMIT")
    judge(connection, committed)
    run(connection, "DROP TABLE filler")
    run(connection, "CHECKPOINT")
    for _ in range(50):
        key, code = seal(connection)
        part.check(TABLES, code is None, f"with room again: {code}")
        committed += [key] if code is None else []
    judge(connection, committed)
    connection.close()
    server = harness.connect("postgres")
    run(server, f"DROP DATABASE disk_{name} WITH (FORCE)")
    run(server, f"DROP TABLESPACE {name}")
    server.close()
    unmounted(place)


def full_temporary():
    """verify_all() keeps its rows in a temporary file when they are many."""
    place = mounted("temporary", 1)
    connection = harness.connect(harness.database("disk_temporary"))
    run(connection, f"CREATE TABLESPACE temporary LOCATION '{place}'")
    run(connection, "INSERT INTO letter (subject, state) SELECT 'x', 'sealed' FROM generate_series(1, 8000)")
    query = "SELECT count(*) FILTER (WHERE ok) FROM health_crypto.verify_all('letter')"
    for number in range(10 if options.full else 2):
        run(connection, "SET work_mem = '64kB'; SET temp_tablespaces = temporary")
        try:
            code = value(connection, query)
        except psycopg2.Error as error:
            code = error.pgcode
        files = value(
            connection,
            "SELECT count(*) FROM pg_ls_tmpdir((SELECT oid FROM pg_tablespace WHERE spcname = 'temporary'))")
        part.check(TEMPORARY, code == "53100" and files == 0, f"{code}, {files} files left")
        run(connection, "RESET temp_tablespaces")
        part.check(TEMPORARY, value(connection, query) == 8000, "with room")
    connection.close()
    server = harness.connect("postgres")
    run(server, "DROP DATABASE disk_temporary WITH (FORCE)")
    run(server, "DROP TABLESPACE temporary")
    server.close()
    unmounted(place)


def full_log():
    """The log has no room for its next segment: PostgreSQL panics, which is its way."""
    data = os.environ["HC_PGDATA"]
    connection = harness.connect(harness.database("disk_log"))
    for setting in ("min_wal_size = '32MB'", "max_wal_size = '4GB'", "checkpoint_timeout = '1h'", "wal_recycle = off"):
        run(connection, f"ALTER SYSTEM SET {setting}")
    connection.close()
    server(data, "stop")
    place = mounted("log", 96)
    log = f"{data}/pg_wal"
    subprocess.run(["cp", "-a", log + "/.", place], check=True)
    os.rename(log, log + ".before")
    os.symlink(place, log)
    server(data, "start")
    committed = []
    rounds = 3 if options.full else 1
    for number in range(rounds):
        unknown = None
        try:
            connection = harness.connect("disk_log")
            while True:
                key, code = seal(connection)
                if code is not None or key is None:
                    raise psycopg2.OperationalError(code)
                committed.append(key)
                # What fills the log besides.
                run(connection, "SELECT pg_logical_emit_message(false, 'filler', repeat('x', 1000000))")
        except psycopg2.Error:
            pass
        # It may go on trying to recover; it is stopped, gets room, and is started.
        server(data, "stop", check=False)
        resized(place, 96 + 160 * (number + 1))
        came_back = server(data, "start", check=False)
        part.check(LOG, came_back, "the server does not start with room")
        connection = harness.connect("disk_log")
        # The letter whose commit nobody heard of may be there.
        there = {key for key, in rows(connection, "SELECT id FROM letter WHERE state = 'sealed'")}
        part.check(LOG, len(there - set(committed)) <= 1, f"{len(there)} there, {len(committed)} committed")
        committed = sorted(set(committed) | there)
        judge(connection, committed)
        connection.close()
        part.tell(f"log full {number + 1} of {rounds}, {len(committed)} seals")
    server(data, "stop")
    os.unlink(log)
    subprocess.run(["cp", "-a", place, log], check=True)
    unmounted(place)
    server(data, "start")


def server(data, what, check=True):
    """Starts or stops the cluster's server; whether it could."""
    done = subprocess.run([os.environ["HC_SERVER_" + what.upper()]], capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise AssertionError(f"cannot {what} the server: {done.stdout} {done.stderr}")
    return done.returncode == 0


place = mounted("try", 1)
if place is None:
    print("disk: not tried: this user cannot mount a file system in memory")
    print("checks: 0 passed, 0 failed")
    sys.exit(0)
unmounted(place)
full_tables("tables", 8, ["ALTER TABLE letter SET TABLESPACE tables", "ALTER TABLE letter_line SET TABLESPACE tables"])
full_tables("register", 3, ["ALTER TABLE health_crypto.register_entry SET TABLESPACE register",
                         "ALTER INDEX health_crypto.register_entry_document_key SET TABLESPACE register"])
full_temporary()
full_log()
part.end()
