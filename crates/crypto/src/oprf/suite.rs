//! The suite ristretto255-SHA512 of RFC 9497, section 4.1, in its verifiable mode: hashing to the group and to scalars.

use curve25519_dalek::{
    ristretto::{CompressedRistretto, RistrettoPoint},
    scalar::Scalar,
    traits::IsIdentity as _,
};
use sha2::{Digest as _, Sha512};
use zeroize::Zeroizing;

/// `CreateContextString` of section 3.1: version, mode 1 (verifiable), suite.
const CONTEXT: &[u8] = b"OPRFV1-\x01-ristretto255-SHA512";

/// Input block of SHA-512, `s_in_bytes` of RFC 9380, section 5.3.1.
const BLOCK_BYTES: usize = 128;

/// `HashToGroup` of section 4.1; `None` for the neutral element, which no input is known to give.
pub(super) fn hash_to_group(input: &[u8]) -> Option<RistrettoPoint> {
    let uniform = expand(&[input], b"HashToGroup-");
    let point = RistrettoPoint::from_uniform_bytes(&uniform);
    (!point.is_identity()).then_some(point)
}

/// `HashToScalar` of section 4.1 over the concatenation of the parts.
pub(super) fn hash_to_scalar(parts: &[&[u8]]) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&expand(parts, b"HashToScalar-"))
}

/// `DeriveKeyPair` of section 3.2.1; `None` when 256 tries in a row gave zero, which never happens.
pub(super) fn derive_key(seed: &[u8; 32], info: &[u8]) -> Option<Zeroizing<Scalar>> {
    let length = u16::try_from(info.len()).ok()?.to_be_bytes();
    (0..=u8::MAX).find_map(|counter| {
        let parts: [&[u8]; 4] = [seed, &length, info, &[counter]];
        let uniform = Zeroizing::new(expand(&parts, b"DeriveKeyPair"));
        let scalar = Scalar::from_bytes_mod_order_wide(&uniform);
        (scalar != Scalar::ZERO).then(|| Zeroizing::new(scalar))
    })
}

/// `expand_message_xmd` of RFC 9380, section 5.3.1, for 64 bytes: with SHA-512 that is one block.
fn expand(parts: &[&[u8]], tag: &[u8]) -> [u8; 64] {
    let tag_bytes = u8::try_from(tag.len() + CONTEXT.len())
        .expect("invariant: every domain tag is a short constant");
    let mut first = Sha512::new();
    first.update([0; BLOCK_BYTES]);
    for part in parts {
        first.update(part);
    }
    first.update([0, 64, 0]);
    first.update(tag);
    first.update(CONTEXT);
    first.update([tag_bytes]);
    let mut second = Sha512::new();
    second.update(first.finalize());
    second.update([1]);
    second.update(tag);
    second.update(CONTEXT);
    second.update([tag_bytes]);
    second.finalize().into()
}

/// The domain tag under which a batch's composites are made (section 2.2.1).
pub(super) fn seed_tag() -> Vec<u8> {
    [b"Seed-", CONTEXT].concat()
}

/// `DeserializeElement` of section 4.1: the one canonical encoding of anything but the neutral
/// element.
pub(super) fn element(bytes: &[u8; 32]) -> Option<RistrettoPoint> {
    let point = CompressedRistretto(*bytes).decompress()?;
    (!point.is_identity()).then_some(point)
}

/// `DeserializeScalar` of section 4.1.
pub(super) fn scalar(bytes: [u8; 32]) -> Option<Scalar> {
    Option::from(Scalar::from_canonical_bytes(bytes))
}

/// A random scalar other than zero; `None` without randomness.
pub(super) fn random_scalar() -> Option<Zeroizing<Scalar>> {
    loop {
        let mut wide = Zeroizing::new([0; 64]);
        getrandom::fill(&mut *wide).ok()?;
        let scalar = Scalar::from_bytes_mod_order_wide(&wide);
        if scalar != Scalar::ZERO {
            return Some(Zeroizing::new(scalar));
        }
    }
}
