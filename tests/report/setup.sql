-- A database with much to report, on top of fixtures/lived_in.sql: hostile names, keys and values, an expired certificate and one
-- that expires soon, seals of three years.
--
--     psql -v data=tests/pg_regress/data -f tests/report/setup.sql
\set ON_ERROR_STOP on
SET client_min_messages = warning;
\set hostile `cat "$data/hostile.asc"`
\set expired `cat "$data/expired.asc"`
SELECT health_crypto.import_certificate(c) FROM unnest(ARRAY[:'hostile', :'expired']) c \g /dev/null
CREATE TABLE note (id text PRIMARY KEY, body text, extra jsonb, state text NOT NULL DEFAULT 'draft', digest text, serializer text, signature text);
CREATE FUNCTION note_1(keys text[], language text) RETURNS TABLE (key text, "Body <b>" text, "Extra" jsonb) LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT n.id, n.body, n.extra FROM note n WHERE n.id = ANY (keys); END;
SELECT health_crypto.protect('note', 'note', 'note_1(text[], text)', digest_column => 'digest', signature_column => 'signature', state_column => 'state', sealed_states => '{final}') \g /dev/null
-- Each is a key, and a text that is replaced by the one after it.
CREATE TABLE hostile (n integer GENERATED ALWAYS AS IDENTITY, value text);
INSERT INTO hostile (value) VALUES
    ('<script>alert(1)</script>'), ('</bdi></td></table></article></main></body><h1>gone</h1>'), ('"><img src=http://example.org/x onerror=alert(2)>'),
    (''' onmouseover=''alert(3)'), (']]></svg><!-- --><![CDATA['), ('&lt;b&gt;&amp;&#60;script&#62;'), ('<style>@import "http://example.org/x"</style>'),
    ('</title><meta http-equiv=refresh content="0;url=http://example.org/">'), (E'\u202Egnp.exe\u202C right to left'), (E'zero\u200Bwidth\u2060\uFEFFjoined'),
    (E'control \u0001\u001B[31m\u007F\u0085\u009B'), (E'lines\nof\r\ntext\ttab  two spaces '), (E'مريم \u200Fحداد'), ('אבג (דהו) 123'), ('🇦🇷 👩🏽‍⚕️ ❤️'),
    (E'\uFDD0\uFFFE'), (repeat('long ', 3000)), ('{{7*7}} ${7*7} <%= 7*7 %>'), ('javascript:alert(4)'), (U&'\00A0\3000no\00ADspace');
INSERT INTO note (id, body, extra) SELECT value, value, jsonb_build_object(value, ARRAY[value]) FROM hostile;
UPDATE note SET state = 'final';
INSERT INTO note (id, body, state) SELECT 'note ' || n, 'what holds', 'final' FROM generate_series(1, 3000) n;
INSERT INTO note (id, body) SELECT 'draft ' || n, 'not yet' FROM generate_series(1, 400) n;
-- More that do not hold than a page shows, the last by their keys.
INSERT INTO note (id, body, state) SELECT U&'\+10FFF0 ' || lpad(n::text, 3, '0'), 'what does not', 'final' FROM generate_series(1, 100) n;
-- As if it had been going on for three years.
ALTER TABLE health_crypto.register_entry DISABLE TRIGGER append_only;
UPDATE health_crypto.register_entry SET at = at - entry % 1100 * interval '1 day' - (entry % 37) * (entry % 29) * interval '4 hours' WHERE document = 'note';
ALTER TABLE health_crypto.register_entry ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE note DISABLE TRIGGER ALL;
UPDATE note SET body = h.next, extra = jsonb_build_object(note.id, ARRAY[h.next, NULL])
  FROM (SELECT value, lead(value, 1, 'last') OVER (ORDER BY n) AS next FROM hostile) h WHERE note.id = h.value;
UPDATE note SET body = 'what did not' WHERE id LIKE U&'\+10FFF0%';
