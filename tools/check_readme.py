#!/usr/bin/env python3
"""Compares the documentation with what it speaks of.

    tools/check_readme.py [RESULTS]

- README.md between its two quick start comments, and docs/any-table.md between its two: every sql block stands in the
  regression test of that name, in this order, and every text block in the test's output below RESULTS (default:
  tests/pg_regress/expected), directly after the sql block before it;
- every function in README.md's tables, or called there or in docs/ with its schema, exists in sql/functions.sql or
  sql/encryption.sql, and every function there is in a table of README.md;
- every relative link and anchor in the Markdown files resolves;
- META.json is JSON, and its version is that of Cargo.toml.

The last line is "checks: N passed, N failed". White space at the ends of lines does not count: editors remove it.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Documents that show sessions, and the regression test that runs each. The comments <!-- NAME --> and <!-- /NAME -->
# enclose it, NAME being the test's, with spaces.
SESSIONS = {'README.md': 'quick_start', 'docs/any-table.md': 'any_table'}
# Called by triggers only.
INTERNAL = {'guard', 'keep', 'append_only', 'encrypt_written', 'registrations_changed'}

FENCE = re.compile(r'^```(\w*)\n(.*?)^```$', re.MULTILINE | re.DOTALL)
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


def without_empty_lines(text):
    # psql's echo leaves them out.
    return '\n'.join(line for line in text.split('\n') if line)


def position(block, text, start):
    """Where `block` stands in `text` as whole lines, from `start` on: the end of its first place, or None."""
    match = re.compile('^' + re.escape(block.rstrip('\n')) + '$', re.MULTILINE).search(text, start)
    return match and match.end()


def session(checks, document, test, results):
    text = read(ROOT / document)
    script, result = ROOT / 'tests' / 'pg_regress' / 'sql' / f'{test}.sql', results / f'{test}.out'
    title = test.replace('_', ' ')
    start, end = f'<!-- {title} -->', f'<!-- /{title} -->'
    places = [text.count(start), text.count(end)]
    if not checks.that(places == [1, 1], f'{document} has the comments {start} and {end} once each'):
        return
    if not checks.that(result.is_file(), f'{result.name} exists; run: make regress TESTS={test}'):
        return
    shown = text[text.index(start):text.index(end)]
    source, output = read(script), without_empty_lines(read(result))
    in_script = in_output = 0
    seen = {'sql': 0, 'text': 0}
    follows_sql = False
    for language, block in FENCE.findall(shown):
        if language not in seen:
            continue
        seen[language] += 1
        title = f'{document}: {language} block "{block.splitlines()[0].strip() if block.strip() else ""}"'
        if language == 'sql':
            end = position(block, source, in_script)
            if checks.that(end is not None, f'{title} is in {script.name}, after the ones before it'):
                in_script = end
        elif not checks.that(follows_sql, f'{title} follows a sql block'):
            continue
        end = position(without_empty_lines(block), output, in_output)
        if checks.that(end is not None, f'{title} is in {result.name}, after the ones before it'):
            if language == 'text':
                between = output[in_output:end].strip('\n')
                checks.that(between == without_empty_lines(block).strip('\n'),
                            f'{title} is all of the output of the sql block before it')
            in_output = end
        follows_sql = language == 'sql'
    for language, count in seen.items():
        checks.that(count > 0, f'{document} shows {language} blocks')


def functions(checks, readme, others, declarations):
    declared = set(re.findall(r'^CREATE FUNCTION health_crypto\.(\w+)\s*\(', declarations, re.MULTILINE))
    checks.that(bool(declared), 'sql/functions.sql declares functions')
    cells = re.findall(r'^\| ([^|]*\([^|]*) \|', readme, re.MULTILINE)
    listed = set(re.findall(r'`(\w+)\(', ' '.join(cells)))
    for name in sorted(listed | set(re.findall(r'\bhealth_crypto\.(\w+)\(', readme + others))):
        checks.that(name in declared, f'function {name}() of the documentation is in sql/functions.sql')
    for name in sorted(declared - INTERNAL):
        checks.that(name in listed, f'function {name}() of sql/functions.sql is in a table of README.md')


def anchors(path):
    """The anchors of a Markdown file's headings, as GitHub makes them."""
    text = FENCE.sub('', path.read_text(encoding='utf-8'))
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
        text = FENCE.sub('', path.read_text(encoding='utf-8'))
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
    results = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / 'tests' / 'pg_regress' / 'expected'
    checks = Checks()
    for document, test in SESSIONS.items():
        session(checks, document, test, results)
    others = '\n'.join(read(path) for path in sorted((ROOT / 'docs').glob('**/*.md')))
    declarations = read(ROOT / 'sql' / 'functions.sql') + read(ROOT / 'sql' / 'encryption.sql')
    functions(checks, read(ROOT / 'README.md'), others, declarations)
    links(checks, [*sorted(ROOT.glob('*.md')), *sorted((ROOT / 'docs').glob('**/*.md'))])
    metadata(checks, ROOT / 'META.json', ROOT / 'Cargo.toml')
    print(f'checks: {checks.passed} passed, {checks.failed} failed')
    return 1 if checks.failed else 0


if __name__ == '__main__':
    sys.exit(main())
