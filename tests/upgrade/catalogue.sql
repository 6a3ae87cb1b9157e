-- Everything that the extension consists of, one fact a line, without OIDs: what a fresh installation and an update
-- must have in common, in every detail that a session could notice.
\pset format unaligned
\pset tuples_only on
SET search_path = pg_catalog;
SELECT 'member: ' || pg_describe_object(d.classid, d.objid, d.objsubid)
  FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_crypto'
 WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' ORDER BY 1;
SELECT 'dumped: ' || c.relname || ' ' || coalesce(u.condition, '')
  FROM pg_extension e CROSS JOIN LATERAL unnest(e.extconfig, e.extcondition) u (relation, condition)
  JOIN pg_class c ON c.oid = u.relation WHERE e.extname = 'health_crypto' ORDER BY 1;
SELECT 'extension: ' || e.extrelocatable || ' ' || e.extnamespace::regnamespace FROM pg_extension e WHERE e.extname = 'health_crypto';
SELECT 'function: ' || p.oid::regprocedure || E'\n' || pg_get_functiondef(p.oid) || ' owner ' || p.proowner::regrole
       || ' grants ' || coalesce((SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(p.proacl) a), 'default')
       || ' comment ' || coalesce(obj_description(p.oid, 'pg_proc'), '')
  FROM pg_proc p WHERE p.pronamespace = 'health_crypto'::regnamespace ORDER BY p.oid::regprocedure::text COLLATE "C";
SELECT 'relation: ' || c.relname || ' ' || c.relkind::text || ' owner ' || c.relowner::regrole
       || ' grants ' || coalesce((SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(c.relacl) a), 'default')
       || ' options ' || coalesce(c.reloptions::text, '') || ' security ' || c.relrowsecurity || c.relforcerowsecurity
       || ' comment ' || coalesce(obj_description(c.oid, 'pg_class'), '')
       || coalesce(' view ' || CASE c.relkind WHEN 'v' THEN pg_get_viewdef(c.oid) END, '')
  FROM pg_class c WHERE c.relnamespace = 'health_crypto'::regnamespace ORDER BY c.relname COLLATE "C";
-- Columns by their place among those that are there: a column that was dropped leaves a number unused.
SELECT 'column: ' || c.relname || ' ' || row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum) || ' ' || a.attname || ' '
       || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' || a.attcollation::regcollation
       || ' default ' || coalesce(pg_get_expr(x.adbin, x.adrelid), '') || ' ' || a.attstorage::text || a.attidentity::text || a.attgenerated::text
       || ' grants ' || coalesce(a.attacl::text, '') || ' comment ' || coalesce(col_description(c.oid, a.attnum), '')
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef x ON x.adrelid = c.oid AND x.adnum = a.attnum
 WHERE c.relnamespace = 'health_crypto'::regnamespace AND c.relkind <> 'i' ORDER BY c.relname COLLATE "C", a.attnum;
SELECT 'constraint: ' || r.conrelid::regclass || ' ' || r.conname || ' ' || pg_get_constraintdef(r.oid)
  FROM pg_constraint r WHERE r.connamespace = 'health_crypto'::regnamespace ORDER BY 1;
SELECT 'index: ' || pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
 WHERE c.relnamespace = 'health_crypto'::regnamespace ORDER BY 1;
SELECT 'trigger: ' || pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
 WHERE c.relnamespace = 'health_crypto'::regnamespace ORDER BY 1;
SELECT 'type: ' || t.typname || ' ' || t.typtype::text || ' owner ' || t.typowner::regrole || ' grants ' || coalesce(t.typacl::text, 'default')
       || ' comment ' || coalesce(obj_description(t.oid, 'pg_type'), '')
  FROM pg_type t WHERE t.typnamespace = 'health_crypto'::regnamespace ORDER BY t.typname COLLATE "C";
SELECT 'sequence: ' || (to_jsonb(s) - 'last_value')::text FROM pg_sequences s WHERE s.schemaname = 'health_crypto' ORDER BY 1;
SELECT 'other: ' || pg_describe_object(classid, objid, 0)
  FROM (SELECT 'pg_operator'::regclass::oid, oid FROM pg_operator WHERE oprnamespace = 'health_crypto'::regnamespace
        UNION ALL SELECT 'pg_cast'::regclass, c.oid FROM pg_cast c JOIN pg_type t ON t.oid IN (c.castsource, c.casttarget)
                   WHERE t.typnamespace = 'health_crypto'::regnamespace
        UNION ALL SELECT 'pg_rewrite'::regclass, r.oid FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
                   WHERE c.relnamespace = 'health_crypto'::regnamespace) o (classid, objid) ORDER BY 1;
SELECT 'schema: owner ' || n.nspowner::regrole || ' grants '
       || (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(n.nspacl) a) || ' comment ' || obj_description(n.oid, 'pg_namespace')
  FROM pg_namespace n WHERE n.nspname = 'health_crypto';
