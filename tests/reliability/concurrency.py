#!/usr/bin/env python3
"""Many sessions write the same letters at random, at all isolation levels, while others verify: after every round each
stored text and digest is compared with what the tables hold, by an oracle of our own, and with verify_all()."""

import random
import threading
import time

import psycopg2

import harness
import writes
from harness import rows, run, value

options = harness.options(__doc__)
part = harness.Part("concurrency", options)
rng = random.Random(options.seed)
LEVELS = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]

AGREE = part.case(
    "digests compared during and after concurrent writes", "every stored text and digest is that of the rows")
HOLD = part.case("verdicts of verify_all() after concurrent writes", "ok")
SEALS = part.case(
    "letters whose entries in the register were counted", "one seal more than reopenings if sealed, else as many")
FEW = part.case("transactions of 2 to 16 sessions", "committed, or refused with 23000, 40001, 40P01 or a key's code")
MANY = part.case("transactions of 64 sessions", FEW and part.cases[FEW]["expected"])
READ = part.case("verdicts of verify_all() during concurrent writes", "ok: one snapshot, no false alarm")
RETRIED = part.case(
    "transactions refused with 40001 or 40P01 and retried", "committed in the end, or refused by a seal or a key")


class Tally:
    """What the sessions of one round did."""

    def __init__(self):
        self.lock = threading.Lock()
        self.committed = self.refused = self.retried = 0
        self.by_code = {}

    def count(self, code):
        with self.lock:
            if code is None:
                self.committed += 1
            else:
                self.refused += 1
                self.by_code[code] = self.by_code.get(code, 0) + 1


def transaction(connection, random, keys, word, choices):
    """One transaction of the statements chosen; raises what refuses it."""
    run(connection, f"BEGIN ISOLATION LEVEL {choices['level']}")
    for number, (_, statement) in enumerate(choices["writes"]):
        if choices["savepoint"] == number:
            run(connection, "SAVEPOINT s")
        run(connection, statement)
        if choices["back"] == number and choices["savepoint"] <= number:
            run(connection, "ROLLBACK TO s")
    run(connection, choices["end"])


def session(database, seed, keys, until, tally, case):
    """Writes until the round's number of transactions is reached. What loses against another is tried again."""
    random_ = random.Random(seed)
    connection = harness.connect(database)
    run(connection, "SET deadlock_timeout = '10ms'")
    number = 0
    while tally.committed < until:
        number += 1
        count = random_.randint(1, 5)
        choices = {
            "level": random_.choices(LEVELS, [2, 1, 1])[0],
            "writes": [writes.write(random_, keys, f"{seed}-{number}") for _ in range(count)],
            "savepoint": random_.choice([-1, 0, 1, 9]),
            "end": random_.choices(["COMMIT", "ROLLBACK"], [9, 1])[0],
        }
        choices["back"] = random_.choice([9, count - 1]) if choices["savepoint"] >= 0 else 9
        lost = False
        for attempt in range(50):
            code = None
            if attempt == 10:
                # Whoever lost that often at a stricter level waits for locks instead.
                choices["level"] = "READ COMMITTED"
            try:
                transaction(connection, random_, keys, f"{seed}-{number}", choices)
            except psycopg2.Error as error:
                code = writes.code(error)
                detail = f"{code} {error} in {choices}"
                run(connection, "ROLLBACK")
            if code is None:
                if choices["end"] == "COMMIT":
                    tally.count(None)
                part.check(case, True)
            else:
                tally.count(code)
                part.check(case, code in writes.REFUSALS, detail)
            if code not in ("40001", "40P01"):
                break
            lost = True
            time.sleep(random_.random() * 0.005 * attempt)
        if lost:
            part.check(RETRIED, code not in ("40001", "40P01"), f"lost 50 times: {choices['writes']}")
    connection.close()


def everything(connection, random_):
    """All verdicts, as one statement or through a cursor."""
    run(connection, f"BEGIN ISOLATION LEVEL {random_.choice(LEVELS)}")
    if random_.random() < 0.5:
        verdicts = rows(connection, "SELECT document, key, ok, content, detail FROM health_crypto.verify_all()")
    else:
        run(connection, "DECLARE c CURSOR FOR SELECT (v).document, (v).key, (v).ok, (v).content, (v).detail"
                        " FROM (SELECT health_crypto.verify_all() v) v")
        verdicts, more = [], True
        while more:
            more = rows(connection, f"FETCH {random_.choice([1, 5, 20])} FROM c")
            verdicts += more
    run(connection, "COMMIT")
    return verdicts


def reader(database, stop, seed):
    """Verifies everything over and over, in one statement and through a cursor: nothing may look wrong."""
    random_ = random.Random(seed)
    connection = harness.connect(database)
    while not stop.wait(0.05):
        try:
            verdicts = everything(connection, random_)
            wrong, compared = harness.disagreements(connection)
        except psycopg2.Error as error:
            # A reader at SERIALIZABLE may be asked to read again.
            part.check(READ, writes.code(error) == "40001", error)
            run(connection, "ROLLBACK")
            continue
        part.check(AGREE, not wrong, f"during writes: {wrong[:5]}", times=compared)
        wrong = [verdict for verdict in verdicts if not verdict[2]]
        part.check(READ, not wrong, wrong[:3], times=len(verdicts))
    connection.close()


def judge(database, round_):
    """Everything recomputed."""
    connection = harness.connect(database)
    wrong, compared = harness.disagreements(connection)
    part.check(AGREE, not wrong, f"{round_}: {wrong[:5]}", times=compared)
    verdicts = rows(connection, "SELECT document, key, content, detail, ok FROM health_crypto.verify_all()")
    part.check(
        HOLD, all(verdict[-1] for verdict in verdicts), [v for v in verdicts if not v[-1]][:3], times=len(verdicts))
    entries = rows(connection, """
        SELECT r.id, count(*) FILTER (WHERE e.event = 'seal') - count(*) FILTER (WHERE e.event = 'reopening'),
               (SELECT v.content FROM health_crypto.verify('letter', r.id) v)
          FROM letter r LEFT JOIN health_crypto.register e ON e.document = 'letter' AND e.key = r.id::text
         GROUP BY r.id""")
    wrong = [entry for entry in entries if entry[1] != (entry[2] == "intact")]
    part.check(SEALS, not wrong, wrong[:5], times=len(entries))
    connection.close()


def round_of(number, sessions, transactions, case):
    """One database, so many sessions, so many transactions committed."""
    database = harness.database(f"concurrency_{number}")
    connection = harness.connect(database)
    # Few letters, so that sessions meet; more where there are many, so that they do not only wait.
    keys = list(range(1, sessions * 2 + 1))
    writes.letters(connection, keys)
    tally, stop = Tally(), threading.Event()
    watcher = threading.Thread(target=reader, args=(database, stop, f"{options.seed}/{number}/reader"))
    threads = [
        threading.Thread(
            target=session, args=(database, f"{options.seed}/{number}/{n}", keys, transactions, tally, case))
        for n in range(sessions)
    ]
    for thread in [watcher, *threads]:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(1)
            part.tell(f"{sessions} sessions, {tally.committed} of {transactions} transactions")
    stop.set()
    watcher.join()
    connection.close()
    judge(database, f"round {number}, {sessions} sessions")
    return tally


totals = {FEW: Tally(), MANY: Tally()}
plan = [(2, 100), (3, 100), (8, 200), (16, 200), (64, 300)]
if options.full:
    plan = [(rng.randint(2, 16), 2500) for _ in range(16)] + [(64, 6000), (64, 6000)]
for number, (sessions, transactions) in enumerate(plan):
    case = MANY if sessions == 64 else FEW
    tally = round_of(number, sessions, transactions, case)
    total = totals[case]
    total.committed += tally.committed
    total.refused += tally.refused
    for code, count in tally.by_code.items():
        total.by_code[code] = total.by_code.get(code, 0) + count
for case, total in totals.items():
    refusals = ", ".join(f"{count:,} × {code}" for code, count in sorted(total.by_code.items()))
    part.got(case, f"{total.committed:,} committed; refused: {refusals}; nothing else")
part.end()
