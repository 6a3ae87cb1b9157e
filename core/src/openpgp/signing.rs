//! What a certificate remembers of its signing keys while it is in memory: each key in OpenSSL's form, and how it stood.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use sequoia_openpgp::cert::amalgamation::key::ErasedKeyAmalgamation;
use sequoia_openpgp::packet::key::PublicParts;
use sequoia_openpgp::packet::{Packet, Signature};
use sequoia_openpgp::policy::Policy;

use super::standing::at_signing;
use super::verifying_key::VerifyingKey;
use super::{Certificate, Status};

/// How a key stood when a signature was made, and what its certificate's primary user id was.
#[derive(Clone)]
pub(super) struct Stood {
    /// Whether it could sign.
    pub(super) outcome: Result<(), (Status, &'static str)>,
    /// The user id.
    pub(super) name: Option<Rc<str>>,
}

/// What is remembered. It follows from the certificate's own packets and the policy of one second, and is dropped with the
/// certificate, so nothing that the keyring learns can leave it behind.
#[derive(Default)]
pub(super) struct Signing {
    keys: RefCell<HashMap<sequoia_openpgp::Fingerprint, Option<Rc<VerifyingKey>>>>,
    turning_points: OnceCell<Vec<SystemTime>>,
    stood: RefCell<Judged>,
}

#[derive(Default)]
struct Judged {
    /// The second of the policy.
    second: Option<u64>,
    /// By key and span of time.
    stood: HashMap<(sequoia_openpgp::Fingerprint, usize), Stood>,
}

impl Certificate {
    /// The form of one of its keys that OpenSSL verifies by, if it has one.
    pub(super) fn verifying_key(
        &self,
        key: &ErasedKeyAmalgamation<'_, PublicParts>,
    ) -> Option<Rc<VerifyingKey>> {
        let mut keys = self.signing.keys.borrow_mut();
        keys.entry(key.key().fingerprint())
            .or_insert_with(|| VerifyingKey::of(key.key()).map(Rc::new))
            .clone()
    }

    /// How one of its keys stood at `signed`, by the policy of `at`.
    ///
    /// Judging takes 25 us of processor time (docs/PERFORMANCE.md), and between two moments at which something in the
    /// certificate begins or ends, there is nothing from which another answer could come. So it is done once for each such
    /// span. Every time in OpenPGP is a whole second.
    pub(super) fn stood(
        &self,
        policy: &dyn Policy,
        at: SystemTime,
        key: &ErasedKeyAmalgamation<'_, PublicParts>,
        signed: SystemTime,
    ) -> Stood {
        let second = at
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let place = (key.key().fingerprint(), self.span_of(signed));
        let mut judged = self.signing.stood.borrow_mut();
        if judged.second != Some(second) {
            *judged = Judged {
                second: Some(second),
                stood: HashMap::new(),
            };
        }
        judged
            .stood
            .entry(place)
            .or_insert_with(|| Stood {
                outcome: at_signing(policy, key, signed),
                name: self.name(policy, signed).map(Rc::from),
            })
            .clone()
    }

    /// The span that a time is in: between two turning points, or, because what begins or ends at one may or may not count
    /// in that second itself, exactly at one.
    fn span_of(&self, time: SystemTime) -> usize {
        let points = self
            .signing
            .turning_points
            .get_or_init(|| turning_points(self));
        let before = points.partition_point(|point| *point < time);
        2 * before + usize::from(points.get(before) == Some(&time))
    }
}

/// Every moment at which a key or signature of the certificate begins or ends.
fn turning_points(certificate: &Certificate) -> Vec<SystemTime> {
    let mut keys = Vec::new();
    let mut signatures: Vec<Signature> = Vec::new();
    for packet in certificate.cert().clone().into_packets() {
        match packet {
            Packet::PublicKey(key) => keys.push(key.creation_time()),
            Packet::PublicSubkey(key) => keys.push(key.creation_time()),
            Packet::Signature(signature) => {
                signatures.extend(signature.embedded_signatures().cloned());
                signatures.push(signature);
            }
            _ => {}
        }
    }
    let mut points = keys.clone();
    let after = |begin: &SystemTime, period: Option<Duration>| begin.checked_add(period?);
    for signature in &signatures {
        let made = signature.signature_creation_time();
        points.extend(made);
        points.extend(made.and_then(|made| after(&made, signature.signature_validity_period())));
        // Which key a period is of does not matter: a turn too many costs a judgement.
        let period = signature.key_validity_period();
        points.extend(keys.iter().filter_map(|made| after(made, period)));
    }
    points.sort_unstable();
    points.dedup();
    points
}
