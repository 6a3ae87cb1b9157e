-- The hospital of hospital.sql in the tables of a real GNU Health, where numbers do not begin at 1, dose units, routes and
-- forms are there already, and more columns are required.

UPDATE ir_configuration SET language = 'es';

INSERT INTO party_party (code, ref, name, lastname, name_representation, active)
SELECT 'B' || i, CASE WHEN i % 11 <> 0 THEN 'ID' || i END, 'Nombre ' || i, CASE WHEN i % 7 <> 0 THEN 'O''Apellido ' || i END,
       (ARRAY['pgfs', 'gf', 'cjk', 'fg', NULL])[1 + i % 5], true
  FROM generate_series(1, 1000) i;
INSERT INTO gnuhealth_person_name (party, use, prefix, given, family, suffix)
SELECT p.id, CASE WHEN p.id % 10 = 0 THEN 'maiden' ELSE 'official' END, CASE WHEN p.id % 2 = 0 THEN 'Dra.' END,
       'María ' || p.id, CASE WHEN p.id % 4 <> 0 THEN 'Núñez "' || p.id || '"' END, CASE WHEN p.id % 5 = 0 THEN 'PhD' END
  FROM party_party p WHERE p.code LIKE 'B%' AND p.id % 3 = 0 ORDER BY p.id;
INSERT INTO gnuhealth_healthprofessional (party, active)
SELECT id, true FROM party_party WHERE code LIKE 'B%' ORDER BY id LIMIT 50;
INSERT INTO gnuhealth_patient (party, active)
SELECT id, true FROM party_party WHERE code LIKE 'B%' ORDER BY id OFFSET 50;

INSERT INTO product_template (name, type, default_uom, active)
SELECT 'Medicament ' || i || CASE WHEN i % 9 = 0 THEN ' "forte"' ELSE '' END, 'goods', (SELECT min(id) FROM product_uom), true
  FROM generate_series(1, 300) i;
INSERT INTO product_product (template, active)
SELECT id, true FROM product_template WHERE name LIKE 'Medicament %' ORDER BY id;
INSERT INTO gnuhealth_medicament (product, active)
SELECT a.id, true FROM product_product a JOIN product_template t ON t.id = a.template WHERE t.name LIKE 'Medicament %' ORDER BY a.id;
INSERT INTO gnuhealth_pathology (code, name, active)
SELECT 'B' || i, 'Pathology ' || i || CASE WHEN i % 8 = 0 THEN ', Crohn''s' ELSE '' END, true FROM generate_series(1, 200) i;
INSERT INTO ir_translation (name, type, lang, res_id, src, value, fuzzy, module)
SELECT w.field, 'model', l.lang, w.id, w.name, initcap(l.lang) || ' ' || w.name, w.id % 13 = 0, 'bench'
  FROM (SELECT 'product.template,name' AS field, id, name FROM product_template WHERE name LIKE 'Medicament %'
        UNION ALL SELECT 'gnuhealth.pathology,name', id, name FROM gnuhealth_pathology WHERE code LIKE 'B%') w
 CROSS JOIN (VALUES ('es'), ('fr')) l (lang)
 WHERE w.id % 3 <> 0
 ORDER BY 1, 3, 4;

-- As in hospital.sql, with numbers by their place.
CREATE PROCEDURE bench_prescribe(first integer, count integer) LANGUAGE plpgsql AS $$
DECLARE
    i integer := first;
    patients integer[] := (SELECT array_agg(id ORDER BY id) FROM gnuhealth_patient);
    professionals integer[] := (SELECT array_agg(id ORDER BY id) FROM gnuhealth_healthprofessional);
    medicaments integer[] := (SELECT array_agg(id ORDER BY id) FROM gnuhealth_medicament);
    units integer[] := (SELECT array_agg(id ORDER BY id) FROM gnuhealth_dose_unit);
    routes integer[] := (SELECT array_agg(id ORDER BY id) FROM gnuhealth_drug_route);
    forms integer[] := (SELECT array_agg(id ORDER BY id) FROM gnuhealth_drug_form);
    pathologies integer[] := (SELECT array_agg(id ORDER BY id) FROM gnuhealth_pathology WHERE code LIKE 'B%');
BEGIN
    WHILE i < first + count LOOP
        WITH o AS (
            INSERT INTO gnuhealth_prescription_order (prescription_id, prescription_date, notes, patient, healthprof, state)
            SELECT 'PRES ' || n, timestamp '2024-02-29 08:00' + n * interval '1 minute', 'Control en ' || n % 30 || ' días',
                   patients[1 + n % 950], professionals[1 + n % 50], 'draft'
              FROM generate_series(i, least(i + 200, first + count) - 1) n
            RETURNING id, substr(prescription_id, 6)::integer AS n)
        INSERT INTO gnuhealth_prescription_line (presc_order, medicament, dose, dose_unit, route, form, indication, short_comment)
        SELECT o.id, medicaments[1 + (o.n * 7 + l) % 300], (1 + o.n % 40) / 4.0, units[1 + o.n % cardinality(units)],
               routes[1 + (l + o.n) % cardinality(routes)], forms[1 + o.n % cardinality(forms)],
               pathologies[1 + (o.n + l) % 200],
               CASE l WHEN 1 THEN NULL WHEN 2 THEN 'with the patient''s breakfast' ELSE 'cada 8 h' END
          FROM o CROSS JOIN generate_series(1, 3) l ORDER BY o.n, l;
        i := i + 200;
        COMMIT;
    END LOOP;
END
$$;
