//! ECDSA over P-256 through aws-lc-rs: points in SEC 1 compressed form, signatures as `r ‖ s`.

use crate::signature::SignatureError;
use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey},
};

/// The uncompressed SEC 1 form: `0x04 ‖ x ‖ y`.
pub(crate) const UNCOMPRESSED_SIZE: usize = 65;

/// Decodes a point and makes it ready for verification.
pub(crate) fn parse(key: &[u8]) -> Result<ParsedPublicKey, SignatureError> {
    if !matches!(
        (key.len(), key.first()),
        (33, Some(2 | 3)) | (UNCOMPRESSED_SIZE, Some(4))
    ) {
        return Err(SignatureError::MalformedKey);
    }
    ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).map_err(|_| SignatureError::MalformedKey)
}

/// Verifies `r ‖ s` over SHA-256 of the message. Either of `s` and `n - s` counts: a
/// transaction's id does not cover its signature, so nothing hangs on which one was sent.
pub(crate) fn verify(
    key: &[u8; 33],
    message: &[u8],
    signature: &[u8; 64],
) -> Result<(), SignatureError> {
    parse(key)?
        .verify_sig(message, signature)
        .map_err(|_| SignatureError::Mismatch)
}

/// The point of `key` in uncompressed form.
pub(crate) fn uncompress(key: &[u8; 33]) -> Result<[u8; UNCOMPRESSED_SIZE], SignatureError> {
    let spki: PublicKeyX509Der<'_> = parse(key)?
        .as_der()
        .map_err(|_| SignatureError::MalformedKey)?;
    // A SubjectPublicKeyInfo of an elliptic curve ends with the point (RFC 5480, section 2).
    let spki = spki.as_ref();
    spki.len()
        .checked_sub(UNCOMPRESSED_SIZE)
        .and_then(|start| spki[start..].try_into().ok())
        .ok_or(SignatureError::MalformedKey)
}

/// The compressed form of a point given in either form; refuses what is not on the curve.
pub(crate) fn compress(point: &[u8]) -> Result<[u8; 33], SignatureError> {
    parse(point)?;
    let mut compressed = [0; 33];
    compressed.copy_from_slice(&point[..33]);
    if let [4, .., last] = point {
        compressed[0] = 2 + (last & 1);
    }
    Ok(compressed)
}
