"""The records that documents refer to: people, professionals, products, words and their translations."""

import uuid
from dataclasses import dataclass, field

from application import ADMINISTRATOR, ROOT
from texts import awkward, maybe, required

LANGUAGES = ('en', 'es', 'fr', 'es_419')
REPRESENTATIONS = (None, 'pgfs', 'gf', 'fg', 'cjk')
USES = ('official', 'usual', 'nickname', 'maiden', 'anonymous', 'temp', 'old')
# Models whose names are in a prescription, and how many of each are made.
WORDS = {'gnuhealth.drug.route': 6, 'gnuhealth.drug.form': 6, 'gnuhealth.dose.unit': 6, 'gnuhealth.pathology': 12}


@dataclass
class Reference:
    """Identifiers of what was made, by model."""
    patients: list = field(default_factory=list)
    professionals: list = field(default_factory=list)
    medicaments: list = field(default_factory=list)
    words: dict = field(default_factory=dict)
    templates: list = field(default_factory=list)


def unique(text):
    return f'{text} {uuid.uuid4().hex[:8]}'


def make_reference(application, random):
    """Makes reference data through GNU Health's models. Each call adds new records."""
    reference = Reference()
    with application.transaction():
        _professionals(application, random, reference)
        _patients(application, random, reference)
    with application.transaction(user=ROOT):
        _words(application, random, reference)
        _products(application, random, reference)
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


def _patients(application, random, reference):
    Party = application.model('party.party')
    Patient = application.model('gnuhealth.patient')
    Name = application.model('gnuhealth.person_name')
    for number in range(40):
        ref = unique(awkward(random)) if random.random() < 0.5 else uuid.uuid4().hex[:12]
        party = make_person(
            application, maybe(random, required(random), ['x', "O'Neil"]), maybe(random, awkward(random), [None, '']),
            REPRESENTATIONS[number % len(REPRESENTATIONS)], is_patient=True, ref=ref)
        party = Party(party.id)
        if number % 3 == 0:
            _name_parts(application, random, party)
        if number % 5 == 1:
            _add_name(application, random, party, random.choice(USES))
        if number % 8 == 2:  # the first name is not the official one: GNU Health shows nothing
            Name.write(list(party.person_names), {'use': random.choice(USES[1:])})
        if number % 8 == 3:  # no person name at all
            Name.delete(list(party.person_names))
        patient, = Patient.create([{'party': party.id}])
        reference.patients.append(patient.id)


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
    for name, count in WORDS.items():
        Model = application.model(name)
        made = []
        for _ in range(count):
            record, = Model.create([{'name': unique(required(random)), 'code': uuid.uuid4().hex}])
            made.append(record.id)
        own = [r.id for r in Model.search([], order=[('id', 'ASC')], limit=30) if r.id not in made]
        reference.words[name] = made + own


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
    for name, ids in [*reference.words.items(), ('product.template', reference.templates)]:
        Model = application.model(name)
        for record in ids:
            for language in LANGUAGES[1:]:
                kind = random.randrange(8)
                if kind < 3:
                    with Transaction().set_context(language=language):
                        # Nothing but the text: GNU Health strips it as it strips every name.
                        Model.write([Model(record)], {'name': required(random)})
                elif kind < 6:
                    old = Translation.search([('name', '=', f'{name},name'), ('res_id', '=', record),
                                              ('lang', '=', language), ('type', '=', 'model')])
                    Translation.delete(old)
                    Translation.create([{
                        'name': f'{name},name', 'res_id': record, 'lang': language, 'type': 'model',
                        'value': [awkward(random), '', None][kind - 3], 'fuzzy': kind == 3, 'src': 'x',
                        'module': 'health'}])


def _states_of_other_writers(application, random, reference):
    """What GNU Health's models do not write but its reading copes with."""
    with application.cursor() as cursor:
        for name, ids in [*reference.words.items(), ('product.template', reference.templates)]:
            key = f'{name},name'
            some = ids[:3]
            cursor.execute("UPDATE ir_translation SET fuzzy = NULL WHERE name = %s AND type = 'model' AND res_id = %s",
                           (key, some[0]))
            for value in ('first', 'second', ''):  # two rows for one language: the newest that is not empty
                cursor.execute("INSERT INTO ir_translation (name, type, lang, res_id, value, src, fuzzy) "
                               "VALUES (%s, 'model', 'es', %s, %s, 'x', false)", (key, some[1], value))
            cursor.execute("INSERT INTO ir_translation (name, type, lang, res_id, value, src, fuzzy) "
                           "VALUES (%s, 'field', 'es', %s, 'another type', 'x', false)", (key, some[2]))
        cursor.execute("UPDATE product_template SET name = '' WHERE id = %s", (reference.templates[-1],))
        cursor.execute("DELETE FROM ir_translation WHERE name = 'product.template,name' AND res_id = %s",
                       (reference.templates[-1],))
