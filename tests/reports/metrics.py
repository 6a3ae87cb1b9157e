"""The metrics of docs/reports.md, as text and from postgres_exporter, read by Prometheus' own parser.

    metrics.py TEXT_FILE LABEL_FILE URL HOLDER      HOLDER: the user id that must come through every escape unchanged
"""

import sys
import time
import urllib.error
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from checks import Checks

checks = Checks()


def samples(text):
    """Every sample of ours: name, labels and value. The exporter adds which server it asked."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name.startswith('health_crypto_'):
                labels = frozenset((n, v) for n, v in sample.labels.items() if n != 'server')
                checks.that((sample.name, labels) not in found, f'{sample.name} comes once')
                found[sample.name, labels] = family.type, sample.value
    return found


def served(url):
    for _ in range(100):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.read().decode()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    return ''


def main():
    path, label, url, holder = sys.argv[1:]
    with open(path, encoding='utf-8', newline='\n') as file:
        text = samples(file.read())
    checks.equal({name for name, _ in text}, {
        'health_crypto_alert_open', 'health_crypto_certificate_expiry_timestamp_seconds', 'health_crypto_verdict_documents',
        'health_crypto_verification_finished_timestamp_seconds', 'health_crypto_verification_gaps'}, 'kinds of metrics')
    checks.equal({kind for kind, _ in text.values()}, {'gauge'}, 'all are gauges')
    holders = [dict(labels)['holder'] for name, labels in text if name.startswith('health_crypto_certificate')]
    checks.that(holder.replace('\n', '\ufffd') in holders, 'the certificate with a hostile user id')
    with open(label, encoding='utf-8', newline='\n') as file:
        (_, labels), = samples(file.read())
    checks.equal(dict(labels), {'holder': holder}, 'a label of every character that is escaped')
    checks.equal(samples(served(url)), text, 'the exporter serves the same')
    age = time.time() - text['health_crypto_verification_finished_timestamp_seconds', frozenset()][1]
    checks.that(0 <= age + 1 < 300, 'the last verification was just now')
    return checks.report()


if __name__ == '__main__':
    sys.exit(main())
