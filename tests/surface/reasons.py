#!/usr/bin/env python3
"""What sql/privileges.sql grants, and why: one line a grant, for psql to spell the names.

    reasons.py FILE grants   SQL that gives kind, object, grantee=right and reason, as objects.sql has the first three
    reasons.py FILE roles    the roles that have a reason
    reasons.py FILE bare     statements, roles and grants whose reason is missing or is none"""

import re
import sys

SHORTEST = 20
KINDS = {"SCHEMA": "schema", "TYPE": "type", "FUNCTION": "function", None: "relation"}


def statements(text):
    """Each statement with the comment above it. Statements that follow share it up to an empty line; no grant shares one."""
    reason, body, in_comment = "", [], False
    for line in text.splitlines():
        if line.startswith("--"):
            reason = reason + " " + line[2:].strip() if in_comment else line[2:].strip()
            in_comment = True
            continue
        in_comment = False
        if not line.strip():
            reason = ""
            continue
        body.append(line.strip())
        if line.rstrip().endswith(";"):
            statement = " ".join(body).rstrip(";")
            yield statement, reason
            body = []
            if statement.startswith("GRANT"):
                reason = ""
    if body:
        sys.exit(f"error: a statement without an end: {' '.join(body)}")


def roles(text):
    """The roles of the head, with their reasons."""
    head = text.split("\n\n", 1)[0].replace("\n--   ", " ")
    return dict(re.findall(r"^-- role (\w+): (.*)$", head, re.M))


def granted(text):
    """(kind, object, grantee, right, reason) of each grant."""
    for statement, reason in statements(text):
        if not statement.startswith("GRANT"):
            continue
        found = re.fullmatch(r"GRANT (\w+) ON (?:(SCHEMA|TYPE|FUNCTION) )?(.*) TO (\w+)", statement)
        if not found:
            sys.exit(f"error: a grant that this script cannot read: {statement}")
        right, kind, objects, grantee = found.groups()
        for name in re.findall(r"[\w.]+(?:\([^)]*\))?", objects):
            yield KINDS[kind], name, grantee, right, reason


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    if sys.argv[2] == "roles":
        print("\n".join(sorted(roles(text))))
    elif sys.argv[2] == "bare":
        for name, reason in [*roles(text).items(), *statements(text)]:
            if len(reason) < SHORTEST:
                print(name)
    elif sys.argv[2] == "grants":
        cast = {"schema": "regnamespace", "type": "regtype", "function": "regprocedure", "relation": "regclass"}
        lines = ",\n".join(
            f"({quoted(kind)}, {quoted(name)}::{cast[kind]}::text, {quoted(grantee + '=' + right)}, {quoted(reason)})"
            for kind, name, grantee, right, reason in granted(text))
        print(f"""SELECT CASE g.kind WHEN 'relation' THEN
                    (SELECT CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END FROM pg_class c WHERE c.oid = g.name::regclass)
                  ELSE g.kind END || E'\\t' || g.name || E'\\t' || g.access FROM (VALUES {lines}) g (kind, name, access, reason)""")
    else:
        sys.exit(__doc__)


main()
