#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes core/src/canonical/printable_table.rs: which code points Python's repr() escapes, release by release.

    tools/python_printable.py 3.10=PYTHON 3.11=PYTHON 3.12=PYTHON 3.13=PYTHON 3.14=PYTHON [--check] FILE

PYTHON is an interpreter of that release, or PYTHON+MODULE: any interpreter that can import MODULE, a drop-in for
unicodedata of that release's Unicode version (the package unicodedata2 on PyPI, 16.x for Python 3.14). An interpreter
is asked for str.isprintable; a module for the general category, from which CPython derives it: everything but the
categories "C*" and "Z*" is printable, and U+0020 is too (Tools/unicode/makeunicodedata.py).
The first release is the base; the others are written as what changed since the one before.
With --check nothing is written: the exit status says whether FILE is what would be written.
"""

import subprocess
import sys

UNICODE = {"3.10": "13.0.0", "3.11": "14.0.0", "3.12": "15.0.0", "3.13": "15.1.0", "3.14": "16.0.0"}

PROBE = """
import importlib, sys
name = sys.argv[1]
data = importlib.import_module(name or "unicodedata")
print(data.unidata_version)
for code in range(0x110000):
    c = chr(code)
    shown = (c == " " or data.category(c)[0] not in "CZ") if name else c.isprintable()
    if not shown:
        print(code)
"""


def not_printable(release, source):
    """The set of code points that `source` escapes; exits if it is not the release's Unicode version."""
    python, _, module = source.partition("+")
    lines = subprocess.run([python, "-c", PROBE, module], check=True, capture_output=True, text=True).stdout.split()
    if lines[0] != UNICODE[release]:
        sys.exit(f"Python {release} has Unicode {UNICODE[release]}, but the source given has {lines[0]}")
    return {int(code) for code in lines[1:]}


def ranges(codes):
    """Sorted inclusive ranges of a set of code points."""
    result = []
    for code in sorted(codes):
        if result and result[-1][1] == code - 1:
            result[-1][1] = code
        else:
            result.append([code, code])
    return result


def table(codes, indent):
    """The body of a Rust slice literal."""
    cells = [f"(0x{first:x}, 0x{last:x})," for first, last in ranges(codes)]
    lines, line = [], indent
    for cell in cells:
        if len(line) + 1 + len(cell) > 118:
            lines.append(line)
            line = indent
        line += cell if line == indent else " " + cell
    return "\n".join(lines + [line])


def rust(sources):
    """The text of the Rust file."""
    releases = list(sources)
    sets = {release: not_printable(release, source) for release, source in sources.items()}
    names = {release: "Py" + release.replace(".", "") for release in releases}
    base = releases[0]
    parts = [
        "//! Which code points Python's `repr` escapes. Made by tools/python_printable.py; do not edit.",
        "",
        "use super::python::UnicodeVersion;",
        "",
        f"/// Inclusive ranges of what Python {base} (Unicode {UNICODE[base]}) does not count as printable.",
        "#[rustfmt::skip]",
        "pub(super) const NOT_PRINTABLE: &[(u32, u32)] = &[",
        table(sets[base], "    "),
        "];",
        "",
        "/// Inclusive ranges of what became printable, or ceased to be, with a release, oldest release first.",
        "#[rustfmt::skip]",
        "pub(super) const TOGGLED: &[(UnicodeVersion, &[(u32, u32)])] = &[",
    ]
    for before, release in zip(releases, releases[1:]):
        parts += [
            f"    // Unicode {UNICODE[release]}",
            f"    (UnicodeVersion::{names[release]}, &[",
            table(sets[before] ^ sets[release], "        "),
            "    ]),",
        ]
    return "\n".join(parts + ["];", ""])


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--check"]
    sources = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    files = [argument for argument in arguments if "=" not in argument]
    if list(sources) != list(UNICODE) or len(files) != 1:
        sys.exit(__doc__)
    text = rust(sources)
    if "--check" in sys.argv:
        with open(files[0], encoding="utf-8") as file:
            sys.exit(file.read() != text)
    with open(files[0], "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main()
