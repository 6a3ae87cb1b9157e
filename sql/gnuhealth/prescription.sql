-- gnuhealth.prescription.order get_serial (module health_crypto) of all releases of GNU Health. A template, like
-- common.sql, which comes first.
--
-- Where GNU Health would raise (no health professional, a health professional or patient whose name cannot be put
-- together) the text is 'None': a document must have a digest even if GNU Health cannot show it.
--
-- Words (product, unit, route, form, indication) and names are translated and quoted once for each word in the set of
-- documents and joined to the lines, not once a line. The CTEs are MATERIALIZED so that the planner keeps it so.
-- Processor time on PostgreSQL 15, two busy cores, 1000 keys of two lines each: 23 us a document with 300 products and
-- 300 indications in use, 43 us where no two lines share one. One key: 0.4 ms, and 3 ms of planning if no plan is kept.

-- The lines of each prescription as Python's str() of a list; no row for a prescription without lines.
CREATE OR REPLACE FUNCTION gnuhealth_documents.prescription_lines(keys integer[], language text, dose_units boolean)
    RETURNS TABLE (prescription integer, lines text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    WITH spoken AS MATERIALIZED (
        SELECT c.languages FROM gnuhealth_documents.language_chain(prescription_lines.language) c
    ), line AS MATERIALIZED (
        SELECT l.id, l.presc_order, l.medicament, l.dose, l.dose_unit, l.route, l.form, l.indication, l.short_comment
          FROM @schema@.gnuhealth_prescription_line l
         WHERE l.presc_order = ANY (prescription_lines.keys)
    ), used AS MATERIALIZED (
        -- Each word's record once; the other columns are NULL. Five times SELECT DISTINCT read the lines five times.
        SELECT l.medicament, l.dose_unit, l.route, l.form, l.indication
          FROM line l
         GROUP BY GROUPING SETS (l.medicament, l.dose_unit, l.route, l.form, l.indication)
    ), name AS (
        SELECT 1 AS kind, m.id, 'product.template,name' AS field, b.id AS record, b.name
          FROM (SELECT medicament AS id FROM used) d
          JOIN @schema@.gnuhealth_medicament m ON m.id = d.id
          JOIN @schema@.product_product a ON a.id = m.product
          JOIN @schema@.product_template b ON b.id = a.template
        UNION ALL
        SELECT 2, u.id, 'gnuhealth.dose.unit,name' AS field, u.id, u.name
          FROM (SELECT dose_unit AS id FROM used WHERE prescription_lines.dose_units) d
          JOIN @schema@.gnuhealth_dose_unit u ON u.id = d.id
        UNION ALL
        SELECT 3, r.id, 'gnuhealth.drug.route,name' AS field, r.id, r.name
          FROM (SELECT route AS id FROM used) d
          JOIN @schema@.gnuhealth_drug_route r ON r.id = d.id
        UNION ALL
        SELECT 4, f.id, 'gnuhealth.drug.form,name' AS field, f.id, f.name
          FROM (SELECT form AS id FROM used) d
          JOIN @schema@.gnuhealth_drug_form f ON f.id = d.id
        UNION ALL
        SELECT 5, i.id, 'gnuhealth.pathology,name' AS field, i.id, i.name
          FROM (SELECT indication AS id FROM used) d
          JOIN @schema@.gnuhealth_pathology i ON i.id = d.id
    ), word AS MATERIALIZED (
        -- As gnuhealth_documents.translation(), for all words at once: 22.8 us a document instead of 25.5, of 5000. OFFSET 0
        -- so that each is looked up by index: for one document the planner would read all translations.
        SELECT DISTINCT ON (n.kind, n.id)
               n.kind, n.id, health_crypto.python_repr(COALESCE(t.value, n.name, '')) AS text
          FROM name n
         CROSS JOIN spoken s
          LEFT JOIN LATERAL (
                SELECT x.id, x.lang, x.value
                  FROM @schema@.ir_translation x
                 WHERE x.res_id = n.record AND x.name = n.field AND x.type = 'model'
                   AND x.lang = ANY (s.languages) AND x.fuzzy IS NOT TRUE AND x.value <> ''
                OFFSET 0
               ) t ON true
         ORDER BY n.kind, n.id, pg_catalog.array_position(s.languages, t.lang::text), t.id DESC
    )
    SELECT l.presc_order, '[' || pg_catalog.string_agg(
               '[' || COALESCE(product.text, '''''')
               || ', ' || CASE WHEN l.dose <> 0 THEN health_crypto.python_repr(l.dose) ELSE '''''' END
               || CASE WHEN prescription_lines.dose_units THEN ', ' || COALESCE(unit.text, '''''') ELSE '' END
               || ', ' || COALESCE(route.text, '''''')
               || ', ' || COALESCE(form.text, '''''')
               || ', ' || COALESCE(indication.text, '''''')
               || ', ' || health_crypto.python_repr(COALESCE(l.short_comment::text, '')) || ']',
               ', ' ORDER BY l.id) || ']'
      FROM line l
      LEFT JOIN word product ON product.kind = 1 AND product.id = l.medicament
      LEFT JOIN word unit ON unit.kind = 2 AND unit.id = l.dose_unit
      LEFT JOIN word route ON route.kind = 3 AND route.id = l.route
      LEFT JOIN word form ON form.kind = 4 AND form.id = l.form
      LEFT JOIN word indication ON indication.kind = 5 AND indication.id = l.indication
     GROUP BY l.presc_order;
END;
COMMENT ON FUNCTION gnuhealth_documents.prescription_lines(integer[], text, boolean) IS
    'the lines of prescriptions as GNU Health writes them, in a language, with or without the unit of the dose';

-- All of a prescription but its lines.
CREATE OR REPLACE FUNCTION gnuhealth_documents.prescription_head(keys integer[])
    RETURNS TABLE (key integer, prescription text, date text, professional text, patient text, patient_id text,
                   notes text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    WITH document AS MATERIALIZED (
        SELECT o.id, o.prescription_id, o.prescription_date, o.notes, h.party AS professional, p.party AS patient
          FROM @schema@.gnuhealth_prescription_order o
          LEFT JOIN @schema@.gnuhealth_healthprofessional h ON h.id = o.healthprof
          LEFT JOIN @schema@.gnuhealth_patient p ON p.id = o.patient
         WHERE o.id = ANY (prescription_head.keys)
    ), person AS MATERIALIZED (
        SELECT p.id, p.ref::text AS ref,
               gnuhealth_documents.shown_name(n.id, n.use, n.prefix, n.given, n.family, n.suffix,
                                              p.name, p.lastname, p.name_representation) AS rec_name
          FROM (SELECT professional AS id FROM document UNION SELECT patient FROM document) d
          JOIN @schema@.party_party p ON p.id = d.id
          -- The first name by "none before it" and not by LIMIT 1, so that the planner can read the names once for all
          -- persons: 3.6 us a document instead of 7.2, of 5000.
          LEFT JOIN @schema@.gnuhealth_person_name n ON n.party = p.id
                AND NOT EXISTS (SELECT FROM @schema@.gnuhealth_person_name e WHERE e.party = n.party AND e.id < n.id)
    )
    SELECT d.id,
           health_crypto.python_str(d.prescription_id::text),
           health_crypto.python_str(d.prescription_date),
           COALESCE(professional.rec_name, 'None'),
           COALESCE(patient.rec_name, 'None'),
           health_crypto.python_str(patient.ref),
           health_crypto.python_str(d.notes)
      FROM document d
      LEFT JOIN person professional ON professional.id = d.professional
      LEFT JOIN person patient ON patient.id = d.patient;
END;
COMMENT ON FUNCTION gnuhealth_documents.prescription_head(integer[]) IS
    'what GNU Health writes of prescriptions besides their lines';

CREATE OR REPLACE FUNCTION gnuhealth_documents.prescription_5_0(keys integer[], language text)
    RETURNS TABLE (key integer, "Prescription" text, "Date" text, "HP" text, "Patient" text, "Patient_ID" text,
                   "Prescription_line" text, "Notes" text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT h.key, h.prescription, h.date, h.professional, h.patient, h.patient_id, COALESCE(l.lines, '[]'), h.notes
      FROM gnuhealth_documents.prescription_head(prescription_5_0.keys) h
      LEFT JOIN gnuhealth_documents.prescription_lines(prescription_5_0.keys, prescription_5_0.language, true) l
             ON l.prescription = h.key;
END;
COMMENT ON FUNCTION gnuhealth_documents.prescription_5_0(integer[], text) IS
    'prescriptions as GNU Health 4.0 to 5.0 (health_crypto) serialises them, in a language';

-- Without the unit of the dose.
CREATE OR REPLACE FUNCTION gnuhealth_documents.prescription_3_6(keys integer[], language text)
    RETURNS TABLE (key integer, "Prescription" text, "Date" text, "HP" text, "Patient" text, "Patient_ID" text,
                   "Prescription_line" text, "Notes" text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT h.key, h.prescription, h.date, h.professional, h.patient, h.patient_id, COALESCE(l.lines, '[]'), h.notes
      FROM gnuhealth_documents.prescription_head(prescription_3_6.keys) h
      LEFT JOIN gnuhealth_documents.prescription_lines(prescription_3_6.keys, prescription_3_6.language, false) l
             ON l.prescription = h.key;
END;
COMMENT ON FUNCTION gnuhealth_documents.prescription_3_6(integer[], text) IS
    'prescriptions as GNU Health 3.6 and 3.8 (health_crypto) serialised them, in a language';

-- Professional and patient by the last name and name of the party.
CREATE OR REPLACE FUNCTION gnuhealth_documents.prescription_3_4(keys integer[], language text)
    RETURNS TABLE (key integer, "Prescription" text, "Date" text, "HP" text, "Patient" text, "Patient_ID" text,
                   "Prescription_line" text, "Notes" text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT n.key, n."Prescription", n."Date",
           COALESCE(gnuhealth_documents.surname_first(a.name, a.lastname), 'None'),
           COALESCE(gnuhealth_documents.surname_first(b.name, b.lastname), 'None'),
           n."Patient_ID", n."Prescription_line", n."Notes"
      FROM gnuhealth_documents.prescription_3_6(prescription_3_4.keys, prescription_3_4.language) n
      JOIN @schema@.gnuhealth_prescription_order o ON o.id = n.key
      LEFT JOIN @schema@.gnuhealth_healthprofessional h ON h.id = o.healthprof
      LEFT JOIN @schema@.party_party a ON a.id = h.party
      LEFT JOIN @schema@.gnuhealth_patient p ON p.id = o.patient
      LEFT JOIN @schema@.party_party b ON b.id = p.party;
END;
COMMENT ON FUNCTION gnuhealth_documents.prescription_3_4(integer[], text) IS
    'prescriptions as GNU Health 3.4 (health_crypto) serialised them, in a language';
