-- The question that verify_all() answers of a sealed document, by the query of set_based.sql: is the stored text what the definition gives,
-- does it have the stored digest, and is that the one of the newest seal in the register?
CREATE VIEW bench_set_based_sealed AS
SELECT b.id, o.serializer = b.text AND b.document_digest = encode(sha512(convert_to(b.text, 'UTF8')), 'hex')
             AND e.event <> 'reopening' AND e.digest = b.document_digest AS ok
  FROM bench_set_based b
  JOIN gnuhealth_prescription_order o ON o.id = b.id
  LEFT JOIN (SELECT DISTINCT ON (r.key) r.key, r.event, r.digest
               FROM health_crypto.register_entry r
              WHERE r.document = 'prescription' AND r.event IN ('seal', 'adoption', 'reopening')
              ORDER BY r.key, r.entry DESC) e ON e.key = b.id::text;
