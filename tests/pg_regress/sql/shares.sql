-- verify_all() over more documents than one page, whole and in shares.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\i `echo $PG_ABS_SRCDIR/fixtures/gnuhealth.sql`
SET client_min_messages = warning;
SELECT count(*) FROM health_crypto.protect_gnuhealth();
RESET client_min_messages;
\set ECHO all
INSERT INTO gnuhealth_prescription_order (id, prescription_id, patient, healthprof, notes, state)
SELECT n, 'PRES' || n, 1, 1, 'With food', 'validated' FROM generate_series(1, 1200) n;
-- Round the triggers, on each side of a page's end: another dose of what was sealed, and a row that is gone.
INSERT INTO gnuhealth_prescription_order (id, prescription_id, patient, healthprof) SELECT n, 'DRAFT' || n, 1, 1 FROM generate_series(1201, 1210) n;
SET session_replication_role = replica;
ALTER TABLE gnuhealth_prescription_order DISABLE TRIGGER ALL;
UPDATE gnuhealth_prescription_order SET notes = 'Without' WHERE id IN (1, 500, 501, 1200);
DELETE FROM gnuhealth_prescription_order WHERE id IN (2, 499, 502, 1199);
SELECT content, count(*), count(DISTINCT key), min(key::int), max(key::int) FROM health_crypto.verify_all('prescription') GROUP BY content ORDER BY content;
SELECT key, content, ok FROM health_crypto.verify_all('prescription') WHERE content IN ('altered', 'missing') ORDER BY key::int;
-- Each document is in one share, and its verdict is the same.
SELECT shares, count(*), count(DISTINCT v.key), count(*) FILTER (WHERE v.content = 'missing') AS missing, min(part.size) > 1200 / shares / 2 AS fair
  FROM (VALUES (1), (2), (3), (7)) s (shares)
 CROSS JOIN LATERAL generate_series(1, shares) share
 CROSS JOIN LATERAL (SELECT count(*) AS size FROM health_crypto.verify_all('prescription', now(), share, shares)) part
 CROSS JOIN LATERAL health_crypto.verify_all('prescription', now(), share, shares) v
 GROUP BY shares ORDER BY shares;
SELECT count(*) FROM (
    (SELECT key, ok, content, changes, detail FROM health_crypto.verify_all('prescription'))
    EXCEPT
    (SELECT v.key, v.ok, v.content, v.changes, v.detail FROM generate_series(1, 5) share
      CROSS JOIN LATERAL health_crypto.verify_all(NULL, now(), share, 5) v)) differing;
\set VERBOSITY sqlstate
SELECT health_crypto.verify_all('prescription', now(), 0, 2);
SELECT health_crypto.verify_all('prescription', now(), 3, 2);
SELECT health_crypto.verify_all('prescription', now(), 1, 0);
SELECT health_crypto.verify_all('prescription', now(), NULL, 2);
SELECT health_crypto.verify_all('prescription', now(), 1, NULL);
SELECT health_crypto.verify_all('nothing', now(), 1, 2);
SELECT health_crypto.verify_all('prescription', 'infinity', 1, 2);
