"""Texts that serialisers get wrong."""

AWKWARD = [
    "it's", 'say "x"', '''both ' and "''', 'back\\slash', "\\'", '\\n', '', ' ', '%s', "''", '""', '[]', 'None', '0',
    'tab\there', 'bell\x07', 'escape\x1b[0m', 'delete\x7f', 'c1\x85\x9f', 'nbsp\xa0', 'soft\xadhyphen',
    'zero\u200bwidth\u200c\u200d', 'bom\ufeff', 'rtl\u202eoverride\u202c', 'mark\u200f', 'line\u2028para\u2029',
    'ogham\u1680', 'ideographic\u3000space', 'private\ue000\uf8ff', 'noncharacter\uffff\ufdd0', 'replacement\ufffd',
    'combining e\u0301', 'unassigned\u0378', 'محمد', 'שלום', '漢字', 'ไทย', 'Ünïcödé ß ẞ', 'µg',
    '😀', '👩\u200d⚕\ufe0f', '🇪🇸', '\U0001d49c', '\U000e0001tag', '\U000f0000private', '\U0010ffff', '\U00016fe4',
    '𒀀', '\U0001fae8', '\U0002ebf0', '\u0870', '</script>', '{"a": 1}', '\\u0041', '\ud7ff', '\ue001',
]
LINE_BREAKS = ['\n', '\r\n', '\r', '\n\n', '\x0b', '\x0c', '\x1c']
# What GNU Health refuses in a field of one line (trytond: Char.forbidden_chars).
NOT_IN_A_LINE = {ord(character): None for character in '\t\n\r\x0b\x0c'}
PLAIN = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ,.-áéñç'
# No NUL (PostgreSQL's text cannot hold it) and no surrogates (UTF-8 cannot).
RANGES = [(1, 0x1f), (0x20, 0x7e), (0x7f, 0xff), (0x100, 0x24f), (0x300, 0x36f), (0x5d0, 0x6ff), (0x2000, 0x206f),
          (0x3000, 0x30ff), (0x4e00, 0x4fff), (0xe000, 0xe0ff), (0xfe00, 0xfeff), (0xfff0, 0xffff),
          (0x10000, 0x100ff), (0x1f300, 0x1fbff), (0xe0000, 0xe01ef), (0x100000, 0x1000ff)]


def awkward(random, lines=False):
    """One text: plain, from the list, of random characters, or several of these together."""
    def piece():
        kind = random.randrange(4)
        if kind == 0:
            return ''.join(random.choice(PLAIN) for _ in range(random.randrange(1, 25)))
        if kind in (1, 2):
            return random.choice(AWKWARD)
        low, high = random.choice(RANGES)
        return ''.join(chr(random.randint(low, high)) for _ in range(random.randrange(1, 8)))

    separator = random.choice(LINE_BREAKS) if lines and random.random() < 0.6 else random.choice(['', ' '])
    text = separator.join(piece() for _ in range(random.randrange(1, 5 if lines else 3)))
    return text if lines else text.translate(NOT_IN_A_LINE)


def required(random):
    """A text that is not empty after GNU Health has stripped it."""
    return awkward(random).strip() or 'x'


def maybe(random, value, empty=(None,), probability=0.25):
    """`value`, or sometimes one of `empty`."""
    return random.choice(empty) if random.random() < probability else value
