"""What the reliability tests share: connections, counted cases, the fixture, and an oracle that owes the extension
nothing.

A part counts what it tried by case. At its end it writes target/reliability/PART.tsv (in short/, if it was its short
form), a line a case (case, how often tried, expected, got), from which tools/reliability_table makes
docs/RELIABILITY.md, and prints `checks: N passed, N failed`."""

import argparse
import hashlib
import io
import json
import os
import pathlib
import random
import re
import sys
import threading
import time

import psycopg2

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
STATE = pathlib.Path(os.environ.get("STATE", ROOT / "target"))


def options(description, **more):
    """The arguments that all parts take; `more` are other options with their help and default."""
    parser = argparse.ArgumentParser(description=description)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--short", dest="full", action="store_false", help="the form of continuous integration (default)")
    size.add_argument("--full", dest="full", action="store_true", help="the form that docs/RELIABILITY.md tells of")
    parser.add_argument("--seed", type=int, help="repeats a run's choices")
    for name, (text, default) in more.items():
        parser.add_argument("--" + name.replace("_", "-"), type=type(default), default=default, help=text)
    parser.set_defaults(full=False)
    chosen = parser.parse_args()
    if chosen.seed is None:
        chosen.seed = random.SystemRandom().randrange(2**31)
    return chosen


def connect(database=None, **more):
    """A connection where every statement stands as it is sent: no BEGIN of the driver's."""
    connection = psycopg2.connect(dbname=database or os.environ.get("PGDATABASE", "postgres"), **more)
    connection.autocommit = True
    with connection.cursor() as cursor:
        # A session that waits for ever is a failure, not a run without end.
        cursor.execute("SET statement_timeout = '120s'")
    return connection


def rows(connection, statement, arguments=None):
    """All rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return cursor.fetchall() if cursor.description else []


def value(connection, statement, arguments=None):
    """The one value of a statement."""
    return rows(connection, statement, arguments)[0][0]


def run(connection, statement, arguments=None):
    """A statement for its effect."""
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return cursor.rowcount


def file_of(text):
    """A text as COPY reads it: a row a line."""
    return io.StringIO(text.strip("\n") + "\n")


def database_of_nothing(name):
    """A new database with the extension; its name. The first one of a cluster is the template of the others. None is
    dropped: each would be a checkpoint, and the cluster is thrown away."""
    server = connect("postgres")
    if not rows(server, "SELECT 1 FROM pg_database WHERE datname = 'only_extension'"):
        run(server, "CREATE DATABASE only_extension")
        template = connect("only_extension")
        run(template, "CREATE EXTENSION health_crypto")
        template.close()
    run(server, f"CREATE DATABASE {name} TEMPLATE only_extension")
    server.close()
    return name


def database(name):
    """A new database with the extension and the letters; its name."""
    connection = connect(database_of_nothing(name))
    run(connection, "SET client_min_messages = warning")
    run(connection, (HERE / "letters.sql").read_text())
    connection.close()
    return name


def adopted(connection, count):
    """A type of document, `adopted`, whose rows were sealed before it was protected."""
    run(connection, (HERE / "adopted.sql").read_text(encoding="utf-8"), {"rows": count})


# Protects letters once more, under another name and in other columns.
PROTECT_AGAIN = """SELECT health_crypto.protect('again', 'letter', 'letter_document(integer[], text)',
    digest_column => 'again_digest', serializer_column => 'again_text', signature_column => NULL, add_columns => true)"""


def resident(pid):
    """KiB of a backend's own memory: shared buffers, which it touches one after the other, are not counted."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"RssAnon:\s+(\d+) kB", status.read())[1])


class Part:
    """Counts the cases of one part of the tests."""

    def __init__(self, name, chosen):
        self.name, self.full = name, chosen.full
        self.seed = seed = chosen.seed
        self.cases, self.lock, self.failures = {}, threading.Lock(), 0
        self.started = self.told = time.monotonic()
        print(f"{name}: seed {seed}", flush=True)

    def case(self, name, expected):
        """Announces a case and what is expected of it, in the words of the table."""
        self.cases.setdefault(name, {"expected": expected, "tried": 0, "failed": 0, "got": None})
        return name

    def check(self, name, holds, detail="", times=1):
        """Counts one try of a case; says what is wrong."""
        with self.lock:
            case = self.cases[name]
            case["tried"] += times
            if not holds:
                case["failed"] += 1
                self.failures += 1
                if case["failed"] <= 10:
                    print(f"FAILED: {name}: {detail}", flush=True)
        return holds

    def got(self, name, words):
        """What was seen of a case, where it is more than that it holds."""
        self.cases[name]["got"] = words

    def without(self, name, why):
        """Takes back a case that this form of the part cannot try, and says why."""
        del self.cases[name]
        print(f"{self.name}: not tried: {name}: {why}", flush=True)

    def tell(self, text, every=10.0):
        """Progress, not oftener than every so many seconds."""
        now = time.monotonic()
        if now - self.told >= every:
            self.told = now
            print(f"{self.name}: {text}, {now - self.started:.0f} s", flush=True)

    def end(self):
        """Writes the cases, prints the count, and exits."""
        # Only the full form is told of in docs/RELIABILITY.md.
        place = STATE / "reliability" / ("" if self.full else "short")
        place.mkdir(parents=True, exist_ok=True)
        passed = failed = 0
        with open(place / f"{self.name}.tsv", "w", encoding="utf-8") as table:
            for name, case in self.cases.items():
                if case["tried"] == 0:
                    # A case that nobody tried is no success.
                    case["failed"] = 1
                    self.failures += 1
                    print(f"FAILED: {name}: never tried", flush=True)
                held = case["got"] or case["expected"]
                got = held if not case["failed"] else f"{case['failed']} times otherwise"
                table.write(f"{name}\t{case['tried']:,}\t{case['expected']}\t{got}\n")
                failed += bool(case["failed"])
                passed += not case["failed"]
                print(f"{'FAILED' if case['failed'] else 'ok'}: {name}: tried {case['tried']:,}; {got}")
        print(f"{self.name}: {time.monotonic() - self.started:.0f} s (seed {self.seed})")
        print(f"checks: {passed} passed, {failed} failed", flush=True)
        sys.exit(bool(self.failures))


# ------------------------------------------------------------------------------------------------------------ oracle


def text_of(fields):
    """The jcs-1 text of a document whose keys are plain ASCII and whose numbers are small integers."""
    return json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest_of(text):
    """SHA-512 as the extension prints it."""
    return hashlib.sha512(text.encode()).hexdigest()


def contents(connection, first=0):
    """What the two documents of each letter from `first` on must be, read from the tables and written by nothing of the
    extension's."""
    notes, lines, amounts, letters = {}, {}, {}, {}
    for line, note in rows(connection, "SELECT n.line, n.note FROM letter_note n JOIN letter_line l ON l.id = n.line"
                                       " WHERE l.letter >= %s ORDER BY n.id", (first,)):
        notes.setdefault(line, []).append(note)
    for key, letter, text, amount in rows(
            connection, "SELECT id, letter, text, amount FROM letter_line WHERE letter >= %s ORDER BY id", (first,)):
        lines.setdefault(letter, []).append({"text": text, "notes": notes.get(key)})
        amounts.setdefault(letter, []).append(amount)
    for key, subject in rows(connection, "SELECT id, subject FROM letter WHERE id >= %s", (first,)):
        highest = max(amounts[key]) if key in amounts else None
        letters[key] = (text_of({"subject": subject, "lines": lines.get(key)}), text_of({"highest": highest}))
    return letters


def disagreements(connection, first=0):
    """The stored texts and digests that are not those of the rows, as [(key, document)]; and how many were compared."""
    run(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    expected = contents(connection, first)
    stored = rows(connection, "SELECT id, serializer, document_digest, summary_text, summary_digest FROM letter"
                              " WHERE id >= %s", (first,))
    run(connection, "COMMIT")
    wrong, compared = [], 0
    for key, text, digest, summary_text, summary_digest in stored:
        letter, summary = expected[key]
        compared += 2
        if (text, digest) != (letter, digest_of(letter)):
            wrong.append((key, "letter"))
        if (summary_text, summary_digest) != (summary, digest_of(summary)):
            wrong.append((key, "summary"))
    return wrong, compared
