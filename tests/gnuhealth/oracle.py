"""Compares what GNU Health writes for its documents with what the database gives, in every language.

The newest definitions are compared with the GNU Health that runs, the older ones with the code of released packages.
Run with the Python of GNU Health's virtual environment. Prints the seed; exits with 1 on any difference.
"""

import hashlib
import json
import random as randoms
import sys
import time
from pathlib import Path

from application import Application, parsed, parser
from checks import Checks
from documents import KINDS
from reference import LANGUAGES, make_reference
from releases import Releases

# None: the database's own language. sr_RS@latin and xx are in no table of GNU Health's.
COMPARED = (*LANGUAGES, None, '', 'es_MX', 'sr_RS@latin', 'xx')
TEMPLATES = Path(__file__).parents[2] / 'sql' / 'gnuhealth'
# What Python raises where GNU Health cannot show a document.
RAISED = (AttributeError, TypeError, UnboundLocalError)


class Extension:
    """Texts from the extension."""

    def install(self, cursor, checks):
        cursor.execute('CREATE EXTENSION IF NOT EXISTS health_crypto')
        cursor.execute('SELECT document, outcome FROM health_crypto.protect_gnuhealth()')
        for document, outcome in cursor.fetchall():
            checks.that(outcome.startswith('protected'), f'protect_gnuhealth: {document} is {outcome}')

    def newest(self, cursor, kind, keys, language):
        cursor.execute('SELECT k, health_crypto.serialize(%s, k::bigint, %s) FROM unnest(%s) k',
                       (kind.document, language, keys))
        return dict(cursor.fetchall())

    def defined(self, cursor, definition, keys, language):
        cursor.execute(f'SELECT * FROM gnuhealth_documents.{definition}(ARRAY[]::integer[], NULL)')
        fields = ', '.join(f'd."{column.name}"' for column in cursor.description[1:])
        cursor.execute(f"SELECT d.key, health_crypto.canonicalize(row_to_json(f), 'gnuhealth-1') "
                       f'FROM gnuhealth_documents.{definition}(%s, %s) d CROSS JOIN LATERAL (SELECT {fields}) f',
                       (keys, language))
        return dict(cursor.fetchall())


class Definitions:
    """Texts from the definitions' rows, put through json.dumps here: for use without the extension."""

    def install(self, cursor, checks):
        """Runs the templates as protect_gnuhealth() does, with the extension's functions or those of standins.sql."""
        cursor.execute("SELECT to_regnamespace('health_crypto') IS NULL")
        if cursor.fetchone()[0]:
            cursor.execute('CREATE EXTENSION health_crypto')
        cursor.execute('CREATE SCHEMA IF NOT EXISTS gnuhealth_documents')
        for name in ('common', *(kind.document for kind in KINDS)):
            cursor.execute('SET LOCAL search_path = pg_catalog, pg_temp')
            cursor.execute((TEMPLATES / f'{name}.sql').read_text().replace('@schema@', 'public'))

    def newest(self, cursor, kind, keys, language):
        return self.defined(cursor, kind.newest, keys, language)

    def defined(self, cursor, definition, keys, language):
        cursor.execute(f'SELECT * FROM gnuhealth_documents.{definition}(%s, %s)', (keys, language))
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row)) for row in cursor.fetchall()]
        return {row.pop('key'): json.dumps(row, ensure_ascii=False) for row in rows}


class Oracle:
    """Compares every definition of every document in every language."""

    def __init__(self, application, checks, releases, source):
        self.application = application
        self.checks = checks
        self.source = source
        self.serialisers = {
            kind: [(older, releases.serialiser(kind, older)) for older in kind.older] for kind in KINDS}

    def compare(self, kind, keys, language):
        newest, older = self.expected(kind, keys, language)
        with self.application.cursor() as cursor:
            self.equal(kind, kind.newest, language, self.source.newest(cursor, kind, keys, language), newest)
            for key in keys[:20]:
                found = self.source.newest(cursor, kind, [key], language)
                self.equal(kind, f'{kind.newest} alone', language, found, {key: newest[key]})
            for generation, texts in older:
                found = self.source.defined(cursor, generation.definition, keys, language)
                self.equal(kind, f'{generation.definition} ({generation.package})', language, found, texts)

    def expected(self, kind, keys, language):
        """Texts of GNU Health by key, of the one that runs and of older ones, in a transaction with empty caches."""
        context = {} if language is None else {'language': language}
        with self.application.transaction(readonly=True, **context):
            Model = self.application.model(kind.model)
            records = Model.browse(keys)
            newest = {record.id: answer(Model.get_serial, record) for record in records}
            older = [(generation, {record.id: answer(serialiser, record) for record in records})
                     for generation, serialiser in self.serialisers[kind]]
        return newest, older

    def equal(self, kind, definition, language, found, expected):
        """Where GNU Health cannot show a document the text is ours, but there must be one."""
        self.checks.equal(sorted(found), sorted(expected), f'keys of {definition} in {language!r}')
        for key, text in expected.items():
            if text is None:
                self.checks.that(found.get(key), f'{definition} {key} in {language!r} has no text')
            else:
                self.checks.equal(found.get(key), text, f'{definition} {key} in {language!r}')


def answer(serialiser, record):
    try:
        return serialiser(record)
    except RAISED:
        return None


def compare_stored(application, checks, oracle, kind, keys):
    """With the extension, the columns of every draft follow its content in the database's own language."""
    expected, _ = oracle.expected(kind, keys, None)
    with application.cursor() as cursor:
        cursor.execute(f'SELECT id, serializer, document_digest FROM {kind.table} WHERE id = ANY (%s)', (keys,))
        for key, text, digest in cursor.fetchall():
            if expected[key] is not None:
                checks.equal(text, expected[key], f'stored text of {kind.document} {key}')
            checks.equal(digest, text and hashlib.sha512(text.encode()).hexdigest(),
                         f'stored digest of {kind.document} {key}')


# What must be there for GNU Health to show a document.
NEEDED = {
    'prescription': ('healthprof', 'patient'),
    'birth_certificate': ('country', 'party'),
    'death_certificate': ('country', 'party', 'cod'),
    'patient_evaluation': ('healthprof', 'patient'),
    'lab_test': ('test',),
}


def make_unshowable(application, documents, random):
    """Some documents that GNU Health raises for."""
    with application.cursor() as cursor:
        for kind in documents:
            for column in NEEDED[kind.document]:
                cursor.execute(f'ALTER TABLE {kind.table} ALTER {column} DROP NOT NULL')
    with application.cursor() as cursor:
        for kind, keys in documents.items():
            for column in NEEDED[kind.document]:
                cursor.execute(f'UPDATE {kind.table} SET {column} = NULL WHERE id = %s', (random.choice(keys),))


def compare_not_finite(application, checks, source, kind, key):
    """What is no number is a text in the definition's JSON; Python writes a word that JSON does not have."""
    with application.cursor() as cursor:
        cursor.execute("UPDATE gnuhealth_patient_evaluation SET temperature = 'NaN', glycemia = '-Infinity', "
                       "weight = 'Infinity' WHERE id = %s", (key,))
    with application.transaction(readonly=True):
        Model = application.model(kind.model)
        text = Model.get_serial(Model(key))
    for word in ('NaN', '-Infinity', 'Infinity'):
        checks.that(f': {word}, ' in text, f'GNU Health writes {word}')
        text = text.replace(f': {word}, ', f': "{word}", ')
    with application.cursor() as cursor:
        checks.equal(source.newest(cursor, kind, [key], None), {key: text}, 'numbers that are not finite')


def compare_names(application, checks):
    """Every party's name, which is more than the patients that a prescription was made for."""
    with application.transaction(readonly=True):
        Party = application.model('party.party')
        expected = {}
        for party in Party.search([('active', 'in', [True, False])]):
            try:
                expected[party.id] = Party.get_rec_name(party, 'rec_name')
            except TypeError:  # a last name without a name
                expected[party.id] = None
    with application.cursor() as cursor:
        cursor.execute('SELECT p.id, n.rec_name FROM party_party p, '
                       'gnuhealth_documents.party_name(p.id, p.name, p.lastname, p.name_representation) n')
        found = dict(cursor.fetchall())
    for party, name in expected.items():
        checks.equal(found.get(party), name, f'name of party {party}')


def compare_chains(application, checks):
    """Parents of languages, also where ir.lang names one."""
    from trytond.ir.lang import get_parent_language
    with application.cursor() as cursor:
        cursor.execute("UPDATE ir_lang SET parent = 'es_419' WHERE code = 'ca'")
        cursor.execute("SELECT code FROM ir_lang")
        codes = [code for code, in cursor.fetchall()]
    for code in [*codes, 'es_MX', 'sr_RS@latin', 'a@b_c', 'a@b@c', '_x', '@x', 'a__b', 'ca_ES@valencia']:
        with application.transaction(readonly=True):
            chain, parent = [], code
            while parent:
                chain.append(parent)
                parent = get_parent_language(parent)
        with application.cursor() as cursor:
            cursor.execute('SELECT languages FROM gnuhealth_documents.language_chain(%s)', (code,))
            checks.equal(cursor.fetchone()[0], chain, f'parents of {code}')


def check_bindings(application, checks):
    """Nothing in the definitions is bound to an operator or function that is not PostgreSQL's or ours."""
    with application.cursor() as cursor:
        cursor.execute("""
            SELECT pg_describe_object(d.refclassid, d.refobjid, 0)
              FROM pg_depend d JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
             WHERE p.pronamespace = 'gnuhealth_documents'::regnamespace
               AND (d.refclassid = 'pg_operator'::regclass
                    OR (d.refclassid = 'pg_proc'::regclass AND NOT EXISTS (
                        SELECT FROM pg_proc q WHERE q.oid = d.refobjid
                           AND q.pronamespace::regnamespace::text IN ('health_crypto', 'gnuhealth_documents')))
                    OR (d.refclassid = 'pg_class'::regclass AND d.refobjsubid = 0))""")
        checks.equal(cursor.fetchall(), [], 'foreign operators, functions or whole rows in the definitions')


def main():
    options = parser(__doc__)
    options.add_argument('--releases', required=True, help='the directory that releases.sh fills')
    options.add_argument('--count', type=int, default=300, help='documents in all')
    options.add_argument('--definition', action='store_true', help='compare the definitions, without the extension')
    arguments = parsed(options)
    random = randoms.Random(arguments.seed)
    started = time.monotonic()

    def told(what):
        print(f'{time.monotonic() - started:6.1f} s  {what}', flush=True)

    application = Application(arguments.config, arguments.database)
    checks = Checks()
    source = Definitions() if arguments.definition else Extension()
    with application.cursor() as cursor:
        source.install(cursor, checks)
    check_bindings(application, checks)
    oracle = Oracle(application, checks, Releases(arguments.releases), source)
    reference = make_reference(application, random)
    told('reference data')
    documents = {}
    for number, kind in enumerate(KINDS):
        count = (arguments.count + len(KINDS) - 1 - number) // len(KINDS)
        documents[kind] = kind.make(application, random, reference, max(count, 20))
        told(f'{kind.document}: {len(documents[kind])} made')
    make_unshowable(application, documents, random)
    if not arguments.definition:
        for kind, keys in documents.items():
            compare_stored(application, checks, oracle, kind, keys)
    compare_chains(application, checks)
    compare_names(application, checks)
    told('stored texts, languages and names compared')
    for kind, keys in documents.items():
        for language in (*COMPARED, 'ca'):
            oracle.compare(kind, keys, language)
        told(f'{kind.document} compared')
        if kind.document == 'patient_evaluation':
            compare_not_finite(application, checks, source, kind, keys[0])
    sys.exit(checks.report())


if __name__ == '__main__':
    main()
