"""GNU Health itself, running in this process: configuration, pool, and transactions that start with empty caches."""

import argparse
import random as randoms
import sys
from contextlib import contextmanager

from trytond.config import config

# The module that reads the configuration at import must not be imported before start().
ADMINISTRATOR = 1
ROOT = 0


class Application:
    """One GNU Health database.

    configuration: path of a trytond configuration file; database: name of the database.
    """

    def __init__(self, configuration, database):
        config.update_etc(configuration)
        from trytond.pool import Pool
        self.configuration = configuration
        self.database = database
        Pool.start()
        self._pool = Pool(database)
        self._pool.init()

    def model(self, name):
        """The class of a GNU Health model, such as 'party.party'."""
        return self._pool.get(name)

    @contextmanager
    def transaction(self, user=ADMINISTRATOR, readonly=False, **context):
        """A transaction of its own, committed at its end, that sees nothing that an earlier one cached."""
        from trytond.cache import Cache
        from trytond.ir import lang
        from trytond.transaction import Transaction
        Cache.drop(self.database)
        lang._parents.clear()
        with Transaction().start(self.database, user, context=context, readonly=readonly) as transaction:
            yield transaction

    @contextmanager
    def cursor(self):
        """A cursor of a database session that GNU Health knows nothing of, as an ETL job would have; commits."""
        from trytond import backend
        database = backend.Database(self.database).connect()
        connection = database.get_connection()
        try:
            with connection.cursor() as cursor:
                yield cursor
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
        finally:
            database.put_connection(connection)


def parser(description):
    """A parser of what tests/gnuhealth/run.sh tells every part."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument('--config', required=True)
    arguments.add_argument('--database', required=True)
    arguments.add_argument('--seed', type=int, default=None)
    return arguments


def parsed(arguments):
    """What a parser reads, with a seed if none was given; prints the seed, which repeats the run."""
    read = arguments.parse_args()
    if read.seed is None:
        read.seed = randoms.randrange(2 ** 32)
    print(f'seed: {read.seed}', flush=True)
    return read


def main(part, description):
    """Runs a part: a class that is made of an application and a seed, and whose run() gives the exit status."""
    arguments = parsed(parser(description))
    sys.exit(part(Application(arguments.config, arguments.database), arguments.seed).run())
