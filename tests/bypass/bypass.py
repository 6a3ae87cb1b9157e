"""Every way round a seal that the promise names, tried on each of the five documents of GNU Health.

The documents are made by GNU Health's own models, sealed by their state and signed with gpg. Each attack is made by the
role that could make it, in a transaction that is rolled back, so that all begin with the same documents; what was tried,
what SECURITY.md promises and what came of it are printed as a table and written to target/reliability/bypass.tsv.
"""

import random as randoms
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from application import Application, parsed, parser
from checks import Checks
from documents import KINDS
from reference import make_reference
from signer import Signer

USER = 'Ana Quiroga <ana.quiroga@hospital.example>'
FORGERY = 'M4RKER forged'
REFUSED = '23000'
DOCUMENTS = 24  # made of each type, of which those with lines are used


@dataclass(frozen=True)
class Shape:
    """Where a document's content is: a text of its row, and a text of its lines with the column that leads to the row."""
    root: str
    state: str
    text: str
    line: str
    line_text: str
    link: str = 'id'


SHAPES = {
    'prescription': Shape('gnuhealth_prescription_order', 'validated', 'notes', 'gnuhealth_prescription_line',
                          'short_comment', 'presc_order'),
    # It has no lines: another text of its row stands for one.
    'birth_certificate': Shape('gnuhealth_birth_certificate', 'done', 'observations', 'gnuhealth_birth_certificate', 'code'),
    'death_certificate': Shape('gnuhealth_death_certificate', 'done', 'observations', 'gnuhealth_death_underlying_condition',
                               'unit_of_time', 'death_certificate'),
    'patient_evaluation': Shape('gnuhealth_patient_evaluation', 'signed', 'directions', 'gnuhealth_signs_and_symptoms',
                                'sign_or_symptom', 'evaluation'),
    'lab_test': Shape('gnuhealth_lab', 'validated', 'specimen_type', 'gnuhealth_lab_test_critearea', 'remarks',
                      'gnuhealth_lab_id'),
}


class RevocableSigner(Signer):
    def revoke(self):
        """Revokes the key without a reason, which counts for ever, by the revocation that gpg made with the key."""
        made = (Path(self._home) / 'openpgp-revocs.d' / f'{self.fingerprint}.rev').read_text()
        self._gpg('--import', text=made[made.index(':-----BEGIN'):].replace(':-----', '-----', 1))


class Bypass:
    def __init__(self, application, seed, table):
        self.application = application
        self.random = randoms.Random(seed)
        self.checks = Checks(shown=100)
        self.rows = []
        self.table = table
        self.connection = psycopg2.connect(dbname=application.database)
        self.ana, self.impostor, self.leaver = Signer(USER), Signer(USER), RevocableSigner('Leaver <leaver@hospital.example>')

    # ------------------------------------------------------------------------------------------------ preparation

    def prepare(self):
        reference = make_reference(self.application, self.random)
        self.keys = {}
        for kind in KINDS:
            self.keys[kind.document] = sorted(kind.make(self.application, self.random, reference, DOCUMENTS))
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute('CREATE ROLE hospital; CREATE ROLE application')
            # The owner of the tables is no superuser; the definitions are a superuser's, as SECURITY.md advises.
            for shape in SHAPES.values():
                for table in {shape.root, shape.line}:
                    cursor.execute(f'ALTER TABLE {table} OWNER TO hospital')
                    cursor.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON {table} TO application')
            cursor.execute('GRANT SELECT ON ALL TABLES IN SCHEMA public TO hospital')
            cursor.execute('GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO application')
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute('CREATE EXTENSION health_crypto; SELECT count(*) FROM health_crypto.protect_gnuhealth()')
            for signer in self.ana, self.leaver:
                cursor.execute('SELECT health_crypto.import_certificate(%s::text)', (signer.certificate(),))
        # Children of other documents' definitions are owned by hospital too.
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute("SELECT DISTINCT format('%I.%I', table_schema, table_name) FROM health_crypto.watched_table "
                           "WHERE part <> 'reference'")
            for table, in cursor.fetchall():
                cursor.execute(f'ALTER TABLE {table} OWNER TO hospital')
        for document, shape in SHAPES.items():
            self.make_documents(document, shape)
        self.leaver_before = self.leaver.certificate()
        self.leaver.revoke()
        self.leaver_revoked = self.leaver.certificate()
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM health_crypto.protection_gaps()")
            self.checks.equal(cursor.fetchone()[0], 0, 'gaps before anything is attacked')
            for document in SHAPES:
                for name, expected in ('signed', 'intact valid'), ('other', 'intact valid'), ('unsigned', 'intact absent'), (
                        'left', 'intact valid'), ('draft', 'draft absent'):
                    self.checks.equal(self.verdict(cursor, document, self.keys[document][name]), expected,
                                      f'{document} {name} before anything is attacked')

    def make_documents(self, document, shape):
        """Of each type: two that are signed, one that is only sealed, one that a leaver signed, and a draft."""
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(f'SELECT r.id FROM {shape.root} r WHERE r.id = ANY (%s) AND EXISTS (SELECT FROM {shape.line} l '
                           f'WHERE l.{shape.link} = r.id) ORDER BY r.id', (self.keys[document],))
            found = [key for key, in cursor.fetchall()]
            names = 'signed', 'other', 'unsigned', 'left', 'draft', 'amended', 'late'
            assert len(found) >= len(names), f'{document}: {len(found)} documents with lines'
            self.keys[document] = dict(zip(names, found))
            for name in names[:4] + ('amended',):
                cursor.execute(f'UPDATE {shape.root} SET state = %s WHERE id = %s', (shape.state, self.keys[document][name]))
        for name, signer in ('signed', self.ana), ('other', self.ana), ('left', self.leaver):
            self.sign(document, self.keys[document][name], signer)

    def sign(self, document, key, signer):
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute('SELECT health_crypto.signing_payload(%s, %s::bigint)', (document, key))
            block = signer.clearsign(cursor.fetchone()[0])
            cursor.execute('SELECT health_crypto.attach_signature(%s, %s::bigint, %s)', (document, key, block))

    # ------------------------------------------------------------------------------------------------ asking

    def verdict(self, cursor, document, key):
        cursor.execute('SELECT content, signature, signer FROM health_crypto.verify(%s, %s::bigint)', (document, key))
        content, signature, signer = cursor.fetchone()
        if signature == 'valid' and signer == self.impostor.fingerprint:
            signature = 'valid of another signer'
        return f'{content} {signature}'

    @staticmethod
    def gaps(cursor, document):
        cursor.execute("SELECT DISTINCT gap FROM health_crypto.protection_gaps() WHERE document = %s OR document IS NULL "
                       'ORDER BY gap',
                       (document,))
        return ', '.join(gap for gap, in cursor.fetchall())

    def attack(self, document, case, tried, expected, *steps, key=None, gaps=False):
        """Runs steps (a role and a statement, or a function of the cursor) and asks for the verdict on a document, or for
        what was refused. Everything is undone."""
        key = self.keys[document]['signed'] if key is None else key
        try:
            with self.connection.cursor() as cursor:
                for role, step, *values in steps:
                    cursor.execute(f'SET LOCAL ROLE {role}')
                    if callable(step):
                        step(cursor)
                    else:
                        cursor.execute(step, values)
                    cursor.execute('SET CONSTRAINTS ALL IMMEDIATE')
                    cursor.execute('SET CONSTRAINTS ALL DEFERRED')
                cursor.execute('RESET ROLE')
                got = self.verdict(cursor, document, key)
                if gaps:
                    got = f'{got}; gaps: {self.gaps(cursor, document) or "none"}'
        except psycopg2.Error as error:
            got = error.pgcode
            self.checks.that(FORGERY not in str(error), f'content in an error: {document}, {case}, {tried}')
        finally:
            self.connection.rollback()
        self.outcome(document, case, tried, expected, got)

    def outcome(self, document, case, tried, expected, got):
        self.rows.append((document, case, tried, expected, got))
        self.checks.equal(got, expected, f'{case}: {document}: {tried}')

    # ------------------------------------------------------------------------------------------------ attacks

    def run(self):
        try:
            started = time.monotonic()
            self.prepare()
            print(f'prepared in {time.monotonic() - started:.0f} s', flush=True)
            for document, shape in SHAPES.items():
                self.writes(document, shape)
                self.owner(document, shape)
                self.recomputed(document, shape)
                self.signatures(document, shape)
                self.register(document, shape)
                self.keyring(document, shape)
            self.restored()
        finally:
            for signer in self.ana, self.impostor, self.leaver:
                signer.close()
        self.print_table()
        return self.checks.report()

    def print_table(self):
        """A line an attack; where the documents differ, what came of each."""
        attacks = {}
        for document, case, tried, expected, got in self.rows:
            attacks.setdefault((case, tried, expected), {})[document] = got
        with open(self.table, 'w', encoding='utf-8') as file:
            for (case, tried, expected), found in attacks.items():
                got = ', '.join(sorted(set(found.values())))
                if len(set(found.values())) > 1:
                    got = ', '.join(f'{document}: {word}' for document, word in found.items())
                print(f'{"ok    " if got == expected else "FAILED"} {case + ": " + tried:<88} {len(found)} documents: {got}')
                file.write(f'{case}: {tried}\t{len(found)}\t{expected}\t{got}\n')

    def writes(self, document, shape):
        """Rights on the tables are all that the application has."""
        key, case = self.keys[document]['signed'], 'an application writes'
        row, line = shape.root, shape.line
        for tried, statement in (
                ('the row', f'UPDATE {row} SET {shape.text} = %s WHERE id = {key}'),
                ('a line', f'UPDATE {line} SET {shape.line_text} = %s WHERE {shape.link} = {key}'),
                ('its text', f'UPDATE {row} SET serializer = %s WHERE id = {key}'),
                ('its digest', f'UPDATE {row} SET document_digest = %s WHERE id = {key}'),
                ('its signature', f'UPDATE {row} SET digital_signature = %s WHERE id = {key}')):
            self.attack(document, case, tried, REFUSED, ('application', statement, FORGERY))
        self.attack(document, case, 'no signature any more', REFUSED,
                    ('application', f'UPDATE {row} SET digital_signature = NULL WHERE id = {key}'))
        self.attack(document, case, 'the row away', REFUSED, ('application', f'DELETE FROM {row} WHERE id = {key}'))
        # TRUNCATE of a root is refused by PostgreSQL itself where others refer to it.
        self.attack(document, case, 'everything away', REFUSED, ('postgres', f'TRUNCATE {row} CASCADE'))
        self.attack(document, case, 'the state back, then the row', REFUSED,
                    ('application', f"UPDATE {row} SET state = 'draft' WHERE id = {self.keys[document]['unsigned']}"),
                    ('application', f"UPDATE {row} SET {shape.text} = %s WHERE id = {self.keys[document]['unsigned']}", FORGERY))
        self.attack(document, 'session_replication_role', 'replica, then the row', REFUSED,
                    ('postgres', "SET LOCAL session_replication_role = 'replica'"),
                    ('postgres', f'UPDATE {row} SET {shape.text} = %s WHERE id = {key}', FORGERY))
        self.attack(document, 'session_replication_role', 'replica, then a line', REFUSED,
                    ('postgres', "SET LOCAL session_replication_role = 'replica'"),
                    ('postgres', f'UPDATE {line} SET {shape.line_text} = %s WHERE {shape.link} = {key}', FORGERY))
        self.attack(document, 'maintenance door', 'opened by a superuser: the row', 'altered valid',
                    ('postgres', "SET LOCAL health_crypto.enforcement = 'record'"),
                    ('postgres', f'UPDATE {row} SET {shape.text} = %s WHERE id = {key}', FORGERY))

    @staticmethod
    def off(*tables):
        return tuple(('hospital', f'ALTER TABLE {table} DISABLE TRIGGER USER') for table in sorted(set(tables)))

    @staticmethod
    def on(*tables):
        """As they were, so that no gap is left to see."""
        def enable(cursor):
            for table in sorted(set(tables)):
                cursor.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE 'health\\_crypto\\_%%'",
                               (table,))
                for name, in cursor.fetchall():
                    cursor.execute(f'ALTER TABLE {table} ENABLE ALWAYS TRIGGER "{name}"')
        return ('hospital', enable),

    def owner(self, document, shape):
        """The owner of the tables disables triggers, then writes."""
        key, case, row, line = self.keys[document]['signed'], 'the owner, triggers off', shape.root, shape.line
        write_row = ('hospital', f'UPDATE {row} SET {shape.text} = %s WHERE id = {key}', FORGERY)
        write_line = ('hospital', f'UPDATE {line} SET {shape.line_text} = %s WHERE {shape.link} = {key}', FORGERY)
        self.attack(document, case, 'the row', 'altered valid; gaps: disabled trigger', *self.off(row), write_row, gaps=True)
        self.attack(document, case, 'a line', 'altered valid; gaps: disabled trigger', *self.off(line), write_line, gaps=True)
        self.attack(document, case, 'the row, triggers on again', 'altered valid; gaps: none',
                    *self.off(row), write_row, *self.on(row), gaps=True)
        self.attack(document, case, 'the row of an unsigned one', 'altered absent', *self.off(row),
                    ('hospital', f"UPDATE {row} SET {shape.text} = %s WHERE id = {self.keys[document]['unsigned']}", FORGERY),
                    key=self.keys[document]['unsigned'])
        self.attack(document, case, 'a draft', 'stale absent', *self.off(row),
                    ('hospital', f"UPDATE {row} SET {shape.text} = %s WHERE id = {self.keys[document]['draft']}", FORGERY),
                    key=self.keys[document]['draft'])
        self.attack(document, case, 'the row away', 'missing absent', *self.off(row, line),
                    ('postgres', "SET LOCAL session_replication_role = 'replica'"),
                    ('postgres', f'DELETE FROM {row} WHERE id = {key}'))
        self.attack(document, 'the owner, triggers dropped', 'the row', 'altered valid; gaps: missing trigger, unwatched column',
                    ('hospital', lambda cursor: self.drop(cursor, row)), write_row, gaps=True)
        self.attack(document, 'the owner, triggers origin-only', 'the row, by a replica', 'altered valid; gaps: origin-only trigger',
                    ('hospital', f'ALTER TABLE {row} ENABLE TRIGGER USER'),
                    ('postgres', "SET LOCAL session_replication_role = 'replica'"),
                    ('postgres', f'UPDATE {row} SET {shape.text} = %s WHERE id = {key}', FORGERY), gaps=True)
        if row != line:
            self.attack(document, case, 'a line away', 'altered valid', *self.off(line),
                        ('hospital', f'DELETE FROM {line} WHERE {shape.link} = {key}'))
            self.attack(document, case, 'a line to another document', 'altered valid', *self.off(line),
                        ('hospital', f"UPDATE {line} SET {shape.link} = {self.keys[document]['draft']} WHERE {shape.link} = {key}"))

    @staticmethod
    def drop(cursor, table):
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE 'health\\_crypto\\_%%'", (table,))
        for name, in cursor.fetchall():
            cursor.execute(f'DROP TRIGGER "{name}" ON {table}')

    def recompute(self, document, shape, key):
        """The content forged, and text and digest made to fit."""
        return (*self.off(shape.root),
                ('postgres', f'UPDATE {shape.root} SET {shape.text} = %s WHERE id = {key}', FORGERY),
                ('postgres', f"UPDATE {shape.root} SET serializer = health_crypto.serialize('{document}', {key}), "
                             f"document_digest = health_crypto.digest('{document}', {key}) WHERE id = {key}"))

    def recomputed(self, document, shape):
        case = 'row, text and digest recomputed'
        signed, unsigned = self.keys[document]['signed'], self.keys[document]['unsigned']
        self.attack(document, case, 'signed', 'forged wrong_subject; gaps: none',
                    *self.recompute(document, shape, signed), *self.on(shape.root), gaps=True)
        self.attack(document, case, 'not signed', 'forged absent; gaps: none',
                    *self.recompute(document, shape, unsigned), *self.on(shape.root), key=unsigned, gaps=True)
        self.attack(document, case, 'only text and digest, the row as it was', 'forged wrong_subject', *self.off(shape.root),
                    ('postgres', f"UPDATE {shape.root} SET serializer = '{{}}', document_digest = "
                                 f"encode(sha512('{{}}'), 'hex') WHERE id = {signed}"))
        self.attack(document, case, 'only the text', 'forged valid', *self.off(shape.root),
                    ('postgres', f"UPDATE {shape.root} SET serializer = '{{}}' WHERE id = {signed}"))

    def signatures(self, document, shape):
        row, keys = shape.root, self.keys[document]
        taken = f'(SELECT digital_signature FROM {row} WHERE id = {keys["other"]})'
        case = 'signature of another row'
        self.attack(document, case, 'stored', REFUSED,
                    ('application', f'UPDATE {row} SET digital_signature = {taken} WHERE id = {keys["unsigned"]}'),
                    key=keys['unsigned'])
        self.attack(document, case, 'stored, triggers off', 'intact wrong_subject', *self.off(row),
                    ('hospital', f'UPDATE {row} SET digital_signature = {taken} WHERE id = {keys["signed"]}'))
        self.attack(document, 'signature taken away', 'triggers off', 'forged absent', *self.off(row),
                    ('hospital', f'UPDATE {row} SET digital_signature = NULL WHERE id = {keys["signed"]}'))
        case = 'signature of an earlier version'
        with self.connection.cursor() as cursor:
            cursor.execute(f'SELECT digital_signature FROM {row} WHERE id = %s', (keys['signed'],))
            earlier, = cursor.fetchone()
        self.connection.rollback()
        amended = (
            ('postgres', f"SELECT health_crypto.reopen('{document}', {keys['signed']}, 'to be amended')"),
            ('application', f"UPDATE {row} SET state = 'draft', {shape.text} = %s WHERE id = {keys['signed']}", FORGERY),
            ('application', f"UPDATE {row} SET state = '{shape.state}' WHERE id = {keys['signed']}"))
        self.attack(document, case, 'none stored', 'intact absent', *amended)
        self.attack(document, case, 'stored', REFUSED, *amended,
                    ('application', f'UPDATE {row} SET digital_signature = %s WHERE id = {keys["signed"]}', earlier))
        self.attack(document, case, 'stored, triggers off', 'intact wrong_subject', *amended, *self.off(row),
                    ('hospital', f'UPDATE {row} SET digital_signature = %s WHERE id = {keys["signed"]}', earlier))

    # What a superuser does to the register, and leaves without a trace in the catalogue.
    NO_TRIGGER = ('postgres', 'ALTER TABLE health_crypto.register_entry DISABLE TRIGGER append_only')
    TRIGGER = ('postgres', 'ALTER TABLE health_crypto.register_entry ENABLE ALWAYS TRIGGER append_only')

    def register(self, document, shape):
        case = 'register edited by a superuser'
        signed, unsigned = self.keys[document]['signed'], self.keys[document]['unsigned']

        def fitting(key):
            return ('postgres', f"UPDATE health_crypto.register_entry SET own_digest = NULL, digest = health_crypto.digest('{document}', "
                                f"{key}) WHERE document = '{document}' AND key = '{key}' AND digest IS NOT NULL")

        def gone(key):
            return 'postgres', f"DELETE FROM health_crypto.register_entry WHERE document = '{document}' AND key = '{key}'"
        self.attack(document, case, 'an entry changed', '42501', fitting(signed))
        self.attack(document, case, 'an entry away', '42501', gone(signed))
        self.attack(document, case, 'its trigger off', 'intact valid; gaps: disabled trigger', self.NO_TRIGGER, gaps=True)
        self.attack(document, case, 'made to fit a forged row, signed', 'intact wrong_subject',
                    *self.recompute(document, shape, signed), self.NO_TRIGGER, fitting(signed), self.TRIGGER, *self.on(shape.root))
        self.attack(document, case, 'entries of a forged row away, signed', 'intact wrong_subject',
                    *self.recompute(document, shape, signed), self.NO_TRIGGER, gone(signed), self.TRIGGER, *self.on(shape.root))
        # As SECURITY.md says in its last line: not found.
        self.attack(document, case, 'made to fit a forged row, not signed: not found', 'intact absent; gaps: none',
                    *self.recompute(document, shape, unsigned), self.NO_TRIGGER, fitting(unsigned), self.TRIGGER,
                    *self.on(shape.root), key=unsigned, gaps=True)

    def keyring(self, document, shape):
        row, signed, left = shape.root, self.keys[document]['signed'], self.keys[document]['left']
        case = 'certificate of another signer'
        with self.connection.cursor() as cursor:
            cursor.execute('SELECT health_crypto.signing_payload(%s, %s::bigint)', (document, signed))
            block = self.impostor.clearsign(cursor.fetchone()[0])
        self.connection.rollback()
        theirs = (*self.off(row), ('postgres', f'UPDATE {row} SET digital_signature = %s WHERE id = {signed}', block), *self.on(row))
        imported = ('postgres', 'SELECT health_crypto.import_certificate(%s::text)', self.impostor.certificate())
        self.attack(document, case, 'of the same user id, not in the keyring', 'intact unknown_signer', *theirs)
        self.attack(document, case, 'of the same user id, imported: the register tells', 'forged valid of another signer',
                    imported, *theirs)
        self.attack(document, case, "in the place of the signer's, in the table", 'intact unknown_signer; gaps: changed certificate',
                    imported,
                    ('postgres', 'UPDATE health_crypto.certificate SET certificate = (SELECT c.certificate FROM health_crypto.certificate c '
                                 'WHERE c.fingerprint = %s) WHERE fingerprint = %s', self.impostor.fingerprint, self.ana.fingerprint),
                    gaps=True)
        self.attack(document, case, "filed under the signer's key", 'intact unknown_signer; gaps: none',
                    imported,
                    ('postgres', 'UPDATE health_crypto.certificate_key SET key_fingerprint = %s WHERE key_fingerprint = %s AND fingerprint = %s',
                     self.ana.fingerprint, self.impostor.fingerprint, self.impostor.fingerprint), *theirs, gaps=True)
        self.attack(document, case, 'allowed for no document, then for this one in the table', 'intact valid; gaps: changed certificate',
                    ('postgres', "SELECT health_crypto.import_certificate(%s::text, '{}')", self.ana.certificate()),
                    ('postgres', 'UPDATE health_crypto.certificate SET documents = NULL WHERE fingerprint = %s', self.ana.fingerprint),
                    gaps=True)
        self.attack(document, case, 'taken away in the table', 'intact unknown_signer; gaps: missing certificate',
                    ('postgres', 'DELETE FROM health_crypto.certificate WHERE fingerprint = %s', self.ana.fingerprint), gaps=True)
        case = 'revocation'
        before = self.leaver_before
        revoked = ('postgres', 'SELECT health_crypto.import_certificate(%s::text)', self.leaver_revoked)
        self.attack(document, case, 'imported', 'intact revoked; gaps: none', revoked, key=left, gaps=True)
        self.attack(document, case, 'imported, then the older certificate', 'intact revoked; gaps: none', revoked,
                    ('postgres', 'SELECT health_crypto.import_certificate(%s::text)', before), key=left, gaps=True)
        self.attack(document, case, 'taken away in the table: the gaps tell', 'intact valid; gaps: changed certificate',
                    ('postgres', 'CREATE TEMP TABLE old_certificate ON COMMIT DROP AS SELECT * FROM health_crypto.certificate'),
                    revoked,
                    ('postgres', 'UPDATE health_crypto.certificate c SET certificate = o.certificate FROM old_certificate o '
                                 'WHERE o.fingerprint = c.fingerprint AND c.fingerprint = %s', self.leaver.fingerprint),
                    key=left, gaps=True)
        self.attack(document, case, 'removed and imported without it: the register tells', 'intact valid; gaps: none', revoked,
                    ('postgres', "SELECT health_crypto.remove_certificate(%s, 'x')", self.leaver.fingerprint),
                    ('postgres', 'SELECT health_crypto.import_certificate(%s::text)', before), key=left, gaps=True)
        self.attack(document, 'definition replaced by its owner', 'the row, and a body that gives the sealed text',
                    'intact valid; gaps: changed definition, disabled trigger',
                    *self.off(row), ('hospital', f'UPDATE {row} SET {shape.text} = %s WHERE id = {signed}', FORGERY),
                    ('postgres', lambda cursor: self.lie(cursor, document, row)), gaps=True)

    @staticmethod
    def lie(cursor, document, root):
        """Replaces the definition by one that gives what was sealed, whatever the rows say."""
        cursor.execute("""
            SELECT format('CREATE OR REPLACE FUNCTION %%I.%%I(keys integer[], language text) RETURNS %%s LANGUAGE sql STABLE '
                          'BEGIN ATOMIC SELECT r.id, %%s FROM public.%%I r WHERE r.id = ANY (keys); END',
                          e.definition_schema, e.definition_name, pg_get_function_result(p.oid),
                          (SELECT string_agg(format('(r.serializer::json %%s %%L)::%%s', CASE WHEN a.type = 'json'::regtype THEN '->' ELSE '->>' END,
                                                    a.name, a.type::regtype), ', ' ORDER BY a.place)
                             FROM unnest(p.proargnames, p.proargmodes, p.proallargtypes) WITH ORDINALITY a (name, mode, type, place)
                            WHERE a.mode = 't' AND a.name <> 'key'), %s)
              FROM health_crypto.protected_document d
              JOIN health_crypto.definition e USING (document, edition)
              JOIN pg_proc p ON p.oid = e.definition::regprocedure
             WHERE d.document = %s""", (root, document))
        statement, = cursor.fetchone()
        cursor.execute(statement)

    def copied(self, shape, key):
        """A new document, sealed: a copy of the row of another under a new number."""
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute("SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
                           "AND NOT attisdropped AND attname NOT IN ('id', 'code', 'name', 'party', 'document_digest', 'serializer', "
                           "'digital_signature')", (shape.root,))
            columns, = cursor.fetchone()
            free = f'(SELECT min(p.id) FROM party_party p WHERE NOT EXISTS (SELECT FROM {shape.root} r WHERE r.party = p.id))'
            # Columns that must differ, or be there.
            own = {'gnuhealth_birth_certificate': ('code, party', f"'copy', {free}"),
                   'gnuhealth_death_certificate': ('code, party', f"'copy', {free}"),
                   'gnuhealth_lab': ('name', "'copy'")}.get(shape.root)
            into, values = (f'{columns}, {own[0]}', f'{columns}, {own[1]}') if own else (columns, columns)
            cursor.execute(f'INSERT INTO {shape.root} ({into}) SELECT {values} FROM {shape.root} WHERE id = %s RETURNING id', (key,))
            return cursor.fetchone()[0]

    def restored(self):
        """The tables restored from a dump that is older than an amendment and a new document."""
        with tempfile.TemporaryDirectory() as folder:
            dump = f'{folder}/older.dump'
            tables = sorted({table for shape in SHAPES.values() for table in (shape.root, shape.line)})
            source = self.application.database
            subprocess.run(['pg_dump', '-Fc', '-Z', '1', '--data-only', '-f', dump, *[f'--table=public.{t}' for t in tables], source], check=True)
            for document, shape in SHAPES.items():
                with self.connection, self.connection.cursor() as cursor:
                    key, late = self.keys[document]['amended'], self.keys[document]['late']
                    cursor.execute('SELECT health_crypto.reopen(%s, %s::bigint, %s)', (document, key, 'to be amended'))
                    cursor.execute(f"UPDATE {shape.root} SET state = 'draft', {shape.text} = 'amended' WHERE id = %s", (key,))
                    cursor.execute(f'UPDATE {shape.root} SET state = %s WHERE id IN (%s, %s)', (shape.state, key, late))
                self.keys[document]['new'] = self.copied(shape, late)
            with self.connection, self.connection.cursor() as cursor:
                for table in tables:
                    cursor.execute(f'ALTER TABLE {table} DISABLE TRIGGER ALL')
                for table in tables:
                    cursor.execute(f'DELETE FROM {table}')
            subprocess.run(['pg_restore', '--data-only', '--disable-triggers', '-d', source, dump], check=True)
            with self.connection, self.connection.cursor() as cursor:
                case = 'tables restored from an older dump'
                for document in SHAPES:
                    keys = self.keys[document]
                    for tried, name, expected in (
                            ('what was amended since', 'amended', 'forged absent'),
                            ('what was sealed since, without a change', 'late', 'intact absent'),
                            ('what was made since', 'new', 'missing absent'),
                            ('what was not', 'signed', 'intact valid')):
                        self.outcome(document, case, tried, expected, self.verdict(cursor, document, keys[name]))


def main():
    options = parser(__doc__)
    options.add_argument('--table', required=True, help='where the outcomes go, tab-separated')
    arguments = parsed(options)
    bypass = Bypass(Application(arguments.config, arguments.database), arguments.seed, arguments.table)
    sys.exit(bypass.run())


if __name__ == '__main__':
    main()
