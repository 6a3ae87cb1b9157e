-- Comments on columns, triggers and indexes, which \d+ and \dd show. Those on tables, views, types and functions stand
-- with them. tests/surface demands one for each.

COMMENT ON COLUMN health_crypto.protected_document.document IS 'name of the document type';
COMMENT ON COLUMN health_crypto.protected_document.root_schema IS 'schema of the root table';
COMMENT ON COLUMN health_crypto.protected_document.root_table IS 'the root table: a row of it is a document';
COMMENT ON COLUMN health_crypto.protected_document.key_column IS 'its primary key, which documents are named by';
COMMENT ON COLUMN health_crypto.protected_document.key_type IS 'type of the key, as format_type() spells it';
COMMENT ON COLUMN health_crypto.protected_document.edition IS 'which row of definition new seals use';
COMMENT ON COLUMN health_crypto.protected_document.digest_column IS 'column of the root table for the digest';
COMMENT ON COLUMN health_crypto.protected_document.serializer_column IS
    'column of the root table for the canonical text';
COMMENT ON COLUMN health_crypto.protected_document.signature_column IS
    'column of the root table for the signature; NULL: documents are not signed';
COMMENT ON COLUMN health_crypto.protected_document.state_column IS
    'column of the root table whose value seals; NULL: only a signature seals';
COMMENT ON COLUMN health_crypto.protected_document.sealed_states IS 'the values of state_column that seal';
COMMENT ON COLUMN health_crypto.protected_document.on_alteration IS
    'what happens to a write that would change a sealed document: reject or record';
COMMENT ON COLUMN health_crypto.protected_document.on_unverified_signature IS
    'what happens to a signature that does not verify: reject or record';
COMMENT ON COLUMN health_crypto.protected_document.protected_at IS 'when protect() was called last';
COMMENT ON COLUMN health_crypto.protected_document.protected_by IS 'who called it';

COMMENT ON COLUMN health_crypto.definition.document IS 'name of the document type';
COMMENT ON COLUMN health_crypto.definition.edition IS
    'number of this definition among those of the document type, from 1';
COMMENT ON COLUMN health_crypto.definition.definition_schema IS 'schema of the function';
COMMENT ON COLUMN health_crypto.definition.definition_name IS 'name of the function';
COMMENT ON COLUMN health_crypto.definition.definition IS 'the function with the types of its arguments';
COMMENT ON COLUMN health_crypto.definition.source IS
    'digest over its body and its helpers when it was registered: tells a changed definition';
COMMENT ON COLUMN health_crypto.definition.profile IS 'how its rows become text';
COMMENT ON COLUMN health_crypto.definition.reference_fields IS
    'fields whose difference may be drift where the register cannot tell';
COMMENT ON COLUMN health_crypto.definition.registered_at IS 'when it was registered';
COMMENT ON COLUMN health_crypto.definition.registered_by IS 'who did';

COMMENT ON COLUMN health_crypto.watched_table.document IS 'name of the document type';
COMMENT ON COLUMN health_crypto.watched_table.edition IS 'edition of its definition';
COMMENT ON COLUMN health_crypto.watched_table.table_schema IS 'schema of a table that the definition reads';
COMMENT ON COLUMN health_crypto.watched_table.table_name IS 'that table';
COMMENT ON COLUMN health_crypto.watched_table.part IS 'root, child or reference';
COMMENT ON COLUMN health_crypto.watched_table.columns IS 'the columns that the definition reads';
COMMENT ON COLUMN health_crypto.watched_table.depth IS 'steps from the root: 0 for the root itself';
COMMENT ON COLUMN health_crypto.watched_table.link_column IS 'of a child: its foreign key';
COMMENT ON COLUMN health_crypto.watched_table.parent_schema IS
    'of a child: schema of the table that the foreign key points at';
COMMENT ON COLUMN health_crypto.watched_table.parent_table IS 'of a child: that table';
COMMENT ON COLUMN health_crypto.watched_table.parent_column IS 'of a child: the column that the foreign key points at';

COMMENT ON COLUMN health_crypto.register_entry.entry IS 'number of the entry; the order in which things happened';
COMMENT ON COLUMN health_crypto.register_entry.event IS
    'seal, adoption, signature, reopening, alteration, override, certificate or protection';
COMMENT ON COLUMN health_crypto.register_entry.document IS 'name of the document type; NULL: of the keyring';
COMMENT ON COLUMN health_crypto.register_entry.key IS 'key of the document';
COMMENT ON COLUMN health_crypto.register_entry.definition IS 'the definition it was serialised by';
COMMENT ON COLUMN health_crypto.register_entry.profile IS 'profile of that definition';
COMMENT ON COLUMN health_crypto.register_entry.language IS 'language of the text';
COMMENT ON COLUMN health_crypto.register_entry.digest IS
    'SHA-512 of the text, in hexadecimal; of a certificate entry certificate_digest()';
COMMENT ON COLUMN health_crypto.register_entry.own_digest IS
    'digest over the document''s own rows: tells drift from alteration';
COMMENT ON COLUMN health_crypto.register_entry.signer IS 'fingerprint of the certificate';
COMMENT ON COLUMN health_crypto.register_entry.signer_name IS 'what the certificate says of its holder';
COMMENT ON COLUMN health_crypto.register_entry.signature IS 'the armored signature';
COMMENT ON COLUMN health_crypto.register_entry.verdict IS 'the word of the verdict at that time';
COMMENT ON COLUMN health_crypto.register_entry.reason IS 'why, in the words of whoever did it';
COMMENT ON COLUMN health_crypto.register_entry.at IS 'when the entry was made';
COMMENT ON COLUMN health_crypto.register_entry.by IS 'current user';
COMMENT ON COLUMN health_crypto.register_entry.session_by IS 'session user';
COMMENT ON COLUMN health_crypto.register_entry.edition IS 'edition of the definition';
COMMENT ON COLUMN health_crypto.register_entry.policy_time IS 'as of when signatures were judged';

COMMENT ON COLUMN health_crypto.register.entry IS 'number of the entry; the order in which things happened';
COMMENT ON COLUMN health_crypto.register.event IS
    'seal, adoption, signature, reopening, alteration, override, certificate or protection';
COMMENT ON COLUMN health_crypto.register.document IS 'name of the document type; NULL: of the keyring';
COMMENT ON COLUMN health_crypto.register.key IS 'key of the document';
COMMENT ON COLUMN health_crypto.register.definition IS 'the definition it was serialised by';
COMMENT ON COLUMN health_crypto.register.profile IS 'profile of that definition';
COMMENT ON COLUMN health_crypto.register.language IS 'language of the text';
COMMENT ON COLUMN health_crypto.register.digest IS
    'SHA-512 of the text, in hexadecimal; of a certificate entry certificate_digest()';
COMMENT ON COLUMN health_crypto.register.own_digest IS
    'digest over the document''s own rows: tells drift from alteration';
COMMENT ON COLUMN health_crypto.register.signer IS 'fingerprint of the certificate';
COMMENT ON COLUMN health_crypto.register.signer_name IS 'what the certificate says of its holder';
COMMENT ON COLUMN health_crypto.register.signature IS 'the armored signature';
COMMENT ON COLUMN health_crypto.register.verdict IS 'the word of the verdict at that time';
COMMENT ON COLUMN health_crypto.register.reason IS 'why, in the words of whoever did it';
COMMENT ON COLUMN health_crypto.register.at IS 'when the entry was made';
COMMENT ON COLUMN health_crypto.register.by IS 'current user';
COMMENT ON COLUMN health_crypto.register.session_by IS 'session user';
COMMENT ON COLUMN health_crypto.register.edition IS 'edition of the definition';
COMMENT ON COLUMN health_crypto.register.policy_time IS 'as of when signatures were judged';

COMMENT ON COLUMN health_crypto.certificate.fingerprint IS 'of its primary key, hexadecimal in upper case';
COMMENT ON COLUMN health_crypto.certificate.certificate IS
    'the certificate in binary, as it was merged from all imports';
COMMENT ON COLUMN health_crypto.certificate.documents IS 'document types that it may sign; NULL: all';
COMMENT ON COLUMN health_crypto.certificate.imported_at IS 'when it was imported first';
COMMENT ON COLUMN health_crypto.certificate.imported_by IS 'who did';

COMMENT ON COLUMN health_crypto.certificate_key.key_fingerprint IS 'fingerprint of a key, primary or subkey';
COMMENT ON COLUMN health_crypto.certificate_key.fingerprint IS 'fingerprint of the certificate that has it';

COMMENT ON COLUMN health_crypto.encrypted_column.place IS
    'what messages are bound to, together with the key of their row';
COMMENT ON COLUMN health_crypto.encrypted_column.table_schema IS 'schema of the table';
COMMENT ON COLUMN health_crypto.encrypted_column.table_name IS 'the table';
COMMENT ON COLUMN health_crypto.encrypted_column.column_name IS 'its encrypted column';
COMMENT ON COLUMN health_crypto.encrypted_column.key_column IS 'its primary key';
COMMENT ON COLUMN health_crypto.encrypted_column.recipients IS 'fingerprints of those who can read';
COMMENT ON COLUMN health_crypto.encrypted_column.recovery IS 'fingerprints of those who can always read';
COMMENT ON COLUMN health_crypto.encrypted_column.encrypted_at IS 'when encrypt_column() was called last';
COMMENT ON COLUMN health_crypto.encrypted_column.encrypted_by IS 'who called it';

COMMENT ON COLUMN health_crypto.certificates.fingerprint IS 'of its primary key, hexadecimal in upper case';
COMMENT ON COLUMN health_crypto.certificates.user_ids IS 'names and addresses that it is bound to';
COMMENT ON COLUMN health_crypto.certificates.algorithm IS 'of its primary key';
COMMENT ON COLUMN health_crypto.certificates.created IS 'when its primary key was made';
COMMENT ON COLUMN health_crypto.certificates.expires IS 'when it expires; NULL: never';
COMMENT ON COLUMN health_crypto.certificates.revoked IS 'is it revoked, as of now?';
COMMENT ON COLUMN health_crypto.certificates.can_sign IS 'has it a key that may sign now?';
COMMENT ON COLUMN health_crypto.certificates.can_encrypt IS 'has it a key that can receive messages now?';
COMMENT ON COLUMN health_crypto.certificates.documents IS 'document types that it may sign; NULL: all';
COMMENT ON COLUMN health_crypto.certificates.imported_at IS 'when it was imported first';
COMMENT ON COLUMN health_crypto.certificates.imported_by IS 'who did';

COMMENT ON COLUMN health_crypto.verdict.document IS 'name of the document type';
COMMENT ON COLUMN health_crypto.verdict.key IS 'key of the document';
COMMENT ON COLUMN health_crypto.verdict.ok IS
    'does it hold: content draft, intact or drifted, and signature valid or absent';
COMMENT ON COLUMN health_crypto.verdict.content IS 'draft, stale, intact, drifted, altered, forged or missing';
COMMENT ON COLUMN health_crypto.verdict.signature IS 'absent, valid, or why it is not valid';
COMMENT ON COLUMN health_crypto.verdict.signer IS 'fingerprint of the certificate that signed first';
COMMENT ON COLUMN health_crypto.verdict.signer_name IS 'what it says of its holder: a claim unless signature is valid';
COMMENT ON COLUMN health_crypto.verdict.signed_at IS 'when the signature says that it was made';
COMMENT ON COLUMN health_crypto.verdict.sealed_at IS 'when the register has it as sealed';
COMMENT ON COLUMN health_crypto.verdict.language IS 'language that it was compared in';
COMMENT ON COLUMN health_crypto.verdict.definition IS 'definition that it was compared by';
COMMENT ON COLUMN health_crypto.verdict.changes IS 'fields that differ: {"Field": {"sealed": ..., "current": ...}}';
COMMENT ON COLUMN health_crypto.verdict.detail IS 'the same in words, without content';
COMMENT ON COLUMN health_crypto.verdict.policy_time IS 'as of when signatures were judged';

COMMENT ON COLUMN health_crypto.signature_verdict.ok IS 'is it valid?';
COMMENT ON COLUMN health_crypto.signature_verdict.signature IS 'valid, or why it is not';
COMMENT ON COLUMN health_crypto.signature_verdict.signer IS 'fingerprint of the certificate';
COMMENT ON COLUMN health_crypto.signature_verdict.signer_name IS 'what it says of its holder: a claim unless valid';
COMMENT ON COLUMN health_crypto.signature_verdict.signing_key IS 'fingerprint of the key that signed';
COMMENT ON COLUMN health_crypto.signature_verdict.signed_at IS 'when the signature says that it was made';
COMMENT ON COLUMN health_crypto.signature_verdict.detail IS 'the same in words';
COMMENT ON COLUMN health_crypto.signature_verdict.policy_time IS 'as of when it was judged';

COMMENT ON TRIGGER append_only ON health_crypto.register_entry IS 'the register grows and does not change';
COMMENT ON TRIGGER registrations_changed ON health_crypto.protected_document IS
    'every session reads registrations anew';
COMMENT ON TRIGGER registrations_changed ON health_crypto.definition IS 'every session reads registrations anew';
COMMENT ON TRIGGER registrations_changed ON health_crypto.watched_table IS 'every session reads registrations anew';
COMMENT ON INDEX health_crypto.register_entry_document_key IS 'the entries of one document, in order';
COMMENT ON INDEX health_crypto.register_entry_certificate IS 'the entries of one certificate, for protection_gaps()';
