"""The metrics of docs/reports.md, as text and from postgres_exporter, read by Prometheus' own parser.

    metrics.py TEXT_FILE LABEL_FILE URL HOLDER      HOLDER: the user id that must come through every escape unchanged
"""

import sys
import time
import urllib.error
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

passed = failed = 0


def check(what, expected, actual):
    global passed, failed
    if expected == actual:
        passed += 1
    else:
        failed += 1
        print(f'FAILED: {what}: expected {expected!r}, got {actual!r}')


def samples(text):
    """Every sample of ours: name, labels and value. The exporter adds which server it asked."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name.startswith('health_crypto_'):
                labels = frozenset((n, v) for n, v in sample.labels.items() if n != 'server')
                check(f'{sample.name} comes once', False, (sample.name, labels) in found)
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
    check('kinds of metrics', {
        'health_crypto_alert_open', 'health_crypto_certificate_expiry_timestamp_seconds', 'health_crypto_verdict_documents',
        'health_crypto_verification_finished_timestamp_seconds', 'health_crypto_verification_gaps'}, {name for name, _ in text})
    check('all are gauges', {'gauge'}, {kind for kind, _ in text.values()})
    holders = [dict(labels)['holder'] for name, labels in text if name.startswith('health_crypto_certificate')]
    check('the certificate with a hostile user id', True, holder.replace('\n', '\ufffd') in holders)
    with open(label, encoding='utf-8', newline='\n') as file:
        (_, labels), = samples(file.read())
    check('a label of every character that is escaped', {'holder': holder}, dict(labels))
    check('the exporter serves the same', text, samples(served(url)))
    age = time.time() - text['health_crypto_verification_finished_timestamp_seconds', frozenset()][1]
    check('the last verification was just now', True, 0 <= age + 1 < 300)
    print(f'checks: {passed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
