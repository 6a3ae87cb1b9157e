"""Random evaluations of patients, made through GNU Health's models."""

from datetime import datetime, timedelta

from texts import awkward, maybe
from values import amount, child_count, in_batches, whole

MODEL = 'gnuhealth.patient.evaluation'
FLOATS = ('glycemia', 'hba1c', 'temperature', 'head_circumference')
# GNU Health rounds these to a few digits; other writers do not.
ROUNDED = ('weight', 'height', 'bmi', 'abdominal_circ', 'hip', 'whr')
INTEGERS = ('cholesterol_total', 'hdl', 'ldl', 'tag', 'systolic', 'diastolic', 'bpm', 'respiratory_rate', 'osat', 'loc')
BOOLEANS = ('reliable_info', 'malnutrition', 'dehydration', 'tremor', 'violent', 'orientation', 'memory',
            'knowledge_current_events', 'judgment', 'abstraction', 'vocabulary', 'calculation_ability',
            'object_recognition', 'praxis')
TEXTS = ('present_illness', 'evaluation_summary', 'info_diagnosis', 'directions')
CHOICES = {
    'visit_type': ('new', 'followup', 'well_child', None),
    'urgency': ('a', 'b', 'c', None),
    'loc_eyes': ('1', '4'),
    'loc_verbal': ('1', '5'),
    'loc_motor': ('1', '6'),
    'mood': ('n', 'fl', None),
}


def make_evaluations(application, random, reference, count):
    """Makes `count` evaluations in progress; returns their identifiers."""
    def make(number):
        evaluation, = application.model(MODEL).create([_evaluation(random, reference)])
        return evaluation.id

    keys = in_batches(application, count, make)
    _states_of_other_writers(application, random, keys)
    return keys


def _evaluation(random, reference):
    start = datetime(1990, 1, 1) + timedelta(seconds=random.randrange(10 ** 9))

    def children(make):
        return [('create', [make() for _ in range(maybe(random, child_count(random), [0], 0.4))])]

    def pathology():
        return random.choice(reference.words['gnuhealth.pathology'])

    return {
        'patient': random.choice(reference.patients),
        'evaluation_start': start,
        'evaluation_endtime': maybe(random, start + timedelta(minutes=random.randrange(90))),
        'healthprof': random.choice(reference.professionals),
        'signed_by': reference.professional(random),
        'derived_from': reference.professional(random),
        'derived_to': reference.professional(random),
        'specialty': reference.word(random, 'gnuhealth.specialty'),
        'diagnosis': reference.word(random, 'gnuhealth.pathology'),
        'institution': maybe(random, random.choice(reference.institutions)),
        'information_source': maybe(random, awkward(random), [None, '']),
        'chief_complaint': maybe(random, awkward(random), [None, '']),
        'signs_and_symptoms': children(lambda: {
            'clinical': pathology(), 'sign_or_symptom': random.choice(['sign', 'symptom'])}),
        'secondary_conditions': children(lambda: {'pathology': pathology()}),
        'diagnostic_hypothesis': children(lambda: {'pathology': pathology()}),
        'actions': children(lambda: {'procedure': random.choice(reference.words['gnuhealth.procedure'][1:])}),
        'procedures': [],
        **{name: maybe(random, amount(random)) for name in FLOATS},
        **{name: maybe(random, float(random.randrange(0, 100))) for name in ROUNDED},
        **{name: maybe(random, whole(random)) for name in INTEGERS},
        **{name: random.choice([True, False, None]) for name in BOOLEANS},
        **{name: maybe(random, awkward(random, lines=True), [None, '']) for name in TEXTS},
        **{name: random.choice(values) for name, values in CHOICES.items()},
    }


def _states_of_other_writers(application, random, keys):
    """What GNU Health's models round, strip or refuse."""
    numbers = ', '.join(f'{name} = %s' for name in ROUNDED)
    with application.cursor() as cursor:
        for key in random.sample(keys, len(keys) // 4):
            cursor.execute(f'UPDATE gnuhealth_patient_evaluation SET {numbers}, loc_eyes = %s, mood = %s, '
                           'chief_complaint = %s WHERE id = %s',
                           (*[maybe(random, amount(random)) for _ in ROUNDED],
                            maybe(random, awkward(random), [None, '']), awkward(random),
                            f' {awkward(random, lines=True)} ', key))
            cursor.execute('UPDATE gnuhealth_signs_and_symptoms SET sign_or_symptom = %s WHERE evaluation = %s',
                           (awkward(random, lines=True), key))
