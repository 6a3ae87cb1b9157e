"""Runs a page as it stands and compares what its blocks print with what it shows.

    run.py run PAGE DIRECTORY [--setup FILE]    all its blocks, in order; the last line is "checks: N passed, N failed"
    run.py extract PAGE DIRECTORY [--all]       puts each named block into DIRECTORY/NAME.sh (.py, .yaml, …), for a test to
                                                run; with --all, no block may be without a name

All sh blocks run in one bash, in DIRECTORY, with errexit and pipefail; of their standard error, PostgreSQL's errors are
shown, after the output. All sql blocks run in one session of psql, as a person types them, and an error does not end it.
The environment says which server (PGHOST and so on). FILE is read by psql first.

A block whose output the page does not show must raise no error.
Lines of commands.tsv are not run here: that file says where they are.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from blocks import NAMED, RUN, blocks, outputs

HERE = Path(__file__).resolve().parent
SECONDS = 300
UNREACHED = '(not reached)'


def commands():
    """The commands that are run elsewhere: command, step, what runs it."""
    lines = (HERE / 'commands.tsv').read_text(encoding='utf-8').splitlines()
    return [line.split('\t') for line in lines if line and not line.startswith('#')]


def bare(text):
    """Without white space at the ends of lines, which editors remove, and empty lines around it."""
    return '\n'.join(line.rstrip() for line in text.split('\n')).strip('\n')


def shown_errors(text):
    """Of a standard error the errors of PostgreSQL and of psql, with details and hints. Programs that say what they do, and
    notices, are left out."""
    shown, of_error = [], False
    for line in text.split('\n'):
        if not line.startswith(('DETAIL:', 'HINT:')):
            of_error = line.startswith(('ERROR', 'psql'))
        if of_error:
            shown.append(line + '\n')
    return ''.join(shown)


class Ended(Exception):
    """The program that blocks are given to is gone."""


class Program:
    """A program that is given one block after the other, and whose end of each is known by a line of its own."""

    END = 'health_crypto: end of block'

    def __init__(self, arguments, place, variables):
        self.process = subprocess.Popen(arguments, cwd=place, env=os.environ | variables, text=True, encoding='utf-8',
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def give(self, text):
        try:
            self.process.stdin.write(text)
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise Ended('it has ended') from error
        printed = []
        for line in self.process.stdout:
            if line.rstrip('\n') == self.END:
                return ''.join(printed)
            printed.append(line)
        raise Ended(''.join(printed))

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Psql(Program):
    def __init__(self, place, setup):
        super().__init__(['psql', '-X', '-q'], place, {})
        if setup:
            path = str(Path(setup).resolve()).replace("'", "''")
            printed = self.run(f"\\set ON_ERROR_STOP on\n\\i '{path}'\n\\set ON_ERROR_STOP off\n")
            if 'ERROR' in printed:
                raise Ended(printed)

    def run(self, text):
        return self.give(f'{text.rstrip()}\n\\echo {self.END!r}\n')


class Bash(Program):
    def __init__(self, place):
        super().__init__(['bash', '--norc', '--noprofile'], place, {})
        self.place, self.number = Path(place), 0
        self.elsewhere = {command for command, *_ in commands()}
        self.give(f'set -euo pipefail\necho {self.END!r}\n')

    def run(self, text):
        self.number += 1
        name = f'block-{self.number}'
        lines = [line for line in text.split('\n') if line.partition('  #')[0].strip() not in self.elsewhere]
        (self.place / f'{name}.sh').write_text('\n'.join(lines), encoding='utf-8')
        # Files, not pipes: a server that a block starts keeps them open.
        try:
            self.give(f'. ./{name}.sh >{name}.out 2>{name}.err </dev/null\necho {self.END!r}\n')
        except Ended as ended:
            read = [(self.place / f'{name}.{end}').read_text(encoding='utf-8') for end in ('out', 'err')]
            raise Ended(''.join(read)) from ended
        printed = (self.place / f'{name}.out').read_text(encoding='utf-8')
        errors = (self.place / f'{name}.err').read_text(encoding='utf-8')
        return printed + shown_errors(errors)


def run(page, place, setup):
    pairs = outputs(blocks(page.read_text(encoding='utf-8')))
    programs, passed, failed, over = {}, 0, 0, False
    for block, shown in pairs:
        try:
            if over:
                raise Ended(UNREACHED)
            if block.language not in programs:
                programs[block.language] = Psql(place, setup) if block.language == 'sql' else Bash(place)
            printed = programs[block.language].run(block.text)
            if shown:
                holds = bare(printed) == bare(shown.text)
            else:
                holds = not re.search(r'^(ERROR|FATAL|PANIC|psql):', printed, re.MULTILINE)
        except Ended as ended:
            printed, holds, over = str(ended), False, True
        passed, failed = passed + holds, failed + (not holds)
        if not holds and printed != UNREACHED:
            print(f'FAILED: {page.name}, {block}\n--- shown\n{shown.text if shown else ""}--- printed\n{printed}')
    for program in programs.values():
        program.close()
    if not pairs:
        print(f'FAILED: {page.name} has nothing to run')
        failed += 1
    print(f'checks: {passed} passed, {failed} failed')
    return 1 if failed else 0


def extract(page, place, every):
    for block in blocks(page.read_text(encoding='utf-8')):
        if block.is_run and (block.comment != 'run' or not block.words):
            if every:
                sys.exit(f'{page.name}, {block}: has no name')
        if block.comment == 'run':
            target = place / f'{block.words}.{(RUN | NAMED)[block.language]}'
            if target.exists():
                sys.exit(f'{page.name}, {block}: two blocks of one name')
            target.write_text(block.text, encoding='utf-8')
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('what', choices=['run', 'extract'])
    parser.add_argument('page', type=Path)
    parser.add_argument('directory', type=Path)
    parser.add_argument('--setup', type=Path)
    parser.add_argument('--all', action='store_true')
    arguments = parser.parse_args()
    signal.alarm(SECONDS)
    if arguments.what == 'extract':
        return extract(arguments.page, arguments.directory, arguments.all)
    return run(arguments.page, arguments.directory, arguments.setup)


if __name__ == '__main__':
    sys.exit(main())
