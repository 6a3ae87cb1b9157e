"""Random certificates of births and deaths, made through GNU Health's models."""

import uuid
from datetime import date, datetime, timedelta

from reference import make_somebody
from texts import awkward, maybe
from values import child_count, in_batches, moment

BIRTH = 'gnuhealth.birth_certificate'
DEATH = 'gnuhealth.death_certificate'


def make_birth_certificates(application, random, reference, count):
    """Makes `count` certificates in drafts; returns their identifiers."""
    def make(number):
        born = date(1900, 1, 1) + timedelta(days=random.randrange(40_000))
        certificate, = application.model(BIRTH).create([{
            **_certificate(application, random, reference, number, dob=born),
            'dob': born,
            'mother': maybe(random, random.choice(reference.people)),
            'father': maybe(random, random.choice(reference.people)),
        }])
        return certificate.id

    keys = in_batches(application, count, make)
    with application.cursor() as cursor:
        for key in random.sample(keys, len(keys) // 10):
            cursor.execute('UPDATE gnuhealth_birth_certificate SET observations = %s, dob = %s WHERE id = %s',
                           (f' {awkward(random, lines=True)} ',
                            random.choice([date(1, 1, 1), date(9999, 12, 31)]), key))
    return keys


def make_death_certificates(application, random, reference, count):
    """Makes `count` certificates in drafts; returns their identifiers."""
    def make(number):
        certificate, = application.model(DEATH).create([{
            **_certificate(application, random, reference, number, dob=maybe(random, date(1950, 5, 17))),
            'dod': moment(random),
            'cod': random.choice(reference.words['gnuhealth.pathology']),
            'autopsy': random.choice([True, False, None]),
            'type_of_death': random.choice(['natural', 'suicide', 'homicide', 'undetermined', 'pending_investigation']),
            'place_of_death': random.choice(['home', 'work', 'public_place', 'health_center']),
            'underlying_conditions': [('create', [
                _condition(random, reference) for _ in range(maybe(random, child_count(random), [0]))])],
        }])
        return certificate.id

    keys = in_batches(application, count, make)
    with application.cursor() as cursor:
        for key in random.sample(keys, len(keys) // 10):
            cursor.execute('UPDATE gnuhealth_death_certificate SET observations = %s, type_of_death = %s, dod = %s '
                           'WHERE id = %s', (f' {awkward(random, lines=True)} ', awkward(random),
                                             datetime(1999, 12, 31, 23, 59, 59), key))
            cursor.execute('UPDATE gnuhealth_death_underlying_condition SET interval = %s, unit_of_time = %s '
                           'WHERE death_certificate = %s', (random.choice([0, -1]), awkward(random, lines=True), key))
    return keys


def _certificate(application, random, reference, number, **person):
    subdivision = reference.word(random, 'country.subdivision')
    if subdivision:  # GNU Health asks for one of the country
        country = application.model('country.subdivision')(subdivision).country.id
    else:
        country = random.choice(reference.words['country.country'])
    return {
        'party': make_somebody(application, random, number, **person),
        'code': f'{awkward(random)} {uuid.uuid4().hex}',
        'country': country,
        'country_subdivision': subdivision,
        'signed_by': reference.professional(random),
        'observations': maybe(random, awkward(random, lines=True), [None, '']),
    }


def _condition(random, reference):
    return {
        'condition': random.choice(reference.words['gnuhealth.pathology']),
        'interval': random.randrange(1, 100),
        'unit_of_time': random.choice(['minutes', 'hours', 'days', 'months', 'years']),
    }
