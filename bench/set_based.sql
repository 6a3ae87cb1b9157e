-- What a careful database developer would write to check every prescription at once, without the extension: one query
-- over whole tables, every word translated and quoted once, the text as GNU Health makes it, and its SHA-512 by
-- PostgreSQL's own sha512(). bench/verify.sh measures verify_all() against it.
--
-- It is not a replacement. It compares digests and says how many are right. It does not know which release, language or
-- Python wrote a text, nothing of seals, register and signatures, and not which field has changed; and floats from 1e15
-- to 1e16 and unprintable characters beyond U+00AD it writes otherwise than Python.

-- Python's repr() of a str. The planner puts the expression in the place of the call; characters that are escaped by
-- their number are rare and go to plpgsql (plpgsql_trigger.sql).
CREATE FUNCTION bench_repr(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN value ~ '[\u0001-\u001f\u007f-\u00a0\u00ad]' THEN bench_python_repr(value)
                WHEN strpos(value, '''') = 0 THEN '''' || replace(value, '\', '\\') || ''''
                WHEN strpos(value, '"') = 0 THEN '"' || replace(value, '\', '\\') || '"'
                ELSE '''' || replace(replace(value, '\', '\\'), '''', '\''') || '''' END
$$;

CREATE VIEW bench_set_based AS
WITH RECURSIVE spoken (code, depth) AS (
    SELECT COALESCE((SELECT NULLIF(language, '') FROM ir_configuration ORDER BY id LIMIT 1), 'en'), 1
    UNION ALL
    SELECT p.code, s.depth + 1
      FROM spoken s
     CROSS JOIN LATERAL (SELECT COALESCE((SELECT NULLIF(l.parent, '') FROM ir_lang l WHERE l.code = s.code),
                                         substring(s.code, '^(.*)@'), substring(s.code, '^(.*)_'))) p (code)
     WHERE p.code <> '' AND s.depth < 16
), translated AS MATERIALIZED (
    SELECT DISTINCT ON (t.name, t.res_id) t.name AS field, t.res_id AS id, t.value
      FROM ir_translation t
      JOIN spoken s ON s.code = t.lang
     WHERE t.type = 'model' AND t.fuzzy IS NOT TRUE AND t.value <> ''
       AND t.name IN ('product.template,name', 'gnuhealth.dose.unit,name', 'gnuhealth.drug.route,name',
                      'gnuhealth.drug.form,name', 'gnuhealth.pathology,name')
     ORDER BY t.name, t.res_id, s.depth, t.id DESC
), product AS MATERIALIZED (
    SELECT m.id, bench_repr(COALESCE(x.value, t.name)) AS text
      FROM gnuhealth_medicament m
      JOIN product_product a ON a.id = m.product
      JOIN product_template t ON t.id = a.template
      LEFT JOIN translated x ON x.field = 'product.template,name' AND x.id = t.id
), unit AS MATERIALIZED (
    SELECT u.id, bench_repr(COALESCE(x.value, u.name)) AS text
      FROM gnuhealth_dose_unit u LEFT JOIN translated x ON x.field = 'gnuhealth.dose.unit,name' AND x.id = u.id
), route AS MATERIALIZED (
    SELECT r.id, bench_repr(COALESCE(x.value, r.name)) AS text
      FROM gnuhealth_drug_route r LEFT JOIN translated x ON x.field = 'gnuhealth.drug.route,name' AND x.id = r.id
), form AS MATERIALIZED (
    SELECT f.id, bench_repr(COALESCE(x.value, f.name)) AS text
      FROM gnuhealth_drug_form f LEFT JOIN translated x ON x.field = 'gnuhealth.drug.form,name' AND x.id = f.id
), indication AS MATERIALIZED (
    SELECT i.id, bench_repr(COALESCE(x.value, i.name)) AS text
      FROM gnuhealth_pathology i LEFT JOIN translated x ON x.field = 'gnuhealth.pathology,name' AND x.id = i.id
), person AS MATERIALIZED (
    SELECT p.id, p.ref, to_json(COALESCE(CASE
        WHEN n.id IS NULL AND p.lastname <> '' THEN p.lastname || ', ' || p.name
        WHEN n.id IS NULL THEN p.name
        WHEN n.use IS DISTINCT FROM 'official' THEN ''
        WHEN p.name_representation = 'pgfs' THEN
            CASE WHEN n.prefix <> '' THEN n.prefix || ' ' ELSE '' END || COALESCE(n.given, '') || ' '
            || COALESCE(n.family, '') || CASE WHEN n.suffix <> '' THEN ', ' || n.suffix ELSE '' END
        WHEN p.name_representation = 'gf' THEN
            COALESCE(n.given, '') || CASE WHEN n.family <> '' THEN ' ' || n.family ELSE '' END
        WHEN p.name_representation = 'cjk' THEN COALESCE(n.family, '') || COALESCE(n.given, '')
        WHEN COALESCE(p.name_representation, '') IN ('', 'fg') THEN
            CASE WHEN n.family <> '' THEN n.family || ', ' ELSE '' END || COALESCE(n.given, '')
        ELSE '' END, 'None'))::text AS name
      FROM party_party p
      LEFT JOIN (SELECT DISTINCT ON (party) * FROM gnuhealth_person_name ORDER BY party, id) n ON n.party = p.id
), line AS (
    SELECT l.presc_order, string_agg('[' || COALESCE(product.text, '''''') || ', '
               || CASE WHEN l.dose <> 0 THEN CASE WHEN l.dose = trunc(l.dose) AND abs(l.dose) < 1e15
                                                  THEN l.dose::text || '.0'
                                                  WHEN abs(l.dose) < 'Infinity' THEN l.dose::text
                                                  ELSE bench_python_repr(l.dose) END ELSE '''''' END
               || ', ' || COALESCE(unit.text, '''''') || ', ' || COALESCE(route.text, '''''')
               || ', ' || COALESCE(form.text, '''''') || ', ' || COALESCE(indication.text, '''''')
               || ', ' || COALESCE(bench_repr(l.short_comment), '''''') || ']', ', ' ORDER BY l.id) AS lines
      FROM gnuhealth_prescription_line l
      LEFT JOIN product ON product.id = l.medicament
      LEFT JOIN unit ON unit.id = l.dose_unit
      LEFT JOIN route ON route.id = l.route
      LEFT JOIN form ON form.id = l.form
      LEFT JOIN indication ON indication.id = l.indication
     GROUP BY l.presc_order
)
SELECT o.id, o.document_digest, '{"Prescription": ' || to_json(COALESCE(o.prescription_id, 'None'))
       || ', "Date": ' || to_json(COALESCE(o.prescription_date::text, 'None'))
       || ', "HP": ' || COALESCE(professional.name, '"None"') || ', "Patient": ' || COALESCE(patient.name, '"None"')
       || ', "Patient_ID": ' || to_json(COALESCE(patient.ref, 'None'))
       || ', "Prescription_line": ' || to_json('[' || COALESCE(line.lines, '') || ']')
       || ', "Notes": ' || to_json(COALESCE(o.notes, 'None')) || '}' AS text
  FROM gnuhealth_prescription_order o
  LEFT JOIN gnuhealth_healthprofessional h ON h.id = o.healthprof
  LEFT JOIN person professional ON professional.id = h.party
  LEFT JOIN gnuhealth_patient y ON y.id = o.patient
  LEFT JOIN person patient ON patient.id = y.party
  LEFT JOIN line ON line.presc_order = o.id;
