-- Who may do what. Roles: health_crypto_registrar owns the register and the keyring and is nobody's login;
-- health_crypto_auditor may read and verify everything and write nothing.

ALTER TABLE health_crypto.protected_document OWNER TO health_crypto_registrar;
ALTER TABLE health_crypto.definition OWNER TO health_crypto_registrar;
ALTER TABLE health_crypto.watched_table OWNER TO health_crypto_registrar;
ALTER TABLE health_crypto.register_entry OWNER TO health_crypto_registrar;
ALTER SEQUENCE health_crypto.register_entry_number OWNER TO health_crypto_registrar;
ALTER TABLE health_crypto.certificate OWNER TO health_crypto_registrar;
ALTER TABLE health_crypto.certificate_key OWNER TO health_crypto_registrar;
ALTER TABLE health_crypto.encrypted_column OWNER TO health_crypto_registrar;
ALTER VIEW health_crypto.certificates OWNER TO health_crypto_registrar;
ALTER VIEW health_crypto.register OWNER TO health_crypto_registrar;

REVOKE ALL ON ALL TABLES IN SCHEMA health_crypto FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA health_crypto FROM PUBLIC;

-- Everybody may name the schema, because definitions and triggers call functions in it.
GRANT USAGE ON SCHEMA health_crypto TO PUBLIC;
-- Pure functions, and the reading ones that check for themselves that the caller may read the document's root table.
GRANT EXECUTE ON FUNCTION
    health_crypto.canonicalize(json, text),
    health_crypto.python_repr(text), health_crypto.python_repr(double precision),
    health_crypto.python_repr(bigint), health_crypto.python_repr(boolean),
    health_crypto.python_str(text), health_crypto.python_str(double precision),
    health_crypto.python_str(timestamp), health_crypto.python_str(date),
    health_crypto.certificate_description(bytea, timestamptz), health_crypto.certificate_digest(bytea, text[]),
    health_crypto.definition_parts(oid), health_crypto.before_triggers(regclass),
    health_crypto.serialize(text, text, text), health_crypto.serialize(text, bigint, text),
    health_crypto.digest(text, text, text), health_crypto.digest(text, bigint, text),
    health_crypto.signing_payload(text, text), health_crypto.signing_payload(text, bigint),
    health_crypto.verify(text, text, timestamptz), health_crypto.verify(text, bigint, timestamptz),
    health_crypto.verify_all(text, timestamptz),
    health_crypto.verify_all(text, timestamptz, integer, integer),
    health_crypto.signers(text, text, timestamptz), health_crypto.signers(text, bigint, timestamptz),
    health_crypto.evidence(text, text, timestamptz), health_crypto.evidence(text, bigint, timestamptz),
    health_crypto.qr_svg(text, text), health_crypto.qr_svg(text, bigint),
    health_crypto.verify_signature(text, text, timestamptz)
TO PUBLIC;
-- Writes the signature column with the caller's own rights, so it gives nobody more than UPDATE on the root already does.
GRANT EXECUTE ON FUNCTION
    health_crypto.attach_signature(text, text, text), health_crypto.attach_signature(text, bigint, text)
TO PUBLIC;
-- Encrypting takes what everybody may have, public keys; it tells whether a certificate or an address is in the keyring.
-- Decrypting takes a key that the caller brings. encrypt_document() checks, as serialize() does, that the caller may read
-- the document; decrypt_column() reads the row as the caller.
GRANT EXECUTE ON FUNCTION
    health_crypto.encrypt(text, text[]), health_crypto.encrypt(bytea, text[]),
    health_crypto.decrypt(text, text), health_crypto.decrypt(text, text, text),
    health_crypto.decrypt_bytea(text, text), health_crypto.decrypt_bytea(text, text, text),
    health_crypto.encrypt_document(text, text, text[]), health_crypto.encrypt_document(text, bigint, text[]),
    health_crypto.message_place(regclass, name, text),
    health_crypto.decrypt_column(regclass, name, text, text),
    health_crypto.decrypt_column(regclass, name, text, text, text),
    health_crypto.decrypt_column(regclass, name, bigint, text),
    health_crypto.decrypt_column(regclass, name, bigint, text, text)
TO PUBLIC;
-- The owner of a protected table must be able to create and attach partitions, which clones the triggers. On a table
-- that no document watches these functions raise an error and do nothing else.
GRANT EXECUTE ON FUNCTION health_crypto.guard(), health_crypto.keep(), health_crypto.encrypt_written() TO PUBLIC;

GRANT SELECT ON health_crypto.register, health_crypto.certificates, health_crypto.encrypted_column TO health_crypto_auditor;
-- The last two check, as verify_all() does, that the caller may read each root. Beside it they show the gaps, and the page
-- shows whose certificates expire and how many seals there were when, which is the auditor's to see.
GRANT EXECUTE ON FUNCTION
    health_crypto.protection_gaps(), health_crypto.report_html(timestamptz), health_crypto.status()
TO health_crypto_auditor;
