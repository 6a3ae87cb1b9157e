"""GNU Health's own look at its digests: check_digest() of prescriptions, which its client calls when it shows one.

    check_digest.py CONFIGURATION DATABASE COUNT

Does it once for each line of its input, in a transaction of its own that reads COUNT sealed prescriptions in one go, so that
GNU Health fetches records by the thousand and keeps them, which is when it is fastest. Prints the seconds that it took by the
clock and in processor time (this process's and its database session's together). Fails if GNU Health calls any altered.
"""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tests', 'gnuhealth'))
from application import Application  # noqa: E402


def processor_seconds(backend):
    """Of this process and of a database session, by the kernel's count."""
    with open(f'/proc/{backend}/stat', encoding='ascii') as stat:
        fields = stat.read().rsplit(')', 1)[1].split()
    return time.process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def main():
    configuration, database, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    application = Application(configuration, database)
    prescription = application.model('gnuhealth.prescription.order')

    def measured():
        with application.transaction(readonly=True, language='es') as transaction:
            cursor = transaction.connection.cursor()
            cursor.execute('SELECT pg_backend_pid()')
            backend = cursor.fetchone()[0]
            records = prescription.search([('state', '=', 'validated')], order=[('id', 'ASC')], limit=count)
            wall, processor = time.perf_counter(), processor_seconds(backend)
            altered = sum(bool(record.check_digest('digest_status')) for record in records)
            wall, processor = time.perf_counter() - wall, processor_seconds(backend) - processor
        if len(records) != count or altered:
            sys.exit(f'{len(records)} of {count} prescriptions are there, and GNU Health calls {altered} altered')
        return wall, processor

    # The first is not counted: it imports and loads.
    measured()
    for _ in sys.stdin:
        print(*measured(), flush=True)


main()
