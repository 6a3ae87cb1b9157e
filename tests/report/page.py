#!/usr/bin/env python3
"""Reads a page of report_html() as a browser would, and says what is wrong with it.

    page.py PAGE.html EXPECTED.json

The page must parse without an error by the HTML standard's rules (html5lib, strict), hold no element or attribute that loads or
runs anything, and have a policy that forbids it, with the hash of its own style sheet. EXPECTED is what the database says:
`documents`, `failing`, `gaps`, `certificates`, `policy_time`, and `hostile`, texts that must be on it as text.

The last line is "checks: N passed, N failed".
"""

import base64
import hashlib
import json
import re
import sys

import html5lib

from checks import Checks

HTML = '{http://www.w3.org/1999/xhtml}'
SVG = '{http://www.w3.org/2000/svg}'
ELEMENTS = {
    HTML + name for name in (
        'html head meta title style body header main footer section article h1 h2 h3 p ul li b br span bdi mark table thead '
        'tbody tr th td details summary div').split()
} | {SVG + name for name in 'svg rect title g'.split()}
ATTRIBUTES = {
    'lang', 'charset', 'name', 'content', 'http-equiv', 'class', 'title', 'data-label', 'viewBox', 'preserveAspectRatio', 'role',
    'aria-label', 'aria-hidden', 'x', 'y', 'width', 'height',
}

checks = Checks(shown=100, telling=True)


def check(what, holds, seen=''):
    checks.that(holds, what if holds else f'{what}: {str(seen)[:300]}')


def words(element):
    """The text of an element, with the names of what is not seen put back."""
    out = []

    def walk(node):
        if node.get('class') == 'mark':
            name = ''.join(node.itertext())
            out.append({'␣': ' ', '↵': ''}.get(name) if not name.startswith('U+') else chr(int(name[2:], 16)))
        else:
            out.append(node.text or '')
            for child in node:
                walk(child)
                out.append(child.tail or '')

    walk(element)
    return ''.join(out)


def main(page, expected):
    with open(page, encoding='utf-8', newline='') as file:
        text = file.read()
    with open(expected, encoding='utf-8') as file:
        expected = json.load(file)
    try:
        tree = html5lib.HTMLParser(strict=True).parse(text)
        check('the page parses without an error', True)
    except html5lib.html5parser.ParseError as error:
        check('the page parses without an error', False, error)
        tree = html5lib.parse(text)
    elements = [e for e in tree.iter() if isinstance(e.tag, str)]
    others = {e.tag for e in elements} - ELEMENTS
    check('no element that loads or runs anything', not others, others)
    others = {name for e in elements for name in e.attrib} - ATTRIBUTES
    check('no attribute that loads or runs anything', not others, others)
    style, = [e.text for e in elements if e.tag == HTML + 'style']
    check('the style sheet asks for nothing', not re.search(r'@import|url\s*\(|expression', style), style)
    policy, = [e.get('content') for e in elements if e.get('http-equiv')]
    digest = base64.b64encode(hashlib.sha512(style.encode()).digest()).decode()
    check('the policy allows this style sheet and nothing else', policy == f"default-src 'none'; style-src 'sha512-{digest}'; "
          "base-uri 'none'; form-action 'none'", policy)
    policy_at, style_at = text.index('Content-Security-Policy'), text.index('<style>')
    check('the policy comes before what it is about', policy_at < style_at)
    seen = sorted({c for c in text if c not in '\n' and (ord(c) < 32 or 127 <= ord(c) < 160 or 0x200B <= ord(c) <= 0x200F
                                                         or 0x202A <= ord(c) <= 0x202E or 0x2060 <= ord(c) <= 0x206F)})
    check('no character that is not seen', not seen, seen)
    check('the page is no larger than a browser likes', len(text) < 8_000_000, len(text))

    cards = [[int(b.text.replace(',', '')) for b in e.iter(HTML + 'b')][0]
             for e in elements if e.tag == HTML + 'li' and e.find(HTML + 'b') is not None and e.find(SVG + 'svg') is None]
    numbers = [expected['documents'], expected['failing'], expected['gaps'], expected['certificates']]
    check(f'its numbers are those of the database: {numbers}', cards == numbers, cards)
    sections = {}
    for section in (e for e in elements if e.tag == HTML + 'section'):
        sections[''.join(section.find(HTML + 'h2').itertext()).split(',')[0]] = section
    names = ['Verdicts', 'Documents that do not hold', 'Gaps in the protection', 'Certificates that expire', 'Seals and signatures']
    check('it has these parts: ' + ', '.join(names), list(sections) == names, list(sections))
    legend = [int(li.find(HTML + 'b').text.replace(',', '')) for li in sections['Verdicts'].iter(HTML + 'li')]
    check('the counts below the plots add up', sum(legend) == expected['documents'], legend)
    shown = [e for e in sections['Documents that do not hold'].iter(HTML + 'article')]
    more = [int(b.text.replace(',', '')) for p in sections['Documents that do not hold'] if p.tag == HTML + 'p'
            for b in p.findall(HTML + 'b')[:1]]
    check(f'{len(shown)} shown and {sum(more)} said to be more are all that do not hold',
          len(shown) + sum(more) == expected['failing'] and sum(more) > 0, (len(shown), more))
    for bar in (e for e in elements if e.get('class') == 'bar' and e.get('role')):
        width = sum(int(r.get('width')) for r in bar.iter(SVG + 'rect'))
        check('a bar is as wide as its drawing', width == 1000, width)
    columns = [g for g in sections['Seals and signatures'].iter(SVG + 'g')]
    check('the timeline has columns', len(columns) > 30, len(columns))
    total, = [li.find(HTML + 'b').text for li in sections['Seals and signatures'].iter(HTML + 'li') if 'seals' in ''.join(li.itertext())]
    sealed = [int(n.replace(',', '')) for g in columns for n in re.findall('([0-9,]+) seals', g.find(SVG + 'title').text)]
    check('its columns add up', sum(sealed) == int(total.replace(',', '')) > 3000, (sum(sealed), total))

    texts = {words(e) for e in elements if e.tag == HTML + 'bdi'}
    for hostile in expected['hostile']:
        # The standard has a parser turn CR LF into LF; a carriage return is shown by its name here, so none is lost.
        kept = hostile in texts or any(hostile[:150] == t[:150] for t in texts)
        check(f'on the page as text: {ascii(hostile[:60])}', kept)
    return checks.report()


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
