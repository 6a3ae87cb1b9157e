"""Compares what GNU Health writes for a document with what the database gives, in every language.

Run with the Python of GNU Health's virtual environment. Prints the seed; exits with 1 on any difference.
"""

import argparse
import hashlib
import json
import random as randoms
import sys

from application import Application
from checks import Checks
from prescriptions import MODEL, make_prescriptions
from reference import LANGUAGES, make_reference

# None: the database's own language. sr_RS@latin and xx are in no table of GNU Health's.
COMPARED = (*LANGUAGES, None, '', 'es_MX', 'sr_RS@latin', 'xx')


def expected_texts(application, keys, language):
    """GNU Health's own texts by key, each computed in a transaction with empty caches."""
    context = {} if language is None else {'language': language}
    with application.transaction(readonly=True, **context):
        Order = application.model(MODEL)
        return {order.id: Order.get_serial(order) for order in Order.browse(keys)}


def defined_texts(application, keys, language):
    """The same from the definition's rows, put through json.dumps here: for use without the extension."""
    with application.cursor() as cursor:
        cursor.execute('SELECT * FROM gnuhealth_documents.prescription_5_0(%s, %s)', (keys, language))
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row)) for row in cursor.fetchall()]
    return {row.pop('key'): json.dumps(row, ensure_ascii=False) for row in rows}


def serialized_texts(application, keys, language):
    """The same from the extension."""
    with application.cursor() as cursor:
        cursor.execute("SELECT k, health_crypto.serialize('prescription', k::bigint, %s) FROM unnest(%s) k",
                       (language, keys))
        return dict(cursor.fetchall())


def compare(application, checks, keys, language, texts_of):
    expected = expected_texts(application, keys, language)
    found = texts_of(application, keys, language)
    one_by_one = {}
    for key in keys[:20]:
        one_by_one.update(texts_of(application, [key], language))
    checks.equal(sorted(found), sorted(expected), f'keys in {language}')
    for key in keys:
        checks.equal(found.get(key), expected[key], f'prescription {key} in {language}')
        if key in one_by_one:
            checks.equal(one_by_one[key], expected[key], f'prescription {key} alone in {language}')


def compare_stored(application, checks, keys):
    """With the extension, the columns of every draft follow its content in the database's own language."""
    expected = expected_texts(application, keys, None)
    with application.cursor() as cursor:
        cursor.execute('SELECT id, serializer, document_digest FROM gnuhealth_prescription_order WHERE id = ANY (%s)',
                       (keys,))
        for key, text, digest in cursor.fetchall():
            checks.equal(text, expected[key], f'stored text of prescription {key}')
            checks.equal(digest, hashlib.sha512(expected[key].encode()).hexdigest(),
                         f'stored digest of prescription {key}')


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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--config', required=True)
    parser.add_argument('--database', required=True)
    parser.add_argument('--count', type=int, default=300)
    parser.add_argument('--seed', type=int, default=None)
    parser.add_argument('--definition', action='store_true', help='compare the definition, without the extension')
    arguments = parser.parse_args()
    seed = randoms.randrange(2 ** 32) if arguments.seed is None else arguments.seed
    print(f'seed: {seed}', flush=True)
    random = randoms.Random(seed)
    application = Application(arguments.config, arguments.database)
    checks = Checks()
    if not arguments.definition:
        with application.cursor() as cursor:
            cursor.execute('CREATE EXTENSION IF NOT EXISTS health_crypto')
            cursor.execute('SELECT * FROM health_crypto.protect_gnuhealth()')
    reference = make_reference(application, random)
    keys = make_prescriptions(application, random, reference, arguments.count)
    texts_of = defined_texts if arguments.definition else serialized_texts
    check_bindings(application, checks)
    if not arguments.definition:
        compare_stored(application, checks, keys)
    compare_chains(application, checks)
    compare_names(application, checks)
    for language in (*COMPARED, 'ca'):
        compare(application, checks, keys, language, texts_of)
    sys.exit(checks.report())


if __name__ == '__main__':
    main()
