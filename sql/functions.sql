-- The SQL surface. One declaration a function: language, volatility, strictness and parallel safety are stated here,
-- not generated. C functions have no search_path to pin; the SQL ones have BEGIN ATOMIC bodies, which are bound when
-- they are created.

-- Serialisation ------------------------------------------------------------------------------------------------------

CREATE FUNCTION health_crypto.serialize(document text, key text, language text DEFAULT NULL) RETURNS text
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'serialize_wrapper';
COMMENT ON FUNCTION health_crypto.serialize(text, text, text) IS
    'canonical text of a document as it is now; language NULL: the database''s own';

CREATE FUNCTION health_crypto.digest(document text, key text, language text DEFAULT NULL) RETURNS text
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'digest_wrapper';
COMMENT ON FUNCTION health_crypto.digest(text, text, text) IS
    'lower-case hexadecimal SHA-512 of the UTF-8 bytes of serialize()';

CREATE FUNCTION health_crypto.canonicalize(value json, profile text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'canonicalize_wrapper';
COMMENT ON FUNCTION health_crypto.canonicalize(json, text) IS
    'a JSON value in a profile: jcs-1 (RFC 8785) or gnuhealth-1 (Python''s json.dumps with ensure_ascii=False)';

CREATE FUNCTION health_crypto.signing_payload(document text, key text) RETURNS text
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'signing_payload_wrapper';
COMMENT ON FUNCTION health_crypto.signing_payload(text, text) IS
    'the exact text that a signer signs: the document''s stored digest';

-- Protection ---------------------------------------------------------------------------------------------------------

CREATE FUNCTION health_crypto.protect(
    document text, root regclass, definition regprocedure,
    profile text DEFAULT 'jcs-1',
    digest_column name DEFAULT 'document_digest',
    serializer_column name DEFAULT 'serializer',
    signature_column name DEFAULT 'digital_signature',
    state_column name DEFAULT NULL,
    sealed_states text[] DEFAULT NULL,
    reference_fields text[] DEFAULT NULL,
    on_alteration text DEFAULT 'reject',
    on_unverified_signature text DEFAULT 'reject',
    add_columns boolean DEFAULT false) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'protect_wrapper';
COMMENT ON FUNCTION health_crypto.protect(text, regclass, regprocedure, text, name, name, name, name, text[], text[], text, text, boolean) IS
    'registers a document and installs its triggers on the tables and columns that its definition reads';

CREATE FUNCTION health_crypto.protect_gnuhealth(OUT document text, OUT root text, OUT outcome text) RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'protect_gnuhealth_wrapper';
COMMENT ON FUNCTION health_crypto.protect_gnuhealth() IS
    'protects each GNU Health document whose tables exist, and says what it did';

CREATE FUNCTION health_crypto.add_definition(
    document text, definition regprocedure, profile text DEFAULT 'jcs-1', reference_fields text[] DEFAULT NULL) RETURNS integer
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'add_definition_wrapper';
COMMENT ON FUNCTION health_crypto.add_definition(text, regprocedure, text, text[]) IS
    'makes documents that were sealed by an earlier definition verify by it; new seals go on using the one of protect(). Returns its edition';

CREATE FUNCTION health_crypto.adopt(document text DEFAULT NULL) RETURNS SETOF health_crypto.verdict
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adopt_wrapper';
COMMENT ON FUNCTION health_crypto.adopt(text) IS
    'enters documents that were sealed before their protection in the register, and returns those that do not hold';

CREATE FUNCTION health_crypto.unprotect(document text) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'unprotect_wrapper';
COMMENT ON FUNCTION health_crypto.unprotect(text) IS
    'removes a document''s triggers and its registration; the register of seals stays';

CREATE FUNCTION health_crypto.definition_parts(definition oid, OUT class oid, OUT object oid) RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH RECURSIVE node (class, object) AS (
        SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid, definition_parts.definition
      UNION
        SELECT n.class, n.object
          FROM node
          JOIN pg_catalog.pg_depend d ON d.classid OPERATOR(pg_catalog.=) node.class
           AND d.objid OPERATOR(pg_catalog.=) node.object AND d.deptype OPERATOR(pg_catalog.=) 'n'
         CROSS JOIN LATERAL (
               SELECT d.refclassid, d.refobjid
                WHERE d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
             UNION ALL
               SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass::pg_catalog.oid, w.oid
                 FROM pg_catalog.pg_rewrite w
                WHERE d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
                  AND w.ev_class OPERATOR(pg_catalog.=) d.refobjid
                  AND w.rulename OPERATOR(pg_catalog.=) '_RETURN'
             UNION ALL
               SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid, o.oprcode::pg_catalog.oid
                 FROM pg_catalog.pg_operator o
                WHERE d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_operator'::pg_catalog.regclass
                  AND o.oid OPERATOR(pg_catalog.=) d.refobjid) n (class, object)
    )
    SELECT node.class, node.object FROM node;
END;
COMMENT ON FUNCTION health_crypto.definition_parts(oid) IS
    'a definition and what it goes through: helper functions, operators'' functions and views (their rules), as pg_depend has it';

CREATE FUNCTION health_crypto.protection_gaps(
    OUT document text, OUT relation text, OUT gap text, OUT detail text) RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'protection_gaps_wrapper';
COMMENT ON FUNCTION health_crypto.protection_gaps() IS
    'missing, disabled or origin-only triggers; columns that a definition reads and nothing watches; unprotected partitions';

CREATE FUNCTION health_crypto.before_triggers(relation regclass) RETURNS SETOF name
    LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- What encrypts a column changes one that somebody else has changed.
    SELECT DISTINCT t.tgname
      FROM pg_catalog.pg_trigger t
      JOIN pg_catalog.pg_proc f ON f.oid OPERATOR(pg_catalog.=) t.tgfoid
     WHERE t.tgrelid IN (SELECT relation
                         UNION SELECT p.relid FROM pg_catalog.pg_partition_tree(relation) p)
       -- BEFORE (2), FOR EACH ROW (1), UPDATE (16): catalog/pg_trigger.h. PostgreSQL's own are all AFTER; those that it made
       -- for a partition are marked as its own up to 14.
       AND (t.tgtype OPERATOR(pg_catalog.&) 19) OPERATOR(pg_catalog.=) 19
       AND (f.pronamespace OPERATOR(pg_catalog.<>) 'health_crypto'::pg_catalog.regnamespace
            OR f.proname OPERATOR(pg_catalog.<>) 'encrypt_written')
     ORDER BY t.tgname;
END;
COMMENT ON FUNCTION health_crypto.before_triggers(regclass) IS
    'the triggers of a table and its partitions that can change columns which an UPDATE does not name, whether enabled or not';

-- As the extension's owner: whoever has the right TRIGGER on a table need not own it. It puts one shape of the extension's
-- own triggers in place of the other, and nothing else.
CREATE FUNCTION health_crypto.tables_changed() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $tables_changed$
DECLARE
    narrow record;
    place regclass;
BEGIN
    FOR narrow IN
        SELECT t.tgrelid::regclass AS relation, t.tgname AS name, t.tgenabled AS enabled, f.proname AS function,
               n.nspname AS table_schema, c.relname AS table_name,
               substring(t.tgname::text FROM '_update_(.*)$') AS document, columns.old, columns.new
          FROM pg_trigger t
          JOIN pg_proc f ON f.oid = t.tgfoid AND f.pronamespace = 'health_crypto'::regnamespace
          JOIN pg_class c ON c.oid = t.tgrelid
          JOIN pg_namespace n ON n.oid = c.relnamespace
         CROSS JOIN LATERAL (
               SELECT string_agg(format('OLD.%I', a.attname), ', ' ORDER BY k.place),
                      string_agg(format('NEW.%I', a.attname), ', ' ORDER BY k.place)
                 FROM unnest(t.tgattr::smallint[]) WITH ORDINALITY k (number, place)
                 JOIN pg_attribute a ON a.attrelid = t.tgrelid AND a.attnum = k.number) columns (old, new)
         WHERE f.proname IN ('guard', 'keep') AND starts_with(t.tgname::text, 'health_crypto_' || f.proname || '_update_')
           AND t.tgparentid = 0 AND array_length(t.tgattr, 1) > 0
           AND EXISTS (SELECT FROM health_crypto.before_triggers(t.tgrelid))
         ORDER BY t.tgrelid::regclass::text, t.tgname
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', narrow.name, narrow.relation);
        EXECUTE format('CREATE %s TRIGGER %I AFTER UPDATE ON %s %s FOR EACH ROW '
                           'WHEN (pg_catalog.record_image_ne(ROW(%s), ROW(%s))) EXECUTE FUNCTION health_crypto.%I(%L, %L, %L)',
                       CASE narrow.function WHEN 'keep' THEN 'CONSTRAINT' END, narrow.name, narrow.relation,
                       CASE narrow.function WHEN 'keep' THEN 'DEFERRABLE INITIALLY DEFERRED' END,
                       narrow.old, narrow.new, narrow.function, narrow.document, narrow.table_schema, narrow.table_name);
        FOR place IN SELECT narrow.relation UNION SELECT p.relid FROM pg_partition_tree(narrow.relation) p LOOP
            -- As it was: what somebody has disabled stays so, and protection_gaps() goes on saying it.
            EXECUTE format('ALTER TABLE %s %s TRIGGER %I', place,
                           CASE narrow.enabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA'
                                               WHEN 'D' THEN 'DISABLE' ELSE 'ENABLE' END, narrow.name);
        END LOOP;
    END LOOP;
END
$tables_changed$;
COMMENT ON FUNCTION health_crypto.tables_changed() IS
    'makes triggers that fire by the columns a statement names compare the rows instead, where a BEFORE trigger has come. Errors: 55006 if the transaction has written the table';

CREATE FUNCTION health_crypto.enable_triggers(OUT relation regclass, OUT "trigger" name) RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $enable_triggers$
BEGIN
    IF current_setting('transaction_read_only')::boolean THEN
        RAISE EXCEPTION 'cannot enable triggers in a read-only transaction' USING ERRCODE = 'read_only_sql_transaction';
    END IF;
    IF EXISTS (SELECT FROM pg_event_trigger e WHERE e.evtname = 'health_crypto_tables_changed' AND e.evtenabled <> 'A'
                  AND pg_has_role(e.evtowner, 'USAGE')) THEN
        ALTER EVENT TRIGGER health_crypto_tables_changed ENABLE ALWAYS;
        "trigger" := 'health_crypto_tables_changed';
        RETURN NEXT;
    END IF;
    -- Partitions come after what they are partitions of, whose ALTER TABLE reaches the cloned triggers too.
    FOR relation, "trigger" IN
        SELECT t.tgrelid::regclass, t.tgname
          FROM pg_trigger t
          JOIN pg_proc f ON f.oid = t.tgfoid AND f.pronamespace = 'health_crypto'::regnamespace
          JOIN pg_class c ON c.oid = t.tgrelid AND pg_has_role(c.relowner, 'USAGE')
         WHERE t.tgenabled <> 'A'
            -- The event trigger fires at the ALTER TABLE and gives it the other shape.
            OR (array_length(t.tgattr, 1) > 0 AND f.proname IN ('guard', 'keep')
                AND EXISTS (SELECT FROM health_crypto.before_triggers(t.tgrelid)))
         ORDER BY t.tgparentid, t.tgrelid::regclass::text, t.tgname
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', relation, "trigger");
        RETURN NEXT;
    END LOOP;
END
$enable_triggers$;
COMMENT ON FUNCTION health_crypto.enable_triggers() IS
    'makes every trigger of the extension fire always again, whatever column a BEFORE trigger changes, and returns those that did not, as after a restore with --disable-triggers; on the tables that the caller owns, so call it as a superuser';

CREATE FUNCTION health_crypto.reopen(document text, key text, reason text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'reopen_wrapper';
COMMENT ON FUNCTION health_crypto.reopen(text, text, text) IS
    'lets a sealed document be amended: enters the reason in the register and takes the signature off the row';

-- Signatures ---------------------------------------------------------------------------------------------------------

CREATE FUNCTION health_crypto.attach_signature(document text, key text, signature text) RETURNS health_crypto.verdict
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'attach_signature_wrapper';
COMMENT ON FUNCTION health_crypto.attach_signature(text, text, text) IS
    'verifies a signature over the document''s digest, stores it, beside those that are there, and answers with the verdict';

-- Verifying takes subtransactions, which PostgreSQL before 17 refuses while a parallel plan runs, in the leader too.
CREATE FUNCTION health_crypto.verify(document text, key text, at timestamptz DEFAULT pg_catalog.now())
    RETURNS health_crypto.verdict
    LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'verify_wrapper';
COMMENT ON FUNCTION health_crypto.verify(text, text, timestamptz) IS
    'what holds of one document: serialised, hashed and its signature judged afresh, at a policy time';

CREATE FUNCTION health_crypto.verify_all(document text DEFAULT NULL, at timestamptz DEFAULT pg_catalog.now())
    RETURNS SETOF health_crypto.verdict
    LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'verify_all_wrapper';
COMMENT ON FUNCTION health_crypto.verify_all(text, timestamptz) IS
    'what holds of every document of one type, or of all types; also of sealed documents whose row is gone';

CREATE FUNCTION health_crypto.verify_all(document text, at timestamptz, share integer, shares integer)
    RETURNS SETOF health_crypto.verdict
    LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'verify_share_wrapper';
COMMENT ON FUNCTION health_crypto.verify_all(text, timestamptz, integer, integer) IS
    'verify_all() for one of several sessions that divide the work: the documents of share 1, 2, ... of so many shares';

CREATE FUNCTION health_crypto.verify_signature(payload text, signature text, at timestamptz DEFAULT pg_catalog.now())
    RETURNS SETOF health_crypto.signature_verdict
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'verify_signature_wrapper';
COMMENT ON FUNCTION health_crypto.verify_signature(text, text, timestamptz) IS
    'judges a signature over any payload against the keyring: one row a signature';

CREATE FUNCTION health_crypto.signers(document text, key text, at timestamptz DEFAULT pg_catalog.now())
    RETURNS SETOF health_crypto.signature_verdict
    LANGUAGE c STABLE PARALLEL RESTRICTED ROWS 2 AS 'MODULE_PATHNAME', 'signers_wrapper';
COMMENT ON FUNCTION health_crypto.signers(text, text, timestamptz) IS
    'judges each signature of a document: one row a signature, the earliest first; none if it carries none';

CREATE FUNCTION health_crypto.evidence(document text, key text, at timestamptz DEFAULT pg_catalog.now()) RETURNS json
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'evidence_wrapper';
COMMENT ON FUNCTION health_crypto.evidence(text, text, timestamptz) IS
    'what an auditor without the database needs: text, digest, signatures, certificates, register entries, policy time and verdict';

-- For those who look rather than read ------------------------------------------------------------------------------

CREATE FUNCTION health_crypto.report_html(at timestamptz DEFAULT pg_catalog.now()) RETURNS text
    LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'report_html_wrapper';
COMMENT ON FUNCTION health_crypto.report_html(timestamptz) IS
    'verifies every document and shows it on one HTML page that loads nothing: verdicts, gaps, certificates that expire, the register by time, and what does not hold with the fields that changed';

CREATE FUNCTION health_crypto.status(
    OUT document text, OUT documents bigint, OUT sealed bigint, OUT signed bigint, OUT gaps bigint) RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL RESTRICTED ROWS 10 AS 'MODULE_PATHNAME', 'status_wrapper';
COMMENT ON FUNCTION health_crypto.status() IS
    'one row a document type, within 80 columns: rows, seals in the register, rows with a signature, gaps in the protection; counted, nothing verified. The last row has the gaps that are about no type';

CREATE FUNCTION health_crypto.qr_svg(document text, key text) RETURNS text
    LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'qr_svg_wrapper';
COMMENT ON FUNCTION health_crypto.qr_svg(text, text) IS
    'an SVG image of a QR code for the printed form of a sealed document that holds: document, digest, signer, time of the seal, key';

-- Keyring ------------------------------------------------------------------------------------------------------------

CREATE FUNCTION health_crypto.import_certificate(certificate bytea, documents text[] DEFAULT NULL) RETURNS text
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'import_certificate_bytes_wrapper';
COMMENT ON FUNCTION health_crypto.import_certificate(bytea, text[]) IS
    'merges an OpenPGP certificate into the keyring and returns its fingerprint; documents NULL: may sign all, ''{}'': none';

CREATE FUNCTION health_crypto.import_certificate(certificate text, documents text[] DEFAULT NULL) RETURNS text
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'import_certificate_text_wrapper';
COMMENT ON FUNCTION health_crypto.import_certificate(text, text[]) IS
    'merges an armored OpenPGP certificate into the keyring and returns its fingerprint; documents NULL: may sign all, ''{}'': none';

CREATE FUNCTION health_crypto.import_keyring(keyring bytea, documents text[] DEFAULT NULL,
    OUT fingerprint text, OUT user_id text, OUT outcome text) RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'import_keyring_bytes_wrapper';
COMMENT ON FUNCTION health_crypto.import_keyring(bytea, text[]) IS
    'imports every certificate of a file and reports each: imported, merged, unchanged, or refused and why';

CREATE FUNCTION health_crypto.import_keyring(keyring text, documents text[] DEFAULT NULL,
    OUT fingerprint text, OUT user_id text, OUT outcome text) RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'import_keyring_text_wrapper';
COMMENT ON FUNCTION health_crypto.import_keyring(text, text[]) IS
    'imports every certificate of an armored file and reports each: imported, merged, unchanged, or refused and why';

CREATE FUNCTION health_crypto.remove_certificate(fingerprint text, reason text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'remove_certificate_wrapper';
COMMENT ON FUNCTION health_crypto.remove_certificate(text, text) IS
    'takes a certificate out of the keyring and enters the reason in the register: its signatures have no known signer from then on';

CREATE FUNCTION health_crypto.certificate_digest(certificate bytea, documents text[]) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT pg_catalog.encode(pg_catalog.sha512(pg_catalog.byteacat(certificate, pg_catalog.convert_to(
            COALESCE(pg_catalog.array_to_json(documents)::pg_catalog.text, 'null'), 'UTF8'))), 'hex');
    END;
COMMENT ON FUNCTION health_crypto.certificate_digest(bytea, text[]) IS
    'SHA-512 over a certificate as the keyring has it and what it may sign, as JSON: what the register keeps of each change of the keyring';

CREATE FUNCTION health_crypto.certificate_description(certificate bytea, at timestamptz,
    OUT user_ids text[], OUT algorithm text, OUT created timestamptz, OUT expires timestamptz,
    OUT revoked boolean, OUT can_sign boolean, OUT can_encrypt boolean) RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'certificate_description_wrapper';
COMMENT ON FUNCTION health_crypto.certificate_description(bytea, timestamptz) IS
    'what a certificate says of itself, as of a policy time';

-- Keys that are numbers ----------------------------------------------------------------------------------------------

CREATE FUNCTION health_crypto.serialize(document text, key bigint, language text DEFAULT NULL) RETURNS text
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    BEGIN ATOMIC SELECT health_crypto.serialize(document, key::pg_catalog.text, language); END;
CREATE FUNCTION health_crypto.digest(document text, key bigint, language text DEFAULT NULL) RETURNS text
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    BEGIN ATOMIC SELECT health_crypto.digest(document, key::pg_catalog.text, language); END;
CREATE FUNCTION health_crypto.signing_payload(document text, key bigint) RETURNS text
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    BEGIN ATOMIC SELECT health_crypto.signing_payload(document, key::pg_catalog.text); END;
CREATE FUNCTION health_crypto.reopen(document text, key bigint, reason text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    BEGIN ATOMIC SELECT health_crypto.reopen(document, key::pg_catalog.text, reason); END;
CREATE FUNCTION health_crypto.attach_signature(document text, key bigint, signature text) RETURNS health_crypto.verdict
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    BEGIN ATOMIC SELECT health_crypto.attach_signature(document, key::pg_catalog.text, signature); END;
CREATE FUNCTION health_crypto.verify(document text, key bigint, at timestamptz DEFAULT pg_catalog.now())
    RETURNS health_crypto.verdict
    LANGUAGE sql STABLE PARALLEL UNSAFE
    BEGIN ATOMIC SELECT health_crypto.verify(document, key::pg_catalog.text, at); END;
CREATE FUNCTION health_crypto.signers(document text, key bigint, at timestamptz DEFAULT pg_catalog.now())
    RETURNS SETOF health_crypto.signature_verdict
    LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 2
    BEGIN ATOMIC SELECT * FROM health_crypto.signers(document, key::pg_catalog.text, at); END;
CREATE FUNCTION health_crypto.evidence(document text, key bigint, at timestamptz DEFAULT pg_catalog.now()) RETURNS json
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    BEGIN ATOMIC SELECT health_crypto.evidence(document, key::pg_catalog.text, at); END;
CREATE FUNCTION health_crypto.qr_svg(document text, key bigint) RETURNS text
    LANGUAGE sql STABLE PARALLEL UNSAFE
    BEGIN ATOMIC SELECT health_crypto.qr_svg(document, key::pg_catalog.text); END;
COMMENT ON FUNCTION health_crypto.serialize(text, bigint, text) IS 'serialize() for a numeric key';
COMMENT ON FUNCTION health_crypto.digest(text, bigint, text) IS 'digest() for a numeric key';
COMMENT ON FUNCTION health_crypto.signing_payload(text, bigint) IS 'signing_payload() for a numeric key';
COMMENT ON FUNCTION health_crypto.reopen(text, bigint, text) IS 'reopen() for a numeric key';
COMMENT ON FUNCTION health_crypto.attach_signature(text, bigint, text) IS 'attach_signature() for a numeric key';
COMMENT ON FUNCTION health_crypto.verify(text, bigint, timestamptz) IS 'verify() for a numeric key';
COMMENT ON FUNCTION health_crypto.signers(text, bigint, timestamptz) IS 'signers() for a numeric key';
COMMENT ON FUNCTION health_crypto.evidence(text, bigint, timestamptz) IS 'evidence() for a numeric key';
COMMENT ON FUNCTION health_crypto.qr_svg(text, bigint) IS 'qr_svg() for a numeric key';

-- Python's texts, for definitions of GNU Health documents ------------------------------------------------------------

CREATE FUNCTION health_crypto.python_repr(value text) RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'python_repr_text_wrapper';
CREATE FUNCTION health_crypto.python_repr(value double precision) RETURNS text
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'python_repr_float_wrapper';
CREATE FUNCTION health_crypto.python_repr(value bigint) RETURNS text
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'python_repr_integer_wrapper';
CREATE FUNCTION health_crypto.python_repr(value boolean) RETURNS text
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'python_repr_boolean_wrapper';
CREATE FUNCTION health_crypto.python_str(value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC SELECT COALESCE(value, 'None'); END;
CREATE FUNCTION health_crypto.python_str(value double precision) RETURNS text
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'python_repr_float_wrapper';
CREATE FUNCTION health_crypto.python_str(value timestamp) RETURNS text
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'python_str_timestamp_wrapper';
CREATE FUNCTION health_crypto.python_str(value date) RETURNS text
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'python_str_date_wrapper';
COMMENT ON FUNCTION health_crypto.python_repr(text) IS
    'Python''s repr() of a str, by the Unicode table of health_crypto.python_unicode; NULL gives None';
COMMENT ON FUNCTION health_crypto.python_repr(double precision) IS 'Python''s repr() of a float; NULL gives None';
COMMENT ON FUNCTION health_crypto.python_repr(bigint) IS 'Python''s repr() of an int; NULL gives None';
COMMENT ON FUNCTION health_crypto.python_repr(boolean) IS 'Python''s repr() of a bool; NULL gives None';
COMMENT ON FUNCTION health_crypto.python_str(text) IS 'Python''s str() of a str; NULL gives None';
COMMENT ON FUNCTION health_crypto.python_str(double precision) IS 'Python''s str() of a float; NULL gives None';
COMMENT ON FUNCTION health_crypto.python_str(timestamp) IS 'Python''s str() of a datetime; NULL gives None';
COMMENT ON FUNCTION health_crypto.python_str(date) IS 'Python''s str() of a date; NULL gives None';

-- Trigger functions --------------------------------------------------------------------------------------------------

CREATE FUNCTION health_crypto.guard() RETURNS trigger
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'health_crypto_guard';
COMMENT ON FUNCTION health_crypto.guard() IS
    'refuses writes to sealed documents and notes which documents a write touches; installed by protect()';
CREATE FUNCTION health_crypto.keep() RETURNS trigger
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'health_crypto_keep';
COMMENT ON FUNCTION health_crypto.keep() IS
    'at the end of the transaction brings digests up to date and enters seals; installed by protect()';
CREATE FUNCTION health_crypto.registrations_changed() RETURNS trigger
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'health_crypto_registrations_changed';
COMMENT ON FUNCTION health_crypto.registrations_changed() IS
    'tells every session to read the registered documents again; on the tables that hold them';
CREATE FUNCTION health_crypto.append_only() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $append_only$
BEGIN
    RAISE EXCEPTION 'the register is append-only' USING ERRCODE = 'insufficient_privilege';
END
$append_only$;
COMMENT ON FUNCTION health_crypto.append_only() IS 'refuses UPDATE, DELETE and TRUNCATE of the register';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON health_crypto.register_entry
    FOR EACH STATEMENT EXECUTE FUNCTION health_crypto.append_only();
ALTER TABLE health_crypto.register_entry ENABLE ALWAYS TRIGGER append_only;

-- A row at a time: a subscription fires no others.
CREATE TRIGGER registrations_changed AFTER INSERT OR UPDATE OR DELETE ON health_crypto.protected_document
    FOR EACH ROW EXECUTE FUNCTION health_crypto.registrations_changed();
CREATE TRIGGER registrations_changed AFTER INSERT OR UPDATE OR DELETE ON health_crypto.definition
    FOR EACH ROW EXECUTE FUNCTION health_crypto.registrations_changed();
CREATE TRIGGER registrations_changed AFTER INSERT OR UPDATE OR DELETE ON health_crypto.watched_table
    FOR EACH ROW EXECUTE FUNCTION health_crypto.registrations_changed();
ALTER TABLE health_crypto.protected_document ENABLE ALWAYS TRIGGER registrations_changed;
ALTER TABLE health_crypto.definition ENABLE ALWAYS TRIGGER registrations_changed;
ALTER TABLE health_crypto.watched_table ENABLE ALWAYS TRIGGER registrations_changed;

CREATE EVENT TRIGGER health_crypto_tables_changed ON ddl_command_end WHEN TAG IN ('CREATE TRIGGER', 'ALTER TABLE')
    EXECUTE FUNCTION health_crypto.tables_changed();
ALTER EVENT TRIGGER health_crypto_tables_changed ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER health_crypto_tables_changed IS
    'a BEFORE trigger that comes to a watched table can change columns that no statement names: see before_triggers()';

-- Views --------------------------------------------------------------------------------------------------------------

CREATE VIEW health_crypto.certificates AS
    SELECT c.fingerprint, d.user_ids, d.algorithm, d.created, d.expires, d.revoked, d.can_sign, d.can_encrypt,
           c.documents, c.imported_at, c.imported_by
      FROM health_crypto.certificate c
     CROSS JOIN LATERAL health_crypto.certificate_description(c.certificate, pg_catalog.now()) d;
COMMENT ON VIEW health_crypto.certificates IS 'the keyring as of now';

CREATE VIEW health_crypto.register AS
    SELECT entry, event, document, key, definition, profile, language, digest, own_digest, signer, signer_name,
           signature, verdict, reason, at, by, session_by, edition, policy_time
      FROM health_crypto.register_entry;
COMMENT ON VIEW health_crypto.register IS
    'every seal, signature, reopening, recorded alteration and override, in the order of their numbers';
