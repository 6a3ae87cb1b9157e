-- What the tutorial takes for granted: the extension, a signer's certificate and her signatures.
CREATE EXTENSION health_crypto;
\set certificate `cat "$data/noor.asc"`
\set signed_digest `cat "$data/consent-2.noor.sig"`
\set signed_amendment `cat "$data/consent-2-amended.noor.sig"`
