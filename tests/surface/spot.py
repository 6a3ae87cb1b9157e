"""What pgspot is to read: the generated install script, statement by statement, in a form that it understands.

    python3 spot.py SCRIPT >SCRIPT-FOR-PGSPOT

pgspot 0.9 fails on a function with BEGIN ATOMIC. The names in such a body are looked up when the function is created, as
those of a statement of the script itself are; so its statements are given to pgspot as statements of the script, and
nothing of them is left unread.
"""

import sys

from pglast import ast, parse_sql
from pglast.stream import RawStream


def statements(node):
    """The statements of an SQL body, which pglast gives as tuples in tuples."""
    if isinstance(node, tuple):
        for part in node:
            yield from statements(part)
    else:
        yield node


def main():
    with open(sys.argv[1], encoding='utf-8') as file:
        script = file.read()
    raw = script.encode()
    for statement in parse_sql(script):
        end = statement.stmt_location + statement.stmt_len if statement.stmt_len else None
        node = statement.stmt
        if isinstance(node, ast.CreateFunctionStmt) and node.sql_body is not None:
            body = list(statements(node.sql_body))
            assert body, 'an SQL body without statements'
            for part in body:
                print(RawStream()(part) + ';')
            # The function itself as if written in C, which is what it is to pgspot: nothing is looked up when it is called.
            node.sql_body = None
            node.options = [o for o in node.options if o.defname != 'language']
            print(RawStream()(node).rstrip(';') + " LANGUAGE c AS 'body', 'above';")
        else:
            print(raw[statement.stmt_location:end].decode().strip() + ';')


if __name__ == '__main__':
    main()
