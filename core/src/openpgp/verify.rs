//! Verifying signatures over a payload: the validity contract.

use std::rc::Rc;
use std::time::SystemTime;

use sequoia_openpgp as openpgp;

use openpgp::Error;
use openpgp::packet::key::{PublicParts, UnspecifiedRole};
use openpgp::packet::{Key, Packet, Signature};
use openpgp::policy::{HashAlgoSecurity, Policy};
use openpgp::types::SignatureType;

use super::framing::{self, Frame};
use super::packets::{self, Parsed};
use super::policy::{is_forbidden, is_unsupported, representable, standard, understands};
use super::verifying_key::VerifyingKey;
use super::{Certificate, Fingerprint, SignatureVerdict, Status};

/// A certificate that may have made a signature.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The certificate; shared, because a keyring keeps parsed certificates.
    pub certificate: Rc<Certificate>,
    /// Whether it may sign the document in question.
    pub authorized: bool,
}

/// Where certificates come from.
pub trait Keyring {
    /// The certificates that hold the key or subkey with the fingerprint `issuer`; usually none or one. Others are
    /// ignored, so a keyring need not be exact.
    fn candidates(&mut self, issuer: &Fingerprint) -> Vec<Candidate>;
}

/// Judges every signature of one armored block over `payload`, as of `at`.
///
/// `payload` is the text that should have been signed; `signature` an armored block of one of three forms (cleartext,
/// detached, inline-signed). Returns one verdict per signature, in the block's order, and at least one: whatever is
/// wrong with the text is a verdict, never an error.
///
/// `valid` means **all** of the following. Each line gives the word if it fails; lines are judged from top to bottom
/// and the first that fails gives the word.
///
/// The block (else a single `malformed`):
/// 1. it is at most [`MAX_SIGNATURE_BYTES`](super::MAX_SIGNATURE_BYTES) long, exactly one block, nothing before it,
///    nothing but line endings after it;
/// 2. cleartext: `Hash` headers only, with known names (which of them is not asked: the signature says its hash
///    itself); one empty line; every line that starts with `-` dash-escaped;
/// 3. armor: headers `Version`, `Comment`, `Charset`, `Hash` only, without control characters; strict base64; a right
///    checksum or none;
/// 4. cleartext and detached: signature packets only, 1 to
///    [`MAX_SIGNATURES_PER_BLOCK`](super::MAX_SIGNATURES_PER_BLOCK); inline-signed: one-pass signatures, exactly one
///    literal, their signatures; nothing compressed, encrypted, nested or trailing; no signature twice (what is outside
///    of its signed area makes no other of it).
///
/// The signature:
/// 5. it can be parsed (`malformed`), and is of version 4 or 6, as the policy accepts, with an algorithm that its
///    version allows (`weak`);
/// 6. its type is binary or text; it has a creation time; every critical subpacket, signed or not, is understood, and
///    no notation is critical; it names one issuer, consistently (`malformed`);
/// 7. it names the issuer by full fingerprint: a key id alone could be anybody's (`unknown_signer`);
/// 8. the keyring has a certificate with that key (`unknown_signer`, whatever the cryptography would say);
/// 9. the cryptography holds over the text it came with, or, detached, over the payload or the payload and one line
///    feed, which is what `echo` and editors add (`bad`; a detached signature over another text cannot be told from a
///    broken one and is `bad` too; `weak` if the hash or algorithm is not there to check it);
/// 10. that text is the payload: equal but for line endings, spaces and tabs at ends of lines, and one final line
///     ending, RFC 9580 section 7.2 (`wrong_subject`);
///
/// the key and its certificate, when the signature was made:
/// 11. neither is revoked; a hard revocation counts whenever it was made, a soft one from its time (`revoked`);
/// 12. the key existed (`not_yet_valid`), and is bound to the certificate with a back-signature (`not_yet_valid` if
///     that happened later, `unknown_signer` if never), by algorithms and key sizes that the policy accepts (`weak`);
/// 13. both are alive (`expired`, `not_yet_valid`); one that expired later changes nothing;
/// 14. the key has the signing flag (`unauthorized`);
///
/// and at `at`:
/// 15. the signature's hash and subpackets are accepted by Sequoia's standard policy as of `at` (`weak`);
/// 16. the signature is not from the future, to the second (`not_yet_valid`), and has not expired (`expired`);
/// 17. the certificate may sign this document (`unauthorized`).
///
/// If several certificates of the keyring hold the key, the best verdict counts. `at` outside of 1970-2106 is moved
/// into it.
pub fn verify(
    payload: &str,
    signature: &str,
    at: SystemTime,
    keyring: &mut dyn Keyring,
) -> Vec<SignatureVerdict> {
    match open(payload, signature) {
        Err(detail) => vec![SignatureVerdict::anonymous(Status::Malformed, detail)],
        Ok((subject, signatures)) => {
            let at = representable(at);
            let policy = standard(at);
            signatures
                .iter()
                .map(|signature| judge(signature, &subject, at, &policy, keyring))
                .collect()
        }
    }
}

/// What signatures of a block are over.
struct Subject {
    /// The texts that may have been signed; a signature has to hold over one of them.
    texts: Vec<Vec<u8>>,
    /// Whether the texts are the payload.
    is_payload: bool,
}

fn open(payload: &str, signature: &str) -> Result<(Subject, Vec<Parsed>), &'static str> {
    match framing::read(signature)? {
        Frame::Cleartext { body, packets } => {
            let signatures = packets::signatures(&packets)?;
            let is_payload = framing::same_text(&body, payload);
            Ok((
                Subject {
                    texts: vec![body.into_bytes()],
                    is_payload,
                },
                signatures,
            ))
        }
        Frame::Detached { packets } => {
            let signatures = packets::signatures(&packets)?;
            let texts = vec![
                payload.as_bytes().to_vec(),
                format!("{payload}\n").into_bytes(),
            ];
            Ok((
                Subject {
                    texts,
                    is_payload: true,
                },
                signatures,
            ))
        }
        Frame::Message { packets } => {
            let (body, signatures) = packets::message(&packets)?;
            let is_payload =
                std::str::from_utf8(&body).is_ok_and(|body| framing::same_text(body, payload));
            Ok((
                Subject {
                    texts: vec![body],
                    is_payload,
                },
                signatures,
            ))
        }
    }
}

fn judge(
    signature: &Parsed,
    subject: &Subject,
    at: SystemTime,
    policy: &dyn Policy,
    keyring: &mut dyn Keyring,
) -> SignatureVerdict {
    let Some(signature) = signature else {
        return SignatureVerdict::anonymous(
            Status::Malformed,
            "the signature packet cannot be read",
        );
    };
    let claim = SignatureVerdict {
        signed_at: signature.signature_creation_time(),
        signing_key: signature
            .issuer_fingerprints()
            .next()
            .and_then(Fingerprint::of),
        ..SignatureVerdict::anonymous(Status::Valid, "")
    };
    let (named, issuer, signed) = match well_formed(signature, policy) {
        Ok(claims) => claims,
        Err((status, detail)) => {
            return SignatureVerdict {
                status,
                detail,
                ..claim
            };
        }
    };
    let candidates = keyring.candidates(&issuer);
    candidates
        .iter()
        .filter_map(|candidate| {
            let cert = candidate.certificate.cert();
            let key = cert.keys().find(|key| key.key().fingerprint() == named)?;
            let stood = candidate.certificate.stood(policy, at, &key, signed);
            let direct = candidate.certificate.verifying_key(&key);
            let outcome = holds(signature, subject, key.key(), direct.as_deref(), policy)
                .and(stood.outcome)
                .and_then(|()| still_holds(signature, at, policy))
                .and_then(|()| {
                    let refused = (
                        Status::Unauthorized,
                        "the certificate may not sign this document",
                    );
                    if candidate.authorized {
                        Ok(())
                    } else {
                        Err(refused)
                    }
                });
            let (status, detail) = match outcome {
                Ok(()) => (Status::Valid, "the signature is valid"),
                Err(refusal) => refusal,
            };
            Some(SignatureVerdict {
                status,
                detail,
                signer: Some(candidate.certificate.fingerprint()),
                signer_name: stood.name.as_deref().map(str::to_owned),
                ..claim.clone()
            })
        })
        .min_by_key(|verdict| verdict.status)
        .unwrap_or(SignatureVerdict {
            status: Status::UnknownSigner,
            detail: "no certificate in the keyring has the signing key",
            ..claim
        })
}

/// What can be said of a signature without any key: lines 5 to 7. Returns issuer, in Sequoia's form and in ours, and
/// creation time.
fn well_formed(
    signature: &Signature,
    policy: &dyn Policy,
) -> Result<(openpgp::Fingerprint, Fingerprint, SystemTime), (Status, &'static str)> {
    let malformed = |detail| (Status::Malformed, detail);
    if !matches!(signature.version(), 4 | 6)
        || policy.packet(&Packet::from(signature.clone())).is_err()
    {
        return Err((Status::Weak, "the policy refuses the signature's version"));
    }
    if is_forbidden(signature.version(), signature.pk_algo()) {
        return Err((
            Status::Weak,
            "version 6 does not allow the signature's algorithm",
        ));
    }
    if !matches!(signature.typ(), SignatureType::Binary | SignatureType::Text) {
        return Err(malformed("the signature is not one over a document"));
    }
    let signed = signature
        .signature_creation_time()
        .ok_or(malformed("the signature has no creation time"))?;
    if !understands(signature) {
        return Err(malformed(
            "the signature has a critical subpacket that is not understood",
        ));
    }
    let mut issuers = signature.issuer_fingerprints();
    let issuer = issuers.next().ok_or((
        Status::UnknownSigner,
        "the signature does not name its issuer by fingerprint",
    ))?;
    let consistent = issuers.all(|other| other == issuer)
        && signature
            .issuers()
            .all(|key_id| *key_id == openpgp::KeyID::from(issuer));
    if !consistent {
        return Err(malformed("the signature names several issuers"));
    }
    let ours = Fingerprint::of(issuer).ok_or((
        Status::UnknownSigner,
        "the issuer is not a version 4 or 6 key",
    ))?;
    Ok((issuer.clone(), ours, signed))
}

/// Lines 9 and 10: the cryptography over what the signature came with, then whether that is the payload.
fn holds(
    signature: &Signature,
    subject: &Subject,
    key: &Key<PublicParts, UnspecifiedRole>,
    direct: Option<&VerifyingKey>,
    policy: &dyn Policy,
) -> Result<(), (Status, &'static str)> {
    const UNSUPPORTED: (Status, &str) = (
        Status::Weak,
        "the signature's hash or algorithm is not supported",
    );
    if !signature.pk_algo().is_supported() {
        return Err(UNSUPPORTED);
    }
    let mut refusal = (Status::Bad, "the signature does not hold over the text");
    for text in &subject.texts {
        match cryptography(signature, text, key, direct) {
            Ok(()) if subject.is_payload => return Ok(()),
            Ok(()) => {
                return Err((
                    Status::WrongSubject,
                    "the signature is good, but over another text",
                ));
            }
            Err(error) if is_unsupported(error.downcast_ref::<Error>()) => {
                refusal = UNSUPPORTED;
            }
            Err(_) => {}
        }
    }
    // Sequoia's backends refuse some hashes outright; then the policy's word is the truer one.
    if refusal.0 == Status::Weak
        && policy
            .signature(signature, HashAlgoSecurity::default())
            .is_err()
    {
        refusal = (Status::Weak, "the policy refuses the signature's hash");
    }
    Err(refusal)
}

/// Checks the cryptography alone. Not `Signature::verify_message`: that calls a signature which predates its key bad,
/// and we have a better word for it. What holds by OpenSSL directly holds; whatever does not is Sequoia's to say.
fn cryptography(
    signature: &Signature,
    text: &[u8],
    key: &Key<PublicParts, UnspecifiedRole>,
    direct: Option<&VerifyingKey>,
) -> openpgp::Result<()> {
    use openpgp::crypto::hash::Hash;

    let mut context = signature
        .hash_algo()
        .context()?
        .for_signature(signature.version());
    if let Some(salt) = signature.salt() {
        context.update(salt);
    }
    if signature.typ() == SignatureType::Text {
        context.update(&framing::with_crlf(text));
    } else {
        context.update(text);
    }
    Hash::hash(signature, &mut context)?;
    let digest = context.into_digest()?;
    // Version 6 signatures have a salt, whose size Sequoia checks; it also knows which algorithms are two forms of one.
    if (signature.version(), key.version()) == (4, 4)
        && signature.pk_algo() == key.pk_algo()
        && direct.is_some_and(|key| key.made(signature.mpis(), signature.hash_algo(), &digest))
    {
        return Ok(());
    }
    let predates = signature
        .signature_creation_time()
        .is_some_and(|signed| signed < key.creation_time());
    if predates && (signature.version() == 6) == (key.version() == 6) {
        key.verify(signature.mpis(), signature.hash_algo(), &digest)
    } else {
        signature.verify_digest(key, digest)
    }
}

/// Lines 15 and 16: the signature itself, at the time of judging.
fn still_holds(
    signature: &Signature,
    at: SystemTime,
    policy: &dyn Policy,
) -> Result<(), (Status, &'static str)> {
    if policy
        .signature(signature, HashAlgoSecurity::default())
        .is_err()
    {
        return Err((Status::Weak, "the policy refuses the signature's hash"));
    }
    match signature.signature_alive(at, std::time::Duration::ZERO) {
        Ok(()) => Ok(()),
        Err(error) => Err(match error.downcast_ref::<Error>() {
            Some(Error::NotYetLive(_)) => (Status::NotYetValid, "the signature is from the future"),
            _ => (Status::Expired, "the signature has expired"),
        }),
    }
}
