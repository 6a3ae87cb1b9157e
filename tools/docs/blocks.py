"""The code blocks of a Markdown page, as CommonMark sees them.

A comment directly before a block says something about it:

    <!-- run: NAME -->            a test takes it by that name: a file of another program, or commands that run several times
    <!-- not run: REASON -->      it is not run
    <!-- not output: REASON -->   text that is not the output of the block before it
"""

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt

# What may stand on a page, by the ending of a file of it. A block of another language, or of none, could be SQL that
# nothing runs.
RUN = {'sql': 'sql', 'sh': 'sh'}
NAMED = {'python': 'py', 'yaml': 'yaml'}
SHOWN = {'text': 'txt'}
COMMENT = re.compile(r'<!--\s*(run|not run|not output):\s*(.*?)\s*-->\s*', re.DOTALL)


@dataclass
class Block:
    language: str       # of the fence; '' of one without, None of an indented block
    text: str
    line: int           # counted from 1
    comment: str | None  # 'run', 'not run', 'not output'
    words: str          # of that comment

    @property
    def is_run(self):
        return self.language in RUN and self.comment != 'not run'

    @property
    def is_output(self):
        return self.language == 'text' and self.comment != 'not output'

    def __str__(self):
        first = self.text.strip().split('\n')[0]
        return f'line {self.line}, {self.language or "no language"}: {first[:60]}'


def blocks(source):
    """All code blocks of a page, in order. A sql or sh block is followed by its output, if the page shows it."""
    found, comment = [], None
    for token in MarkdownIt('commonmark').parse(source):
        if token.type == 'html_block':
            comment = COMMENT.fullmatch(token.content)
            continue
        if token.type in ('fence', 'code_block'):
            language = token.info.strip() if token.type == 'fence' else None
            kind, words = comment.groups() if comment else (None, '')
            found.append(Block(language, token.content, token.map[0] + 1, kind, ' '.join(words.split())))
        comment = None
    return found


def outputs(found):
    """Pairs of a block that is run and the block that shows its output, or None."""
    pairs = []
    for number, block in enumerate(found):
        if block.is_run:
            following = found[number + 1] if number + 1 < len(found) else None
            pairs.append((block, following if following and following.is_output else None))
    return pairs


def prose(source):
    """The page without its code blocks, whose lines are left empty."""
    lines = source.split('\n')
    for token in MarkdownIt('commonmark').parse(source):
        if token.type in ('fence', 'code_block'):
            start, end = token.map
            lines[start:end] = [''] * (end - start)
    return '\n'.join(lines)
