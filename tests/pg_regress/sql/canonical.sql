-- canonicalize(): the two profiles, and what they refuse.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\set ECHO all
SELECT health_crypto.canonicalize('{"peach": 1.50, "\u20ac": [1e2, -0, 4.50, 2e-3, 1E30], "a": null}', 'jcs-1');
SELECT health_crypto.canonicalize('{"b": [1.0, 1e-05, 1e16, 5], "a": "\u00e9\n\u0001 \"q\" \\"}', 'gnuhealth-1');
SELECT health_crypto.canonicalize('[true, false, null, 12345678901234567890]', 'gnuhealth');
-- RFC 8785, 3.2.3: names are sorted by UTF-16 code units.
SELECT health_crypto.canonicalize('{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}', 'jcs-1');
\set VERBOSITY sqlstate
SELECT health_crypto.canonicalize('9007199254740993', 'jcs-1');
SELECT health_crypto.canonicalize('1e999', 'jcs-1');
SELECT health_crypto.canonicalize('{"a": 1, "b": {"c": 1, "c": 2}}', 'jcs-1');
SELECT health_crypto.canonicalize('{}', 'xml');
SELECT health_crypto.canonicalize(('[' || repeat('[', 200) || repeat(']', 200) || ']')::json, 'jcs-1');
\set VERBOSITY default
SELECT health_crypto.canonicalize('9007199254740993', 'jcs-1');
SELECT health_crypto.canonicalize(NULL, 'jcs-1') IS NULL AS null_is_null;
-- Python's texts.
SELECT health_crypto.python_repr('it''s'), health_crypto.python_repr('a "b" it''s'), health_crypto.python_repr(E'\n\t\u200b\U0001F600');
SELECT health_crypto.python_repr(5::float8), health_crypto.python_repr(1e16::float8), health_crypto.python_repr(0.00001::float8), health_crypto.python_repr('NaN'::float8);
SELECT health_crypto.python_repr(NULL::text), health_crypto.python_repr(7::bigint), health_crypto.python_repr(true), health_crypto.python_repr(NULL::boolean);
SELECT health_crypto.python_str('2026-01-05 10:30:00'::timestamp), health_crypto.python_str('2026-01-05 10:30:00.5'::timestamp), health_crypto.python_str(NULL::timestamp), health_crypto.python_str('0099-02-28'::date), health_crypto.python_str(NULL::text);
-- U+1FA75 came with Unicode 15 (Python 3.12).
SET health_crypto.python_unicode = '3.11';
SELECT health_crypto.python_repr(U&'\+01FA75');
SET health_crypto.python_unicode = '3.12';
SELECT health_crypto.python_repr(U&'\+01FA75') = '''' || U&'\+01FA75' || '''' AS printable;
RESET health_crypto.python_unicode;
