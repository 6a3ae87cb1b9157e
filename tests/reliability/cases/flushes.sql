-- When the flush comes: savepoints, forced flushes, prepared transactions, cursors, reopenings.
--
-- Each case in a database of its own. tests/reliability/transactions.py reads this file and says what its headings mean.
-- Statements of a block `then` end with a semicolon at the end of the line. `kept`: every digest is that of the rows.
-- `refused CODE`: so it is too, because a statement was refused with that code. `shown`: verify_all() or
-- protection_gaps() say that something is wrong, in these words.

-- case: a flush in a savepoint that is rolled back => kept
-- then
BEGIN;
UPDATE line SET word = 'x' WHERE id = 11;
SAVEPOINT s;
UPDATE line SET word = 'y' WHERE id = 12;
SET CONSTRAINTS ALL IMMEDIATE;
ROLLBACK TO s;
COMMIT;

-- case: a flush in a released savepoint inside one that is rolled back => kept
-- then
BEGIN;
UPDATE line SET word = 'x' WHERE id = 11;
SAVEPOINT outside;
SAVEPOINT inside;
SET CONSTRAINTS ALL IMMEDIATE;
RELEASE inside;
ROLLBACK TO outside;
UPDATE line SET word = 'z' WHERE id = 21;
COMMIT;

-- case: a flush of some triggers by name, of the others at the end => kept
-- then
BEGIN;
INSERT INTO line VALUES (13, 1, 'x');
UPDATE line SET word = 'y' WHERE id = 11;
SET CONSTRAINTS t.health_crypto_keep_rows_doc IMMEDIATE;
UPDATE line SET word = 'z' WHERE id = 12;
COMMIT;

-- case: a statement that fails after its flush, in an exception block => kept
-- then
BEGIN;
SET CONSTRAINTS ALL IMMEDIATE;
DO $$ BEGIN UPDATE line SET word = 'x' WHERE id = 11; UPDATE line SET id = 12 WHERE id = 11; EXCEPTION WHEN unique_violation THEN NULL; END $$;
COMMIT;

-- case: COMMIT and ROLLBACK inside of a procedure => kept
-- then
DO $$ BEGIN UPDATE line SET word = 'x' WHERE id = 11; COMMIT; UPDATE line SET word = 'y' WHERE id = 12; ROLLBACK; UPDATE line SET word = 'z' WHERE id = 21; END $$;

-- case: COMMIT AND CHAIN => kept
-- then
BEGIN;
UPDATE line SET word = 'x' WHERE id = 11;
COMMIT AND CHAIN;
UPDATE line SET word = 'y' WHERE id = 12;
COMMIT;

-- case: a prepared transaction, committed in another session's time => kept
-- then
BEGIN;
UPDATE line SET word = 'x' WHERE id = 11;
UPDATE doc SET state = 'sealed' WHERE id = 2;
PREPARE TRANSACTION 'p';
INSERT INTO doc VALUES (4, 'four');
COMMIT PREPARED 'p';
UPDATE line SET word = 'y' WHERE id = 12;

-- case: reopening in the transaction that seals => kept
-- then
BEGIN;
UPDATE doc SET state = 'sealed', subject = 'x' WHERE id = 1;
SELECT health_crypto.reopen('doc', 1, 'test');
COMMIT;

-- case: reopening, an edit, and the seal again in one transaction => kept
-- then
BEGIN;
SELECT health_crypto.reopen('doc', 3, 'test');
UPDATE doc SET state = 'draft' WHERE id = 3;
UPDATE line SET word = 'x' WHERE id = 31;
UPDATE doc SET state = 'sealed' WHERE id = 3;
SELECT health_crypto.reopen('doc', 3, 'test again');
UPDATE line SET word = 'y' WHERE id = 31;
COMMIT;

-- case: a reopening that is rolled back, and the edit after it => refused 23000
-- then
BEGIN;
SAVEPOINT s;
SELECT health_crypto.reopen('doc', 3, 'test');
ROLLBACK TO s;
UPDATE line SET word = 'x' WHERE id = 31;
COMMIT;

-- case: a seal that is rolled back, and the edit after it => kept
-- then
BEGIN;
SAVEPOINT s;
UPDATE doc SET state = 'sealed' WHERE id = 1;
SET CONSTRAINTS ALL IMMEDIATE;
ROLLBACK TO s;
UPDATE line SET word = 'x' WHERE id = 11;
COMMIT;

-- case: a cursor WITH HOLD whose query writes when the transaction ends => kept
-- after
CREATE FUNCTION writing(integer) RETURNS integer LANGUAGE sql VOLATILE AS
    'UPDATE t.line SET word = $1::text WHERE doc = 1 RETURNING 1';
-- then
BEGIN;
DECLARE c CURSOR WITH HOLD FOR SELECT writing(n) FROM generate_series(1, 3) n;
FETCH 1 FROM c;
UPDATE line SET word = 'x' WHERE id = 21;
COMMIT;
FETCH ALL FROM c;

-- case: a cursor WITH HOLD over verify_all(), and a write after it => kept
-- then
BEGIN;
DECLARE c CURSOR WITH HOLD FOR SELECT key, ok FROM health_crypto.verify_all('doc');
FETCH 1 FROM c;
UPDATE line SET word = 'x' WHERE id = 11;
COMMIT;
FETCH ALL FROM c;
CLOSE c;

-- case: 2,000 documents in one transaction, half of them in savepoints that are rolled back => kept
-- then
BEGIN;
DO $$ BEGIN FOR i IN 1..20 LOOP BEGIN INSERT INTO doc SELECT n, 'n', CASE n % 3 WHEN 0 THEN 'sealed' ELSE 'draft' END FROM generate_series(i * 100, i * 100 + 99) n; INSERT INTO line SELECT n, n, 'w' FROM generate_series(i * 100, i * 100 + 99) n; IF i % 2 = 0 THEN SET CONSTRAINTS ALL IMMEDIATE; RAISE 'back'; END IF; EXCEPTION WHEN raise_exception THEN NULL; END; SET CONSTRAINTS ALL DEFERRED; END LOOP; END $$;
COMMIT;

-- case: SET CONSTRAINTS ALL IMMEDIATE for a whole load => kept
-- then
BEGIN;
SET CONSTRAINTS ALL IMMEDIATE;
INSERT INTO doc VALUES (5, 'five');
INSERT INTO line VALUES (51, 5, 'x');
UPDATE line SET word = 'y' WHERE id = 51;
UPDATE doc SET state = 'sealed' WHERE id = 5;
COMMIT;

-- case: SET CONSTRAINTS ALL IMMEDIATE, lines after the seal => refused 23000
-- then
BEGIN;
SET CONSTRAINTS ALL IMMEDIATE;
INSERT INTO doc VALUES (5, 'five', 'sealed');
INSERT INTO line VALUES (51, 5, 'x');
COMMIT;
