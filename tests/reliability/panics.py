#!/usr/bin/env python3
"""A panic at every point of every entry point that has one (the cargo feature panic_points; no release has it): the
answer is an ERROR with XX000, the session is as it was, and the same call works afterwards."""

import itertools
import re

import psycopg2

import harness
import nonsense
from harness import rows, run, value

options = harness.options(__doc__)
part = harness.Part("panics", options)
# Points reached by one call: all of them in the full form, the first ones and every tenth in the short.
DEEPEST = 400

ENTRIES = part.case("entry points with a panic", "each has a point; ERROR XX000 at every point")
USABLE = part.case("sessions after a panic", "settings, role, locks and snapshot as before, and usable")
AGAIN = part.case("the same call after a panic", "the answer that it gave before")
KEPT = part.case("transactions that go on after a panic in a savepoint", "committed, with digests of what was written")
TAGS = itertools.count(1)

# Calls that go deep. Whatever has none here is called with arguments that it takes or refuses.
DEEP = {
    "health_crypto.serialize(text,text,text)": "SELECT health_crypto.serialize('letter', '10')",
    "health_crypto.digest(text,text,text)": "SELECT health_crypto.digest('letter', '10')",
    "health_crypto.signing_payload(text,text)": "SELECT health_crypto.signing_payload('letter', '10')",
    "health_crypto.verify(text,text,timestamp with time zone)":
        "SELECT health_crypto.verify('letter', '2', '2026-01-01')",
    "health_crypto.verify_all(text,timestamp with time zone)":
        "SELECT * FROM health_crypto.verify_all(NULL, '2026-01-01')",
    "health_crypto.evidence(text,text,timestamp with time zone)":
        "SELECT health_crypto.evidence('letter', '2', '2026-01-01')::text",
    "health_crypto.signers(text,text,timestamp with time zone)":
        "SELECT * FROM health_crypto.signers('letter', '2', '2026-01-01')",
    "health_crypto.attach_signature(text,text,text)":
        "SELECT (health_crypto.attach_signature('letter', '10', 'none')).signature",
    "health_crypto.reopen(text,text,text)": "SELECT health_crypto.reopen('letter', '2', 'test')",
    "health_crypto.protect(text,regclass,regprocedure,text,name,name,name,name,text[],text[],text,text,boolean)":
        harness.PROTECT_AGAIN,
    "health_crypto.unprotect(text)": "SELECT health_crypto.unprotect('letter')",
    "health_crypto.adopt(text)": "SELECT key, content FROM health_crypto.adopt('adopted')",
    "health_crypto.add_definition(text,regprocedure,text,text[])":
        "SELECT health_crypto.add_definition('letter', 'earlier_document(integer[], text)')",
    "health_crypto.canonicalize(json,text)": """SELECT health_crypto.canonicalize('{"a": 1}', 'jcs-1')""",
    "health_crypto.certificate_description(bytea,timestamp with time zone)":
        r"SELECT * FROM health_crypto.certificate_description('\x00ff', '2026-01-01')",
    "health_crypto.verify_signature(text,text,timestamp with time zone)":
        "SELECT * FROM health_crypto.verify_signature('payload', 'none', '2026-01-01')",
    "health_crypto.protection_gaps()": "SELECT * FROM health_crypto.protection_gaps()",
}
# Writes, for the triggers.
TRIGGERS = {
    "health_crypto.guard()": [
        "UPDATE letter SET subject = 'x' WHERE id = 10", "DELETE FROM letter WHERE id = 10",
        "INSERT INTO letter_line (letter, text, amount) VALUES (10, 'x', 1)",
        "UPDATE letter SET digital_signature = 'none' WHERE id = 2"],
    "health_crypto.keep()": ["SELECT flushed()", "SELECT sealed()"],
    "health_crypto.registrations_changed()": ["INSERT INTO strange_registrations_changed VALUES (1)"],
    "health_crypto.encrypt_written()": ["INSERT INTO strange_encrypt_written VALUES (1)"],
}
# Written in PL/pgSQL or SQL: they have nothing of Rust.
OTHERS = {"health_crypto.append_only()"}


def prepare(connection):
    """A draft, a sealed letter, one of a document that is adopted, and functions that flush."""
    nonsense.prepare(connection)
    run(connection, """
        SELECT health_crypto.protect('letter', 'letter', 'letter_document(integer[], text)', state_column => 'state',
            sealed_states => ARRAY['sealed'], on_unverified_signature => 'record');
        INSERT INTO letter (id, subject, state) VALUES
            (2, 'two', 'sealed'), (10, 'ten', 'draft'), (11, 'eleven', 'draft');
        INSERT INTO letter_line (letter, text, amount) VALUES (10, 'a', 1), (11, 'b', 2);
        CREATE FUNCTION flushed() RETURNS void LANGUAGE plpgsql AS $$BEGIN
            UPDATE letter_line SET text = text || '!'; SET CONSTRAINTS ALL IMMEDIATE; END$$;
        CREATE FUNCTION sealed() RETURNS void LANGUAGE plpgsql AS $$BEGIN
            UPDATE letter SET state = 'sealed' WHERE id >= 10; SET CONSTRAINTS ALL IMMEDIATE; END$$;
        CREATE FUNCTION earlier_document(keys integer[], language text) RETURNS TABLE (key integer, heading text)
            LANGUAGE sql STABLE BEGIN ATOMIC SELECT r.id, r.subject FROM letter r WHERE r.id = ANY (keys); END;""")
    harness.adopted(connection, 5)


def answer(connection, call, at=None):
    """What a call answers, in a transaction that is rolled back: its rows, or its SQLSTATE."""
    run(connection, "BEGIN")
    try:
        if at is not None:
            run(connection, "SET LOCAL health_crypto_test.panic_at = %s", (f"{at} {next(TAGS)}",))
        # A page of report_html() says as of when it is, and when it was made, to the second.
        found = re.sub(r"\d+-\d\d-\d\d \d\d:\d\d:\d\d UTC", "a time", repr(rows(connection, call)))
        code = None
    except psycopg2.Error as error:
        found, code = "", error.pgcode
    run(connection, "ROLLBACK")
    return found, code


def panics_of(connection, signature, call):
    """A panic at each point of a call, until a call gets through without one; how many there were."""
    before, session = answer(connection, call), rows(connection, nonsense.SESSION)
    points = 0
    for point in range(1, DEEPEST):
        if not options.full and point > 5 and point % 10:
            continue
        found, code = answer(connection, call, point)
        if code != "XX000":
            break
        points += 1
        part.check(ENTRIES, True)
        now = rows(connection, nonsense.SESSION)
        part.check(
            USABLE, now == session and value(connection, "SELECT 1") == 1,
            f"{signature}, point {point}: {session} then {now}")
        if options.full or point < 3:
            again = answer(connection, call)
            part.check(AGAIN, again == before, f"{signature}, point {point}: {before} then {again}"[:2000])
    else:
        part.check(ENTRIES, False, f"{signature}: more than {DEEPEST} points")
    part.check(AGAIN, (found, code) == before or not options.full, f"{signature}: {before} then {found}, {code}"[:2000])
    return points


def goes_on(connection):
    """A panic in a savepoint, and in an exception block, in a flush that is forced; then on, and a COMMIT."""
    for point in range(1, 60 if options.full else 12):
        word = f"w{point}"
        run(connection, "BEGIN")
        run(connection, f"UPDATE letter_line SET text = '{word}' WHERE letter = 10")
        run(connection, "SAVEPOINT s")
        run(connection, "UPDATE letter_line SET text = 'lost' WHERE letter = 11")
        run(connection, "SET health_crypto_test.panic_at = %s", (f"{point} {next(TAGS)}",))
        code = None
        try:
            run(connection, "SET CONSTRAINTS ALL IMMEDIATE")
        except psycopg2.Error as error:
            code = error.pgcode
        run(connection, "ROLLBACK TO s")
        run(connection, "SET health_crypto_test.panic_at = ''")
        run(connection, f"""DO $do$ BEGIN SET health_crypto_test.panic_at = '{point} {next(TAGS)}';
            UPDATE letter_line SET text = 'lost' WHERE letter = 11; SET CONSTRAINTS ALL IMMEDIATE;
            RAISE EXCEPTION 'none';
            EXCEPTION WHEN OTHERS THEN SET health_crypto_test.panic_at = ''; END $do$""")
        run(connection, f"UPDATE letter_line SET text = '{word}' WHERE letter = 11")
        run(connection, "COMMIT")
        wrong, _ = harness.disagreements(connection)
        words = {word for word, in rows(connection, "SELECT text FROM letter_line WHERE letter IN (10, 11)")}
        part.check(
            KEPT, not wrong and words == {word} and code in (None, "XX000"), f"point {point}: {code} {wrong} {words}")
    # A panic in the flush of the COMMIT itself: the transaction is not committed.
    for point in (1, 3, 5):
        run(connection, "BEGIN")
        run(connection, "UPDATE letter_line SET text = 'lost' WHERE letter = 11")
        run(connection, "SET LOCAL health_crypto_test.panic_at = %s", (f"{point} {next(TAGS)}",))
        code = None
        try:
            run(connection, "COMMIT")
        except psycopg2.Error as error:
            code = error.pgcode
        lost = value(connection, "SELECT count(*) FROM letter_line WHERE text = 'lost'")
        part.check(
            KEPT, code == "XX000" and lost == 0 and not harness.disagreements(connection)[0],
            f"COMMIT, point {point}: {code}")


database = harness.database("panics")
connection = harness.connect(database)
run(connection, "LOAD 'health_crypto'")
if not rows(connection, "SELECT 1 FROM pg_settings WHERE name = 'health_crypto_test.panic_at'"):
    raise AssertionError("this build has no panic points: tools/build.sh makes one with the profile of tests")
prepare(connection)
most = entries = 0
for signature, name, returns, types in nonsense.functions(connection):
    if signature in OTHERS or value(connection, "SELECT prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c')"
                                                " FROM pg_proc WHERE oid = %s::regprocedure", (signature,)):
        continue
    if returns == "trigger":
        calls = TRIGGERS[signature]
    elif signature in DEEP:
        calls = [DEEP[signature]]
    else:
        refused, peaceful, _ = nonsense.refused_calls(connection, name, types)
        calls = (peaceful + refused)[:2]
    points = [panics_of(connection, signature, call) for call in calls]
    part.check(ENTRIES, any(points), f"{signature}: no call of it reached a point: {calls}")
    entries += 1
    most = max([most, *points])
    part.tell(f"{signature}: {points} points")
goes_on(connection)
part.got(ENTRIES, f"{entries} entry points, up to {most} points in one call; ERROR XX000 at every one")
connection.close()
part.end()
