-- Schema, roles, tables and types of health_crypto. Privileges are in privileges.sql, functions in functions.sql.

DO $bootstrap$
BEGIN
    IF pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.<>) 'UTF8' THEN
        RAISE EXCEPTION 'health_crypto needs a database with encoding UTF8'
            USING ERRCODE = 'feature_not_supported',
                  HINT = 'Digests are taken over UTF-8 bytes. Create the database with ENCODING ''UTF8'' TEMPLATE template0.';
    END IF;
    -- Roles belong to the cluster, not to the extension: a second database finds them there. A role of that name that
    -- can log in or has members was not made by this script and would own the register, so it is refused.
    IF pg_catalog.to_regrole('health_crypto_registrar') IS NULL THEN
        CREATE ROLE health_crypto_registrar NOLOGIN NOINHERIT;
        COMMENT ON ROLE health_crypto_registrar IS 'owns register, keyring and registrations of health_crypto; never grant it';
    ELSIF EXISTS (SELECT FROM pg_catalog.pg_roles r
                   WHERE r.rolname OPERATOR(pg_catalog.=) 'health_crypto_registrar'
                     AND (r.rolcanlogin OR r.rolsuper OR r.rolcreaterole
                          OR EXISTS (SELECT FROM pg_catalog.pg_auth_members m
                                       JOIN pg_catalog.pg_roles u ON u.oid OPERATOR(pg_catalog.=) m.member
                                      WHERE m.roleid OPERATOR(pg_catalog.=) r.oid AND NOT u.rolsuper))) THEN
        RAISE EXCEPTION 'role health_crypto_registrar exists and can be used by somebody'
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'It owns the register: it must have NOLOGIN, no special attributes and no members.';
    END IF;
    IF pg_catalog.to_regrole('health_crypto_auditor') IS NULL THEN
        CREATE ROLE health_crypto_auditor NOLOGIN;
        COMMENT ON ROLE health_crypto_auditor IS 'may verify and read every document of health_crypto; for those who audit';
    ELSIF EXISTS (SELECT FROM pg_catalog.pg_roles r
                   WHERE r.rolname OPERATOR(pg_catalog.=) 'health_crypto_auditor' AND (r.rolcanlogin OR r.rolsuper)) THEN
        RAISE EXCEPTION 'role health_crypto_auditor exists and can log in'
            USING ERRCODE = 'insufficient_privilege', HINT = 'Grant it to those who audit; it must have NOLOGIN itself.';
    END IF;
END
$bootstrap$;

CREATE SCHEMA health_crypto;
COMMENT ON SCHEMA health_crypto IS 'document integrity: canonical text, digests, seals and OpenPGP verdicts';

-- Names, not OIDs, throughout: pg_upgrade refuses tables with regprocedure columns, and a dump must restore anywhere.
-- No foreign keys between these tables: CREATE EXTENSION makes them before their data comes, and pg_restore with several
-- jobs loads tables in any order.
CREATE TABLE health_crypto.protected_document (
    document                text PRIMARY KEY CHECK (document OPERATOR(pg_catalog.~) '^[a-z][a-z0-9_]{0,33}$'),
    root_schema             name NOT NULL,
    root_table              name NOT NULL,
    key_column              name NOT NULL,
    key_type                text NOT NULL,
    edition                 integer NOT NULL,
    digest_column           name NOT NULL,
    serializer_column       name NOT NULL,
    signature_column        name,
    state_column            name,
    sealed_states           text[],
    on_alteration           text NOT NULL CHECK (on_alteration OPERATOR(pg_catalog.=) ANY ('{reject,record}')),
    on_unverified_signature text NOT NULL CHECK (on_unverified_signature OPERATOR(pg_catalog.=) ANY ('{reject,record}')),
    protected_at            timestamptz NOT NULL DEFAULT pg_catalog.now(),
    protected_by            name NOT NULL DEFAULT CURRENT_USER
);
COMMENT ON TABLE health_crypto.protected_document IS
    'one row a document type: what protect() was told. Written by protect() and unprotect() only';

-- No foreign key to protected_document: unprotect() must not take away what the register's seals refer to.
CREATE TABLE health_crypto.definition (
    document          text NOT NULL CHECK (document OPERATOR(pg_catalog.~) '^[a-z][a-z0-9_]{0,33}$'),
    edition           integer NOT NULL CHECK (edition OPERATOR(pg_catalog.>) 0),
    definition_schema name NOT NULL,
    definition_name   name NOT NULL,
    definition        text NOT NULL,
    source            text NOT NULL,
    profile           text NOT NULL,
    reference_fields  text[],
    registered_at     timestamptz NOT NULL DEFAULT pg_catalog.now(),
    registered_by     name NOT NULL,
    PRIMARY KEY (document, edition)
);
COMMENT ON TABLE health_crypto.definition IS
    'every definition that documents of a type may have been sealed by, numbered by edition: a function, a profile and the columns it read. protected_document says which one new seals use';

CREATE TABLE health_crypto.watched_table (
    document       text NOT NULL,
    edition        integer NOT NULL,
    table_schema   name NOT NULL,
    table_name     name NOT NULL,
    part           text NOT NULL CHECK (part OPERATOR(pg_catalog.=) ANY ('{root,child,reference}')),
    columns        name[] NOT NULL,
    depth          integer NOT NULL,
    link_column    name,
    parent_schema  name,
    parent_table   name,
    parent_column  name,
    PRIMARY KEY (document, edition, table_schema, table_name)
);
COMMENT ON TABLE health_crypto.watched_table IS
    'tables and columns that each edition of a definition reads: the root, its children (link_column points at parent_column) and tables referred to';

CREATE SEQUENCE health_crypto.register_entry_number;
COMMENT ON SEQUENCE health_crypto.register_entry_number IS
    'numbers of the register''s entries, in the order in which they were made; failed transactions leave gaps';

CREATE TABLE health_crypto.register_entry (
    entry       bigint PRIMARY KEY DEFAULT pg_catalog.nextval('health_crypto.register_entry_number'),
    event       text NOT NULL CHECK (event OPERATOR(pg_catalog.=) ANY
                    ('{seal,signature,reopening,alteration,override,adoption,certificate,protection}')),
    document    text COLLATE "C",
    key         text COLLATE "C",
    definition  text,
    profile     text,
    language    text,
    digest      text,
    own_digest  text,
    signer      text,
    signer_name text,
    signature   text,
    verdict     text,
    reason      text,
    at          timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    by          name NOT NULL,
    session_by  name NOT NULL DEFAULT SESSION_USER,
    edition     integer,
    policy_time timestamptz
);
COMMENT ON TABLE health_crypto.register_entry IS
    'the append-only register behind the view register: every seal, signature, reopening, alteration that was let through, override';
CREATE INDEX register_entry_document_key ON health_crypto.register_entry (document, key, entry);
-- For protection_gaps(), which compares the keyring with its last entries.
CREATE INDEX register_entry_certificate ON health_crypto.register_entry (signer, entry)
    WHERE event OPERATOR(pg_catalog.=) 'certificate';

CREATE TABLE health_crypto.certificate (
    fingerprint text PRIMARY KEY CHECK (fingerprint OPERATOR(pg_catalog.~) '^([0-9A-F]{40}|[0-9A-F]{64})$'),
    certificate bytea NOT NULL,
    documents   text[],
    imported_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    imported_by name NOT NULL
);
COMMENT ON TABLE health_crypto.certificate IS
    'the keyring: public OpenPGP certificates (binary), and which documents each may sign (NULL: all)';

CREATE TABLE health_crypto.certificate_key (
    key_fingerprint text NOT NULL,
    fingerprint     text NOT NULL,
    PRIMARY KEY (key_fingerprint, fingerprint)
);
COMMENT ON TABLE health_crypto.certificate_key IS
    'which certificates hold a key, by the key''s full fingerprint (primary keys and subkeys)';

SELECT pg_catalog.pg_extension_config_dump('health_crypto.protected_document', '');
SELECT pg_catalog.pg_extension_config_dump('health_crypto.definition', '');
SELECT pg_catalog.pg_extension_config_dump('health_crypto.watched_table', '');
SELECT pg_catalog.pg_extension_config_dump('health_crypto.register_entry', '');
SELECT pg_catalog.pg_extension_config_dump('health_crypto.register_entry_number', '');
SELECT pg_catalog.pg_extension_config_dump('health_crypto.certificate', '');
SELECT pg_catalog.pg_extension_config_dump('health_crypto.certificate_key', '');

CREATE TYPE health_crypto.verdict AS (
    document    text,
    key         text,
    ok          boolean,
    content     text,
    signature   text,
    signer      text,
    signer_name text,
    signed_at   timestamptz,
    sealed_at   timestamptz,
    language    text,
    definition  text,
    changes     jsonb,
    detail      text,
    policy_time timestamptz
);
COMMENT ON TYPE health_crypto.verdict IS
    'what holds of one document: content and signature in the words of the README, the signer, the fields that changed';

CREATE TYPE health_crypto.signature_verdict AS (
    ok          boolean,
    signature   text,
    signer      text,
    signer_name text,
    signing_key text,
    signed_at   timestamptz,
    detail      text,
    policy_time timestamptz
);
COMMENT ON TYPE health_crypto.signature_verdict IS 'what holds of one signature in a block';
