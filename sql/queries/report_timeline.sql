-- The register by time, in at most about 60 intervals of one unit, those without an entry included: unit, label, and how many
-- seals and adoptions, signatures, reopenings, alterations and overrides. One pass over the register; days are few.
WITH day AS MATERIALIZED (
    SELECT pg_catalog.date_trunc('day', e.at AT TIME ZONE 'UTC') AS day,
           pg_catalog.count(*) FILTER (WHERE e.event IN ('seal', 'adoption')) AS seals,
           pg_catalog.count(*) FILTER (WHERE e.event = 'signature') AS signatures,
           pg_catalog.count(*) FILTER (WHERE e.event = 'reopening') AS reopenings,
           pg_catalog.count(*) FILTER (WHERE e.event IN ('alteration', 'override')) AS alterations
      FROM health_crypto.register_entry e
     -- Those two are about no document of the reader's.
     WHERE e.event NOT IN ('certificate', 'protection') AND pg_catalog.isfinite(e.at)
     GROUP BY 1
), span AS (
    SELECT s.first, s.last,
           CASE WHEN s.last - s.first <= '60 days' THEN 'day'
                WHEN s.last - s.first <= '420 days' THEN 'week'
                WHEN s.last - s.first <= '1826 days' THEN 'month'
                WHEN s.last - s.first <= '21915 days' THEN 'year'
                ELSE 'century' END AS unit
      FROM (SELECT pg_catalog.min(d.day) AS first, pg_catalog.max(d.day) AS last FROM day d) s
)
SELECT p.unit,
       pg_catalog.to_char(i.begins, CASE p.unit WHEN 'month' THEN 'YYYY-MM' WHEN 'year' THEN 'YYYY' WHEN 'century' THEN 'YYYY'
                                                ELSE 'YYYY-MM-DD' END),
       COALESCE(pg_catalog.sum(d.seals), 0)::bigint, COALESCE(pg_catalog.sum(d.signatures), 0)::bigint,
       COALESCE(pg_catalog.sum(d.reopenings), 0)::bigint, COALESCE(pg_catalog.sum(d.alterations), 0)::bigint
  FROM span p
 CROSS JOIN LATERAL pg_catalog.generate_series(
       pg_catalog.date_trunc(p.unit, p.first), pg_catalog.date_trunc(p.unit, p.last),
       (CASE p.unit WHEN 'century' THEN '100 years' ELSE '1 ' || p.unit END)::interval) i (begins)
  LEFT JOIN day d ON pg_catalog.date_trunc(p.unit, d.day) = i.begins
 GROUP BY p.unit, i.begins
 ORDER BY i.begins
