"""The report of docs/reports.md in the real GNU Health: the module of the page is installed (the same update adds a
column to a protected table), and GNU Health's own printed prescription, with one placeholder more, shows the verdict.
"""

import io
import random as randoms
import zipfile
from xml.etree import ElementTree

import psycopg2

from application import ROOT, main
from checks import Checks
from client import Client
from prescriptions import MODEL
from reference import make_reference
from signer import Signer

REPORT = 'prescription.order'
PARAGRAPH = '{urn:oasis:names:tc:opendocument:xmlns:text:1.0}p'
LOOP = '&lt;for each=&quot;prescription in records&quot;&gt;</text:placeholder></text:p>'
VERDICT = ('<text:p><text:placeholder text:placeholder-type="text">&lt;prescription.verdict&gt;</text:placeholder></text:p>')


class Printing:
    def __init__(self, application, seed):
        self.application = application
        self.checks = Checks()
        self.random = randoms.Random(seed)
        self.client = Client(application)
        self.signer = Signer()

    def run(self):
        try:
            self.installed()
            self.reference = make_reference(self.application, self.random)
            self.template()
            self.prescriptions()
        finally:
            self.signer.close()
        return self.checks.report()

    def superuser(self, statement, *values):
        with psycopg2.connect(dbname=self.application.database, user='postgres') as connection, connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall()

    def installed(self):
        """The module was installed while the documents were protected."""
        self.checks.equal(self.superuser("SELECT name, state FROM ir_module WHERE name LIKE 'health_verdict%' ORDER BY 1"),
                          [('health_verdict', 'activated'), ('health_verdict_batch', 'activated')], 'modules')
        self.checks.equal(self.superuser("SELECT count(*) FROM pg_attribute WHERE attname = 'batch' AND attrelid = "
                                         "'gnuhealth_prescription_line'::regclass"), [(1,)], 'the column that it added')
        self.checks.equal(self.superuser('SELECT * FROM health_crypto.protection_gaps()'), [], 'gaps after the update')
        self.superuser('SELECT health_crypto.import_certificate(%s::text)', self.signer.certificate())
        with self.application.cursor() as cursor:
            cursor.execute('SELECT current_user::text, usesuper FROM pg_user WHERE usename = current_user')
            self.checks.equal(cursor.fetchone(), ('gnuhealth', False), 'who GNU Health is')

    def template(self):
        """GNU Health's own template, with the placeholder in it."""
        with self.application.transaction():
            Action = self.application.model('ir.action.report')
            action, = Action.search([('report_name', '=', REPORT)])
            text = bytes(action.report_content).decode()
            self.checks.equal(text.count(LOOP), 1, "the loop over prescriptions in GNU Health's template")
            Action.write([action], {'report_content': text.replace(LOOP, LOOP + VERDICT).encode()})
        # Not to PDF, which takes LibreOffice. What came with the modules only user 0 may change.
        with self.application.transaction(user=ROOT):
            Action.write([Action(action.id)], {'extension': ''})

    def printed(self, key):
        from trytond.pool import Pool
        with self.application.transaction(readonly=True, language='en'):
            Report = Pool(self.application.database).get(REPORT, type='report')
            extension, content, _, _ = Report.execute([key], {'model': MODEL, 'id': key, 'ids': [key]})
        self.checks.equal(extension, 'odt', 'kind of the report')
        with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
            document = ElementTree.fromstring(archive.read('content.xml'))
        return [''.join(paragraph.itertext()) for paragraph in document.iter(PARAGRAPH)]

    def shows(self, key, verdict, when):
        paragraphs = self.printed(key)
        self.checks.equal([p for p in paragraphs if 'signature' in p], [verdict], f'{when}: what is printed')
        self.checks.that(any('Prescription' in p for p in paragraphs), f'{when}: the rest of the report is there')
        self.checks.equal(self.client.call(MODEL, 'read', [key], ['verdict'])[0]['verdict'], verdict,
                          f'{when}: the field on a screen')

    def prescriptions(self):
        # With all that GNU Health's template takes for granted.
        words = {field: self.reference.words[f'gnuhealth.{model}'][0] for field, model in {
            'dose_unit': 'dose.unit', 'route': 'drug.route', 'form': 'drug.form', 'indication': 'pathology'}.items()}
        key, = self.client.call(MODEL, 'create', [{
            'patient': self.reference.patients[0], 'healthprof': self.reference.professionals[0],
            'prescription_warning_ack': True, 'prescription_line': [('create', [
                {'medicament': medicament, 'dose': 5.0, **words} for medicament in self.reference.medicaments[:2]])]}])
        self.shows(key, 'draft, signature absent', 'a draft')
        self.client.call(MODEL, 'generate_prescription', [key])
        self.shows(key, 'intact, signature absent', 'validated')
        payload, = self.superuser("SELECT health_crypto.signing_payload('prescription', %s::bigint)", key)
        self.client.call(MODEL, 'set_signature', {'id': key}, self.signer.clearsign(payload[0]))
        signed = 'signature valid by Ana Quiroga <ana.quiroga@hospital.example>'
        self.shows(key, f'intact, {signed}', 'signed')
        line, = self.superuser('SELECT min(id) FROM gnuhealth_prescription_line WHERE presc_order = %s', key)
        self.client.call('gnuhealth.prescription.line', 'write', [line[0]], {'batch': 'B-7'})
        self.shows(key, f'intact, {signed}', 'with the new field of a line written')
        with self.application.cursor() as cursor:
            cursor.execute('ALTER TABLE gnuhealth_prescription_line DISABLE TRIGGER USER')
            cursor.execute('UPDATE gnuhealth_prescription_line SET dose = 4711 WHERE presc_order = %s', (key,))
            cursor.execute('ALTER TABLE gnuhealth_prescription_line ENABLE TRIGGER USER')
        self.shows(key, f'altered, {signed}', 'altered by the owner of the table')


if __name__ == '__main__':
    main(Printing, __doc__)
