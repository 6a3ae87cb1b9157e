-- Confidentiality: what is encrypted to certificates of the keyring.

CREATE TABLE health_crypto.encrypted_column (
    place        text PRIMARY KEY,
    table_schema name NOT NULL,
    table_name   name NOT NULL,
    column_name  name NOT NULL,
    key_column   name NOT NULL,
    recipients   text[] NOT NULL,
    recovery     text[] NOT NULL,
    encrypted_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    encrypted_by name NOT NULL
);
COMMENT ON TABLE health_crypto.encrypted_column IS
    'columns that store what is written to them encrypted, and to which certificates; place is what messages are bound to, together with the key of their row. Written by encrypt_column() and unencrypt_column() only';
SELECT pg_catalog.pg_extension_config_dump('health_crypto.encrypted_column', '');

CREATE FUNCTION health_crypto.encrypt(plaintext text, recipients text[]) RETURNS text
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'encrypt_text_wrapper';
COMMENT ON FUNCTION health_crypto.encrypt(text, text[]) IS
    'an armored OpenPGP message to certificates of the keyring, named by fingerprint or exact e-mail address; NULL gives NULL';
CREATE FUNCTION health_crypto.encrypt(plaintext bytea, recipients text[]) RETURNS text
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'encrypt_bytes_wrapper';
COMMENT ON FUNCTION health_crypto.encrypt(bytea, text[]) IS
    'an armored OpenPGP message to certificates of the keyring, named by fingerprint or exact e-mail address; NULL gives NULL';

CREATE FUNCTION health_crypto.decrypt(message text, session_key text) RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'decrypt_with_session_key_wrapper';
COMMENT ON FUNCTION health_crypto.decrypt(text, text) IS
    'the text of a message, by its session key as gpg --show-session-key prints it';
CREATE FUNCTION health_crypto.decrypt(message text, secret_key text, passphrase text) RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'decrypt_with_secret_key_wrapper';
COMMENT ON FUNCTION health_crypto.decrypt(text, text, text) IS
    'the text of a message, by an armored secret key; the server''s log may show the statement: prefer a session key';
CREATE FUNCTION health_crypto.decrypt_bytea(message text, session_key text) RETURNS bytea
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'decrypt_bytea_with_session_key_wrapper';
COMMENT ON FUNCTION health_crypto.decrypt_bytea(text, text) IS 'decrypt() for what is no text';
CREATE FUNCTION health_crypto.decrypt_bytea(message text, secret_key text, passphrase text) RETURNS bytea
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'decrypt_bytea_with_secret_key_wrapper';
COMMENT ON FUNCTION health_crypto.decrypt_bytea(text, text, text) IS 'decrypt() for what is no text';

CREATE FUNCTION health_crypto.encrypt_document(document text, key text, recipients text[]) RETURNS text
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'encrypt_document_wrapper';
COMMENT ON FUNCTION health_crypto.encrypt_document(text, text, text[]) IS
    'a document''s stored text, digest and signature, encrypted: a sealed copy that gpg and sha512sum can check';
CREATE FUNCTION health_crypto.encrypt_document(document text, key bigint, recipients text[]) RETURNS text
    LANGUAGE sql VOLATILE PARALLEL RESTRICTED
    BEGIN ATOMIC SELECT health_crypto.encrypt_document(document, key::pg_catalog.text, recipients); END;
COMMENT ON FUNCTION health_crypto.encrypt_document(text, bigint, text[]) IS 'encrypt_document() for a numeric key';

CREATE FUNCTION health_crypto.encrypt_column(
    root regclass, column_name name, recipients text[],
    encrypt_existing boolean DEFAULT false, recovery text[] DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'encrypt_column_wrapper';
COMMENT ON FUNCTION health_crypto.encrypt_column(regclass, name, text[], boolean, text[]) IS
    'keeps a column encrypted to recipients, and always to the recovery certificates; returns how many existing rows it encrypted';
CREATE FUNCTION health_crypto.unencrypt_column(root regclass, column_name name) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'unencrypt_column_wrapper';
COMMENT ON FUNCTION health_crypto.unencrypt_column(regclass, name) IS
    'stops encrypting what is written to a column; what is encrypted stays so';
CREATE FUNCTION health_crypto.reencrypt(
    root regclass, column_name name, secret_key text DEFAULT NULL, passphrase text DEFAULT NULL,
    OUT state text, OUT readers text[], OUT rows bigint) RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'reencrypt_wrapper';
COMMENT ON FUNCTION health_crypto.reencrypt(regclass, name, text, text) IS
    'how many rows of an encrypted column who can read; with a secret key, after encrypting anew what that key opens';
CREATE FUNCTION health_crypto.message_place(root regclass, column_name name, key text) RETURNS text
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'message_place_wrapper';
COMMENT ON FUNCTION health_crypto.message_place(regclass, name, text) IS
    'the file name that binds a message to a row of an encrypted column, for clients that encrypt by themselves: gpg --set-filename';

CREATE FUNCTION health_crypto.decrypt_column(root regclass, column_name name, key text, session_key text) RETURNS text
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'decrypt_column_with_session_key_wrapper';
COMMENT ON FUNCTION health_crypto.decrypt_column(regclass, name, text, text) IS
    'the text of an encrypted column in one row, seen to be that row''s, by its session key';
CREATE FUNCTION health_crypto.decrypt_column(
    root regclass, column_name name, key text, secret_key text, passphrase text) RETURNS text
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'decrypt_column_with_secret_key_wrapper';
COMMENT ON FUNCTION health_crypto.decrypt_column(regclass, name, text, text, text) IS
    'the text of an encrypted column in one row, seen to be that row''s, by an armored secret key';
CREATE FUNCTION health_crypto.decrypt_column(root regclass, column_name name, key bigint, session_key text) RETURNS text
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    BEGIN ATOMIC SELECT health_crypto.decrypt_column(root, column_name, key::pg_catalog.text, session_key); END;
COMMENT ON FUNCTION health_crypto.decrypt_column(regclass, name, bigint, text) IS 'decrypt_column() for a numeric key';
CREATE FUNCTION health_crypto.decrypt_column(
    root regclass, column_name name, key bigint, secret_key text, passphrase text) RETURNS text
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    BEGIN ATOMIC SELECT health_crypto.decrypt_column(root, column_name, key::pg_catalog.text, secret_key, passphrase); END;
COMMENT ON FUNCTION health_crypto.decrypt_column(regclass, name, bigint, text, text) IS
    'decrypt_column() for a numeric key';

CREATE FUNCTION health_crypto.encrypt_written() RETURNS trigger
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'health_crypto_encrypt_written';
COMMENT ON FUNCTION health_crypto.encrypt_written() IS
    'stores what is written to an encrypted column encrypted; installed by encrypt_column()';
