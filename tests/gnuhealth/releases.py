"""What older releases of GNU Health write, by their own code, for records of the GNU Health that runs.

releases.sh puts the packages' sources into a directory. Only single functions are taken out of them, and they get the
records through a thin layer that knows how attributes were called then.
"""

import ast
import hashlib
import json
from functools import cached_property
from pathlib import Path

# GNU Health 5.0 renamed these.
RENAMED = {
    ('gnuhealth.medicament', 'name'): 'product',
    ('gnuhealth.patient', 'name'): 'party',
    ('gnuhealth.healthprofessional', 'name'): 'party',
    ('gnuhealth.birth_certificate', 'name'): 'party',
    ('gnuhealth.death_certificate', 'name'): 'party',
}
NAMED = ('party.party', 'gnuhealth.patient', 'gnuhealth.healthprofessional')


class Record:
    """A record as a release knew it: attributes by their old names, rec_name by the release's own functions."""

    def __init__(self, record, names):
        self._record = record
        self._names = names

    def __getattr__(self, name):
        model = self._record.__name__
        if name == 'rec_name' and model in self._names:
            return self._names[model](self, name)
        return self._wrapped(getattr(self._record, RENAMED.get((model, name), name)))

    def _wrapped(self, value):
        from trytond.model import ModelStorage
        if isinstance(value, ModelStorage):
            return Record(value, self._names)
        if isinstance(value, (list, tuple)):
            return [self._wrapped(item) for item in value]
        return value


class Releases:
    """The packages of a directory, each in one named like `gnuhealth-crypto 3.4.0`."""

    def __init__(self, directory):
        self._directory = Path(directory)

    def serialiser(self, kind, generation):
        """A function from a record of the running GNU Health to the text of that generation."""
        module = self._module(generation.package, f'health_crypto{"_lab" if "-lab " in generation.package else ""}.py')
        serial = module.method(lambda c: c.name == kind.serialiser, 'get_serial')
        names = {}
        if generation.names:
            names = {name: self._module(generation.names, 'health.py').method(
                lambda c, name=name: model_of(c) == name, 'get_rec_name') for name in NAMED}
        if not generation.flags:
            # trytond_country before 6.6 has no function for it: a country is shown by its name.
            names['country.country'] = lambda country, _: str(country.name)

        def text(record):
            text = serial(None, Record(record, names))
            if generation.without:
                text = json.dumps({name: value for name, value in json.loads(text).items()
                                   if name not in generation.without}, ensure_ascii=False)
            return text
        return text

    def _module(self, package, file):
        found = list((self._directory / package).rglob(file))
        if len(found) != 1:
            raise FileNotFoundError(f'{file} of {package}: found {len(found)}; run releases.sh')
        return Module(found[0])


class Module:
    """A Python source of which only some functions are run."""

    def __init__(self, path):
        self._path = path

    def method(self, chosen, name):
        """The function `name` of the only class that is `chosen` and has it, without its decorators."""
        found = [item for c in self._tree.body if isinstance(c, ast.ClassDef) and chosen(c) for item in c.body
                 if isinstance(item, ast.FunctionDef) and item.name == name]
        if len(found) != 1:
            raise LookupError(f'{name} in {self._path}: found {len(found)}')
        found[0].decorator_list = []
        # The class that writes JSON and takes the hash is the release's own too.
        helpers = [c for c in self._tree.body if isinstance(c, ast.ClassDef) and c.name == 'HealthCrypto']
        namespace = {'json': json, 'hashlib': hashlib}
        exec(compile(ast.Module([*helpers, found[0]], []), str(self._path), 'exec'), namespace)
        return namespace[name]

    @cached_property
    def _tree(self):
        return ast.parse(self._path.read_text())


def model_of(definition):
    """The __name__ that a class statement gives to its model."""
    for item in definition.body:
        if isinstance(item, ast.Assign) and getattr(item.targets[0], 'id', None) == '__name__':
            return getattr(item.value, 'value', None)
    return None
