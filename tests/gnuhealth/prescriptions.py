"""Random prescriptions, made through GNU Health's models."""

from datetime import datetime, timedelta

from application import ADMINISTRATOR
from texts import awkward, maybe

MODEL = 'gnuhealth.prescription.order'
DOSES = (0.0, -0.0, 1.0, 5.0, 0.1, 1e-07, 1e-05, 1e-04, 1e-05 / 3, 1 / 3, 2.5, 100.0, 1e15, 1e16, 1.5e16, 1e17,
         123456789012345678.0, 0.30000000000000004, 5e-324, 1.7976931348623157e308, -2.0)


def make_prescriptions(application, random, reference, count):
    """Makes `count` prescriptions in drafts; returns their identifiers."""
    keys = []
    while len(keys) < count:
        with application.transaction():
            for _ in range(min(50, count - len(keys))):
                keys.append(make_prescription(application, random, reference, _line_count(random)))
    _states_of_other_writers(application, random, keys)
    return keys


def make_prescription(application, random, reference, lines):
    Order = application.model(MODEL)
    order, = Order.create([{
        'patient': random.choice(reference.patients),
        'healthprof': random.choice(reference.professionals),
        'user_id': ADMINISTRATOR,
        'prescription_date': maybe(random, _moment(random)),
        'notes': maybe(random, awkward(random, lines=True), [None, '', 'None']),
        'prescription_warning_ack': True,
        'prescription_line': [('create', [_line(random, reference) for _ in range(lines)])] if lines else [],
        **({'prescription_id': awkward(random)} if random.random() < 0.3 else {}),
    }])
    return order.id


def _line_count(random):
    return random.choice([0, 1, 1, 2, 2, 3, 3, 4, 7, 30] if random.random() < 0.3 else [1, 2, 3])


def _moment(random):
    moment = datetime(1970, 1, 1) + timedelta(seconds=random.randrange(0, 4_000_000_000))
    midnight = moment.replace(hour=0, minute=0, second=0)
    return random.choice([moment, midnight, datetime(1, 1, 1), datetime(9999, 12, 31)])


def _line(random, reference):
    def word(model):
        return maybe(random, random.choice(reference.words[model]))
    dose = random.choice(DOSES) if random.random() < 0.5 else random.uniform(-1, 1) * 10 ** random.randint(-9, 19)
    return {
        'medicament': random.choice(reference.medicaments),
        'dose': maybe(random, dose),
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
