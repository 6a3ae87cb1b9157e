#!/usr/bin/env python3
"""Kills server processes while letters are being sealed and signed: single backends, and the postmaster. After each
recovery every seal and signature that a client saw committed is in the register, once, and every digest is that of the
rows. Also a transaction that was prepared before the kill and is committed after it."""

import os
import random
import signal
import subprocess
import threading
import time

import psycopg2

import harness
from harness import rows, run, value

options = harness.options(__doc__)
part = harness.Part("crashes", options)
rng = random.Random(options.seed)

WRITERS = 4
BACKEND = part.case("a backend killed at a random point under a signing load", "the server recovers")
POSTMASTER = part.case("the postmaster killed at a random point under a signing load", "the server starts and recovers")
ONCE = part.case("committed seals and signatures looked for after a kill", "in the register, once")
UNKNOWN = part.case("transactions in flight when the server died", "all of it is there, or nothing")
AGREE = part.case("digests compared after a kill", "every stored text and digest is that of the rows")
HOLD = part.case("verdicts after a kill", "ok; signature valid where one was stored")
PREPARED = part.case(
    "prepared transactions across a kill of the postmaster", "committed after it: sealed, once, and intact")


class Signer:
    """A certificate made by gpg, and its signatures over the digests of a few contents: signing takes gpg longer than a
    crash does."""

    CONTENTS = 12

    def __init__(self, home):
        self.home = home
        os.makedirs(home, mode=0o700, exist_ok=True)
        self.gpg("--quick-gen-key", "Dr Test <test@example.org>", "ed25519", "sign", "never")
        self.certificate = self.gpg("--armor", "--export", "test@example.org")

    def gpg(self, *arguments, text=None):
        quietly = ["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]
        command = ["gpg", "--homedir", self.home, *quietly]
        return subprocess.run([*command, *arguments], input=text, text=True, check=True, capture_output=True).stdout

    def sign_all(self, connection):
        """Signatures by content, over the digests that the database gives letters of that content."""
        self.signatures = []
        for content in range(self.CONTENTS):
            text = harness.text_of(
                {"subject": f"content {content}", "lines": [{"text": f"line {content}", "notes": None}]})
            self.signatures.append(self.gpg("--clearsign", text=harness.digest_of(text)))

    def end(self):
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], check=False)


class Ledger:
    """What the clients know."""

    def __init__(self):
        self.lock, self.connected = threading.Lock(), threading.Barrier(WRITERS + 1)
        self.committed, self.unknown, self.failures = {}, {}, []
        self.last = 0

    def key(self):
        with self.lock:
            self.last += 1
            return self.last


def writer(ledger, signer, seed):
    """Writes letters, seals them by state or by a signature, until the connection breaks: the server takes all of them with
    it, and is not asked again before."""
    random_ = random.Random(seed)
    connection = connected()
    ledger.connected.wait(60)
    while True:
        key, content = ledger.key(), random_.randrange(Signer.CONTENTS)
        how = random_.choice(["state", "direct", "attach"])
        what = {"seal": 1, "signature": 0 if how == "state" else 1}
        try:
            run(connection, "BEGIN")
            run(connection, "INSERT INTO letter (id, subject) VALUES (%s, %s)", (key, f"content {content}"))
            run(
                connection, "INSERT INTO letter_line (letter, text, amount) VALUES (%s, %s, 1)",
                (key, f"line {content}"))
            if random_.random() < 0.3:
                run(connection, "COMMIT")
                run(connection, "BEGIN")
            if how == "state":
                run(connection, "UPDATE letter SET state = 'sealed' WHERE id = %s", (key,))
            elif how == "direct":
                run(
                    connection, "UPDATE letter SET digital_signature = %s WHERE id = %s",
                    (signer.signatures[content], key))
            else:
                run(connection, "SET CONSTRAINTS ALL IMMEDIATE")
                run(
                    connection, "SELECT health_crypto.attach_signature('letter', %s, %s)",
                    (str(key), signer.signatures[content]))
            with ledger.lock:
                ledger.unknown[key] = what
            run(connection, "COMMIT")
            with ledger.lock:
                ledger.committed[key] = ledger.unknown.pop(key)
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            return
        except psycopg2.Error as error:
            if error.pgcode and error.pgcode[:2] != "57":
                ledger.failures.append(f"{error.pgcode} {error}")
            return


def connected():
    """A connection once the server has recovered."""
    for _ in range(600):
        try:
            return harness.connect("crashes")
        except psycopg2.OperationalError:
            time.sleep(0.05)
    raise AssertionError("the server does not come back within 30 s")


def victim(connection):
    """The pid of one of the writers' backends, as soon as there is one."""
    pids = []
    while not pids:
        pids = rows(connection, "SELECT pid FROM pg_stat_activity WHERE datname = 'crashes' AND pid <> pg_backend_pid()"
                                " AND backend_type = 'client backend'")
    return rng.choice(pids)[0]


def start_server():
    """Starts the server again after its postmaster was killed."""
    # Its children notice within moments; a new postmaster waits for nobody but refuses while they hold the shared
    # memory.
    for _ in range(200):
        done = subprocess.run([os.environ["HC_SERVER_START"]], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return True
        time.sleep(0.1)
    print(done.stdout, done.stderr)
    return False


def judge(ledger, first):
    """What the clients know against the register, and all digests of the letters from `first` on."""
    connection = connected()
    found = {}
    for key, event, count in rows(connection, """
            SELECT key, event, count(*) FROM health_crypto.register
             WHERE document = 'letter' AND key::bigint >= %s AND event IN ('seal', 'signature')
             GROUP BY 1, 2""", (first,)):
        found.setdefault(int(key), {"seal": 0, "signature": 0})[event] = count
    for key, what in ledger.committed.items():
        part.check(ONCE, found.get(key) == what, f"letter {key}: {found.get(key)}, committed {what}")
    for key, what in ledger.unknown.items():
        part.check(UNKNOWN, found.get(key, what) == what, f"letter {key}: {found.get(key)}, of {what}")
    unasked = set(found) - set(ledger.committed) - set(ledger.unknown)
    part.check(ONCE, not unasked, f"in the register and never committed: {unasked}")
    wrong, compared = harness.disagreements(connection, first)
    part.check(AGREE, not wrong, wrong[:5], times=compared)
    verdicts = rows(connection, """
        SELECT r.id, v.ok, v.content, v.signature, coalesce(r.digital_signature, '') <> '' AS signed FROM letter r,
               LATERAL health_crypto.verify('letter', r.id) v WHERE r.id >= %s""", (first,))
    bad = [v for v in verdicts if not v[1] or (v[3] == "valid") != v[4] or (v[2] == "intact") != (v[0] in found)]
    part.check(HOLD, not bad, bad[:5], times=len(verdicts))
    lost = set(found) - {v[0] for v in verdicts}
    part.check(HOLD, not lost, f"sealed and without a row: {lost}")
    for failure in ledger.failures[:3]:
        part.check(ONCE, False, f"a writer failed: {failure}")
    connection.close()


def round_of(case, number, next_key, signer, prepares):
    """Load, a kill at a random moment, recovery, judgement; what the clients know. With a prepared transaction if wanted."""
    ledger = Ledger()
    ledger.last = next_key
    threads = [
        threading.Thread(target=writer, daemon=True, args=(ledger, signer, f"{options.seed}/{number}/{n}"))
        for n in range(WRITERS)
    ]
    connection = connected()
    prepared = None
    if prepares:
        prepared = ledger.key()
        run(connection, "BEGIN")
        run(connection, "INSERT INTO letter (id, subject, state) VALUES (%s, 'prepared', 'sealed')", (prepared,))
        run(connection, "PREPARE TRANSACTION 'prepared'")
    for thread in threads:
        thread.start()
    ledger.connected.wait(60)
    time.sleep(rng.uniform(0.02, 0.6))
    if case == BACKEND:
        pid = victim(connection)
        # A moment more: the choice of the victim waits for a statement of its own.
        time.sleep(rng.uniform(0, 0.01))
    else:
        pid = int(open(os.environ["HC_PGDATA"] + "/postmaster.pid", encoding="ascii").readline())
    os.kill(pid, signal.SIGKILL)
    came_back = start_server() if case == POSTMASTER else True
    for thread in threads:
        thread.join()
    try:
        connection.close()
    except psycopg2.Error:
        pass
    part.check(case, came_back, "the server does not start")
    if prepared is not None:
        connection = connected()
        run(connection, "COMMIT PREPARED 'prepared'")
        ledger.committed[prepared] = {"seal": 1, "signature": 0}
        content = value(connection, "SELECT (health_crypto.verify('letter', %s::bigint)).content", (prepared,))
        part.check(PREPARED, content == "intact", content)
        connection.close()
    judge(ledger, next_key + 1)
    return ledger


signer = Signer(os.environ["HC_GNUPGHOME"])
try:
    harness.database("crashes")
    connection = harness.connect("crashes")
    signer.sign_all(connection)
    run(connection, "SELECT health_crypto.import_certificate(%s)", (signer.certificate,))
    connection.close()
    key = committed = 0
    backends, postmasters = (300, 100) if options.full else (4, 3)
    plan = [BACKEND] * backends + [POSTMASTER] * postmasters
    rng.shuffle(plan)
    # At every third kill of the postmaster, the first among them, wherever chance has put it.
    of_postmasters = [number for number, case in enumerate(plan) if case == POSTMASTER]
    for number, case in enumerate(plan):
        ledger = round_of(case, number, key, signer, number in of_postmasters[::3])
        key = ledger.last
        committed += len(ledger.committed)
        part.tell(f"kill {number + 1} of {len(plan)}, {part.cases[ONCE]['tried']} seals looked for")
    # All of it once more, at the end of all kills.
    connection = connected()
    wrong, compared = harness.disagreements(connection)
    part.check(AGREE, not wrong, wrong[:5], times=compared)
    verdicts = rows(connection, "SELECT key, ok, content, detail FROM health_crypto.verify_all()")
    part.check(HOLD, all(v[1] for v in verdicts), [v for v in verdicts if not v[1]][:5], times=len(verdicts))
    seals = value(
        connection,
        "SELECT count(DISTINCT key) FROM health_crypto.register WHERE document = 'letter' AND event = 'seal'")
    part.check(ONCE, seals >= committed, f"{seals} seals in the register, {committed} committed")
    connection.close()
finally:
    signer.end()
part.end()
