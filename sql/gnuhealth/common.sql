-- What the definitions of several GNU Health documents share. A template: protect_gnuhealth() puts the quoted schema of
-- GNU Health's tables for @schema@ and runs it with search_path = pg_catalog, pg_temp, so that no operator or function
-- here can be anybody else's. Bodies are BEGIN ATOMIC: names are bound now, and pg_depend knows the columns read.
--
-- Every function returns a table although it gives one row: the planner inlines such a function where it stands in
-- FROM, while a scalar one with a FROM of its own costs 10-20 us a call.

-- trytond: ir.lang get_parent_language. trytond would recurse for ever on parents that form a circle; here the chain ends
-- after 16.
CREATE OR REPLACE FUNCTION gnuhealth_documents.with_parents(language text) RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH RECURSIVE chain (code, depth) AS (
        SELECT with_parents.language, 1
        UNION ALL
        SELECT p.code, chain.depth + 1
          FROM chain
         CROSS JOIN LATERAL (
                SELECT COALESCE((SELECT NULLIF(l.parent::text, '') FROM @schema@.ir_lang l WHERE l.code = chain.code),
                                pg_catalog.substring(chain.code, '^(.*)@'),
                                pg_catalog.substring(chain.code, '^(.*)_'))
               ) p (code)
         WHERE p.code <> '' AND chain.depth < 16
    )
    SELECT pg_catalog.array_agg(chain.code ORDER BY chain.depth) FROM chain;
END;
COMMENT ON FUNCTION gnuhealth_documents.with_parents(text) IS
    'a language and its parents as trytond resolves them, nearest first';

-- trytond: Transaction.language. The nearest language comes first. Most have no parent: then nothing recursive is run, nor
-- set up, which is a tenth of what the definition of one prescription consists of. OFFSET 0 keeps the planner from writing
-- the code's expression out where it is used.
CREATE OR REPLACE FUNCTION gnuhealth_documents.language_chain(language text) RETURNS TABLE (languages text[])
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT CASE WHEN s.code ~ '[@_]'
                  OR EXISTS (SELECT FROM @schema@.ir_lang l WHERE l.code = s.code AND l.parent <> '')
                THEN gnuhealth_documents.with_parents(s.code)
                ELSE ARRAY[s.code]
           END
      FROM (SELECT COALESCE(NULLIF(language_chain.language, ''),
                            (SELECT NULLIF(c.language::text, '') FROM @schema@.ir_configuration c ORDER BY c.id LIMIT 1),
                            'en') AS code
            OFFSET 0) s;
END;
COMMENT ON FUNCTION gnuhealth_documents.language_chain(text) IS
    'a language and its parents as trytond resolves them, nearest first; NULL or empty: the database''s own language';

-- trytond: ir.translation get_ids. A NULL in fuzzy counts as false, as in trytond's search; of several rows for one
-- language the newest is taken. NULL: the value in the record's own table stands, also where it is empty.
-- The nearest language is looked up alone because it mostly has the text, and equality uses the whole index.
CREATE OR REPLACE FUNCTION gnuhealth_documents.translation(field text, record integer, languages text[])
    RETURNS TABLE (value text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT COALESCE(
        (SELECT t.value
           FROM @schema@.ir_translation t
          WHERE t.res_id = translation.record AND t.name = translation.field AND t.type = 'model'
            AND t.lang = translation.languages[1]
            AND t.fuzzy IS NOT TRUE AND t.value <> ''
          ORDER BY t.id DESC
          LIMIT 1),
        CASE WHEN pg_catalog.cardinality(translation.languages) > 1 THEN
            (SELECT t.value
               FROM @schema@.ir_translation t
              WHERE t.res_id = translation.record AND t.name = translation.field AND t.type = 'model'
                AND t.lang = ANY (translation.languages[2:])
                AND t.fuzzy IS NOT TRUE AND t.value <> ''
              ORDER BY pg_catalog.array_position(translation.languages, t.lang::text), t.id DESC
              LIMIT 1)
        END);
END;
COMMENT ON FUNCTION gnuhealth_documents.translation(text, integer, text[]) IS
    'the translation that trytond shows of a field (model,field) of a record, in a chain of languages; NULL: none';

-- GNU Health 5.0: party.party get_rec_name. Its loop over the person's names returns in the first turn, so the first
-- name (by id) decides, and gives an empty text if it is not the official one. Where GNU Health would raise (a last
-- name without a name) the answer is NULL, as for a party without any name. first_name is the id of that name, NULL if
-- there is none; then come its columns, then the party's.
CREATE OR REPLACE FUNCTION gnuhealth_documents.shown_name(
        first_name integer, use text, prefix text, given text, family text, suffix text,
        name text, lastname text, representation text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN shown_name.first_name IS NULL AND shown_name.lastname <> '' THEN shown_name.lastname || ', ' || shown_name.name
        WHEN shown_name.first_name IS NULL THEN shown_name.name
        WHEN shown_name.use IS DISTINCT FROM 'official' THEN ''
        WHEN shown_name.representation = 'pgfs' THEN
            CASE WHEN shown_name.prefix <> '' THEN shown_name.prefix || ' ' ELSE '' END
            || COALESCE(shown_name.given, '') || ' ' || COALESCE(shown_name.family, '')
            || CASE WHEN shown_name.suffix <> '' THEN ', ' || shown_name.suffix ELSE '' END
        WHEN shown_name.representation = 'gf' THEN
            COALESCE(shown_name.given, '') || CASE WHEN shown_name.family <> '' THEN ' ' || shown_name.family ELSE '' END
        WHEN shown_name.representation = 'cjk' THEN COALESCE(shown_name.family, '') || COALESCE(shown_name.given, '')
        WHEN shown_name.representation = 'fg' OR COALESCE(shown_name.representation, '') = '' THEN
            CASE WHEN shown_name.family <> '' THEN shown_name.family || ', ' ELSE '' END || COALESCE(shown_name.given, '')
        ELSE ''
        END;
END;
COMMENT ON FUNCTION gnuhealth_documents.shown_name(integer, text, text, text, text, text, text, text, text) IS
    'the name that GNU Health 5.0 shows of a party (rec_name), from its first person name and its own columns';

-- The same for a single party whose row is at hand. For many at once, join the first names to them instead: this looks
-- each up by itself.
CREATE OR REPLACE FUNCTION gnuhealth_documents.party_name(party integer, name text, lastname text, representation text)
    RETURNS TABLE (rec_name text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT gnuhealth_documents.shown_name(n.id, n.use, n.prefix, n.given, n.family, n.suffix,
                                          party_name.name, party_name.lastname, party_name.representation)
      FROM (SELECT 1) one
      LEFT JOIN LATERAL (
            SELECT f.id, f.use, f.prefix, f.given, f.family, f.suffix
              FROM @schema@.gnuhealth_person_name f
             WHERE f.party = party_name.party
             ORDER BY f.id
             LIMIT 1
           ) n ON true;
END;
COMMENT ON FUNCTION gnuhealth_documents.party_name(integer, text, text, text) IS
    'the name that GNU Health 5.0 shows of a party (rec_name), from its id, name, lastname and name_representation';

-- GNU Health 3.4: party.party get_rec_name had no representation for Chinese, Japanese and Korean names, and gives an
-- empty text for one that it does not know.
CREATE OR REPLACE FUNCTION gnuhealth_documents.party_name_3_4(
        party integer, name text, lastname text, representation text)
    RETURNS TABLE (rec_name text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT n.rec_name
      FROM gnuhealth_documents.party_name(
               party_name_3_4.party, party_name_3_4.name, party_name_3_4.lastname,
               CASE party_name_3_4.representation WHEN 'cjk' THEN 'unknown' ELSE party_name_3_4.representation END) n;
END;
COMMENT ON FUNCTION gnuhealth_documents.party_name_3_4(integer, text, text, text) IS
    'the name that GNU Health 3.4 showed of a party (rec_name), from its id, name, lastname and name_representation';

-- GNU Health 3.4: get_rec_name of gnuhealth.patient and gnuhealth.healthprofessional. NULL where it would raise.
-- This one and those below are scalar because, without a FROM of their own, they are inlined as they are.
CREATE OR REPLACE FUNCTION gnuhealth_documents.surname_first(name text, lastname text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN surname_first.lastname <> '' THEN surname_first.lastname || ', ' || surname_first.name
                ELSE surname_first.name END;
END;
COMMENT ON FUNCTION gnuhealth_documents.surname_first(text, text) IS
    'the name that GNU Health 3.4 showed of a patient or health professional (rec_name), from the party''s columns';

-- Python would write NaN and infinities as they are, which no JSON reader takes; here they become strings, so that a
-- draft that has one has a digest.
CREATE OR REPLACE FUNCTION gnuhealth_documents.json_float(value double precision) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN json_float.value IN ('NaN', 'Infinity', '-Infinity') THEN pg_catalog.to_json(json_float.value::text)
        WHEN json_float.value IS NULL THEN 'null'
        ELSE health_crypto.python_repr(json_float.value)::json
        END;
END;
COMMENT ON FUNCTION gnuhealth_documents.json_float(double precision) IS 'a float as Python writes it in JSON';

CREATE OR REPLACE FUNCTION gnuhealth_documents.json_or_empty(value double precision) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN json_or_empty.value <> 0 THEN gnuhealth_documents.json_float(json_or_empty.value)
                ELSE '""' END;
END;
COMMENT ON FUNCTION gnuhealth_documents.json_or_empty(double precision) IS
    'a float that Python tests with or: an empty text if it is None or zero';

CREATE OR REPLACE FUNCTION gnuhealth_documents.json_or_empty(value integer) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN json_or_empty.value <> 0 THEN json_or_empty.value::text::json ELSE '""' END;
END;
COMMENT ON FUNCTION gnuhealth_documents.json_or_empty(integer) IS
    'an int that Python tests with or: an empty text if it is None or zero';

-- trytond_country 6.6 and later: country.country on_change_with_flag. NULL without a code. Characters so high that
-- their sum is no character are left out; Python would raise.
CREATE OR REPLACE FUNCTION gnuhealth_documents.country_flag(code text) RETURNS TABLE (flag text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT pg_catalog.string_agg(pg_catalog.chr(127397 + pg_catalog.ascii(l.letter)), '' ORDER BY l.place)
      FROM pg_catalog.unnest(pg_catalog.string_to_array(country_flag.code, NULL)) WITH ORDINALITY l (letter, place)
     WHERE pg_catalog.ascii(l.letter) <= 1114111 - 127397;
END;
COMMENT ON FUNCTION gnuhealth_documents.country_flag(text) IS
    'the flag that trytond shows before a country''s name, from the country''s code of two letters';
