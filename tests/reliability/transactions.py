#!/usr/bin/env python3
"""Transactions of every shape: random nestings of savepoints, exception blocks and forced flushes, judged by an oracle
of our own; and one by one what else can come between a write and its flush (cases/)."""

import random
import re

import psycopg2

import harness
import writes
from harness import rows, run, value

options = harness.options(__doc__, only=("run only the directed cases whose names contain this", ""))
part = harness.Part("transactions", options)
rng = random.Random(options.seed)
KEYS = list(range(1, 7))

# ------------------------------------------------------------------------------------------------------ random programs

PROGRAMS = part.case(
    "random transactions of savepoints, exception blocks, flushes and prepared transactions",
    "every stored text and digest is that of the rows; every verdict ok; a seal more than reopenings where sealed")
STATEMENTS = part.case("statements in them", "done, or refused with 23000 or a key's code")


def plpgsql(word, depth):
    """A block with an exception handler, perhaps with blocks in it, which perhaps fails at its end."""
    body = []
    for _ in range(rng.randint(1, 4)):
        if depth > 0 and rng.random() < 0.4:
            body.append(plpgsql(word, depth - 1))
        else:
            body.append(re.sub("^SELECT", "PERFORM", writes.write(rng, KEYS, word)[1]) + ";")
    if rng.random() < 0.3:
        body.append("RAISE EXCEPTION 'back';")
    handler = rng.choice(["NULL;", re.sub("^SELECT", "PERFORM", writes.write(rng, KEYS, word)[1]) + ";"])
    return "BEGIN " + " ".join(body) + " EXCEPTION WHEN OTHERS THEN " + handler + " END;"


def program(word, depth=3):
    """Statements in their order, savepoints among them; a None is where the innermost savepoint is rolled back to if
    the statement before it has failed."""
    statements = []
    for number in range(rng.randint(1, 5)):
        choice = rng.random()
        if depth > 0 and choice < 0.35:
            name = f"s{depth}_{number}"
            inner = program(word, depth - 1)
            end = rng.choice(
                [["RELEASE " + name], ["ROLLBACK TO " + name], ["ROLLBACK TO " + name, "RELEASE " + name], []])
            statements += ["SAVEPOINT " + name, *inner, *end]
        elif choice < 0.6:
            statements.append("DO $do$ BEGIN " + plpgsql(word, rng.randint(0, 3)) + " END $do$")
        else:
            statements.append(writes.write(rng, KEYS, word)[1])
    return statements


def play(connection, statements, end, number):
    """Sends a program; each statement of it stands in a savepoint, so that a refusal is not the end of it."""
    run(connection, "BEGIN")
    if rng.random() < 0.2:
        run(connection, "SET CONSTRAINTS ALL IMMEDIATE")
    for statement in statements:
        ours = not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK TO"))
        careful = ours and rng.random() < 0.8
        try:
            if careful:
                run(connection, "SAVEPOINT careful")
            run(connection, statement)
            if careful:
                run(connection, "RELEASE careful")
            part.check(STATEMENTS, True)
        except psycopg2.Error as error:
            part.check(STATEMENTS, writes.code(error) in writes.REFUSALS, f"{error} {statement}")
            if not careful:
                run(connection, "ROLLBACK")
                return "refused"
            run(connection, "ROLLBACK TO careful")
            run(connection, "RELEASE careful")
    try:
        if "PREPARE" in end:
            run(connection, f"PREPARE TRANSACTION 'p{number}'")
            run(connection, f"{end.split()[0]} PREPARED 'p{number}'")
        else:
            run(connection, end)
    except psycopg2.Error as error:
        part.check(STATEMENTS, writes.code(error) in writes.REFUSALS, f"{error} at the end")
        run(connection, "ROLLBACK")
        return "refused"
    return end


def random_programs(count):
    """Plays programs in one database, judging after each."""
    connection = harness.connect(harness.database("transactions"))
    # A letter that is deleted for good would be one less to write to.
    writes.letters(connection, KEYS)
    ends = ["COMMIT"] * 6 + ["ROLLBACK", "COMMIT AND PREPARE", "ROLLBACK AND PREPARE"]
    for number in range(count):
        statements, end = program(f"w{number}"), rng.choice(ends)
        got = play(connection, statements, end, number)
        wrong, _ = harness.disagreements(connection)
        bad = rows(connection, """
            SELECT v.document, v.key, v.content, v.detail FROM health_crypto.verify_all() v
             WHERE NOT v.ok OR v.document = 'letter' AND (v.content = 'intact') IS DISTINCT FROM
                   (SELECT count(*) FILTER (WHERE e.event = 'seal') - count(*) FILTER (WHERE e.event = 'reopening')
                      FROM health_crypto.register e WHERE e.document = v.document AND e.key = v.key) > 0""")
        detail = f"program {number} ({got}): {wrong} {bad}\n  " + "\n  ".join(statements)
        if not part.check(PROGRAMS, not wrong and not bad, detail):
            # One fault is told of once: the next program starts from what is right.
            run(connection, "UPDATE letter SET document_digest = NULL, summary_digest = NULL"
                            " WHERE id::text IN (SELECT key FROM health_crypto.verify_all() WHERE content = 'stale')")
        part.tell(f"program {number} of {count}")
    connection.close()


# ------------------------------------------------------------------------------------------------------- directed cases

DIRECTED = harness.HERE / "cases"
TABLES = """
    CREATE SCHEMA t; SET search_path = t;
    CREATE TABLE doc (id integer PRIMARY KEY, subject text, state text DEFAULT 'draft', extra text);
    CREATE TABLE line (id integer PRIMARY KEY, doc integer REFERENCES doc ON DELETE CASCADE ON UPDATE CASCADE,
        word text, extra text);
"""
PROTECT = """
    CREATE FUNCTION doc_document(keys integer[], language text) RETURNS TABLE (key integer, subject text, words json)
        LANGUAGE sql STABLE BEGIN ATOMIC
        SELECT r.id, r.subject, (SELECT json_agg(l.word ORDER BY l.id) FROM line l WHERE l.doc = r.id)
          FROM doc r WHERE r.id = ANY (keys);
    END;
    SELECT health_crypto.protect('doc', 'doc', 'doc_document(integer[], text)', state_column => 'state',
        sealed_states => ARRAY['sealed'], on_unverified_signature => 'record', add_columns => true);
"""
ROWS = """
    INSERT INTO doc (id, subject) VALUES (1, 'one'), (2, 'two'), (3, 'sealed');
    INSERT INTO line (id, doc, word) VALUES (11, 1, 'a'), (12, 1, 'b'), (21, 2, 'c'), (31, 3, 'd');
    UPDATE doc SET state = 'sealed' WHERE id = 3;
"""


def directed():
    """The cases of the files: `-- case: name => expected`, then blocks headed `-- tables`, `-- after` (once protected) and
    `-- then` (what is tried). A block `tables` replaces the usual tables, `rows` the usual rows."""
    cases, case, block = [], None, None
    lines = [line for file in sorted(DIRECTED.glob("*.sql")) for line in file.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        if head := re.fullmatch(r"-- case: (.*?) => (.*)", line):
            case = {"name": head[1], "expected": head[2].split(" or "), "tables": TABLES, "rows": ROWS}
            cases.append(case)
            block = None
        elif head := re.fullmatch(r"-- (tables|rows|after|then)", line):
            block = head[1]
            case[block] = ""
        elif case is not None and block:
            case[block] += line + "\n"
    return cases


def state(connection):
    """Whether digests are those of the rows, by our own oracle; what verify_all() and protection_gaps() have to say."""
    run(connection, "ROLLBACK; SET search_path = t; SET session_replication_role = DEFAULT")
    words, wrong, verdicts = {}, [], []
    for doc, word in rows(connection, "SELECT doc, word FROM line ORDER BY id"):
        words.setdefault(doc, []).append(word)
    for key, subject, text, digest in rows(connection, "SELECT id, subject, serializer, document_digest FROM doc"):
        right = harness.text_of({"subject": subject, "words": words.get(key)})
        if (text, digest) != (right, harness.digest_of(right)):
            wrong.append(key)
    try:
        verdicts = rows(connection, "SELECT key, content FROM health_crypto.verify_all('doc') WHERE NOT ok ORDER BY 1")
    except psycopg2.Error as error:
        verdicts = [(key, f"verify_all() fails with {writes.code(error)}") for key in ["*", *wrong]]
    gaps = rows(connection, "SELECT DISTINCT gap FROM health_crypto.protection_gaps() ORDER BY 1")
    lost = rows(connection, """
        SELECT DISTINCT e.key FROM health_crypto.register e WHERE e.event = 'seal'
         AND NOT EXISTS (SELECT FROM doc WHERE id::text = e.key)""")
    return wrong, verdicts, [gap for gap, in gaps], [key for key, in lost]


def outcome(case, number):
    """Plays a case in a database of its own: `kept`, `refused CODE`, `shown: words`, or `silently wrong`."""
    connection = harness.connect(harness.database_of_nothing(f"directed_{number}"))
    connection.notices = []
    for block in ("tables", None, "rows", "after"):
        run(connection, PROTECT if block is None else case.get(block) or "SELECT")
    if wrong := state(connection)[0]:
        raise AssertionError(f"{case['name']}: wrong from the beginning: {wrong}")
    code = None
    for statement in filter(str.strip, re.split(r";\n", case["then"])):
        try:
            if copied := re.fullmatch(r"\s*(COPY .*? FROM STDIN)\n(.*)", statement, re.DOTALL):
                with connection.cursor() as cursor:
                    cursor.copy_expert(copied[1], harness.file_of(copied[2]))
            else:
                run(connection, statement)
        except psycopg2.Error as error:
            code = writes.code(error)
            run(connection, "ROLLBACK")
            break
    wrong, verdicts, gaps, lost = state(connection)
    connection.close()
    shown = sorted({content for _, content in verdicts} | set(gaps))
    unseen = [key for key in wrong + lost if str(key) not in {str(key) for key, _ in verdicts}]
    if unseen and not gaps:
        return f"silently wrong: {unseen}"
    if code:
        return f"refused {code}" + (f", shown: {', '.join(shown)}" if shown else "")
    return f"shown: {', '.join(shown)}" if shown else "kept"


def directed_cases():
    """Plays them all."""
    for number, case in enumerate(directed()):
        if options.only not in case["name"]:
            continue
        name = part.case(case["name"], " or ".join(case["expected"]))
        got = outcome(case, number)
        part.check(name, got in case["expected"], f"expected {' or '.join(case['expected'])}, got {got}")
        part.got(name, got)
        part.tell(name)


MARKS = part.case(
    "memory of a transaction that writes and flushes one document over and over",
    "at most 320 bytes a statement, of which PostgreSQL's own row versions take 120")


def marks():
    """What is remembered of a document does not grow with each statement, in a subtransaction or not."""
    connection = harness.connect(harness.database("marks"))
    run(connection, "INSERT INTO letter (id, subject) VALUES (1, 'a');"
                    " INSERT INTO letter_line (letter, text, amount) VALUES (1, 'x', 1)")
    connection.close()
    write = "UPDATE letter_line SET text = 'x' || i WHERE letter = 1;"
    for name, statement in (
            ("statements", write), ("exception blocks", f"BEGIN {write} EXCEPTION WHEN OTHERS THEN NULL; END;")):
        # What a session has freed would hide what it takes.
        connection = harness.connect("marks")
        pid = value(connection, "SELECT pg_backend_pid()")
        run(connection, "BEGIN; SET CONSTRAINTS ALL IMMEDIATE")
        resident = []
        for times in (1500, 1500) if name == "statements" else (600, 600):
            run(connection, f"DO $$ BEGIN FOR i IN 1..{times} LOOP {statement} END LOOP; END $$")
            resident.append(harness.resident(pid))
        each = (resident[1] - resident[0]) * 1024 / times
        part.check(MARKS, each <= 320, f"{each:.0f} bytes, {name}")
        connection.close()


directed_cases()
if not options.only:
    marks()
    random_programs(6000 if options.full else 60)
else:
    for name in (PROGRAMS, STATEMENTS, MARKS):
        del part.cases[name]
part.end()
