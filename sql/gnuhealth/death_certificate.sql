-- gnuhealth.death_certificate get_serial (module health_crypto) of all releases of GNU Health. A template, like
-- common.sql, which comes first.
--
-- Where GNU Health would raise (no country, no cause, a name that cannot be put together) the text is 'None': a
-- document must have a digest even if GNU Health cannot show it.
CREATE OR REPLACE FUNCTION gnuhealth_documents.death_certificate_5_0(keys integer[], language text)
    RETURNS TABLE (key integer, certificate text, "Date" text, "HP" text, "Person" text, "Person_dob" text,
                   "Person_ID" text, "Cod" text, "Underlying_conditions" json, "Autopsy" boolean,
                   "Type_of_death" text, "Place_of_death" text, "Country" text, "Country_subdivision" text,
                   "Observations" text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    WITH spoken AS MATERIALIZED (
        SELECT c.languages FROM gnuhealth_documents.language_chain(death_certificate_5_0.language) c
    ), document AS MATERIALIZED (
        SELECT c.id, c.code, c.dod, c.signed_by, h.party AS professional, c.party, c.cod, c.autopsy, c.type_of_death,
               c.place_of_death, c.country, c.country_subdivision, c.observations
          FROM @schema@.gnuhealth_death_certificate c
          LEFT JOIN @schema@.gnuhealth_healthprofessional h ON h.id = c.signed_by
         WHERE c.id = ANY (death_certificate_5_0.keys)
    ), condition AS MATERIALIZED (
        SELECT u.id, u.death_certificate, u.condition, u.interval, u.unit_of_time
          FROM @schema@.gnuhealth_death_underlying_condition u
         WHERE u.death_certificate = ANY (death_certificate_5_0.keys)
    ), person AS MATERIALIZED (
        SELECT p.id, p.dob, p.ref::text AS ref, n.rec_name
          FROM (SELECT professional AS id FROM document UNION SELECT party FROM document) d
          JOIN @schema@.party_party p ON p.id = d.id
         CROSS JOIN LATERAL gnuhealth_documents.party_name(p.id, p.name, p.lastname, p.name_representation) n
    ), word AS MATERIALIZED (
        SELECT n.kind, n.id, n.prefix || COALESCE(t.value, n.name) AS text
          FROM (
                SELECT 1 AS kind, c.id, 'country.country,name' AS field, '' AS prefix, c.name
                  FROM (SELECT DISTINCT country AS id FROM document) d
                  JOIN @schema@.country_country c ON c.id = d.id
                UNION ALL
                SELECT 2, s.id, 'country.subdivision,name' AS field, '', s.name
                  FROM (SELECT DISTINCT country_subdivision AS id FROM document) d
                  JOIN @schema@.country_subdivision s ON s.id = d.id
                UNION ALL
                SELECT 3, p.id, 'gnuhealth.pathology,name' AS field, p.code || ' : ', p.name
                  FROM (SELECT cod AS id FROM document UNION SELECT condition FROM condition) d
                  JOIN @schema@.gnuhealth_pathology p ON p.id = d.id
               ) n
         CROSS JOIN spoken s
         CROSS JOIN LATERAL gnuhealth_documents.translation(n.field, n.id, s.languages) t
    ), conditions AS MATERIALIZED (
        SELECT c.death_certificate, pg_catalog.json_agg(
                   pg_catalog.json_build_array(COALESCE(w.text, 'None'), c.interval, c.unit_of_time) ORDER BY c.id
               ) AS list
          FROM condition c
          LEFT JOIN word w ON w.kind = 3 AND w.id = c.condition
         GROUP BY c.death_certificate
    )
    SELECT d.id,
           health_crypto.python_str(d.code::text),
           health_crypto.python_str(d.dod),
           CASE WHEN d.signed_by IS NULL THEN '' ELSE COALESCE(professional.rec_name, 'None') END,
           COALESCE(person.rec_name, 'None'),
           health_crypto.python_str(person.dob),
           health_crypto.python_str(person.ref),
           COALESCE(cause.text, 'None'),
           COALESCE(conditions.list, '""'),
           d.autopsy,
           health_crypto.python_str(d.type_of_death::text),
           health_crypto.python_str(d.place_of_death::text),
           COALESCE(country.text, 'None'),
           CASE WHEN d.country_subdivision IS NULL THEN '' ELSE COALESCE(subdivision.text, 'None') END,
           health_crypto.python_str(d.observations)
      FROM document d
      LEFT JOIN person professional ON professional.id = d.professional
      LEFT JOIN person person ON person.id = d.party
      LEFT JOIN word country ON country.kind = 1 AND country.id = d.country
      LEFT JOIN word subdivision ON subdivision.kind = 2 AND subdivision.id = d.country_subdivision
      LEFT JOIN word cause ON cause.kind = 3 AND cause.id = d.cod
      LEFT JOIN conditions ON conditions.death_certificate = d.id;
END;
COMMENT ON FUNCTION gnuhealth_documents.death_certificate_5_0(integer[], text) IS
    'death certificates as GNU Health 5.0 (health_crypto) serialises them, in a language; '
    '3.6 to 4.4 wrote the same where their Tryton (before 6.6) shows no flags of countries';

-- With the flag before the country's name.
CREATE OR REPLACE FUNCTION gnuhealth_documents.death_certificate_4_0(keys integer[], language text)
    RETURNS TABLE (key integer, certificate text, "Date" text, "HP" text, "Person" text, "Person_dob" text,
                   "Person_ID" text, "Cod" text, "Underlying_conditions" json, "Autopsy" boolean,
                   "Type_of_death" text, "Place_of_death" text, "Country" text, "Country_subdivision" text,
                   "Observations" text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT n.key, n.certificate, n."Date", n."HP", n."Person", n."Person_dob", n."Person_ID", n."Cod",
           n."Underlying_conditions", n."Autopsy", n."Type_of_death", n."Place_of_death",
           COALESCE(f.flag || ' ', '') || n."Country",
           n."Country_subdivision", n."Observations"
      FROM gnuhealth_documents.death_certificate_5_0(
               death_certificate_4_0.keys, death_certificate_4_0.language) n
      JOIN @schema@.gnuhealth_death_certificate c ON c.id = n.key
      LEFT JOIN @schema@.country_country k ON k.id = c.country
     CROSS JOIN LATERAL gnuhealth_documents.country_flag(k.code::text) f;
END;
COMMENT ON FUNCTION gnuhealth_documents.death_certificate_4_0(integer[], text) IS
    'death certificates as GNU Health 4.0 to 4.4 (health_crypto) serialised them, in a language, '
    'where their Tryton (6.6 and later) shows flags of countries';

-- With the names of 3.4.
CREATE OR REPLACE FUNCTION gnuhealth_documents.death_certificate_3_4(keys integer[], language text)
    RETURNS TABLE (key integer, certificate text, "Date" text, "HP" text, "Person" text, "Person_dob" text,
                   "Person_ID" text, "Cod" text, "Underlying_conditions" json, "Autopsy" boolean,
                   "Type_of_death" text, "Place_of_death" text, "Country" text, "Country_subdivision" text,
                   "Observations" text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT n.key, n.certificate, n."Date",
           CASE WHEN c.signed_by IS NULL THEN ''
                ELSE COALESCE(gnuhealth_documents.surname_first(a.name, a.lastname), 'None') END,
           COALESCE(person.rec_name, 'None'),
           n."Person_dob", n."Person_ID", n."Cod", n."Underlying_conditions", n."Autopsy", n."Type_of_death",
           n."Place_of_death", n."Country", n."Country_subdivision", n."Observations"
      FROM gnuhealth_documents.death_certificate_5_0(
               death_certificate_3_4.keys, death_certificate_3_4.language) n
      JOIN @schema@.gnuhealth_death_certificate c ON c.id = n.key
      LEFT JOIN @schema@.gnuhealth_healthprofessional h ON h.id = c.signed_by
      LEFT JOIN @schema@.party_party a ON a.id = h.party
      LEFT JOIN @schema@.party_party p ON p.id = c.party
     CROSS JOIN LATERAL gnuhealth_documents.party_name_3_4(p.id, p.name, p.lastname, p.name_representation) person;
END;
COMMENT ON FUNCTION gnuhealth_documents.death_certificate_3_4(integer[], text) IS
    'death certificates as GNU Health 3.4 (health_crypto) serialised them, in a language';
