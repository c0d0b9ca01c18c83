//! Signatures by aws-lc-rs.

use super::{Curve, Hash, P256_UNCOMPRESSED, Padding, is_point_shaped};
use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA384_ASN1,
        ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
        ECDSA_P384_SHA512_ASN1, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
        RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
        RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, VerificationAlgorithm,
    },
};

fn parse_p256(point: &[u8]) -> Option<ParsedPublicKey> {
    if !is_point_shaped(Curve::P256, point) {
        return None;
    }
    ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).ok()
}

/// Whether the bytes are a point of P-256, in either form.
pub(crate) fn check_p256(point: &[u8]) -> bool {
    parse_p256(point).is_some()
}

/// ECDSA over P-256 with SHA-256, the signature as `r ‖ s`.
pub(crate) fn verify_p256(point: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
    parse_p256(point).is_some_and(|key| key.verify_sig(message, signature).is_ok())
}

/// The point of P-256 in uncompressed form.
pub(crate) fn uncompress_p256(point: &[u8]) -> Option<[u8; P256_UNCOMPRESSED]> {
    let spki: PublicKeyX509Der<'_> = parse_p256(point)?.as_der().ok()?;
    // A SubjectPublicKeyInfo of an elliptic curve ends with the point (RFC 5480, section 2).
    spki.as_ref().last_chunk().copied()
}

/// ECDSA, the signature as DER (RFC 3279, section 2.2.3).
pub(crate) fn verify_ecdsa(
    curve: Curve,
    hash: Hash,
    point: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    let algorithm: &'static dyn VerificationAlgorithm = match (curve, hash) {
        (Curve::P256, Hash::Sha256) => &ECDSA_P256_SHA256_ASN1,
        (Curve::P256, Hash::Sha384) => &ECDSA_P256_SHA384_ASN1,
        (Curve::P256, Hash::Sha512) => &ECDSA_P256_SHA512_ASN1,
        (Curve::P384, Hash::Sha256) => &ECDSA_P384_SHA256_ASN1,
        (Curve::P384, Hash::Sha384) => &ECDSA_P384_SHA384_ASN1,
        (Curve::P384, Hash::Sha512) => &ECDSA_P384_SHA512_ASN1,
    };
    is_point_shaped(curve, point) && algorithm.verify_sig(point, message, signature).is_ok()
}

/// RSA of 2048 to 8192 bits; the key as DER `RSAPublicKey`.
pub(crate) fn verify_rsa(
    padding: Padding,
    hash: Hash,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    let algorithm: &'static dyn VerificationAlgorithm = match (padding, hash) {
        (Padding::Pkcs1, Hash::Sha256) => &RSA_PKCS1_2048_8192_SHA256,
        (Padding::Pkcs1, Hash::Sha384) => &RSA_PKCS1_2048_8192_SHA384,
        (Padding::Pkcs1, Hash::Sha512) => &RSA_PKCS1_2048_8192_SHA512,
        (Padding::Pss, Hash::Sha256) => &RSA_PSS_2048_8192_SHA256,
        (Padding::Pss, Hash::Sha384) => &RSA_PSS_2048_8192_SHA384,
        (Padding::Pss, Hash::Sha512) => &RSA_PSS_2048_8192_SHA512,
    };
    algorithm.verify_sig(key, message, signature).is_ok()
}
