-- The least that a trigger writes that keeps a text and a register, for bench/write.sh: at the end of the transaction a second
-- version of the row with a constant in place of the text, and an entry. It reads nothing, guards nothing, digests nothing.
-- What a seal takes beyond it is what the document is made of, and looking after it.
CREATE FUNCTION bench_least() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE gnuhealth_prescription_order
       SET serializer = repeat('x', 500), document_digest = repeat('a', 128)
     WHERE id = NEW.id;
    INSERT INTO health_crypto.register_entry (event, document, key, definition, profile, language, digest, own_digest, by, edition)
    VALUES ('seal', 'least', NEW.id::text, 'gnuhealth_documents.prescription_5_0(integer[], text)', 'gnuhealth-1', 'es',
            repeat('a', 128), repeat('b', 128), CURRENT_USER, 1);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER bench_least AFTER INSERT ON gnuhealth_prescription_order DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION bench_least();
