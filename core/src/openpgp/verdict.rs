//! The words a verdict is made of.

use std::time::SystemTime;

use super::Fingerprint;

/// What holds of one signature. The order of the variants is the order in which [`overall`] prefers them: the
/// later, the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Every line of the contract at [`super::verify()`] holds.
    Valid,
    /// All else holds, but the certificate may not sign this document; or its signing key lacks the signing flag.
    Unauthorized,
    /// A hash, algorithm, key size or signature format that the policy refuses.
    Weak,
    /// The signature, or when it was made the key or certificate, had expired.
    Expired,
    /// Made in the future, or before the key existed or was bound to its certificate.
    NotYetValid,
    /// The key or certificate was revoked when the signature was made, or at any time for a hard reason.
    Revoked,
    /// No certificate in the keyring has bound the key that the signature names.
    UnknownSigner,
    /// A good signature, but over another payload.
    WrongSubject,
    /// The cryptography fails.
    Bad,
    /// Not exactly one well-formed signature block and nothing around it.
    Malformed,
}

impl Status {
    /// The word for SQL and for people, such as `not_yet_valid`.
    pub fn words(self) -> &'static str {
        match self {
            Status::Valid => "valid",
            Status::Unauthorized => "unauthorized",
            Status::Weak => "weak",
            Status::Expired => "expired",
            Status::NotYetValid => "not_yet_valid",
            Status::Revoked => "revoked",
            Status::UnknownSigner => "unknown_signer",
            Status::WrongSubject => "wrong_subject",
            Status::Bad => "bad",
            Status::Malformed => "malformed",
        }
    }
}

/// The verdict on one signature of a block.
///
/// Unless `status` is [`Status::Valid`], everything else is only what the signature **claims**.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureVerdict {
    /// What holds.
    pub status: Status,
    /// The signer's certificate (fingerprint of its primary key); `None` if the keyring has none.
    pub signer: Option<Fingerprint>,
    /// The key or subkey that the signature names as its maker.
    pub signing_key: Option<Fingerprint>,
    /// The certificate's primary user id when the signature was made; control characters replaced by U+FFFD.
    pub signer_name: Option<String>,
    /// The signature's creation time, to the second.
    pub signed_at: Option<SystemTime>,
    /// Why, in one fixed sentence; never text from the input.
    pub detail: &'static str,
}

impl SignatureVerdict {
    /// A verdict that names nobody.
    pub(super) fn anonymous(status: Status, detail: &'static str) -> SignatureVerdict {
        SignatureVerdict {
            status,
            signer: None,
            signing_key: None,
            signer_name: None,
            signed_at: None,
            detail,
        }
    }
}

/// The one word for a whole block: `valid` if every signature is, else the worst status among them, in the order of
/// [`Status`] (malformed, bad, wrong_subject, unknown_signer, revoked, not_yet_valid, expired, weak, unauthorized).
/// No verdict at all is `malformed`.
pub fn overall(verdicts: &[SignatureVerdict]) -> Status {
    verdicts
        .iter()
        .map(|verdict| verdict.status)
        .max()
        .unwrap_or(Status::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_signature_spoils_the_block() {
        let of = |status| SignatureVerdict::anonymous(status, "");
        assert_eq!(overall(&[]), Status::Malformed);
        assert_eq!(
            overall(&[of(Status::Valid), of(Status::Valid)]),
            Status::Valid
        );
        assert_eq!(
            overall(&[of(Status::Valid), of(Status::UnknownSigner)]),
            Status::UnknownSigner
        );
        assert_eq!(
            overall(&[of(Status::Bad), of(Status::Valid), of(Status::Expired)]),
            Status::Bad
        );
    }
}
