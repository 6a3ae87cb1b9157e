-- Every object of the extension, one line each, with what matters for its safety. Taken from the catalogue: members of the
-- extension by pg_depend, and what belongs to its tables (columns, constraints, indexes, triggers, rules, policies).
-- An ACL is shown without the owner's own rights, which differ between major versions.
SET search_path = pg_catalog;
LOAD 'health_crypto';  -- for its settings
CREATE TEMP VIEW member AS
    SELECT d.classid, d.objid
      FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
     WHERE e.extname = 'health_crypto' AND d.deptype = 'e';
-- PUBLIC, because a NULL ACL gives functions and types to everybody: acldefault() says what NULL means.
CREATE FUNCTION pg_temp.acl(kind "char", owner oid, acl aclitem[]) RETURNS text LANGUAGE sql AS $$
    SELECT COALESCE(string_agg(g.grantee || '=' || g.privileges, ' ' ORDER BY g.grantee), 'nobody else')
      FROM (SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END AS grantee,
                   string_agg(x.privilege_type || CASE WHEN x.is_grantable THEN '*' ELSE '' END, ',' ORDER BY x.privilege_type) AS privileges
              FROM aclexplode(COALESCE(acl, acldefault(kind, owner))) x WHERE x.grantee <> owner GROUP BY 1) g $$;
CREATE FUNCTION pg_temp.owner(owner oid) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN r.rolname = CURRENT_USER THEN 'installer' ELSE r.rolname::text END FROM pg_roles r WHERE r.oid = owner $$;
CREATE TEMP VIEW line (kind, name, owner, access, properties) AS
    SELECT 'schema', n.nspname::text, pg_temp.owner(n.nspowner), pg_temp.acl('n', n.nspowner, n.nspacl),
           concat_ws('; ', 'commented ' || (obj_description(n.oid, 'pg_namespace') IS NOT NULL))
      FROM pg_namespace n JOIN member m ON m.classid = 'pg_namespace'::regclass AND m.objid = n.oid
UNION ALL
    SELECT 'function', p.oid::regprocedure::text, pg_temp.owner(p.proowner), pg_temp.acl('f', p.proowner, p.proacl),
           concat_ws('; ', l.lanname,
                     CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END,
                     'parallel ' || CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END,
                     CASE WHEN p.proisstrict THEN 'strict' END,
                     CASE WHEN p.prosecdef THEN 'SECURITY DEFINER' END,
                     CASE WHEN p.proleakproof THEN 'LEAKPROOF' END,
                     CASE WHEN p.prosupport <> 0 THEN 'support function ' || p.prosupport::text END,
                     -- A body that is parsed when it is called looks its names up then: it must pin its search_path.
                     CASE WHEN l.lanname = 'c' THEN 'library ' || p.probin || ':' || p.prosrc
                          WHEN p.prosqlbody IS NOT NULL THEN 'bound when created'
                          ELSE COALESCE('set ' || array_to_string(p.proconfig, ', '), 'NAMES LOOKED UP WHEN CALLED') END,
                     'returns ' || pg_get_function_result(p.oid),
                     'commented ' || (obj_description(p.oid, 'pg_proc') IS NOT NULL))
      FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
      JOIN member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
UNION ALL
    SELECT CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' ELSE 'relation ' || c.relkind::text END,
           c.oid::regclass::text, pg_temp.owner(c.relowner),
           pg_temp.acl(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner, c.relacl),
           concat_ws('; ', CASE WHEN c.relrowsecurity THEN 'row security' END, CASE WHEN c.relpersistence <> 'p' THEN 'NOT LOGGED' END,
                     array_to_string(c.reloptions, ', '),
                     'dumped ' || EXISTS (SELECT FROM pg_extension e WHERE e.extname = 'health_crypto' AND c.oid = ANY (e.extconfig)),
                     'commented ' || (obj_description(c.oid, 'pg_class') IS NOT NULL),
                     CASE WHEN c.relkind = 'v' THEN 'of ' || (SELECT string_agg(DISTINCT r.refobjid::regclass::text, ', ')
                                                              FROM pg_rewrite w JOIN pg_depend r ON r.classid = 'pg_rewrite'::regclass AND r.objid = w.oid
                                                             WHERE w.ev_class = c.oid AND r.refclassid = 'pg_class'::regclass AND r.refobjid <> c.oid) END)
      FROM pg_class c JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid
     WHERE c.relkind <> 'c'
UNION ALL
    SELECT 'column', c.oid::regclass || '.' || a.attname, pg_temp.owner(c.relowner),
           CASE WHEN a.attacl IS NULL THEN 'as its table' ELSE pg_temp.acl('c', c.relowner, a.attacl) END,
           concat_ws('; ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' END,
                     'default ' || pg_get_expr(d.adbin, d.adrelid))
      FROM pg_class c JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relkind = 'r'
UNION ALL
    SELECT 'constraint', c.oid::regclass || '.' || k.conname, pg_temp.owner(c.relowner), '',
           pg_get_constraintdef(k.oid) || CASE WHEN k.convalidated THEN '' ELSE ' NOT VALID' END
      FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
      JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid
     WHERE k.contype <> 'n'
UNION ALL
    SELECT 'index', i.indexrelid::regclass::text, pg_temp.owner(c.relowner), '', pg_get_indexdef(i.indexrelid)
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = i.indrelid
UNION ALL
    SELECT 'trigger', t.tgrelid::regclass || '.' || t.tgname, pg_temp.owner(c.relowner), 'enabled ' || t.tgenabled::text, pg_get_triggerdef(t.oid)
      FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
      JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = t.tgrelid
     WHERE NOT t.tgisinternal
UNION ALL
    SELECT 'rule', r.ev_class::regclass || '.' || r.rulename, '', '', pg_get_ruledef(r.oid)
      FROM pg_rewrite r JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = r.ev_class
     WHERE r.rulename <> '_RETURN'
UNION ALL
    SELECT 'policy', p.polrelid::regclass || '.' || p.polname, '', '', pg_get_expr(p.polqual, p.polrelid)
      FROM pg_policy p JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = p.polrelid
UNION ALL
    SELECT 'type', t.oid::regtype::text, pg_temp.owner(t.typowner), pg_temp.acl('T', t.typowner, t.typacl),
           concat_ws('; ', 'commented ' || (obj_description(t.oid, 'pg_type') IS NOT NULL),
                     (SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
                        FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0))
      FROM pg_type t JOIN member m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
     -- Row types and arrays follow their tables and types.
     WHERE t.typtype <> 'b' AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind <> 'c')
UNION ALL
    SELECT 'setting', s.name, '', 'context ' || s.context, 'default ' || s.boot_val
      FROM pg_settings s WHERE s.name LIKE 'health_crypto.%'
UNION ALL
    SELECT 'role', r.rolname::text, '',
           -- The tests' own auditor is a member.
           'members ' || COALESCE((SELECT string_agg(u.rolname, ',' ORDER BY u.rolname)
                                     FROM pg_auth_members a JOIN pg_roles u ON u.oid = a.member WHERE a.roleid = r.oid), 'none'),
           concat_ws('; ', CASE WHEN r.rolcanlogin THEN 'LOGIN' END, CASE WHEN r.rolsuper THEN 'SUPERUSER' END,
                     CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END, CASE WHEN r.rolcreatedb THEN 'CREATEDB' END,
                     CASE WHEN r.rolreplication THEN 'REPLICATION' END, CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END,
                     CASE WHEN r.rolinherit THEN 'inherits' ELSE 'does not inherit' END,
                     'member of ' || COALESCE((SELECT string_agg(g.rolname, ',' ORDER BY g.rolname)
                                                 FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.roleid WHERE a.member = r.oid), 'none'))
      FROM pg_roles r WHERE r.rolname LIKE 'health_crypto%'
UNION ALL
    SELECT 'default privileges', d.defaclnamespace::regnamespace::text, pg_temp.owner(d.defaclrole), array_to_string(d.defaclacl, ' '), ''
      FROM pg_default_acl d WHERE d.defaclnamespace = 'health_crypto'::regnamespace
UNION ALL
    -- Whatever else there may be one day (operators, casts, event triggers, ...) is seen at least by its name.
    SELECT i.type, i.identity, '', '', ''
      FROM member m CROSS JOIN LATERAL pg_identify_object(m.classid, m.objid, 0) i
     WHERE m.classid NOT IN ('pg_namespace'::regclass, 'pg_proc'::regclass, 'pg_class'::regclass, 'pg_type'::regclass);
\pset format unaligned
\pset fieldsep '\t'
\pset tuples_only on
SELECT kind, name, owner, access, properties FROM line ORDER BY kind COLLATE "C", name COLLATE "C";
