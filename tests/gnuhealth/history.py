"""A hospital's past: documents that every release sealed, in several languages, are adopted and then change.

The documents are sealed before the extension comes, with the texts of the releases' own code. What happens to them and
to what they refer to is done in SQL, as by a DBA or an attacker, and each verdict is compared with what was done:
unchanged is intact, changed by references only is drifted, changed in its own rows is altered.
"""

import hashlib
import json
import random as randoms
import re
import sys
from collections import Counter

from application import Application, parsed, parser
from checks import Checks
from documents import KINDS, Generation
from reference import make_reference, unique
from releases import Releases
from texts import awkward

LANGUAGES = ('en', 'es', 'fr')  # in which users work here
SEALED = {
    'prescription': 'validated', 'birth_certificate': 'done', 'death_certificate': 'done',
    'patient_evaluation': 'signed', 'lab_test': 'validated',
}
# What somebody may do to a document's own rows. The reduced form of evaluations is the only one without some field of
# the others; nothing here touches what not all forms have.
FIRST = '(SELECT min(id) FROM {table} WHERE {link} = %(key)s)'
EDITS = {
    'prescription': (
        'UPDATE gnuhealth_prescription_order SET notes = %(text)s WHERE id = %(key)s',
        "UPDATE gnuhealth_prescription_order SET prescription_date = '2001-02-03 04:05:06' WHERE id = %(key)s",
        'UPDATE gnuhealth_prescription_line SET dose = 12345.5 WHERE presc_order = %(key)s',
        'UPDATE gnuhealth_prescription_line SET short_comment = %(text)s WHERE id = '
        + FIRST.format(table='gnuhealth_prescription_line', link='presc_order'),
        'DELETE FROM gnuhealth_prescription_line WHERE id = '
        + FIRST.format(table='gnuhealth_prescription_line', link='presc_order'),
        'INSERT INTO gnuhealth_prescription_line (presc_order, medicament) '
        'SELECT %(key)s, min(id) FROM gnuhealth_medicament',
    ),
    'birth_certificate': (
        'UPDATE gnuhealth_birth_certificate SET observations = %(text)s WHERE id = %(key)s',
        "UPDATE gnuhealth_birth_certificate SET dob = '2001-02-03' WHERE id = %(key)s",
        'UPDATE gnuhealth_birth_certificate SET code = %(text)s WHERE id = %(key)s',
    ),
    'death_certificate': (
        'UPDATE gnuhealth_death_certificate SET observations = %(text)s WHERE id = %(key)s',
        'UPDATE gnuhealth_death_certificate SET autopsy = autopsy IS NOT TRUE WHERE id = %(key)s',
        'UPDATE gnuhealth_death_underlying_condition SET interval = 54321 WHERE death_certificate = %(key)s',
        'DELETE FROM gnuhealth_death_underlying_condition WHERE id = '
        + FIRST.format(table='gnuhealth_death_underlying_condition', link='death_certificate'),
        'INSERT INTO gnuhealth_death_underlying_condition (death_certificate, condition, interval, unit_of_time) '
        "SELECT %(key)s, min(id), 3, 'days' FROM gnuhealth_pathology",
    ),
    'patient_evaluation': (
        'UPDATE gnuhealth_patient_evaluation SET ldl = 4321 WHERE id = %(key)s',
        'UPDATE gnuhealth_patient_evaluation SET temperature = 36.75 WHERE id = %(key)s',
        'UPDATE gnuhealth_patient_evaluation SET directions = %(text)s WHERE id = %(key)s',
        'UPDATE gnuhealth_patient_evaluation SET memory = memory IS NOT TRUE WHERE id = %(key)s',
        'UPDATE gnuhealth_signs_and_symptoms SET sign_or_symptom = %(text)s WHERE evaluation = %(key)s',
        'DELETE FROM gnuhealth_directions WHERE id = ' + FIRST.format(table='gnuhealth_directions', link='evaluation'),
        'INSERT INTO gnuhealth_secondary_condition (evaluation, pathology) '
        'SELECT %(key)s, min(id) FROM gnuhealth_pathology',
        'DELETE FROM gnuhealth_diagnostic_hypothesis WHERE evaluation = %(key)s',
    ),
    'lab_test': (
        'UPDATE gnuhealth_lab SET name = %(text)s WHERE id = %(key)s',
        'UPDATE gnuhealth_lab_test_critearea SET result = 12345.5 WHERE gnuhealth_lab_id = %(key)s',
        'UPDATE gnuhealth_lab_test_critearea SET remarks = %(text)s WHERE id = '
        + FIRST.format(table='gnuhealth_lab_test_critearea', link='gnuhealth_lab_id'),
        'DELETE FROM gnuhealth_lab_test_critearea WHERE gnuhealth_lab_id = %(key)s',
        'INSERT INTO gnuhealth_lab_test_critearea (gnuhealth_lab_id, name) VALUES (%(key)s, %(text)s)',
    ),
}


def exchange(table, column, others, link='id'):
    """Has a document refer to the newest of the others; a row that does already is no row changed."""
    newest = f'(SELECT max(id) FROM {others})'
    return (f'UPDATE {table} SET {column} = {newest} '
            f'WHERE {link} = %(key)s AND {column} IS DISTINCT FROM {newest}')


# Another record is referred to. Where nothing else in the text says whose it is, only a register that knows the
# document's own rows can tell this from a new name.
EXCHANGES = {
    'prescription': (
        exchange('gnuhealth_prescription_line', 'medicament', 'gnuhealth_medicament', 'presc_order'),
        exchange('gnuhealth_prescription_order', 'healthprof', 'gnuhealth_healthprofessional'),
    ),
    'birth_certificate': (
        exchange('gnuhealth_birth_certificate', 'mother', 'party_party WHERE is_person'),
        exchange('gnuhealth_birth_certificate', 'country', 'country_country'),
    ),
    'death_certificate': (
        exchange('gnuhealth_death_certificate', 'cod', 'gnuhealth_pathology'),
    ),
    'patient_evaluation': (
        exchange('gnuhealth_patient_evaluation', 'patient', 'gnuhealth_patient'),
        exchange('gnuhealth_secondary_condition', 'pathology', 'gnuhealth_pathology', 'evaluation'),
    ),
    'lab_test': (
        exchange('gnuhealth_lab', 'test', 'gnuhealth_lab_test_type'),
        exchange('gnuhealth_lab', 'requestor', 'gnuhealth_healthprofessional'),
    ),
}


class Sealed:
    """A document of the past, and what has happened to it."""

    def __init__(self, kind, generation, language, text):
        self.kind = kind
        self.generation = generation
        self.language = language
        self.text = text
        self.edited = False
        self.forged = False


class History:
    def __init__(self, application, checks, releases, seed, count):
        self.application = application
        self.checks = checks
        self.random = randoms.Random(seed)
        self.count = count
        self.generations = {kind: (Generation(kind.newest, ''), *kind.older) for kind in KINDS}
        self.serialisers = {
            generation: releases.serialiser(kind, generation) if generation.package else
            application.model(kind.model).get_serial
            for kind, generations in self.generations.items() for generation in generations}
        self.sealed = {}
        self.drafts = {}

    def run(self):
        self.reference = make_reference(self.application, self.random)
        self.seal()
        self.told('sealed', Counter(sealed.generation.definition for sealed in self.sealed.values()))
        self.change(EDITS, forge=True)
        self.rename()
        self.install()
        self.adopt()
        with self.triggers_off():
            self.change({kind: (*EDITS[kind], *EXCHANGES[kind]) for kind in EDITS})
        self.rename()
        self.rename_more()
        self.verify()

    # What happens

    def seal(self):
        for number, kind in enumerate(KINDS):
            count = max((self.count + len(KINDS) - 1 - number) // len(KINDS), 20)
            keys = kind.make(self.application, self.random, self.reference, count)
            for key in keys:
                generation = self.random.choice(self.generations[kind])
                self.sealed[kind.document, key] = Sealed(kind, generation, self.random.choice(LANGUAGES), None)
        with self.application.cursor() as cursor:
            # A list with nan or inf in it is no literal of Python, and is compared as a whole instead of by its parts.
            for table, column in (('gnuhealth_prescription_line', 'dose'), ('gnuhealth_lab_test_critearea', 'result')):
                cursor.execute(f"UPDATE {table} SET {column} = 1 WHERE {column} IN ('NaN', 'Infinity', '-Infinity')")
        texts = self.texts()
        for known in list(self.sealed):
            # What this release could not have shown it has not sealed; and some are still being written.
            if texts[known] is None or self.random.random() < 0.05:
                self.drafts[known] = self.sealed.pop(known)
        with self.application.cursor() as cursor:
            for (document, key), sealed in self.sealed.items():
                sealed.text = texts[document, key]
                cursor.execute(f'UPDATE {sealed.kind.table} SET state = %s, serializer = %s, document_digest = %s '
                               'WHERE id = %s', (SEALED[document], sealed.text, digest(sealed.text), key))

    def change(self, edits, forge=False):
        """A third of the documents is edited; of some the stored text is exchanged."""
        with self.application.cursor() as cursor:
            for (document, key), sealed in self.sealed.items():
                if self.random.random() < 0.33:
                    cursor.execute(self.random.choice(edits[document]),
                                   {'key': key, 'text': unique(awkward(self.random))})
                    sealed.edited |= cursor.rowcount > 0
                elif forge and self.random.random() < 0.05:
                    cursor.execute(f'UPDATE {sealed.kind.table} SET serializer = serializer || %s WHERE id = %s',
                                   (' ', key))
                    sealed.forged = True

    def rename(self):
        """Words, their translations and people get other names, as happens in the course of years."""
        with self.application.cursor() as cursor:
            for field, model, ids in self.reference.translated():
                table = model.replace('.', '_')
                for record in self.random.sample(ids, max(1, len(ids) // 10)):
                    # Not one without a name (other writers leave such): an empty text that becomes a name is, in a text,
                    # a reference that was not there before.
                    cursor.execute(f"UPDATE {table} SET {field} = %s WHERE id = %s AND {field} <> ''",
                                   (unique(awkward(self.random)), record))
                cursor.execute("UPDATE ir_translation SET value = %s, fuzzy = false WHERE type = 'model' AND name = %s "
                               'AND res_id = %s', (awkward(self.random), f'{model},{field}', self.random.choice(ids)))
            cursor.execute('SELECT id FROM party_party WHERE is_person')
            people = [party for party, in cursor.fetchall()]
            for party in self.random.sample(people, len(people) // 12):
                cursor.execute("UPDATE party_party SET name = 'Renamed', lastname = %s WHERE id = %s",
                               (awkward(self.random), party))
                cursor.execute('UPDATE gnuhealth_person_name SET family = %s WHERE party = %s',
                               (awkward(self.random), party))

    def rename_more(self):
        """What identifies, which without a register would look as if something else were referred to."""
        with self.application.cursor() as cursor:
            cursor.execute("UPDATE party_party SET ref = ref || '-2' WHERE is_person AND id % 10 = 0")
            cursor.execute("UPDATE gnuhealth_pathology SET code = code || '-2' WHERE id % 10 = 0")
            cursor.execute("UPDATE ir_translation SET value = value || ' 2' WHERE type = 'model' AND id % 3 = 0 "
                           "AND name = 'gnuhealth.lab.test.critearea,name' AND value <> ''")

    def install(self):
        with self.application.cursor() as cursor:
            cursor.execute('CREATE EXTENSION health_crypto')
            cursor.execute('SELECT document, outcome FROM health_crypto.protect_gnuhealth()')
            for document, outcome in cursor.fetchall():
                self.checks.that(outcome.startswith('protected'), f'protect_gnuhealth: {document} is {outcome}')
        with self.application.cursor() as cursor:
            cursor.execute('SELECT document, key::int, content FROM health_crypto.verify_all()')
            found = {(document, key): content for document, key, content in cursor.fetchall()}
        for known in self.drafts:
            self.checks.equal(found.get(known), 'draft', f'{known}, never sealed')

    def triggers_off(self):
        return Triggers(self.application)

    # What is said of it

    def adopt(self):
        with self.application.cursor() as cursor:
            cursor.execute('SELECT document, key::int FROM health_crypto.adopt()')
            refused = set(cursor.fetchall())
        verdicts = self.verdicts()
        self.checks.equal(sorted(verdicts), sorted(self.sealed), 'documents that are sealed')
        for known, sealed in self.sealed.items():
            if verdicts[known]['content'] == 'intact':
                # It may be that by another definition or in another language than it was sealed in; the pair that was
                # found is the one that counts from now on.
                name = re.search(r'\.(\w+)\(', verdicts[known]['definition']).group(1)
                sealed.generation = next(g for g in self.generations[sealed.kind] if g.definition == name)
                sealed.language = verdicts[known]['language']
        texts = self.texts()
        expected = {known: 'forged' if sealed.forged else content(sealed.text, texts[known], sealed.edited)
                    for known, sealed in self.sealed.items()}
        for known, sealed in self.sealed.items():
            self.checks.equal(verdicts[known]['content'], expected[known],
                              f'{known}, sealed by {sealed.generation} in {sealed.language}')
        self.checks.equal(refused, {known for known, what in expected.items() if what in ('altered', 'forged')},
                          'what adopt() returns')
        self.told('adopted', Counter(expected.values()))
        # Of the others the register knows no rows, so an exchanged record and a new name are the same to it.
        self.sealed = {known: sealed for known, sealed in self.sealed.items() if expected[known] == 'intact'}
        for sealed in self.sealed.values():
            sealed.edited = False
        self.told('register', Counter((s.generation.definition, s.language) for s in self.sealed.values()))

    def verify(self):
        texts = self.texts()
        verdicts = self.verdicts()
        found = Counter()
        for known, sealed in self.sealed.items():
            verdict = verdicts[known]
            expected = content(sealed.text, texts[known], sealed.edited)
            what = f'{known}, {sealed.generation.definition} in {sealed.language}'
            self.checks.equal(verdict['content'], expected, what)
            if expected != 'intact':
                self.checks.equal({re.match(r'\w+', path).group() for path in verdict['changes'] or {}},
                                  different(sealed.text, texts[known]), f'fields of {what}')
            found[expected] += 1
        self.told('verified', found)
        for kind in ('intact', 'drifted', 'altered'):
            self.checks.that(found[kind], f'no document is {kind}: nothing was compared')

    def verdicts(self):
        with self.application.cursor() as cursor:
            cursor.execute('SELECT document, key::int, content, language, definition, changes '
                           'FROM health_crypto.verify_all()')
            names = [column.name for column in cursor.description]
            rows = [dict(zip(names, row)) for row in cursor.fetchall()]
        return {(row['document'], row['key']): row for row in rows if row['content'] not in ('draft', 'stale')}

    def texts(self):
        """By document, what its release writes now in its language; None where it would raise."""
        from oracle import answer
        texts = {}
        for language in LANGUAGES:
            with self.application.transaction(readonly=True, language=language):
                for kind in KINDS:
                    chosen = {key: sealed for (document, key), sealed in self.sealed.items()
                              if document == kind.document and sealed.language == language}
                    for record in self.application.model(kind.model).browse(list(chosen)):
                        texts[kind.document, record.id] = answer(
                            self.serialisers[chosen[record.id].generation], record)
        return texts

    def told(self, what, counts):
        print(f'{what}: ' + ', '.join(f'{name} {count}' for name, count in sorted(counts.items(), key=str)), flush=True)


class Triggers:
    """The owner's way round the protection: triggers are off while this is entered."""

    def __init__(self, application):
        self.application = application

    def __enter__(self):
        self._all('DISABLE')

    def __exit__(self, *_):
        self._all('ENABLE ALWAYS')

    def _all(self, what):
        with self.application.cursor() as cursor:
            cursor.execute("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgname LIKE 'health_crypto%'")
            for table, name in cursor.fetchall():
                cursor.execute(f'ALTER TABLE {table} {what} TRIGGER {name}')


def digest(text):
    return hashlib.sha512(text.encode()).hexdigest()


def content(sealed, now, edited):
    if now == sealed:
        return 'intact'
    return 'altered' if edited else 'drifted'


def different(sealed, now):
    """The names of the fields in which two texts differ."""
    sealed, now = json.loads(sealed), json.loads(now)
    return {name for name in sealed.keys() | now.keys() if sealed.get(name) != now.get(name)}


def main():
    options = parser(__doc__)
    options.add_argument('--releases', required=True, help='the directory that releases.sh fills')
    options.add_argument('--count', type=int, default=200, help='documents in all')
    arguments = parsed(options)
    application = Application(arguments.config, arguments.database)
    checks = Checks()
    History(application, checks, Releases(arguments.releases), arguments.seed, arguments.count).run()
    sys.exit(checks.report())


if __name__ == '__main__':
    main()
