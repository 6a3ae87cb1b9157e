-- Stand-ins for the functions that the definitions call, so that oracle.py --definition runs without the extension.
-- Needs plpython3u: Python's own repr() is the one to compare with.
CREATE EXTENSION IF NOT EXISTS plpython3u;
CREATE SCHEMA health_crypto;
CREATE FUNCTION health_crypto.python_repr(value text) RETURNS text
    LANGUAGE plpython3u STABLE PARALLEL SAFE AS 'return repr(value)';
CREATE FUNCTION health_crypto.python_repr(value double precision) RETURNS text
    LANGUAGE plpython3u IMMUTABLE PARALLEL SAFE AS 'return repr(value)';
CREATE FUNCTION health_crypto.python_repr(value bigint) RETURNS text
    LANGUAGE plpython3u IMMUTABLE PARALLEL SAFE AS 'return repr(value)';
CREATE FUNCTION health_crypto.python_repr(value boolean) RETURNS text
    LANGUAGE plpython3u IMMUTABLE PARALLEL SAFE AS 'return repr(value)';
CREATE FUNCTION health_crypto.python_str(value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC SELECT COALESCE(value, 'None'); END;
CREATE FUNCTION health_crypto.python_str(value double precision) RETURNS text
    LANGUAGE plpython3u IMMUTABLE PARALLEL SAFE AS 'return repr(value)';
-- The stand-in gets these as PostgreSQL's ISO text, which is str() of a datetime and of a date.
CREATE FUNCTION health_crypto.python_str(value timestamp) RETURNS text
    LANGUAGE plpython3u IMMUTABLE PARALLEL SAFE AS 'return str(value)';
CREATE FUNCTION health_crypto.python_str(value date) RETURNS text
    LANGUAGE plpython3u IMMUTABLE PARALLEL SAFE AS 'return str(value)';
