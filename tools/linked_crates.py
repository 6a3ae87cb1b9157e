#!/usr/bin/env python3
"""Prints every crate that is linked into the extension, with its licence and the notices that it came with.

    tools/linked_crates.py [--features pg15]

Licences ask that their notices go with the binary. cargo knows what is linked and where its files lie. A crate
without a file of its own is named with its authors and its licence.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTICE = re.compile(r'(licen[cs]e|copying|copyright|notice|unlicense)([-._].*)?', re.IGNORECASE)


def cargo(*arguments):
    return subprocess.run(['cargo', *arguments], cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE).stdout


def linked(features):
    """(name, version) of what is linked: no build tools, no procedural macros, no tests."""
    tree = cargo('tree', '--locked', '--edges', 'normal,no-proc-macro', '--prefix', 'none', '--no-default-features',
                 '--features', features, '--format', '{p}')
    return {tuple(line.split()[:2]) for line in tree.splitlines() if line}


def notices(directory):
    files = [path for path in sorted(directory.iterdir()) if path.is_file() and NOTICE.fullmatch(path.name)]
    return [(path.name, path.read_text(encoding='utf-8', errors='replace').strip()) for path in files]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--features', default='pg15')
    features = parser.parse_args().features
    wanted = linked(features)
    metadata = json.loads(cargo('metadata', '--locked', '--format-version', '1', '--no-default-features',
                                '--features', features))
    own = set(metadata['workspace_members'])
    crates = [package for package in metadata['packages']
              if (package['name'], 'v' + package['version']) in wanted and package['id'] not in own]
    if len(crates) < 10:
        sys.exit('error: cargo names hardly any crate')
    crates.sort(key=lambda package: (package['name'], package['version']))
    print('Crates that are linked into health_crypto, of the versions and checksums in its Cargo.lock.\n')
    texts = {}
    for package in crates:
        print(f"{package['name']} {package['version']}: {package['license'] or 'see its notice'}")
        if package['authors']:
            print('    by ' + ', '.join(package['authors']))
        for name, text in notices(Path(package['manifest_path']).parent):
            key = hashlib.sha256(text.encode()).hexdigest()[:8]
            texts.setdefault(key, text)
            print(f'    {name}: notice {key}')
    for key, text in texts.items():
        print(f'\n{"-" * 100}\nnotice {key}\n\n{text}')


if __name__ == '__main__':
    main()
