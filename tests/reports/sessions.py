"""Two sessions at once, on the database of docs/reports.md: two verifications, and dispensing while others write.

    sessions.py verifications | dispensing
"""

import sys
import threading

import psycopg2

from checks import Checks

checks = Checks()


class Session:
    """A connection; `later` runs a statement in the background, `ended` waits for it and gives its outcome."""

    def __init__(self, user):
        self.connection = psycopg2.connect(dbname='hospital', user=user)
        self.thread = None

    def run(self, statement):
        """The first value, 'done', or the SQLSTATE."""
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchone()[0] if cursor.description else 'done'
        except psycopg2.Error as error:
            self.connection.rollback()
            return error.pgcode

    def later(self, statement):
        self.outcome = None

        def run():
            self.outcome = self.run(statement)
        self.thread = threading.Thread(target=run)
        self.thread.start()

    def waits(self):
        self.thread.join(1.5)
        return self.thread.is_alive()

    def ended(self):
        self.thread.join(30)
        return self.outcome

    def commit(self):
        self.connection.commit()


def verifications():
    one, other, admin = Session('night_watch'), Session('night_watch'), Session('postgres')
    checks.equal(one.run('SELECT audit.verify_everything() IS NOT NULL'), True, 'the first run')
    checks.equal(other.run('SELECT audit.verify_everything() IS NULL'), True,
                 'the second, at the same time, leaves it to the first')
    one.commit()
    other.commit()
    # Without the lock, so that both raise alerts: the unique index alone.
    source = admin.run("SELECT pg_get_functiondef('audit.verify_everything()'::regprocedure)")
    lock = "IF NOT pg_try_advisory_xact_lock(hashtext('audit.verify_everything')) THEN"
    checks.that(lock in source, 'the function takes a lock')
    admin.run(source.replace(lock, 'IF false THEN').replace('audit.verify_everything', 'audit.without_lock'))
    admin.run('ALTER FUNCTION audit.without_lock() OWNER TO night_watch')
    admin.run('DELETE FROM audit.alert')
    admin.commit()
    checks.equal(one.run('SELECT audit.without_lock() IS NOT NULL'), True, 'a run without the lock')
    other.later('SELECT audit.without_lock() IS NOT NULL')
    checks.that(other.waits(), 'another waits for it')
    one.commit()
    checks.equal(other.ended(), True, 'and goes on')
    other.commit()
    twice = 'SELECT count(*) FROM (SELECT FROM audit.alert WHERE mended IS NULL GROUP BY document, key HAVING count(*) > 1) a'
    checks.equal(admin.run(twice), 0, 'no document has two open alerts')
    checks.equal(admin.run('SELECT count(*) FROM audit.alert WHERE mended IS NULL'), 3, 'each has one')
    admin.commit()


DISPENSE = 'INSERT INTO dispensing (prescription) VALUES (1)'


def dispensing():
    pharmacist, other, admin, owner = Session('pharmacist'), Session('pharmacist'), Session('postgres'), Session('gnuhealth')
    checks.equal(pharmacist.run(DISPENSE), 'done', 'dispensed')
    checks.equal(other.run(DISPENSE), 'done', 'and at the same time by another')
    other.commit()
    admin.later("SELECT health_crypto.reopen('prescription', 1, 'another dose')::text")
    checks.that(admin.waits(), 'whoever reopens it waits')
    pharmacist.commit()
    checks.equal(admin.ended(), '', 'and goes on when it is dispensed')
    # Reopened and not committed: the other way round.
    pharmacist.later(DISPENSE)
    checks.that(pharmacist.waits(), 'dispensing waits for who has reopened it')
    admin.commit()
    checks.equal(pharmacist.ended(), '23000', 'and is refused then')
    # The same under REPEATABLE READ, of one that is changed.
    owner.run("UPDATE gnuhealth_prescription_order SET notes = 'After meals' WHERE id = 1")
    pharmacist.run('BEGIN ISOLATION LEVEL REPEATABLE READ')
    pharmacist.run('SELECT count(*) FROM dispensing')
    pharmacist.later(DISPENSE)
    checks.that(pharmacist.waits(), 'dispensing waits for who has changed it')
    owner.commit()
    checks.equal(pharmacist.ended(), '40001', 'and is to be tried again')
    checks.equal(pharmacist.run(DISPENSE), '23000', 'a draft is refused')
    try:
        with pharmacist.connection.cursor() as cursor:
            cursor.execute(DISPENSE)
    except psycopg2.Error as error:
        checks.equal((error.diag.schema_name, error.diag.table_name, error.diag.constraint_name),
                     ('public', 'dispensing', 'dispense_what_holds'), 'fields of the error')
        checks.that('After meals' not in str(error), 'no content in it')
    pharmacist.connection.rollback()
    # By somebody with the owner's rights, and triggers off: dispensed before it is committed, found afterwards.
    checks.equal(pharmacist.run('SELECT FROM gnuhealth_prescription_order'), '42501', 'the pharmacist reads no prescription')
    checks.equal(pharmacist.run('SELECT dispense_what_holds()'), '42501', 'nor the function of the trigger')
    checks.equal(pharmacist.run('UPDATE dispensing SET prescription = 3'), '42501',
                 'an update to another prescription is refused')
    checks.equal(owner.run('UPDATE dispensing SET prescription = 3'), '23000', 'by the owner too')


def main():
    {'verifications': verifications, 'dispensing': dispensing}[sys.argv[1]]()
    return checks.report()


if __name__ == '__main__':
    sys.exit(main())
