-- gnuhealth.lab get_serial (module health_crypto_lab) of all releases of GNU Health. A template, like common.sql,
-- which comes first.
--
-- Where GNU Health would raise (no type of test, a name that cannot be put together; until 4.2 no professional or no
-- patient) the text is 'None': a document must have a digest even if GNU Health cannot show it.

-- The analytes of each test as Python's str() of a list; no row for a test without analytes. An analyte's name is
-- translated line by line, because each line has a name of its own; units are translated once.
CREATE OR REPLACE FUNCTION gnuhealth_documents.lab_test_lines(keys integer[], language text, units boolean)
    RETURNS TABLE (test integer, lines text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    WITH spoken AS MATERIALIZED (
        SELECT c.languages FROM gnuhealth_documents.language_chain(lab_test_lines.language) c
    ), line AS MATERIALIZED (
        SELECT l.id, l.gnuhealth_lab_id, l.sequence, COALESCE(t.value, l.name, '') AS name, l.result, l.units,
               l.result_text, l.remarks
          FROM @schema@.gnuhealth_lab_test_critearea l
         CROSS JOIN spoken s
         CROSS JOIN LATERAL gnuhealth_documents.translation(
                   'gnuhealth.lab.test.critearea,name', l.id, s.languages) t
         WHERE l.gnuhealth_lab_id = ANY (lab_test_lines.keys)
    ), unit AS MATERIALIZED (
        SELECT u.id, health_crypto.python_repr(COALESCE(t.value, u.name, '')) AS text
          FROM (SELECT DISTINCT units AS id FROM line WHERE lab_test_lines.units) d
          JOIN @schema@.gnuhealth_lab_test_units u ON u.id = d.id
         CROSS JOIN spoken s
         CROSS JOIN LATERAL gnuhealth_documents.translation('gnuhealth.lab.test.units,name', u.id, s.languages) t
    )
    SELECT l.gnuhealth_lab_id, '[' || pg_catalog.string_agg(
               '[' || health_crypto.python_repr(l.name)
               || ', ' || CASE WHEN l.result <> 0 THEN health_crypto.python_repr(l.result) ELSE '''''' END
               || CASE WHEN lab_test_lines.units THEN ', ' || COALESCE(unit.text, '''''') ELSE '' END
               || ', ' || health_crypto.python_repr(COALESCE(l.result_text, ''))
               || ', ' || health_crypto.python_repr(COALESCE(l.remarks, '')) || ']',
               ', ' ORDER BY l.sequence, l.id) || ']'
      FROM line l
      LEFT JOIN unit ON unit.id = l.units
     GROUP BY l.gnuhealth_lab_id;
END;
COMMENT ON FUNCTION gnuhealth_documents.lab_test_lines(integer[], text, boolean) IS
    'the analytes of lab tests as GNU Health writes them, in a language, with or without their units';

-- All of a test but its analytes. Professional and patient are NULL where the test names none.
CREATE OR REPLACE FUNCTION gnuhealth_documents.lab_test_head(keys integer[], language text)
    RETURNS TABLE (key integer, name text, test text, specimen_type text, professional text, source_type text,
                   patient text, other_source text, patient_id text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    WITH spoken AS MATERIALIZED (
        SELECT c.languages FROM gnuhealth_documents.language_chain(lab_test_head.language) c
    ), document AS MATERIALIZED (
        SELECT l.id, l.name, l.test, l.specimen_type, l.requestor, h.party AS requestor_party, l.source_type,
               l.patient, p.party AS patient_party, l.other_source
          FROM @schema@.gnuhealth_lab l
          LEFT JOIN @schema@.gnuhealth_healthprofessional h ON h.id = l.requestor
          LEFT JOIN @schema@.gnuhealth_patient p ON p.id = l.patient
         WHERE l.id = ANY (lab_test_head.keys)
    ), person AS MATERIALIZED (
        SELECT p.id, p.ref::text AS ref, n.rec_name
          FROM (SELECT requestor_party AS id FROM document UNION SELECT patient_party FROM document) d
          JOIN @schema@.party_party p ON p.id = d.id
         CROSS JOIN LATERAL gnuhealth_documents.party_name(p.id, p.name, p.lastname, p.name_representation) n
    ), type AS MATERIALIZED (
        SELECT y.id, COALESCE(t.value, y.name) AS name
          FROM (SELECT DISTINCT test AS id FROM document) d
          JOIN @schema@.gnuhealth_lab_test_type y ON y.id = d.id
         CROSS JOIN spoken s
         CROSS JOIN LATERAL gnuhealth_documents.translation('gnuhealth.lab.test_type,name', y.id, s.languages) t
    )
    SELECT d.id,
           health_crypto.python_str(d.name::text),
           COALESCE(type.name, 'None'),
           health_crypto.python_str(d.specimen_type::text),
           CASE WHEN d.requestor IS NOT NULL THEN COALESCE(professional.rec_name, 'None') END,
           health_crypto.python_str(d.source_type::text),
           CASE WHEN d.patient IS NOT NULL THEN COALESCE(patient.rec_name, 'None') END,
           health_crypto.python_str(d.other_source::text),
           CASE WHEN d.patient IS NOT NULL THEN health_crypto.python_str(patient.ref) END
      FROM document d
      LEFT JOIN person professional ON professional.id = d.requestor_party
      LEFT JOIN person patient ON patient.id = d.patient_party
      LEFT JOIN type ON type.id = d.test;
END;
COMMENT ON FUNCTION gnuhealth_documents.lab_test_head(integer[], text) IS
    'what GNU Health writes of lab tests besides their analytes, in a language';

CREATE OR REPLACE FUNCTION gnuhealth_documents.lab_test_5_0(keys integer[], language text)
    RETURNS TABLE (key integer, "Lab_test" text, "Test" text, "Specimen_type" text, "HP" text, "Source_type" text,
                   "Patient" text, "Other_source" text, "Patient_ID" text, "Analyte_line" text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT h.key, h.name, h.test, h.specimen_type, COALESCE(h.professional, ''), h.source_type,
           COALESCE(h.patient, ''), h.other_source, COALESCE(h.patient_id, ''), COALESCE(l.lines, '[]')
      FROM gnuhealth_documents.lab_test_head(lab_test_5_0.keys, lab_test_5_0.language) h
      LEFT JOIN gnuhealth_documents.lab_test_lines(lab_test_5_0.keys, lab_test_5_0.language, true) l
             ON l.test = h.key;
END;
COMMENT ON FUNCTION gnuhealth_documents.lab_test_5_0(integer[], text) IS
    'lab tests as GNU Health 5.0 (health_crypto_lab) serialises them, in a language';

-- Without the type of specimen.
CREATE OR REPLACE FUNCTION gnuhealth_documents.lab_test_4_4(keys integer[], language text)
    RETURNS TABLE (key integer, "Lab_test" text, "Test" text, "HP" text, "Source_type" text, "Patient" text,
                   "Other_source" text, "Patient_ID" text, "Analyte_line" text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT h.key, h.name, h.test, COALESCE(h.professional, ''), h.source_type, COALESCE(h.patient, ''),
           h.other_source, COALESCE(h.patient_id, ''), COALESCE(l.lines, '[]')
      FROM gnuhealth_documents.lab_test_head(lab_test_4_4.keys, lab_test_4_4.language) h
      LEFT JOIN gnuhealth_documents.lab_test_lines(lab_test_4_4.keys, lab_test_4_4.language, true) l
             ON l.test = h.key;
END;
COMMENT ON FUNCTION gnuhealth_documents.lab_test_4_4(integer[], text) IS
    'lab tests as GNU Health 4.4 (health_crypto_lab) serialised them, in a language';

-- Only of patients, and ordered by a professional. 4.2.2 would raise for an analyte without a unit.
CREATE OR REPLACE FUNCTION gnuhealth_documents.lab_test_4_2(keys integer[], language text)
    RETURNS TABLE (key integer, "Lab_test" text, "Test" text, "HP" text, "Patient" text, "Patient_ID" text,
                   "Analyte_line" text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT h.key, h.name, h.test, COALESCE(h.professional, 'None'), COALESCE(h.patient, 'None'),
           COALESCE(h.patient_id, 'None'), COALESCE(l.lines, '[]')
      FROM gnuhealth_documents.lab_test_head(lab_test_4_2.keys, lab_test_4_2.language) h
      LEFT JOIN gnuhealth_documents.lab_test_lines(lab_test_4_2.keys, lab_test_4_2.language, true) l
             ON l.test = h.key;
END;
COMMENT ON FUNCTION gnuhealth_documents.lab_test_4_2(integer[], text) IS
    'lab tests as GNU Health 4.2.2 and 4.2.3 (health_crypto_lab) serialised them, in a language';

-- Without units.
CREATE OR REPLACE FUNCTION gnuhealth_documents.lab_test_3_6(keys integer[], language text)
    RETURNS TABLE (key integer, "Lab_test" text, "Test" text, "HP" text, "Patient" text, "Patient_ID" text,
                   "Analyte_line" text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT h.key, h.name, h.test, COALESCE(h.professional, 'None'), COALESCE(h.patient, 'None'),
           COALESCE(h.patient_id, 'None'), COALESCE(l.lines, '[]')
      FROM gnuhealth_documents.lab_test_head(lab_test_3_6.keys, lab_test_3_6.language) h
      LEFT JOIN gnuhealth_documents.lab_test_lines(lab_test_3_6.keys, lab_test_3_6.language, false) l
             ON l.test = h.key;
END;
COMMENT ON FUNCTION gnuhealth_documents.lab_test_3_6(integer[], text) IS
    'lab tests as GNU Health 3.6 to 4.2.1 (health_crypto_lab) serialised them, in a language';

-- Professional and patient by the last name and name of the party.
CREATE OR REPLACE FUNCTION gnuhealth_documents.lab_test_3_4(keys integer[], language text)
    RETURNS TABLE (key integer, "Lab_test" text, "Test" text, "HP" text, "Patient" text, "Patient_ID" text,
                   "Analyte_line" text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT n.key, n."Lab_test", n."Test",
           COALESCE(gnuhealth_documents.surname_first(a.name, a.lastname), 'None'),
           COALESCE(gnuhealth_documents.surname_first(b.name, b.lastname), 'None'),
           n."Patient_ID", n."Analyte_line"
      FROM gnuhealth_documents.lab_test_3_6(lab_test_3_4.keys, lab_test_3_4.language) n
      JOIN @schema@.gnuhealth_lab d ON d.id = n.key
      LEFT JOIN @schema@.gnuhealth_healthprofessional h ON h.id = d.requestor
      LEFT JOIN @schema@.party_party a ON a.id = h.party
      LEFT JOIN @schema@.gnuhealth_patient p ON p.id = d.patient
      LEFT JOIN @schema@.party_party b ON b.id = p.party;
END;
COMMENT ON FUNCTION gnuhealth_documents.lab_test_3_4(integer[], text) IS
    'lab tests as GNU Health 3.4 (health_crypto_lab) serialised them, in a language';
