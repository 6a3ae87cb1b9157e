-- The extension, and the roles as which the other tests act. No test but this one creates or drops them.
CREATE EXTENSION health_crypto;
-- Owns the application's tables.
CREATE ROLE regress_owner LOGIN;
-- The application: may write the tables.
CREATE ROLE regress_writer LOGIN;
-- A report: may read the tables.
CREATE ROLE regress_reader LOGIN;
-- May read and verify everything, and write nothing.
CREATE ROLE regress_auditor LOGIN IN ROLE health_crypto_auditor;
-- Nobody.
CREATE ROLE regress_outsider LOGIN;
GRANT CREATE, USAGE ON SCHEMA public TO regress_owner;
