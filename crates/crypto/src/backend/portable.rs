//! Signatures in Rust alone, with the curves of RustCrypto.

#[cfg_attr(feature = "native", allow(unused_imports))]
pub(crate) use super::rsa::verify_rsa;
use super::{Curve, Hash, P256_UNCOMPRESSED, is_point_shaped};
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

pub(super) fn digest(hash: Hash, message: &[u8]) -> Vec<u8> {
    match hash {
        Hash::Sha256 => Sha256::digest(message).to_vec(),
        Hash::Sha384 => Sha384::digest(message).to_vec(),
        Hash::Sha512 => Sha512::digest(message).to_vec(),
    }
}

fn parse_p256(point: &[u8]) -> Option<p256::ecdsa::VerifyingKey> {
    if !is_point_shaped(Curve::P256, point) {
        return None;
    }
    p256::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()
}

fn parse_p384(point: &[u8]) -> Option<p384::ecdsa::VerifyingKey> {
    if !is_point_shaped(Curve::P384, point) {
        return None;
    }
    p384::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()
}

/// Whether the bytes are a point of P-256, in either form.
pub(crate) fn check_p256(point: &[u8]) -> bool {
    parse_p256(point).is_some()
}

/// ECDSA over P-256 with SHA-256, the signature as `r ‖ s`.
pub(crate) fn verify_p256(point: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
    let parsed = p256::ecdsa::Signature::from_slice(signature);
    let prehash = digest(Hash::Sha256, message);
    parse_p256(point)
        .zip(parsed.ok())
        .is_some_and(|(key, signature)| key.verify_prehash(&prehash, &signature).is_ok())
}

/// The point of P-256 in uncompressed form.
pub(crate) fn uncompress_p256(point: &[u8]) -> Option<[u8; P256_UNCOMPRESSED]> {
    parse_p256(point)?
        .to_sec1_point(false)
        .as_bytes()
        .try_into()
        .ok()
}

/// ECDSA, the signature as DER (RFC 3279, section 2.2.3).
pub(crate) fn verify_ecdsa(
    curve: Curve,
    hash: Hash,
    point: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    let prehash = digest(hash, message);
    match curve {
        Curve::P256 => parse_p256(point)
            .zip(p256::ecdsa::Signature::from_der(signature).ok())
            .is_some_and(|(key, signature)| key.verify_prehash(&prehash, &signature).is_ok()),
        Curve::P384 => parse_p384(point)
            .zip(p384::ecdsa::Signature::from_der(signature).ok())
            .is_some_and(|(key, signature)| {
                // A shorter digest counts as it is (FIPS 186-5, section 6.4.2); the library refuses
                // less than half of the field, which SHA-256 is not.
                key.verify_prehash(&prehash, &signature).is_ok()
            }),
    }
}
