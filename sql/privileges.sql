-- Who may do what, and why. tests/surface/run.sh reads this file: every role has its line here, every statement its reason
-- above it, and what the catalogue says everybody or the auditors may use is what is granted here and nothing else.
--
-- role health_crypto_registrar: owns the register, the keyring and the registrations, so that no owner of a hospital's tables
--   and no caller can write them; the extension's C code switches to it for its own statements. It is nobody's login, has no
--   members and no rights on anything else: its name is fixed, because the code names it, and a role that an installer chose
--   would have rights of its own.
-- role health_crypto_auditor: may read and verify every document and see register, keyring and gaps, and writes nothing. A
--   group, granted by the hospital to whoever audits; fixed, because functions ask for membership by name.
-- role PUBLIC: gets what is pure, what checks for itself what the caller may read, and what PostgreSQL asks of everybody who
--   owns a table with triggers or defines a document.
--
-- Everything else (protect(), unprotect(), add_definition(), adopt(), reopen(), the keyring, encrypted columns) is for
-- superusers until one of them grants it, because it says what is protected, who signs, or takes a seal off.

-- What the register says must not be for the role to change that it speaks of: not the tables' owner, nor the installer.
ALTER TABLE health_crypto.register_entry OWNER TO health_crypto_registrar;
ALTER SEQUENCE health_crypto.register_entry_number OWNER TO health_crypto_registrar;
ALTER VIEW health_crypto.register OWNER TO health_crypto_registrar;
-- Who may sign, likewise: whoever writes the keyring says who is who.
ALTER TABLE health_crypto.certificate OWNER TO health_crypto_registrar;
ALTER TABLE health_crypto.certificate_key OWNER TO health_crypto_registrar;
ALTER VIEW health_crypto.certificates OWNER TO health_crypto_registrar;
-- What is protected and encrypted, likewise: a definition put in another's place would verify anything.
ALTER TABLE health_crypto.protected_document OWNER TO health_crypto_registrar;
ALTER TABLE health_crypto.definition OWNER TO health_crypto_registrar;
ALTER TABLE health_crypto.watched_table OWNER TO health_crypto_registrar;
ALTER TABLE health_crypto.encrypted_column OWNER TO health_crypto_registrar;

-- PostgreSQL gives new functions to everybody, and a database may have default privileges: begin with nothing.
REVOKE ALL ON ALL TABLES IN SCHEMA health_crypto FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA health_crypto FROM PUBLIC;

-- Triggers and definitions of everybody name functions in it; nobody may create in it.
GRANT USAGE ON SCHEMA health_crypto TO PUBLIC;
-- The row types of what everybody may ask for.
GRANT USAGE ON TYPE health_crypto.verdict, health_crypto.signature_verdict TO PUBLIC;

-- Pure: a value in, a text out. Definitions call those of Python's texts as their owner.
GRANT EXECUTE ON FUNCTION
    health_crypto.canonicalize(json, text),
    health_crypto.python_repr(text), health_crypto.python_repr(double precision),
    health_crypto.python_repr(bigint), health_crypto.python_repr(boolean),
    health_crypto.python_str(text), health_crypto.python_str(double precision),
    health_crypto.python_str(timestamp), health_crypto.python_str(date)
TO PUBLIC;
-- Pure: they read only the certificate that they are given. The view certificates calls them as whoever reads it.
GRANT EXECUTE ON FUNCTION
    health_crypto.certificate_description(bytea, timestamptz), health_crypto.certificate_digest(bytea, text[])
TO PUBLIC;
-- They read the catalogue, which everybody may read, as the caller.
GRANT EXECUTE ON FUNCTION health_crypto.definition_parts(oid), health_crypto.before_triggers(regclass) TO PUBLIC;
-- Each checks that the caller may read the document's root table, and row security for the row: gives nobody more than
-- SELECT on the root.
GRANT EXECUTE ON FUNCTION
    health_crypto.serialize(text, text, text), health_crypto.serialize(text, bigint, text),
    health_crypto.digest(text, text, text), health_crypto.digest(text, bigint, text),
    health_crypto.signing_payload(text, text), health_crypto.signing_payload(text, bigint),
    health_crypto.verify(text, text, timestamptz), health_crypto.verify(text, bigint, timestamptz),
    health_crypto.signers(text, text, timestamptz), health_crypto.signers(text, bigint, timestamptz),
    health_crypto.evidence(text, text, timestamptz), health_crypto.evidence(text, bigint, timestamptz),
    health_crypto.qr_svg(text, text), health_crypto.qr_svg(text, bigint),
    health_crypto.encrypt_document(text, text, text[]), health_crypto.encrypt_document(text, bigint, text[])
TO PUBLIC;
-- Checks that the caller may read each root, and shows the rows that row security shows him.
GRANT EXECUTE ON FUNCTION
    health_crypto.verify_all(text, timestamptz),
    health_crypto.verify_all(text, timestamptz, integer, integer)
TO PUBLIC;
-- Judges what it is given against the keyring; tells a signer of a signature that one has, as SECURITY.md says.
GRANT EXECUTE ON FUNCTION health_crypto.verify_signature(text, text, timestamptz) TO PUBLIC;
-- Writes the signature column with the caller's own rights, so it gives nobody more than UPDATE on the root already does.
GRANT EXECUTE ON FUNCTION
    health_crypto.attach_signature(text, text, text), health_crypto.attach_signature(text, bigint, text)
TO PUBLIC;
-- Encrypting takes what everybody may have, public keys; it tells whether a certificate or an address is in the keyring, as
-- SECURITY.md says.
GRANT EXECUTE ON FUNCTION health_crypto.encrypt(text, text[]), health_crypto.encrypt(bytea, text[]) TO PUBLIC;
-- Pure: decrypting takes a key that the caller brings.
GRANT EXECUTE ON FUNCTION
    health_crypto.decrypt(text, text), health_crypto.decrypt(text, text, text),
    health_crypto.decrypt_bytea(text, text), health_crypto.decrypt_bytea(text, text, text)
TO PUBLIC;
-- Reads the row as the caller, and takes a key that he brings.
GRANT EXECUTE ON FUNCTION
    health_crypto.decrypt_column(regclass, name, text, text),
    health_crypto.decrypt_column(regclass, name, text, text, text),
    health_crypto.decrypt_column(regclass, name, bigint, text),
    health_crypto.decrypt_column(regclass, name, bigint, text, text)
TO PUBLIC;
-- Gives a digest over a random id and a key: a client that encrypts by itself needs it.
GRANT EXECUTE ON FUNCTION health_crypto.message_place(regclass, name, text) TO PUBLIC;
-- Trigger functions: the owner of a protected table must be able to create and attach partitions, which clones the triggers.
-- On a table that no document watches they raise an error and do nothing else.
GRANT EXECUTE ON FUNCTION health_crypto.guard(), health_crypto.keep(), health_crypto.encrypt_written() TO PUBLIC;

-- An auditor must see every seal, whoever made it, and who can sign what; there are public keys in it, and no content.
GRANT SELECT ON health_crypto.register, health_crypto.certificates TO health_crypto_auditor;
-- An auditor may see what is encrypted, and for whom; there is no key in it.
GRANT SELECT ON health_crypto.encrypted_column TO health_crypto_auditor;
-- An auditor must see which doors are open; others need not learn it.
GRANT EXECUTE ON FUNCTION health_crypto.protection_gaps() TO health_crypto_auditor;
-- These check, as verify_all() does, that the caller may read each root; beside it they show the gaps, whose certificates
-- expire and how many seals there were when, which is an auditor's to see.
GRANT EXECUTE ON FUNCTION health_crypto.report_html(timestamptz), health_crypto.status() TO health_crypto_auditor;
