-- Triggers of the extension's own that do not always fire: on encrypted columns, on their partitions, on the register and the
-- registrations. One call mends it: an owner his tables, a superuser all; in a read-only transaction it is refused.
\set ECHO none
\i `echo $PG_ABS_SRCDIR/fixtures/fresh.sql`
\set laboratory `cat $PG_ABS_SRCDIR/data/laboratory.asc`
SET client_min_messages = warning;
SELECT FROM health_crypto.import_certificate(:'laboratory', '{}') \g /dev/null
CREATE TABLE finding (id int PRIMARY KEY, note text);
CREATE TABLE remark (id int PRIMARY KEY, note text) PARTITION BY HASH (id);
CREATE TABLE remark_0 PARTITION OF remark FOR VALUES WITH (MODULUS 1, REMAINDER 0);
ALTER TABLE finding OWNER TO regress_owner;
ALTER TABLE remark OWNER TO regress_owner;
ALTER TABLE remark_0 OWNER TO regress_owner;
SELECT FROM health_crypto.encrypt_column('finding', 'note', ARRAY['laboratory@example.org']) \g /dev/null
SELECT FROM health_crypto.encrypt_column('remark', 'note', ARRAY['laboratory@example.org']) \g /dev/null
-- The names end with a part of a random id.
CREATE VIEW gap AS SELECT document, relation, gap, regexp_replace(detail, '_[0-9a-f]{8}(:|$)', '_…\1') AS detail FROM health_crypto.protection_gaps();
\set ECHO all
SELECT count(*) FROM gap;
ALTER TABLE finding ENABLE TRIGGER ALL;
ALTER TABLE remark_0 DISABLE TRIGGER USER;
ALTER TABLE health_crypto.register_entry DISABLE TRIGGER append_only;
ALTER TABLE health_crypto.protected_document ENABLE REPLICA TRIGGER registrations_changed;
SELECT * FROM gap;
BEGIN READ ONLY;
\set VERBOSITY sqlstate
SELECT * FROM health_crypto.enable_triggers();
ROLLBACK;
SET ROLE regress_outsider;
SELECT * FROM health_crypto.enable_triggers();
RESET ROLE;
GRANT EXECUTE ON FUNCTION health_crypto.enable_triggers() TO regress_owner;
SET ROLE regress_owner;
SELECT count(*) AS of_his FROM health_crypto.enable_triggers();
RESET ROLE;
\set VERBOSITY default
SELECT relation, regexp_replace("trigger", '_[0-9a-f]{8}$', '_…') AS trigger FROM health_crypto.enable_triggers();
SELECT count(*) FROM gap;
SELECT count(*) FROM health_crypto.enable_triggers();
-- A trigger that is gone, a table that is gone.
\set ECHO none
SELECT format('DROP TRIGGER %I ON finding', tgname) FROM pg_trigger WHERE tgrelid = 'finding'::regclass AND tgname LIKE '%insert%' \gexec
\set ECHO all
ALTER TABLE remark RENAME TO renamed;
DROP TRIGGER append_only ON health_crypto.register_entry;
SELECT * FROM gap;
-- A table that inherits an encrypted column stores it in clear, and so does one that inherits from that.
CREATE TABLE report (id int PRIMARY KEY, note text);
SELECT FROM health_crypto.encrypt_column('report', 'note', ARRAY['laboratory@example.org']) \g /dev/null
CREATE TABLE late_report () INHERITS (report);
CREATE TABLE later_report (id int NOT NULL, note text);
ALTER TABLE later_report INHERIT late_report;
INSERT INTO later_report VALUES (1, 'in clear');
SELECT * FROM gap WHERE relation LIKE '%report';
ALTER TABLE later_report NO INHERIT late_report;
ALTER TABLE late_report NO INHERIT report;
SELECT * FROM gap WHERE relation LIKE '%report';
