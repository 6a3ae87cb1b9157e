"""Random laboratory tests, made through GNU Health's models."""

import uuid

from application import ROOT
from texts import awkward, maybe, required
from values import amount, child_count, in_batches

MODEL = 'gnuhealth.lab'
LINE = 'gnuhealth.lab.test.critearea'


def make_lab_tests(application, random, reference, count):
    """Makes `count` tests in drafts; returns their identifiers."""
    def make(number):
        test, = application.model(MODEL).create([{
            'test': random.choice(reference.words['gnuhealth.lab.test_type']),
            'source_type': random.choice(['patient', 'other_source']),
            'patient': maybe(random, random.choice(reference.patients)),
            'requestor': reference.professional(random),
            'other_source': maybe(random, awkward(random), [None, '']),
            'specimen_type': maybe(random, awkward(random), [None, '']),
            'critearea': [('create', [
                _line(random, reference) for _ in range(maybe(random, child_count(random), [0]))])],
            **({'name': f'{awkward(random)} {uuid.uuid4().hex}'} if random.random() < 0.3 else {}),
        }])
        return test.id

    keys = in_batches(application, count, make)
    _translations(application, random, keys)
    _states_of_other_writers(application, random, keys)
    return keys


def _line(random, reference):
    return {
        'name': required(random),
        'result': maybe(random, amount(random)),
        'units': reference.word(random, 'gnuhealth.lab.test.units'),
        'result_text': maybe(random, awkward(random, lines=True), [None, '']),
        'remarks': maybe(random, awkward(random, lines=True), [None, '']),
        # Several without and with the same: their numbers decide then.
        'sequence': random.choice([None, 0, 1, 2, 3, -1]),
    }


def _translations(application, random, keys):
    """An analyte's name is translated line by line."""
    from trytond.transaction import Transaction
    with application.transaction(user=ROOT):
        Line = application.model(LINE)
        for line in Line.search([('gnuhealth_lab_id', 'in', random.sample(keys, len(keys) // 3))]):
            for language in random.sample(['es', 'fr', 'es_419'], random.randrange(3)):
                with Transaction().set_context(language=language):
                    Line.write([Line(line.id)], {'name': required(random)})


def _states_of_other_writers(application, random, keys):
    with application.cursor() as cursor:
        for key in random.sample(keys, len(keys) // 10):
            cursor.execute('UPDATE gnuhealth_lab SET source_type = %s, specimen_type = %s WHERE id = %s',
                           (maybe(random, awkward(random)), f' {awkward(random, lines=True)}', key))
            cursor.execute('UPDATE gnuhealth_lab_test_critearea SET name = %s, result = %s WHERE gnuhealth_lab_id = %s',
                           (f' {awkward(random, lines=True)} ',
                            random.choice(['NaN', 'Infinity', '-Infinity', '-0']), key))
