"""Compares the documentation with what it speaks of.

    tools/docs.sh check

- every code block of README.md and docs/ names its language; every sql and sh block is run by a test, which pages.tsv
  names for its page, or has a comment with the reason why not; every text block follows a block whose output it is, or
  has such a comment. That what is printed is what is shown, the tests see when they run the page;
- of the commands of commands.tsv, each is on the README, and the script of its step has it;
- every `make` target that a page names exists;
- every function in README.md's tables, or called there or in docs/ with its schema, exists in sql/functions.sql or
  sql/encryption.sql, and every function there is in a table of README.md;
- every relative link and anchor in the Markdown files resolves;
- META.json is JSON, and its version is that of Cargo.toml.

The last line is "checks: N passed, N failed".
"""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

from blocks import NAMED, RUN, SHOWN, blocks, prose
from run import commands

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Called by triggers and by the extension itself.
INTERNAL = {'guard', 'keep', 'append_only', 'encrypt_written', 'registrations_changed', 'tables_changed', 'before_triggers'}
# A reason has at least so many characters.
REASON = 30

LINK = re.compile(r'(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)')


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def that(self, holds, what):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f'FAILED: {what}')
        return holds


def read(path):
    """The lines of a file as one text, without white space at their ends."""
    return '\n'.join(line.rstrip() for line in path.read_text(encoding='utf-8').split('\n'))


def steps():
    """What continuous integration runs, by step: a command line of words."""
    listed = subprocess.run([ROOT / 'tools' / 'test.sh', '--list'], check=True, capture_output=True, text=True).stdout
    return {step: command.split() or [''] for step, command in (line.split('\t') for line in listed.splitlines())}


def pages(checks, files, run):
    """What runs each page, and that no block is left out."""
    rows = [line.split('\t') for line in (HERE / 'pages.tsv').read_text(encoding='utf-8').splitlines()
            if line and not line.startswith('#')]
    runs = {row: (step, script) for row, step, script in rows}
    known = [*RUN, *NAMED, *SHOWN]
    for row, (step, script) in runs.items():
        page, _, name = row.partition('#')
        checks.that((ROOT / page).is_file(), f'pages.tsv: there is no {page}')
        checks.that(run.get(step, [''])[0] == script, f'pages.tsv: step {step} of tools/test.sh runs {script}')
        source = read(ROOT / script)
        checks.that('tools/docs.sh' in source and page in source and name in source, f'pages.tsv: {script} runs {row}')
    for path in files:
        page = path.relative_to(ROOT).as_posix()
        found = blocks(path.read_text(encoding='utf-8'))
        for number, block in enumerate(found):
            title = f'{page}, {block}'
            if not checks.that(block.language in known, f'{title}: a fence with one of {", ".join(known)}'):
                continue
            if block.comment in ('not run', 'not output'):
                checks.that(len(block.words) >= REASON, f'{title}: "{block.comment}" gives its reason')
                checks.that((block.comment == 'not run') == (block.language not in SHOWN),
                            f'{title}: "{block.comment}" is said of such a block')
            elif block.language in RUN:
                checks.that(page in runs, f'{title}: pages.tsv names the test that runs {page}')
            elif block.language in NAMED:
                checks.that(f'{page}#{block.words}' in runs, f'{title}: has a name, and pages.tsv the test that takes it')
            elif block.language == 'text':
                before = found[number - 1] if number else None
                checks.that(before and before.is_run, f'{title}: is the output of a block before it')


def readme_commands(checks, readme, run):
    shown = [line.partition('  #')[0].strip() for block in blocks(readme) if block.language == 'sh'
             for line in block.text.split('\n')]
    listed = commands()
    for command, step, words in listed:
        checks.that(command in shown, f'commands.tsv: the README shows {command}')
        if step == 'all':
            # The script of continuous integration itself.
            checks.that('exec make test' in read(ROOT / words), f'commands.tsv: {words} runs {command}')
            continue
        call = run.get(step, [''])
        checks.that(call[0] != '' and (words == ' '.join(call) or words in read(ROOT / call[0])),
                    f'commands.tsv: step {step} of tools/test.sh runs {command}, as: {words}')
    known = {command for command, *_ in listed}
    for line in shown:
        if re.match(r'(make|tools/|tests/|bench/|cargo)\b', line):
            # Everything else is run by tests/pages/run.sh.
            checks.that(line in known, f'the README shows a command that commands.tsv does not know: {line}')


def make_targets(checks, files):
    targets = set(re.findall(r'^([a-z-]+):', read(ROOT / 'Makefile'), re.MULTILINE))
    for path in files:
        for target in re.findall(r'`make ([a-z-]+)[^`]*`', prose(path.read_text(encoding='utf-8'))):
            checks.that(target in targets, f'{path.relative_to(ROOT)}: make {target} is a target of the Makefile')


def functions(checks, readme, others, declarations):
    declared = set(re.findall(r'^CREATE FUNCTION health_crypto\.(\w+)\s*\(', declarations, re.MULTILINE))
    checks.that(bool(declared), 'sql/functions.sql declares functions')
    cells = re.findall(r'^\| ([^|]*\([^|]*) \|', readme, re.MULTILINE)
    listed = set(re.findall(r'`(\w+)\(', ' '.join(cells)))
    for name in sorted(listed | set(re.findall(r'\bhealth_crypto\.(\w+)\(', readme + others))):
        checks.that(name in declared, f'function {name}() of the documentation is in sql/functions.sql')
    for name in sorted(declared - INTERNAL):
        checks.that(name in listed, f'function {name}() of sql/functions.sql is in a table of README.md')


@cache
def anchors(path):
    """The anchors of a Markdown file's headings, as GitHub makes them."""
    text = prose(path.read_text(encoding='utf-8'))
    made = set()
    for heading in re.findall(r'^#+ +(.*?)\s*$', text, re.MULTILINE):
        plain = re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-')
        anchor, number = plain, 0
        while anchor in made:
            number += 1
            anchor = f'{plain}-{number}'
        made.add(anchor)
    return made


def links(checks, files):
    for path in files:
        text = prose(path.read_text(encoding='utf-8'))
        for target in LINK.findall(text):
            if re.match(r'[a-z][a-z0-9+.-]*:', target):
                continue
            name, _, anchor = target.partition('#')
            linked = (path.parent / name).resolve() if name else path
            what = f'link {target} of {path.relative_to(ROOT)}'
            if not checks.that(linked.exists() and linked.is_relative_to(ROOT), what):
                continue
            if anchor and linked.suffix == '.md':
                checks.that(anchor in anchors(linked), f'{what}: there is no such heading')


def metadata(checks, meta, cargo):
    try:
        content = json.loads(meta.read_text(encoding='utf-8'))
    except ValueError as error:
        checks.that(False, f'META.json: {error}')
        return
    missing = [key for key in ('abstract', 'license', 'maintainer', 'meta-spec', 'name', 'provides', 'version')
               if key not in content]
    checks.that(not missing, f'META.json has what PGXN requires; missing: {", ".join(missing)}')
    version = re.search(r'^version = "([^"]+)"', cargo.read_text(encoding='utf-8'), re.MULTILINE).group(1)
    checks.that(content.get('version') == version, f'version of META.json is that of Cargo.toml, {version}')
    for name, provided in content.get('provides', {}).items():
        checks.that(provided.get('version') == version, f'version of {name} in META.json is {version}')
        for key in ('file', 'docfile'):
            checks.that((ROOT / provided.get(key, '?')).is_file(), f'{key} of {name} in META.json exists')


def main():
    checks = Checks()
    shown = [ROOT / 'README.md', *sorted((ROOT / 'docs').glob('**/*.md'))]
    files = sorted({*ROOT.glob('*.md'), *shown})
    run = steps()
    pages(checks, shown, run)
    readme_commands(checks, read(ROOT / 'README.md'), run)
    make_targets(checks, files)
    others = '\n'.join(read(path) for path in shown[1:])
    declarations = read(ROOT / 'sql' / 'functions.sql') + read(ROOT / 'sql' / 'encryption.sql')
    functions(checks, read(ROOT / 'README.md'), others, declarations)
    links(checks, files)
    metadata(checks, ROOT / 'META.json', ROOT / 'Cargo.toml')
    print(f'checks: {checks.passed} passed, {checks.failed} failed')
    return 1 if checks.failed else 0


if __name__ == '__main__':
    sys.exit(main())
