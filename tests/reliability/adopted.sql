-- A type of document whose rows were sealed before it was protected.
CREATE TABLE adopted (
    id integer PRIMARY KEY, state text, subject text, document_digest text, serializer text, digital_signature text);
INSERT INTO adopted
SELECT n, 'sealed', 'subject', encode(sha512('{"subject":"subject"}'), 'hex'), '{"subject":"subject"}'
  FROM generate_series(1, %(rows)s) n;
CREATE FUNCTION adopted_document(keys integer[], language text) RETURNS TABLE (key integer, subject text)
    LANGUAGE sql STABLE BEGIN ATOMIC SELECT r.id, r.subject FROM adopted r WHERE r.id = ANY (keys); END;
SELECT health_crypto.protect('adopted', 'adopted', 'adopted_document(integer[], text)', state_column => 'state',
    sealed_states => '{sealed}');
