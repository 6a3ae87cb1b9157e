"""Two sessions at once, on the database of docs/reports.md: two verifications, and dispensing while others write.

    sessions.py verifications | dispensing
"""

import sys
import threading

import psycopg2

passed = failed = 0


def check(what, expected, actual):
    global passed, failed
    if expected == actual:
        passed += 1
    else:
        failed += 1
        print(f'FAILED: {what}: expected {expected!r}, got {actual!r}')


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
    check('the first run', True, one.run('SELECT audit.verify_everything() IS NOT NULL'))
    check('the second, at the same time, leaves it to the first', True, other.run('SELECT audit.verify_everything() IS NULL'))
    one.commit()
    other.commit()
    # Without the lock, so that both raise alerts: the unique index alone.
    source = admin.run("SELECT pg_get_functiondef('audit.verify_everything()'::regprocedure)")
    lock = "IF NOT pg_try_advisory_xact_lock(hashtext('audit.verify_everything')) THEN"
    check('the function takes a lock', True, lock in source)
    admin.run(source.replace(lock, 'IF false THEN').replace('audit.verify_everything', 'audit.without_lock'))
    admin.run('ALTER FUNCTION audit.without_lock() OWNER TO night_watch')
    admin.run('DELETE FROM audit.alert')
    admin.commit()
    check('a run without the lock', True, one.run('SELECT audit.without_lock() IS NOT NULL'))
    other.later('SELECT audit.without_lock() IS NOT NULL')
    check('another waits for it', True, other.waits())
    one.commit()
    check('and goes on', True, other.ended())
    other.commit()
    check('no document has two open alerts', 0, admin.run(
        'SELECT count(*) FROM (SELECT FROM audit.alert WHERE mended IS NULL GROUP BY document, key HAVING count(*) > 1) a'))
    check('each has one', 3, admin.run('SELECT count(*) FROM audit.alert WHERE mended IS NULL'))
    admin.commit()


DISPENSE = 'INSERT INTO dispensing (prescription) VALUES (1)'


def dispensing():
    pharmacist, other, admin, owner = Session('pharmacist'), Session('pharmacist'), Session('postgres'), Session('gnuhealth')
    check('dispensed', 'done', pharmacist.run(DISPENSE))
    check('and at the same time by another', 'done', other.run(DISPENSE))
    other.commit()
    admin.later("SELECT health_crypto.reopen('prescription', 1, 'another dose')::text")
    check('whoever reopens it waits', True, admin.waits())
    pharmacist.commit()
    check('and goes on when it is dispensed', '', admin.ended())
    # Reopened and not committed: the other way round.
    pharmacist.later(DISPENSE)
    check('dispensing waits for who has reopened it', True, pharmacist.waits())
    admin.commit()
    check('and is refused then', '23000', pharmacist.ended())
    # The same under REPEATABLE READ, of one that is changed.
    owner.run("UPDATE gnuhealth_prescription_order SET notes = 'After meals' WHERE id = 1")
    pharmacist.run('BEGIN ISOLATION LEVEL REPEATABLE READ')
    pharmacist.run('SELECT count(*) FROM dispensing')
    pharmacist.later(DISPENSE)
    check('dispensing waits for who has changed it', True, pharmacist.waits())
    owner.commit()
    check('and is to be tried again', '40001', pharmacist.ended())
    check('a draft is refused', '23000', pharmacist.run(DISPENSE))
    try:
        with pharmacist.connection.cursor() as cursor:
            cursor.execute(DISPENSE)
    except psycopg2.Error as error:
        check('fields of the error', ('public', 'dispensing', 'dispense_what_holds'),
              (error.diag.schema_name, error.diag.table_name, error.diag.constraint_name))
        check('no content in it', False, 'After meals' in str(error))
    pharmacist.connection.rollback()
    # By somebody with the owner's rights, and triggers off: dispensed before it is committed, found afterwards.
    check('the pharmacist reads no prescription', '42501', pharmacist.run('SELECT FROM gnuhealth_prescription_order'))
    check('nor the function of the trigger', '42501', pharmacist.run('SELECT dispense_what_holds()'))
    check('an update to another prescription is refused', '42501', pharmacist.run('UPDATE dispensing SET prescription = 3'))
    check('by the owner too', '23000', owner.run('UPDATE dispensing SET prescription = 3'))


def main():
    {'verifications': verifications, 'dispensing': dispensing}[sys.argv[1]]()
    print(f'checks: {passed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
