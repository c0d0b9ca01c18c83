//! Keys and signatures over P-256: points in SEC 1 compressed form, signatures as `r ‖ s`.

use crate::{
    backend::{self, P256_UNCOMPRESSED},
    signature::SignatureError,
};

/// Refuses bytes that are no point of the curve, in either form.
pub(crate) fn check(key: &[u8]) -> Result<(), SignatureError> {
    if backend::check_p256(key) {
        Ok(())
    } else {
        Err(SignatureError::MalformedKey)
    }
}

/// Verifies `r ‖ s` over SHA-256 of the message. Either of `s` and `n - s` counts: a
/// transaction's id does not cover its signature, so nothing hangs on which one was sent.
pub(crate) fn verify(
    key: &[u8; 33],
    message: &[u8],
    signature: &[u8; 64],
) -> Result<(), SignatureError> {
    if backend::verify_p256(key, message, signature) {
        return Ok(());
    }
    check(key)?;
    Err(SignatureError::Mismatch)
}

/// The point of `key` in uncompressed form.
pub(crate) fn uncompress(key: &[u8; 33]) -> Result<[u8; P256_UNCOMPRESSED], SignatureError> {
    backend::uncompress_p256(key).ok_or(SignatureError::MalformedKey)
}

/// The compressed form of a point given in either form; refuses what is not on the curve.
pub(crate) fn compress(point: &[u8]) -> Result<[u8; 33], SignatureError> {
    check(point)?;
    let mut compressed = [0; 33];
    compressed.copy_from_slice(&point[..33]);
    if let [4, .., last] = point {
        compressed[0] = 2 + (last & 1);
    }
    Ok(compressed)
}
