"""A prescription's life in GNU Health with the extension under it: written, issued, sealed, signed, attacked, read.

The application is used as a Tryton client uses it, over JSON-RPC, so that its users' experience is what is checked.
"""

import io
import random as randoms

from application import main
from checks import Checks
from client import Client, Refused
from documents import KINDS
from history import SEALED
from prescriptions import MODEL, make_prescription
from reference import make_person, make_reference
from signer import Signer

LINE = 'gnuhealth.prescription.line'
MARKER = 'Zanzibar-marker'  # in every text of the document; no error may contain it
INTEGRITY = '23000'


class Scenario:
    TEXT_FIELDS = {'birth_certificate': 'observations', 'death_certificate': 'observations',
                   'patient_evaluation': 'directions', 'lab_test': 'name'}

    def __init__(self, application, seed):
        self.application = application
        self.checks = Checks()
        self.random = randoms.Random(seed)
        self.client = Client(application)
        self.signer = Signer()

    def run(self):
        try:
            self.install()
            self.reference = make_reference(self.application, self.random)
            self.make_patient()
            key = self.draft()
            self.issue(key)
            self.validate(key)
            self.sign(key)
            self.write_directly(key)
            self.unseal_by_state()
            self.write_from_gnuhealth(key)
            self.drift(key)
            self.other_language()
            self.other_documents()
        finally:
            self.signer.close()
        return self.checks.report()

    # The steps

    def install(self):
        with self.application.cursor() as cursor:
            cursor.execute('CREATE EXTENSION IF NOT EXISTS health_crypto')
            cursor.execute('SELECT * FROM health_crypto.protect_gnuhealth()')
            outcomes = {document: outcome for document, _, outcome in cursor.fetchall()}
            self.checks.that(outcomes.get('prescription', '').startswith('protected'),
                             f'protect_gnuhealth: {outcomes}')
            cursor.execute('SELECT health_crypto.import_certificate(%s::text)', (self.signer.certificate(),))
            self.checks.equal(cursor.fetchone()[0], self.signer.fingerprint, 'imported fingerprint')
            cursor.execute("SELECT * FROM health_crypto.protection_gaps() WHERE document = 'prescription'")
            self.checks.equal(cursor.fetchall(), [], 'gaps after protect_gnuhealth')

    def make_patient(self):
        with self.application.transaction():
            self.party = make_person(self.application, MARKER, 'Otero', 'pgfs', is_patient=True).id
            patient, = self.application.model('gnuhealth.patient').create([{'party': self.party}])
            self.patient = patient.id

    def draft(self):
        """A draft is made and edited; its digest follows, and a client's copy stays current."""
        key, = self.client.call(MODEL, 'create', [{
            'patient': self.patient, 'notes': MARKER, 'prescription_warning_ack': True,
            'prescription_line': [('create', [
                {'medicament': self.reference.medicaments[n], 'dose': 5.0 * n, 'short_comment': MARKER}
                for n in range(3)])]}])
        self.verdict(key, 'draft', 'absent', 'a new draft')
        record, = self.client.call(MODEL, 'read', [key], ['_timestamp', 'state', 'prescription_line'])
        self.checks.equal(record['state'], 'draft', 'state of a new prescription')
        self.lines = sorted(record['prescription_line'])
        self.client.call(MODEL, 'write', [key], {'notes': f'{MARKER}, twice daily'},
                         _timestamp={f'{MODEL},{key}': record['_timestamp']})
        self.client.call(LINE, 'write', [self.lines[0]], {'dose': 2.5})
        self.client.call(LINE, 'delete', [self.lines.pop()])
        self.verdict(key, 'draft', 'absent', 'an edited draft')
        self.texts_agree(key)
        return key

    def issue(self, key):
        self.client.call(MODEL, 'create_prescription', [key])
        self.checks.equal(self.read(key, 'state'), 'done', 'state after create_prescription')
        self.client.call(MODEL, 'write', [key], {'notes': f'{MARKER}, after meals'})
        self.verdict(key, 'draft', 'absent', 'an issued prescription, still to be validated')

    def validate(self, key):
        self.client.call(MODEL, 'generate_prescription', [key])
        self.checks.equal(self.read(key, 'state'), 'validated', 'state after generate_prescription')
        self.texts_agree(key)
        self.checks.equal(self.read(key, 'digest_status'), False, "GNU Health's own check")
        self.verdict(key, 'intact', 'absent', 'a validated prescription')

    def sign(self, key):
        with self.application.cursor() as cursor:
            cursor.execute("SELECT health_crypto.signing_payload('prescription', %s::bigint)", (key,))
            payload = cursor.fetchone()[0]
        self.checks.equal(payload, self.read(key, 'document_digest'), 'what is to be signed')
        self.refused_in_gnuhealth('signature of another text', MODEL, 'set_signature', {'id': key},
                                  self.signer.clearsign('0' * 128))
        self.client.call(MODEL, 'set_signature', {'id': key}, self.signer.clearsign(payload))
        verdict = self.verdict(key, 'intact', 'valid', 'a signed prescription')
        self.checks.equal(verdict['signer'], self.signer.fingerprint, 'signer')
        self.checks.that('Ana Quiroga' in (verdict['signer_name'] or ''), f'signer_name {verdict["signer_name"]!r}')

    def write_directly(self, key):
        """psql, COPY and other programs."""
        other = self.another_draft()
        order, line = 'gnuhealth_prescription_order', 'gnuhealth_prescription_line'
        drug = self.reference.medicaments[0]
        for what, statement in {
            'notes': f"UPDATE {order} SET notes = 'x' WHERE id = {key}",
            'patient': f'UPDATE {order} SET patient = {self.reference.patients[0]} WHERE id = {key}',
            'date': f"UPDATE {order} SET prescription_date = now() + '1 day' WHERE id = {key}",
            'digest': f"UPDATE {order} SET document_digest = repeat('0', 128) WHERE id = {key}",
            'serializer': f"UPDATE {order} SET serializer = '{{}}' WHERE id = {key}",
            'signature': f'UPDATE {order} SET digital_signature = NULL WHERE id = {key}',
            'delete': f'DELETE FROM {order} WHERE id = {key}',
            'dose': f'UPDATE {line} SET dose = 9 WHERE id = {self.lines[0]}',
            'comment': f"UPDATE {line} SET short_comment = NULL WHERE presc_order = {key}",
            'line deleted': f'DELETE FROM {line} WHERE id = {self.lines[0]}',
            'line added': f'INSERT INTO {line} (presc_order, medicament) VALUES ({key}, {drug})',
            'line moved away': f'UPDATE {line} SET presc_order = {other} WHERE id = {self.lines[0]}',
            'line moved here': f'UPDATE {line} SET presc_order = {key} WHERE presc_order = {other}',
            'truncate': f'TRUNCATE {line}',
            'replica': f"SET LOCAL session_replication_role = replica; UPDATE {order} SET notes = 'x' WHERE id = {key}",
        }.items():
            self.refused_in_sql(what, lambda cursor: cursor.execute(statement))
        rows = io.StringIO(f'{key}\t{drug}\t7\n')
        self.refused_in_sql('copied line', lambda cursor: cursor.copy_expert(
            f'COPY {line} (presc_order, medicament, dose) FROM STDIN', rows))
        with self.application.cursor() as cursor:  # not part of the document
            cursor.execute(f'UPDATE {order} SET write_date = now(), user_id = NULL WHERE id = {key}')
            cursor.execute(f'UPDATE {line} SET prnt = false, quantity = 4 WHERE presc_order = {key}')
            cursor.execute(f"UPDATE {line} SET short_comment = 'changed' WHERE presc_order = {other}")
        self.verdict(key, 'intact', 'valid', 'after direct writes')
        self.verdict(other, 'draft', 'absent', 'another draft after direct writes')

    def unseal_by_state(self):
        """Setting the state back is no way round the seal: refused, or the next change is, or the verdict tells."""
        import psycopg2
        key = self.another_draft()
        self.client.call(MODEL, 'generate_prescription', [key])
        self.verdict(key, 'intact', 'absent', 'sealed by its state alone')
        self.refused_in_sql('state and content in one write', lambda cursor: cursor.execute(
            "UPDATE gnuhealth_prescription_order SET state = 'draft', notes = 'x' WHERE id = %s", (key,)))
        try:
            for change in "state = 'draft'", "notes = 'x'":
                with self.application.cursor() as cursor:
                    cursor.execute(f'UPDATE gnuhealth_prescription_order SET {change} WHERE id = {key}')
        except psycopg2.Error as error:
            self.checks.equal(error.pgcode, INTEGRITY, f'SQLSTATE of content after state ({error})')
        else:
            with self.application.cursor() as cursor:
                cursor.execute("SELECT ok, content FROM health_crypto.verify('prescription', %s::bigint)", (key,))
                found = cursor.fetchone()
            self.checks.that(not found[0], f'a sealed prescription was set back, changed, and is now {found}')

    def write_from_gnuhealth(self, key):
        for what, model, method, *arguments in [
            ('notes', MODEL, 'write', [key], {'notes': 'x'}),
            ('dose', LINE, 'write', [self.lines[0]], {'dose': 9.0}),
            ('line added', LINE, 'create', [{'presc_order': key, 'medicament': self.reference.medicaments[0]}]),
            ('line through its order', MODEL, 'write', [key], {
                'prescription_line': [('write', [self.lines[0]], {'short_comment': 'x'})]}),
            ('line deleted', LINE, 'delete', [self.lines[0]]),
            ('deleted', MODEL, 'delete', [key]),
            ('signed again with junk', MODEL, 'set_signature', {'id': key}, 'junk'),
        ]:
            self.refused_in_gnuhealth(what, model, method, *arguments)
            self.checks.equal(self.read(key, 'state'), 'validated', f'reading after: {what}')
        self.client.call(MODEL, 'write', [key], {'pharmacy': None})
        self.verdict(key, 'intact', 'valid', 'after writes from GNU Health')

    def drift(self, key):
        """A name is corrected: the document still holds, and the verdict says what reads differently now."""
        Name = self.application.model('gnuhealth.person_name')
        with self.application.transaction():
            name, = Name.search([('party', '=', self.party)])
        self.client.call('gnuhealth.person_name', 'write', [name.id], {'family': 'Otero Paz'})
        verdict = self.verdict(key, 'drifted', 'valid', 'after the patient was renamed')
        self.checks.equal(verdict['ok'], True, 'a drifted document is ok')
        self.checks.equal(verdict['changes'], {'Patient': {
            'sealed': f'{MARKER} Otero', 'current': f'{MARKER} Otero Paz'}}, 'changes of a renamed patient')
        self.checks.equal(self.read(key, 'digest_status'), True, 'GNU Health calls the same document altered')
        self.client.call('gnuhealth.person_name', 'write', [name.id], {'family': 'Otero'})
        self.verdict(key, 'intact', 'valid', 'after the name was put back')

    def other_language(self):
        """Sealed by a user who works in Spanish, read by others."""
        for _ in range(10):
            key = self.another_draft(lines=3)
            self.client.call(MODEL, 'generate_prescription', [key], language='es')
            verdict = self.verdict(key, 'intact', 'absent', 'validated in Spanish')
            serial = self.read(key, 'serializer')
            with self.application.cursor() as cursor:
                cursor.execute("SELECT health_crypto.serialize('prescription', %s::bigint, %s)",
                               (key, verdict['language']))
                self.checks.equal(cursor.fetchone()[0], serial, f'text in {verdict["language"]!r}')

    def other_documents(self):
        """The other kinds refuse in the same way, on saving and on deleting; drafts do not."""
        for kind in KINDS:
            if kind.document == 'prescription':
                continue
            draft, sealed = kind.make(self.application, self.random, self.reference, 2)
            with self.application.cursor() as cursor:
                cursor.execute(f'UPDATE {kind.table} SET state = %s WHERE id = %s', (SEALED[kind.document], sealed))
            field = self.TEXT_FIELDS[kind.document]
            self.client.call(kind.model, 'write', [draft], {field: f'{MARKER} in a draft'})
            for method, *arguments in ('write', {field: f'{MARKER} in a sealed document'}), ('delete',):
                self.refused_in_gnuhealth(f'{kind.document}, {method}', kind.model, method, [sealed], *arguments,
                                          names=kind.document)
            with self.application.cursor() as cursor:
                cursor.execute('SELECT ok, content FROM health_crypto.verify(%s, %s::bigint)', (kind.document, sealed))
                self.checks.equal(cursor.fetchone(), (True, 'intact'), f'{kind.document} after that')

    # What the steps ask

    def another_draft(self, lines=1):
        with self.application.transaction():
            return make_prescription(self.application, self.random, self.reference, lines)

    def read(self, key, field):
        return self.client.call(MODEL, 'read', [key], [field])[0][field]

    def texts_agree(self, key):
        """The columns hold what GNU Health itself computes now, and what the extension computes."""
        with self.application.transaction(readonly=True):
            Order = self.application.model(MODEL)
            serial = Order.get_serial(Order(key))
        self.checks.equal(self.read(key, 'serializer'), serial, "serializer and GNU Health's text")
        with self.application.cursor() as cursor:
            cursor.execute("SELECT health_crypto.serialize('prescription', %s::bigint, 'en'), "
                           "health_crypto.digest('prescription', %s::bigint, 'en')", (key, key))
            text, digest = cursor.fetchone()
        self.checks.equal(text, serial, "serialize() and GNU Health's text")
        self.checks.equal(self.read(key, 'document_digest'), digest, 'document_digest and digest()')

    def verdict(self, key, content, signature, when):
        with self.application.cursor() as cursor:
            cursor.execute("SELECT (v).* FROM health_crypto.verify('prescription', %s::bigint) v", (key,))
            verdict = dict(zip([column.name for column in cursor.description], cursor.fetchone()))
        self.checks.equal((verdict['content'], verdict['signature']), (content, signature),
                          f'verdict on {when} ({verdict["detail"]})')
        return verdict

    def refused_in_sql(self, what, write):
        import psycopg2
        try:
            with self.application.cursor() as cursor:
                write(cursor)
                cursor.execute('SET CONSTRAINTS ALL IMMEDIATE')
            self.checks.that(False, f'not refused: {what}')
        except psycopg2.Error as error:
            self.checks.equal(error.pgcode, INTEGRITY, f'SQLSTATE of {what} ({error})')
            self.checks.that(MARKER not in str(error), f'content in the error of {what}')
            if error.pgcode == INTEGRITY:
                found = error.diag.schema_name, error.diag.table_name, error.diag.constraint_name
                self.checks.that(all(found), f'fields of the error of {what}: {found}')

    def refused_in_gnuhealth(self, what, model, method, *arguments, names='prescription'):
        """Refused by the database, with a text that a client shows, and not taken for something to be tried again."""
        try:
            self.client.call(model, method, *arguments)
            self.checks.that(False, f'GNU Health was not refused: {what}')
        except Refused as refusal:
            print(f'shown for {what}: {refusal.kind}: {refusal.message.strip()!r}')
            # trytond's delete explains any integrity error by the first required field of the model.
            misread = method == 'delete' and refusal.kind == 'UserError'
            self.checks.that(misread or names in refusal.message, f'text shown for {what}: {refusal}')
            self.checks.that(MARKER not in repr(refusal.error), f'content shown for {what}')
            self.checks.that(not refusal.message.startswith('HTTP'), f'crash for {what}: {refusal}')


if __name__ == '__main__':
    main(Scenario, __doc__)
