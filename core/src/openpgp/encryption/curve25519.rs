//! X25519 (RFC 7748) with one recipient, many times.
//!
//! OpenSSL 3.0 takes 50 µs to make a key pair and 42 to derive a secret with it, which is more than all that pgcrypto does
//! for a short text. The recipient's point is the same for every message, so its multiples are computed once, as every
//! library does for the curve's own base point; then both take 20 µs. All arithmetic is curve25519-dalek's, in constant
//! time, and so are the table and the clamping.

use std::cell::{Cell, OnceCell};

use curve25519_dalek::edwards::{EdwardsBasepointTable, EdwardsPoint};
use curve25519_dalek::montgomery::MontgomeryPoint;
use curve25519_dalek::traits::BasepointTable;
use zeroize::Zeroizing;

/// Octets of a point, of a secret, and of what two share.
pub(super) const POINT_BYTES: usize = 32;
/// Messages after which the table (30 kB) is made: it costs as much as a few multiplications without it.
const USES_BEFORE_TABLE: u8 = 4;

/// Overwritten when it is dropped.
pub(super) type Secret = Zeroizing<[u8; POINT_BYTES]>;

/// The public point of a secret.
pub(super) fn public(secret: &Secret) -> [u8; POINT_BYTES] {
    EdwardsPoint::mul_base_clamped(**secret)
        .to_montgomery()
        .to_bytes()
}

/// A recipient's point.
pub(super) struct Recipient {
    point: MontgomeryPoint,
    uses: Cell<u8>,
    /// `None` inside for a point that is on the twist of the curve, which no honest key is.
    table: OnceCell<Option<Box<EdwardsBasepointTable>>>,
}

impl Recipient {
    /// `None` if these are not as many octets as a point has.
    pub(super) fn new(point: &[u8]) -> Option<Recipient> {
        Some(Recipient {
            point: MontgomeryPoint(point.try_into().ok()?),
            uses: Cell::new(0),
            table: OnceCell::new(),
        })
    }

    /// What is shared with the recipient by that secret; `None` if everybody knows it: a point of small order gives zeros.
    pub(super) fn shared(&self, secret: &Secret) -> Option<Secret> {
        let shared = match self.table() {
            Some(table) => table.mul_base_clamped(**secret).to_montgomery(),
            None => self.point.mul_clamped(**secret),
        };
        let shared = Zeroizing::new(shared.to_bytes());
        (shared.iter().fold(0, |all, octet| all | octet) != 0).then_some(shared)
    }

    fn table(&self) -> Option<&EdwardsBasepointTable> {
        let uses = self.uses.get();
        if uses < USES_BEFORE_TABLE {
            self.uses.set(uses + 1);
            return None;
        }
        let table = || {
            // The two points with this coordinate have the same multiples, but for the sign, which the coordinate leaves out.
            let point = self.point.to_edwards(0)?;
            Some(Box::new(EdwardsBasepointTable::create(&point)))
        };
        self.table.get_or_init(table).as_deref()
    }
}

#[cfg(test)]
mod tests {
    use openssl::pkey::{Id, PKey};
    use openssl::pkey_ctx::PkeyCtx;
    use proptest::prelude::*;

    use super::*;

    /// By OpenSSL. It refuses a shared secret of zeros.
    fn openssl(secret: [u8; 32], point: [u8; 32]) -> Option<Vec<u8>> {
        let secret = PKey::private_key_from_raw_bytes(&secret, Id::X25519).unwrap();
        let point = PKey::public_key_from_raw_bytes(&point, Id::X25519).unwrap();
        let mut context = PkeyCtx::new(&secret).unwrap();
        context.derive_init().unwrap();
        context.derive_set_peer(&point).unwrap();
        let mut shared = Vec::new();
        context.derive_to_vec(&mut shared).ok()?;
        Some(shared)
    }

    /// Ours, with the table and without.
    fn ours(secret: [u8; 32], point: [u8; 32]) -> Option<Vec<u8>> {
        let recipient = Recipient::new(&point).unwrap();
        let secret = Zeroizing::new(secret);
        let mut all: Vec<_> = (0..USES_BEFORE_TABLE + 2)
            .map(|_| recipient.shared(&secret).map(|shared| shared.to_vec()))
            .collect();
        assert_eq!(recipient.uses.get(), USES_BEFORE_TABLE);
        assert!(recipient.table.get().is_some());
        all.dedup();
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    fn bytes(hex: &str) -> [u8; 32] {
        let pairs = hex.as_bytes().chunks(2);
        let octets =
            pairs.map(|p| u8::from_str_radix(std::str::from_utf8(p).unwrap(), 16).unwrap());
        octets.collect::<Vec<u8>>().try_into().unwrap()
    }

    /// RFC 7748, sections 5.2 and 6.1.
    #[test]
    fn vectors() {
        for (secret, point, shared) in [
            (
                "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
                "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
                "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
            ),
            (
                "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
                "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
                "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
            ),
            (
                "77076d0a7318a57d3c16c17251b26645df4c6a2f2f9ab5a9f5a4e0f4b5f0b2ec",
                "0900000000000000000000000000000000000000000000000000000000000000",
                "",
            ),
        ] {
            let (secret, point) = (bytes(secret), bytes(point));
            let expected = if shared.is_empty() {
                public(&Zeroizing::new(secret)).to_vec()
            } else {
                bytes(shared).to_vec()
            };
            assert_eq!(ours(secret, point), Some(expected));
        }
    }

    #[test]
    fn points_of_small_order_give_nothing() {
        for point in [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ] {
            assert_eq!(ours([7; 32], bytes(point)), None, "{point}");
            assert_eq!(openssl([7; 32], bytes(point)), None, "{point}");
        }
        assert!(Recipient::new(&[9; 31]).is_none() && Recipient::new(&[9; 33]).is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        /// Any octets are a point: half of them on the curve's twist, where there is no table.
        #[test]
        fn as_openssl_does_it(secret: [u8; 32], point: [u8; 32]) {
            prop_assert_eq!(ours(secret, point), openssl(secret, point));
            let known = PKey::private_key_from_raw_bytes(&secret, Id::X25519).unwrap();
            prop_assert_eq!(known.raw_public_key().unwrap(), public(&Zeroizing::new(secret)).to_vec());
        }
    }
}
