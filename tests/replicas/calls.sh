# shellcheck shell=bash
# One call or more of every function of the extension, sourced by run.sh: what a standby must answer as the primary
# does, what it must refuse, and what has another answer each time. A function that stands in none of the three is a
# failure.

# The answer is that of the primary.
reading=(
    "SELECT v FROM health_crypto.verify_all(NULL, '2026-06-01 00:00+00') v ORDER BY v.document, v.key"
    "SELECT health_crypto.verify('prescription', 1, '2026-06-01 00:00+00')"
    "SELECT health_crypto.verify('measurement', '5f0c1a52-0000-4000-8000-000000000003', '2026-06-01 00:00+00')"
    "SELECT health_crypto.signers('prescription', 1, '2026-06-01 00:00+00')"
    "SELECT health_crypto.evidence('prescription', 1, '2026-06-01 00:00+00')"
    "SELECT health_crypto.evidence('measurement', '5f0c1a52-0000-4000-8000-000000000004', '2026-06-01 00:00+00')"
    "SELECT v FROM gnuhealth_prescription_order o CROSS JOIN health_crypto.verify_signature(o.document_digest, o.digital_signature, '2026-06-01 00:00+00') v WHERE o.id = 1"
    "SELECT health_crypto.serialize('prescription', id), health_crypto.serialize('prescription', id, 'fr') FROM gnuhealth_prescription_order ORDER BY id"
    "SELECT health_crypto.digest('measurement', id::text) FROM measurement ORDER BY id"
    "SELECT health_crypto.signing_payload('prescription', 3)"
    "SELECT health_crypto.canonicalize('{\"b\": 1.50, \"a\": [null]}', 'jcs-1')"
    "SELECT health_crypto.certificate_description(certificate, '2026-06-01 00:00+00') FROM health_crypto.certificate ORDER BY fingerprint"
    "SELECT health_crypto.certificate_digest(certificate, documents) FROM health_crypto.certificate ORDER BY fingerprint"
    "SELECT health_crypto.definition_parts('measurement_1(uuid[], text)'::regprocedure)"
    "SELECT count(*), min(name) FROM health_crypto.before_triggers('gnuhealth_prescription_line') b (name)"
    "SELECT health_crypto.protection_gaps()"
    "SELECT health_crypto.status()"
    "SELECT regexp_replace(health_crypto.report_html('2026-06-01 00:00+00'), 'Page made .*? UTC', '')"
    "SELECT health_crypto.qr_svg('prescription', 1)"
    "SELECT health_crypto.qr_svg('measurement', '5f0c1a52-0000-4000-8000-000000000001')"
    "SELECT health_crypto.message_place('finding', 'note', '1')"
    "SELECT health_crypto.decrypt(note, :'secret', '') FROM finding WHERE note IS NOT NULL ORDER BY id"
    "SELECT health_crypto.decrypt_bytea(note, :'secret', '') FROM finding WHERE note IS NOT NULL ORDER BY id"
    "SELECT health_crypto.decrypt_column('finding', 'note', id, :'secret', '') FROM finding ORDER BY id"
    "SELECT health_crypto.python_repr('it''s'), health_crypto.python_repr(1e16::float8), health_crypto.python_repr(1), health_crypto.python_repr(true)"
    "SELECT health_crypto.python_str(NULL::text), health_crypto.python_str(0.1::float8), health_crypto.python_str('2026-01-05 10:30'::timestamp), health_crypto.python_str('2026-01-05'::date)"
    "SELECT * FROM health_crypto.register ORDER BY entry"
    "SELECT * FROM health_crypto.certificates ORDER BY fingerprint"
)

# Refused with 25006.
# shellcheck disable=SC2034 # read by run.sh
writing=(
    "SELECT health_crypto.protect('measurement', 'measurement', 'measurement_1(uuid[], text)')"
    "SELECT health_crypto.protect_gnuhealth()"
    "SELECT health_crypto.unprotect('measurement')"
    "SELECT health_crypto.add_definition('measurement', 'measurement_1(uuid[], text)', 'jcs-1')"
    "SELECT health_crypto.adopt()"
    "SELECT health_crypto.attach_signature('prescription', 3, :'signature')"
    "SELECT health_crypto.reopen('prescription', 3, 'a reason')"
    "SELECT health_crypto.reopen('measurement', '5f0c1a52-0000-4000-8000-000000000001', 'a reason')"
    "SELECT health_crypto.import_certificate(:'certificate')"
    "SELECT health_crypto.import_certificate(c.certificate) FROM health_crypto.certificate c"
    "SELECT health_crypto.import_keyring(:'certificate')"
    "SELECT health_crypto.import_keyring(c.certificate) FROM health_crypto.certificate c"
    "SELECT health_crypto.remove_certificate(fingerprint, 'a reason') FROM health_crypto.certificate"
    "SELECT health_crypto.encrypt_column('finding', 'note', ARRAY['laboratory@example.org'])"
    "SELECT health_crypto.unencrypt_column('finding', 'note')"
    "SELECT health_crypto.reencrypt('finding', 'note')"
    "SELECT health_crypto.enable_triggers()"
    "INSERT INTO gnuhealth_prescription_order (patient) VALUES (1)"
    "UPDATE gnuhealth_prescription_line SET dose = 1"
    "UPDATE health_crypto.register_entry SET reason = 'another'"
)

# Works, with another answer each time; how it begins, and what opens it again, is the same.
# shellcheck disable=SC2034 # read by run.sh
random=(
    "SELECT left(health_crypto.encrypt('words', ARRAY['laboratory@example.org']), 27)"
    "SELECT health_crypto.decrypt(health_crypto.encrypt('\\x776f726473'::bytea, ARRAY['laboratory@example.org']), :'secret', '')"
    "SELECT md5(health_crypto.decrypt(health_crypto.encrypt_document('prescription', 1, ARRAY['laboratory@example.org']), :'secret', ''))"
)
