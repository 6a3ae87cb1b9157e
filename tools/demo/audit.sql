-- What an auditor reads: every verdict, one row a document, within 100 columns.
GRANT health_crypto_auditor TO auditor;
CREATE VIEW audit AS
    SELECT v.key::integer AS key, v.ok, v.content, v.signature,
           substring(v.signer_name, '(\S+) <') || ' ' || left(v.signer, 8) AS signer,
           (SELECT string_agg(format('%s: %s → %s', field, change ->> 'sealed', change ->> 'current'), E'\n')
              FROM jsonb_each(v.changes) AS c (field, change)) AS changes
      FROM health_crypto.verify_all() v
     ORDER BY v.key::integer;
GRANT SELECT ON audit TO auditor;
