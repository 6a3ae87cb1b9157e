"""docs/gnuhealth.md, on a GNU Health that is in use: its past, the page as it stands, and GNU Health afterwards.

The database is the one that the page names, and trytond connects as the tables' owner, who is no superuser. GNU Health
runs in this process the whole time.
"""

import hashlib
import os
import random as randoms
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from application import main
from checks import Checks
from client import Client, Refused
from documents import KINDS
from history import SEALED
from prescriptions import MODEL, make_prescription
from reference import make_reference
from signer import Signer

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / 'docs' / 'gnuhealth.md'


class Administrators:
    def __init__(self, application, seed):
        self.application = application
        self.checks = Checks()
        self.random = randoms.Random(seed)
        self.client = Client(application)
        self.ana = Signer('Ana Quiroga <ana.quiroga@hospital.example>')
        self.bruno = Signer('Bruno Salas <bruno.salas@hospital.example>')
        self.carla = Signer('Carla Nunes <carla.nunes@hospital.example>')
        self.stranger = Signer('Ana Quiroga <ana.quiroga@elsewhere.example>')

    def run(self):
        try:
            self.reference = make_reference(self.application, self.random)
            self.past()
            with tempfile.TemporaryDirectory(prefix='hc-gh-') as place:
                self.page(Path(place))
            self.afterwards()
        finally:
            for signer in self.ana, self.bruno, self.carla, self.stranger:
                signer.close()
        return self.checks.report()

    def past(self):
        """Documents of each kind, a draft and a sealed one; prescriptions as users make them, and what went wrong."""
        for kind in KINDS:
            keys = kind.make(self.application, self.random, self.reference, 1 if kind.document == 'prescription' else 2)
            for key in keys[1:]:
                self.seal(kind, key)
        self.validated()
        self.sign(self.validated(), self.ana)
        self.sign(self.validated(), self.bruno)
        self.sign(self.validated(), self.stranger)
        altered = self.validated()
        with self.application.cursor() as cursor:
            cursor.execute('UPDATE gnuhealth_prescription_line SET dose = 4711 WHERE presc_order = %s', (altered,))

    def seal(self, kind, key):
        """What GNU Health's button stores, by its own text."""
        with self.application.transaction(language='en'):
            Model = self.application.model(kind.model)
            text = Model.get_serial(Model(key))
        with self.application.cursor() as cursor:
            cursor.execute(f'UPDATE {kind.table} SET serializer = %s, document_digest = %s, state = %s WHERE id = %s',
                           (text, hashlib.sha512(text.encode()).hexdigest(), SEALED[kind.document], key))

    def validated(self):
        with self.application.transaction():
            key = make_prescription(self.application, self.random, self.reference, 2)
        self.client.call(MODEL, 'generate_prescription', [key])
        return key

    def sign(self, key, signer):
        digest = self.client.call(MODEL, 'read', [key], ['document_digest'])[0]['document_digest']
        self.client.call(MODEL, 'set_signature', {'id': key}, signer.clearsign(digest))

    def page(self, place):
        (place / 'staff').mkdir()
        (place / 'staff' / 'quiroga.asc').write_text(self.ana.certificate(), encoding='utf-8')
        (place / 'staff' / 'salas.asc').write_text(self.bruno.certificate(), encoding='utf-8')
        (place / 'laboratory').symlink_to(self.carla.home)
        (place / 'trytond.conf').symlink_to(Path(self.application.configuration).resolve())
        path = f'{Path(sys.executable).parent}:{os.environ["PATH"]}'
        run = subprocess.run([ROOT / 'tools' / 'docs.sh', 'run', PAGE, place], env=os.environ | {'PATH': path}, text=True,
                             capture_output=True, check=False)
        counted = re.search(r'^checks: (\d+) passed, (\d+) failed$', run.stdout, re.MULTILINE)
        print(re.sub(r'^checks: .*\n', '', run.stdout, flags=re.MULTILINE), run.stderr, sep='', end='')
        self.checks.that(counted and run.returncode == 0, f'docs/gnuhealth.md prints what it shows ({run.returncode})')
        if counted:
            self.checks.passed += int(counted.group(1))
            self.checks.failed += int(counted.group(2))
        register = place / 'register.csv'
        self.checks.that(register.exists() and 'adoption' in register.read_text(encoding='utf-8'), 'the register was kept')

    def afterwards(self):
        """GNU Health as it was: it works, and verifies nothing."""
        key = self.validated()
        try:
            self.client.call(MODEL, 'write', [key], {'notes': 'x'})
            self.client.call(MODEL, 'set_signature', {'id': key}, 'junk')
        except Refused as refused:
            self.checks.that(False, f'refused without the extension: {refused}')
        read, = self.client.call(MODEL, 'read', [key], ['notes', 'digital_signature', 'state'])
        self.checks.equal((read['notes'], read['digital_signature'], read['state']), ('x', 'junk', 'validated'),
                          'what GNU Health writes without the extension')
        with self.application.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'health_crypto%'")
            self.checks.equal(cursor.fetchone()[0], 0, 'triggers that are left')
            cursor.execute("SELECT count(*) FROM gnuhealth_prescription_order WHERE digital_signature LIKE '%BEGIN PGP%'")
            self.checks.equal(cursor.fetchone()[0], 3, 'signatures that stay in GNU Health')


if __name__ == '__main__':
    main(Administrators, __doc__)
