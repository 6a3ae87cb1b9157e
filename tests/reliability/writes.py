"""Random writes to letters, the same for one session and for many."""

import psycopg2

from harness import run

# A write of a whole row, of a line, of a note; of what is sealed and of what is not. Each takes a letter ({k}), perhaps
# another ({o}), a word ({w}) and a small number ({n}). Rows of a letter are found by the number, so that the same
# choice means the same row again.
LINE = "(SELECT l.id FROM letter_line l WHERE l.letter = {k} ORDER BY l.id OFFSET {n} LIMIT 1)"
NOTE = (
    "(SELECT n.id FROM letter_note n JOIN letter_line l ON l.id = n.line WHERE l.letter = {k}"
    " ORDER BY n.id OFFSET {n} LIMIT 1)"
)
WRITES = {
    "edit subject": (6, "UPDATE letter SET subject = '{w}' WHERE id = {k}"),
    "edit remark": (2, "UPDATE letter SET remark = '{w}' WHERE id = {k}"),
    "edit line": (14, "UPDATE letter_line SET text = '{w}', amount = {n} WHERE id = " + LINE),
    "edit amount": (14, "UPDATE letter_line SET amount = {n} WHERE id = " + LINE),
    "edit all lines": (4, "UPDATE letter_line SET text = '{w}' WHERE letter = {k}"),
    "add line": (8, "INSERT INTO letter_line (letter, text, amount) SELECT id, '{w}', {n} FROM letter WHERE id = {k}"),
    "delete line": (5, "DELETE FROM letter_line WHERE id = " + LINE),
    "move line": (5, "UPDATE letter_line SET letter = {o} WHERE id = " + LINE),
    "add note": (6, "INSERT INTO letter_note (line, note) SELECT id, '{w}' FROM letter_line WHERE id = " + LINE),
    "edit note": (6, "UPDATE letter_note SET note = '{w}' WHERE id = " + NOTE),
    "delete note": (2, "DELETE FROM letter_note WHERE id = " + NOTE),
    "move note": (2, "UPDATE letter_note SET line = (SELECT id FROM letter_line WHERE letter = {o} ORDER BY id LIMIT 1)"
                     " WHERE id = " + NOTE + " AND EXISTS (SELECT FROM letter_line WHERE letter = {o})"),
    "swap subjects": (2, "UPDATE letter a SET subject = b.subject FROM letter b"
                         " WHERE (a.id, b.id) IN (({k}, {o}), ({o}, {k}))"),
    "spoil digest": (2, "UPDATE letter SET document_digest = '{w}', summary_text = '{w}' WHERE id = {k}"),
    "delete letter": (1, "DELETE FROM letter WHERE id = {k}"),
    "insert letter": (2, "INSERT INTO letter (id, subject) VALUES ({k}, '{w}')"
                         " ON CONFLICT (id) DO UPDATE SET subject = 'again'"),
    "merge letter": (2, "MERGE INTO letter r USING (VALUES ({k}), ({o})) v (id) ON r.id = v.id"
                        " WHEN MATCHED AND r.subject = '{w}' THEN DELETE WHEN MATCHED THEN UPDATE SET subject = '{w}'"
                        " WHEN NOT MATCHED THEN INSERT (id, subject) VALUES (v.id, '{w}')"),
    "seal": (2, "UPDATE letter SET state = 'sealed' WHERE id = {k}"),
    "leave state": (1, "UPDATE letter SET state = 'draft' WHERE id = {k}"),
    "seal with a write": (1, "UPDATE letter SET state = 'sealed', subject = '{w}' WHERE id = {k}"),
    "reopen": (5, "SELECT health_crypto.reopen('letter', {k}::bigint, 'test')"),
    "reopen and leave state": (6, "WITH r AS (SELECT health_crypto.reopen('letter', {k}::bigint, 'test'))"
                                  " UPDATE letter SET state = 'draft' FROM r WHERE id = {k}"),
    "flush": (4, "SET CONSTRAINTS ALL IMMEDIATE"),
    "defer": (3, "SET CONSTRAINTS ALL DEFERRED"),
}
NAMES = list(WRITES)
WEIGHTS = [weight for weight, _ in WRITES.values()]

# What a write to letters may be refused by: it is sealed; another session has won; two wait for each other; a key is
# there, or is not there any more; a letter is not sealed and cannot be reopened; a statement that reopens a letter
# which waits for its flush has that flush write the row before it does so itself.
REFUSALS = {"23000", "40001", "40P01", "23505", "23503", "22023", "21000", "27000"}


def write(random, keys, word):
    """One random statement."""
    name = random.choices(NAMES, WEIGHTS)[0]
    text = WRITES[name][1].format(k=random.choice(keys), o=random.choice(keys), w=word, n=random.randrange(4))
    return name, text


def letters(connection, keys, lines=3):
    """Letters with lines and notes to begin with."""
    run(connection, "BEGIN")
    run(connection, "INSERT INTO letter (id, subject) SELECT unnest(%s), 'subject'", (list(keys),))
    run(connection, "INSERT INTO letter_line (letter, text, amount) SELECT k, 'line', n FROM unnest(%s) k, generate_series(1, %s) n",
        (list(keys), lines))
    run(
        connection, "INSERT INTO letter_note (line, note) SELECT id, 'note' FROM letter_line WHERE letter = ANY (%s)",
        (list(keys),))
    run(connection, "COMMIT")


def code(error):
    """The SQLSTATE of an error of psycopg2; None if the connection broke."""
    return error.pgcode if isinstance(error, psycopg2.Error) else None
