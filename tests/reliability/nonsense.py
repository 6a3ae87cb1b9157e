"""The functions of the extension, as the catalogue lists them, and arguments for them that are nonsense."""

import itertools

import psycopg2

from harness import rows, run

# By type: what is nonsense, what is empty, what is large, what is nobody's.
NONSENSE = {
    "text": ["'nonsense'", "'failing'", "'1'", "''", "repeat('x', 3000)", "'letter'", "NULL"],
    "text[]": ["ARRAY['nobody@example.org']", "ARRAY[]::text[]", "NULL"],
    "bytea": [r"'\x00ff'", r"'\x'", "NULL"],
    "bigint": ["-1", "NULL"], "integer": ["-1", "NULL"],
    "boolean": ["true", "NULL"], "double precision": ["'NaN'::float8", "NULL"],
    "json": ["""'{"a": 1, "a": 2}'::json""", "'[1e400]'::json", "NULL"],
    "timestamp with time zone": ["now()", "'infinity'::timestamptz", "NULL"],
    "timestamp without time zone": ["'infinity'::timestamp", "NULL"], "date": ["'infinity'::date", "NULL"],
    "regclass": ["'pg_class'::regclass", "'letter'::regclass", "0::regclass", "NULL"],
    "regprocedure": ["'pg_backend_pid()'::regprocedure", "0::regprocedure", "NULL"],
    "name": ["'nonsense'::name", "'subject'::name", "NULL"], "oid": ["0::oid", "NULL"],
}
SESSION = """SELECT current_user, session_user,
    (SELECT string_agg(name || '=' || setting, ',' ORDER BY name) FROM pg_settings WHERE source = 'session'
         OR name IN ('search_path', 'datestyle', 'timezone', 'role', 'plan_cache_mode', 'enable_seqscan')),
    (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype NOT IN ('virtualxid', 'relation')),
    (SELECT count(*) FROM pg_cursors), (SELECT count(*) FROM pg_prepared_statements)"""


def functions(connection):
    """All functions: how to spell a call, and the types of the arguments."""
    listed = rows(connection, """
        SELECT p.oid::regprocedure::text, p.oid::regproc::text, p.prorettype::regtype::text,
               ARRAY(SELECT t::regtype::text FROM unnest(p.proargtypes) t)
          FROM pg_proc p WHERE p.pronamespace = 'health_crypto'::regnamespace AND p.prokind = 'f' ORDER BY 1""")
    for signature, name, returns, types in listed:
        unknown = [t for t in types if t not in NONSENSE]
        if unknown:
            raise AssertionError(f"no nonsense for the types {unknown} of {signature}")
        yield signature, name, returns, types


def refused_calls(connection, name, types, limit=150):
    """Calls that fail, at most six, each for another reason; else calls that do not."""
    reasons, peaceful = {}, []
    for arguments in itertools.islice(itertools.product(*(NONSENSE[t] for t in types)), limit):
        call = f"SELECT * FROM {name}({', '.join(f'{a}::{t}' for a, t in zip(arguments, types))})"
        run(connection, "BEGIN")
        try:
            run(connection, call)
            peaceful.append(call)
        except psycopg2.Error as error:
            reasons.setdefault((error.pgcode, str(error).split("\n", 1)[0]), call)
        run(connection, "ROLLBACK")
    return list(reasons.values())[:6], peaceful[:4], sorted({code for code, _ in reasons})


def prepare(connection):
    """A sealed letter, a document whose definition fails, tables with triggers where they do not belong."""
    run(connection, "INSERT INTO letter (id, subject, state) VALUES (1, 'a', 'sealed')")
    for name in ("guard", "keep", "encrypt_written"):
        timing = "BEFORE" if name == "encrypt_written" else "AFTER"
        run(connection, f"CREATE TABLE strange_{name} (id integer)")
        run(
            connection,
            f"CREATE TRIGGER t {timing} INSERT ON strange_{name} FOR EACH ROW EXECUTE FUNCTION health_crypto.{name}('x', 'y', 'z')")
    run(connection, """
        CREATE TABLE strange_registrations_changed (id integer);
        CREATE TRIGGER t AFTER INSERT ON strange_registrations_changed
            FOR EACH STATEMENT EXECUTE FUNCTION health_crypto.registrations_changed();
        CREATE TABLE failing (id integer PRIMARY KEY, n integer);
        CREATE FUNCTION failing_document(keys integer[], language text) RETURNS TABLE (key integer, n integer)
            LANGUAGE sql STABLE BEGIN ATOMIC SELECT r.id, 1 / r.n FROM failing r WHERE r.id = ANY (keys); END;
        SELECT health_crypto.protect('failing', 'failing', 'failing_document(integer[], text)', add_columns => true);
        CREATE FUNCTION failing_flush() RETURNS void LANGUAGE plpgsql AS $$BEGIN
            INSERT INTO failing VALUES (2, 0); SET CONSTRAINTS ALL IMMEDIATE; END$$;
        ALTER TABLE failing DISABLE TRIGGER USER;
        INSERT INTO failing VALUES (1, 0);
        ALTER TABLE failing ENABLE TRIGGER USER""")
