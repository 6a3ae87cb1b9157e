-- A hospital's past: prescriptions written and sealed by GNU Health before the extension came, in several languages and
-- by two forms of its text, and what happened to them since. On top of bench/hospital.sql; variable `count`.
--
-- expected (key, content) says what each must be found to be, from what was done to it and from nothing else.

CREATE TABLE written AS
SELECT n AS key,
       (ARRAY['en', 'es', 'fr', 'es_419'])[1 + n % 4] AS language,
       CASE WHEN n % 5 = 0 THEN '3.6' ELSE '5.0' END AS form,
       (ARRAY['edited', 'added', 'deleted', 'note', 'rewritten', 'forged', 'patient', 'unsealed'])[n % 40] AS done
  FROM generate_series(1, :count) n;

INSERT INTO gnuhealth_prescription_order (id, prescription_id, prescription_date, notes, patient, healthprof, state)
SELECT n, 'OLD ' || n, timestamp '2019-02-28 08:00' + n * interval '1 minute', 'Control en ' || n % 30 || ' días', 1 + n % 950,
       1 + n % 50, 'validated'
  FROM generate_series(1, :count) n;
INSERT INTO gnuhealth_prescription_line (presc_order, medicament, dose, dose_unit, route, form, indication, short_comment)
SELECT n, 1 + (n * 7 + l) % 300, (1 + n % 40) / 4.0, 1 + n % 2, 1 + l % 2, 1 + n % 2, 1 + (n + l) % 200,
       CASE l WHEN 1 THEN NULL ELSE 'with the patient''s breakfast' END
  FROM generate_series(1, :count) n CROSS JOIN generate_series(1, 3) l ORDER BY n, l;
VACUUM ANALYZE;

-- Sealed as GNU Health did it, each in the language of its user and the form of its release.
CREATE PROCEDURE seal(which text, spoken text) LANGUAGE plpgsql AS $$
DECLARE
    keys integer[];
BEGIN
    FOR keys IN SELECT array_agg(w.key) FROM written w WHERE w.form = which AND w.language = spoken GROUP BY w.key / 2000 LOOP
        EXECUTE format('UPDATE gnuhealth_prescription_order o
                           SET serializer = t.text, document_digest = encode(sha512(convert_to(t.text, ''UTF8'')), ''hex'')
                          FROM (SELECT d.key, health_crypto.canonicalize(row_to_json(r), ''gnuhealth-1'') AS text
                                  FROM gnuhealth_documents.prescription_%s($1, $2) d
                                 CROSS JOIN LATERAL (SELECT d."Prescription", d."Date", d."HP", d."Patient", d."Patient_ID",
                                                            d."Prescription_line", d."Notes") r) t
                         WHERE o.id = t.key', replace(which, '.', '_')) USING keys, spoken;
    END LOOP;
END $$;
CALL seal('5.0', 'en'); CALL seal('5.0', 'es'); CALL seal('5.0', 'fr'); CALL seal('5.0', 'es_419');
CALL seal('3.6', 'en'); CALL seal('3.6', 'es'); CALL seal('3.6', 'fr'); CALL seal('3.6', 'es_419');

-- What happened since: a line edited, added, deleted, a note changed, the text rewritten with its digest or without, the
-- prescription given to another patient.
UPDATE gnuhealth_prescription_line l SET dose = dose + 1
 WHERE l.id IN (SELECT min(x.id) FROM gnuhealth_prescription_line x JOIN written w ON w.key = x.presc_order AND w.done = 'edited' GROUP BY x.presc_order);
INSERT INTO gnuhealth_prescription_line (presc_order, medicament) SELECT w.key, 1 FROM written w WHERE w.done = 'added';
DELETE FROM gnuhealth_prescription_line l
 WHERE l.id IN (SELECT max(x.id) FROM gnuhealth_prescription_line x JOIN written w ON w.key = x.presc_order AND w.done = 'deleted' GROUP BY x.presc_order);
UPDATE gnuhealth_prescription_order o SET notes = 'Nunca' FROM written w WHERE w.key = o.id AND w.done = 'note';
UPDATE gnuhealth_prescription_order o SET serializer = replace(o.serializer, 'Control', 'control')
  FROM written w WHERE w.key = o.id AND w.done IN ('rewritten', 'forged');
UPDATE gnuhealth_prescription_order o SET document_digest = encode(sha512(convert_to(o.serializer, 'UTF8')), 'hex')
  FROM written w WHERE w.key = o.id AND w.done = 'rewritten';
-- The same in all but its number: patients 1 to 950 with an ID of their own.
UPDATE gnuhealth_prescription_order o SET patient = q.id
  FROM written w, gnuhealth_patient p, party_party a, gnuhealth_patient q, party_party b
 WHERE w.key = o.id AND w.done = 'patient' AND p.id = o.patient AND a.id = p.party AND q.id = 1 + p.id % 949 AND b.id = q.party
   AND a.ref IS DISTINCT FROM b.ref;
UPDATE written w SET done = NULL FROM gnuhealth_prescription_order o WHERE o.id = w.key AND w.done = 'patient' AND o.patient = 1 + w.key % 950;
UPDATE gnuhealth_prescription_order o SET state = 'draft', serializer = NULL, document_digest = NULL
  FROM written w WHERE w.key = o.id AND w.done = 'unsealed';
-- Corrected since: a patient's name, a product's, a route in French.
UPDATE party_party SET name = 'Corregido', lastname = 'Nuevo' WHERE id = (SELECT party FROM gnuhealth_patient WHERE id = 77);
DELETE FROM gnuhealth_person_name WHERE party = (SELECT party FROM gnuhealth_patient WHERE id = 77);
UPDATE product_template SET name = 'Renamed medicament' WHERE id = 12;
UPDATE ir_translation SET value = 'par la bouche' WHERE name = 'gnuhealth.drug.route,name' AND lang = 'fr' AND res_id = 1;

CREATE TABLE expected AS
SELECT w.key,
       CASE WHEN w.done = 'unsealed' THEN NULL
            WHEN w.done = 'forged' THEN 'forged'
            WHEN w.done IS NOT NULL THEN 'altered'
            WHEN 1 + w.key % 950 = 77 THEN 'drifted'
            WHEN EXISTS (SELECT FROM generate_series(1, 3) l
                          WHERE 1 + (w.key * 7 + l) % 300 = 12
                            AND NOT EXISTS (SELECT FROM ir_translation t
                                             WHERE t.name = 'product.template,name' AND t.res_id = 12 AND t.fuzzy IS NOT TRUE
                                               AND t.lang = CASE w.language WHEN 'es_419' THEN 'es' ELSE w.language END))
                 THEN 'drifted'
            WHEN w.language = 'fr' THEN 'drifted'
            ELSE 'intact' END AS content
  FROM written w;
CREATE UNIQUE INDEX ON expected (key);
ANALYZE;
