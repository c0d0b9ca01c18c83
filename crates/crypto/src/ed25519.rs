//! Ed25519 verification: the lenient rule of ZIP-215 for consensus, a strict one for outsiders.

use crate::signature::SignatureError;
use curve25519_dalek::{
    edwards::{CompressedEdwardsY, EdwardsPoint},
    scalar::Scalar,
    traits::IsIdentity,
};
use sha2::{Digest as _, Sha512};

/// A signature taken apart, its challenge computed: all that the group equation needs.
pub(crate) struct Opened {
    /// `R`, decoded by ZIP-215: non-canonical encodings and small orders count.
    pub r: EdwardsPoint,
    /// `s`, always below the group order.
    pub s: Scalar,
    /// SHA-512(`R ‖ A ‖ message`) over the encodings as received, reduced by the group order.
    pub k: Scalar,
}

/// Decodes a point by ZIP-215: the y coordinate need not be reduced, and x = 0 may carry a sign.
pub(crate) fn decode_point(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
    CompressedEdwardsY(*bytes).decompress()
}

/// Splits a signature and computes its challenge; `None` when `s` is not reduced or `R` is no
/// point.
pub(crate) fn open(key: &[u8; 32], message: &[&[u8]], signature: &[u8; 64]) -> Option<Opened> {
    let (r_bytes, s_bytes) = split(signature);
    let s = Option::from(Scalar::from_canonical_bytes(s_bytes))?;
    let r = decode_point(&r_bytes)?;
    let mut hash = Sha512::new();
    hash.update(r_bytes);
    hash.update(key);
    for part in message {
        hash.update(part);
    }
    let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
    Some(Opened { r, s, k })
}

/// The equation of ZIP-215: `[8](R + [k]A - [s]B) = 0`.
pub(crate) fn holds(key: &EdwardsPoint, opened: &Opened) -> bool {
    let difference = EdwardsPoint::vartime_double_scalar_mul_basepoint(&opened.k, key, &-opened.s);
    (difference + opened.r).is_small_order()
}

/// Verifies by ZIP-215.
pub(crate) fn verify(
    key: &[u8; 32],
    message: &[&[u8]],
    signature: &[u8; 64],
) -> Result<(), SignatureError> {
    let point = decode_point(key).ok_or(SignatureError::MalformedKey)?;
    let opened = open(key, message, signature).ok_or(SignatureError::MalformedSignature)?;
    if holds(&point, &opened) {
        Ok(())
    } else {
        Err(SignatureError::Mismatch)
    }
}

/// Verifies as an outsider may: key and `R` canonical and not of small order, and
/// `R = [s]B - [k]A` without the cofactor. Whatever passes here also passes [`verify`].
pub(crate) fn verify_strict(
    key: &[u8; 32],
    message: &[&[u8]],
    signature: &[u8; 64],
) -> Result<(), SignatureError> {
    let point = canonical_point(key)?;
    let opened = open(key, message, signature).ok_or(SignatureError::MalformedSignature)?;
    let (r_bytes, _) = split(signature);
    if opened.r.compress().0 != r_bytes || opened.r.is_small_order() {
        return Err(SignatureError::NotStrict);
    }
    if !holds(&point, &opened) {
        return Err(SignatureError::Mismatch);
    }
    // The key is negated, not the challenge: on a key of mixed order these differ.
    let expected = EdwardsPoint::vartime_double_scalar_mul_basepoint(&opened.k, &-point, &opened.s);
    if (expected - opened.r).is_identity() {
        Ok(())
    } else {
        Err(SignatureError::NotStrict)
    }
}

/// Refuses every key that honest software cannot have made: no point, not in its one canonical
/// encoding, or outside the subgroup of prime order.
pub(crate) fn check_registrable(key: &[u8; 32]) -> Result<(), SignatureError> {
    if canonical_point(key)?.is_torsion_free() {
        Ok(())
    } else {
        Err(SignatureError::MixedOrderKey)
    }
}

fn canonical_point(key: &[u8; 32]) -> Result<EdwardsPoint, SignatureError> {
    let point = decode_point(key).ok_or(SignatureError::MalformedKey)?;
    if point.compress().0 != *key {
        return Err(SignatureError::NonCanonicalKey);
    }
    if point.is_small_order() {
        return Err(SignatureError::SmallOrderKey);
    }
    Ok(point)
}

fn split(signature: &[u8; 64]) -> ([u8; 32], [u8; 32]) {
    let (mut r, mut s) = ([0; 32], [0; 32]);
    r.copy_from_slice(&signature[..32]);
    s.copy_from_slice(&signature[32..]);
    (r, s)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::{PublicKey, SecretKey, Signature};

    #[derive(serde::Deserialize)]
    struct Vector {
        seed: String,
        key: String,
        message: String,
        signature: String,
    }

    #[test]
    fn the_vectors_of_rfc_8032_are_signed_and_verified() {
        let vectors: Vec<Vector> =
            serde_json::from_str(include_str!("../fixtures/rfc8032_ed25519.json")).unwrap();
        assert_eq!(vectors.len(), 5);
        for vector in vectors {
            let seed = hex::decode(&vector.seed).unwrap().try_into().unwrap();
            let key = SecretKey::from_ed25519_seed(seed);
            let public: PublicKey = format!("ed25519:{}", vector.key).parse().unwrap();
            let signature: Signature = format!("ed25519:{}", vector.signature).parse().unwrap();
            let message = hex::decode(&vector.message).unwrap();
            assert_eq!(key.public_key(), public);
            assert_eq!(key.sign_message(&message), signature);
            assert_eq!(public.verify_message(&message, &signature), Ok(()));
            assert_eq!(public.verify_message_strict(&message, &signature), Ok(()));
            assert_eq!(public.check_registrable(), Ok(()));
        }
    }
}
