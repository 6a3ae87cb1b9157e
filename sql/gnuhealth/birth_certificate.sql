-- gnuhealth.birth_certificate get_serial (module health_crypto) of all releases of GNU Health. A template, like
-- common.sql, which comes first.
--
-- Where GNU Health would raise (no country, a name that cannot be put together) the text is 'None': a document must
-- have a digest even if GNU Health cannot show it.
CREATE OR REPLACE FUNCTION gnuhealth_documents.birth_certificate_5_0(keys integer[], language text)
    RETURNS TABLE (key integer, certificate text, "Date" text, "HP" text, "Person" text, "Person_dob" text,
                   "Person_ID" text, "Country" text, "Country_subdivision" text, "Mother" text, "Father" text,
                   "Observations" text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    WITH spoken AS MATERIALIZED (
        SELECT c.languages FROM gnuhealth_documents.language_chain(birth_certificate_5_0.language) c
    ), document AS MATERIALIZED (
        SELECT c.id, c.code, c.dob, c.signed_by, h.party AS professional, c.party, c.country, c.country_subdivision,
               c.mother, c.father, c.observations
          FROM @schema@.gnuhealth_birth_certificate c
          LEFT JOIN @schema@.gnuhealth_healthprofessional h ON h.id = c.signed_by
         WHERE c.id = ANY (birth_certificate_5_0.keys)
    ), person AS MATERIALIZED (
        SELECT p.id, p.dob, p.ref::text AS ref, n.rec_name
          FROM (SELECT professional AS id FROM document UNION SELECT party FROM document
                UNION SELECT mother FROM document UNION SELECT father FROM document) d
          JOIN @schema@.party_party p ON p.id = d.id
         CROSS JOIN LATERAL gnuhealth_documents.party_name(p.id, p.name, p.lastname, p.name_representation) n
    ), place AS MATERIALIZED (
        SELECT n.kind, n.id, COALESCE(t.value, n.name) AS name
          FROM (
                SELECT 1 AS kind, c.id, 'country.country,name' AS field, c.name
                  FROM (SELECT DISTINCT country AS id FROM document) d
                  JOIN @schema@.country_country c ON c.id = d.id
                UNION ALL
                SELECT 2, s.id, 'country.subdivision,name' AS field, s.name
                  FROM (SELECT DISTINCT country_subdivision AS id FROM document) d
                  JOIN @schema@.country_subdivision s ON s.id = d.id
               ) n
         CROSS JOIN spoken s
         CROSS JOIN LATERAL gnuhealth_documents.translation(n.field, n.id, s.languages) t
    )
    SELECT d.id,
           health_crypto.python_str(d.code::text),
           health_crypto.python_str(d.dob),
           CASE WHEN d.signed_by IS NULL THEN '' ELSE COALESCE(professional.rec_name, 'None') END,
           COALESCE(person.rec_name, 'None'),
           health_crypto.python_str(person.dob),
           health_crypto.python_str(person.ref),
           COALESCE(country.name, 'None'),
           CASE WHEN d.country_subdivision IS NULL THEN '' ELSE COALESCE(subdivision.name, 'None') END,
           CASE WHEN d.mother IS NULL THEN '' ELSE COALESCE(mother.rec_name, 'None') END,
           CASE WHEN d.father IS NULL THEN '' ELSE COALESCE(father.rec_name, 'None') END,
           health_crypto.python_str(d.observations)
      FROM document d
      LEFT JOIN person professional ON professional.id = d.professional
      LEFT JOIN person person ON person.id = d.party
      LEFT JOIN person mother ON mother.id = d.mother
      LEFT JOIN person father ON father.id = d.father
      LEFT JOIN place country ON country.kind = 1 AND country.id = d.country
      LEFT JOIN place subdivision ON subdivision.kind = 2 AND subdivision.id = d.country_subdivision;
END;
COMMENT ON FUNCTION gnuhealth_documents.birth_certificate_5_0(integer[], text) IS
    'birth certificates as GNU Health 5.0 (health_crypto) serialises them, in a language; '
    '3.6 to 4.4 wrote the same where their Tryton (before 6.6) shows no flags of countries';

-- With the flag before the country's name.
CREATE OR REPLACE FUNCTION gnuhealth_documents.birth_certificate_4_0(keys integer[], language text)
    RETURNS TABLE (key integer, certificate text, "Date" text, "HP" text, "Person" text, "Person_dob" text,
                   "Person_ID" text, "Country" text, "Country_subdivision" text, "Mother" text, "Father" text,
                   "Observations" text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT n.key, n.certificate, n."Date", n."HP", n."Person", n."Person_dob", n."Person_ID",
           COALESCE(f.flag || ' ', '') || n."Country",
           n."Country_subdivision", n."Mother", n."Father", n."Observations"
      FROM gnuhealth_documents.birth_certificate_5_0(
               birth_certificate_4_0.keys, birth_certificate_4_0.language) n
      JOIN @schema@.gnuhealth_birth_certificate c ON c.id = n.key
      LEFT JOIN @schema@.country_country k ON k.id = c.country
     CROSS JOIN LATERAL gnuhealth_documents.country_flag(k.code::text) f;
END;
COMMENT ON FUNCTION gnuhealth_documents.birth_certificate_4_0(integer[], text) IS
    'birth certificates as GNU Health 4.0 to 4.4 (health_crypto) serialised them, in a language, '
    'where their Tryton (6.6 and later) shows flags of countries';

-- With the names of 3.4.
CREATE OR REPLACE FUNCTION gnuhealth_documents.birth_certificate_3_4(keys integer[], language text)
    RETURNS TABLE (key integer, certificate text, "Date" text, "HP" text, "Person" text, "Person_dob" text,
                   "Person_ID" text, "Country" text, "Country_subdivision" text, "Mother" text, "Father" text,
                   "Observations" text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT n.key, n.certificate, n."Date",
           CASE WHEN c.signed_by IS NULL THEN ''
                ELSE COALESCE(gnuhealth_documents.surname_first(a.name, a.lastname), 'None') END,
           COALESCE(person.rec_name, 'None'),
           n."Person_dob", n."Person_ID", n."Country", n."Country_subdivision",
           CASE WHEN c.mother IS NULL THEN '' ELSE COALESCE(mother.rec_name, 'None') END,
           CASE WHEN c.father IS NULL THEN '' ELSE COALESCE(father.rec_name, 'None') END,
           n."Observations"
      FROM gnuhealth_documents.birth_certificate_5_0(
               birth_certificate_3_4.keys, birth_certificate_3_4.language) n
      JOIN @schema@.gnuhealth_birth_certificate c ON c.id = n.key
      LEFT JOIN @schema@.gnuhealth_healthprofessional h ON h.id = c.signed_by
      LEFT JOIN @schema@.party_party a ON a.id = h.party
      LEFT JOIN @schema@.party_party p ON p.id = c.party
      LEFT JOIN @schema@.party_party m ON m.id = c.mother
      LEFT JOIN @schema@.party_party f ON f.id = c.father
     CROSS JOIN LATERAL gnuhealth_documents.party_name_3_4(p.id, p.name, p.lastname, p.name_representation) person
     CROSS JOIN LATERAL gnuhealth_documents.party_name_3_4(m.id, m.name, m.lastname, m.name_representation) mother
     CROSS JOIN LATERAL gnuhealth_documents.party_name_3_4(f.id, f.name, f.lastname, f.name_representation) father;
END;
COMMENT ON FUNCTION gnuhealth_documents.birth_certificate_3_4(integer[], text) IS
    'birth certificates as GNU Health 3.4 (health_crypto) serialised them, in a language';
