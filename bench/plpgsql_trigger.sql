-- What a careful database developer would write without the extension: a prescription's text as GNU Health makes it,
-- its SHA-512 by pgcrypto, kept by a deferred trigger, with a guard for sealed prescriptions and a table of seals.
-- The benchmark measures the extension against it.
--
-- It is not a replacement. It knows prescriptions only, in the database's language only. It writes floats from 1e15 to
-- 1e16, and characters that Python does not print beyond U+00AD, otherwise than Python does. It keeps no digest of the
-- document's own rows, runs with the caller's rights and search_path, and cannot verify signatures. All of this makes
-- it faster, not slower.
--
-- Loaded with `-v triggers=true`, or false for the functions alone.

CREATE EXTENSION IF NOT EXISTS pgcrypto;

-- Python's repr() of a str. Single quotes, unless there are single quotes and no double ones in it.
CREATE FUNCTION bench_python_repr(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    quote text := CASE WHEN strpos(value, '''') > 0 AND strpos(value, '"') = 0 THEN '"' ELSE '''' END;
    result text := replace(value, '\', '\\');
    printed text := '';
    letter text;
BEGIN
    IF quote = '''' THEN
        result := replace(result, '''', '\''');
    END IF;
    IF result ~ '[\u0001-\u001f\u007f-\u00a0\u00ad]' THEN
        FOREACH letter IN ARRAY regexp_split_to_array(result, '') LOOP
            printed := printed || CASE
                WHEN letter = E'\n' THEN '\n'
                WHEN letter = E'\r' THEN '\r'
                WHEN letter = E'\t' THEN '\t'
                WHEN letter ~ '[\u0001-\u001f\u007f-\u00a0\u00ad]' THEN '\x' || lpad(to_hex(ascii(letter)), 2, '0')
                ELSE letter END;
        END LOOP;
        result := printed;
    END IF;
    RETURN quote || result || quote;
END
$$;

-- Python's repr() of a float. PostgreSQL writes the same shortest digits, but 5 where Python has 5.0.
CREATE FUNCTION bench_python_repr(value double precision) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    result text := value::text;
BEGIN
    RETURN CASE
        WHEN result IN ('NaN', 'Infinity', '-Infinity') THEN lower(left(result, CASE result WHEN 'NaN' THEN 3 WHEN 'Infinity' THEN 3 ELSE 4 END))
        WHEN result ~ '[.e]' THEN result
        ELSE result || '.0' END;
END
$$;

-- A translated name as trytond finds it: the nearest language that has one, the newest row of it; NULL if none has.
CREATE FUNCTION bench_translation(field text, record integer, languages text[]) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT t.value FROM ir_translation t
             WHERE t.type = 'model' AND t.name = field AND t.lang = ANY (languages) AND t.res_id = record
               AND t.fuzzy IS NOT TRUE AND t.value <> ''
             ORDER BY array_position(languages, t.lang::text), t.id DESC LIMIT 1);
END
$$;

-- The database's language and its parents.
CREATE FUNCTION bench_languages() RETURNS text[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    code text := COALESCE((SELECT NULLIF(language, '') FROM ir_configuration ORDER BY id LIMIT 1), 'en');
    chain text[] := '{}';
BEGIN
    WHILE code <> '' AND cardinality(chain) < 16 LOOP
        chain := chain || code;
        code := COALESCE((SELECT NULLIF(l.parent, '') FROM ir_lang l WHERE l.code = chain[cardinality(chain)]),
                         substring(code, '^(.*)@'), substring(code, '^(.*)_'));
    END LOOP;
    RETURN chain;
END
$$;

-- The name that GNU Health shows of a party.
CREATE FUNCTION bench_party_name(wanted integer) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    p party_party;
    n gnuhealth_person_name;
BEGIN
    SELECT * INTO p FROM party_party WHERE id = wanted;
    SELECT * INTO n FROM gnuhealth_person_name WHERE party = wanted ORDER BY id LIMIT 1;
    RETURN CASE
        WHEN n.id IS NULL AND p.lastname <> '' THEN p.lastname || ', ' || p.name
        WHEN n.id IS NULL THEN p.name
        WHEN n.use IS DISTINCT FROM 'official' THEN ''
        WHEN p.name_representation = 'pgfs' THEN
            CASE WHEN n.prefix <> '' THEN n.prefix || ' ' ELSE '' END || COALESCE(n.given, '') || ' '
            || COALESCE(n.family, '') || CASE WHEN n.suffix <> '' THEN ', ' || n.suffix ELSE '' END
        WHEN p.name_representation = 'gf' THEN COALESCE(n.given, '') || CASE WHEN n.family <> '' THEN ' ' || n.family ELSE '' END
        WHEN p.name_representation = 'cjk' THEN COALESCE(n.family, '') || COALESCE(n.given, '')
        WHEN COALESCE(p.name_representation, '') IN ('', 'fg') THEN
            CASE WHEN n.family <> '' THEN n.family || ', ' ELSE '' END || COALESCE(n.given, '')
        ELSE '' END;
END
$$;

-- A prescription's text: json.dumps(..., ensure_ascii=False) of the fields, the lines as str() of a list of lists.
-- to_json() of a text escapes exactly what json.dumps does.
CREATE FUNCTION bench_prescription_text(prescription integer) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    languages text[] := bench_languages();
    o record;
    l record;
    lines text := '';
BEGIN
    SELECT r.prescription_id, r.prescription_date, r.notes, h.party AS professional, p.party AS patient, y.ref
      INTO STRICT o
      FROM gnuhealth_prescription_order r
      LEFT JOIN gnuhealth_healthprofessional h ON h.id = r.healthprof
      LEFT JOIN gnuhealth_patient p ON p.id = r.patient
      LEFT JOIN party_party y ON y.id = p.party
     WHERE r.id = prescription;
    FOR l IN
        SELECT t.id AS product, t.name AS product_name, x.dose, u.id AS unit, u.name AS unit_name, r.id AS route,
               r.name AS route_name, f.id AS form, f.name AS form_name, i.id AS indication, i.name AS indication_name,
               x.short_comment
          FROM gnuhealth_prescription_line x
          JOIN gnuhealth_medicament m ON m.id = x.medicament
          JOIN product_product a ON a.id = m.product
          JOIN product_template t ON t.id = a.template
          LEFT JOIN gnuhealth_dose_unit u ON u.id = x.dose_unit
          LEFT JOIN gnuhealth_drug_route r ON r.id = x.route
          LEFT JOIN gnuhealth_drug_form f ON f.id = x.form
          LEFT JOIN gnuhealth_pathology i ON i.id = x.indication
         WHERE x.presc_order = prescription
         ORDER BY x.id
    LOOP
        lines := lines || CASE WHEN lines = '' THEN '' ELSE ', ' END
            || '[' || bench_python_repr(COALESCE(bench_translation('product.template,name', l.product, languages), l.product_name, ''))
            || ', ' || CASE WHEN l.dose <> 0 THEN bench_python_repr(l.dose) ELSE '''''' END
            || ', ' || bench_python_repr(COALESCE(bench_translation('gnuhealth.dose.unit,name', l.unit, languages), l.unit_name, ''))
            || ', ' || bench_python_repr(COALESCE(bench_translation('gnuhealth.drug.route,name', l.route, languages), l.route_name, ''))
            || ', ' || bench_python_repr(COALESCE(bench_translation('gnuhealth.drug.form,name', l.form, languages), l.form_name, ''))
            || ', ' || bench_python_repr(COALESCE(bench_translation('gnuhealth.pathology,name', l.indication, languages), l.indication_name, ''))
            || ', ' || bench_python_repr(COALESCE(l.short_comment, '')::text) || ']';
    END LOOP;
    RETURN '{"Prescription": ' || to_json(COALESCE(o.prescription_id, 'None')::text)
        || ', "Date": ' || to_json(COALESCE(o.prescription_date::text, 'None'))
        || ', "HP": ' || to_json(COALESCE(bench_party_name(o.professional), 'None'))
        || ', "Patient": ' || to_json(COALESCE(bench_party_name(o.patient), 'None'))
        || ', "Patient_ID": ' || to_json(COALESCE(o.ref, 'None')::text)
        || ', "Prescription_line": ' || to_json('[' || lines || ']')
        || ', "Notes": ' || to_json(COALESCE(o.notes, 'None')) || '}';
END
$$;

\if :triggers

CREATE TABLE bench_seal (
    entry bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    prescription integer NOT NULL, digest text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp(),
    by name NOT NULL DEFAULT CURRENT_USER);
CREATE INDEX ON bench_seal (prescription);

-- Refuses writes to sealed prescriptions, and makes what is written anew due again (see bench_keep).
CREATE FUNCTION bench_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    documents integer[];
    one integer;
    done text := COALESCE(current_setting('bench.done', true), '');
BEGIN
    IF TG_TABLE_NAME = 'gnuhealth_prescription_order' THEN
        documents := ARRAY[CASE WHEN TG_OP = 'INSERT' THEN NEW.id ELSE OLD.id END];
    ELSIF TG_OP = 'INSERT' THEN
        documents := ARRAY[NEW.presc_order];
    ELSIF TG_OP = 'DELETE' THEN
        documents := ARRAY[OLD.presc_order];
    ELSE
        documents := ARRAY[OLD.presc_order, NEW.presc_order];
    END IF;
    FOREACH one IN ARRAY documents LOOP
        IF EXISTS (SELECT FROM bench_seal WHERE prescription = one) THEN
            RAISE EXCEPTION 'the prescription is sealed' USING ERRCODE = '23000';
        END IF;
        -- Deeper than 1 it is bench_keep that writes.
        IF pg_trigger_depth() = 1 AND strpos(done, ',' || one || ',') > 0 THEN
            done := replace(done, ',' || one || ',', ',');
            PERFORM set_config('bench.done', done, true);
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

-- At the end of the transaction: text and digest of each prescription written, once. Which are done is kept in a
-- setting that is local to the transaction, because it follows savepoints.
CREATE FUNCTION bench_keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    documents integer[];
    one integer;
    o gnuhealth_prescription_order;
    done text;
    fresh text;
    hash text;
BEGIN
    IF TG_TABLE_NAME = 'gnuhealth_prescription_order' THEN
        documents := ARRAY[NEW.id];
    ELSIF TG_OP = 'INSERT' THEN
        documents := ARRAY[NEW.presc_order];
    ELSIF TG_OP = 'DELETE' THEN
        documents := ARRAY[OLD.presc_order];
    ELSE
        documents := ARRAY[OLD.presc_order, NEW.presc_order];
    END IF;
    FOREACH one IN ARRAY documents LOOP
        done := COALESCE(NULLIF(current_setting('bench.done', true), ''), ',');
        CONTINUE WHEN one IS NULL OR strpos(done, ',' || one || ',') > 0;
        PERFORM set_config('bench.done', done || one || ',', true);
        SELECT * INTO o FROM gnuhealth_prescription_order WHERE id = one FOR NO KEY UPDATE;
        CONTINUE WHEN NOT FOUND;
        fresh := bench_prescription_text(one);
        hash := encode(digest(fresh, 'sha512'), 'hex');
        IF o.serializer IS DISTINCT FROM fresh OR o.document_digest IS DISTINCT FROM hash THEN
            UPDATE gnuhealth_prescription_order SET serializer = fresh, document_digest = hash WHERE id = one;
        END IF;
        IF o.state = 'validated' THEN
            INSERT INTO bench_seal (prescription, digest) VALUES (one, hash);
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

CREATE TRIGGER bench_guard AFTER INSERT OR DELETE
    OR UPDATE OF prescription_id, prescription_date, notes, patient, healthprof, state, serializer, document_digest
    ON gnuhealth_prescription_order FOR EACH ROW EXECUTE FUNCTION bench_guard();
CREATE TRIGGER bench_guard AFTER INSERT OR DELETE
    OR UPDATE OF presc_order, medicament, dose, dose_unit, route, form, indication, short_comment
    ON gnuhealth_prescription_line FOR EACH ROW EXECUTE FUNCTION bench_guard();
CREATE CONSTRAINT TRIGGER bench_keep AFTER INSERT
    OR UPDATE OF prescription_id, prescription_date, notes, patient, healthprof, state
    ON gnuhealth_prescription_order DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bench_keep();
CREATE CONSTRAINT TRIGGER bench_keep AFTER INSERT OR DELETE
    OR UPDATE OF presc_order, medicament, dose, dose_unit, route, form, indication, short_comment
    ON gnuhealth_prescription_line DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bench_keep();

\endif
