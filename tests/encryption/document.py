#!/usr/bin/env python3
"""Runs the commands of a Markdown file as they stand and compares what they print with what the file shows.

    document.py FILE DIRECTORY

All `sh` blocks run in one bash, in DIRECTORY, in order. A `text` block is the whole output of the `sh` block before it, errors
of psql included. The last line is "checks: N passed, N failed"."""

import re
import subprocess
import sys
from pathlib import Path

FENCE = re.compile(r'^```(\w*)\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def steps(text):
    """The commands with the output that is shown for each."""
    found = []
    for language, block in FENCE.findall(text):
        if language == 'sh':
            found.append([block, ''])
        elif language == 'text':
            found[-1][1] = block
    return found


def main():
    document, place = Path(sys.argv[1]).read_text(encoding='utf-8'), Path(sys.argv[2])
    commands = steps(document)
    script = 'set -euo pipefail\n'
    for number, (command, _) in enumerate(commands):
        (place / f'{number}.sh').write_text(command, encoding='utf-8')
        # gpg speaks on stderr; of psql's stderr the errors are part of what is shown.
        script += f'. ./{number}.sh > {number}.out 2> >(grep -E "^(ERROR|HINT|DETAIL|psql)" >> {number}.out || true)\nsleep 0.1\n'
    (place / 'all.sh').write_text(script, encoding='utf-8')
    run = subprocess.run(['bash', 'all.sh'], cwd=place, text=True, capture_output=True, check=False)
    passed = failed = 0
    for number, (command, expected) in enumerate(commands):
        output = place / f'{number}.out'
        printed = output.read_text(encoding='utf-8') if output.exists() else '(not reached)'
        if printed.strip() == expected.strip():
            passed += 1
        else:
            failed += 1
            print(f'FAILED:\n{command}--- shown\n{expected}--- printed\n{printed}')
    if run.returncode:
        print(run.stderr)
    print(f'checks: {passed} passed, {failed} failed')
    return 1 if failed or run.returncode else 0


if __name__ == '__main__':
    sys.exit(main())
