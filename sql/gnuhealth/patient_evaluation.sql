-- gnuhealth.patient.evaluation get_serial (module health_crypto) of all releases of GNU Health. A template, like
-- common.sql, which comes first.
--
-- All of GNU Health's slips are part of the format: TAG holds LDL, and the procedures are those of the table that 5.0
-- calls obsolete. Where GNU Health would raise (no professional, a name that cannot be put together) the text is
-- 'None', or null in a list: a document must have a digest even if GNU Health cannot show it.
--
-- Conditions and procedures are translated once for each in the set of documents. Fields that Python writes as a number
-- or an empty text are json; so are lists. Processor time on PostgreSQL 15, 1000 keys with one or two children of each
-- kind: 35 us a document. One key: 0.6 ms, and 8 ms of planning if no plan is kept.
CREATE OR REPLACE FUNCTION gnuhealth_documents.patient_evaluation_5_0(keys integer[], language text)
    RETURNS TABLE (key integer, "Patient" text, "Start" text, "End" text, "Initiated_by" text, "Signed_by" text,
                   "Specialty" text, "Visit_type" text, "Urgency" text, "Information_source" text,
                   "Reliable_info" boolean, "Chief_complaint" text, "Present_illness" text, "Evaluation_summary" text,
                   "Signs_and_Symptoms" json, "Glycemia" json, "Hba1c" json, "Total_Cholesterol" json, "HDL" json,
                   "LDL" json, "TAG" json, "Systolic" json, "Diastolic" json, "BPM" json, "Respiratory_rate" json,
                   "Osat" json, "Malnutrition" boolean, "Dehydration" boolean, "Temperature" json, "Weight" json,
                   "Height" json, "BMI" json, "Head_circ" json, "Abdominal_cir" json, "Hip" json, "WHR" json,
                   "Loc" json, "Loc_eyes" text, "Loc_verbal" text, "Loc_motor" text, "Tremor" boolean,
                   "Violent" boolean, "Mood" text, "Orientation" boolean, "Memory" boolean,
                   "Knowledge_current_events" boolean, "Judgment" boolean, "Abstraction" boolean,
                   "Vocabulary" boolean, "Calculation" boolean, "Object_recognition" boolean, "Praxis" boolean,
                   "Diagnosis" text, "Secondary_conditions" json, "DDX" json, "Info_Diagnosis" text,
                   "Treatment_plan" text, "Procedures" json, "Institution" text, "Derived_from" text,
                   "Derived_to" text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    WITH spoken AS MATERIALIZED (
        SELECT c.languages FROM gnuhealth_documents.language_chain(patient_evaluation_5_0.language) c
    ), document AS MATERIALIZED (
        SELECT e.id, e.patient, e.healthprof, e.abdominal_circ, e.abstraction, e.bmi, e.bpm, e.calculation_ability,
               e.chief_complaint, e.cholesterol_total, e.dehydration, e.derived_from, e.derived_to, e.diagnosis,
               e.diastolic, e.directions, e.evaluation_endtime, e.evaluation_start, e.evaluation_summary, e.glycemia,
               e.hba1c, e.hdl, e.head_circumference, e.height, e.hip, e.info_diagnosis, e.information_source,
               e.institution, e.judgment, e.knowledge_current_events, e.ldl, e.loc, e.loc_eyes, e.loc_motor,
               e.loc_verbal, e.malnutrition, e.memory, e.mood, e.object_recognition, e.orientation, e.osat, e.praxis,
               e.present_illness, e.reliable_info, e.respiratory_rate, e.signed_by, e.specialty, e.systolic,
               e.temperature, e.tremor, e.urgency, e.violent, e.visit_type, e.vocabulary, e.weight, e.whr
          FROM @schema@.gnuhealth_patient_evaluation e
         WHERE e.id = ANY (patient_evaluation_5_0.keys)
    ), finding AS MATERIALIZED (
        SELECT f.id, f.evaluation, f.clinical, f.sign_or_symptom
          FROM @schema@.gnuhealth_signs_and_symptoms f
         WHERE f.evaluation = ANY (patient_evaluation_5_0.keys)
    ), condition AS MATERIALIZED (
        SELECT c.id, c.evaluation, c.pathology
          FROM @schema@.gnuhealth_secondary_condition c
         WHERE c.evaluation = ANY (patient_evaluation_5_0.keys)
    ), hypothesis AS MATERIALIZED (
        SELECT h.id, h.evaluation, h.pathology
          FROM @schema@.gnuhealth_diagnostic_hypothesis h
         WHERE h.evaluation = ANY (patient_evaluation_5_0.keys)
    ), action AS MATERIALIZED (
        SELECT a.id, a.evaluation, a.procedure
          FROM @schema@.gnuhealth_directions a
         WHERE a.evaluation = ANY (patient_evaluation_5_0.keys)
    ), professional AS MATERIALIZED (
        SELECT h.id, n.rec_name
          FROM (SELECT healthprof AS id FROM document UNION SELECT signed_by FROM document
                UNION SELECT derived_from FROM document UNION SELECT derived_to FROM document) d
          JOIN @schema@.gnuhealth_healthprofessional h ON h.id = d.id
          JOIN @schema@.party_party p ON p.id = h.party
         CROSS JOIN LATERAL gnuhealth_documents.party_name(p.id, p.name, p.lastname, p.name_representation) n
    ), patient AS MATERIALIZED (
        SELECT i.id, n.rec_name
          FROM (SELECT DISTINCT patient AS id FROM document) d
          JOIN @schema@.gnuhealth_patient i ON i.id = d.id
          JOIN @schema@.party_party p ON p.id = i.party
         CROSS JOIN LATERAL gnuhealth_documents.party_name(p.id, p.name, p.lastname, p.name_representation) n
    ), institution AS MATERIALIZED (
        SELECT i.id, p.name::text AS name
          FROM (SELECT DISTINCT institution AS id FROM document) d
          JOIN @schema@.gnuhealth_institution i ON i.id = d.id
          JOIN @schema@.party_party p ON p.id = i.party
    ), word AS MATERIALIZED (
        SELECT n.kind, n.id, n.prefix || COALESCE(t.value, n.name) AS text
          FROM (
                SELECT 1 AS kind, p.id, 'gnuhealth.pathology,name' AS field, p.code || ' : ' AS prefix, p.name
                  FROM (SELECT diagnosis AS id FROM document UNION SELECT clinical FROM finding
                        UNION SELECT pathology FROM condition UNION SELECT pathology FROM hypothesis) d
                  JOIN @schema@.gnuhealth_pathology p ON p.id = d.id
                UNION ALL
                SELECT 2, p.id, 'gnuhealth.procedure,description' AS field, p.name || ' : ', p.description
                  FROM (SELECT DISTINCT procedure AS id FROM action) d
                  JOIN @schema@.gnuhealth_procedure p ON p.id = d.id
                UNION ALL
                SELECT 3, s.id, 'gnuhealth.specialty,name' AS field, '', s.name
                  FROM (SELECT DISTINCT specialty AS id FROM document) d
                  JOIN @schema@.gnuhealth_specialty s ON s.id = d.id
               ) n
         CROSS JOIN spoken s
         CROSS JOIN LATERAL gnuhealth_documents.translation(n.field, n.id, s.languages) t
    ), signs AS MATERIALIZED (
        SELECT f.evaluation,
               pg_catalog.json_agg(pg_catalog.json_build_array(w.text, f.sign_or_symptom) ORDER BY f.id) AS list
          FROM finding f
          LEFT JOIN word w ON w.kind = 1 AND w.id = f.clinical
         GROUP BY f.evaluation
    ), conditions AS MATERIALIZED (
        SELECT c.evaluation, pg_catalog.json_agg(pg_catalog.json_build_array(w.text) ORDER BY c.id) AS list
          FROM condition c
          LEFT JOIN word w ON w.kind = 1 AND w.id = c.pathology
         GROUP BY c.evaluation
    ), hypotheses AS MATERIALIZED (
        SELECT h.evaluation, pg_catalog.json_agg(pg_catalog.json_build_array(w.text) ORDER BY h.id) AS list
          FROM hypothesis h
          LEFT JOIN word w ON w.kind = 1 AND w.id = h.pathology
         GROUP BY h.evaluation
    ), procedures AS MATERIALIZED (
        SELECT a.evaluation, pg_catalog.json_agg(pg_catalog.json_build_array(w.text) ORDER BY a.id) AS list
          FROM action a
          LEFT JOIN word w ON w.kind = 2 AND w.id = a.procedure
         GROUP BY a.evaluation
    )
    SELECT d.id,
           COALESCE(patient.rec_name, 'None'),
           health_crypto.python_str(d.evaluation_start),
           health_crypto.python_str(d.evaluation_endtime),
           COALESCE(initiator.rec_name, 'None'),
           CASE WHEN d.signed_by IS NULL THEN '' ELSE COALESCE(signer.rec_name, 'None') END,
           CASE WHEN d.specialty IS NULL THEN '' ELSE COALESCE(specialty.text, 'None') END,
           health_crypto.python_str(d.visit_type::text),
           health_crypto.python_str(d.urgency::text),
           health_crypto.python_str(d.information_source::text),
           d.reliable_info,
           health_crypto.python_str(d.chief_complaint::text),
           health_crypto.python_str(d.present_illness),
           health_crypto.python_str(d.evaluation_summary),
           COALESCE(signs.list, '""'),
           gnuhealth_documents.json_or_empty(d.glycemia),
           gnuhealth_documents.json_or_empty(d.hba1c),
           gnuhealth_documents.json_or_empty(d.cholesterol_total),
           gnuhealth_documents.json_or_empty(d.hdl),
           gnuhealth_documents.json_or_empty(d.ldl),
           gnuhealth_documents.json_or_empty(d.ldl),
           gnuhealth_documents.json_or_empty(d.systolic),
           gnuhealth_documents.json_or_empty(d.diastolic),
           gnuhealth_documents.json_or_empty(d.bpm),
           gnuhealth_documents.json_or_empty(d.respiratory_rate),
           gnuhealth_documents.json_or_empty(d.osat),
           d.malnutrition,
           d.dehydration,
           gnuhealth_documents.json_float(d.temperature),
           gnuhealth_documents.json_or_empty(d.weight),
           gnuhealth_documents.json_or_empty(d.height),
           gnuhealth_documents.json_or_empty(d.bmi),
           gnuhealth_documents.json_or_empty(d.head_circumference),
           gnuhealth_documents.json_or_empty(d.abdominal_circ),
           gnuhealth_documents.json_or_empty(d.hip),
           gnuhealth_documents.json_or_empty(d.whr),
           gnuhealth_documents.json_or_empty(d.loc),
           COALESCE(d.loc_eyes::text, ''),
           COALESCE(d.loc_verbal::text, ''),
           COALESCE(d.loc_motor::text, ''),
           d.tremor,
           d.violent,
           health_crypto.python_str(d.mood::text),
           d.orientation,
           d.memory,
           d.knowledge_current_events,
           d.judgment,
           d.abstraction,
           d.vocabulary,
           d.calculation_ability,
           d.object_recognition,
           d.praxis,
           CASE WHEN d.diagnosis IS NULL THEN '' ELSE COALESCE(diagnosis.text, 'None') END,
           COALESCE(conditions.list, '""'),
           COALESCE(hypotheses.list, '""'),
           health_crypto.python_str(d.info_diagnosis),
           health_crypto.python_str(d.directions),
           COALESCE(procedures.list, '""'),
           CASE WHEN d.institution IS NULL THEN '' ELSE COALESCE(institution.name, 'None') END,
           CASE WHEN d.derived_from IS NULL THEN '' ELSE COALESCE(sender.rec_name, 'None') END,
           CASE WHEN d.derived_to IS NULL THEN '' ELSE COALESCE(receiver.rec_name, 'None') END
      FROM document d
      LEFT JOIN patient ON patient.id = d.patient
      LEFT JOIN professional initiator ON initiator.id = d.healthprof
      LEFT JOIN professional signer ON signer.id = d.signed_by
      LEFT JOIN professional sender ON sender.id = d.derived_from
      LEFT JOIN professional receiver ON receiver.id = d.derived_to
      LEFT JOIN institution ON institution.id = d.institution
      LEFT JOIN word diagnosis ON diagnosis.kind = 1 AND diagnosis.id = d.diagnosis
      LEFT JOIN word specialty ON specialty.kind = 3 AND specialty.id = d.specialty
      LEFT JOIN signs ON signs.evaluation = d.id
      LEFT JOIN conditions ON conditions.evaluation = d.id
      LEFT JOIN hypotheses ON hypotheses.evaluation = d.id
      LEFT JOIN procedures ON procedures.evaluation = d.id;
END;
COMMENT ON FUNCTION gnuhealth_documents.patient_evaluation_5_0(integer[], text) IS
    'evaluations of patients as GNU Health 3.6 to 5.0 (health_crypto) serialises them, in a language';

-- Without BPM, Abdominal_cir and Orientation. This project was founded on the understanding that 3.4 to 3.8 lack these
-- fields. No release on PyPI does: their source names them twice, and Python keeps a name's first place. So their texts
-- are those of patient_evaluation_5_0 and _3_4. The reduced form can match only a text that lacks the fields.
CREATE OR REPLACE FUNCTION gnuhealth_documents.patient_evaluation_3_8(keys integer[], language text)
    RETURNS TABLE (key integer, "Patient" text, "Start" text, "End" text, "Initiated_by" text, "Signed_by" text,
                   "Specialty" text, "Visit_type" text, "Urgency" text, "Information_source" text,
                   "Reliable_info" boolean, "Chief_complaint" text, "Present_illness" text, "Evaluation_summary" text,
                   "Signs_and_Symptoms" json, "Glycemia" json, "Hba1c" json, "Total_Cholesterol" json, "HDL" json,
                   "LDL" json, "TAG" json, "Systolic" json, "Diastolic" json, "Respiratory_rate" json, "Osat" json,
                   "Malnutrition" boolean, "Dehydration" boolean, "Temperature" json, "Weight" json, "Height" json,
                   "BMI" json, "Head_circ" json, "Hip" json, "WHR" json, "Loc" json, "Loc_eyes" text,
                   "Loc_verbal" text, "Loc_motor" text, "Tremor" boolean, "Violent" boolean, "Mood" text,
                   "Memory" boolean, "Knowledge_current_events" boolean, "Judgment" boolean, "Abstraction" boolean,
                   "Vocabulary" boolean, "Calculation" boolean, "Object_recognition" boolean, "Praxis" boolean,
                   "Diagnosis" text, "Secondary_conditions" json, "DDX" json, "Info_Diagnosis" text,
                   "Treatment_plan" text, "Procedures" json, "Institution" text, "Derived_from" text,
                   "Derived_to" text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT n.key, n."Patient", n."Start", n."End", n."Initiated_by", n."Signed_by", n."Specialty", n."Visit_type",
           n."Urgency", n."Information_source", n."Reliable_info", n."Chief_complaint", n."Present_illness",
           n."Evaluation_summary", n."Signs_and_Symptoms", n."Glycemia", n."Hba1c", n."Total_Cholesterol", n."HDL",
           n."LDL", n."TAG", n."Systolic", n."Diastolic", n."Respiratory_rate", n."Osat", n."Malnutrition",
           n."Dehydration", n."Temperature", n."Weight", n."Height", n."BMI", n."Head_circ", n."Hip", n."WHR",
           n."Loc", n."Loc_eyes", n."Loc_verbal", n."Loc_motor", n."Tremor", n."Violent", n."Mood", n."Memory",
           n."Knowledge_current_events", n."Judgment", n."Abstraction", n."Vocabulary", n."Calculation",
           n."Object_recognition", n."Praxis", n."Diagnosis", n."Secondary_conditions", n."DDX", n."Info_Diagnosis",
           n."Treatment_plan", n."Procedures", n."Institution", n."Derived_from", n."Derived_to"
      FROM gnuhealth_documents.patient_evaluation_5_0(
               patient_evaluation_3_8.keys, patient_evaluation_3_8.language) n;
END;
COMMENT ON FUNCTION gnuhealth_documents.patient_evaluation_3_8(integer[], text) IS
    'evaluations of patients without BPM, Abdominal_cir and Orientation, in a language; of no release on PyPI';

-- Professionals and patient by the last name and name of the party.
CREATE OR REPLACE FUNCTION gnuhealth_documents.patient_evaluation_3_4(keys integer[], language text)
    RETURNS TABLE (key integer, "Patient" text, "Start" text, "End" text, "Initiated_by" text, "Signed_by" text,
                   "Specialty" text, "Visit_type" text, "Urgency" text, "Information_source" text,
                   "Reliable_info" boolean, "Chief_complaint" text, "Present_illness" text, "Evaluation_summary" text,
                   "Signs_and_Symptoms" json, "Glycemia" json, "Hba1c" json, "Total_Cholesterol" json, "HDL" json,
                   "LDL" json, "TAG" json, "Systolic" json, "Diastolic" json, "BPM" json, "Respiratory_rate" json,
                   "Osat" json, "Malnutrition" boolean, "Dehydration" boolean, "Temperature" json, "Weight" json,
                   "Height" json, "BMI" json, "Head_circ" json, "Abdominal_cir" json, "Hip" json, "WHR" json,
                   "Loc" json, "Loc_eyes" text, "Loc_verbal" text, "Loc_motor" text, "Tremor" boolean,
                   "Violent" boolean, "Mood" text, "Orientation" boolean, "Memory" boolean,
                   "Knowledge_current_events" boolean, "Judgment" boolean, "Abstraction" boolean,
                   "Vocabulary" boolean, "Calculation" boolean, "Object_recognition" boolean, "Praxis" boolean,
                   "Diagnosis" text, "Secondary_conditions" json, "DDX" json, "Info_Diagnosis" text,
                   "Treatment_plan" text, "Procedures" json, "Institution" text, "Derived_from" text,
                   "Derived_to" text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT n.key,
           COALESCE(gnuhealth_documents.surname_first(person.name, person.lastname), 'None'),
           n."Start", n."End",
           COALESCE(gnuhealth_documents.surname_first(a.name, a.lastname), 'None'),
           CASE WHEN e.signed_by IS NULL THEN ''
                ELSE COALESCE(gnuhealth_documents.surname_first(b.name, b.lastname), 'None') END,
           n."Specialty", n."Visit_type", n."Urgency", n."Information_source", n."Reliable_info", n."Chief_complaint",
           n."Present_illness", n."Evaluation_summary", n."Signs_and_Symptoms", n."Glycemia", n."Hba1c",
           n."Total_Cholesterol", n."HDL", n."LDL", n."TAG", n."Systolic", n."Diastolic", n."BPM",
           n."Respiratory_rate", n."Osat", n."Malnutrition", n."Dehydration", n."Temperature", n."Weight", n."Height",
           n."BMI", n."Head_circ", n."Abdominal_cir", n."Hip", n."WHR", n."Loc", n."Loc_eyes", n."Loc_verbal",
           n."Loc_motor", n."Tremor", n."Violent", n."Mood", n."Orientation", n."Memory",
           n."Knowledge_current_events", n."Judgment", n."Abstraction", n."Vocabulary", n."Calculation",
           n."Object_recognition", n."Praxis", n."Diagnosis", n."Secondary_conditions", n."DDX", n."Info_Diagnosis",
           n."Treatment_plan", n."Procedures", n."Institution",
           CASE WHEN e.derived_from IS NULL THEN ''
                ELSE COALESCE(gnuhealth_documents.surname_first(c.name, c.lastname), 'None') END,
           CASE WHEN e.derived_to IS NULL THEN ''
                ELSE COALESCE(gnuhealth_documents.surname_first(d.name, d.lastname), 'None') END
      FROM gnuhealth_documents.patient_evaluation_5_0(
               patient_evaluation_3_4.keys, patient_evaluation_3_4.language) n
      JOIN @schema@.gnuhealth_patient_evaluation e ON e.id = n.key
      LEFT JOIN @schema@.gnuhealth_patient i ON i.id = e.patient
      LEFT JOIN @schema@.party_party person ON person.id = i.party
      LEFT JOIN @schema@.gnuhealth_healthprofessional ah ON ah.id = e.healthprof
      LEFT JOIN @schema@.party_party a ON a.id = ah.party
      LEFT JOIN @schema@.gnuhealth_healthprofessional bh ON bh.id = e.signed_by
      LEFT JOIN @schema@.party_party b ON b.id = bh.party
      LEFT JOIN @schema@.gnuhealth_healthprofessional ch ON ch.id = e.derived_from
      LEFT JOIN @schema@.party_party c ON c.id = ch.party
      LEFT JOIN @schema@.gnuhealth_healthprofessional dh ON dh.id = e.derived_to
      LEFT JOIN @schema@.party_party d ON d.id = dh.party;
END;
COMMENT ON FUNCTION gnuhealth_documents.patient_evaluation_3_4(integer[], text) IS
    'evaluations of patients as GNU Health 3.4 (health_crypto) serialised them, in a language';
