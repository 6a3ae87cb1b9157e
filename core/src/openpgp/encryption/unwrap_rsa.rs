//! RSA with a secret key, as OpenSSL does it when it is given all of the key's numbers.
//!
//! Sequoia hands OpenSSL the modulus and the exponent only. With the primes, which are in every OpenPGP key, it takes a
//! quarter of the time. This is what Sequoia's [`Decryptor`] is there for: the packet, its checksum and what is in it
//! stay Sequoia's, and here is one call of OpenSSL, with its blinding, its check of the result against the public
//! exponent, and its removal of the padding in constant time.

use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::error::ErrorStack;
use openssl::pkey::Private;
use openssl::rsa::{Padding, Rsa};
use sequoia_openpgp::crypto::mem::Protected;
use sequoia_openpgp::crypto::mpi::{Ciphertext, PublicKey, SecretKeyMaterial};
use sequoia_openpgp::crypto::{Decryptor, KeyPair, SessionKey};
use sequoia_openpgp::packet::Key;
use sequoia_openpgp::packet::key::{PublicParts, UnspecifiedRole};
use sequoia_openpgp::{Error, Result};

/// An unlocked RSA key. OpenSSL overwrites its numbers when it is dropped.
pub(super) struct RsaPair {
    public: Key<PublicParts, UnspecifiedRole>,
    rsa: Rsa<Private>,
}

impl RsaPair {
    /// `None` if it is no RSA key, or none that OpenSSL takes.
    pub(super) fn of(pair: &KeyPair) -> Option<RsaPair> {
        let public = pair.public();
        let PublicKey::RSA { e, n } = public.mpis() else {
            return None;
        };
        let rsa = pair.secret().map(|secret| match secret {
            SecretKeyMaterial::RSA { d, p, q, u } => key(
                n.value(),
                e.value(),
                d.value(),
                p.value(),
                q.value(),
                u.value(),
            )
            .ok(),
            _ => None,
        })?;
        Some(RsaPair {
            public: public.clone(),
            rsa,
        })
    }
}

impl Decryptor for RsaPair {
    fn public(&self) -> &Key<PublicParts, UnspecifiedRole> {
        &self.public
    }

    fn decrypt(&mut self, ciphertext: &Ciphertext, _: Option<usize>) -> Result<SessionKey> {
        let Ciphertext::RSA { c } = ciphertext else {
            return Err(Error::InvalidOperation("not encrypted by RSA".into()).into());
        };
        let mut clear = Protected::new(usize::try_from(self.rsa.size())?);
        let length = self
            .rsa
            .private_decrypt(c.value(), &mut clear, Padding::PKCS1)?;
        Ok(clear.get(..length).unwrap_or_default().into())
    }
}

/// The key for OpenSSL, which wants the inverse of its second prime modulo its first. OpenPGP has the inverse of its first
/// modulo its second (RFC 9580 section 5.5.5.1), so they change places.
fn key(
    n: &[u8],
    e: &[u8],
    d: &[u8],
    p: &[u8],
    q: &[u8],
    u: &[u8],
) -> std::result::Result<Rsa<Private>, ErrorStack> {
    let mut context = BigNumContext::new_secure()?;
    let (d, first, second) = (secret(d)?, secret(q)?, secret(p)?);
    let of_first = exponent(&d, &first, &mut context)?;
    let of_second = exponent(&d, &second, &mut context)?;
    Rsa::from_private_components(
        BigNum::from_slice(n)?,
        BigNum::from_slice(e)?,
        d,
        first,
        second,
        of_first,
        of_second,
        secret(u)?,
    )
}

/// A number whose memory is overwritten, and which OpenSSL calculates with in constant time.
fn secret(bytes: &[u8]) -> std::result::Result<BigNum, ErrorStack> {
    let mut number = BigNum::new_secure()?;
    number.copy_from_slice(bytes)?;
    number.set_const_time();
    Ok(number)
}

/// The secret exponent modulo one less than a prime.
fn exponent(
    d: &BigNumRef,
    prime: &BigNumRef,
    context: &mut BigNumContext,
) -> std::result::Result<BigNum, ErrorStack> {
    let one = BigNum::from_u32(1)?;
    let mut modulus = secret(&[])?;
    modulus.checked_sub(prime, &one)?;
    modulus.set_const_time();
    let mut exponent = secret(&[])?;
    exponent.checked_rem(d, &modulus, context)?;
    Ok(exponent)
}
