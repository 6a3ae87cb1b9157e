-- Who takes part: the owner of GNU Health's tables, a job that loads them, an auditor who only reads.
CREATE ROLE gnuhealth LOGIN;
CREATE ROLE etl LOGIN;
CREATE ROLE auditor LOGIN;
GRANT CREATE, USAGE ON SCHEMA public TO gnuhealth;
ALTER DEFAULT PRIVILEGES FOR ROLE gnuhealth IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO etl;
ALTER DEFAULT PRIVILEGES FOR ROLE gnuhealth IN SCHEMA public GRANT SELECT ON TABLES TO auditor;
