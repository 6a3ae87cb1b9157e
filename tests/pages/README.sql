-- What the README's session takes for granted: a database of GNU Health, a signer's certificate and his signature.
\set certificate `cat "$data/cameron.asc"`
\set signed_digest `cat "$data/prescription-1.cameron.sig"`
-- The tables of "Your own documents".
CREATE TABLE patient (id bigint PRIMARY KEY, name text);
CREATE TABLE letter (id bigint PRIMARY KEY, patient bigint REFERENCES patient, discharged date, body text, state text);
CREATE TABLE letter_diagnosis (id bigint PRIMARY KEY, letter bigint NOT NULL REFERENCES letter, code text);
