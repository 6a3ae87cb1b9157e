-- Prescriptions with what the text can contain, for comparing the texts of the two serialisers.
INSERT INTO gnuhealth_prescription_order (id, prescription_id, prescription_date, notes, patient, healthprof) VALUES
    (900001, NULL, NULL, NULL, 1, NULL),
    (900002, 'no lines', '1999-12-31 23:59:59', '', 2, 1),
    (900003, 'quotes', '2024-02-29', E'"double" ''single'' back\\slash\ttab\nline\r\u0001\u007f ñ 漢 🩺', 3, 2),
    (900004, 'numbers', '2024-02-29', 'doses', 4, 3),
    (900005, 'comments', '2024-02-29', 'comments', 5, 4);
INSERT INTO gnuhealth_prescription_line (presc_order, medicament, dose, dose_unit, route, form, indication, short_comment)
SELECT 900004, 1, d, NULL, NULL, NULL, NULL, NULL
  FROM unnest(ARRAY[NULL, 0, '-0', 1, -1, 0.1, 0.5, 2.25, 1e-4, 1e-5, 123456789, 0.30000000000000004, 1e22, 1e300,
                    'NaN', 'Infinity', '-Infinity']::double precision[]) d
UNION ALL
SELECT 900005, 1 + i::integer, 1, 1, 1, 1, 1, c
  FROM unnest(ARRAY[NULL, '', 'plain', 'it''s', '"quoted"', 'it''s "both"', E'back\\slash', E'a\tb\nc\rd', E'\u0001\u001f\u007f',
                    E'\u0080\u00a0\u00ad', 'ñandú 漢字 🩺']) WITH ORDINALITY c (c, i);
