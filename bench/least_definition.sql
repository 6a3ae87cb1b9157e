-- Beyond least_trigger.sql: what it stores is the prescription, by a query written for one prescription in one language, and
-- its SHA-512. It looks up nothing that the text does not need, and each word by its index. It still guards nothing, asks the
-- register nothing, and knows neither sets of documents nor parents of languages. So it is the least that any trigger takes
-- that makes this text in SQL and keeps a register.
CREATE FUNCTION bench_word(field text, record integer) RETURNS TABLE (value text) LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    -- A table, so that the planner puts the query in the place of the call.
    SELECT (SELECT t.value FROM ir_translation t
             WHERE t.type = 'model' AND t.name = bench_word.field AND t.lang = 'es' AND t.res_id = bench_word.record
               AND t.fuzzy IS NOT TRUE AND t.value <> ''
             ORDER BY t.id DESC LIMIT 1);
END;

CREATE VIEW bench_one AS
SELECT o.id, o.document_digest, '{"Prescription": ' || to_json(health_crypto.python_str(o.prescription_id::text))
       || ', "Date": ' || to_json(health_crypto.python_str(o.prescription_date))
       || ', "HP": ' || to_json(COALESCE(gnuhealth_documents.shown_name(hn.id, hn.use, hn.prefix, hn.given, hn.family,
                                  hn.suffix, hp.name, hp.lastname, hp.name_representation), 'None'))
       || ', "Patient": ' || to_json(COALESCE(gnuhealth_documents.shown_name(pn.id, pn.use, pn.prefix, pn.given, pn.family,
                                  pn.suffix, pp.name, pp.lastname, pp.name_representation), 'None'))
       || ', "Patient_ID": ' || to_json(health_crypto.python_str(pp.ref::text))
       || ', "Prescription_line": ' || to_json(COALESCE((
          SELECT '[' || string_agg('['
                 || CASE WHEN m.id IS NULL THEN '''''' ELSE health_crypto.python_repr(COALESCE(t1.value, b.name, '')) END
                 || ', ' || CASE WHEN l.dose <> 0 THEN health_crypto.python_repr(l.dose) ELSE '''''' END
                 || ', ' || CASE WHEN u.id IS NULL THEN '''''' ELSE health_crypto.python_repr(COALESCE(t2.value, u.name, '')) END
                 || ', ' || CASE WHEN r.id IS NULL THEN '''''' ELSE health_crypto.python_repr(COALESCE(t3.value, r.name, '')) END
                 || ', ' || CASE WHEN f.id IS NULL THEN '''''' ELSE health_crypto.python_repr(COALESCE(t4.value, f.name, '')) END
                 || ', ' || CASE WHEN i.id IS NULL THEN '''''' ELSE health_crypto.python_repr(COALESCE(t5.value, i.name, '')) END
                 || ', ' || health_crypto.python_repr(COALESCE(l.short_comment::text, '')) || ']', ', ' ORDER BY l.id) || ']'
            FROM gnuhealth_prescription_line l
            LEFT JOIN gnuhealth_medicament m ON m.id = l.medicament
            LEFT JOIN product_product a ON a.id = m.product
            LEFT JOIN product_template b ON b.id = a.template
            LEFT JOIN gnuhealth_dose_unit u ON u.id = l.dose_unit
            LEFT JOIN gnuhealth_drug_route r ON r.id = l.route
            LEFT JOIN gnuhealth_drug_form f ON f.id = l.form
            LEFT JOIN gnuhealth_pathology i ON i.id = l.indication
            CROSS JOIN LATERAL bench_word('product.template,name', b.id) t1
            CROSS JOIN LATERAL bench_word('gnuhealth.dose.unit,name', u.id) t2
            CROSS JOIN LATERAL bench_word('gnuhealth.drug.route,name', r.id) t3
            CROSS JOIN LATERAL bench_word('gnuhealth.drug.form,name', f.id) t4
            CROSS JOIN LATERAL bench_word('gnuhealth.pathology,name', i.id) t5
           WHERE l.presc_order = o.id), '[]'))
       || ', "Notes": ' || to_json(health_crypto.python_str(o.notes)) || '}' AS text
  FROM gnuhealth_prescription_order o
  LEFT JOIN gnuhealth_healthprofessional h ON h.id = o.healthprof
  LEFT JOIN party_party hp ON hp.id = h.party
  LEFT JOIN LATERAL (SELECT n.* FROM gnuhealth_person_name n WHERE n.party = hp.id ORDER BY n.id LIMIT 1) hn ON true
  LEFT JOIN gnuhealth_patient p ON p.id = o.patient
  LEFT JOIN party_party pp ON pp.id = p.party
  LEFT JOIN LATERAL (SELECT n.* FROM gnuhealth_person_name n WHERE n.party = pp.id ORDER BY n.id LIMIT 1) pn ON true;

\if :triggers
CREATE FUNCTION bench_least_definition() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    made text;
    hashed text;
BEGIN
    SELECT o.text INTO made FROM bench_one o WHERE o.id = NEW.id;
    hashed := encode(sha512(convert_to(made, 'UTF8')), 'hex');
    UPDATE gnuhealth_prescription_order SET serializer = made, document_digest = hashed WHERE id = NEW.id;
    INSERT INTO health_crypto.register_entry (event, document, key, definition, profile, language, digest, own_digest, by, edition)
    VALUES ('seal', 'least', NEW.id::text, 'gnuhealth_documents.prescription_5_0(integer[], text)', 'gnuhealth-1', 'es',
            hashed, hashed, CURRENT_USER, 1);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER bench_least_definition AFTER INSERT ON gnuhealth_prescription_order DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION bench_least_definition();
\endif
