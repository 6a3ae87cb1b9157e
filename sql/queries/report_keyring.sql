-- $1 policy time, $2 days, $3 rows: how many certificates there are, how many are revoked, how many have expired or will
-- within those days; and of these the first to expire: fingerprint, user ids, when, whole days until then, revoked. One row
-- with no fingerprint if there are none.
WITH known AS MATERIALIZED (
    SELECT c.fingerprint, d.user_ids, d.expires, d.revoked
      FROM health_crypto.certificate c
     CROSS JOIN LATERAL health_crypto.certificate_description(c.certificate, $1) d
), ending AS (
    SELECT k.* FROM known k WHERE k.expires < $1::timestamptz + $2 * '1 day'::interval
)
SELECT (SELECT pg_catalog.count(*) FROM known), (SELECT pg_catalog.count(*) FROM known k WHERE k.revoked),
       (SELECT pg_catalog.count(*) FROM ending),
       e.fingerprint, e.user_ids, pg_catalog.to_char(e.expires AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
       pg_catalog.floor(EXTRACT(epoch FROM e.expires - $1) / 86400)::bigint, e.revoked
  FROM (SELECT) one
  LEFT JOIN LATERAL (SELECT * FROM ending n ORDER BY n.expires, n.fingerprint LIMIT $3) e ON true
 ORDER BY e.expires, e.fingerprint
