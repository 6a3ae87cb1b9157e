"""Random prescriptions, made through GNU Health's models."""

from application import ADMINISTRATOR
from texts import awkward, maybe
from values import amount, child_count, in_batches, moment

MODEL = 'gnuhealth.prescription.order'


def make_prescriptions(application, random, reference, count):
    """Makes `count` prescriptions in drafts; returns their identifiers."""
    def make(number):
        return make_prescription(application, random, reference, child_count(random))

    keys = in_batches(application, count, make)
    _states_of_other_writers(application, random, keys)
    return keys


def make_prescription(application, random, reference, lines):
    Order = application.model(MODEL)
    order, = Order.create([{
        'patient': random.choice(reference.patients),
        'healthprof': random.choice(reference.professionals),
        'user_id': ADMINISTRATOR,
        'prescription_date': maybe(random, moment(random)),
        'notes': maybe(random, awkward(random, lines=True), [None, '', 'None']),
        'prescription_warning_ack': True,
        'prescription_line': [('create', [_line(random, reference) for _ in range(lines)])] if lines else [],
        **({'prescription_id': awkward(random)} if random.random() < 0.3 else {}),
    }])
    return order.id


def _line(random, reference):
    def word(model):
        return reference.word(random, model)
    return {
        'medicament': random.choice(reference.medicaments),
        'dose': maybe(random, amount(random)),
        'dose_unit': word('gnuhealth.dose.unit'),
        'route': word('gnuhealth.drug.route'),
        'form': word('gnuhealth.drug.form'),
        'indication': word('gnuhealth.pathology'),
        'short_comment': maybe(random, awkward(random), [None, '']),
    }


def _states_of_other_writers(application, random, keys):
    """What GNU Health's models strip or refuse, and lines whose order of storage is not that of their numbers."""
    with application.cursor() as cursor:
        for key in random.sample(keys, len(keys) // 10):
            cursor.execute('UPDATE gnuhealth_prescription_order SET notes = %s, prescription_id = %s WHERE id = %s',
                           (f' {awkward(random)}\n', maybe(random, ' x ', [None, '']), key))
            cursor.execute('UPDATE gnuhealth_prescription_line SET short_comment = %s, dose = %s '
                           'WHERE presc_order = %s',
                           (f' {awkward(random, lines=True)} ',
                            random.choice(['NaN', 'Infinity', '-Infinity', '-0']), key))
