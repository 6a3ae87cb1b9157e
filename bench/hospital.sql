-- A hospital to measure in, on top of tests/fixtures/gnuhealth.sql: enough people, medicaments and translations that
-- look-ups go through indexes as they do in use. Spanish, so that every word is looked for among the translations.
-- Everything here is a function of its number, so that every run measures the same.

UPDATE ir_configuration SET language = 'es';

INSERT INTO party_party (code, ref, name, lastname, name_representation)
SELECT 'B' || i, CASE WHEN i % 11 <> 0 THEN 'ID' || i END, 'Nombre ' || i, CASE WHEN i % 7 <> 0 THEN 'O''Apellido ' || i END,
       (ARRAY['pgfs', 'gf', 'cjk', 'fg', NULL])[1 + i % 5]
  FROM generate_series(1, 20000) i;
-- One in three has a name of its own, of whom one in ten not an official one.
INSERT INTO gnuhealth_person_name (party, use, prefix, given, family, suffix)
SELECT p.id, CASE WHEN p.id % 10 = 0 THEN 'maiden' ELSE 'official' END, CASE WHEN p.id % 2 = 0 THEN 'Dra.' END,
       'María ' || p.id, CASE WHEN p.id % 4 <> 0 THEN 'Núñez "' || p.id || '"' END, CASE WHEN p.id % 5 = 0 THEN 'PhD' END
  FROM party_party p WHERE p.code LIKE 'B%' AND p.id % 3 = 0 ORDER BY p.id;
INSERT INTO gnuhealth_healthprofessional (party) SELECT id FROM party_party WHERE code LIKE 'B%' ORDER BY id LIMIT 300;
INSERT INTO gnuhealth_patient (party) SELECT id FROM party_party WHERE code LIKE 'B%' ORDER BY id OFFSET 300;

INSERT INTO product_template (name) SELECT 'Medicament ' || i || CASE WHEN i % 9 = 0 THEN ' "forte"' ELSE '' END
  FROM generate_series(1, 3000) i;
INSERT INTO product_product (template) SELECT id FROM product_template WHERE id > 3 ORDER BY id;
INSERT INTO gnuhealth_medicament (product) SELECT id FROM product_product WHERE id > 3 ORDER BY id;
INSERT INTO gnuhealth_pathology (name) SELECT 'Pathology ' || i || CASE WHEN i % 8 = 0 THEN ', Crohn''s' ELSE '' END
  FROM generate_series(1, 14000) i;
INSERT INTO ir_translation (name, type, lang, res_id, value, fuzzy)
SELECT w.field, 'model', l.lang, w.id, initcap(l.lang) || ' ' || w.name, w.id % 13 = 0
  FROM (SELECT 'product.template,name' AS field, id, name FROM product_template WHERE id > 3
        UNION ALL SELECT 'gnuhealth.pathology,name', id, name FROM gnuhealth_pathology WHERE id > 2) w
 CROSS JOIN (VALUES ('es'), ('fr')) l (lang)
 WHERE w.id % 3 <> 0
 ORDER BY 1, 3, 4;

-- The rows that pgbench picks by number.
CREATE SEQUENCE bench_next_draft;

-- Prescriptions of three lines, numbered; in pieces, each its own transaction, as an import would do it.
CREATE PROCEDURE bench_prescribe(first integer, count integer) LANGUAGE plpgsql AS $$
DECLARE
    i integer := first;
BEGIN
    WHILE i < first + count LOOP
        WITH o AS (
            INSERT INTO gnuhealth_prescription_order (prescription_id, prescription_date, notes, patient, healthprof)
            SELECT 'PRES ' || n, timestamp '2024-02-29 08:00' + n * interval '1 minute', 'Control en ' || n % 30 || ' días',
                   1 + n % 19000, 1 + n % 300
              FROM generate_series(i, least(i + 200, first + count) - 1) n
            RETURNING id, substr(prescription_id, 6)::integer AS n)
        INSERT INTO gnuhealth_prescription_line (presc_order, medicament, dose, dose_unit, route, form, indication, short_comment)
        SELECT o.id, 1 + (o.n * 7 + l) % 3000, (1 + o.n % 40) / 4.0, 1 + o.n % 2, 1 + l % 2, 1 + o.n % 2, 1 + (o.n + l) % 14000,
               CASE l WHEN 1 THEN NULL WHEN 2 THEN 'with the patient''s breakfast' ELSE 'cada 8 h' END
          FROM o CROSS JOIN generate_series(1, 3) l ORDER BY o.n, l;
        i := i + 200;
        COMMIT;
    END LOOP;
END
$$;
