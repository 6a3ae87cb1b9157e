"""The records that documents refer to: people, institutions, products, words and their translations."""

import uuid
from dataclasses import dataclass, field
from datetime import date

from application import ADMINISTRATOR, ROOT
from texts import awkward, maybe, required

LANGUAGES = ('en', 'es', 'fr', 'es_419')
REPRESENTATIONS = (None, 'pgfs', 'gf', 'fg', 'cjk')
USES = ('official', 'usual', 'nickname', 'maiden', 'anonymous', 'temp', 'old')
# Models whose records' names are in documents, with the field that is translated, and how many of each are made.
WORDS = {
    'gnuhealth.drug.route': ('name', 6),
    'gnuhealth.drug.form': ('name', 6),
    'gnuhealth.dose.unit': ('name', 6),
    'gnuhealth.pathology': ('name', 12),
    'gnuhealth.procedure': ('description', 10),
    'gnuhealth.specialty': ('name', 6),
    'country.country': ('name', 8),
    'country.subdivision': ('name', 8),
    'gnuhealth.lab.test_type': ('name', 8),
    'gnuhealth.lab.test.units': ('name', 6),
}
COUNTRY_CODES = ('ES', 'FR', 'AR', 'ZZ', 'É1', 'X', None, '')


@dataclass
class Reference:
    """Identifiers of what was made, by model."""
    patients: list = field(default_factory=list)
    professionals: list = field(default_factory=list)
    people: list = field(default_factory=list)
    institutions: list = field(default_factory=list)
    medicaments: list = field(default_factory=list)
    words: dict = field(default_factory=dict)
    templates: list = field(default_factory=list)

    def word(self, random, model):
        """One of a model's records, or sometimes none."""
        return maybe(random, random.choice(self.words[model]))

    def professional(self, random):
        return maybe(random, random.choice(self.professionals))

    def translated(self):
        """Of every translated field: its name, model and records."""
        for model, ids in self.words.items():
            yield WORDS[model][0], model, ids
        yield 'name', 'product.template', self.templates


def unique(text):
    return f'{text} {uuid.uuid4().hex[:8]}'


def make_reference(application, random):
    """Makes reference data through GNU Health's models. Each call adds new records."""
    reference = Reference()
    with application.transaction():
        _professionals(application, random, reference)
        _patients(application, random, reference)
        reference.people = [make_somebody(application, random, number) for number in range(30)]
        _institutions(application, random, reference)
    with application.transaction(user=ROOT):
        _products(application, random, reference)
        _words(application, random, reference)
    with application.transaction(user=ROOT):
        _translations(application, random, reference)
    _states_of_other_writers(application, random, reference)
    return reference


def make_person(application, given, family, representation=None, **values):
    """A party that is a person. One at a time: GNU Health's create repeats itself on several."""
    Party = application.model('party.party')
    party, = Party.create([{
        'name': given, 'lastname': family, 'is_person': True, 'name_representation': representation,
        'gender': 'f', 'fed_country': None, 'code': str(uuid.uuid4()), 'ref': uuid.uuid4().hex[:12], **values}])
    return party


def _professionals(application, random, reference):
    Party = application.model('party.party')
    Professional = application.model('gnuhealth.healthprofessional')
    mine = Professional.search([('party.internal_user', '=', ADMINISTRATOR)])
    if not mine:
        party = make_person(application, 'Ana', 'Quiroga', 'pgfs', is_healthprof=True, internal_user=ADMINISTRATOR)
        mine = Professional.create([{'party': party.id}])
    reference.professionals.append(mine[0].id)
    for representation in REPRESENTATIONS:
        party = make_person(
            application, required(random), awkward(random), representation, is_healthprof=True)
        _name_parts(application, random, Party(party.id))
        professional, = Professional.create([{'party': party.id}])
        reference.professionals.append(professional.id)


def make_somebody(application, random, number, **values):
    """A party with one of the ways to have a name; `number` goes through them. Returns its identifier."""
    Party = application.model('party.party')
    Name = application.model('gnuhealth.person_name')
    ref = unique(awkward(random)) if random.random() < 0.5 else uuid.uuid4().hex[:12]
    party = make_person(
        application, maybe(random, required(random), ['x', "O'Neil"]), maybe(random, awkward(random), [None, '']),
        REPRESENTATIONS[number % len(REPRESENTATIONS)], **{'ref': ref, **values})
    party = Party(party.id)
    if number % 3 == 0:
        _name_parts(application, random, party)
    if number % 5 == 1:
        _add_name(application, random, party, random.choice(USES))
    if number % 8 == 2:  # the first name is not the official one: GNU Health shows nothing
        Name.write(list(party.person_names), {'use': random.choice(USES[1:])})
    if number % 8 == 3:  # no person name at all
        Name.delete(list(party.person_names))
    return party.id


def _patients(application, random, reference):
    Patient = application.model('gnuhealth.patient')
    for number in range(40):
        party = make_somebody(application, random, number, is_patient=True, dob=maybe(random, date(1980, 2, 29)))
        patient, = Patient.create([{'party': party}])
        reference.patients.append(patient.id)


def _institutions(application, random, reference):
    Party = application.model('party.party')
    Institution = application.model('gnuhealth.institution')
    for _ in range(4):
        party, = Party.create([{
            'name': required(random), 'is_institution': True, 'fed_country': None, 'code': str(uuid.uuid4())}])
        institution, = Institution.create([{
            'party': party.id, 'code': uuid.uuid4().hex, 'institution_type': 'hospital', 'public_level': 'public'}])
        reference.institutions.append(institution.id)


def _name_parts(application, random, party):
    Name = application.model('gnuhealth.person_name')
    Name.write(list(party.person_names), {
        'prefix': maybe(random, random.choice(['Mr', 'Mrs', 'Miss', 'Dr'])),
        'suffix': maybe(random, awkward(random), [None, '']),
        'family': maybe(random, awkward(random), [None, '']),
    })


def _add_name(application, random, party, use):
    application.model('gnuhealth.person_name').create([{
        'party': party.id, 'use': use, 'given': required(random), 'family': maybe(random, awkward(random)),
        'prefix': 'Dr', 'suffix': 'II'}])


def _words(application, random, reference):
    for name, (translated, count) in WORDS.items():
        Model = application.model(name)
        made = []
        for number in range(count):
            record, = Model.create([_word(application, random, reference, name, number)])
            made.append(record.id)
        own = [r.id for r in Model.search([], order=[('id', 'ASC')], limit=30) if r.id not in made]
        reference.words[name] = made + own


def _word(application, random, reference, name, number):
    """The values of a new record of one of WORDS."""
    values = {'name': unique(required(random)), 'code': uuid.uuid4().hex}
    if name == 'gnuhealth.procedure':  # its name is a code; without a description GNU Health cannot show it
        return {'name': unique(awkward(random)), 'description': awkward(random) if number else None}
    if name == 'country.country':
        values['code'] = COUNTRY_CODES[number]
    if name == 'country.subdivision':
        values['country'] = random.choice(reference.words['country.country'])
    if name == 'gnuhealth.lab.test_type':
        values['product_id'] = application.model('product.product').search([], limit=1)[0].id
    return values


def _products(application, random, reference):
    Template = application.model('product.template')
    Product = application.model('product.product')
    Medicament = application.model('gnuhealth.medicament')
    Unit = application.model('product.uom')
    unit, = Unit.search([('symbol', '=', 'u')], limit=1)
    for _ in range(25):
        template, = Template.create([{
            'name': required(random), 'type': 'goods', 'default_uom': unit.id, 'cost_price_method': 'fixed'}])
        product, = Product.create([{'template': template.id, 'is_medicament': True}])
        medicament, = Medicament.create([{'product': product.id}])
        reference.templates.append(template.id)
        reference.medicaments.append(medicament.id)


def _translations(application, random, reference):
    """Through GNU Health where a translator would, and directly where only an import makes such rows."""
    from trytond.transaction import Transaction
    Translation = application.model('ir.translation')
    for translated, name, ids in reference.translated():
        Model = application.model(name)
        for record in ids:
            for language in LANGUAGES[1:]:
                kind = random.randrange(8)
                if kind < 3:
                    with Transaction().set_context(language=language):
                        # Nothing but the text: GNU Health strips it as it strips every name.
                        Model.write([Model(record)], {translated: required(random)})
                elif kind < 6:
                    old = Translation.search([('name', '=', f'{name},{translated}'), ('res_id', '=', record),
                                              ('lang', '=', language), ('type', '=', 'model')])
                    Translation.delete(old)
                    Translation.create([{
                        'name': f'{name},{translated}', 'res_id': record, 'lang': language, 'type': 'model',
                        'value': [awkward(random), '', None][kind - 3], 'fuzzy': kind == 3, 'src': 'x',
                        'module': 'health'}])


def _states_of_other_writers(application, random, reference):
    """What GNU Health's models do not write but its reading copes with."""
    with application.cursor() as cursor:
        for translated, name, ids in reference.translated():
            key = f'{name},{translated}'
            some = ids[:3]
            cursor.execute("UPDATE ir_translation SET fuzzy = NULL WHERE name = %s AND type = 'model' AND res_id = %s",
                           (key, some[0]))
            for value in ('first', 'second', ''):  # two rows for one language: the newest that is not empty
                cursor.execute("INSERT INTO ir_translation (name, type, lang, res_id, value, src, fuzzy) "
                               "VALUES (%s, 'model', 'es', %s, %s, 'x', false)", (key, some[1], value))
            cursor.execute("INSERT INTO ir_translation (name, type, lang, res_id, value, src, fuzzy) "
                           "VALUES (%s, 'field', 'es', %s, 'another type', 'x', false)", (key, some[2]))
        for name in ('product.template', 'gnuhealth.pathology', 'country.country', 'gnuhealth.specialty'):
            ids = reference.templates if name == 'product.template' else reference.words[name]
            table = name.replace('.', '_')
            cursor.execute(f"UPDATE {table} SET name = '' WHERE id = %s", (ids[3],))
            cursor.execute('DELETE FROM ir_translation WHERE name = %s AND res_id = %s', (f'{name},name', ids[3]))
